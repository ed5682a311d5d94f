//! Receipts of earlier runs, found by their records: what an entry commits to is known only from its opening.

use std::{collections::HashMap, fs, path::PathBuf};

use protocol::{
    entry::Entry,
    hash::{EntryId, RecordKey},
    name::RegistryName,
    opening::Opening,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
    record::RecordId,
};

use crate::{clerk::archive, exit::Failure, files};

/// Where the receipts of the newest known version of each record are.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Folders of receipts, and archives.
    places: Vec<PathBuf>,
    /// Version, place, and the name of the file if the place is a folder.
    found: HashMap<RecordKey, (u64, usize, Box<str>)>,
}

impl Earlier {
    /// Looks through archives, folders of receipts, and the output folders of bulk runs.
    pub(crate) fn open(given: &[PathBuf]) -> Result<Self, Failure> {
        let mut earlier = Self::default();
        for given in given {
            let inside = ["receipts.archive", "receipts"].map(|name| given.join(name));
            let mut places: Vec<PathBuf> =
                inside.into_iter().filter(|place| place.exists()).collect();
            if places.is_empty() {
                places.push(given.clone());
            }
            for place in places {
                earlier.look(place)?;
            }
        }
        Ok(earlier)
    }

    fn look(&mut self, place: PathBuf) -> Result<(), Failure> {
        let number = self.places.len();
        if place.is_file() {
            for key in archive::keys(&place)? {
                let bytes = archive::extract(&place, &key)?;
                self.know(number, "", bytes.as_deref());
            }
        } else {
            let unreadable = |error| files::unreadable(&place, &error);
            for entry in fs::read_dir(&place).map_err(unreadable)? {
                let name = entry.map_err(unreadable)?.file_name();
                if let Some(name) = name.to_str().filter(|name| name.ends_with(".receipt")) {
                    let bytes = files::read(&place.join(name), RECEIPT_BYTES_MAX);
                    self.know(number, name, bytes.ok().as_deref());
                }
            }
        }
        self.places.push(place);
        Ok(())
    }

    fn know(&mut self, place: usize, name: &str, bytes: Option<&[u8]>) {
        let Some(receipt) = bytes.and_then(|bytes| Receipt::parse(bytes).ok()) else {
            return;
        };
        let statement = &receipt.entry.statement;
        // Other operations, and other agencies' words, say nothing of what is in a record.
        if !statement.operation.has_content() {
            return;
        }
        let version = statement.version.get();
        let known = self.found.get(&statement.key);
        if known.is_none_or(|(known, ..)| *known < version) {
            let place = (version, place, Box::from(name));
            let _older = self.found.insert(statement.key, place);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// The opening of this very entry, if its receipt is at hand and holds what the entry commits to.
    pub(crate) fn opening(&self, entry: &Entry) -> Option<Opening> {
        self.opening_of(&entry.statement.key, entry.statement.id())
    }

    /// The same for an entry of which only the record and the identity are known.
    pub(crate) fn opening_of(&self, key: &RecordKey, id: EntryId) -> Option<Opening> {
        let Receipt { entry, opening, .. } = self.receipt(key)?;
        let opening = opening?;
        let commits = opening
            .content
            .as_ref()
            .map(protocol::opening::Content::commit);
        let is_of_it = entry.statement.id() == id && commits == entry.statement.commitment;
        is_of_it.then_some(opening)
    }

    /// The number of a record, if a receipt tells it: a number proves itself by the key that it folds to.
    pub(crate) fn number(&self, registry: &RegistryName, key: &RecordKey) -> Option<RecordId> {
        let record = self.receipt(key)?.opening?.record;
        (record.key(registry) == *key).then_some(record)
    }

    fn receipt(&self, key: &RecordKey) -> Option<Receipt> {
        let (_, place, name) = self.found.get(key)?;
        let place = self.places.get(*place)?;
        let bytes = if name.is_empty() {
            archive::extract(place, key).ok()??
        } else {
            files::read(&place.join(&**name), RECEIPT_BYTES_MAX).ok()?
        };
        Receipt::parse(&bytes).ok()
    }
}
