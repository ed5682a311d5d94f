//! Numbers drawn by a seed: SplitMix64, the same on every machine, so that a failure that prints its seed
//! prints all that repeats it.
//!
//! Not here: secrets. Whoever knows one number knows all that follow.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Generator of numbers that look random and are always the same for a seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Generator of a seed for one kind of search. Neighbouring seeds share no numbers, and seeds mean
    /// something else under another `salt`.
    #[must_use]
    pub const fn salted(seed: u64, salt: u64) -> Self {
        Self(seed.wrapping_mul(STEP) ^ salt)
    }

    /// Any number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Number from 0, below `bound`.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// Number from `low` to `high`, both possible.
    ///
    /// # Panics
    /// If `high` is below `low`.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Number from `-most` to `most`.
    ///
    /// # Panics
    /// If `most` is negative.
    pub fn around_zero(&mut self, most: i64) -> i64 {
        let drawn = self.between(0, u64::try_from(most).unwrap() * 2);
        i64::try_from(drawn).unwrap() - most
    }

    /// True in so many of a hundred draws.
    pub const fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// Index of something in a list of this length.
    ///
    /// # Panics
    /// If the list is empty.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    /// One of a list.
    ///
    /// # Panics
    /// If the list is empty.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// A list in another order.
    pub fn shuffled<T: Copy>(&mut self, items: &[T]) -> Vec<T> {
        let mut left = items.to_vec();
        let mut order = Vec::new();
        while !left.is_empty() {
            order.push(left.swap_remove(self.index(left.len())));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    /// The reference's first numbers of seed 1234567 (Vigna, `splitmix64.c`).
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        let drawn = [(); 3].map(|()| random.next_u64());
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn both_ends_are_drawn_and_nothing_beyond() {
        let mut random = Random::salted(1, 2);
        let drawn: Vec<i64> = (0..200).map(|_| random.around_zero(2)).collect();
        for wanted in -2..=2 {
            assert!(drawn.contains(&wanted), "{wanted}");
        }
        assert!(drawn.iter().all(|number| number.abs() <= 2));
        let mut order = random.shuffled(&[1, 2, 3]);
        order.sort_unstable();
        assert_eq!(order, [1, 2, 3]);
    }
}
