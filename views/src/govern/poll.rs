//! `muhr govern check`: how the nodes of both sets are.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    CommandView, Line,
    govern::change::{PolledNode, ShownSet},
    line::texts,
    shown::ShownTime,
};

/// How the nodes of both sets are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodePollView {
    /// When they were asked.
    pub polled: ShownTime,
    /// The nodes.
    pub nodes: Vec<PolledNode>,
    /// The set in force.
    pub present: ShownSet,
    /// How many nodes of it are well.
    pub present_well: usize,
    /// The set that would begin; none for a change of the rules' numbers.
    pub next: Option<ShownSet>,
    /// How many nodes of it are well.
    pub next_well: Option<usize>,
    /// The draft that holds it now, if it was written.
    pub file: Option<String>,
}

impl NodePollView {
    /// Returns whether both sets have a quorum of nodes that are well.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let next = self.next.zip(self.next_well);
        self.present_well >= self.present.quorum
            && next.is_none_or(|(next, well)| well >= next.quorum)
    }
}

impl CommandView for NodePollView {
    const SCHEMA: &'static str = "muhr/node-poll/1";

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![format!("nodes at {}", self.polled.local())];
        lines.extend(self.nodes.iter().map(|node| {
            let mark = if node.health == "well" { "✔" } else { "✘" };
            format!("  {mark} {:<16} {}", node.agency, node.health)
        }));
        let set = |which: &str, set: &ShownSet, well: usize| {
            let mark = if well < set.quorum { "▲ " } else { "" };
            format!(
                "  {mark}{} of the {which} {} are well; {} are needed",
                counted(well, "node", "nodes"),
                set.agencies,
                set.quorum
            )
        };
        lines.push(set("present", &self.present, self.present_well));
        let next = self.next.as_ref().zip(self.next_well);
        lines.extend(next.map(|(next, well)| set("next", next, well)));
        let file = self.file.as_ref();
        lines.extend(file.map(|file| format!("  written into {file}")));
        texts(lines)
    }
}
