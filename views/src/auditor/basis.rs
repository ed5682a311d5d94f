//! What reports rest on, and where in the log an entry stands.

use schemars::JsonSchema;
use serde::Serialize;

use crate::shown::ShownTime;

/// The checkpoint and the block up to which a log was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Basis {
    /// Name of the network.
    pub origin: String,
    /// Leaves of the log.
    pub size: u64,
    /// Its root in base64.
    pub root: String,
    /// Height of the last block.
    pub height: u64,
    /// Time of the last block.
    pub time: ShownTime,
    /// Who cosigned the checkpoint.
    pub cosigners: Vec<String>,
}

impl Basis {
    /// The same for people.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "checkpoint of size {} of {}, block {}, {}; cosigned by {}; every entry and rule checked",
            self.size,
            self.origin,
            self.height,
            self.time.local(),
            self.cosigners.join(", ")
        )
    }
}

/// Where an entry stands in the log, and when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// Its leaf.
    pub leaf: u64,
    /// Height of its block.
    pub height: u64,
    /// Time of its block.
    pub time: ShownTime,
}

impl Place {
    /// The same for people.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { leaf, height, time } = self;
        format!("leaf {leaf}, block {height}, {}", time.local())
    }

    /// Three cells of a table.
    #[must_use]
    pub fn cells(&self) -> [String; 3] {
        let Self { leaf, height, time } = self;
        [leaf.to_string(), height.to_string(), time.iso()]
    }
}
