//! Reports: what the whole log shows of its clerks, each line with the place of its entry.
//!
//! Not here: reading the log (`whole`), and what is in records, which no log shows.

pub(crate) mod anomalies;
pub(crate) mod check;
pub(crate) mod compromised;
pub(super) mod seal;

use std::path::{Path, PathBuf};

use client::{durable, import::Earlier, log::whole::Whole, table::cells, time};
use ledger::replay::ReplayBlock;
use protocol::{
    entry::Statement,
    hash::RecordKey,
    height::{Height, LeafIndex, TimeMs, Version},
    name::RegistryName,
};
use serde_json::{Value, json};

use crate::{
    exit::Failure,
    output::{Output, iso, local},
};

pub(crate) use self::seal::note_key as report_key;

pub(super) const DAY_MS: u64 = 86_400_000;
/// Days and hours of reports are those of Tashkent: UTC+5, without summer time.
pub(super) const OFFSET_MS: u64 = 5 * 3_600_000;

/// The day of a moment in Tashkent, counted as calendar dates are.
pub(super) const fn day_of(time: TimeMs) -> i64 {
    (time.get().saturating_add(OFFSET_MS) / DAY_MS).cast_signed()
}

/// Where an entry stands in the log, and when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryPosition {
    pub(super) index: LeafIndex,
    pub(super) height: Height,
    pub(super) time: TimeMs,
}

impl EntryPosition {
    pub(super) fn of(block: &ReplayBlock, index: LeafIndex) -> Self {
        let (height, time) = (block.leaf().height, block.leaf().time);
        Self {
            index,
            height,
            time,
        }
    }

    pub(super) fn json(self) -> Value {
        json!({"leaf": self.index.get(), "height": self.height.get(), "time": iso(self.time.get())})
    }

    pub(super) fn words(self) -> String {
        let (index, height) = (self.index, self.height);
        format!("leaf {index}, block {height}, {}", local(self.time.get()))
    }

    /// Three cells of a table.
    pub(super) fn cells(self) -> [String; 3] {
        [
            self.index.to_string(),
            self.height.to_string(),
            iso(self.time.get()),
        ]
    }
}

/// The entries of a block.
pub(super) fn entries(block: &ReplayBlock) -> impl Iterator<Item = (EntryPosition, &Statement)> {
    let statements = block.statements();
    statements.map(move |(index, statement)| (EntryPosition::of(block, index), statement))
}

/// What a report rests on.
pub(super) fn basis(whole: &Whole) -> Value {
    let checkpoint = whole.trusted.checkpoint();
    let head = whole.replay.head();
    json!({
        "origin": checkpoint.origin.as_str(), "size": checkpoint.size.get(), "root": checkpoint.root.to_string(),
        "height": head.height().get(), "time": iso(head.time().get()), "cosigners": cosigners(whole),
    })
}

pub(super) fn cosigners(whole: &Whole) -> Vec<&str> {
    let cosigners = whole.trusted.cosigners().iter();
    cosigners.map(|(name, _)| name.as_str()).collect()
}

/// The same for people.
pub(super) fn basis_words(whole: &Whole) -> String {
    let (checkpoint, head) = (whole.trusted.checkpoint(), whole.replay.head());
    format!(
        "checkpoint of size {} of {}, block {}, {}; cosigned by {}; every entry and rule checked",
        checkpoint.size,
        checkpoint.origin,
        head.height(),
        local(head.time().get()),
        cosigners(whole).join(", ")
    )
}

/// Receipts by which keys are told as numbers.
struct Numbers(Earlier);

impl Numbers {
    fn open(places: &[PathBuf]) -> Result<Self, Failure> {
        Ok(Self(Earlier::open(places)?))
    }

    fn of(&self, registry: &RegistryName, key: &RecordKey) -> Option<String> {
        let record = self.0.number(registry, key, Version::new(u64::MAX))?;
        Some(record.to_string())
    }
}

/// The number of a record where it is known, else its key.
fn named(number: Option<&str>, key: &RecordKey) -> String {
    number.map_or_else(|| format!("key {key}"), ToOwned::to_owned)
}

fn since(text: Option<&str>) -> Result<Option<TimeMs>, Failure> {
    let read = |text| {
        time::start(text).ok_or_else(|| {
            Failure::new(crate::exit::USAGE, "--since is not a time")
                .help("write it as 2026-11-23 (its start, UTC) or 2026-11-23T10:00:00Z")
        })
    };
    text.map(read).transpose()
}

/// Rows as CSV that spreadsheets read as it is meant.
pub(super) fn csv(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    // Spreadsheets take a file for UTF-8 only if it begins so.
    let mut writer = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    // Writing to memory does not fail.
    let _memory = writer.write_record(header);
    for row in rows {
        let _memory = writer.write_record(row.iter().map(|cell| cells::harmless(cell)));
    }
    writer.into_inner().unwrap_or_default()
}

fn write_csv(path: Option<&Path>, table: &[u8], output: &Output) -> Result<(), Failure> {
    if let Some(path) = path {
        durable::write_private(path, table)?;
        output.note(&format!("{} holds the same as a table", path.display()));
    }
    Ok(())
}
