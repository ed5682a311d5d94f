//! Commands of clerks: one record, a change to one, a whole table, a word on another agency's record, a receipt
//! that shows less.

pub(crate) mod anchor;
pub(crate) mod attest;
pub(crate) mod bulk;
pub(crate) mod change;
mod confirm_text;
pub(crate) mod extract;
mod one_document;
mod open_files;
pub(crate) mod private;
mod references;
pub(crate) mod submission;
pub(crate) mod typed;
mod watch_folder;

pub(crate) use bulk::documents::help as no_documents;
pub(crate) use typed::{agency, reason, registry};
