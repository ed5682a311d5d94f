//! The steps of a judgement, as shown to whoever asked for it; the first that fails decides.

use protocol::{
    chain_id::NotSigned, epoch::BadChange, index::BadIndexProof, kind::Kind, merkle::BadProof,
    text::Malformed,
};

use crate::{
    check::Check,
    checkpoint::{Inconsistent, Untrusted},
    verdict::Verdict,
};

/// A check that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckStep {
    /// The check.
    pub check: Check,
    /// Outcome of the check.
    pub outcome: Outcome,
}

impl CheckStep {
    /// Returns whether the check held.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Held)
    }

    /// The error for which the check failed, where there is one.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        match &self.outcome {
            Outcome::Held | Outcome::Failed(None) => None,
            Outcome::Failed(Some(cause)) => Some(cause),
        }
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held.
    Held,
    /// It did not, perhaps for an error that says more.
    Failed(Option<Cause>),
}

/// An error for which a check fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A text leaves its format.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Another program has written the text again.
    #[error("{}", protocol::rewritten::SENTENCE)]
    Rewritten,
    /// The file is of another kind.
    #[error("this is not {}: it is {}", wanted.words(), found.words())]
    OtherKind {
        /// Kind that was expected.
        wanted: Kind,
        /// Kind that was found.
        found: Kind,
    },
    /// Evidence is told from other texts by all of it.
    #[error("not evidence of version 1")]
    NoEvidence,
    /// A proof of the log's tree.
    #[error(transparent)]
    Merkle(#[from] BadProof),
    /// A proof of the index.
    #[error(transparent)]
    Index(#[from] BadIndexProof),
    /// A signature of a clerk.
    #[error(transparent)]
    Signature(#[from] NotSigned),
    /// Two checkpoints that do not continue each other.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// A change of agencies.
    #[error(transparent)]
    Change(#[from] BadChange),
}

impl Cause {
    /// The code, stable as those of checks are.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Rewritten => "rewritten",
            Self::OtherKind { .. } => "other-kind",
            Self::NoEvidence => "no-evidence",
            Self::Merkle(BadProof::Range) => "merkle-range",
            Self::Merkle(BadProof::Length { .. }) => "merkle-length",
            Self::Merkle(BadProof::Root) => "merkle-root",
            Self::Index(BadIndexProof::Claim) => "index-claim",
            Self::Index(BadIndexProof::Root) => "index-root",
            Self::Signature(NotSigned::Bad(_)) => "bad-signature",
            Self::Signature(NotSigned::Unbound) => "unbound-signature",
            Self::Inconsistent(_) => "inconsistent",
            Self::Change(_) => "bad-change",
        }
    }

    /// The arguments by name, as text.
    #[must_use]
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Malformed(Malformed { line, what }) => {
                vec![("line", line.to_string()), ("what", what.clone())]
            }
            Self::OtherKind { wanted, found } => vec![
                ("wanted-kind", wanted.word().to_owned()),
                ("found-kind", found.word().to_owned()),
            ],
            Self::Merkle(BadProof::Length { found }) => vec![("found", found.to_string())],
            Self::Inconsistent(error) => vec![("what", error.to_string())],
            Self::Change(error) => vec![("what", error.to_string())],
            Self::Rewritten
            | Self::NoEvidence
            | Self::Merkle(BadProof::Range | BadProof::Root)
            | Self::Index(_)
            | Self::Signature(_) => Vec::new(),
        }
    }
}

/// A check that failed, with the verdict that follows.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Verdict);

/// Steps as they are taken.
#[derive(Debug, Default)]
pub(crate) struct Steps(pub(crate) Vec<CheckStep>);

impl Steps {
    fn push(&mut self, check: Check, outcome: Outcome) {
        self.0.push(CheckStep { check, outcome });
    }

    pub(crate) fn held(&mut self, check: Check) {
        self.push(check, Outcome::Held);
    }

    /// Notes a failure and gives the verdict to return.
    pub(crate) fn failed(&mut self, check: Check, verdict: Verdict) -> Failed {
        self.push(check, Outcome::Failed(None));
        Failed(verdict)
    }

    /// Fails a check as [`Steps::failed`] does, with what an error says more.
    pub(crate) fn failed_for(
        &mut self,
        check: Check,
        verdict: Verdict,
        cause: impl Into<Cause>,
    ) -> Failed {
        self.push(check, Outcome::Failed(Some(cause.into())));
        Failed(verdict)
    }

    /// A checkpoint that is not trusted.
    pub(crate) fn untrusted(&mut self, error: Untrusted) -> Failed {
        let verdict = error.verdict();
        let (check, cause) = error.into_check();
        self.push(check, Outcome::Failed(cause));
        Failed(verdict)
    }

    /// A check whose failure means a broken proof.
    pub(crate) fn proof<T, E: Into<Cause>>(
        &mut self,
        check: Check,
        result: Result<T, E>,
    ) -> Result<T, Failed> {
        match result {
            Ok(value) => {
                self.held(check);
                Ok(value)
            }
            Err(error) => Err(self.failed_for(check, Verdict::ProofBroken, error)),
        }
    }

    /// A check without a reason of its own, whose failure means a broken proof.
    pub(crate) fn require(&mut self, check: Check, holds: bool) -> Result<(), Failed> {
        if holds {
            self.held(check);
            return Ok(());
        }
        Err(self.failed(check, Verdict::ProofBroken))
    }
}
