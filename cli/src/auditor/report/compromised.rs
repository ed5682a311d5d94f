//! `muhr report compromised-key`: all that one clerk's key has signed since a time, and nothing else.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use messages::UserMessage;
use protocol::{
    entry::{Operation, Statement},
    hash::RecordKey,
    height::{LeafIndex, TimeMs},
    name::{ClerkName, RegistryName},
};
use views::{
    auditor::compromised::{CompromisedKeyView, SignedEntry},
    shown::ShownKey,
};

use super::{EntryPosition, Numbers, basis, csv, entries, since, write_csv};
use crate::{
    arguments::Reading,
    auditor::replayed_log,
    exit::{DONE, Failure, USAGE},
    output::Output,
};

/// `muhr report compromised-key CLERK`.
#[derive(Debug, Args)]
pub struct CompromisedKeyArguments {
    /// The clerk, as qurilish/aziza-2026
    pub clerk: String,
    /// Since when: a date (its start, UTC) or a moment; if not said, since the agency says that the key was compromised, else from the first
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Folder of receipts or archive, from which the numbers of records are known; may be repeated
    #[arg(long, value_name = "PATH")]
    pub receipts: Vec<PathBuf>,
    /// Also writes the entries as a table
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Which log, up to where, and whom to trust
    #[command(flatten)]
    pub reading: Reading,
}

/// One entry of the clerk's.
struct ReportLine {
    entry: SignedEntry,
    time: TimeMs,
    registry: RegistryName,
    key: RecordKey,
    operation: Operation,
}

/// Entries of one clerk, and whether something has followed them.
#[derive(Default)]
struct ClerkEntries {
    lines: Vec<ReportLine>,
    /// Where the clerk's entry stands in `lines` that the next may follow.
    open: BTreeMap<LeafIndex, usize>,
}

impl ClerkEntries {
    fn take(&mut self, clerk: &ClerkName, place: EntryPosition, statement: &Statement) {
        let followed = statement.previous.map(|previous| previous.index);
        // The first word on a version follows that version, and leaves it standing.
        let at = followed.and_then(|index| self.open.get(&index).copied());
        if let Some(line) = at.and_then(|at| self.lines.get_mut(at)) {
            let is_word = statement.operation.is_attestation();
            line.entry.stands &= is_word && !line.operation.is_attestation();
        }
        if statement.author == *clerk {
            let _new = self.open.insert(place.index, self.lines.len());
            self.lines.push(ReportLine::of(place, statement));
        }
    }
}

impl ReportLine {
    /// An entry that nothing has followed yet.
    fn of(place: EntryPosition, statement: &Statement) -> Self {
        Self {
            entry: SignedEntry {
                place: place.into(),
                registry: statement.registry.to_string(),
                record: None,
                key: ShownKey(statement.key),
                version: statement.version.get(),
                operation: statement.operation.word(),
                reason: statement.reason.as_ref().map(ToString::to_string),
                stands: true,
            },
            time: place.time,
            registry: statement.registry.clone(),
            key: statement.key,
            operation: statement.operation,
        }
    }
}

pub(crate) fn run(arguments: &CompromisedKeyArguments, output: &Output) -> Result<u8, Failure> {
    let clerk = ClerkName::parse(&arguments.clerk).ok_or_else(|| {
        let what = UserMessage::new("clerk-name-invalid").text("name", &arguments.clerk);
        Failure::new(USAGE, what).help(UserMessage::new("help-clerk-name"))
    })?;
    let told = since(arguments.since.as_deref())?;
    let numbers = Numbers::open(&arguments.receipts)?;
    let mut gathered = ClerkEntries::default();
    let (whole, _) = replayed_log::of(&arguments.reading, output, &mut |block| {
        for (place, statement) in entries(block) {
            gathered.take(&clerk, place, statement);
        }
    })?;
    let directory = whole.replay.head().directory();
    let state = directory.clerk(&clerk).ok_or_else(|| {
        let what = UserMessage::new("clerk-unknown").text("clerk", &clerk);
        Failure::new(USAGE, what).help(UserMessage::new("help-clerk-list"))
    })?;
    let compromised = state.revoked.and_then(|revoked| revoked.compromised);
    let since = told.or(compromised);
    let all = gathered.lines.len();
    let of_that_time = |line: &ReportLine| since.is_none_or(|since| line.time >= since);
    let lines = gathered.lines.into_iter().filter(of_that_time);
    let entries = lines.map(|line| SignedEntry {
        record: numbers.of(&line.registry, &line.key),
        ..line.entry
    });
    let view = CompromisedKeyView {
        basis: basis(&whole),
        clerk: clerk.to_string(),
        public: state.key.to_string(),
        revoked: state.revoked.map(|revoked| revoked.time.into()),
        since: since.map(Into::into),
        signed: all,
        entries: entries.collect(),
    };
    output.view(&view);
    let rows = view.entries.iter().map(SignedEntry::cells);
    let table = csv(&SignedEntry::HEADER, rows);
    write_csv(arguments.csv.as_deref(), &table, output)?;
    Ok(DONE)
}
