//! What the tests of several crates share: a network's founding, and numbers drawn by a seed.
//!
//! Only tests depend on it, and it depends on `protocol` alone, so that the crates below `node` can use
//! it too: `docs/decisions/0046-testkit.md`.
//!
//! Not here: processes, ledgers and command lines, which are `tests`' own.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a harness fails by panicking, with the reason"
)]

pub mod founder;
pub mod governance;
pub mod random;

pub use founder::Founder;
pub use random::Random;
