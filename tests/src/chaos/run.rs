//! One run of one scenario: how deep, from which seed, and what it has done so far.

use std::collections::BTreeMap;

/// How much of a scenario is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Seconds, in `make test`.
    Brief,
    /// Minutes, every night.
    Short,
    /// Hours, before a release.
    Long,
}

impl Depth {
    /// The word on the command line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Brief => "brief",
            Self::Short => "short",
            Self::Long => "long",
        }
    }
}

/// What a scenario is given, and what it counts.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) depth: Depth,
    pub(crate) random: Random,
    pub(crate) cycles: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// What this machine could not do, in a sentence each.
    pub(crate) skipped: Vec<String>,
}

impl Run {
    pub(crate) const fn new(depth: Depth, seed: u64) -> Self {
        Self {
            depth,
            random: Random(seed),
            cycles: 0,
            faults: BTreeMap::new(),
            skipped: Vec::new(),
        }
    }

    /// The number for this depth.
    pub(crate) const fn by_depth<T: Copy>(&self, brief: T, short: T, long: T) -> T {
        match self.depth {
            Depth::Brief => brief,
            Depth::Short => short,
            Depth::Long => long,
        }
    }

    /// Counts a fault that was injected.
    pub(crate) fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// Says that a part is not run.
    pub(crate) fn skip(&mut self, why: &str) {
        eprintln!("  not run: {why}");
        self.skipped.push(why.to_owned());
    }
}

/// Numbers that look random and are always the same for a seed (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    /// One of `items`.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// `items` in another order.
    pub(crate) fn shuffled<T: Copy>(&mut self, items: &[T]) -> Vec<T> {
        let mut left = items.to_vec();
        let mut order = Vec::new();
        while !left.is_empty() {
            order.push(left.swap_remove(self.below(left.len())));
        }
        order
    }
}
