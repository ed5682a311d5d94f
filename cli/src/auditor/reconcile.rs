//! `muhr reconcile`: an agency's own table against what it has anchored.
//!
//! The log is read whole and believed before anything is compared, and the comparison happens here: of
//! the table nothing leaves this machine. The same table, receipts, options and checkpoint give the same
//! bytes. What is in a record is known only from a receipt; without one only presence, status and dates
//! are told, and the report says of how many records that is so.

mod compare;
mod finding;
mod ledger_records;
mod page;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use client::{
    durable::{self, FileError},
    import::Earlier,
    log::whole::Whole,
    table::{RowContent, Table, Wanted},
};
use ledger::Records as _;
use protocol::{
    hash::{DocumentHash, RecordKey},
    name::RegistryName,
    record::{CaseRule, RecordId},
    state::{RecordState, RecordStatus},
};
use serde_json::{Value, json};

use self::{
    compare::{Comparison, Criteria},
    finding::{Counts, Finding, FindingKind},
    ledger_records::RegistryRecords,
};

use super::{
    replayed_log,
    report::{
        self, basis, basis_words,
        seal::{self, Seal, Signer},
    },
};
use crate::{
    arguments::ReconcileArguments,
    clerk::{self, bulk},
    exit::{DIFFERENT, DONE, Failure, USAGE},
    keys,
    output::Output,
};

pub(crate) fn run(arguments: &ReconcileArguments, output: &Output) -> Result<u8, Failure> {
    let criteria = criteria(arguments)?;
    let place = arguments.sign.as_deref().map(|path| keys::KeySource {
        path,
        is_service: false,
        passphrase: arguments.passphrase_file.as_deref(),
    });
    let signer = place
        .map(|place| Signer::open(&place, output))
        .transpose()?;
    if let Some(out) = arguments.out.as_deref().filter(|out| out.exists()) {
        let what = format!("{}: is there already", out.display());
        return Err(Failure::new(USAGE, what).help("name a new folder with --out"));
    }
    let hash = durable::hash(&arguments.table)?;
    let wanted = Wanted {
        record: &arguments.record,
        effective: None,
    };
    let table = bulk::table(&arguments.table, wanted, &arguments.written, output)?;
    let written = bulk::written(&table);
    columns(&criteria, &table)?;
    let receipts = Earlier::open(&arguments.receipts)?;
    let mut records = RegistryRecords::default();
    let (whole, note) = replayed_log::of(&arguments.reading, output, &mut |block| {
        let of_registry =
            |statement: &protocol::entry::Statement| statement.registry == criteria.registry;
        for (place, statement) in report::entries(block).filter(|(_, said)| of_registry(said)) {
            records.take(place, statement);
        }
    })?;
    let case_rule = known(&whole, &criteria.registry)?;
    let status = |key: &RecordKey| {
        let key = RecordState::index_key(&criteria.registry, key);
        let state = whole.replay.records().record(&key).ok().flatten();
        state.map_or(RecordStatus::Active, |state| state.status)
    };
    let mut comparison = Comparison::new(&criteria, &records, &status, &receipts);
    compare(table, &criteria, case_rule, &mut comparison)?;
    if durable::hash(&arguments.table)? != hash {
        let what = format!("{}: changed while it was read", arguments.table.display());
        return Err(Failure::new(USAGE, what)
            .help("close the table in other programs and run the same command again"));
    }
    let Comparison {
        findings, counts, ..
    } = comparison;
    let at_hand = records.by_place().into_iter();
    let at_hand = at_hand.filter(|(key, held)| receipts.knows(key, held.content.0));
    let made = Report {
        arguments,
        criteria: &criteria,
        whole: &whole,
        table: hash,
        written,
        receipts: at_hand.count() as u64,
        signer: signer.as_ref(),
        findings,
        counts,
    };
    made.give(&note, output)
}

/// Compares every row, and then what no row has named.
fn compare(
    mut table: Table,
    criteria: &Criteria,
    case_rule: CaseRule,
    comparison: &mut Comparison<'_>,
) -> Result<(), Failure> {
    let names = table.columns().to_vec();
    let at = |name: &String| names.iter().position(|column| column == name);
    let key: Vec<_> = criteria.record.iter().filter_map(at).collect();
    while let Some(row) = table.next_row()? {
        match row {
            Ok(row) => {
                if let RowContent::Fields(cells) = &row.content {
                    comparison.row(row.number, &row.record.in_case(case_rule), cells);
                }
            }
            Err(outcome) => {
                // Half a number would be another record's.
                let parts = key.iter().map(|at| Some(outcome.cells.get(*at)?.as_str()));
                let parts: Option<Vec<&str>> = parts.collect();
                let record = parts.and_then(|parts| RecordId::new(parts).ok());
                let record = record.map(|record| record.in_case(case_rule));
                let (column, why) = (&outcome.column, &outcome.reason);
                comparison.invalid(outcome.number, record, column, why);
            }
        }
    }
    comparison.rest();
    Ok(())
}

