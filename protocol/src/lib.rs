//! What an outsider must know to check us: formats, hashes, signatures, Merkle proofs.
//!
//! Pure: no files, no network, no clock, no threads, no environment. Whoever trusts nothing else of
//! Muhr can read this crate and `docs/protocol.md` side by side.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod act;
pub mod agency;
pub mod authentic;
pub mod batch;
pub mod batch_receipts;
pub mod block;
pub mod ceremony;
pub mod chain_id;
pub mod checkpoint;
#[cfg(feature = "codec")]
pub mod codec;
pub mod commitment;
pub mod cosignature;
pub mod dossier;
pub mod entry;
pub mod epoch;
pub mod genesis;
pub mod hash;
pub mod height;
pub mod history;
pub mod index;
pub mod key;
pub mod keyfile;
pub mod kind;
pub mod lookalike;
pub mod merkle;
pub mod name;
pub mod note;
pub mod opening;
pub mod pending;
#[doc(hidden)]
pub mod planted;
pub mod policy;
pub mod receipt;
pub mod record;
pub mod redaction;
pub mod return_mark;
pub mod rewritten;
pub mod settings;
pub mod sign_state;
pub mod standing;
pub mod state;
pub mod state_proof;
pub mod text;
pub mod tlog_proof;
pub mod words;
