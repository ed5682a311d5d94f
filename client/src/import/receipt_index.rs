//! Receipts at hand, found by their records: what an entry commits to is known only from its opening.
//!
//! Every version's is kept, and of several copies the one that shows most is looked at first: what is
//! found depends neither on the order of a folder nor on copies that lie beside the original. Proofs are
//! not looked at here: an opening shows itself by what the entry commits to.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use crate::durable::{self, FileError};
use protocol::{
    entry::Entry,
    hash::{EntryId, RecordKey},
    height::Version,
    name::RegistryName,
    opening::{Content, Opening},
    receipt::{self, RECEIPT_BYTES_MAX},
    record::RecordId,
};

use super::{ImportError, archive};

/// The receipts of all versions of records that say something.
#[derive(Debug, Default)]
pub struct Earlier {
    /// Folders of receipts, and archives.
    places: Vec<PathBuf>,
    /// By record; of each the newest version first, and of that the receipt that shows most.
    found: Vec<IndexedReceipt>,
    /// Of how many records.
    records: usize,
}

/// One receipt; there may be a million of them. Where nothing else differs, what was given or is named first counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct IndexedReceipt {
    key: RecordKey,
    version: Reverse<Version>,
    shows: Reverse<Shows>,
    place: u32,
    at: Offset,
}

/// How much a receipt shows of what its entry commits to.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shows {
    Nothing,
    Number,
    /// Some of the fields, and how many.
    Some(u16),
    All,
}

/// Where it is within its place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Offset {
    File(Box<str>),
    Archive(archive::Place),
}

impl Earlier {
    /// Looks through archives, folders of receipts, and the output folders of bulk runs.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn open(given: &[PathBuf]) -> Result<Self, ImportError> {
        let mut earlier = Self::default();
        for given in given {
            let inside = ["receipts.archive", "receipts"].map(|name| given.join(name));
            let mut places: Vec<PathBuf> =
                inside.into_iter().filter(|place| place.exists()).collect();
            if places.is_empty() {
                places.push(given.clone());
            }
            for place in places {
                earlier.look(&place)?;
                earlier.places.push(place);
            }
        }
        earlier.found.sort_unstable();
        let records = earlier.found.chunk_by(|one, next| one.key == next.key);
        earlier.records = records.count();
        Ok(earlier)
    }

    fn look(&mut self, place: &Path) -> Result<(), ImportError> {
        if place.is_file() {
            for found in archive::contents(place)?.receipts {
                self.know(place, Offset::Archive(found.place));
            }
            return Ok(());
        }
        let unreadable = |error| FileError::unreadable(place, error);
        for entry in fs::read_dir(place).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            if let Some(name) = name.to_str().filter(|name| name.ends_with(".receipt")) {
                self.know(place, Offset::File(name.into()));
            }
        }
        Ok(())
    }

    /// Remembers where a receipt is. What is none is passed over: a folder may hold anything.
    fn know(&mut self, place: &Path, at: Offset) {
        let Some((entry, opening)) = read(place, &at) else {
            return;
        };
        let statement = &entry.statement;
        // Other operations, and other agencies' words, say nothing of what is in a record.
        if !statement.operation.has_content() {
            return;
        }
        let shows = match opening.map(|opening| opening.content) {
            None => Shows::Nothing,
            Some(None) => Shows::Number,
            Some(Some(Content::Redacted(redacted))) => {
                let fields = redacted.fields().as_slice().len();
                Shows::Some(u16::try_from(fields).unwrap_or(u16::MAX))
            }
            Some(Some(Content::Document { .. } | Content::Fields { .. })) => Shows::All,
        };
        self.found.push(IndexedReceipt {
            key: statement.key,
            version: Reverse(statement.version),
            shows: Reverse(shows),
            place: u32::try_from(self.places.len()).unwrap_or(u32::MAX),
            at,
        });
    }

    /// Of how many records receipts are at hand.
    pub const fn records(&self) -> usize {
        self.records
    }

    /// Returns whether a receipt of a record is at hand, of a version up to `newest`.
    pub fn knows(&self, key: &RecordKey, newest: Version) -> bool {
        self.of(key, newest).next().is_some()
    }

    /// The opening of this very entry, if its receipt is at hand and holds what the entry commits to.
    pub fn opening(&self, entry: &Entry) -> Option<Opening> {
        let statement = &entry.statement;
        self.opening_of(&statement.key, statement.version, statement.id())
    }

    /// Opening of an entry of which only the record, the version and the identity are known.
    pub fn opening_of(&self, key: &RecordKey, version: Version, id: EntryId) -> Option<Opening> {
        let of_version = self.of(key, version).take_while(|(at, _)| *at == version);
        { of_version }.find_map(|(_, found)| {
            let (entry, opening) = self.read(found)?;
            let opening = opening?;
            let commits = opening.content.as_ref().map(Content::commit);
            let is_of_it = entry.statement.id() == id && commits == entry.statement.commitment;
            is_of_it.then_some(opening)
        })
    }

    /// The number of a record, if a receipt of a version up to `newest` tells it: a number proves itself
    /// by the key that it folds to.
    pub fn number(
        &self,
        registry: &RegistryName,
        key: &RecordKey,
        newest: Version,
    ) -> Option<RecordId> {
        self.of(key, newest).find_map(|(_, found)| {
            let record = self.read(found)?.1?.record;
            (record.key(registry) == *key).then_some(record)
        })
    }

    /// The receipts of a record, from the version `newest` downwards.
    fn of(
        &self,
        key: &RecordKey,
        newest: Version,
    ) -> impl Iterator<Item = (Version, &IndexedReceipt)> {
        let wanted = (key, Reverse(newest));
        let start = self
            .found
            .partition_point(|found| (&found.key, found.version) < wanted);
        let rest = self.found.get(start..).unwrap_or_default().iter();
        let of_record = rest.take_while(move |found| found.key == *wanted.0);
        of_record.map(|found| (found.version.0, found))
    }

    fn read(&self, found: &IndexedReceipt) -> Option<(Entry, Option<Opening>)> {
        let place = usize::try_from(found.place).ok()?;
        read(self.places.get(place)?, &found.at)
    }
}

fn read(place: &Path, at: &Offset) -> Option<(Entry, Option<Opening>)> {
    let bytes = match at {
        Offset::File(name) => durable::read(&place.join(&**name), RECEIPT_BYTES_MAX).ok()?,
        Offset::Archive(at) => archive::take(place, *at).ok()?,
    };
    receipt::shown(&bytes).ok()
}
