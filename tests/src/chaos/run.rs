//! One run of one scenario: how deep, from which seed, and what it has done so far.

use std::collections::BTreeMap;

use testkit::Random;
use tests::require::all_is_asked_for;

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
            random: Random::new(seed),
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

    /// Says that the scenario is not run, for want of something.
    ///
    /// # Panics
    /// If everything is to be checked: then what is missing is a failure of the scenario.
    pub(crate) fn skip(&mut self, why: &str) {
        assert!(
            !all_is_asked_for(),
            "not run, and MUHR_REQUIRE_ALL=1 asks that everything is: {why}"
        );
        eprintln!("  not run: {why}");
        self.skipped.push(why.to_owned());
    }
}
