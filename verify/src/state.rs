//! Judging what a node says is in the index: a registry, a clerk, or the network itself.
//!
//! Not here: records, whose states come with their complete histories (`history`).

use protocol::{
    hash::IndexKey,
    height::{Height, LogSize, TimeMs, UnixSeconds},
    name::{ClerkName, RegistryName},
    policy::TrustPolicy,
    state::{ClerkState, NetworkState, RegistryState, value_hash},
    state_proof::StateProof,
};

use crate::{
    check::Check,
    checkpoint::{self, Trusts},
    steps::{CheckStep, Failed, Outcome, Steps},
    verdict::Verdict,
};

/// The facts that are proven of one place in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateFacts<T> {
    /// The state; none if it is proven that there is none.
    pub state: Option<T>,
    /// Size of the log under the checkpoint.
    pub size: LogSize,
    /// Height of the newest block under the checkpoint.
    pub as_of_height: Height,
    /// Time of the checkpoint's newest block, in milliseconds since 1970 (UTC).
    pub as_of_time: TimeMs,
    /// Cosigners, and the times at which they signed.
    pub cosigners: Vec<(String, UnixSeconds)>,
}

/// Why a proof does not hold: the verdict that follows, and the check that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {} does not hold", step.check.part(), step.check.code())]
#[non_exhaustive]
pub struct Unproven {
    /// The verdict.
    pub verdict: Verdict,
    /// Check that failed.
    pub step: CheckStep,
}

/// Judges what a node says is the state of a registry.
///
/// # Errors
/// [`Unproven`] where any step fails, or the answer is of another registry.
pub fn registry(
    trust: &TrustPolicy,
    proof: &[u8],
    name: &RegistryName,
) -> Result<StateFacts<RegistryState>, Unproven> {
    let key = RegistryState::index_key(name);
    judge(trust, proof, &key, RegistryState::parse)
}

/// Judges what a node says is the state of a clerk.
///
/// # Errors
/// [`Unproven`] where any step fails, or the answer is of another clerk.
pub fn clerk(
    trust: &TrustPolicy,
    proof: &[u8],
    name: &ClerkName,
) -> Result<StateFacts<ClerkState>, Unproven> {
    judge(
        trust,
        proof,
        &ClerkState::index_key(name),
        ClerkState::parse,
    )
}

/// Judges what a node says is the state of the network.
///
/// # Errors
/// [`Unproven`] where any step fails.
pub fn network(trust: &TrustPolicy, proof: &[u8]) -> Result<StateFacts<NetworkState>, Unproven> {
    judge(
        trust,
        proof,
        &NetworkState::index_key(),
        NetworkState::parse,
    )
}

fn judge<T>(
    trust: &TrustPolicy,
    proof: &[u8],
    key: &IndexKey,
    parse: fn(&str) -> Option<T>,
) -> Result<StateFacts<T>, Unproven> {
    let mut steps = Steps::default();
    walk(&mut steps, trust, proof, key, parse).map_err(|Failed(verdict)| {
        // A walk ends with the step that failed.
        let step = steps.0.pop().unwrap_or(CheckStep {
            check: Check::StateFormat,
            outcome: Outcome::Failed(None),
        });
        Unproven { verdict, step }
    })
}

fn walk<T>(
    steps: &mut Steps,
    trust: &TrustPolicy,
    bytes: &[u8],
    key: &IndexKey,
    parse: fn(&str) -> Option<T>,
) -> Result<StateFacts<T>, Failed> {
    let shown = steps.proof(Check::StateFormat, StateProof::parse(bytes))?;
    let asked = shown.key == *key;
    steps.require(Check::StateAsked, asked)?;
    let (trusts, head) = (Trusts::from(trust), &shown.head);
    let trusted = checkpoint::trusted(steps, trusts, &shown.checkpoint, head, None)?;
    checkpoint::head(steps, trusts, &trusted, head)?;
    let root = &head.leaf.index;
    let held = match &shown.state {
        Some(state) => shown.proof.verify_present(root, key, &value_hash(state)),
        None => shown.proof.verify_absent(root, key),
    };
    steps.proof(Check::StateIncluded, held)?;
    let state = shown.state.as_deref().map(parse);
    if matches!(state, Some(None)) {
        return Err(steps.failed(Check::StateKnown, Verdict::CannotDecide));
    }
    Ok(StateFacts {
        state: state.flatten(),
        size: trusted.checkpoint().size,
        as_of_height: head.leaf.height,
        as_of_time: head.leaf.time,
        cosigners: trusted.cosigners().to_vec(),
    })
}
