//! Integration tests: start with `road`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

mod agencies;
mod architecture;
mod archive;
mod batches;
mod browser;
mod bulk;
mod capitals;
mod chaos;
mod cli;
mod desk;
mod disk;
mod doors;
mod dossiers;
mod doubt;
mod epochs;
mod exits;
mod handbooks;
mod help;
mod json;
mod keys;
mod network;
mod outside;
mod peers;
mod plaintext;
mod planted;
mod private;
mod questions;
mod readme;
mod register;
mod road;
mod schemas;
mod servers;
mod sim;
mod stolen;
mod tidy;
mod tour;
mod wire;
mod wishes;
mod witness;
