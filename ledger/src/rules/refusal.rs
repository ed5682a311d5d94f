//! Refusals: what a sender did wrong, in a stable code and one sentence with the way out.

use protocol::{
    entry::{EntryRef, Operation},
    hash::LeafHash,
    height::{Height, LeafIndex, TimeMs, Version},
    name::{AgencyName, ClerkName, Date, RegistryName},
    state::RecordStatus,
};
use thiserror::Error;

/// Why the rules do not allow an entry. The codes are public and stand in `tests/refusals.txt`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(
    missing_docs,
    reason = "the message of each variant says it, and names its fields"
)]
pub enum Refusal {
    #[error("the entry is already in the log, at leaf {index}; fetch its receipt")]
    AlreadyThere { index: LeafIndex },
    #[error("the entry has {bytes} bytes and may have {bytes_max}; name fewer references")]
    TooLarge { bytes: u64, bytes_max: u64 },
    #[error("clerk {0} is not on the ledger; have the agency authorise the clerk first")]
    UnknownClerk(ClerkName),
    #[error("the entry is not signed with the key of clerk {0}; sign it with that key")]
    WrongKey(ClerkName),
    #[error("the key of clerk {clerk} ended on {until}; sign with the clerk's new key")]
    ClerkEnded { clerk: ClerkName, until: Date },
    #[error("registry {0} is not on the ledger; check its name")]
    UnknownRegistry(RegistryName),
    #[error(
        "registry {registry} belongs to {owner}, and clerk {clerk} is not its clerk; have {owner} submit the entry"
    )]
    ForeignRegistry {
        registry: RegistryName,
        owner: AgencyName,
        clerk: ClerkName,
    },
    #[error("clerk {clerk} may not act in registry {registry}; have a clerk submit it who may")]
    RegistryOutOfScope {
        clerk: ClerkName,
        registry: RegistryName,
    },
    #[error("clerk {clerk} may not {}; have a clerk submit it who may", .operation.word())]
    OperationOutOfScope {
        clerk: ClerkName,
        operation: Operation,
    },
    #[error(
        "the entry expired at height {expires}, and the next block is {height}; sign it again with a later height"
    )]
    Expired { expires: Height, height: Height },
    #[error(
        "the entry expires at height {expires}, later than {expires_max}; sign it again with an earlier height"
    )]
    ExpiresTooLate {
        expires: Height,
        expires_max: Height,
    },
    #[error(
        "version {version} of this record is taken: version {winner_version} stands at leaf {winner}, \
         and the latest is {latest}; look at it, and sign a version {} if it is still due", .latest.next()
    )]
    VersionTaken {
        version: Version,
        latest: Version,
        winner_version: Version,
        winner: LeafIndex,
        winner_hash: LeafHash,
    },
    #[error("version {version} does not follow; the next version of this record is {next}")]
    WrongVersion { version: Version, next: Version },
    #[error(
        "a record takes no more than {versions_max} versions, the last of which can only revoke it; revoke it, and register a new one that rests on it"
    )]
    TooManyVersions { versions_max: u64 },
    #[error("\"previous\" is not the version before{}; take it from the record's history and sign again", standing(*.expected))]
    WrongPrevious { expected: Option<EntryRef> },
    #[error("the record is not registered, so it cannot be changed by {}; check its number, or register it", .0.word())]
    NotRegistered(Operation),
    #[error("the record is already registered; amend or correct it instead")]
    AlreadyRegistered,
    #[error("a record that is {} does not take {}; {}", .status.word(), .operation.word(), way_out(*.status))]
    WrongStatus {
        status: RecordStatus,
        operation: Operation,
    },
    #[error("{} needs a reason code; add one and sign again", .0.word())]
    ReasonMissing(Operation),
    #[error("{} takes no reason code; leave it out and sign again", .0.word())]
    ReasonNotDue(Operation),
    #[error("{} needs a commitment to what the record says; add one and sign again", .0.word())]
    CommitmentMissing(Operation),
    #[error("a record cannot rest on itself; leave the reference out and sign again")]
    SelfReference,
    #[error(
        "the record that is named in registry {registry} has no version {version}; check the reference"
    )]
    UnknownReference {
        registry: RegistryName,
        version: Version,
    },
    #[error("clerk {0} was revoked by its agency; sign with the key of a clerk who may act")]
    ClerkRevoked(ClerkName),
    #[error(
        "registry {0} is the clerk's own agency's, and nobody attests to a record of its own; have another agency do it"
    )]
    OwnRecord(RegistryName),
    #[error(
        "clerk {0} made this version, and its registry asks for the eyes of a second clerk; have another clerk of the agency look at it"
    )]
    SameClerk(ClerkName),
    #[error(
        "version {version} is not the latest of this record, which is {latest}; look at the record again, and say it of that version"
    )]
    NotLatest { version: Version, latest: Version },
    #[error("the agency said {} of this version already; nothing is left to do", .0.word())]
    AlreadySaid(Operation),
    #[error(
        "the agency has said nothing of this version that could be withdrawn; look at the record's history"
    )]
    NothingToWithdraw,
    #[error("{} takes no commitment; leave it out and sign again", .0.word())]
    CommitmentNotDue(Operation),
    #[error("agency {0} is not on the ledger; check its name")]
    UnknownAgency(AgencyName),
    #[error("the act is not signed with the admin key of agency {0}; sign it with that key")]
    WrongAdminKey(AgencyName),
    #[error("the return mark is not signed with the vote key of agency {0}; sign it with that key")]
    WrongVoteKey(AgencyName),
    #[error("the return mark names another peer key than that of agency {0}; name that one")]
    WrongPeerKey(AgencyName),
    #[error("agency {0} runs no validator; only a validator returns")]
    NoValidator(AgencyName),
    #[error(
        "this return of agency {agency} stands in block {height} already; make a new nonce after a new loss"
    )]
    ReturnRepeated { agency: AgencyName, height: Height },
    #[error(
        "this return mark of agency {agency} expires at height {expires}, and the one of block {height} at {last}; sign one that expires later"
    )]
    ReturnOutdated {
        agency: AgencyName,
        height: Height,
        last: Height,
        expires: Height,
    },
    #[error(
        "agency {agency} returned in block {height}; the ledger takes its next return mark in a block of time {from} ms or later"
    )]
    ReturnTooSoon {
        agency: AgencyName,
        height: Height,
        from: TimeMs,
    },
    #[error("clerk {0} belongs to another agency; have that agency decide about it")]
    ForeignClerk(ClerkName),
    #[error("clerk {0} is on the ledger already, and a name is one key for good; take a new name")]
    ClerkExists(ClerkName),
    #[error("the key for clerk {0} serves somebody already; make a new key")]
    KeyTaken(ClerkName),
    #[error(
        "the ledger knows {clerks_max} clerks and takes no more; the network must raise its bound first"
    )]
    TooManyClerks { clerks_max: usize },
    #[error(
        "the key cannot have been compromised after {time} ms, the time of the next block; name an earlier time"
    )]
    CompromisedLater { time: TimeMs },
    #[error(
        "registry {registry} belongs to {owner}, which alone sets its policy; have it submit the act"
    )]
    ForeignPolicy {
        registry: RegistryName,
        owner: AgencyName,
    },
    #[error("policy {version} does not follow; the next policy of this registry is {next}")]
    WrongPolicyVersion { version: u64, next: u64 },
    #[error(
        "no agencies could satisfy the policy of registry {0}: it needs one or more of as many others than the owner, and 1 to 3,650 days or no end; or none of all this"
    )]
    PolicyUnsatisfiable(RegistryName),
    #[error("entry {row} of the batch: {why} (nothing of the batch was recorded)")]
    InBatch { row: u64, why: Box<Self> },
    #[error("another entry of the batch is about the same record; put it into a later batch")]
    TwiceInBatch,
    #[error(
        "a block of this network takes {entries_max} entries of a batch, and {bytes_max} bytes; make the batch smaller"
    )]
    BatchTooLarge { entries_max: u64, bytes_max: u64 },
}

