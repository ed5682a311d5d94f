//! Why a change is not drafted, read or signed. What to do about it is for the caller to say.

use messages::UserMessage;
use protocol::{
    agency::BadAgencies, chain_id::NotSigned, epoch::BadChange, height::Epoch, name::AgencyName,
    text::Malformed,
};
use thiserror::Error;
use verify::{Verdict, checkpoint::Untrusted};

use crate::{coded::Coded, durable::FileError, http::HttpError, proven::ProofError};

/// Why a change is not drafted, read or signed.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum GoverningError {
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The node gave nothing that can be used.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The state of the network is not proven.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The trust file names no network and epoch.
    NoNetwork,
    /// It is proven that the index holds no network.
    NoState,
    /// The proof of the epoch in force cannot be read.
    NoEpochProof(#[source] Malformed),
    /// Another epoch is in force than that of the trust file.
    OtherEpoch {
        /// Epoch of the trust file.
        held: Epoch,
        /// Epoch in force.
        in_force: Epoch,
    },
    /// The leaf that opened the epoch is none of the trust file's.
    OtherOpening,
    /// The change that opened the epoch is not shown to be in the log.
    NotInLog(#[source] Box<Untrusted>),
    /// What is wished cannot be drafted.
    #[error(transparent)]
    Trouble(#[from] DraftTrouble),
    /// The author's signature on the proposal does not hold.
    ProposalSignature {
        /// Agency that it names as its author.
        author: AgencyName,
        /// Why it does not count.
        source: NotSigned,
    },
    /// The author of the proposal runs no validator.
    ProposalAuthor(AgencyName),
    /// The admin key is of an agency that runs no validator.
    NotGoverning(AgencyName),
    /// The admin key is another than the one in force.
    OtherAdminKey(AgencyName),
    /// No number is known that the agency must use next.
    NoNumber(AgencyName),
    /// The proposal is another agency's.
    OtherAuthor {
        /// Agency of the key.
        agency: AgencyName,
        /// Author of the proposal.
        author: AgencyName,
    },
}

/// Why wishes make no change.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum DraftTrouble {
    /// An agency that is to come runs a validator already.
    RunsAlready(AgencyName),
    /// An agency that is to go, or to change, runs none.
    RunsNone(AgencyName),
    /// An agency that is named in two wishes.
    Twice(AgencyName),
    /// A request for another network.
    OtherNetwork {
        /// Agency of the request.
        agency: AgencyName,
        /// Network that it names.
        origin: String,
    },
    /// A key of a request that may not be registered.
    Key(#[source] BadAgencies),
    /// A new cosigning key under the name of another.
    CosignName {
        /// The agency.
        agency: AgencyName,
        /// The name.
        name: String,
    },
    /// What an agency that is new does not bring.
    Lacks {
        /// The agency.
        agency: AgencyName,
        /// `url`, or the purpose of a key.
        what: &'static str,
    },
    /// Nothing would change.
    Nothing,
    /// A number of the rules that is none.
    Number {
        /// As it was given.
        given: String,
    },
    /// A number of the rules out of its bounds.
    OutOfBounds,
    /// A version of the rules that does not follow.
    Protocol {
        /// Version wished.
        wished: u64,
        /// Version in force.
        now: u64,
    },
    /// What came out cannot follow what is in force.
    Change(#[source] BadChange),
}

impl GoverningError {
    /// Verdict that follows for what was judged; none where nothing could be.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Proof(error) => error.verdict(),
            Self::NoState | Self::NoEpochProof(_) | Self::OtherOpening => {
                Some(Verdict::ProofBroken)
            }
            Self::NotInLog(error) => Some(error.verdict()),
            Self::ProposalSignature { .. } => Some(Verdict::ProofBroken),
            _ => None,
        }
    }
}

impl Coded for GoverningError {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::Http(error) => error.message(),
            Self::Proof(error) => error.message(),
            Self::Trouble(trouble) => trouble.message(),
            Self::NoNetwork => UserMessage::new("trust-file-without-epoch"),
            Self::NoState => UserMessage::new("network-state-missing"),
            Self::NoEpochProof(malformed) => {
                UserMessage::new("node-epoch-proof-malformed").text("reason", malformed)
            }
            Self::OtherEpoch { held, in_force } => UserMessage::new("other-epoch-in-force")
                .text("held", held)
                .text("in-force", in_force),
            Self::OtherOpening => UserMessage::new("opening-of-other-trust-file"),
            Self::NotInLog(error) => UserMessage::new("opening-not-in-log").text("reason", error),
            Self::ProposalSignature { author, source } => {
                UserMessage::new("proposal-signature-does-not-hold")
                    .text("author", author)
                    .text("reason", source)
            }
            Self::ProposalAuthor(author) => {
                UserMessage::new("proposal-author-governs-not").text("author", author)
            }
            Self::NotGoverning(agency) => {
                UserMessage::new("agency-governs-not").text("agency", agency)
            }
            Self::OtherAdminKey(agency) => {
                UserMessage::new("admin-key-not-in-force").text("agency", agency)
            }
            Self::NoNumber(agency) => {
                UserMessage::new("next-number-unknown").text("agency", agency)
            }
            Self::OtherAuthor { agency, author } => UserMessage::new("proposal-of-other-agency")
                .text("agency", agency)
                .text("author", author),
        }
    }
}

impl Coded for DraftTrouble {
    fn message(&self) -> UserMessage {
        match self {
            Self::RunsAlready(agency) => {
                UserMessage::new("agency-runs-validator").text("agency", agency)
            }
            Self::RunsNone(agency) => {
                UserMessage::new("agency-runs-no-validator").text("agency", agency)
            }
            Self::Twice(agency) => UserMessage::new("agency-wished-twice").text("agency", agency),
            Self::OtherNetwork { agency, origin } => UserMessage::new("request-of-other-network")
                .text("agency", agency)
                .text("origin", origin),
            Self::Key(error) => UserMessage::new("request-key-refused").text("reason", error),
            Self::CosignName { agency, name } => UserMessage::new("cosign-name-taken")
                .text("agency", agency)
                .text("name", name),
            Self::Lacks { agency, what } => UserMessage::new("request-lacks")
                .text("agency", agency)
                .text("what", what),
            Self::Nothing => UserMessage::new("draft-changes-nothing"),
            Self::Number { given } => UserMessage::new("rules-number-invalid").text("given", given),
            Self::OutOfBounds => UserMessage::new("rules-out-of-bounds"),
            Self::Protocol { wished, now } => UserMessage::new("rules-version-does-not-follow")
                .text("wished", wished)
                .text("now", now),
            Self::Change(error) => UserMessage::new("change-cannot-be-made").text("reason", error),
        }
    }
}
