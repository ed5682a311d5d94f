//! A validator of four and a table: what it hears, and word for word what it orders then.

use protocol::{hash::BlockId, height::Round};

use super::world::{World, block};
use crate::{Effect, HeightParameters, Input, Machine, Safety, Vote, VoteKind};

pub(super) struct Script {
    pub(super) world: World,
    pub(super) machine: Machine,
    pub(super) saved: Option<Safety>,
    me: u16,
}

pub(super) fn a() -> BlockId {
    block(0xa)
}

pub(super) fn b() -> BlockId {
    block(0xb)
}

impl Script {
    /// Validator `me` of `n`; it proposes in the rounds `me`, `me + n` and so on.
    pub(super) fn new(n: usize, me: u16) -> Self {
        let world = World::new(n);
        let begun = world.begun(world.set.key(me), None);
        Self {
            me,
            ..Self::of(world, begun)
        }
    }

    /// The machine of a host that begins a height in its own way.
    pub(super) fn of(world: World, begun: HeightParameters) -> Self {
        let mut machine = Machine::new(world.chain, begun);
        assert_eq!(machine.step(Input::Start), []);
        Self {
            world,
            machine,
            saved: None,
            me: 0,
        }
    }

    /// A crash: what is not in the last saved record is gone.
    pub(super) fn restart(&mut self) {
        let (world, me) = (&self.world, self.world.set.key(self.me));
        self.machine = Machine::new(world.chain, world.begun(me, self.saved.clone()));
    }

    /// Feeds `input` and compares the effects in their short form.
    #[track_caller]
    pub(super) fn then(&mut self, told: &str, input: Input, expected: &[&str]) -> &mut Self {
        let effects = self.machine.step(input);
        for effect in &effects {
            if let Effect::Persist(safety) = effect {
                self.saved = Some(safety.clone());
            }
        }
        let effects: Vec<String> = effects.iter().map(|effect| self.short(effect)).collect();
        assert_eq!(effects, expected, "after: {told}");
        self
    }

    /// Feeds `input` without looking.
    pub(super) fn given(&mut self, input: Input) -> &mut Self {
        for effect in self.machine.step(input) {
            if let Effect::Persist(safety) = effect {
                self.saved = Some(safety);
            }
        }
        self
    }

    /// Brings the machine to round 0 with `a` prevoted, by the proposal.
    pub(super) fn prevoted(&mut self) -> &mut Self {
        let proposal = self.world.proposal(0, a(), None);
        let own = self.world.prevote(self.me, 0, Some(a()));
        self.given(proposal).given(own)
    }

    /// Brings the machine to be locked on `a` in round 0, and back to the start of `round` by the
    /// votes of two others.
    pub(super) fn locked_and_in(&mut self, round: u64) -> &mut Self {
        let lock = Input::Polka(self.world.verified(self.world.polka(&[0, 1, 3], 0, a())));
        let skip = [
            self.world.prevote(0, round, None),
            self.world.prevote(1, round, None),
        ];
        let [first, second] = skip;
        self.prevoted().given(lock).given(first).given(second);
        assert_eq!(self.machine.locked().unwrap().block, a());
        assert_eq!(self.machine.round(), Round::new(round));
        self
    }

    pub(super) fn short(&self, effect: &Effect) -> String {
        match effect {
            Effect::Persist(_) => "save".into(),
            Effect::Propose(proposal) => match proposal.valid_round() {
                None => format!("propose {}", name(proposal.block)),
                Some(round) => format!("propose {} again {round}", name(proposal.block)),
            },
            Effect::Vote(vote) => said(vote),
            Effect::BroadcastPolka(polka) => format!("polka {} {}", name(polka.block), polka.round),
            Effect::Rebroadcast(messages) => format!("repeat {}", messages.len()),
            Effect::Schedule { timer, after_ms } => {
                format!("timer {:?} {} {after_ms}", timer.kind, timer.round)
            }
            Effect::Build { round, .. } => format!("build {round}"),
            Effect::Fetch { block, from } => format!("fetch {} from {}", name(*block), from.len()),
            Effect::Evidence(evidence) => {
                let by = self.world.set.index_of(&evidence.accused()).unwrap();
                format!("evidence {:?} by {by}", evidence.offence())
            }
            Effect::Decide(commit) => format!("decide {} {}", name(commit.block), commit.round),
            Effect::Alarm(alarm) => {
                let alarm = format!("{alarm:?}");
                format!("alarm {}", alarm.split_once(' ').unwrap().0)
            }
        }
    }
}

fn name(block: BlockId) -> String {
    let [first, ..] = *block.as_bytes();
    format!("{first:x}")
}

fn said(vote: &Vote) -> String {
    let kind = match vote.kind {
        VoteKind::Prevote => "prevote",
        VoteKind::Precommit => "precommit",
    };
    match (vote.block, vote.valid_round) {
        (None, _) => format!("{kind} nil"),
        (Some(block), None) => format!("{kind} {}", name(block)),
        (Some(block), Some(round)) => format!("{kind} {} since {round}", name(block)),
    }
}
