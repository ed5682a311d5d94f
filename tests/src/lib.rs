//! The harness: a world in memory, clusters of real processes on loopback, and load for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness fails by panicking, with the reason"
)]

pub mod cluster;
pub mod hostile;
pub mod load;
pub mod sim;
pub mod terminal;
pub mod world;
