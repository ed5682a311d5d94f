//! `muhr report compromised-key`: all that one clerk's key has signed since a time.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use super::basis::{Basis, Place};
use crate::{
    CommandView, Line,
    line::texts,
    shown::{ShownKey, ShownTime, named},
};

/// One entry that the key has signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SignedEntry {
    /// Where it stands.
    pub place: Place,
    /// Its registry.
    pub registry: String,
    /// The record's number, where a receipt tells it.
    pub record: Option<String>,
    /// The record's key.
    pub key: ShownKey,
    /// The version.
    pub version: u64,
    /// What was done, in a word.
    pub operation: &'static str,
    /// The reason that was given.
    pub reason: Option<String>,
    /// Whether nothing has followed it.
    pub stands: bool,
}

impl SignedEntry {
    /// The columns of its row.
    pub const HEADER: [&'static str; 10] = [
        "leaf",
        "height",
        "time",
        "registry",
        "record",
        "key",
        "version",
        "operation",
        "reason",
        "stands",
    ];

    /// Its row in a table.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let mut cells = self.place.cells().to_vec();
        cells.extend([
            self.registry.clone(),
            self.record.clone().unwrap_or_default(),
            self.key.0.to_hex(),
            self.version.to_string(),
            self.operation.to_owned(),
            self.reason.clone().unwrap_or_default(),
            if self.stands { "yes" } else { "no" }.to_owned(),
        ]);
        cells
    }

    fn words(&self, clerk: &str) -> String {
        format!(
            "{}  {clerk}  {} version {} of {} in {}{}",
            self.place.words(),
            self.operation,
            self.version,
            named(self.record.as_deref(), self.key),
            self.registry,
            if self.stands {
                ""
            } else {
                "  (followed since)"
            }
        )
    }
}

/// What a clerk's key has signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CompromisedKeyView {
    /// What this rests on.
    pub basis: Basis,
    /// The clerk.
    pub clerk: String,
    /// The public key in base64.
    pub public: String,
    /// When it was revoked.
    pub revoked: Option<ShownTime>,
    /// Since when its entries are told.
    pub since: Option<ShownTime>,
    /// How many entries it has signed in all.
    pub signed: usize,
    /// Those of that time.
    pub entries: Vec<SignedEntry>,
}

impl CommandView for CompromisedKeyView {
    const SCHEMA: &'static str = "muhr/compromised-key/1";

    fn lines(&self) -> Vec<Line> {
        let Self { clerk, signed, .. } = self;
        let entries = self.entries.iter().map(|entry| entry.words(clerk));
        let from = self.since.map_or_else(
            || "from the first".to_owned(),
            |since| format!("since {}", since.local()),
        );
        let count = self.entries.len();
        let are = if count == 1 { "is" } else { "are" };
        let signed = counted(signed, "entry", "entries");
        let sum = [
            format!("{count} of the {signed} of {clerk} {are} affected, {from}"),
            match self.revoked {
                Some(time) => format!("  the key was revoked {}", time.local()),
                None => "  the key is not revoked: it still signs; muhr clerk revoke ends that"
                    .to_owned(),
            },
            format!("  {}", self.basis.words()),
        ];
        texts(entries.chain(sum))
    }
}
