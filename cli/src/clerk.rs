//! What clerks do: one record, a change to one, a whole table, a word on another agency's record, a receipt
//! that shows less.

mod already;
pub(crate) mod anchor;
mod archive;
pub(crate) mod attest;
pub(crate) mod bulk;
pub(crate) mod change;
pub(crate) mod extract;
mod hot;
mod journal;
pub(crate) mod private;
mod references;
pub(crate) mod submission;
mod words;

pub(crate) use bulk::earlier;
pub(crate) use submission::{LIFETIME, reason, registry};
