//! A draft: a change, alone or in its signed proposal, with what is in force and who asked for it.
//!
//! Made where there is a network, and read where there is none. Each part is a text of its own, whose length
//! stands before it: so it can be cut out, and is judged as it would be alone.

use std::collections::BTreeMap;

use super::request::{AGENCY_REQUEST_BYTES_MAX, AgencyRequest};
use crate::{
    agency::AGENCIES_MAX,
    epoch::CHANGE_BYTES_MAX,
    governance::{ChangeProposal, PROPOSAL_BYTES_MAX, ProposedChange},
    height::TimeMs,
    name::AgencyName,
    note::NOTE_BYTES_MAX,
    state_proof::STATE_PROOF_BYTES_MAX,
    text::{self, Malformed},
};

/// The most bytes of a draft.
pub const DRAFT_BYTES_MAX: usize = 1 << 20;

const WORD: &str = "muhr-draft/v1";
/// The most agencies of both sets.
const NODES_MAX: usize = 2 * AGENCIES_MAX;
/// Bytes of a proof of inclusion, at most: a note and a path.
const INCLUSION_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;

/// What a draft is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftedChange {
    /// A change that nobody has proposed yet, and when it would open.
    Unsigned {
        /// Time of the earliest block that may make it.
        opens: TimeMs,
        /// The change, without approvals.
        change: ProposedChange,
    },
    /// A proposal, with its author's signature.
    Proposed(Box<ChangeProposal>),
}

/// What was in force when the draft was made, with its proofs. They are judged under a trust file; here they are
/// texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForceText {
    /// The leaf with which the epoch began: the genesis, or the change of agencies.
    pub opened: String,
    /// That a change of agencies is in the log; the genesis is named by every trust file.
    pub inclusion: Option<String>,
    /// The network's state, with its proof.
    pub network: String,
}

/// How an agency's node was when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeHealth {
    /// It answers, is of this network, has its blocks and finds itself ready.
    Well,
    /// It does not answer.
    Away,
    /// It answers and is of another network.
    Foreign,
    /// It answers and lacks blocks.
    Behind,
    /// It answers and does not find itself ready: its clock, its disk, or others of its checks.
    Unready,
}

impl NodeHealth {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Well,
        Self::Away,
        Self::Foreign,
        Self::Behind,
        Self::Unready,
    ];

    /// The word in a draft.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Away => "away",
            Self::Foreign => "foreign",
            Self::Behind => "behind",
            Self::Unready => "unready",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.word() == word)
    }
}

/// How the nodes of both sets were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePoll {
    /// When they were asked, by the clock of whoever asked.
    pub time: TimeMs,
    /// By agency.
    pub nodes: BTreeMap<AgencyName, NodeHealth>,
}

/// The numbers that an agency must use next, as a node told. A wrong one is refused, and nothing worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextNumbers {
    /// Of its proposals.
    pub proposal: u64,
    /// Of its ballots.
    pub ballot: u64,
}

/// A change on its way from a desk to others. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeDraft {
    /// What it is about.
    pub drafted: DraftedChange,
    /// What each agency must say next.
    pub numbers: BTreeMap<AgencyName, NextNumbers>,
    /// How the nodes of both sets were.
    pub poll: NodePoll,
    /// What it is to be compared with.
    pub in_force: InForceText,
    /// The requests of which the change was made, by the names of the agencies.
    pub requests: Vec<AgencyRequest>,
}

impl DraftedChange {
    /// The change.
    #[must_use]
    pub const fn change(&self) -> &ProposedChange {
        match self {
            Self::Unsigned { change, .. } => change,
            Self::Proposed(proposal) => &proposal.statement.change,
        }
    }

    /// Time of the earliest block that may make the change.
    #[must_use]
    pub const fn opens(&self) -> TimeMs {
        match self {
            Self::Unsigned { opens, .. } => *opens,
            Self::Proposed(proposal) => proposal.statement.opens,
        }
    }
}

impl ChangeDraft {
    /// Returns whether a file begins as a draft does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        bytes.starts_with(WORD.as_bytes())
    }

    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{WORD}\n");
        let mut part = |word: &str, text: &str| {
            out += &format!("{word} {}\n{text}", text.len());
        };
        match &self.drafted {
            DraftedChange::Unsigned { change, .. } => part("change", &change.write()),
            DraftedChange::Proposed(proposal) => part("proposal", &proposal.write()),
        }
        part("opened", &self.in_force.opened);
        if let Some(inclusion) = &self.in_force.inclusion {
            part("inclusion", inclusion);
        }
        part("network", &self.in_force.network);
        for request in &self.requests {
            part("request", &request.write());
        }
        if let DraftedChange::Unsigned { opens, .. } = &self.drafted {
            out += &format!("opens {opens}\n");
        }
        for (agency, numbers) in &self.numbers {
            let NextNumbers { proposal, ballot } = numbers;
            out += &format!("next {agency} proposal {proposal} ballot {ballot}\n");
        }
        out += &format!("polled {}\n", self.poll.time);
        for (agency, health) in &self.poll.nodes {
            out += &format!("node {agency} {}\n", health.word());
        }
        out
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = text::Lines::new(bytes, DRAFT_BYTES_MAX)?.rest();
        let mut parts = DraftParts {
            rest: text,
            line: 0,
        };
        if parts.line()? != WORD {
            return Err(parts.malformed("not a draft of version 1"));
        }
        let change = parts.optional("change", CHANGE_BYTES_MAX)?;
        let change = change.map(|(text, line)| {
            ProposedChange::parse(text.as_bytes()).map_err(|error| error.after(line))
        });
        let change = change.transpose()?;
        let proposal = match &change {
            Some(_) => None,
            None => {
                let (text, line) = parts.part("proposal", PROPOSAL_BYTES_MAX)?;
                let read = ChangeProposal::parse(text.as_bytes());
                Some(read.map_err(|error| error.after(line))?)
            }
        };
        let in_force = InForceText {
            opened: parts.part("opened", CHANGE_BYTES_MAX)?.0.to_owned(),
            inclusion: parts
                .optional("inclusion", INCLUSION_BYTES_MAX)?
                .map(|(text, _)| text.to_owned()),
            network: parts.part("network", STATE_PROOF_BYTES_MAX)?.0.to_owned(),
        };
        let requests = parts.requests()?;
        let drafted = match (change, proposal) {
            (Some(change), _) => DraftedChange::Unsigned {
                opens: parts.time("opens")?,
                change,
            },
            (None, Some(proposal)) => DraftedChange::Proposed(Box::new(proposal)),
            (None, None) => return Err(parts.malformed("neither a change nor a proposal")),
        };
        let numbers = parts.numbers()?;
        let poll = parts.poll()?;
        let draft = Self {
            drafted,
            numbers,
            poll,
            in_force,
            requests,
        };
        text::same(bytes, draft.write().as_bytes())?;
        Ok(draft)
    }
}

