//! What one seed stands for: how many nodes, what goes wrong, and who is not what it seems.

use std::{collections::BTreeMap, fmt};

use super::chance::Chance;

/// How a seat behaves that is not simply honest. At most f seats have one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Goes away in the storm and never comes back.
    Dead,
    /// Honest, with a clock that is far off for good.
    BadClock,
    /// Two nodes with the same keys, each with a disk of its own.
    Twin,
    /// Comes back from an old copy of its disk.
    Restored,
    /// Comes back with nothing on its disk.
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
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Dead,
        Self::BadClock,
        Self::Twin,
        Self::Restored,
        Self::Wiped,
        Self::LyingServer,
        Self::Censor,
        Self::Spammer,
        Self::InvalidProposer,
        Self::DoubleVoter,
        Self::Selective,
    ];

    /// Whether the seat follows the protocol, so that its words are judged.
    #[must_use]
    pub const fn keeps_rules(self) -> bool {
        matches!(self, Self::Dead | Self::BadClock | Self::Censor)
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
}

impl Options {
    /// What the seed stands for.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let agencies = *chance.pick(&[4, 4, 4, 5, 7]);
        let mut options = Self {
            seed,
            agencies,
            observers: usize::from(chance.percent(30)),
            roles: BTreeMap::new(),
            entries: 3 + chance.below(20),
            block_entries: *chance.pick(&[2, 8, 64]),
            storm_ms: chance.between(5_000, 30_000),
            loss: *chance.pick(&[0, 0, 2, 10, 30]),
            doubled: *chance.pick(&[0, 0, 5, 20]),
            delay_ms: *chance.pick(&[5, 50, 300, 2_000]),
            in_order: chance.percent(50),
            noticed: chance.percent(70),
            crashes: chance.below(7),
            blackout: chance.percent(25),
            cuts: chance.below(4),
            skew_ms: *chance.pick(&[0, 100, 240]),
            clock_steps: chance.below(3),
            sync_us: *chance.pick(&[100, 5_000, 50_000]),
        };
        for _ in 0..(agencies - 1) / 3 {
            if chance.percent(75) {
                let seat = chance.below(agencies);
                options.roles.insert(seat, *chance.pick(&Role::ALL));
            }
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

    /// The same with `role` in a seat of its choice, alone.
    #[must_use]
    pub fn with(mut self, role: Role) -> Self {
        let seat = Chance::new(self.seed ^ 0x5ea7).below(self.agencies);
        self.roles = BTreeMap::from([(seat, role)]);
        self
    }
}

impl fmt::Display for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self:?}")
    }
}
