//! Entries that earlier runs signed for rows that are not in the table any more, or are others now, and the ledger took:
//! its receipt is written too, and its number named. Nobody else would ever ask for it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use api::RECEIPTS_MAX;
use messages::UserMessage;
use protocol::{
    hash::EntryId,
    height::Version,
    pending::Pending,
    receipt::{self, RECEIPT_BYTES_MAX},
    record::RecordId,
};

use super::{ImportError, NotKept, Receipts, Uploader};
use crate::{
    durable::{self, FileError},
    submit,
};

/// Entry that an earlier run signed, the ledger took, and no row asks for.
#[derive(Clone, Debug)]
pub struct LeftBehind {
    /// The number of its record.
    pub record: RecordId,
    /// The version.
    pub version: Version,
    /// Path of its receipt, or why that has no place.
    pub receipt: Result<PathBuf, UserMessage>,
}

/// Digits of an entry's id in the name of its receipt.
const DIGITS: usize = 16;

impl Uploader {
    /// Brings the receipts of what no row of the table has asked for.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn bring_left_behind(&self) -> Result<Vec<LeftBehind>, ImportError> {
        let mut left: Vec<Pending> = self.journal.not_asked_for().collect();
        if left.is_empty() {
            return Ok(Vec::new());
        }
        self.receipts.leave_those_without(&mut left)?;
        let mut found = Vec::new();
        for some in left.chunks(RECEIPTS_MAX) {
            let ids = some
                .iter()
                .map(|pending| pending.entry.statement.id().to_hex());
            let answers = self.clerk.client.receipts(&ids.collect::<Vec<_>>(), 0)?;
            for (pending, answer) in some.iter().zip(answers) {
                let Some(text) = answer.receipt else {
                    continue;
                };
                let (text, _) = submit::accept(&self.clerk.trust, pending, text.as_bytes())?;
                found.push(self.keep_left_behind(pending, &text)?);
            }
        }
        Ok(found)
    }

    /// Writes such a receipt.
    fn keep_left_behind(&self, pending: &Pending, text: &str) -> Result<LeftBehind, ImportError> {
        let statement = &pending.entry.statement;
        let id = statement.id().to_hex();
        let name = format!("left-{}", id.get(..DIGITS).unwrap_or_default());
        let kept = self.receipts.keep(&name, statement.key, text.as_bytes());
        let receipt = match kept {
            Ok(()) => Ok(self.receipts.path(&name)),
            Err(NotKept::Place(why)) => Err(why),
            Err(NotKept::Stop(error)) => return Err(error),
        };
        Ok(LeftBehind {
            record: pending.opening.record.clone(),
            version: statement.version,
            receipt,
        })
    }
}

impl Receipts {
    /// Takes out those whose receipts are there. An archive has one for each record, and what a row of the table has
    /// is not to give way to what none has.
    fn leave_those_without(&self, left: &mut Vec<Pending>) -> Result<(), ImportError> {
        match self {
            Self::Folder(folder) => {
                let known = of_folder(folder)?;
                left.retain(|pending| !known.contains(&pending.entry.statement.id()));
            }
            Self::Archive(archive) => {
                left.retain(|pending| !archive.holds(&pending.entry.statement.key));
            }
        }
        Ok(())
    }
}

/// The entries whose receipts are in a folder, whatever these are called.
fn of_folder(folder: &Path) -> Result<BTreeSet<EntryId>, ImportError> {
    let unreadable = |error| FileError::unreadable(folder, error);
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let bytes = durable::read(&path, RECEIPT_BYTES_MAX).ok();
        let shown = bytes.and_then(|bytes| receipt::shown(&bytes).ok());
        found.extend(shown.map(|(entry, _)| entry.statement.id()));
    }
    Ok(found)
}
