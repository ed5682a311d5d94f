//! `muhr log mirror`: the copy of a log that was made.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// What a witness that was named said of the copy's checkpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AskedWitness {
    /// The name that it was given.
    pub name: String,
    /// Where it was asked.
    pub url: String,
    /// True if a line of its key stands under the checkpoint of the copy.
    pub cosigned: bool,
    /// Code of the reason why it gave no line now; none if it gave one.
    pub code: Option<String>,
    /// The reason in words.
    pub reason: Option<String>,
}

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
    /// The witnesses that were named, in their order.
    pub witnesses: Vec<AskedWitness>,
}

impl MirrorView {
    /// Returns whether every witness that was named has cosigned.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        self.witnesses.iter().all(|witness| witness.cosigned)
    }
}

impl CommandView for MirrorView {
    const SCHEMA: &'static str = "muhr/mirror/1";

    fn lines(&self) -> Vec<Line> {
        let mark = if self.is_witnessed() { "✔" } else { "▲" };
        let held = format!(
            "{mark} {} holds the log of {} up to size {}; {} written",
            self.dir,
            self.origin,
            self.size,
            counted(self.files_written, "file", "files")
        );
        let asked = self.witnesses.iter().map(
            |AskedWitness {
                 name,
                 url,
                 cosigned,
                 reason,
                 ..
             }| {
                let mark = if *cosigned { "✔" } else { "✘" };
                match (reason, cosigned) {
                    (None, true) => format!("  {mark} witness {name} at {url}: cosigned"),
                    (None, false) => format!("  {mark} witness {name} at {url}: did not cosign"),
                    (Some(reason), true) => {
                        format!(
                            "  {mark} witness {name} at {url}: cosigned this before; now: {reason}"
                        )
                    }
                    (Some(reason), false) => format!("  {mark} witness {name} at {url}: {reason}"),
                }
            },
        );
        texts(std::iter::once(held).chain(asked))
    }
}
