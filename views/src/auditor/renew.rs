//! `muhr receipt refresh` and `bridge`: receipts that were proven anew.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, shown::Ruling};

/// A receipt that was replaced.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RenewedFile {
    /// Its file.
    pub file: String,
    /// What is said of it now.
    pub verdict: Ruling,
    /// By whose word it is believed.
    pub way: &'static str,
    /// Leaves of the log that proves it.
    pub size: u64,
}

impl RenewedFile {
    /// What is said as soon as it is replaced.
    #[must_use]
    pub fn line(&self) -> Line {
        let Self { file, way, .. } = self;
        Line::judged("", self.verdict.0, format!("  {file}  ({way})"))
    }
}

fn lines(files: &[RenewedFile]) -> Vec<Line> {
    files.iter().map(RenewedFile::line).collect()
}

/// Receipts that a node or a mirror has proven anew.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RefreshView {
    /// The receipts.
    pub files: Vec<RenewedFile>,
}

impl CommandView for RefreshView {
    const SCHEMA: &'static str = "muhr/receipt-refresh/1";

    fn lines(&self) -> Vec<Line> {
        lines(&self.files)
    }
}

/// Receipts that were bridged to how their epoch ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BridgeView {
    /// The receipts.
    pub files: Vec<RenewedFile>,
}

impl CommandView for BridgeView {
    const SCHEMA: &'static str = "muhr/receipt-bridge/1";

    fn lines(&self) -> Vec<Line> {
        lines(&self.files)
    }
}
