//! Checkpoints: whether a quorum stands behind one, and whether two contradict each other.
//!
//! Not here: where checkpoints come from, and what an auditor does with evidence.

mod fork;

use protocol::{
    checkpoint::Checkpoint,
    merkle,
    note::SignedNote,
    policy::{Judgement, TrustPolicy, Unworthy},
    receipt::BlockProof,
};

use crate::{
    steps::{Failed, Steps},
    verdict::Verdict,
};

pub use self::fork::{Inconsistent, consistency, evidence, fork, parse_evidence};

/// A checkpoint with a quorum behind it. Only [`judge`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    judgement: Judgement,
}

impl Trusted {
    /// What it says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.judgement.checkpoint
    }

    /// Who cosigned it, and when (seconds since 1970).
    #[must_use]
    pub fn cosigners(&self) -> &[(String, u64)] {
        &self.judgement.cosigners
    }

    /// Who of the trust file did not.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.judgement.missing
    }

    /// Whether the log's own line is there, which other people's tools ask for.
    #[must_use]
    pub const fn log_signed(&self) -> bool {
        self.judgement.log_signed
    }
}

/// Why a checkpoint is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Not in the format, or a known signature that does not hold.
    #[error("{0}")]
    Broken(String),
    /// Of another network.
    #[error("{0}")]
    WrongNetwork(String),
    /// Too few signed.
    #[error(
        "{found} of {all} validators cosigned it, and the trust file asks for more; missing: {missing}"
    )]
    NoQuorum {
        /// How many signed.
        found: usize,
        /// How many could have.
        all: usize,
        /// Who did not.
        missing: String,
    },
}

impl Untrusted {
    /// The verdict that follows.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::WrongNetwork(_) => Verdict::WrongNetwork,
            Self::Broken(_) | Self::NoQuorum { .. } => Verdict::ProofBroken,
        }
    }
}

/// Whether a quorum of `trust` stands behind a note.
pub fn judge(trust: &TrustPolicy, note: &str) -> Result<Trusted, Untrusted> {
    let note = SignedNote::parse(note).map_err(|error| Untrusted::Broken(error.to_string()))?;
    let judgement = trust.evaluate(&note).map_err(|error| match error {
        Unworthy::WrongOrigin { .. } => Untrusted::WrongNetwork(error.to_string()),
        Unworthy::Malformed(_) | Unworthy::BadLine(_) => Untrusted::Broken(error.to_string()),
    })?;
    if judgement.quorum {
        return Ok(Trusted { judgement });
    }
    let all = trust.witnesses().len();
    Err(Untrusted::NoQuorum {
        found: judgement.cosigners.len(),
        all,
        missing: judgement.missing.join(", "),
    })
}

/// The checkpoint of a text, with a quorum behind it.
pub(crate) fn trusted(
    steps: &mut Steps,
    trust: &TrustPolicy,
    note: &str,
) -> Result<Trusted, Failed> {
    let trusted = match judge(trust, note) {
        Ok(trusted) => trusted,
        Err(error) => return Err(steps.failed("checkpoint", error.verdict(), error.to_string())),
    };
    steps.held(
        "checkpoint",
        format!(
            "size {}, cosigned by {} of {}",
            trusted.checkpoint().size,
            trusted.cosigners().len(),
            trust.witnesses().len()
        ),
    );
    Ok(trusted)
}

/// The newest block leaf is the last leaf under the checkpoint, and names the trust file.
pub(crate) fn head(
    steps: &mut Steps,
    trust: &TrustPolicy,
    trusted: &Trusted,
    head: &BlockProof,
) -> Result<(), Failed> {
    let size = trusted.checkpoint().size;
    let last = head.index.get().checked_add(1) == Some(size.get());
    steps.require(
        "head",
        last,
        "the newest block leaf is the last leaf of the checkpoint",
    )?;
    let included = included(trusted, head);
    steps.proof("head", "the newest block leaf is in the log", included)?;
    let other_epoch = trust.epoch().is_some_and(|epoch| epoch != head.leaf.epoch);
    if head.leaf.trust != trust.hash() || other_epoch {
        let detail = format!(
            "the log is at epoch {}, and the trust file given is another; advance it first",
            head.leaf.epoch
        );
        return Err(steps.failed("trust file", Verdict::CannotDecide, detail));
    }
    steps.held(
        "trust file",
        format!("epoch {} as the log names it", head.leaf.epoch),
    );
    Ok(())
}

/// Whether a block leaf is in the log.
pub(crate) fn included(trusted: &Trusted, block: &BlockProof) -> Result<(), merkle::BadProof> {
    let checkpoint = trusted.checkpoint();
    let leaf = merkle::leaf_hash(block.leaf.write().as_bytes());
    merkle::verify_inclusion(
        &leaf,
        block.index,
        checkpoint.size,
        &block.path,
        &checkpoint.root,
    )
}
