//! Chance: SplitMix64, seeded, the same on every machine. Nothing else in a simulation is random.

/// A seeded generator.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// A generator of its own for one part, so that more draws there change nothing here.
    pub(super) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0, below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or(0)
    }

    /// From `low` to `high`, both possible.
    pub(super) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// From `-most` to `most`.
    pub(super) fn around_zero(&mut self, most: i64) -> i64 {
        let width = u64::try_from(most).unwrap_or(0) * 2;
        i64::try_from(self.between(0, width)).unwrap_or(0) - most
    }

    pub(super) const fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }

    /// One of them, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
