//! `muhr receipt redact` and `erase`: what is shown no more.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A copy of a receipt that withholds fields.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RedactView {
    /// The receipt.
    pub file: String,
    /// The copy.
    pub out: String,
    /// Names of the fields that it shows.
    pub shown: Vec<String>,
    /// How many fields it withholds at the most.
    pub withheld_max: usize,
}

impl CommandView for RedactView {
    const SCHEMA: &'static str = "muhr/receipt-redact/1";

    fn lines(&self) -> Vec<Line> {
        texts([
            format!("✔ redacted  {}", self.out),
            format!("  shown: {}", self.shown.join(", ")),
            format!(
                "  withheld: at most {}",
                counted(self.withheld_max, "field", "fields")
            ),
        ])
    }
}

/// A file that was left as it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LeftFile {
    /// The file.
    pub file: String,
    /// Why.
    pub why: String,
}

/// Openings that were destroyed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EraseView {
    /// Files that show nothing any more.
    pub erased: Vec<String>,
    /// Files that had nothing to show.
    pub had_none: Vec<String>,
    /// Files that were left, and hold openings or may.
    pub left: Vec<LeftFile>,
    /// What was erased, with the number of receipts of files that hold several.
    #[serde(skip)]
    pub counted: Vec<String>,
}

impl CommandView for EraseView {
    const SCHEMA: &'static str = "muhr/receipt-erase/1";

    fn lines(&self) -> Vec<Line> {
        let erased = self.counted.iter().map(|one| format!("✔ erased  {one}"));
        let left = self.left.iter();
        let left = left.map(|LeftFile { file, why }| format!("✘ left    {file}: {why}"));
        let sum = format!(
            "  {} erased, {} had no private part, {} left",
            self.erased.len(),
            self.had_none.len(),
            self.left.len()
        );
        texts(erased.chain(left).chain([sum]))
    }
}
