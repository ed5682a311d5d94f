//! Files that are not of the kind that they were given as: each named by what it is.

use messages::UserMessage;
use protocol::{
    kind::{Kind, kind_of},
    rewritten,
};
use thiserror::Error;

use crate::coded::Coded;

/// Trouble with bytes that are no good file of the kind wanted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", self.message())]
pub enum NotOfKind {
    /// Mail or an editor has changed them; they would be good without that.
    Rewritten,
    /// They are of that kind, or of none that is known, and wrong.
    Wrong {
        /// The kind wanted.
        wanted: Kind,
        /// Why they cannot be read.
        reason: String,
    },
    /// They are of another kind.
    Other {
        /// The kind wanted.
        wanted: Kind,
        /// Kind that they are.
        found: Kind,
    },
}

impl Coded for NotOfKind {
    fn message(&self) -> UserMessage {
        match self {
            Self::Rewritten => UserMessage::new("text-rewritten"),
            Self::Wrong { wanted, reason } => UserMessage::new("kind-malformed")
                .text("wanted-kind", wanted.word())
                .text("reason", reason),
            Self::Other { wanted, found } => UserMessage::new("kind-other")
                .text("wanted-kind", wanted.word())
                .text("found-kind", found.word()),
        }
    }
}

impl NotOfKind {
    /// Reason why `bytes` are no good `wanted`, whose reader says `error`; `reads` tries them again with what
    /// other programs do to text undone.
    pub fn of(
        wanted: Kind,
        bytes: &[u8],
        error: &dyn std::fmt::Display,
        reads: impl Fn(&[u8]) -> bool,
    ) -> Self {
        if rewritten::is_rewritten(bytes, reads) {
            return Self::Rewritten;
        }
        let found = kind_of(bytes);
        if found == wanted || found == Kind::Unknown {
            let reason = error.to_string();
            Self::Wrong { wanted, reason }
        } else {
            Self::Other { wanted, found }
        }
    }
}