impl Refusal {
    /// The stable code: one word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InBatch { why, .. } => why.code(),
            Self::TwiceInBatch => "twice-in-batch",
            Self::BatchTooLarge { .. } => "batch-too-large",
            Self::AlreadyThere { .. } => "already-there",
            Self::TooLarge { .. } => "too-large",
            Self::UnknownClerk(_) => "unknown-clerk",
            Self::WrongKey(_) => "wrong-key",
            Self::ClerkEnded { .. } => "clerk-ended",
            Self::UnknownRegistry(_) => "unknown-registry",
            Self::ForeignRegistry { .. } => "foreign-registry",
            Self::RegistryOutOfScope { .. } => "registry-out-of-scope",
            Self::OperationOutOfScope { .. } => "operation-out-of-scope",
            Self::Expired { .. } => "expired",
            Self::ExpiresTooLate { .. } => "expires-too-late",
            Self::VersionTaken { .. } => "version-taken",
            Self::WrongVersion { .. } => "wrong-version",
            Self::TooManyVersions { .. } => "too-many-versions",
            Self::WrongPrevious { .. } => "wrong-previous",
            Self::NotRegistered(_) => "not-registered",
            Self::AlreadyRegistered => "already-registered",
            Self::WrongStatus { .. } => "wrong-status",
            Self::ReasonMissing(_) => "reason-missing",
            Self::ReasonNotDue(_) => "reason-not-due",
            Self::CommitmentMissing(_) => "commitment-missing",
            Self::SelfReference => "self-reference",
            Self::UnknownReference { .. } => "unknown-reference",
            Self::ClerkRevoked(_) => "clerk-revoked",
            Self::OwnRecord(_) => "own-record",
            Self::SameClerk(_) => "same-clerk",
            Self::NotLatest { .. } => "not-latest",
            Self::AlreadySaid(_) => "already-said",
            Self::NothingToWithdraw => "nothing-to-withdraw",
            Self::CommitmentNotDue(_) => "commitment-not-due",
            Self::UnknownAgency(_) => "unknown-agency",
            Self::WrongAdminKey(_) => "wrong-admin-key",
            Self::WrongVoteKey(_) => "wrong-vote-key",
            Self::WrongPeerKey(_) => "wrong-peer-key",
            Self::NoValidator(_) => "no-validator",
            Self::ReturnRepeated { .. } => "return-repeated",
            Self::ReturnOutdated { .. } => "return-outdated",
            Self::ReturnTooSoon { .. } => "return-too-soon",
            Self::ForeignClerk(_) => "foreign-clerk",
            Self::ClerkExists(_) => "clerk-exists",
            Self::KeyTaken(_) => "key-taken",
            Self::TooManyClerks { .. } => "too-many-clerks",
            Self::CompromisedLater { .. } => "compromised-later",
            Self::ForeignPolicy { .. } => "foreign-policy",
            Self::WrongPolicyVersion { .. } => "wrong-policy-version",
            Self::PolicyUnsatisfiable(_) => "policy-unsatisfiable",
        }
    }

    /// Returns whether other content took the version first. The refusal then names what won.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.itself(), Self::VersionTaken { .. })
    }

    /// The refusal as one of an entry in a batch, counted from 1.
    #[must_use]
    pub(crate) fn of_row(self, row: u64) -> Self {
        let why = Box::new(self);
        Self::InBatch { row, why }
    }

    /// The refusal without the row of a batch that it is about.
    #[must_use]
    pub fn itself(&self) -> &Self {
        match self {
            Self::InBatch { why, .. } => why,
            _ => self,
        }
    }

    /// Entry of a batch that is refused, from 1.
    #[must_use]
    pub const fn row(&self) -> Option<u64> {
        match self {
            Self::InBatch { row, .. } => Some(*row),
            _ => None,
        }
    }
}

fn standing(expected: Option<EntryRef>) -> String {
    expected.map_or_else(
        || ", which version 1 does not have".to_owned(),
        |previous| format!(", which stands at leaf {}", previous.index),
    )
}

const fn way_out(status: RecordStatus) -> &'static str {
    match status {
        RecordStatus::Active => "look at its history first",
        RecordStatus::Suspended => "reinstate it first",
        RecordStatus::Revoked => "register a new record instead",
    }
}
