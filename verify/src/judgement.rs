//! What is said of a file, and why: the verdict, the checks that led to it, what is proven.

use crate::{receipt::ReceiptFacts, steps::CheckStep, verdict::Verdict};

/// The verdict on a file, and the reasons for it. `F` is what such a file proves: a receipt,
/// unless another is said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judgement<F = ReceiptFacts> {
    /// The verdict.
    pub verdict: Verdict,
    /// The checks in their order.
    pub steps: Vec<CheckStep>,
    /// Facts that are proven; none if a proof is broken.
    pub facts: Option<F>,
}

impl<F> Judgement<F> {
    /// The first check that failed, if one did.
    #[must_use]
    pub fn failure(&self) -> Option<&CheckStep> {
        self.steps.iter().find(|step| !step.is_ok())
    }
}

impl Judgement {
    /// Returns whether the facts may be believed: the entry is proven, and whatever of its content is shown is what
    /// was recorded. What became of the record since, the verdict says.
    #[must_use]
    pub const fn proves_entry(&self) -> bool {
        self.facts.is_some() && !matches!(self.verdict, Verdict::Altered | Verdict::CannotDecide)
    }
}
