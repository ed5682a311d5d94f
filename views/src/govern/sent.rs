//! `muhr govern send`: what was handed in, who took it, and that it is in the log.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A node's answer to what was handed in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HandedTo {
    /// Address of the node.
    pub node: String,
    /// Whether it took it.
    pub taken: bool,
    /// Why not, if it did not.
    pub reason: Option<String>,
}

/// One file that was handed in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SentWord {
    /// The file.
    pub file: String,
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// The nodes that were asked.
    pub nodes: Vec<HandedTo>,
    /// Its leaf, once it is proven to be in the log.
    pub index: Option<u64>,
    /// Leaves of the log that holds it.
    pub size: Option<u64>,
    /// Who cosigned that log's checkpoint.
    pub cosigners: Vec<String>,
}

/// What was handed in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GovernanceSentView {
    /// All files, in their order.
    pub sent: Vec<SentWord>,
    /// How many nodes are to be handed each, so that one of them is honest whoever is not.
    pub nodes_needed: usize,
}

impl GovernanceSentView {
    /// Returns whether all are in the log.
    #[must_use]
    pub fn are_all_final(&self) -> bool {
        self.sent.iter().all(|word| word.index.is_some())
    }
}

impl CommandView for GovernanceSentView {
    const SCHEMA: &'static str = "muhr/governance-sent/1";

    fn lines(&self) -> Vec<Line> {
        let lines = self.sent.iter().flat_map(|word| {
            let stands = word.index.zip(word.size);
            let first = match stands {
                Some((index, size)) => {
                    format!("✔ {}: in the log, leaf {index} of {size}", word.file)
                }
                None => format!("▲ {}: not in the log yet", word.file),
            };
            let cosigners = word.cosigners.join(", ");
            let cosigned = stands.map(|_| format!("  cosigned by {cosigners}"));
            let nodes = word.nodes.iter().map(|node| match &node.reason {
                None => format!("  ✔ {}", node.node),
                Some(reason) => format!("  ✘ {}: {reason}", node.node),
            });
            let nodes: Vec<String> = nodes.collect();
            std::iter::once(first).chain(cosigned).chain(nodes)
        });
        texts(lines)
    }
}
