//! `muhr report compromised-key`: all that one clerk's key has signed since a time, and nothing else.

use std::collections::BTreeMap;

use protocol::{
    entry::{Operation, Statement},
    hash::RecordKey,
    height::{LeafIndex, TimeMs, Version},
    name::{ClerkName, RegistryName},
};
use serde_json::json;

use super::{EntryPosition, Numbers, basis, basis_words, csv, entries, named, since, write_csv};
use crate::{
    arguments::CompromisedKeyArguments,
    auditor::replayed_log,
    exit::{DONE, Failure, USAGE},
    output::{Output, iso, local},
};

/// One entry of the clerk's.
struct ReportLine {
    place: EntryPosition,
    registry: RegistryName,
    key: RecordKey,
    version: Version,
    operation: Operation,
    reason: Option<String>,
    number: Option<String>,
    /// Whether nothing has followed it: for a version, no other version; for a word on one, no later word.
    stands: bool,
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
            line.stands &= is_word && !line.operation.is_attestation();
        }
        if statement.author == *clerk {
            let _new = self.open.insert(place.index, self.lines.len());
            self.lines.push(ReportLine {
                place,
                registry: statement.registry.clone(),
                key: statement.key,
                version: statement.version,
                operation: statement.operation,
                reason: statement.reason.as_ref().map(ToString::to_string),
                number: None,
                stands: true,
            });
        }
    }
}

pub(crate) fn run(arguments: &CompromisedKeyArguments, output: &Output) -> Result<u8, Failure> {
    let clerk = ClerkName::parse(&arguments.clerk).ok_or_else(|| {
        let what = format!("\"{}\" is not the name of a clerk", arguments.clerk);
        Failure::new(USAGE, what).help("clerks are named agency/name, as qurilish/aziza-2026")
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
        let what = format!("{clerk} was never on this ledger");
        Failure::new(USAGE, what).help("muhr clerk list tells an agency's clerks")
    })?;
    let compromised = state.revoked.and_then(|revoked| revoked.compromised);
    let since = told.or(compromised);
    let all = gathered.lines.len();
    let mut lines = gathered.lines;
    lines.retain(|line| since.is_none_or(|since| line.place.time >= since));
    for line in &mut lines {
        line.number = numbers.of(&line.registry, &line.key);
    }
    let revoked = state.revoked.map(|revoked| revoked.time);
    show(&clerk, &lines, output);
    let instant = |time: TimeMs| iso(time.get());
    output.data(&json!({
        "schema": "muhr/compromised-key/1", "basis": basis(&whole), "clerk": clerk.as_str(), "public": state.key.to_string(),
        "revoked": revoked.map(instant), "since": since.map(instant), "signed": all, "entries": lines.iter().map(json).collect::<Vec<_>>(),
    }));
    let from = since.map_or_else(
        || "from the first".to_owned(),
        |since| format!("since {}", local(since.get())),
    );
    output.text(&format!(
        "{} of the {all} entries of {clerk} are affected, {from}",
        lines.len()
    ));
    output.text(&match revoked {
        Some(time) => format!("  the key was revoked {}", local(time.get())),
        None => "  the key is not revoked: it still signs; muhr clerk revoke ends that".to_owned(),
    });
    output.text(&format!("  {}", basis_words(&whole)));
    let header = [
        "leaf",
        "height",
        "time",
        "registry",
        "record",
        "key",
        "version",
        "operation",
        "reason",
        "stands",
    ];
    let table = csv(&header, lines.iter().map(cells));
    write_csv(arguments.csv.as_deref(), &table, output)?;
    Ok(DONE)
}

fn show(clerk: &ClerkName, lines: &[ReportLine], output: &Output) {
    for line in lines {
        let record = named(line.number.as_deref(), &line.key);
        output.text(&format!(
            "{}  {clerk}  {} version {} of {record} in {}{}",
            line.place.words(),
            line.operation.word(),
            line.version,
            line.registry,
            if line.stands {
                ""
            } else {
                "  (followed since)"
            }
        ));
    }
}

fn json(line: &ReportLine) -> serde_json::Value {
    json!({
        "place": line.place.json(), "registry": line.registry.as_str(), "record": line.number, "key": line.key.to_hex(),
        "version": line.version.get(), "operation": line.operation.word(), "reason": line.reason, "stands": line.stands,
    })
}

fn cells(line: &ReportLine) -> Vec<String> {
    let mut cells = line.place.cells().to_vec();
    cells.extend([
        line.registry.to_string(),
        line.number.clone().unwrap_or_default(),
        line.key.to_hex(),
        line.version.to_string(),
        line.operation.word().to_owned(),
        line.reason.clone().unwrap_or_default(),
        if line.stands { "yes" } else { "no" }.to_owned(),
    ]);
    cells
}
