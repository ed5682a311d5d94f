//! `muhr report anomalies`: what stands out in the public log, by thresholds that the reader chooses.
//!
//! It accuses nobody: a table that is anchored late in the evening is a burst at an odd hour. The same
//! log, thresholds and checkpoint give the same lines. Not here: the judgements (`judge`).

mod judge;

use std::collections::BTreeMap;

use protocol::{
    entry::{Operation, Statement},
    hash::RecordKey,
    height::{TimeMs, Version},
    name::{ClerkName, Date, ReasonCode, RegistryName},
};
use serde_json::{Value, json};

use self::judge::{Anomaly, Thresholds};

use super::{EntryPosition, Numbers, basis, basis_words, csv, entries, named, since, write_csv};
use crate::{
    arguments::AnomaliesArguments,
    auditor::replayed_log,
    clerk,
    exit::{DONE, Failure, USAGE},
    output::Output,
};

/// An entry, as far as it is judged.
struct SeenEntry {
    place: EntryPosition,
    registry: RegistryName,
    key: RecordKey,
    version: Version,
    operation: Operation,
    clerk: ClerkName,
    effective: Option<Date>,
    reason: Option<ReasonCode>,
    /// Who made the version that it follows, which one, and when.
    follows: Option<(ClerkName, Version, TimeMs)>,
}

/// Entries of the log, with what each follows.
#[derive(Default)]
struct LogEntries {
    seen: Vec<SeenEntry>,
    newest: BTreeMap<RecordKey, (ClerkName, Version, TimeMs)>,
}

impl LogEntries {
    fn take(&mut self, place: EntryPosition, statement: &Statement) {
        let made = || (statement.author.clone(), statement.version, place.time);
        let follows = if statement.operation.is_attestation() {
            self.newest.get(&statement.key).cloned()
        } else {
            self.newest.insert(statement.key, made())
        };
        self.seen.push(SeenEntry {
            place,
            registry: statement.registry.clone(),
            key: statement.key,
            version: statement.version,
            operation: statement.operation,
            clerk: statement.author.clone(),
            effective: statement.effective.clone(),
            reason: statement.reason.clone(),
            follows,
        });
    }
}

/// Columns of the table.
const HEADER: [&str; 15] = [
    "kind",
    "leaf",
    "height",
    "time",
    "last leaf",
    "last height",
    "last time",
    "entries",
    "leaves",
    "clerk",
    "registry",
    "record",
    "key",
    "version",
    "detail",
];

/// How many entries of each operation a clerk has made in a registry.
type Counts<'a> = BTreeMap<(&'a ClerkName, &'a RegistryName), BTreeMap<Operation, u64>>;

