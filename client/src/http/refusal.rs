//! Refusals of a node: their classes, their own words, and after which errors another node may do better.

use api::{Code, Problem};
use messages::UserMessage;

use super::HttpError;

/// Class of a node's refusal, to whoever sent the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalClass {
    /// No room now.
    Busy,
    /// The clerk may not say this.
    NotPermitted,
    /// Something else was first.
    Conflict,
    /// The request is wrong.
    Usage,
    /// Anything else.
    Other,
}

impl RefusalClass {
    /// The class of a problem, by its code and HTTP status.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        match (problem.code(), problem.status) {
            (Some(Code::Busy), _) => Self::Busy,
            (Some(Code::UnknownRegistry), _) | (_, 403) => Self::NotPermitted,
            (Some(Code::WrongPrevious | Code::WrongStatus | Code::NothingToWithdraw), _)
            | (_, 409) => Self::Conflict,
            (_, 400 | 413 | 422) => Self::Usage,
            _ => Self::Other,
        }
    }
}

/// The message of a problem that a node gave, in its own words.
#[must_use]
pub fn said(problem: &Problem) -> UserMessage {
    UserMessage::new("node-said")
        .text("detail", &problem.detail)
        .text("problem", &problem.code)
}

impl HttpError {
    /// Returns whether the node is away, or gives no answer of this protocol: another one may do better.
    #[must_use]
    pub fn is_of_the_node(&self) -> bool {
        match self {
            Self::Address { .. }
            | Self::NoNode
            | Self::PeerPort { .. }
            | Self::NoAgency { .. }
            | Self::Roots(_) => false,
            Self::Problem { problem } => RefusalClass::of(problem) != RefusalClass::Usage,
            _ => true,
        }
    }

    /// Returns whether the node answered, and with something that no node should: it may have begun anew.
    #[must_use]
    pub fn is_unexpected(&self) -> bool {
        match self {
            Self::TooLong { .. }
            | Self::NotOurs { .. }
            | Self::OtherNumber { .. }
            | Self::EndlessHistory
            | Self::NotUtf8
            | Self::Unwritten(_) => true,
            Self::Status { status, .. } => !matches!(status, 502 | 504),
            Self::Problem { problem } => !matches!(
                RefusalClass::of(problem),
                RefusalClass::Usage | RefusalClass::Busy
            ),
            _ => false,
        }
    }
}
