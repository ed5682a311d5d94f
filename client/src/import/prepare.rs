//! Needs of a row before it travels: an entry, of an earlier run or new; or the receipt that is there already.

use messages::UserMessage;
use protocol::{
    commitment::Secret,
    entry::{Authorship, Entry, Operation, Statement},
    hash::RecordKey,
    height::{Height, Version},
    name::Date,
    opening::{Content, Opening},
    pending::Pending,
    receipt::Receipt,
};

use super::{
    ImportError, RowOutcome, Uploader,
    chunk::{PendingRow, not_done, outcome_of},
    upsert::RowState,
};
use crate::{
    durable, submit,
    table::{Row, RowContent},
};

/// Next step for a row.
pub(super) enum RowAction {
    /// The entry is sent; whether it is new.
    Travels(Box<PendingRow>, bool),
    Decided(Box<RowOutcome>),
    /// The run has stopped before it.
    Left,
}

impl Uploader {
    /// The entry of an earlier run if the row has not changed since, else a new one.
    pub(super) fn prepare(&self, row: Row, expires: Height) -> Result<RowAction, ImportError> {
        let secret = Secret::new(durable::random()?);
        let content = match row.content {
            RowContent::Fields(fields) => Content::Fields { fields, secret },
            RowContent::Document(document) => Content::Document {
                document,
                salt: secret,
            },
        };
        let opening = Opening {
            record: row.record,
            content: Some(content),
        };
        let key = opening.record.key(&self.registry);
        let (number, name) = (row.number, row.name.clone());
        let travels = |pending: Pending, is_fresh| {
            let pending_row = Box::new(PendingRow::new(number, name, pending, is_fresh));
            Ok(RowAction::Travels(pending_row, is_fresh))
        };
        if let Some(earlier) = self.signed_before(&key, &opening, row.effective.as_ref()) {
            return travels(earlier, false);
        }
        let found = match &self.upsert {
            None => RowState::New,
            Some(upsert) => upsert.judge(&self.clerk, &self.registry, &key, &opening)?,
        };
        let (version, amends) = match found {
            RowState::New => (Version::new(1), None),
            RowState::Changed(version, previous, references) => {
                let reason = self.upsert.as_ref().map(|upsert| upsert.reason.clone());
                (version, reason.map(|reason| (previous, reason, references)))
            }
            RowState::Unchanged(version) => {
                let record = Some(opening.record);
                let outcome = RowOutcome {
                    version: Some(version.get()),
                    ..RowOutcome::not_done(row.number, record, "unchanged", None)
                };
                return Ok(RowAction::Decided(Box::new(outcome)));
            }
            RowState::Not(status, reason) => {
                let outcome = not_done(row.number, &row.name, &opening, status, reason);
                return Ok(RowAction::Decided(Box::new(outcome)));
            }
        };
        let statement = Statement {
            operation: amends
                .as_ref()
                .map_or(Operation::Register, |_| Operation::Amend),
            registry: self.registry.clone(),
            key,
            version,
            previous: amends.as_ref().map(|(previous, ..)| *previous),
            effective: row.effective.clone(),
            reason: amends.as_ref().map(|(_, reason, _)| reason.clone()),
            references: amends.map_or_else(Vec::new, |(.., references)| references),
            commitment: opening.content.as_ref().map(Content::commit),
            author: self.clerk.name.clone(),
            expires,
        };
        let entry = Entry {
            statement,
            authorship: Authorship::Batched,
        };
        travels(Pending { entry, opening }, true)
    }

    /// Entry that an earlier run signed for the row as it is now: the newest of it, for a row may have been another in
    /// between and be what it was again. What was said before a later version is no answer to a row that is to
    /// be the version after that.
    fn signed_before(
        &self,
        key: &RecordKey,
        row: &Opening,
        effective: Option<&Date>,
    ) -> Option<Pending> {
        let mut newest = Version::new(0);
        self.journal.find(key, |earlier| {
            let statement = &earlier.entry.statement;
            newest = newest.max(statement.version);
            statement.version == newest
                && statement.effective.as_ref() == effective
                && submit::same_content(&earlier.opening, row)
        })
    }

    /// Outcome by a receipt that is there already: one of this very entry that still verifies is the
    /// answer, and that of another entry is never written over.
    pub(super) fn kept(&self, pending_row: &PendingRow) -> Option<RowOutcome> {
        let statement = &pending_row.pending.entry.statement;
        let bytes = self.receipts.find(&pending_row.name, &statement.key)?;
        let receipt = Receipt::parse(&bytes).ok()?;
        if receipt.entry.statement == *statement {
            submit::accept(&self.clerk.trust, &pending_row.pending, &bytes).ok()?;
            return Some(self.anchored(pending_row));
        }
        let path = self.receipts.path(&pending_row.name);
        let reason = UserMessage::new("row-place-of-other-entry").text("path", path.display());
        Some(outcome_of(pending_row, "conflict", reason))
    }

    pub(super) fn anchored(&self, pending_row: &PendingRow) -> RowOutcome {
        let statement = &pending_row.pending.entry.statement;
        let record = Some(pending_row.pending.opening.record.clone());
        let status = match statement.operation {
            Operation::Amend => "amended",
            _ => "anchored",
        };
        RowOutcome {
            version: Some(statement.version.get()),
            receipt: Some(self.receipts.path(&pending_row.name)),
            ..RowOutcome::not_done(pending_row.row, record, status, None)
        }
    }
}