fn criteria(arguments: &ReconcileArguments) -> Result<Criteria, Failure> {
    let mut words = BTreeMap::new();
    for pair in &arguments.status_words {
        let known = pair
            .split_once('=')
            .and_then(|(status, word)| Some((RecordStatus::parse(status)?, word.trim())));
        let (status, word) = known.ok_or_else(|| {
            let what = format!("--status-word {pair} is not a status and a word");
            Failure::new(USAGE, what)
                .help("write it as revoked=bekor; a status is active, suspended or revoked")
        })?;
        if words
            .insert(word.to_owned(), status)
            .is_some_and(|other| other != status)
        {
            let what = format!("--status-word gives \"{word}\" to two statuses");
            return Err(Failure::new(USAGE, what));
        }
    }
    if words.is_empty() {
        words.extend(RecordStatus::ALL.map(|status| (status.word().to_owned(), status)));
    }
    Ok(Criteria {
        registry: clerk::registry(&arguments.registry)?,
        record: arguments.record.split(',').map(ToOwned::to_owned).collect(),
        date: arguments.date.clone(),
        late_days: arguments.late,
        status: arguments.status.clone(),
        words,
        ignore: arguments.ignore.iter().cloned().collect::<BTreeSet<_>>(),
    })
}

/// Every column that an option names must be there: a typing error would hide what it is to show.
fn columns(criteria: &Criteria, table: &Table) -> Result<(), Failure> {
    let named = criteria.date.iter().chain(&criteria.status);
    let missing = named
        .chain(&criteria.ignore)
        .find(|name| !table.columns().contains(name));
    missing.map_or(Ok(()), |name| {
        let help = format!("the columns are: {}", table.columns().join(", "));
        Err(Failure::new(USAGE, format!("there is no column \"{name}\"")).help(help))
    })
}

/// How the numbers of a registry are written, which must be one of the ledger's.
fn known(whole: &Whole, registry: &RegistryName) -> Result<CaseRule, Failure> {
    let registries = whole.replay.head().directory().registries();
    if let Some(state) = registries.get(registry) {
        return Ok(state.case_rule);
    }
    let names: Vec<_> = registries.keys().map(RegistryName::as_str).collect();
    Err(
        Failure::new(USAGE, format!("{registry} is no registry of this ledger"))
            .help(format!("there are {}", names.join(", "))),
    )
}

/// All that a report says.
struct Report<'a> {
    arguments: &'a ReconcileArguments,
    criteria: &'a Criteria,
    whole: &'a Whole,
    table: DocumentHash,
    /// How the table was read, in the words of the options that say so.
    written: Vec<(&'static str, String)>,
    /// Records of the registry of which receipts are at hand.
    receipts: u64,
    signer: Option<&'a Signer>,
    findings: Vec<Finding>,
    counts: Counts,
}

