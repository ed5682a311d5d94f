//! `muhr govern show`: how a change differs from what is in force, for whoever is about to sign.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::ShownTime};

/// Who asked for the lines of an agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestOrigin {
    /// The agency, with its admin key in force.
    AdminKey,
    /// An agency that is new, with the admin key that it brings.
    OwnKey,
    /// Whoever holds the keys; no admin key has signed it.
    Unsigned,
    /// Nobody, as far as is shown.
    Nobody,
}

/// An agency that comes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ComingAgency {
    /// The agency.
    pub agency: String,
    /// Who asked for it.
    pub asked: RequestOrigin,
}

/// What changes of an agency that stays.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangedAgency {
    /// The agency.
    pub agency: String,
    /// What the keys are for that change.
    pub keys: Vec<&'static str>,
    /// Its address before, if it changes.
    pub url_before: Option<String>,
    /// Its address afterwards, if it changes.
    pub url_after: Option<String>,
    /// Who asked for it.
    pub asked: RequestOrigin,
}

/// A set of agencies in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ShownSet {
    /// How many agencies.
    pub agencies: usize,
    /// How many of them must agree.
    pub quorum: usize,
    /// How many of them may fail while the network goes on.
    pub may_fail: usize,
    /// How many recovery keys must sign after a disaster.
    pub recovery_threshold: u64,
}

/// A change of agencies.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownEpochChange {
    /// The epoch that would begin.
    pub epoch: u64,
    /// Those who come.
    pub comes: Vec<ComingAgency>,
    /// Those who go.
    pub goes: Vec<String>,
    /// Those who stay and change.
    pub changes: Vec<ChangedAgency>,
    /// Agencies that come, or whose keys change, without their own signed word.
    pub unasked: Vec<String>,
    /// Whether the key for the log's own line changes.
    pub publisher: bool,
    /// The set in force.
    pub before: ShownSet,
    /// The set that would begin.
    pub after: ShownSet,
    /// The words of the next trust file.
    pub words: String,
    /// Hash of the next trust file, 64 hexadecimal digits.
    pub trust: String,
    /// Whether a quorum of the next set's nodes was well when they were asked.
    pub live: bool,
}

/// A number of the rules that changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangedNumber {
    /// Its name.
    pub name: &'static str,
    /// In force.
    pub before: u64,
    /// As it would be.
    pub after: u64,
}

/// How an agency's node was when it was asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolledNode {
    /// The agency.
    pub agency: String,
    /// `well`, `away`, `foreign`, `behind` or `unready`.
    pub health: &'static str,
}

/// Who proposed a change.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownProposal {
    /// The agency, whose signature holds.
    pub author: String,
    /// Number of the proposal.
    pub number: u64,
    /// Its id, 64 hexadecimal digits.
    pub id: String,
}

/// A change, compared with what is in force.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeView {
    /// The file.
    pub file: String,
    /// Name of the network.
    pub origin: String,
    /// Who proposed it; none if nobody has.
    pub proposal: Option<ShownProposal>,
    /// From when on it would be made.
    pub opens: ShownTime,
    /// What changes of the agencies, if it is such a change.
    pub epoch: Option<ShownEpochChange>,
    /// What changes of the rules' numbers, if it is such a change.
    pub rules: Option<Vec<ChangedNumber>>,
    /// How the nodes of both sets were.
    pub nodes: Vec<PolledNode>,
    /// When they were asked.
    pub polled: ShownTime,
    /// The epoch that it is compared with.
    pub epoch_in_force: u64,
    /// Height of the newest block that proves what is in force.
    pub as_of_height: u64,
    /// Time of that block.
    pub as_of_time: ShownTime,
}

impl CommandView for ChangeView {
    const SCHEMA: &'static str = "muhr/change/1";

    fn lines(&self) -> Vec<Line> {
        let what = match &self.epoch {
            Some(epoch) => format!(
                "change of the agencies of {}: epoch {} begins",
                self.origin, epoch.epoch
            ),
            None => format!("change of the rules of {}", self.origin),
        };
        let proposed = match &self.proposal {
            Some(ShownProposal { author, number, id }) => {
                format!("  proposed by {author}, its proposal {number}: {id}")
            }
            None => "  proposed by nobody yet".to_owned(),
        };
        let mut lines = vec![what, proposed];
        lines.push(format!("  opens    {}", self.opens.local()));
        if let Some(epoch) = &self.epoch {
            lines.extend(epoch.lines());
        }
        let numbers = self.rules.iter().flatten();
        lines.extend(numbers.map(|number| {
            let ChangedNumber {
                name,
                before,
                after,
            } = number;
            format!("  {name}: {before} → {after}")
        }));
        lines.extend(self.nodes_line());
        lines.push(format!(
            "  compared with epoch {} as of block {}, {}",
            self.epoch_in_force,
            self.as_of_height,
            self.as_of_time.local()
        ));
        texts(lines)
    }
}

impl ChangeView {
    fn nodes_line(&self) -> Option<String> {
        let ill: Vec<String> = self
            .nodes
            .iter()
            .filter(|node| node.health != "well")
            .map(|node| format!("{} is {}", node.agency, node.health))
            .collect();
        let when = self.polled.local();
        let count = self.nodes.len();
        (count > 0).then(|| match ill.is_empty() {
            true => format!(
                "  nodes    all {} were well at {when}",
                counted(count, "node", "nodes")
            ),
            false => format!("  nodes    at {when}: {}", ill.join(", ")),
        })
    }
}

impl ShownEpochChange {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for coming in &self.comes {
            let asked = coming.asked.in_words();
            lines.push(format!("  comes    {} ({asked})", coming.agency));
        }
        lines.extend(
            self.goes
                .iter()
                .map(|agency| format!("  goes     {agency}")),
        );
        for changed in &self.changes {
            let ChangedAgency { agency, keys, .. } = changed;
            if !keys.is_empty() {
                let (keys, asked) = (keys.join(", "), changed.asked.in_words());
                lines.push(format!("  keys     {agency}: {keys} ({asked})"));
            }
            if let (Some(before), Some(after)) = (&changed.url_before, &changed.url_after) {
                lines.push(format!("  address  {agency}: {before} → {after}"));
            }
        }
        if self.publisher {
            lines.push("  keys     the key for the log's own line".to_owned());
        }
        let unasked = self.unasked.iter().map(|agency| {
            format!(
                "  ▲ keys of {agency} without its own signed request: they may be anybody's; ask it by telephone"
            )
        });
        lines.extend(unasked);
        let (before, after) = (&self.before, &self.after);
        lines.push(format!(
            "  agencies {} → {}; {} → {} must agree; {} → {} may fail",
            before.agencies,
            after.agencies,
            before.quorum,
            after.quorum,
            before.may_fail,
            after.may_fail
        ));
        if before.recovery_threshold != after.recovery_threshold {
            lines.push(format!(
                "  recovery keys that must sign after a disaster: {} → {}",
                before.recovery_threshold, after.recovery_threshold
            ));
        }
        if !self.live {
            lines.push(format!(
                "  ▲ fewer than {} nodes of the next set were well when they were asked: it might not begin",
                after.quorum
            ));
        }
        lines.push(format!("  words of the next trust file: {}", self.words));
        lines
    }
}

impl RequestOrigin {
    const fn in_words(self) -> &'static str {
        match self {
            Self::AdminKey => "asked for with its admin key",
            Self::OwnKey => "asked for with the admin key that it brings",
            Self::Unsigned => "asked for, and no admin key has signed it",
            Self::Nobody => "no request is shown",
        }
    }
}
