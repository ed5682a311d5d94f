//! Decides what an entry does, and keeps it for ever.
//!
//! `rules` judges one entry, `execute` a block of them, `index` is the state that a block leads to,
//! `replay` does it all again from a log's leaves. All that is pure. `store` is the only place with
//! I/O, and [`Ledger`] joins the two for a node: one writer, many readers.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::panic))]

pub mod directory;
pub mod execute;
pub mod fault;
pub mod head;
pub mod index;
pub mod records;
pub mod replay;
pub mod rules;

#[cfg(feature = "rocksdb")]
mod inbox;
#[cfg(feature = "rocksdb")]
mod ledger;
#[cfg(feature = "rocksdb")]
mod log;
#[cfg(feature = "rocksdb")]
pub mod query;
#[cfg(feature = "rocksdb")]
mod store;
#[cfg(feature = "rocksdb")]
mod views;

#[cfg(feature = "rocksdb")]
pub use ledger::{Admitted, EpochOpening, Ledger, NotAdmitted, Published};
#[cfg(feature = "rocksdb")]
pub use store::{OPEN_FILES_MAX, StoredBlock, interrupt_opening};

pub use directory::Directory;
pub use execute::{Built, Executed, InvalidBlock, Item, NotExecuted, build, execute, genesis};
pub use fault::Fault;
pub use head::Head;
pub use records::{MemoryRecords, Records};
pub use replay::{Divergence, Replay};
pub use rules::{Refusal, governance::due::change_is_due};
