//! What the ledger promises: one binary, one file per promise.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking, and nobody imports them"
)]

mod execution;
mod governance;
mod model;
mod replay;
mod returns;
mod roles;
mod rules;
#[cfg(feature = "rocksdb")]
mod runs;
mod world;

mod acts;
#[cfg(feature = "rocksdb")]
mod answers;
mod attestations;
mod batches;
#[cfg(feature = "rocksdb")]
mod long_histories;
#[cfg(feature = "rocksdb")]
mod matrix;
#[cfg(feature = "rocksdb")]
mod rule_edges;
#[cfg(feature = "rocksdb")]
mod store;
