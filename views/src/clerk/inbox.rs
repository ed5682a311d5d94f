//! `muhr inbox`: records that wait for an agency's word, as a node tells.

use messages::counted;
use std::time::Duration;

use messages::time::local;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A record that waits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaitingRecord {
    /// Its registry.
    pub registry: String,
    /// Its key, 64 hexadecimal digits.
    pub key: String,
    /// The version that waits.
    pub version: u64,
    /// Its leaf.
    pub index: u64,
    /// When it was recorded, in milliseconds since 1970.
    pub time: u64,
    /// The last moment at which a confirmation counts, in milliseconds since 1970; none for no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// What others have made of it so far.
    pub endorsement: String,
}

/// Records that wait for an agency's word.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InboxView {
    /// Never: it is a node's word.
    pub proven: bool,
    /// The agency.
    pub agency: String,
    /// How many wait in all.
    pub all: u64,
    /// Those that are shown.
    pub records: Vec<WaitingRecord>,
}

impl CommandView for InboxView {
    const SCHEMA: &'static str = "muhr/inbox/1";

    fn lines(&self) -> Vec<Line> {
        texts(self.records.iter().map(WaitingRecord::words))
    }
}

impl WaitingRecord {
    fn words(&self) -> String {
        let until = self.until.map_or_else(
            || "no end".to_owned(),
            |until| {
                let left = Duration::from_millis(until.saturating_sub(self.time));
                format!(
                    "until {} ({} in all)",
                    local(until),
                    counted(left.as_secs() / 86_400, "day", "days")
                )
            },
        );
        format!(
            "{}  {}  version {}  leaf {}  {}  {until}",
            self.registry, self.key, self.version, self.index, self.endorsement
        )
    }
}
