//! `muhr network status`: how a node sees its network, and who is missing.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::WITHOUT_LOG_LINE};

/// One peer as a node sees it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PeerStatus {
    /// The agency or observer.
    pub name: String,
    /// Whether something was heard from it lately.
    pub reached: bool,
    /// Milliseconds since something was last heard from it; none if nothing was since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<u64>,
    /// Why it is not reached, as far as the node knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it does not vote, as it told itself, if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
    /// Milliseconds by which its clock is ahead of the node's; negative if it is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ms: Option<i64>,
    /// The height it last told.
    pub height: u64,
    /// Size of the newest checkpoint that it cosigned.
    pub cosigned: u64,
}

/// A node's word on how it and its network are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatusView {
    /// The agency whose node this is; none for an observer.
    pub agency: Option<String>,
    /// `validator` or `observer`.
    pub role: String,
    /// Version of the program.
    pub version: String,
    /// Name of the network.
    pub origin: String,
    /// Height of its last block.
    pub height: u64,
    /// Leaves in its log.
    pub size: u64,
    /// Size of the newest checkpoint with a quorum of cosignatures.
    pub published: u64,
    /// Whether that checkpoint has the line of the log's own key.
    pub log_signed: bool,
    /// Round of the height being decided.
    pub round: u64,
    /// Step of that round.
    pub step: String,
    /// Entries waiting.
    pub waiting: u64,
    /// How many validators must agree.
    pub quorum: u64,
    /// How many validators vote and are reached by this node, itself included.
    pub reached: u64,
    /// Validators that are not reached, or do not vote.
    pub missing: Vec<String>,
    /// All peers.
    pub peers: Vec<PeerStatus>,
    /// Peers that do not know this node yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_known_to: Vec<String>,
    /// Why it does not vote, if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_voting: Option<String>,
    /// Milliseconds by which its clock is ahead of the others'; negative if it is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ms: Option<i64>,
    /// What an operator should know, a sentence each.
    pub warnings: Vec<String>,
}

impl CommandView for StatusView {
    const SCHEMA: &'static str = "muhr/status/1";

    fn lines(&self) -> Vec<Line> {
        let who = self.agency.as_deref().unwrap_or("an observer");
        let mut lines = vec![
            format!(
                "{} as {who} sees it  (muhr-node {})",
                self.origin, self.version
            ),
            format!(
                "  block {}  log size {}  published {}  waiting {}  round {} {}",
                self.height, self.size, self.published, self.waiting, self.round, self.step
            ),
        ];
        lines.extend(self.peers.iter().map(|peer| self.peer(peer)));
        let (reached, quorum) = (self.reached, self.quorum);
        lines.push(if reached < quorum {
            format!(
                "  ▲ stopped safely: {} reached that vote, {quorum} are needed; missing: {}",
                counted(reached, "validator", "validators"),
                self.missing.join(", ")
            )
        } else {
            format!(
                "  {} reached that vote; {} more may be lost before the network stops",
                counted(reached, "validator", "validators"),
                reached - quorum
            )
        });
        if self.published > 0 && !self.log_signed {
            lines.push(format!("  ▲ the newest checkpoint is {WITHOUT_LOG_LINE}"));
        }
        let silent = self.not_voting.as_ref();
        lines.extend(silent.map(|reason| format!("  ▲ this node does not vote: {reason}")));
        let warnings = self.warnings.iter();
        lines.extend(warnings.map(|warning| format!("  ▲ {warning}")));
        texts(lines)
    }
}

impl StatusView {
    fn peer(&self, peer: &PeerStatus) -> String {
        let mark = if peer.reached { "✔" } else { "✘" };
        let said = if self.not_known_to.contains(&peer.name) {
            "does not know this node yet: its key may not be in their set".to_owned()
        } else {
            peer.presence()
        };
        format!(
            "  {mark} {:<16} block {:<8} cosigned {:<10} {said}",
            peer.name, peer.height, peer.cosigned
        )
    }
}

impl PeerStatus {
    /// What to say of a peer that is not reached, or does not vote.
    fn presence(&self) -> String {
        if self.reached {
            let silent = self.silent.as_ref();
            return silent.map_or_else(String::new, |reason| {
                format!("is reached and does not vote: {reason}")
            });
        }
        let heard = match self.heard_ms {
            Some(ms) => format!("not reached; last heard {} s ago", ms / 1000),
            None => "not reached, never heard".to_owned(),
        };
        match &self.reason {
            Some(reason) => format!("{heard} ({reason})"),
            None => heard,
        }
    }
}
