//! What auditors and citizens do: judge receipts, histories and whole logs.

pub(crate) mod audit;
pub(crate) mod history;
mod replay;
pub(crate) mod verify;
