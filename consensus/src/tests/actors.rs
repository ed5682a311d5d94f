//! Byzantine validators, one bad habit each. They know everything that was said, conspire, and
//! are believed to be able to do anything but forge the signatures of others.
//!
//! Some make messages up; others run honest machines and bend what goes out. A scheduler gives
//! them turns, carries what they say, and knows nothing of what they are after.

mod conflicter;
mod double_voter;
mod duplicator;
mod equivocator;
mod flooder;
mod former;
mod fraud;
mod impersonator;
mod laggard;
pub(super) mod retired;
mod selective;
mod time_skewer;
pub(super) mod twin;
mod withholder;

use protocol::{hash::BlockId, height::Round};

use super::world::{Random, World, block};
use crate::{Message, Polka, RoundStep, SignedVote};

/// What a liar knows when it is given a turn.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) me: u16,
    pub(super) liars: &'a [u16],
    /// The honest ones, and where they are.
    pub(super) honest: &'a [(u16, Round, RoundStep)],
    /// What the honest have said.
    pub(super) votes: &'a [SignedVote],
    pub(super) polkas: &'a [Polka],
    /// Sound blocks that were made so far.
    pub(super) blocks: &'a [BlockId],
    pub(super) round_max: u64,
}

/// What a liar says in its turn.
#[derive(Clone, Debug)]
pub(super) struct Speech {
    pub(super) to: Vec<u16>,
    pub(super) what: What,
    /// Past all queues, with the block if one is named.
    pub(super) now: bool,
}

/// Something on its way.
#[derive(Clone, Debug)]
pub(super) enum What {
    Said(Message),
    /// Checked by the host while another validator set was in force, which is the only time at
    /// which it would have been let in.
    Former(World, Message),
}

/// One bad habit.
pub(super) trait Actor {
    fn name(&self) -> &'static str;

    /// How many honest machines run under its key.
    fn machines(&self) -> usize {
        0
    }

    /// Its turn.
    fn act(&mut self, _scene: &Scene, _rng: &mut Random) -> Vec<Speech> {
        Vec::new()
    }

    /// Whether a message of its machine number `machine` goes out to `to`.
    fn passes(&mut self, _machine: usize, _to: u16, _message: &Message, _rng: &mut Random) -> bool {
        true
    }

    /// Whether its machine number `machine` hears `from`.
    fn hears(&self, _machine: usize, _from: u16) -> bool {
        true
    }

    /// Whether it hands out a block that it proposed or voted for.
    fn gives_blocks(&self) -> bool {
        true
    }
}

type Habit = fn(&mut Random) -> Box<dyn Actor>;

/// One of each habit.
pub(super) const HABITS: [Habit; 13] = [
    |_| Box::new(conflicter::Conflicter),
    |_| Box::new(equivocator::Equivocator),
    |_| Box::new(double_voter::DoubleVoter),
    |_| Box::new(duplicator::Duplicator),
    |_| Box::new(former::Former),
    |_| Box::new(fraud::Fraud),
    |_| Box::new(flooder::Flooder),
    |_| Box::new(impersonator::Impersonator),
    |_| Box::new(time_skewer::TimeSkewer),
    |_| Box::new(laggard::Laggard::default()),
    |rng| Box::new(selective::Selective::new(rng)),
    |rng| Box::new(twin::Twin::new(rng)),
    |rng| Box::new(withholder::Withholder::new(rng)),
];

pub(super) fn conflicter() -> Box<dyn Actor> {
    Box::new(conflicter::Conflicter)
}

/// Blocks that the rules refuse, and such whose time is wrong, are known by their names.
const FRAUD: u64 = 3 << 32;
const FAR_OFF: u64 = 2 << 32;
const BORDERLINE: u64 = 1 << 32;

fn kind_of(block: &BlockId) -> u64 {
    let mut name = [0; 8];
    name.copy_from_slice(&block.as_bytes()[..8]);
    u64::from_le_bytes(name) & !0xffff_ffff
}

pub(super) fn is_valid(block: &BlockId) -> bool {
    kind_of(block) != FRAUD
}

/// Whether no honest clock finds the time of the block near enough.
pub(super) fn is_far_off(block: &BlockId) -> bool {
    kind_of(block) == FAR_OFF
}

/// Whether one honest clock finds the time of the block near enough.
pub(super) fn is_timely(block: &BlockId, rng: &mut Random) -> bool {
    match kind_of(block) {
        FAR_OFF => false,
        BORDERLINE => rng.percent(50),
        _ => rng.percent(95),
    }
}

impl Scene<'_> {
    /// Each honest one with a chance of one half.
    fn some(&self, rng: &mut Random) -> Vec<u16> {
        let honest = self.honest.iter().map(|(key, ..)| *key);
        honest.filter(|_| rng.percent(50)).collect()
    }

    fn all(&self) -> Vec<u16> {
        self.honest.iter().map(|(key, ..)| *key).collect()
    }

    fn any_round(&self, rng: &mut Random) -> u64 {
        rng.below(self.round_max + 2)
    }

    fn any_block(&self, rng: &mut Random) -> BlockId {
        match self.blocks {
            [] => block(1),
            blocks => blocks[rng.index(blocks.len())],
        }
    }

    fn any_vote(&self, rng: &mut Random) -> Option<&SignedVote> {
        let recent = self.votes.len().min(12);
        let back = rng.index(recent.max(1));
        self.votes.iter().rev().nth(back)
    }

    /// A round from `round` on in which it is this liar's turn.
    fn my_round(&self, round: u64) -> u64 {
        let mine = |round: &u64| {
            let proposer = self
                .world
                .set
                .proposer(self.world.height, Round::new(*round));
            self.world.set.index_of(&proposer) == Some(self.me)
        };
        (round..).find(mine).unwrap_or(round)
    }
}

fn say(to: Vec<u16>, message: Message) -> Speech {
    Speech {
        to,
        what: What::Said(message),
        now: false,
    }
}
