//! What became of one entry of a clerk's, and receipts that were taken out of an archive.

use protocol::entry::Operation;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    CommandView, Line,
    line::texts,
    shown::{self, ShownTime},
};

/// One entry that is final, with its receipt.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AnchorView {
    /// The record's number, where the receipt shows it.
    pub record: Option<String>,
    /// Its registry.
    pub registry: String,
    /// What was done, in a word.
    #[serde(serialize_with = "shown::operation")]
    #[schemars(with = "&str")]
    pub operation: Operation,
    /// The version that this made, or was about.
    pub version: u64,
    /// Its leaf.
    pub index: u64,
    /// Height of its block.
    pub height: u64,
    /// Time of its block.
    pub time: ShownTime,
    /// Who cosigned the checkpoint.
    pub cosigners: Vec<String>,
    /// The file of the receipt.
    pub receipt: String,
    /// How many agencies there are.
    #[serde(skip)]
    pub agencies: usize,
}

impl CommandView for AnchorView {
    const SCHEMA: &'static str = "muhr/anchor/1";

    fn lines(&self) -> Vec<Line> {
        let done = match self.operation {
            Operation::Register => "anchored",
            Operation::Amend => "amended",
            Operation::Correct => "corrected",
            Operation::Suspend => "suspended",
            Operation::Reinstate => "reinstated",
            Operation::Revoke => "revoked",
            Operation::Confirm => "confirmed",
            Operation::Dispute => "disputed",
            Operation::Withdraw => "withdrawn",
        };
        texts([
            format!(
                "✔ {done}  {}  in {}, version {}",
                self.record.as_deref().unwrap_or(""),
                self.registry,
                self.version
            ),
            format!(
                "  block {}  {}  cosigned by {} of {} agencies",
                self.height,
                self.time.local(),
                self.cosigners.len(),
                self.agencies
            ),
            format!("  receipt {}", self.receipt),
        ])
    }
}

/// A receipt out of an archive.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExtractView {
    /// The record's number.
    pub record: String,
    /// Its registry.
    pub registry: String,
    /// The file that was written.
    pub receipt: String,
}

impl CommandView for ExtractView {
    const SCHEMA: &'static str = "muhr/extract/1";

    fn lines(&self) -> Vec<Line> {
        texts([format!("✔ {}", self.receipt)])
    }
}
