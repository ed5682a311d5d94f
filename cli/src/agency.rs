//! Commands of an agency: who may sign for it, and whose confirmations its registries ask for.

pub(crate) mod admin;
pub(crate) mod clerks;
mod foresee;
pub(crate) mod policy;
pub(crate) mod registries;
pub(crate) mod sign_act;

pub(crate) use sign_act::send;