impl Report<'_> {
    fn give(&self, note: &str, output: &Output) -> Result<u8, Failure> {
        let mut written = Vec::new();
        if let Some(out) = &self.arguments.out {
            written = self.write(out, note)?;
        }
        let mut data = self.json();
        let paths: Vec<_> = written
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        data["files"] = json!(paths);
        output.data(&data);
        for finding in &self.findings {
            output.text(&finding.words());
        }
        for line in self.summary() {
            output.text(&line);
        }
        for path in paths {
            output.text(&format!("  written: {path}"));
        }
        Ok(self.exit_code())
    }

    fn exit_code(&self) -> u8 {
        if self.findings.is_empty() {
            DONE
        } else {
            DIFFERENT
        }
    }

    fn count(&self, kind: FindingKind) -> u64 {
        self.findings
            .iter()
            .filter(|finding| finding.kind == kind)
            .count() as u64
    }

    /// Name of the table without its folder, which differs from machine to machine.
    fn table_name(&self) -> String {
        let name = self.arguments.table.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The word of an option that says how the table is written.
    fn option(&self, name: &str) -> Option<&str> {
        let mut written = self.written.iter();
        written
            .find(|(option, _)| *option == name)
            .map(|(_, word)| word.as_str())
    }

    /// What was found, in sentences.
    fn summary(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut lines = vec![format!(
            "{} {} of {} rows of {} match; {} records in {}",
            if self.findings.is_empty() {
                "✔"
            } else {
                "▲"
            },
            counts.matching,
            counts.rows,
            self.table_name(),
            counts.records,
            self.criteria.registry
        )];
        for kind in FindingKind::ALL {
            let count = self.count(kind);
            if count > 0 {
                lines.push(format!("▲ {count} {}: {}", kind.word(), kind.meaning()));
            }
        }
        lines.extend(self.limits().into_iter().map(|limit| format!("  {limit}")));
        lines.push(format!("  {}", basis_words(self.whole)));
        lines
    }

    /// What this report does not say.
    fn limits(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut limits = Vec::new();
        if counts.unopened > 0 {
            limits.push(format!(
                "of {} records no receipt shows what was anchored: only presence, status and dates were compared",
                counts.unopened
            ));
        }
        for (column, records) in &counts.not_anchored {
            limits.push(format!(
                "column {column}: not anchored in {records} records, so not compared"
            ));
        }
        for (field, records) in &counts.no_column {
            limits.push(format!(
                "field {field}: anchored in {records} records, and no column of the table"
            ));
        }
        if counts.ended > 0 {
            limits.push(format!(
                "{} records are not in force and not in the table, which is taken to hold what is in force",
                counts.ended
            ));
        }
        if self.criteria.late_days.is_none() {
            limits.push("lateness was not judged".to_owned());
        }
        limits.push(
            "whether versions are pending, lapsed or disputed under the registry's policy was not judged"
                .to_owned(),
        );
        limits
    }

    fn json(&self) -> Value {
        let (criteria, counts) = (self.criteria, &self.counts);
        let kinds: BTreeMap<_, _> = FindingKind::ALL
            .into_iter()
            .map(|kind| (kind.word(), self.count(kind)))
            .collect();
        let words: Vec<_> = criteria
            .words
            .iter()
            .map(|(word, status)| json!({"word": word, "status": status.word()}))
            .collect();
        let uncompared = |fields: &BTreeMap<String, u64>| {
            let each = fields.iter();
            each.map(|(name, records)| json!({"name": name, "records": records}))
                .collect::<Vec<_>>()
        };
        json!({
            "schema": "muhr/reconcile/1", "exit_code": self.exit_code(), "basis": basis(self.whole),
            "program": env!("CARGO_PKG_VERSION"), "registry": criteria.registry.as_str(),
            "table": {
                "name": self.table_name(), "sha256": self.table.to_hex(), "encoding": self.option("encoding"),
                "delimiter": self.option("delimiter"), "sheet": self.option("sheet"),
            },
            "receipts": self.receipts,
            "criteria": {
                "record": criteria.record, "date": criteria.date, "late_days": criteria.late_days, "zone": "UTC+5",
                "status": criteria.status, "status_words": words, "ignore": criteria.ignore,
            },
            "counts": {
                "rows": counts.rows, "records": counts.records, "matching": counts.matching,
                "opened": counts.opened, "unopened": counts.unopened, "ended": counts.ended, "findings": kinds,
            },
            "not_compared": {"columns": uncompared(&counts.not_anchored), "fields": uncompared(&counts.no_column)},
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        })
    }

    /// Writes the folder; its note, if it is signed, last.
    fn write(&self, out: &Path, note: &str) -> Result<Vec<PathBuf>, Failure> {
        fs::create_dir_all(out).map_err(|error| FileError::unwritable(out, error))?;
        let cells = self.findings.iter().map(Finding::cells);
        let files = [
            ("checkpoint", note.as_bytes().to_vec()),
            ("findings.csv", report::csv(&Finding::HEADER, cells)),
            ("report.html", page::write(self).into_bytes()),
            ("report.json", format!("{:#}\n", self.json()).into_bytes()),
        ];
        let mut written = Vec::new();
        for (name, bytes) in &files {
            durable::write_private(&out.join(name), bytes)?;
            written.push(out.join(name));
        }
        if let Some(signer) = self.signer {
            let seal = Seal::of(self.whole.trusted.checkpoint(), &files);
            let path = out.join(seal::NAME);
            durable::write_private(&path, signer.sign(&seal).as_bytes())?;
            written.push(path);
        }
        Ok(written)
    }
}
