//! Judges receipts, histories, checkpoints and chains of trust, offline.
//!
//! Pure: bytes in, a judgement out; no files, no network, no clock. What a citizen's tool asks, a node
//! asks too before it believes a peer. Nothing from a text is a fact before its proof holds.
//!
//! A receipt and the document that came with it, under the trust file of the network:
//!
//! ```
//! use verify::{Verdict, protocol::{hash::{DocumentHash, sha256}, policy::TrustPolicy}, receipt};
//!
//! let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/golden/1");
//! let read = |name: &str| std::fs::read(format!("{golden}/{name}"));
//! let trust = TrustPolicy::parse(&read("trust.policy")?)?;
//! let (document, text) = (read("permit.txt")?, read("permit.txt.receipt")?);
//!
//! let hash = DocumentHash::new(sha256(&[&document]));
//! let judged = receipt::judge(&trust, &text, Some(&hash));
//! assert_eq!(judged.verdict, Verdict::Authentic);
//! let facts = judged.facts.ok_or("nothing is proven")?;
//! assert_eq!(facts.registry.to_string(), "qurilish.permits");
//!
//! // Any other document is not what was recorded, and the first check that failed says why.
//! let other = DocumentHash::new(sha256(&[b"another document"]));
//! let judged = receipt::judge(&trust, &text, Some(&other));
//! assert_eq!(judged.verdict, Verdict::Altered);
//! assert!(judged.failure().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod check;
pub mod checkpoint;
pub mod dossier;
pub mod file;
pub mod history;
pub mod judgement;
pub mod leaf;
mod place;
pub mod receipt;
pub mod state;
pub mod steps;
pub mod trust;
mod unread;
pub mod verdict;
pub mod verified_cache;

pub use check::Check;
pub use judgement::Judgement;
pub use protocol;
pub use steps::{Cause, CheckStep, Outcome};
pub use verdict::Verdict;
