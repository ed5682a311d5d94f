//! Runs one validator or observer: network, HTTP, and the loop that drives the rest.
//!
//! The only crate where keys, clock, disk and wire meet. What they do to one another is decided in
//! `consensus` and `ledger`, which know none of them.
#![deny(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "they panic when nobody reads; the log does not"
)]

pub mod acceptances;
pub mod address;
pub mod breaches;
pub mod clocks;
pub mod config;
pub mod cosign_state;
pub mod cosigner;
pub mod descriptors;
pub mod disks;
pub mod driver;
pub mod durable;
pub mod epoch;
pub mod fault;
mod files;
pub mod host;
pub mod http;
pub mod ingest;
pub mod install;
pub mod limits;
pub mod logging;
pub mod mempool;
pub mod metrics;
pub mod network;
pub mod run;
pub mod server;
pub mod shared;
pub mod sign_state;
pub mod signals;
pub mod threads;
pub mod wire;
pub mod witness;
