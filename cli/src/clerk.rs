//! What clerks do: one record, a change to one, a whole table.

pub(crate) mod anchor;
mod archive;
pub(crate) mod bulk;
pub(crate) mod change;
pub(crate) mod extract;
mod hot;
mod journal;
mod submission;
