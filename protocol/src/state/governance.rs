//! The values of the index that governance reads: its waits and quotas, open proposals, ballots, marks
//! of readiness, and the change that was last made.
//!
//! An agency has one proposal at most, so each value stands under names of agencies and is overwritten:
//! the index never forgets a place, and these places are few.

use super::index_key;
use crate::{
    entry::Entry,
    governance::{ChangeProposal, ReadyFor, Stance},
    hash::{EntryId, IndexKey},
    height::{Height, LeafIndex, LogSize, TimeMs},
    key::Signature,
    name::AgencyName,
    text,
};

/// The waits and quotas of governance. Milliseconds are of block time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Governance {
    /// Milliseconds from the block of a proposal to its opening, at least.
    pub notice_ms: u64,
    /// Milliseconds from the block of a proposal to its opening, at most.
    pub horizon_ms: u64,
    /// Milliseconds before the opening in which marks of readiness count.
    pub ready_ms: u64,
    /// Milliseconds after the opening in which the change must have been made.
    pub grace_ms: u64,
    /// Milliseconds in which whoever has left still serves.
    pub retire_ms: u64,
    /// Milliseconds between two return marks of one agency, at least.
    pub return_ms: u64,
    /// Proposals of one agency in a day of 86,400,000 ms, at most.
    pub proposals_a_day: u64,
    /// Ballots of one agency about one proposal, at most.
    pub ballots: u64,
}

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;

impl Default for Governance {
    fn default() -> Self {
        Self {
            notice_ms: 900_000,
            horizon_ms: 90 * DAY_MS,
            ready_ms: 600_000,
            grace_ms: 1_800_000,
            retire_ms: 600_000,
            return_ms: 3_600_000,
            proposals_a_day: 4,
            ballots: 8,
        }
    }
}

impl Governance {
    /// The eight numbers, separated by spaces.
    #[must_use]
    pub fn write(&self) -> String {
        let Self {
            notice_ms,
            horizon_ms,
            ready_ms,
            grace_ms,
            retire_ms,
            return_ms,
            proposals_a_day,
            ballots,
        } = self;
        format!(
            "{notice_ms} {horizon_ms} {ready_ms} {grace_ms} {retire_ms} {return_ms} {proposals_a_day} {ballots}"
        )
    }

    /// Reads the eight numbers.
    pub fn parse(value: &str) -> Option<Self> {
        let numbers: Vec<u64> = value.split(' ').map(text::number).collect::<Option<_>>()?;
        let [
            notice_ms,
            horizon_ms,
            ready_ms,
            grace_ms,
            retire_ms,
            return_ms,
            proposals_a_day,
            ballots,
        ] = *numbers.as_slice()
        else {
            return None;
        };
        Some(Self {
            notice_ms,
            horizon_ms,
            ready_ms,
            grace_ms,
            retire_ms,
            return_ms,
            proposals_a_day,
            ballots,
        })
    }

    /// Returns whether a network can be governed by them: marks have a whole window between proposal and
    /// opening, no wait is longer than a year, and everybody may propose and vote.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        const YEAR_MS: u64 = 366 * DAY_MS;
        (1000..=self.notice_ms).contains(&self.ready_ms)
            && self.notice_ms < self.horizon_ms
            && self.horizon_ms <= YEAR_MS
            && (1000..=YEAR_MS).contains(&self.grace_ms)
            && (1000..=YEAR_MS).contains(&self.retire_ms)
            && (1000..=YEAR_MS).contains(&self.return_ms)
            && (1..=1000).contains(&self.proposals_a_day)
            && (2..=1000).contains(&self.ballots)
    }
}

/// How a proposal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalEnd {
    /// The change was made.
    Made,
    /// Its proposer took it back.
    Withdrawn,
    /// So many were against it that it could not pass any more.
    Rejected,
    /// When it was due, too few were for it.
    TooFew,
    /// When it was due, too few of the present set had said that their keys are at hand.
    PresentUnready,
    /// When it was due, too few of the set that would have begun had, or one that is new had not.
    NextUnready,
    /// No block was made in time.
    TooLate,
    /// It no longer fitted what was in force.
    Overtaken,
}

impl ProposalEnd {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Made,
        Self::Withdrawn,
        Self::Rejected,
        Self::TooFew,
        Self::PresentUnready,
        Self::NextUnready,
        Self::TooLate,
        Self::Overtaken,
    ];

    /// The word in a value.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Withdrawn => "withdrawn",
            Self::Rejected => "rejected",
            Self::TooFew => "too-few",
            Self::PresentUnready => "present-unready",
            Self::NextUnready => "next-unready",
            Self::TooLate => "too-late",
            Self::Overtaken => "overtaken",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.word() == word)
    }
}

