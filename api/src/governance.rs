//! The JSON of governance: what is proposed, who said what of it, and how far a change is.
//!
//! A node's word and no evidence: what binds is in the log. Times are milliseconds since 1970 of block time.

use serde::{Deserialize, Serialize};

/// `GET /v1/governance`: what an agency must know before it proposes or votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernanceReport {
    /// Name of the network.
    pub origin: String,
    /// Identity of the network, 64 hexadecimal digits.
    pub chain: String,
    /// Height of the last block.
    pub height: u64,
    /// Time of the last block.
    pub time: u64,
    /// The epoch in force, and how it began.
    pub epoch: EpochReport,
    /// The rules in force.
    pub rules: RulesReport,
    /// What each agency with a validator must say next.
    pub voices: Vec<VoiceReport>,
    /// The last proposal of each agency that has made one, open or over.
    pub proposals: Vec<ProposalReport>,
}

/// The epoch in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Its number.
    pub number: u64,
    /// Hash of its trust file, 64 hexadecimal digits.
    pub trust: String,
    /// Number of agencies that must agree.
    pub quorum: u64,
    /// The agencies with validators.
    pub validators: Vec<String>,
    /// Id of the proposal that was carried out; none for the first epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proposal: Option<String>,
    /// Height of the block of the change; none for the first epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opened_height: Option<u64>,
    /// The agency whose node has made the first block of the epoch, once one has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub marked: Option<String>,
    /// `true` while nothing may be decided: a quorum of the agencies before must cosign the block of the change.
    pub held: bool,
    /// Number of the agencies before that must cosign it, if it is held.
    pub cosigners_needed: u64,
    /// Those of the agencies before that have not cosigned it, as far as this node knows, if it is held.
    pub not_cosigned: Vec<String>,
}

/// The rules in force: version, bounds, waits and quotas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesReport {
    /// Version of the rules.
    pub protocol: u64,
    /// Bytes of an entry at the most.
    pub entry_bytes: u64,
    /// Entries of a block at the most.
    pub block_entries: u64,
    /// Bytes of a block's entries at the most.
    pub block_bytes: u64,
    /// Number of heights that an entry's last height may lie ahead.
    pub lifetime_heights: u64,
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
    /// Proposals of one agency in a day, at most.
    pub proposals_a_day: u64,
    /// Ballots of one agency about one proposal, at most.
    pub ballots: u64,
}

/// The numbers that an agency must use next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceReport {
    /// The agency.
    pub agency: String,
    /// Number of its next proposal.
    pub proposal: u64,
    /// Number of its next ballot.
    pub ballot: u64,
}

/// A proposal: open, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalReport {
    /// Its id, 64 hexadecimal digits: `GET /v1/governance/{id}` gives its bytes.
    pub id: String,
    /// The agency that proposed it.
    pub author: String,
    /// `open`, or how it ended: `made`, `withdrawn`, `rejected`, `too-few`, `present-unready`, `next-unready`,
    /// `too-late`, `overtaken`.
    pub state: String,
    /// Index of its leaf in the log.
    pub index: u64,
    /// Height of the block in which it was recorded, or in which it ended.
    pub height: u64,
    /// How far it is, while it is open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub progress: Option<ProposalProgress>,
}

/// How far an open proposal is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalProgress {
    /// `epoch` for other agencies, keys, addresses or quorum, `rules` for other numbers of the rules.
    pub kind: String,
    /// Number of the proposal.
    pub number: u64,
    /// Time of the earliest block that may make the change; ballots count until then.
    pub opens: u64,
    /// From when marks of readiness count; until it opens.
    pub ready_from: u64,
    /// Until when the change must be made.
    pub until: u64,
    /// Ballots for it that it needs.
    pub needed: u64,
    /// Who said what of it, by name.
    pub ballots: Vec<BallotReport>,
    /// Who of the agencies in force has said that its keys are at hand.
    pub present: ReadinessReport,
    /// The same of the agencies that the change would put in force; none for a change of the rules' numbers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<ReadinessReport>,
}

/// An agency's word on a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BallotReport {
    /// The agency.
    pub agency: String,
    /// `for` or `against`.
    pub stance: String,
    /// Number of its ballots about this proposal.
    pub count: u64,
}

/// Readiness of one set of agencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadinessReport {
    /// How many of the set must be ready.
    pub needed: u64,
    /// Those of the set that must all be ready, being new to it.
    pub newcomers: Vec<String>,
    /// Those who are ready.
    pub ready: Vec<ReadyReport>,
    /// Those who have said nothing.
    pub silent: Vec<String>,
}

/// A mark of readiness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyReport {
    /// The agency.
    pub agency: String,
    /// When its node said so.
    pub time: u64,
    /// The lowest version of the rules that its node speaks.
    pub protocol_low: u64,
    /// The highest.
    pub protocol_high: u64,
}

/// `GET /v1/trust/chain?from=N`: the proofs by which whoever holds the trust file of epoch N gets to later ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustChain {
    /// The epoch in force here.
    pub epoch: u64,
    /// Proofs as text, one after another, from the epoch after N; not all of them where they are long.
    pub proofs: Vec<String>,
}
