//! The crate's simulations and tables: they make `Verified` values without real signatures, which is
//! why they live inside. Real signatures are tested in `consensus/tests`.

mod regressions;
mod scenarios;
mod timed;
mod walk;
mod world;
