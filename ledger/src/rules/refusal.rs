//! Refusals: what a sender did wrong, in a stable code and one sentence with the way out.

use protocol::{
    entry::{EntryRef, Operation},
    epoch::BadChange,
    hash::{EntryId, LeafHash},
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
        "agency {agency} returned in block {height}; the ledger takes its next return mark in a block of time {from} ms or later"
    )]
    ReturnTooSoon {
        agency: AgencyName,
        height: Height,
        from: TimeMs,
    },
    #[error("clerk {0} belongs to another agency; have that agency decide about it")]
    ForeignClerk(ClerkName),
    #[error("agency {0} runs no validator, and only agencies that do govern the network")]
    NotGoverning(AgencyName),
    #[error(
        "proposal {number} does not follow; the agency's next is {next}; sign it again with that number"
    )]
    ProposalNumber { number: u64, next: u64 },
    #[error(
        "agency {0} has a proposal that is not over; withdraw it first, or wait until it is due"
    )]
    ProposalOpen(AgencyName),
    #[error(
        "agency {agency} has made {a_day} proposals today, and the ledger takes no more; propose tomorrow"
    )]
    TooManyProposals { agency: AgencyName, a_day: u64 },
    #[error(
        "the proposal opens at {opens} ms, and in the next block it may open from {from} ms to {until} ms; name a time between"
    )]
    OpensOutside {
        opens: TimeMs,
        from: TimeMs,
        until: TimeMs,
    },
    #[error(
        "the proposal has, with everybody's approval, {bytes} bytes, and {bytes_max} fit into a block; propose less at once"
    )]
    ProposalTooLarge { bytes: u64, bytes_max: u64 },
    #[error("the change cannot be made: {0}; draft it again from what is in force")]
    BadChange(BadChange),
    #[error("the change was drafted from other rules than those in force; draft it again")]
    RulesOvertaken,
    #[error("version {protocol} of the rules does not follow {now}; propose the next, or the same")]
    WrongProtocol { protocol: u64, now: u64 },
    #[error("a limit, a wait or a quota is out of its bounds; see docs/protocol.md for them")]
    RulesOutOfBounds,
    #[error("no open proposal is {0}; look at what is proposed: it may be over")]
    UnknownProposal(EntryId),
    #[error(
        "ballot {number} does not follow; the agency's next is {next}; sign it again with that number"
    )]
    BallotNumber { number: u64, next: u64 },
    #[error(
        "agency {agency} has voted {ballots_max} times about this proposal; its last ballot stands"
    )]
    TooManyBallots {
        agency: AgencyName,
        ballots_max: u64,
    },
    #[error(
        "the approval of agency {0} is not over this change; sign the proposal as it stands in the log"
    )]
    BadApproval(AgencyName),
    #[error(
        "agency {proposer} made this proposal, and {agency} cannot withdraw it; vote against it"
    )]
    ForeignProposal {
        agency: AgencyName,
        proposer: AgencyName,
    },
    #[error(
        "a quorum is for the proposal of agency {0} already; vote against it, or let it be made"
    )]
    WithdrawnTooLate(AgencyName),
    #[error(
        "the mark of readiness was made at {time} ms, after the time {block} ms of its block; set the clock"
    )]
    ReadyInFuture { time: TimeMs, block: TimeMs },
    #[error(
        "the mark of readiness was made at {time} ms, and those of this proposal count from {from} ms until before {until} ms; make a new one then"
    )]
    ReadyOutside {
        time: TimeMs,
        from: TimeMs,
        until: TimeMs,
    },
    #[error("agency {agency} said at {last} ms that it is ready; only a later mark counts")]
    ReadyAgain { agency: AgencyName, last: TimeMs },
    #[error(
        "the mark of readiness is not signed with the cosigning key of agency {0}; sign it with that key"
    )]
    WrongCosignKey(AgencyName),
    #[error(
        "the block before this one begins no epoch, or its first block is made; agency {0} need not say more"
    )]
    NothingOpened(AgencyName),
    #[error("registry {0} must begin with the name of its agency and a dot; choose such a name")]
    RegistryName(RegistryName),
    #[error("registry {0} is on the ledger already; choose another name")]
    RegistryExists(RegistryName),
    #[error("agency {agency} has {registries_max} registries, and the ledger takes no more of one")]
    TooManyRegistries {
        agency: AgencyName,
        registries_max: usize,
    },
    #[error("agency {0} has not signed that it takes the registry; have it sign this transfer")]
    NotTaken(AgencyName),
    #[error(
        "registry {registry} belongs to {owner}, which alone gives it away; have it submit the act"
    )]
    ForeignTransfer {
        registry: RegistryName,
        owner: AgencyName,
    },
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
    #[expect(clippy::too_many_lines, reason = "a table: one line for each refusal")]
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
            Self::ReturnTooSoon { .. } => "return-too-soon",
            Self::ForeignClerk(_) => "foreign-clerk",
            Self::NotGoverning(_) => "not-governing",
            Self::ProposalNumber { .. } => "proposal-number",
            Self::ProposalOpen(_) => "proposal-open",
            Self::TooManyProposals { .. } => "too-many-proposals",
            Self::OpensOutside { .. } => "opens-outside",
            Self::ProposalTooLarge { .. } => "proposal-too-large",
            Self::BadChange(_) => "bad-change",
            Self::RulesOvertaken => "rules-overtaken",
            Self::WrongProtocol { .. } => "wrong-protocol",
            Self::RulesOutOfBounds => "rules-out-of-bounds",
            Self::UnknownProposal(_) => "unknown-proposal",
            Self::BallotNumber { .. } => "ballot-number",
            Self::TooManyBallots { .. } => "too-many-ballots",
            Self::BadApproval(_) => "bad-approval",
            Self::ForeignProposal { .. } => "foreign-proposal",
            Self::WithdrawnTooLate(_) => "withdrawn-too-late",
            Self::ReadyInFuture { .. } => "ready-in-future",
            Self::ReadyOutside { .. } => "ready-outside",
            Self::ReadyAgain { .. } => "ready-again",
            Self::WrongCosignKey(_) => "wrong-cosign-key",
            Self::NothingOpened(_) => "nothing-opened",
            Self::RegistryName(_) => "registry-name",
            Self::RegistryExists(_) => "registry-exists",
            Self::TooManyRegistries { .. } => "too-many-registries",
            Self::NotTaken(_) => "not-taken",
            Self::ForeignTransfer { .. } => "foreign-transfer",
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