/// The last proposal of an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// It may still come into force.
    Open {
        /// Identity of the proposal.
        id: EntryId,
        /// The proposal.
        proposal: Box<ChangeProposal>,
        /// Height of its block.
        height: Height,
        /// Its leaf.
        index: LeafIndex,
    },
    /// It is over.
    Ended {
        /// The agency that proposed it.
        author: AgencyName,
        /// The proposal.
        id: EntryId,
        /// Its leaf.
        index: LeafIndex,
        /// How it ended.
        end: ProposalEnd,
        /// Height of the block in which it ended.
        height: Height,
    },
}

impl ProposalState {
    /// Key of the place in the index of the agency's last proposal.
    #[must_use]
    pub fn index_key(author: &AgencyName) -> IndexKey {
        index_key("proposal", &[author.as_str().as_bytes()])
    }

    /// The agency that proposed it.
    #[must_use]
    pub const fn author(&self) -> &AgencyName {
        match self {
            Self::Open { proposal, .. } => &proposal.statement.author,
            Self::Ended { author, .. } => author,
        }
    }

    /// The same once it is over. What is over already ended as it did.
    #[must_use]
    pub fn ended(&self, end: ProposalEnd, height: Height) -> Self {
        match self {
            Self::Open {
                id,
                proposal,
                index,
                ..
            } => Self::Ended {
                author: proposal.statement.author.clone(),
                id: *id,
                index: *index,
                end,
                height,
            },
            Self::Ended { .. } => self.clone(),
        }
    }

    /// The value: one line; of an open proposal, the whole leaf behind it.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Open {
                proposal,
                height,
                index,
                ..
            } => format!(
                "proposal {} open height {height} index {index}\n{}",
                proposal.statement.author,
                proposal.write()
            ),
            Self::Ended {
                author,
                id,
                index,
                end,
                height,
            } => format!(
                "proposal {author} {} height {height} index {index} id {id}\n",
                end.word()
            ),
        }
    }

    /// Reads a value; `None` for anything that [`Self::write`] would not give back.
    pub fn parse(value: &str) -> Option<Self> {
        let (line, leaf) = value.split_once('\n')?;
        let words: Vec<&str> = line.split(' ').collect();
        let state = match words.as_slice() {
            ["proposal", _, "open", "height", height, "index", index] => Self::Open {
                id: Entry::id_of_parsed(leaf.as_bytes()),
                proposal: Box::new(ChangeProposal::parse(leaf.as_bytes()).ok()?),
                height: Height::new(text::number(height)?),
                index: LeafIndex::new(text::number(index)?),
            },
            [
                "proposal",
                author,
                end,
                "height",
                height,
                "index",
                index,
                "id",
                id,
            ] => Self::Ended {
                author: AgencyName::parse(author)?,
                id: EntryId::from_base64(id)?,
                index: LeafIndex::new(text::number(index)?),
                end: ProposalEnd::parse(end)?,
                height: Height::new(text::number(height)?),
            },
            _ => return None,
        };
        (state.write() == value).then_some(state)
    }
}

/// The last ballot of an agency about the last proposal of an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BallotState {
    /// The agency that proposed.
    pub proposer: AgencyName,
    /// The agency that votes.
    pub voter: AgencyName,
    /// The proposal: ballots about earlier ones of the same agency say nothing.
    pub proposal: EntryId,
    /// For or against.
    pub stance: Stance,
    /// Number of the voter's ballots about it.
    pub count: u64,
}

impl BallotState {
    /// Key of the ballot's place in the index.
    #[must_use]
    pub fn index_key(proposer: &AgencyName, voter: &AgencyName) -> IndexKey {
        let names = [proposer.as_str().as_bytes(), voter.as_str().as_bytes()];
        index_key("ballot", &names)
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let approval = self.stance.approval();
        let approval = approval.map(|approval| format!(" approval {approval}"));
        format!(
            "ballot {} {} id {} count {} {}{}\n",
            self.proposer,
            self.voter,
            self.proposal,
            self.count,
            self.stance.word(),
            approval.unwrap_or_default()
        )
    }

    /// Reads a value; `None` for anything that [`Self::write`] would not give back.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let (head, stance) = match words.as_slice() {
            [head @ .., "for", "approval", approval] => {
                (head, Stance::For(Signature::from_base64(approval)?))
            }
            [head @ .., "against"] => (head, Stance::Against),
            _ => return None,
        };
        let ["ballot", proposer, voter, "id", id, "count", count] = head else {
            return None;
        };
        let state = Self {
            proposer: AgencyName::parse(proposer)?,
            voter: AgencyName::parse(voter)?,
            proposal: EntryId::from_base64(id)?,
            stance,
            count: text::number(count)?,
        };
        (state.write() == value).then_some(state)
    }
}

