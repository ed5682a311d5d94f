//! Judges receipts, histories, checkpoints and chains of trust, offline.
//!
//! Pure: bytes in, a judgement out; no files, no network, no clock. What a citizen's tool asks, a node
//! asks too before it believes a peer. Nothing from a text is a fact before its proof holds.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod checkpoint;
pub mod dossier;
pub mod history;
pub mod leaf;
pub mod memory;
mod place;
pub mod receipt;
pub mod steps;
pub mod trust;
pub mod verdict;

pub use steps::Step;
pub use verdict::Verdict;
