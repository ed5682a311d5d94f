//! `muhr log mirror`: the copy of a log that was made.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A copy of a log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MirrorView {
    /// Where the log was read.
    pub url: String,
    /// The folder of the copy.
    pub dir: String,
    /// Name of the network.
    pub origin: String,
    /// Leaves of the copy.
    pub size: u64,
    /// Its root in base64.
    pub root: String,
    /// Files that were written now.
    pub files_written: u64,
}

impl CommandView for MirrorView {
    const SCHEMA: &'static str = "muhr/mirror/1";

    fn lines(&self) -> Vec<Line> {
        texts([format!(
            "✔ {} holds the log of {} up to size {}; {} files written",
            self.dir, self.origin, self.size, self.files_written
        )])
    }
}
