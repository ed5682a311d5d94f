//! Ways out where a change is not drafted, read or signed, and where a trust file does not come to the one in force.

use client::{
    coded::Coded,
    governing::{DraftTrouble, GoverningError},
    trust_chain::ChainError,
};
use messages::UserMessage;

use crate::exit::{CONFIGURATION, Failure, NOT_PERMITTED, UNEXPECTED, USAGE};

impl From<GoverningError> for Failure {
    fn from(error: GoverningError) -> Self {
        let what = error.message();
        let judged = error.verdict();
        let failure = |code, what| match judged {
            Some(verdict) => Self::verdict(verdict, what),
            None => Self::new(code, what),
        };
        match error {
            GoverningError::File(error) => error.into(),
            GoverningError::Http(error) => error.into(),
            GoverningError::Proof(error) => error.into(),
            GoverningError::Trouble(trouble) => trouble.into(),
            GoverningError::NoNetwork => {
                failure(CONFIGURATION, what).help(UserMessage::new("help-network-trust-file"))
            }
            GoverningError::OtherEpoch { held, in_force } if in_force > held => {
                failure(CONFIGURATION, what).help(UserMessage::new("help-trust-advance"))
            }
            GoverningError::OtherEpoch { .. } => {
                failure(CONFIGURATION, what).help(UserMessage::new("help-draft-again"))
            }
            GoverningError::ProposalSignature { .. } | GoverningError::ProposalAuthor(_) => {
                failure(NOT_PERMITTED, what).help(UserMessage::new("help-ask-author"))
            }
            GoverningError::NotGoverning(_) => {
                failure(NOT_PERMITTED, what).help(UserMessage::new("help-governing-agency"))
            }
            GoverningError::OtherAdminKey(_) => {
                failure(CONFIGURATION, what).help(UserMessage::new("help-admin-key-in-force"))
            }
            GoverningError::NoNumber(_) => {
                failure(USAGE, what).help(UserMessage::new("help-fetch-numbers"))
            }
            GoverningError::OtherAuthor { .. } => {
                failure(NOT_PERMITTED, what).help(UserMessage::new("help-own-proposal"))
            }
            _ => failure(UNEXPECTED, what).help(UserMessage::new("help-ask-another-node")),
        }
    }
}

impl From<DraftTrouble> for Failure {
    fn from(trouble: DraftTrouble) -> Self {
        let failure = Self::new(USAGE, trouble.message());
        failure.help(match trouble {
            DraftTrouble::RunsAlready(_) => UserMessage::new("help-rotate-instead"),
            DraftTrouble::RunsNone(_) => UserMessage::new("help-add-instead"),
            DraftTrouble::Twice(_) => UserMessage::new("help-one-wish"),
            DraftTrouble::OtherNetwork { .. } => UserMessage::new("help-request-for-network"),
            DraftTrouble::Key(_) => UserMessage::new("help-request-again"),
            DraftTrouble::CosignName { .. } => UserMessage::new("help-cosign-name"),
            DraftTrouble::Lacks { .. } => UserMessage::new("help-request-all"),
            DraftTrouble::Number { .. } => UserMessage::new("help-rules-numbers"),
            DraftTrouble::OutOfBounds => UserMessage::new("help-rules-bounds"),
            DraftTrouble::Protocol { .. } => UserMessage::new("help-rules-version"),
            DraftTrouble::Change(_) => UserMessage::new("help-other-change"),
            _ => UserMessage::new("help-nothing-to-change"),
        })
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        let what = error.message();
        let judged = error.verdict();
        let failure = match judged {
            Some(verdict) => Self::verdict(verdict, what),
            None => Self::new(UNEXPECTED, what),
        };
        match error {
            ChainError::Http(error) => error.into(),
            ChainError::File(error) => error.into(),
            ChainError::Recovery { .. } => failure.help(UserMessage::new("help-recovery-words")),
            ChainError::RecoveryWords { .. } => failure.help(UserMessage::new("help-words-again")),
            ChainError::TwoFiles { .. } => failure.help(UserMessage::new("help-two-trust-files")),
            _ => failure.help(UserMessage::new("help-ask-another-node")),
        }
    }
}
