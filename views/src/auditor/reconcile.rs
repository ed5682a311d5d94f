//! `muhr reconcile`: an agency's own table against what it has anchored, as sentences, JSON, rows of a table
//! and a page.

mod finding;
mod page;

use messages::counted;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::basis::Basis;
use crate::{CommandView, Line, line::texts};

pub use self::finding::{FindingKind, FindingView};

/// Name of the note with the signature over a report.
pub const NOTE: &str = "report.note";

/// The table that was compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ComparedTable {
    /// Its name, without its folder.
    pub name: String,
    /// Hash of its bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// How its letters are written.
    pub encoding: Option<String>,
    /// What stands between its cells.
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

/// What a status is called in the table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatusWord {
    /// The table's word.
    pub word: String,
    /// The status.
    pub status: &'static str,
}

/// How the two were compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownCriteria {
    /// Columns of the record's number.
    pub record: Vec<String>,
    /// The column of the legal date; none for the dates that the entries declare.
    pub date: Option<String>,
    /// So many days after the legal date are late; none if that was not judged.
    pub late_days: Option<u32>,
    /// Of which zone days are.
    pub zone: &'static str,
    /// The column of the status.
    pub status: Option<String>,
    /// What that column says.
    pub status_words: Vec<StatusWord>,
    /// Columns that were not compared.
    pub ignore: Vec<String>,
}

/// How many of what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Figures {
    /// Rows of the table.
    pub rows: u64,
    /// Records of the registry on the ledger.
    pub records: u64,
    /// Rows in which nothing was found.
    pub matching: u64,
    /// Records in both of which a receipt shows what was anchored.
    pub opened: u64,
    /// Those of which none does.
    pub unopened: u64,
    /// Records that are not in force and not in the table.
    pub ended: u64,
    /// Findings of each kind.
    pub findings: BTreeMap<&'static str, u64>,
}

/// A column or field, and in how many records it stands on one side alone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OneSided {
    /// Its name.
    pub name: String,
    /// In how many records.
    pub records: u64,
}

/// What could not be compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotCompared {
    /// Columns that were not anchored.
    pub columns: Vec<OneSided>,
    /// Anchored fields for which there is no column.
    pub fields: Vec<OneSided>,
}

/// Who signs a report.
#[derive(Clone, Debug)]
pub struct ReportSigner {
    /// The signer's name.
    pub name: String,
    /// The key by which the signer is known.
    pub vkey: String,
}

/// A table and a ledger that were compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReconcileView {
    /// The exit code.
    pub exit_code: u8,
    /// What this rests on.
    pub basis: Basis,
    /// Version of the program that made it.
    pub program: &'static str,
    /// The registry.
    pub registry: String,
    /// The table.
    pub table: ComparedTable,
    /// Records of the registry of which receipts were at hand.
    pub receipts: u64,
    /// How the two were compared.
    pub criteria: ShownCriteria,
    /// How many of what.
    pub counts: Figures,
    /// What could not be compared.
    pub not_compared: NotCompared,
    /// What is to be looked at.
    pub findings: Vec<FindingView>,
    /// The files that were written; none in the report itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// How the table was read, in the words of the options that say so.
    #[serde(skip)]
    pub read_as: Vec<(&'static str, String)>,
    /// Who signs it, if somebody does.
    #[serde(skip)]
    pub signer: Option<ReportSigner>,
}

impl CommandView for ReconcileView {
    const SCHEMA: &'static str = "muhr/reconcile/1";

    fn lines(&self) -> Vec<Line> {
        let findings = self.findings.iter().map(FindingView::words);
        let files = self.files.iter().flatten();
        let files = files.map(|path| format!("  written: {path}"));
        texts(findings.chain(self.summary()).chain(files))
    }
}

impl ReconcileView {
    /// The page to read and print: no script, nothing from elsewhere, the same bytes each time.
    #[must_use]
    pub fn page(&self) -> String {
        page::write(self)
    }

    fn count(&self, kind: FindingKind) -> u64 {
        self.counts.findings.get(kind.word()).copied().unwrap_or(0)
    }

    /// What was found, in sentences.
    fn summary(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut lines = vec![format!(
            "{} {} of {} of {} {}; {} in {}",
            if self.findings.is_empty() {
                "✔"
            } else {
                "▲"
            },
            counts.matching,
            counted(counts.rows, "row", "rows"),
            self.table.name,
            if counts.matching == 1 {
                "matches"
            } else {
                "match"
            },
            counted(counts.records, "record", "records"),
            self.registry
        )];
        for kind in FindingKind::ALL {
            let count = self.count(kind);
            if count > 0 {
                lines.push(format!("▲ {count} {}: {}", kind.word(), kind.meaning()));
            }
        }
        lines.extend(self.limits().into_iter().map(|limit| format!("  {limit}")));
        lines.push(format!("  {}", self.basis.words()));
        lines
    }

    /// What this report does not say.
    fn limits(&self) -> Vec<String> {
        let counts = &self.counts;
        let mut limits = Vec::new();
        if counts.unopened > 0 {
            limits.push(format!(
                "of {} no receipt shows what was anchored: only presence, status and dates were compared",
                counted(counts.unopened, "record", "records")
            ));
        }
        for OneSided { name, records } in &self.not_compared.columns {
            limits.push(format!(
                "column {name}: not anchored in {}, so not compared",
                counted(records, "record", "records")
            ));
        }
        for OneSided { name, records } in &self.not_compared.fields {
            limits.push(format!(
                "field {name}: anchored in {}, and no column of the table",
                counted(records, "record", "records")
            ));
        }
        if counts.ended > 0 {
            limits.push(format!(
                "{} not in force and not in the table, which is taken to hold what is in force",
                counted(counts.ended, "record is", "records are")
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
}
