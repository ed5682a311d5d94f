//! `muhr report anomalies`: what stands out in the public log, by thresholds that the reader chooses.
//!
//! It accuses nobody: a table that is anchored late in the evening is a burst at an odd hour. The same
//! log, thresholds and checkpoint give the same lines. Not here: the judgements (`judge`).

mod judge;

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use messages::UserMessage;
use protocol::{
    entry::{Operation, Statement},
    hash::RecordKey,
    height::{TimeMs, Version},
    name::{ClerkName, Date, ReasonCode, RegistryName},
};
use views::{
    auditor::anomalies::{AnomaliesView, AnomalyView, CountedClerk},
    shown::ShownKey,
};

use self::judge::{Anomaly, Thresholds};

use super::{EntryPosition, Numbers, basis, csv, entries, since, write_csv};
use crate::{
    arguments::{OneOf, Reading},
    auditor::replayed_log,
    clerk,
    exit::{DONE, Failure, USAGE},
    output::Output,
};

/// `muhr report anomalies`.
#[derive(Debug, Args)]
pub struct AnomaliesArguments {
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "NAME")]
    pub registries: Vec<String>,
    /// Only what was decided since then: a date (its start, UTC) or a moment
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Late: decided more than so many days after the declared date
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub late: u32,
    /// Ahead: decided more than so many days before the declared date
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub ahead: u32,
    /// A burst: at least so many entries of one clerk in one registry ...
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub burst: u32,
    /// ... within so many minutes
    #[arg(long, default_value_t = 10, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub within: u32,
    /// Hours of work in Tashkent (UTC+5), from the beginning of one to the beginning of the other
    #[arg(long, default_value = "8-20", value_name = "FROM-TO")]
    pub hours: String,
    /// Days without work, joined by commas; "none" for none
    #[arg(long, default_value = "sun", value_delimiter = ',', value_name = "DAYS", value_parser = OneOf::new(["mon", "tue", "wed", "thu", "fri", "sat", "sun", "none"]))]
    pub rest: Vec<String>,
    /// Folder of receipts or archive, from which the numbers of records are known; may be repeated
    #[arg(long, value_name = "PATH")]
    pub receipts: Vec<PathBuf>,
    /// Also writes the lines as a table
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Which log, up to where, and whom to trust
    #[command(flatten)]
    pub reading: Reading,
}

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
        let what = UserMessage::new("registry-not-of-ledger").text("registry", unknown);
        return Err(Failure::new(USAGE, what)
            .help(UserMessage::new("help-there-are").text("names", names.join(", "))));
    }
    let mut seen = gathered.seen;
    seen.retain(|seen| since.is_none_or(|since| seen.place.time >= since));
    let mut counts = Counts::new();
    for entry in &seen {
        let of = counts.entry((&entry.clerk, &entry.registry)).or_default();
        *of.entry(entry.operation).or_default() += 1;
    }
    let findings = judge::all(&seen, &thresholds);
    let view = AnomaliesView {
        basis: basis(&whole),
        thresholds: thresholds.view(),
        entries: seen.len(),
        clerks: counts.iter().map(counted).collect(),
        findings: findings
            .iter()
            .map(|found| shown(found, &numbers))
            .collect(),
    };
    output.view(&view);
    let rows = view.findings.iter().map(AnomalyView::cells);
    let table = csv(&AnomalyView::HEADER, rows);
    write_csv(arguments.csv.as_deref(), &table, output)?;
    Ok(DONE)
}

fn counted(
    ((clerk, registry), of): (&(&ClerkName, &RegistryName), &BTreeMap<Operation, u64>),
) -> CountedClerk {
    let count = |operation| of.get(&operation).copied().unwrap_or(0);
    let operations = Operation::ALL.map(|operation| (operation.word(), count(operation)));
    CountedClerk {
        clerk: clerk.to_string(),
        registry: registry.to_string(),
        operations: operations.into_iter().collect(),
    }
}

fn shown(found: &Anomaly<'_>, numbers: &Numbers) -> AnomalyView {
    let first = found.first;
    let single = found.single();
    AnomalyView {
        kind: found.kind,
        first: first.place.into(),
        last: found.last.into(),
        entries: found.leaves.len(),
        leaves: found.leaves.iter().map(|leaf| leaf.get()).collect(),
        clerk: first.clerk.to_string(),
        registry: first.registry.to_string(),
        record: single.and_then(|seen| numbers.of(&seen.registry, &seen.key)),
        key: single.map(|seen| ShownKey(seen.key)),
        version: single.map(|seen| seen.version.get()),
        detail: found.detail.clone(),
    }
}