pub(crate) fn run(arguments: &AnomaliesArguments, output: &Output) -> Result<u8, Failure> {
    let registries = arguments.registries.iter();
    let registries = registries
        .map(|text| clerk::registry(text))
        .collect::<Result<Vec<_>, _>>()?;
    let thresholds = Thresholds::of(arguments)?;
    let since = since(arguments.since.as_deref())?;
    let numbers = Numbers::open(&arguments.receipts)?;
    let mut gathered = LogEntries::default();
    let (whole, _) = replayed_log::of(&arguments.reading, output, &mut |block| {
        for (place, statement) in entries(block) {
            if registries.is_empty() || registries.contains(&statement.registry) {
                gathered.take(place, statement);
            }
        }
    })?;
    let known = whole.replay.head().directory().registries();
    if let Some(unknown) = registries.iter().find(|name| !known.contains_key(name)) {
        let names: Vec<_> = known.keys().map(RegistryName::as_str).collect();
        let what = format!("{unknown} is no registry of this ledger");
        return Err(Failure::new(USAGE, what).help(format!("there are {}", names.join(", "))));
    }
    let mut seen = gathered.seen;
    seen.retain(|seen| since.is_none_or(|since| seen.place.time >= since));
    let mut counts = Counts::new();
    for entry in &seen {
        let of = counts.entry((&entry.clerk, &entry.registry)).or_default();
        *of.entry(entry.operation).or_default() += 1;
    }
    let findings = judge::all(&seen, &thresholds);
    let number = |finding: &Anomaly<'_>| {
        let seen = finding.single()?;
        numbers.of(&seen.registry, &seen.key)
    };
    output.data(&json!({
        "schema": "muhr/anomalies/1", "basis": basis(&whole), "thresholds": thresholds.json(), "entries": seen.len(),
        "clerks": counts.iter().map(counted).collect::<Vec<_>>(),
        "findings": findings.iter().map(|finding| json(finding, number(finding))).collect::<Vec<_>>(),
    }));
    for ((clerk, registry), of) in &counts {
        let all: u64 = of.values().sum();
        let each = of
            .iter()
            .map(|(operation, count)| format!("{} {count}", operation.word()));
        let each: Vec<_> = each.collect();
        output.text(&format!(
            "{clerk}  {registry}  {all} entries: {}",
            each.join(", ")
        ));
    }
    for finding in &findings {
        output.text(&line(finding, number(finding).as_deref()));
    }
    output.text(&match findings.len() {
        0 => format!(
            "✔ nothing stands out among {} entries by these thresholds",
            seen.len()
        ),
        lines => format!("{lines} lines on {} entries", seen.len()),
    });
    output.text(&format!("  {}", thresholds.words()));
    output.text(&format!("  {}", basis_words(&whole)));
    let rows = findings
        .iter()
        .map(|finding| cells(finding, number(finding)));
    write_csv(arguments.csv.as_deref(), &csv(&HEADER, rows), output)?;
    Ok(DONE)
}

/// One line for people.
fn line(finding: &Anomaly<'_>, number: Option<&str>) -> String {
    let named = match finding.single() {
        Some(seen) => format!("version {} of {}", seen.version, named(number, &seen.key)),
        None => format!(
            "{} entries up to {}, leaves {}",
            finding.leaves.len(),
            finding.last.words(),
            finding.leaves()
        ),
    };
    let (place, first) = (finding.first.place.words(), finding.first);
    format!(
        "▲ {:<7} {place}  {}  {}  {named}: {}",
        finding.kind, first.clerk, first.registry, finding.detail
    )
}

fn counted(
    ((clerk, registry), of): (&(&ClerkName, &RegistryName), &BTreeMap<Operation, u64>),
) -> Value {
    let count = |operation| of.get(&operation).copied().unwrap_or(0);
    let operations: BTreeMap<&str, u64> = Operation::ALL
        .into_iter()
        .map(|operation| (operation.word(), count(operation)))
        .collect();
    json!({"clerk": clerk.as_str(), "registry": registry.as_str(), "operations": operations})
}

fn json(finding: &Anomaly<'_>, number: Option<String>) -> Value {
    let SeenEntry {
        clerk, registry, ..
    } = finding.first;
    let single = finding.single();
    let leaves = finding.leaves.iter().map(|leaf| leaf.get());
    json!({
        "kind": finding.kind, "first": finding.first.place.json(), "last": finding.last.json(),
        "entries": finding.leaves.len(), "leaves": leaves.collect::<Vec<_>>(),
        "clerk": clerk.as_str(), "registry": registry.as_str(), "record": number,
        "key": single.map(|seen| seen.key.to_hex()), "version": single.map(|seen| seen.version.get()), "detail": finding.detail,
    })
}

fn cells(finding: &Anomaly<'_>, number: Option<String>) -> Vec<String> {
    let first = finding.first;
    let single = finding.single();
    let mut cells = vec![finding.kind.to_owned()];
    cells.extend(first.place.cells());
    cells.extend(finding.last.cells());
    cells.extend([
        finding.leaves.len().to_string(),
        finding.leaves(),
        first.clerk.to_string(),
        first.registry.to_string(),
        number.unwrap_or_default(),
        single.map(|seen| seen.key.to_hex()).unwrap_or_default(),
        single
            .map(|seen| seen.version.to_string())
            .unwrap_or_default(),
        finding.detail.clone(),
    ]);
    cells
}
