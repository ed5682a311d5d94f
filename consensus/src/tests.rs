//! The crate's simulations and tables: they make `Verified` values without real signatures, which is
//! why they live inside. Real signatures are tested in `consensus/tests`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod actors;
mod boundary;
mod changes;
mod model;
mod regressions;
mod restart;
mod returns;
mod scenarios;
mod script;
mod seeds;
mod timed;
mod walk;
pub(crate) mod world;
