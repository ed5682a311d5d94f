//! `muhr reconcile`: an agency's own table against what it has anchored.
//!
//! The log is read whole and believed before anything is compared, and the comparison happens here: of
//! the table nothing leaves this machine. The same table, receipts, options and checkpoint give the same
//! bytes. What is in a record is known only from a receipt; without one only presence, status and dates
//! are told, and the report says of how many records that is so.

mod compare;
mod finding;
mod ledger_records;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use client::{
    durable::{self, FileError},
    import::Earlier,
    log::whole::Whole,
    table::{RowContent, Table, Wanted},
};
use ledger::Records as _;
use messages::UserMessage;
use protocol::{
    checkpoint::Checkpoint,
    hash::{DocumentHash, RecordKey},
    name::RegistryName,
    record::{CaseRule, RecordId},
    state::{RecordState, RecordStatus},
};
use views::auditor::reconcile::{
    ComparedTable, Figures, FindingKind, FindingView, NOTE, NotCompared, OneSided, ReconcileView,
    ReportSigner, ShownCriteria, StatusWord,
};

use self::{
    compare::{Comparison, Criteria},
    finding::{Counts, Finding},
    ledger_records::RegistryRecords,
};

use super::{
    replayed_log,
    report::{
        self, basis,
        seal::{Seal, Signer},
    },
};
use crate::{
    arguments::{Reading, TableFormat, trimmed},
    clerk::{self, bulk},
    exit::{DIFFERENT, DONE, Failure, USAGE, words},
    keys,
    output::Output,
};

/// `muhr reconcile TABLE`.
#[derive(Debug, Args)]
pub struct ReconcileArguments {
    /// The agency's own table: CSV or XLSX, names of the columns in the first row
    pub table: PathBuf,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// The column of the record's number, or several joined by commas
    #[arg(long, value_name = "COLUMN[,COLUMN]")]
    pub record: String,
    /// Folder of receipts, archive, or folder of a bulk run: what changed is told only where they show what was anchored; may be repeated
    #[arg(long, value_name = "PATH")]
    pub receipts: Vec<PathBuf>,
    /// The column of the legal date; else the dates that the entries declare are used
    #[arg(long, value_name = "COLUMN")]
    pub date: Option<String>,
    /// Anchored more than so many days after the legal date is late; not judged if not said
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub late: Option<u32>,
    /// The column that says whether a record is in force; without it the table is taken to hold what is
    #[arg(long, value_name = "COLUMN")]
    pub status: Option<String>,
    /// What that column says for active, suspended or revoked, as revoked=bekor; may be repeated; else the words themselves
    #[arg(long = "status-word", value_name = "STATUS=WORD", requires = "status")]
    pub status_words: Vec<String>,
    /// Columns that are not compared, joined by commas
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',', value_parser = trimmed)]
    pub ignore: Vec<String>,
    /// New folder for the report: findings.csv, report.json, report.html and the checkpoint
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Report key file that signs what is in the folder
    #[arg(long, value_name = "FILE", requires = "out")]
    pub sign: Option<PathBuf>,
    /// File with the passphrase of that key, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// How the table is written
    #[command(flatten)]
    pub written: TableFormat,
    /// Which log, up to where, and whom to trust
    #[command(flatten)]
    pub reading: Reading,
}

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
        let what = UserMessage::new("out-exists").text("path", out.display());
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-new-folder")));
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
        let what =
            UserMessage::new("table-changed-meanwhile").text("path", arguments.table.display());
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-close-table")));
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
    let mut view = made.view();
    let checkpoint = whole.trusted.checkpoint();
    let out = arguments.out.as_deref();
    let written = out.map(|out| write(&view, out, (&note, checkpoint), signer.as_ref()));
    view.files = Some(written.transpose()?.unwrap_or_default());
    output.view(&view);
    Ok(view.exit_code)
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
                let why = words(&outcome.reason);
                comparison.invalid(outcome.number, record, &outcome.column, why);
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
            let what = UserMessage::new("status-word-invalid").text("pair", pair);
            Failure::new(USAGE, what).help(UserMessage::new("help-status-word"))
        })?;
        if words
            .insert(word.to_owned(), status)
            .is_some_and(|other| other != status)
        {
            let what = UserMessage::new("status-word-twice").text("word", word);
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
        let help = UserMessage::new("help-columns-are").text("columns", table.columns().join(", "));
        Err(Failure::new(
            USAGE,
            UserMessage::new("table-lacks-column").text("name", name),
        )
        .help(help))
    })
}

