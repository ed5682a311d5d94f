//! Commands of auditors and citizens: judge receipts, histories and whole logs.

pub(crate) mod audit;
pub(crate) mod chain;
pub(crate) mod dossier;
pub(crate) mod history;
pub(crate) mod mirror;
mod outside;
pub(crate) mod policies;
pub(crate) mod reconcile;
pub(crate) mod renew;
mod replayed_log;
pub(crate) mod report;
pub(crate) mod trust;
pub(crate) mod verify;
pub(crate) mod watch;
