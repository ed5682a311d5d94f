//! Integration tests: start with `network/road`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

/// What a user's command does: `muhr` at a desk, whatever it is given and whoever answers it.
mod cli {
    mod agencies;
    mod archive;
    pub(crate) mod bulk;
    mod capitals;
    mod ceremony;
    mod created;
    mod desk;
    mod dossiers;
    mod exit_codes;
    mod exits;
    mod intermediaries;
    mod json;
    mod keys;
    mod liars;
    mod library;
    mod long_histories;
    mod mirror;
    mod mistakes;
    mod output;
    mod private;
    mod questions;
    mod resubmit;
    mod servers;
    mod stolen;
    mod tls;
    mod verdicts;
}

/// The tree itself: its map, its documents, what was reviewed of its surface, other people's checkers.
mod house {
    mod api_snapshot;
    mod architecture;
    mod browser;
    mod catalogue;
    mod foreign;
    mod handbooks;
    pub(crate) mod help;
    mod messages;
    mod operators;
    mod outside;
    mod planted;
    mod readme;
    mod rocksdb;
    pub(crate) mod schemas;
    mod tidy;
    mod tour;
}

/// Nodes, and the network that they make: between themselves, and before strangers.
mod network {
    mod again;
    mod bad_input;
    mod batches;
    mod block_sync;
    mod ceremony;
    mod chaos;
    mod cosign_state;
    mod disk;
    mod doubt;
    mod epochs;
    mod install;
    mod interface;
    mod machine;
    mod metrics;
    mod node_log;
    mod other_network;
    mod outages;
    mod peers;
    mod plaintext;
    mod publishers;
    mod refusals;
    mod road;
    mod sign_state;
    mod sim;
    mod startup;
    mod strangers;
    mod turnout;
    mod wire;
    mod witness;
}
