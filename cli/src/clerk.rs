//! What clerks do: one record, a change to one, a whole table.

pub(crate) mod anchor;
pub(crate) mod bulk;
pub(crate) mod change;
mod journal;
mod submission;
