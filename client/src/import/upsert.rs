//! Amend if changed: what a row is to a record that may be registered already.
//!
//! A commitment is salted, so the ledger cannot say whether a row has changed. The opening of the newest
//! version can, and is found among the receipts of earlier runs; without it nothing is sent.

use messages::UserMessage;
use protocol::{
    entry::{EntryRef, Reference},
    hash::RecordKey,
    height::Version,
    name::{ReasonCode, RegistryName},
    opening::Opening,
    state::RecordStatus,
};

use super::{Earlier, ImportError};
use crate::submit::{self, Clerk};

/// How records are amended.
#[derive(Debug)]
pub struct Upsert {
    /// Why.
    pub reason: ReasonCode,
    /// The receipts of earlier runs.
    pub earlier: Earlier,
}

/// Relation of a row to its record.
pub(super) enum RowState {
    New,
    /// The next version, what it follows, and what it rests on: as the version before.
    Changed(Version, EntryRef, Vec<Reference>),
    Unchanged(Version),
    /// Nothing can be sent: a status and why.
    Not(&'static str, UserMessage),
}

impl Upsert {
    /// Asks for the record's history, and believes it only after its proof held.
    pub(super) fn judge(
        &self,
        clerk: &Clerk,
        registry: &RegistryName,
        key: &RecordKey,
        row: &Opening,
    ) -> Result<RowState, ImportError> {
        let facts = submit::history(clerk, registry, key)?;
        let Some(state) = facts.state else {
            return Ok(RowState::New);
        };
        if state.status != RecordStatus::Active {
            let what = UserMessage::new("row-record-not-active");
            return Ok(RowState::Not("conflict", what));
        }
        // The newest that says something: reinstating a record says nothing of what is in it.
        let mut versions = facts.versions.iter();
        let newest = versions.find(|version| version.entry.statement.commitment.is_some());
        let opening = newest.and_then(|newest| self.earlier.opening(&newest.entry));
        let version = newest.map_or(state.version, |newest| newest.entry.statement.version);
        Ok(match opening {
            None => RowState::Not(
                "undecided",
                UserMessage::new("row-change-untold").text("version", version),
            ),
            Some(opening) if submit::same_values(&opening, row) => {
                RowState::Unchanged(state.version)
            }
            Some(_) => RowState::Changed(
                state.version.next(),
                EntryRef {
                    index: state.index,
                    hash: state.hash,
                    height: state.height,
                    time: state.time,
                },
                newest.map_or_else(Vec::new, |newest| newest.entry.statement.references.clone()),
            ),
        })
    }
}