/// Parts of a draft that are not read yet.
struct DraftParts<'a> {
    rest: &'a str,
    /// Number of the line last read.
    line: usize,
}

impl<'a> DraftParts<'a> {
    fn malformed(&self, what: impl Into<String>) -> Malformed {
        Malformed::new(self.line, what)
    }

    fn line(&mut self) -> Result<&'a str, Malformed> {
        self.line = self.line.saturating_add(1);
        let found = self.rest.split_once('\n');
        let (line, rest) = found.ok_or_else(|| self.malformed("the text ends too early"))?;
        self.rest = rest;
        Ok(line)
    }

    fn begins(&self, word: &str) -> bool {
        let behind = self.rest.strip_prefix(word);
        behind.is_some_and(|behind| behind.starts_with(' '))
    }

    /// The text of a part, and the number of the line above it.
    fn part(&mut self, word: &str, bytes_max: usize) -> Result<(&'a str, usize), Malformed> {
        let is_there = self.begins(word);
        let line = self.line()?;
        let length = line.split_once(' ').map(|(_, length)| length);
        let length = length.and_then(text::number).filter(|_| is_there);
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| *length <= bytes_max);
        let length = length
            .ok_or_else(|| self.malformed(format!("expected \"{word}\" and a length in bytes")))?;
        let above = self.line;
        let cut = self.rest.split_at_checked(length);
        let (text, rest) = cut.ok_or_else(|| self.malformed("the part ends too early"))?;
        if !text.ends_with('\n') {
            return Err(self.malformed("the part does not end with a line feed"));
        }
        self.line = above.saturating_add(text.lines().count());
        self.rest = rest;
        Ok((text, above))
    }

    fn optional(
        &mut self,
        word: &str,
        bytes_max: usize,
    ) -> Result<Option<(&'a str, usize)>, Malformed> {
        let is_there = self.begins(word);
        is_there.then(|| self.part(word, bytes_max)).transpose()
    }

    fn requests(&mut self) -> Result<Vec<AgencyRequest>, Malformed> {
        let mut requests: Vec<AgencyRequest> = Vec::new();
        while let Some((text, line)) = self.optional("request", AGENCY_REQUEST_BYTES_MAX)? {
            let request =
                AgencyRequest::parse(text.as_bytes()).map_err(|error| error.after(line))?;
            let name = |request: &AgencyRequest| request.statement.agency.name.clone();
            if requests
                .last()
                .is_some_and(|last| name(last) >= name(&request))
            {
                return Err(Malformed::new(
                    line,
                    "requests stand in the order of their agencies, each once",
                ));
            }
            requests.push(request);
        }
        Ok(requests)
    }

    fn time(&mut self, word: &str) -> Result<TimeMs, Malformed> {
        let line = self.line()?;
        let found = line.split_once(' ').filter(|(found, _)| *found == word);
        let time = found.and_then(|(_, time)| text::number(time));
        time.map(TimeMs::new)
            .ok_or_else(|| self.malformed(format!("expected \"{word}\" and a time")))
    }

    fn numbers(&mut self) -> Result<BTreeMap<AgencyName, NextNumbers>, Malformed> {
        let mut numbers = BTreeMap::new();
        while self.begins("next") {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            let read = match words.as_slice() {
                ["next", agency, "proposal", proposal, "ballot", ballot] => {
                    AgencyName::parse(agency).zip(text::number(proposal).zip(text::number(ballot)))
                }
                _ => None,
            };
            let (agency, (proposal, ballot)) = read.ok_or_else(|| {
                self.malformed("expected \"next\", an agency and its two next numbers")
            })?;
            let before = numbers.insert(agency, NextNumbers { proposal, ballot });
            if before.is_some() || numbers.len() > AGENCIES_MAX {
                return Err(self.malformed("each agency stands once, and there are not so many"));
            }
        }
        Ok(numbers)
    }

    fn poll(&mut self) -> Result<NodePoll, Malformed> {
        let time = self.time("polled")?;
        let mut nodes = BTreeMap::new();
        while !self.rest.is_empty() {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            let read = match words.as_slice() {
                ["node", agency, health] => {
                    AgencyName::parse(agency).zip(NodeHealth::parse(health))
                }
                _ => None,
            };
            let (agency, health) =
                read.ok_or_else(|| self.malformed("expected \"node\", an agency and how it is"))?;
            let before = nodes.insert(agency, health);
            if before.is_some() || nodes.len() > NODES_MAX {
                return Err(self.malformed("each agency stands once, and there are not so many"));
            }
        }
        Ok(NodePoll { time, nodes })
    }
}
