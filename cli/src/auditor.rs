//! What auditors and citizens do: judge receipts, histories and whole logs.

pub(crate) mod audit;
pub(crate) mod history;
pub(crate) mod mirror;
mod replay;
pub(crate) mod trust;
pub(crate) mod verify;
pub(crate) mod watch;
