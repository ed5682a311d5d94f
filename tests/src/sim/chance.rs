//! Chance in a simulation: numbers drawn by its seed. Nothing else in it is random.

use testkit::Random;

/// Seeds of other searches mean something else.
const SALT: u64 = 0x2545_f491_4f6c_dd1d;

/// Generator of a seed.
pub(super) const fn of(seed: u64) -> Random {
    Random::salted(seed, SALT)
}

/// Generator of its own for one part, so that more draws there change nothing here.
pub(super) const fn fork(chance: &mut Random) -> Random {
    of(chance.next_u64())
}