/// The last mark of readiness of an agency for one set of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyState {
    /// The agency that proposed.
    pub proposer: AgencyName,
    /// The agency that is ready.
    pub agency: AgencyName,
    /// The set that the mark speaks for.
    pub ready_for: ReadyFor,
    /// The proposal.
    pub proposal: EntryId,
    /// Time that the mark names.
    pub time: TimeMs,
    /// The lowest and the highest version of the rules that its node speaks.
    pub protocols: (u64, u64),
}

impl ReadyState {
    /// Key of the mark's place in the index.
    #[must_use]
    pub fn index_key(proposer: &AgencyName, agency: &AgencyName, ready_for: ReadyFor) -> IndexKey {
        let names = [proposer.as_str(), agency.as_str(), ready_for.word()];
        index_key("ready", &names.map(str::as_bytes))
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let (low, high) = self.protocols;
        format!(
            "ready {} {} {} id {} time {} protocols {low} {high}\n",
            self.proposer,
            self.agency,
            self.ready_for.word(),
            self.proposal,
            self.time
        )
    }

    /// Reads a value; `None` for anything that [`Self::write`] would not give back.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let [
            "ready",
            proposer,
            agency,
            ready_for,
            "id",
            id,
            "time",
            time,
            "protocols",
            low,
            high,
        ] = words.as_slice()
        else {
            return None;
        };
        let state = Self {
            proposer: AgencyName::parse(proposer)?,
            agency: AgencyName::parse(agency)?,
            ready_for: ReadyFor::parse(ready_for)?,
            proposal: EntryId::from_base64(id)?,
            time: TimeMs::new(text::number(time)?),
            protocols: (text::number(low)?, text::number(high)?),
        };
        (state.write() == value).then_some(state)
    }
}

/// Counters of an agency's words in governance: none of them is taken twice, and not too many a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceState {
    /// The agency.
    pub agency: AgencyName,
    /// Number of its last proposal.
    pub proposals: u64,
    /// Number of its last ballot.
    pub ballots: u64,
    /// Day of its last proposal, in days since 1970, and the number of proposals on that day.
    pub day: (u64, u64),
}

impl VoiceState {
    /// An agency that has said nothing yet.
    #[must_use]
    pub const fn silent(agency: AgencyName) -> Self {
        Self {
            agency,
            proposals: 0,
            ballots: 0,
            day: (0, 0),
        }
    }

    /// Key of the counters' place in the index.
    #[must_use]
    pub fn index_key(agency: &AgencyName) -> IndexKey {
        index_key("voice", &[agency.as_str().as_bytes()])
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let (day, count) = self.day;
        format!(
            "voice {} proposals {} ballots {} day {day} {count}\n",
            self.agency, self.proposals, self.ballots
        )
    }

    /// Reads a value; `None` for anything that [`Self::write`] would not give back.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let [
            "voice",
            agency,
            "proposals",
            proposals,
            "ballots",
            ballots,
            "day",
            day,
            count,
        ] = words.as_slice()
        else {
            return None;
        };
        let state = Self {
            agency: AgencyName::parse(agency)?,
            proposals: text::number(proposals)?,
            ballots: text::number(ballots)?,
            day: (text::number(day)?, text::number(count)?),
        };
        (state.write() == value).then_some(state)
    }
}

/// The change of agencies by which the epoch in force has begun. The first epoch has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningState {
    /// The proposal; after a disaster, which none precedes, the identity of the change.
    pub proposal: EntryId,
    /// Height of the block of the change.
    pub height: Height,
    /// Leaf of the change.
    pub index: LeafIndex,
    /// The agency whose node has made the first block of the epoch, once one has.
    pub marked: Option<AgencyName>,
}

impl OpeningState {
    /// Key of its place in the index.
    #[must_use]
    pub fn index_key() -> IndexKey {
        index_key("opening", &[])
    }

    /// Size of the log with the block of the change: the change, and the block's own leaf behind it.
    #[must_use]
    pub const fn size(&self) -> LogSize {
        LogSize::new(self.index.get().saturating_add(2))
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let marked = self.marked.as_ref();
        let marked = marked.map(|agency| format!(" marked {agency}"));
        format!(
            "opening id {} height {} index {}{}\n",
            self.proposal,
            self.height,
            self.index,
            marked.unwrap_or_default()
        )
    }

    /// Reads a value; `None` for anything that [`Self::write`] would not give back.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let (id, height, index, marked) = match words.as_slice() {
            ["opening", "id", id, "height", height, "index", index] => (id, height, index, None),
            [
                "opening",
                "id",
                id,
                "height",
                height,
                "index",
                index,
                "marked",
                agency,
            ] => (id, height, index, Some(AgencyName::parse(agency)?)),
            _ => return None,
        };
        let state = Self {
            proposal: EntryId::from_base64(id)?,
            height: Height::new(text::number(height)?),
            index: LeafIndex::new(text::number(index)?),
            marked,
        };
        (state.write() == value).then_some(state)
    }
}
