//! The chain of trust files, walked over HTTP: from the one that is held to the one in force.
//!
//! Each step is judged by the file before it (`verify::trust`), so whoever gives the proofs need not be believed.
//! Steps that a quorum of agencies made are crossed; a recovery after a disaster is not crossed unless its words are
//! known from elsewhere, for whoever holds enough recovery keys could have made one behind everybody's back.

mod kept;

use std::path::{Path, PathBuf};

use messages::UserMessage;
use protocol::{
    epoch::PROOF_BYTES_MAX,
    height::Epoch,
    policy::{OpenedBy, TrustPolicy},
    text::Malformed,
    words,
};
use thiserror::Error;
use verify::{CheckStep, Verdict, trust};

pub use self::kept::keep;
use crate::{
    coded::{Coded, failed_check},
    durable::{self, FileError},
    http::{Client, HttpError},
};

/// Steps of one walk, at most: a network that changes its agencies every day takes three years for so many.
const STEPS_MAX: usize = 1000;

/// A trust file that a walk has come to.
#[derive(Clone, Debug)]
pub struct TrustStep {
    /// The file.
    pub trust: TrustPolicy,
    /// Its text.
    pub text: String,
}

/// Why a walk does not come to the trust file in force.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum ChainError {
    /// The node gave nothing that can be used.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A proof does not hold.
    Proof {
        /// Epoch that it was given for.
        epoch: Epoch,
        /// The verdict.
        verdict: Verdict,
        /// The check that failed.
        step: Option<Box<CheckStep>>,
    },
    /// What a proof leads to cannot be read.
    Malformed {
        /// Its epoch.
        epoch: Epoch,
        /// Error of the reader.
        source: Malformed,
    },
    /// The next epoch was opened by recovery keys, and nobody has said its words.
    Recovery {
        /// Its number.
        epoch: Epoch,
    },
    /// The words that were said are not those of the recovery.
    RecoveryWords {
        /// Number of the epoch.
        epoch: Epoch,
        /// Which of the words differs, from 1.
        at: usize,
    },
    /// Two nodes give two trust files of one epoch.
    TwoFiles {
        /// Number of the epoch.
        epoch: Epoch,
        /// Node whose file differs.
        node: String,
    },
    /// More steps than a chain has.
    Endless,
    /// A proof in a folder cannot be read.
    File(#[from] FileError),
}

impl ChainError {
    /// Verdict that follows; none where nothing could be judged.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Http(_) | Self::Endless | Self::File(_) => None,
            Self::Proof { verdict, .. } => Some(*verdict),
            Self::Malformed { .. } => Some(Verdict::ProofBroken),
            Self::Recovery { .. } | Self::RecoveryWords { .. } => Some(Verdict::CannotDecide),
            Self::TwoFiles { .. } => Some(Verdict::Fork),
        }
    }
}

impl Coded for ChainError {
    fn message(&self) -> UserMessage {
        match self {
            Self::Http(error) => error.message(),
            Self::File(error) => error.message(),
            Self::Proof {
                epoch,
                step: Some(step),
                ..
            } => UserMessage::new("epoch-proof-does-not-hold")
                .text("epoch", epoch)
                .part("check", failed_check(step)),
            Self::Proof { epoch, .. } => {
                UserMessage::new("epoch-proof-without-check").text("epoch", epoch)
            }
            Self::Malformed { epoch, source } => UserMessage::new("next-trust-file-malformed")
                .text("epoch", epoch)
                .text("reason", source),
            Self::Recovery { epoch } => UserMessage::new("epoch-by-recovery").text("epoch", epoch),
            Self::RecoveryWords { epoch, at } => UserMessage::new("recovery-words-differ")
                .text("epoch", epoch)
                .text("at", at),
            Self::TwoFiles { epoch, node } => UserMessage::new("two-trust-files")
                .text("epoch", epoch)
                .text("node", node),
            Self::Endless => UserMessage::new("trust-chain-endless"),
        }
    }
}

/// Walks from `held` as far as the first node that answers leads, and compares with all others. `said` are the words
/// of a recovery that somebody has confirmed, if there is one to be crossed.
///
/// # Errors
/// [`ChainError`]: nothing of the walk counts then.
pub fn walk(
    client: &Client,
    held: &TrustPolicy,
    said: Option<&str>,
) -> Result<Vec<TrustStep>, ChainError> {
    let steps = walk_one(client, held, said)?;
    if let Some(last) = steps.last() {
        for other in client.each() {
            compare(&other, &last.trust)?;
        }
    }
    Ok(steps)
}

