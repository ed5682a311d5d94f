//! The JSON of the HTTP interface: requests, answers, errors. Data only.
//!
//! Keys, codes and states are stable and never translated. Nothing here is evidence: what must be
//! believed comes as text (entries, receipts, histories, checkpoints) that `verify` judges.

mod code;
mod governance;

use serde::{Deserialize, Serialize};

pub use self::{
    code::Code,
    governance::{
        BallotReport, EpochReport, GovernanceReport, ProposalProgress, ProposalReport,
        ReadinessReport, ReadyReport, RulesReport, TrustChain, VoiceReport,
    },
};

/// The most entries in one `POST /v1/bundles`.
pub const BUNDLE_ENTRIES_MAX: usize = 256;
/// The most receipts in one `POST /v1/receipts`.
pub const RECEIPTS_MAX: usize = 256;
/// The longest that a request may wait for finality, in milliseconds.
pub const WAIT_MS_MAX: u64 = 30_000;

/// Why a request got no answer (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Word of its [`Code`], as `wrong-version` or `busy`; a newer node may use one that is not known here.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// One sentence: what is wrong and the way out.
    pub detail: String,
    /// Milliseconds after which trying again makes sense, if it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_ms: Option<u64>,
    /// Entry of a batch that it is about, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<u64>,
}

/// The state of an entry on its way into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryState {
    /// This node does not know it.
    Unknown,
    /// Accepted; no promise yet.
    Pending,
    /// In a block that a quorum decided and cosigned: a receipt exists.
    Final,
    /// Will not be recorded.
    Refused,
}

/// Answer about one entry: `POST /v1/entries`, `POST /v1/bundles` (a list), `GET /v1/entries/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryAnswer {
    /// Identity of the entry, 64 hexadecimal digits; none if the bytes are no entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// State of the entry.
    pub state: EntryState,
    /// Index of the entry in the log, if it is there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub index: Option<u64>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
}

/// Body of `POST /v1/receipts?wait=MS`: receipts of many entries at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiptsRequest {
    /// Ids of at most [`RECEIPTS_MAX`] entries.
    pub ids: Vec<String>,
}

/// One answer of `POST /v1/receipts`, in the order of the request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiptAnswer {
    /// State of the entry.
    pub state: EntryState,
    /// The receipt, once final; without the private opening, which no node ever sees.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receipt: Option<String>,
    /// Why there will be none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<Problem>,
}

/// `GET /v1/network`: what a client needs before it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Name of the network.
    pub origin: String,
    /// Identity of the network, 64 hexadecimal digits.
    pub chain: String,
    /// Version of the rules.
    pub protocol: u64,
    /// Height of the last block.
    pub height: u64,
    /// Leaves in the log.
    pub size: u64,
    /// Time of the last block, in milliseconds since 1970.
    pub time: u64,
    /// Bytes of one entry at the most.
    pub entry_bytes_max: u64,
    /// Number of heights that an entry's last height may lie ahead.
    pub lifetime_heights: u64,
    /// Number of validators that must agree.
    pub quorum: u64,
    /// The agencies with validators.
    pub validators: Vec<String>,
}

/// One peer as a node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// The agency or observer.
    pub name: String,
    /// `true` if something was heard from it within the last eight seconds.
    pub reached: bool,
    /// Milliseconds since something was last heard from it; none if nothing was since the start.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heard_ms: Option<u64>,
    /// Why it is not reached, as far as the node knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Why it does not vote, as it told itself, if it does not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub silent: Option<String>,
    /// Milliseconds by which its clock is ahead of the node's; negative if it is behind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clock_ms: Option<i64>,
    /// The height it last told.
    pub height: u64,
    /// Size of the newest checkpoint that it cosigned.
    pub cosigned: u64,
}

/// `GET /v1/status`: how this node is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
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
    /// `true` if that checkpoint has the line of the log's own key, which other people's tools ask for.
    #[serde(default)]
    pub log_signed: bool,
    /// Round of the height being decided.
    pub round: u64,
    /// Step of that round: `idle`, `propose`, `prevote` or `precommit`.
    pub step: String,
    /// Entries waiting.
    pub waiting: u64,
    /// Number of validators that must agree.
    pub quorum: u64,
    /// Number of validators that vote and are reached by this node, itself included.
    pub reached: u64,
    /// Validators that are not reached, or do not vote.
    pub missing: Vec<String>,
    /// All peers.
    pub peers: Vec<PeerView>,
    /// Peers that hang up as soon as they know who this node is: its key is not in their set.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_known_to: Vec<String>,
    /// Why it does not vote, if it does not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_voting: Option<String>,
    /// Milliseconds by which its clock is ahead of the others'; negative if it is behind, none until
    /// enough others have told theirs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clock_ms: Option<i64>,
    /// Warnings for an operator, a sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// `GET /v1/records/{registry}/{key}`: the newest state of a record. A hint for the next entry, not
/// evidence; ask for the history to get proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// `active`, `suspended` or `revoked`.
    pub status: String,
    /// Latest version.
    pub version: u64,
    /// Latest version that carried content.
    pub content: u64,
    /// Index of the latest version in the log.
    pub index: u64,
    /// Leaf hash of the latest version, in base64.
    pub hash: String,
    /// Height of its block.
    pub height: u64,
    /// Time of its block, in milliseconds since 1970.
    pub time: u64,
}

/// One record of `GET /v1/inbox/{agency}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRecord {
    /// Registry of the record.
    pub registry: String,
    /// Key of the record, 64 hexadecimal digits.
    pub key: String,
    /// The version that waits.
    pub version: u64,
    /// Index of the entry in the log.
    pub index: u64,
    /// Time of the record, in milliseconds since 1970.
    pub time: u64,
    /// The last moment at which a confirmation counts; none for no end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<u64>,
    /// Effect of the others' word so far: `pending` or `disputed`.
    pub endorsement: String,
}

/// `GET /v1/inbox/{agency}`: records whose policy asks the agency, and of which it has not spoken; the
/// oldest first, at most 1,000.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The records.
    pub records: Vec<InboxRecord>,
    /// Number of all.
    pub all: u64,
}

/// One check of `GET /readyz` with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Name of the check.
    pub name: String,
    /// `true` if it is well.
    pub ok: bool,
    /// Finding, in a sentence.
    pub reason: String,
}

/// `GET /readyz` and `GET /livez`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `true` if all checks are well.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<HealthCheck>,
}

/// `GET /v1/proofs/inclusion` and `/v1/proofs/consistency`: hashes in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The path, from the leaf up.
    pub path: Vec<String>,
}
