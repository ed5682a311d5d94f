//! `muhr govern`: how agencies change their network while it runs.
//!
//! A change is drafted where there is a node, read and signed where there is none, and handed in by anybody.

pub(crate) mod check;
pub(crate) mod draft;
pub(crate) mod fetch;
mod open;
pub(crate) mod rotate;
pub(crate) mod send;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod status;
pub(crate) mod withdraw;
