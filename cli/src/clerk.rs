//! What clerks do: one record, a change to one, a whole table, a word on another agency's record, a receipt
//! that shows less.

pub(crate) mod anchor;
pub(crate) mod attest;
pub(crate) mod bulk;
pub(crate) mod change;
mod journal;
pub(crate) mod private;
mod submission;

pub(crate) use submission::{LIFETIME, reason, registry};
