//! What one seed stands for: how many nodes, what goes wrong, and who is not what it seems.

use std::{collections::BTreeMap, fmt};

use super::chance;

/// How a seat behaves that is not simply honest. At most f seats have one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Goes away in the storm and never comes back.
    Dead,
    /// Honest, with a clock that is far off for good.
    BadClock,
    /// Two nodes with the same keys, each with a disk of its own.
    Twin,
    /// Comes back from an old copy of its whole disk, what it has signed among it: all is well from
    /// inside. Who saw the newer words tells it of them, and nobody need have.
    OldCopy,
    /// Comes back with an old ledger, and what it has signed lay elsewhere or is declared lost.
    Restored,
    /// Comes back with nothing on its disk, and its operator says so.
    Wiped,
    /// Answers whoever catches up with another chain, spoilt blocks, or heights that rise and fall.
    LyingServer,
    /// Never hears the entries of one agency.
    Censor,
    /// Fills its quota, and everybody's queues with what has no quota.
    Spammer,
    /// Proposes blocks that are not valid, with valid signatures.
    InvalidProposer,
    /// Says one thing to some and another to the others.
    DoubleVoter,
    /// Tells only some of the others anything.
    Selective,
    /// Dates its cosignatures a month ahead.
    Postdater,
    /// Sends true proposals on with descriptions of other blocks. It may sit at an observer's seat.
    CompactBlockForger,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Dead,
        Self::BadClock,
        Self::Twin,
        Self::OldCopy,
        Self::Restored,
        Self::Wiped,
        Self::LyingServer,
        Self::Censor,
        Self::Spammer,
        Self::InvalidProposer,
        Self::DoubleVoter,
        Self::Selective,
        Self::Postdater,
        Self::CompactBlockForger,
    ];
    /// Those that a seed draws one of for a validator's seat.
    const DRAWN: [Self; 12] = {
        let [drawn @ .., _, _] = Self::ALL;
        drawn
    };

    /// Whether the seat follows the protocol, so that its words are judged.
    #[must_use]
    pub const fn keeps_rules(self) -> bool {
        matches!(
            self,
            Self::Dead | Self::BadClock | Self::Censor | Self::Restored | Self::Wiped
        )
    }
}

/// One simulation, from its seed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// Validators.
    pub agencies: usize,
    /// Nodes that only follow.
    pub observers: usize,
    /// Who is not simply honest.
    pub roles: BTreeMap<usize, Role>,
    /// Entries that clerks bring.
    pub entries: usize,
    /// Entries that fit into a block.
    pub block_entries: u64,
    /// How long the storm lasts.
    pub storm_ms: u64,
    /// Messages that are lost in it, of a hundred.
    pub loss: u64,
    /// Messages that come twice.
    pub doubled: u64,
    /// How long messages take in it, at most.
    pub delay_ms: u64,
    /// Whether each lane keeps its order, as TCP does.
    pub in_order: bool,
    /// Whether nodes notice that a connection was cut.
    pub noticed: bool,
    /// Nodes that are killed or lose power.
    pub crashes: usize,
    /// Whether all lose power at once.
    pub blackout: bool,
    /// Partitions and one-way cuts.
    pub cuts: usize,
    /// How far honest clocks are off.
    pub skew_ms: u64,
    /// Times at which an honest clock is set.
    pub clock_steps: usize,
    /// How long a sync takes at most.
    pub sync_us: u64,
    /// Whether the storm is the one of a return: one side decides while the twins' other halves and the
    /// rest lag; then a validator of that side is wiped and hears only them.
    pub is_of_return: bool,
}

impl Options {
    /// What the seed stands for.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = chance::of(seed);
        let agencies = *chance.pick(&[4, 4, 4, 5, 7]);
        let mut options = Self {
            seed,
            agencies,
            observers: usize::from(chance.percent(30)),
            roles: BTreeMap::new(),
            entries: 3 + chance.index(20),
            block_entries: *chance.pick(&[2, 8, 64]),
            storm_ms: chance.between(5_000, 30_000),
            loss: *chance.pick(&[0, 0, 2, 10, 30]),
            doubled: *chance.pick(&[0, 0, 5, 20]),
            delay_ms: *chance.pick(&[5, 50, 300, 2_000]),
            in_order: chance.percent(50),
            noticed: chance.percent(70),
            crashes: chance.index(7),
            blackout: chance.percent(25),
            cuts: chance.index(4),
            skew_ms: *chance.pick(&[0, 100, 240]),
            clock_steps: chance.index(3),
            sync_us: *chance.pick(&[100, 5_000, 50_000]),
            is_of_return: false,
        };
        for _ in 0..(agencies - 1) / 3 {
            if chance.percent(75) {
                let seat = chance.index(agencies);
                options.roles.insert(seat, *chance.pick(&Role::DRAWN));
            }
        }
        // A draw of its own, so that the seeds of earlier finds still stand for the same.
        let mut second = chance::of(seed ^ 0xf0_12e5);
        if second.percent(15) {
            options = options.with_observer(Role::CompactBlockForger);
        }
        options
    }

    /// The same without anything that goes wrong.
    #[must_use]
    pub fn calm(seed: u64) -> Self {
        Self {
            roles: BTreeMap::new(),
            storm_ms: 3_000,
            loss: 0,
            doubled: 0,
            delay_ms: 5,
            in_order: true,
            noticed: true,
            crashes: 0,
            blackout: false,
            cuts: 0,
            clock_steps: 0,
            ..Self::of(seed)
        }
    }

    /// The storm of a return among `agencies`: f twins, and f that lag, and one that is wiped.
    #[must_use]
    pub fn of_return(seed: u64, agencies: usize) -> Self {
        let faulty = (agencies - 1) / 3;
        let twins = (1..=faulty).map(|seat| (seat, Role::Twin));
        Self {
            agencies,
            roles: std::iter::once((0, Role::Wiped)).chain(twins).collect(),
            observers: 0,
            entries: 40,
            storm_ms: 30_000,
            is_of_return: true,
            ..Self::calm(seed)
        }
    }

    /// The same with `role` in a seat of its choice, alone.
    #[must_use]
    pub fn with(mut self, role: Role) -> Self {
        let seat = chance::of(self.seed ^ 0x5ea7).index(self.agencies);
        self.roles = BTreeMap::from([(seat, role)]);
        self
    }

    /// The same with `role` at an observer's seat beside the others.
    #[must_use]
    pub fn with_observer(mut self, role: Role) -> Self {
        self.observers = self.observers.max(1);
        self.roles.insert(self.agencies, role);
        self
    }
}

impl fmt::Display for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self:?}")
    }
}
