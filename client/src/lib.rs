//! Library for a program at an agency: nodes asked over HTTP, entries signed and brought to their receipts, keys
//! and files kept, logs read whole and mirrored.
//!
//! Whatever a node says is proven here before it is given on (`verify`). It asks nobody, prints nothing and
//! ends no process: errors are types with codes, arguments and sources (`coded`), and what they mean to a person is
//! for the caller to say. Not here: the judgement of receipts by itself, which needs no node (`verify`).
//!
//! A document is anchored, and its receipt verified (`client/examples/anchor.rs`, which the tests run):
//!
#![doc = concat!("```no_run\n", include_str!("../examples/anchor.rs"), "\n```")]
#![deny(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "it prints nothing: what is to be said is for the caller to say"
)]

pub mod coded;
pub mod durable;
pub mod formats;
pub mod founding;
pub mod http;
pub mod import;
pub mod input;
pub mod keys;
pub mod log;
pub mod proven;
pub mod submit;
pub mod table;
pub mod time;
pub mod values;
