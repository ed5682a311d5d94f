//! Commands of an agency: who may sign for it, and whose confirmations its registries ask for.

pub(crate) mod clerks;
mod desk;
pub(crate) mod policy;

pub(crate) use desk::send;
