//! Verdicts: the same words in the command line, its JSON and on pages.

use protocol::state::RecordStatus;

/// The verdict on a document, a receipt or a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Recorded as claimed, and in force.
    Authentic,
    /// Accepted by a node, not final yet.
    Pending,
    /// Never registered, and that is proven.
    NotFound,
    /// The record is known, and the document is not what was recorded.
    Altered,
    /// Recorded, and replaced by a newer version since.
    Superseded,
    /// The record has ended.
    Revoked,
    /// A signature, path or quorum does not hold.
    ProofBroken,
    /// Of another network than the trust file's.
    WrongNetwork,
    /// Something needed is missing: another trust file, or the private opening.
    CannotDecide,
    /// The record is out of force for a while.
    Suspended,
    /// Two contradicting statements by the same signers.
    Fork,
}

impl Verdict {
    /// All of them, the gravest first: of several files the gravest is the answer.
    pub const BY_GRAVITY: [Self; 11] = [
        Self::Fork,
        Self::ProofBroken,
        Self::WrongNetwork,
        Self::CannotDecide,
        Self::Altered,
        Self::Revoked,
        Self::Suspended,
        Self::Superseded,
        Self::NotFound,
        Self::Pending,
        Self::Authentic,
    ];

    /// Verdict on a record in `status`, asked for as it is.
    #[must_use]
    pub const fn of_status(status: RecordStatus) -> Self {
        match status {
            RecordStatus::Active => Self::Authentic,
            RecordStatus::Suspended => Self::Suspended,
            RecordStatus::Revoked => Self::Revoked,
        }
    }

    /// The verdict in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Authentic => "authentic",
            Self::Pending => "pending",
            Self::NotFound => "not found",
            Self::Altered => "altered",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::ProofBroken => "proof broken",
            Self::WrongNetwork => "wrong network",
            Self::CannotDecide => "cannot decide",
            Self::Suspended => "suspended",
            Self::Fork => "evidence of a fork",
        }
    }

    /// Place among all verdicts, the gravest first: 0 for a fork.
    #[must_use]
    pub fn gravity(self) -> usize {
        let mut all = Self::BY_GRAVITY.into_iter();
        all.position(|verdict| verdict == self).unwrap_or_default()
    }

    /// The graver of two.
    #[must_use]
    pub fn graver(self, other: Self) -> Self {
        if other.gravity() < self.gravity() {
            other
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_own_words() {
        let words: std::collections::BTreeSet<_> = Verdict::BY_GRAVITY
            .map(Verdict::words)
            .into_iter()
            .collect();
        assert_eq!(words.len(), Verdict::BY_GRAVITY.len());
    }

    #[test]
    fn of_two_the_one_that_stands_first_in_the_order_is_graver() {
        for (at, graver) in Verdict::BY_GRAVITY.into_iter().enumerate() {
            for other in Verdict::BY_GRAVITY.into_iter().skip(at) {
                assert_eq!(graver.graver(other), graver);
                assert_eq!(other.graver(graver), graver);
            }
        }
    }
}
