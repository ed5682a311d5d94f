//! What a reconciliation finds: as a sentence, as JSON, and as a row of a table.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::{auditor::basis::Place, shown::ShownKey};

/// Kinds of findings, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum FindingKind {
    /// In the table, never anchored.
    Missing,
    /// Anchored, not in the table.
    Extra,
    /// Other fields or another date than what was anchored.
    Changed,
    /// In force by one side, and not by the other.
    Status,
    /// Anchored too long after its legal date.
    Late,
    /// The number of an earlier row again.
    Duplicate,
    /// A row that cannot be compared.
    Invalid,
}

impl FindingKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Missing,
        Self::Extra,
        Self::Changed,
        Self::Status,
        Self::Late,
        Self::Duplicate,
        Self::Invalid,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Changed => "changed",
            Self::Status => "status",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
        }
    }

    /// What it means, in a sentence of the report.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Missing => "in the table, and never anchored",
            Self::Extra => "anchored, and not in the table",
            Self::Changed => "the table says something else than what was anchored",
            Self::Status => "the ledger says otherwise whether it is in force",
            Self::Late => "anchored too long after its legal date",
            Self::Duplicate => "the number of an earlier row again",
            Self::Invalid => "a row that cannot be compared",
        }
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One thing to look at. Values of cells are never in it: names of columns are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FindingView {
    /// Its kind.
    pub kind: FindingKind,
    /// The row of the table; none for what is not in it.
    pub row: Option<u64>,
    /// The record's number, where it is known.
    pub record: Option<String>,
    /// The record's key, where there is one.
    pub key: Option<ShownKey>,
    /// The version that this is about.
    pub version: Option<u64>,
    /// Where that version's entry stands.
    pub place: Option<Place>,
    /// The columns to look at.
    pub fields: Vec<String>,
    /// What was found.
    pub detail: String,
}

impl FindingView {
    /// The columns of its row.
    pub const HEADER: [&'static str; 10] = [
        "kind", "row", "record", "key", "version", "leaf", "height", "time", "fields", "detail",
    ];

    /// Its row in a table.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.kind.word().to_owned(),
            self.row.map(|row| row.to_string()).unwrap_or_default(),
            self.record.clone().unwrap_or_default(),
            self.key.map(|key| key.0.to_hex()).unwrap_or_default(),
            self.version
                .map(|version| version.to_string())
                .unwrap_or_default(),
        ];
        cells.extend(self.place.map(|place| place.cells()).unwrap_or_default());
        cells.extend([self.fields.join(", "), self.detail.clone()]);
        cells
    }

    /// One line for people.
    pub(super) fn words(&self) -> String {
        let row = self.row.map(|row| format!("row {row}  "));
        let record = match (&self.record, &self.key) {
            (Some(record), _) => format!("{record}  "),
            (None, Some(key)) => format!("key {key}  "),
            (None, None) => String::new(),
        };
        let place = self.place.map(|place| format!("  ({})", place.words()));
        format!(
            "▲ {:<9} {}{record}{}{}",
            self.kind.word(),
            row.unwrap_or_default(),
            self.detail,
            place.unwrap_or_default()
        )
    }
}
