//! The harness: a world in memory, clusters of real processes on loopback, and load for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness fails by panicking, with the reason"
)]

pub mod cluster;
pub mod command_line;
pub mod delay;
pub mod hostile;
pub mod liar;
pub mod load;
pub mod offices;
pub mod press;
pub mod require;
pub mod sim;
pub mod terminal;
pub mod witness;
pub mod world;

pub use require::{require, require_that};
