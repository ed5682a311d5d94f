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
use messages::UserMessage;
use protocol::{
    entry::Statement,
    hash::RecordKey,
    height::{Height, LeafIndex, TimeMs, Version},
    name::RegistryName,
};
use views::auditor::basis::{Basis, Place};

use crate::{exit::Failure, output::Output};

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
}

impl From<EntryPosition> for Place {
    fn from(position: EntryPosition) -> Self {
        Self {
            leaf: position.index.get(),
            height: position.height.get(),
            time: position.time.into(),
        }
    }
}

/// The entries of a block.
pub(super) fn entries(block: &ReplayBlock) -> impl Iterator<Item = (EntryPosition, &Statement)> {
    let statements = block.statements();
    statements.map(move |(index, statement)| (EntryPosition::of(block, index), statement))
}

/// Checkpoint that a report rests on.
pub(super) fn basis(whole: &Whole) -> Basis {
    let (checkpoint, head) = (whole.trusted.checkpoint(), whole.replay.head());
    let cosigners = whole.trusted.cosigners().iter();
    Basis {
        origin: checkpoint.origin.to_string(),
        size: checkpoint.size.get(),
        root: checkpoint.root.to_string(),
        height: head.height().get(),
        time: head.time().into(),
        cosigners: cosigners.map(|(name, _)| name.clone()).collect(),
    }
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

fn since(text: Option<&str>) -> Result<Option<TimeMs>, Failure> {
    let read = |text| {
        time::start(text).ok_or_else(|| {
            Failure::new(crate::exit::USAGE, UserMessage::new("since-not-a-time"))
                .help(UserMessage::new("help-time-form"))
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
        output.note(&UserMessage::new("note-same-as-table").text("path", path.display()));
    }
    Ok(())
}
