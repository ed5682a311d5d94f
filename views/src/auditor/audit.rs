//! `muhr audit`: what the whole log was found to be.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::ShownTime};

/// A log that was read whole and found free of contradictions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditView {
    /// Where it was read.
    pub url: String,
    /// Name of the network.
    pub origin: String,
    /// Leaves of the log.
    pub size: u64,
    /// Its root in base64.
    pub root: String,
    /// Blocks that were executed again.
    pub blocks: u64,
    /// Entries that were checked.
    pub entries: u64,
    /// Records that there are.
    pub records: usize,
    /// Tiles of hashes that were made again.
    pub tiles: u64,
    /// Height of the last block.
    pub height: u64,
    /// Time of the last block.
    pub time: ShownTime,
    /// The agencies that cosigned the checkpoint.
    pub cosigners: Vec<String>,
    /// The witnesses from outside that cosigned it.
    pub witnesses: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// How fast that was.
    pub entries_per_second: f64,
    /// What was found; what contradicts ends the command with an error.
    pub verdict: &'static str,
}

impl CommandView for AuditView {
    const SCHEMA: &'static str = "muhr/audit/1";

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![
            format!("✔ {} in the log of {}", self.verdict, self.origin),
            format!(
                "  checkpoint of size {}, cosigned by {} of the agencies: {}",
                self.size,
                self.cosigners.len(),
                self.cosigners.join(", ")
            ),
        ];
        if !self.witnesses.is_empty() {
            let count = counted(self.witnesses.len(), "outside witness", "outside witnesses");
            lines.push(format!("  and by {count}: {}", self.witnesses.join(", ")));
        }
        lines.extend([
            format!(
                "  {} executed again, each block leaf and index root as the rules lead to",
                counted(self.blocks, "block", "blocks")
            ),
            format!(
                "  {}: every signature, version and permission checked; {}",
                counted(self.entries, "entry", "entries"),
                counted(self.records, "record", "records")
            ),
            format!(
                "  {} of hashes and the root as the leaves lead to",
                counted(self.tiles, "tile", "tiles")
            ),
            format!(
                "  up to block {}, {}; {:.0} entries a second",
                self.height,
                self.time.local(),
                self.entries_per_second
            ),
        ]);
        texts(lines)
    }
}
