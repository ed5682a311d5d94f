//! Runs one validator or observer: network, HTTP, and the loop that drives the rest.
//!
//! The only crate where keys, clock, disk and wire meet. What they do to one another is decided in
//! `consensus` and `ledger`, which know none of them.

pub mod config;
pub mod cosigner;
pub mod driver;
pub mod durable;
pub mod host;
pub mod http;
pub mod ingest;
pub mod mempool;
pub mod metrics;
pub mod network;
pub mod run;
pub mod shared;
pub mod wire;
pub mod witness;
