//! The steps of a judgement, as shown to whoever asked for it; the first that fails decides.

use crate::verdict::Verdict;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was checked, in a few words.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What was found.
    pub detail: String,
}

/// A check that failed, with the verdict that follows.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Verdict);

/// Steps as they are taken.
#[derive(Debug, Default)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl Steps {
    pub(crate) fn held(&mut self, name: &'static str, detail: impl Into<String>) {
        self.0.push(Step {
            name,
            ok: true,
            detail: detail.into(),
        });
    }

    /// Notes a failure and gives the verdict to return.
    pub(crate) fn failed(
        &mut self,
        name: &'static str,
        verdict: Verdict,
        detail: impl Into<String>,
    ) -> Failed {
        self.0.push(Step {
            name,
            ok: false,
            detail: detail.into(),
        });
        Failed(verdict)
    }

    /// A check whose failure means a broken proof.
    pub(crate) fn proof<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        held: impl Into<String>,
        check: Result<T, E>,
    ) -> Result<T, Failed> {
        match check {
            Ok(value) => {
                self.held(name, held);
                Ok(value)
            }
            Err(error) => Err(self.failed(name, Verdict::ProofBroken, error.to_string())),
        }
    }

    /// A check without a reason of its own.
    pub(crate) fn require(
        &mut self,
        name: &'static str,
        holds: bool,
        detail: &str,
    ) -> Result<(), Failed> {
        self.proof(
            name,
            detail,
            if holds {
                Ok(())
            } else {
                Err(format!("not so: {detail}"))
            },
        )
    }
}