/// Walks from `held` as far as the proofs in the folder of a mirror lead.
///
/// # Errors
/// [`ChainError`]: nothing of the walk counts then.
pub fn walk_folder(folder: &Path, held: &TrustPolicy) -> Result<Vec<TrustStep>, ChainError> {
    let mut steps: Vec<TrustStep> = Vec::new();
    loop {
        let now = steps.last().map_or(held, |step| &step.trust);
        let Some(epoch) = now.epoch().map(Epoch::next) else {
            return Ok(steps);
        };
        let place = proof_in(folder, epoch);
        if !place.is_file() {
            return Ok(steps);
        }
        let proof = durable::read(&place, PROOF_BYTES_MAX)?;
        let next = step(now, &proof, None)?;
        steps.push(next);
        if steps.len() > STEPS_MAX {
            return Err(ChainError::Endless);
        }
    }
}

/// Place of the proof that leads to an epoch, in the folder of a mirror.
#[must_use]
pub fn proof_in(folder: &Path, epoch: Epoch) -> PathBuf {
    folder.join("trust").join(format!("{epoch}.proof"))
}

/// Place of the trust file of an epoch, in the folder of a mirror.
#[must_use]
pub fn file_in(folder: &Path, epoch: Epoch) -> PathBuf {
    folder.join("trust").join(format!("{epoch}.policy"))
}

fn walk_one(
    client: &Client,
    held: &TrustPolicy,
    said: Option<&str>,
) -> Result<Vec<TrustStep>, ChainError> {
    let mut steps: Vec<TrustStep> = Vec::new();
    loop {
        let now = steps.last().map_or(held, |step| &step.trust);
        let Some(from) = now.epoch() else {
            return Ok(steps);
        };
        let page = client.trust_chain(from)?;
        let proofs = page.map_or_else(Vec::new, |page| page.proofs);
        if proofs.is_empty() {
            return Ok(steps);
        }
        for proof in proofs {
            let now = steps.last().map_or(held, |step| &step.trust);
            let next = step(now, proof.as_bytes(), said)?;
            steps.push(next);
            if steps.len() > STEPS_MAX {
                return Err(ChainError::Endless);
            }
        }
    }
}

/// One step: from `held` to the trust file that a proof leads to.
///
/// # Errors
/// [`ChainError`], of which [`ChainError::Recovery`] for one that nobody has confirmed.
pub fn step(held: &TrustPolicy, proof: &[u8], said: Option<&str>) -> Result<TrustStep, ChainError> {
    let epoch = held.epoch().map_or(Epoch::ZERO, Epoch::next);
    let judged = trust::advance(held, proof);
    let failed = judged.steps.iter().find(|step| !step.is_ok()).cloned();
    let text = judged
        .next
        .filter(|_| judged.verdict == Verdict::Authentic)
        .ok_or_else(|| ChainError::Proof {
            epoch,
            verdict: judged.verdict,
            step: failed.map(Box::new),
        })?;
    let trust = TrustPolicy::parse(text.as_bytes())
        .map_err(|source| ChainError::Malformed { epoch, source })?;
    if trust.opened_by() == Some(OpenedBy::Recovery) {
        let said = said.ok_or(ChainError::Recovery { epoch })?;
        if let Some(at) = words::first_wrong(trust.hash().as_bytes(), said) {
            return Err(ChainError::RecoveryWords { epoch, at });
        }
    }
    Ok(TrustStep { trust, text })
}

/// A node that knows the epoch must have the same trust file. One that is away or behind says nothing against it.
fn compare(client: &Client, last: &TrustPolicy) -> Result<(), ChainError> {
    let Some(epoch) = last.epoch() else {
        return Ok(());
    };
    let Ok(Some(text)) = client.trust_file(epoch) else {
        return Ok(());
    };
    let other = TrustPolicy::parse(&text);
    let is_same = other.is_ok_and(|other| other.hash() == last.network_hash());
    if is_same {
        return Ok(());
    }
    Err(ChainError::TwoFiles {
        epoch,
        node: client.nodes().first().cloned().unwrap_or_default(),
    })
}
