//! `muhr report check`: whether a report is as it was signed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, shown::Ruling};

/// A file of a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SealedFile {
    /// Its name.
    pub file: String,
    /// `as signed`, `altered` or `missing`.
    pub state: &'static str,
}

/// What is said of a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReportCheckView {
    /// In a word.
    pub verdict: Ruling,
    /// The exit code of that.
    pub exit_code: u8,
    /// Who has signed it.
    pub signer: String,
    /// Name of the network.
    pub origin: String,
    /// Leaves of the log that it is about.
    pub size: u64,
    /// Root of that log in base64.
    pub root: String,
    /// Its files.
    pub files: Vec<SealedFile>,
}

impl CommandView for ReportCheckView {
    const SCHEMA: &'static str = "muhr/report-check/1";

    fn lines(&self) -> Vec<Line> {
        let of = format!(
            "  report on the log of {} at size {}, signed by {}",
            self.origin, self.size, self.signer
        );
        let line = |SealedFile { file, state }: &SealedFile| format!("  {file}: {state}");
        let files = self.files.iter().map(line).map(Line::text);
        let first = Line::judged("", self.verdict.0, of);
        std::iter::once(first).chain(files).collect()
    }
}