/// How the numbers of a registry are written, which must be one of the ledger's.
fn known(whole: &Whole, registry: &RegistryName) -> Result<CaseRule, Failure> {
    let registries = whole.replay.head().directory().registries();
    if let Some(state) = registries.get(registry) {
        return Ok(state.case_rule);
    }
    let names: Vec<_> = registries.keys().map(RegistryName::as_str).collect();
    Err(Failure::new(
        USAGE,
        UserMessage::new("registry-not-of-ledger").text("registry", registry),
    )
    .help(UserMessage::new("help-there-are").text("names", names.join(", "))))
}

/// Parts that a report is made of.
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
    fn view(self) -> ReconcileView {
        let differs = !self.findings.is_empty();
        ReconcileView {
            exit_code: if differs { DIFFERENT } else { DONE },
            basis: basis(self.whole),
            program: env!("CARGO_PKG_VERSION"),
            registry: self.criteria.registry.to_string(),
            table: self.table(),
            receipts: self.receipts,
            criteria: shown(self.criteria),
            counts: self.figures(),
            not_compared: NotCompared {
                columns: one_sided(self.counts.not_anchored),
                fields: one_sided(self.counts.no_column),
            },
            findings: self.findings.into_iter().map(Into::into).collect(),
            files: None,
            read_as: self.written,
            signer: self.signer.map(|signer| {
                let key = signer.key();
                ReportSigner {
                    vkey: key.write(),
                    name: key.name,
                }
            }),
        }
    }

    /// The table, without its folder, which differs from machine to machine.
    fn table(&self) -> ComparedTable {
        let name = self.arguments.table.file_name().unwrap_or_default();
        let option = |name: &str| {
            let mut written = self.written.iter();
            let found = written.find(|(option, _)| *option == name);
            found.map(|(_, word)| word.clone())
        };
        ComparedTable {
            name: name.to_string_lossy().into_owned(),
            sha256: self.table.to_hex(),
            encoding: option("encoding"),
            delimiter: option("delimiter"),
            sheet: option("sheet"),
        }
    }

    fn figures(&self) -> Figures {
        let counts = &self.counts;
        let of_kind = |kind| {
            let findings = self.findings.iter();
            findings.filter(|finding| finding.kind == kind).count() as u64
        };
        let kinds = FindingKind::ALL.map(|kind| (kind.word(), of_kind(kind)));
        Figures {
            rows: counts.rows,
            records: counts.records,
            matching: counts.matching,
            opened: counts.opened,
            unopened: counts.unopened,
            ended: counts.ended,
            findings: kinds.into_iter().collect(),
        }
    }
}

fn shown(criteria: &Criteria) -> ShownCriteria {
    let word = |(word, status): (&String, &RecordStatus)| StatusWord {
        word: word.clone(),
        status: status.word(),
    };
    ShownCriteria {
        record: criteria.record.clone(),
        date: criteria.date.clone(),
        late_days: criteria.late_days,
        zone: "UTC+5",
        status: criteria.status.clone(),
        status_words: criteria.words.iter().map(word).collect(),
        ignore: criteria.ignore.iter().cloned().collect(),
    }
}

fn one_sided(counted: BTreeMap<String, u64>) -> Vec<OneSided> {
    let counted = counted.into_iter();
    counted
        .map(|(name, records)| OneSided { name, records })
        .collect()
}

/// Writes the folder; its note, if it is signed, last.
fn write(
    view: &ReconcileView,
    out: &Path,
    (note, checkpoint): (&str, &Checkpoint),
    signer: Option<&Signer>,
) -> Result<Vec<String>, Failure> {
    fs::create_dir_all(out).map_err(|error| FileError::unwritable(out, error))?;
    let cells = view.findings.iter().map(FindingView::cells);
    let json = format!("{:#}\n", views::document(view));
    let files = [
        ("checkpoint", note.as_bytes().to_vec()),
        ("findings.csv", report::csv(&FindingView::HEADER, cells)),
        ("report.html", view.page().into_bytes()),
        ("report.json", json.into_bytes()),
    ];
    let mut written = Vec::new();
    for (name, bytes) in &files {
        let path = out.join(name);
        durable::write_private(&path, bytes)?;
        written.push(path.display().to_string());
    }
    if let Some(signer) = signer {
        let seal = Seal::of(checkpoint, &files);
        let path = out.join(NOTE);
        durable::write_private(&path, signer.sign(&seal).as_bytes())?;
        written.push(path.display().to_string());
    }
    Ok(written)
}
