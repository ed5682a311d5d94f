//! `muhr network create`: the network that was made.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A node of a network that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NewNode {
    /// Its agency or observer.
    pub name: String,
    /// Where it will answer.
    pub url: String,
    /// Its folder.
    pub dir: String,
}

/// A network that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NetworkView {
    /// Name of the network.
    pub origin: String,
    /// Its identity, 64 hexadecimal digits.
    pub genesis: String,
    /// The words of its trust file.
    pub words: String,
    /// How many agencies must agree.
    pub quorum: usize,
    /// Its nodes.
    pub nodes: Vec<NewNode>,
    /// How many agencies it has.
    #[serde(skip)]
    pub agencies: usize,
    /// The folder of all, as it was given.
    #[serde(skip)]
    pub dir: String,
}

impl CommandView for NetworkView {
    const SCHEMA: &'static str = "muhr/network/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            origin,
            genesis,
            words,
            quorum,
            agencies,
            dir,
            ..
        } = self;
        let mut lines = vec![
            format!("✔ network {origin} with {agencies} agencies, {quorum} of which must agree"),
            format!("  genesis {genesis}"),
        ];
        let run =
            |node: &NewNode| format!("  muhr-node run --dir {dir}/{}    {}", node.name, node.url);
        lines.extend(self.nodes.iter().map(run));
        lines.push(format!(
            "  trust file for everybody who verifies: {dir}/trust.policy"
        ));
        lines.push(format!("  its words, to be compared by telephone: {words}"));
        texts(lines)
    }
}
