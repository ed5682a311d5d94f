//! Walking the chain of trust files: from the one that is held to the next, by a proof.
//!
//! An ordinary change is believed because the agencies of the file that is held decided and cosigned
//! it; a recovery because enough of the recovery keys that this file names approved it. Not here: how
//! receipts of past epochs are judged (`checkpoint`).

use std::collections::BTreeMap;

use protocol::{
    chain_id::NetworkId,
    checkpoint::Checkpoint,
    epoch::EpochProof,
    merkle,
    policy::{OpenedBy, POLICY_BYTES_MAX, Past, TrustPolicy},
};

use crate::{
    check::Check,
    checkpoint::{self, Trusted},
    place,
    steps::{CheckStep, Failed, Steps},
    verdict::Verdict,
};

/// The judgement of one step along the chain of trust files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advance {
    /// Authentic if the next trust file may be believed as the one before was.
    pub verdict: Verdict,
    /// The checks in their order.
    pub steps: Vec<CheckStep>,
    /// The next trust file, with the lines of all epochs before it.
    pub next: Option<String>,
}

/// Judges the proof that leads from `trust` to the trust file after it.
#[must_use]
pub fn advance(trust: &TrustPolicy, proof: &[u8]) -> Advance {
    let mut steps = Steps::default();
    let (verdict, next) = match walk(&mut steps, trust, proof) {
        Ok(next) => (Verdict::Authentic, Some(next)),
        Err(Failed(verdict)) => (verdict, None),
    };
    Advance {
        verdict,
        steps: steps.0,
        next,
    }
}

fn walk(steps: &mut Steps, trust: &TrustPolicy, bytes: &[u8]) -> Result<String, Failed> {
    let (network, epoch) = match (trust.network_id(), trust.epoch()) {
        (Some(network), Some(epoch)) if trust.base().is_none() => (network, epoch),
        _ => return Err(steps.failed(Check::TrustOfNetwork, Verdict::CannotDecide)),
    };
    let proof = steps.proof(Check::EpochProofFormat, EpochProof::parse(bytes))?;
    let change = &proof.change;
    let follows = change.check(&network, epoch, &trust.hash());
    let opened = change.statement.epoch;
    steps.proof(Check::ChangeFollows { epoch: opened }, follows)?;
    let (trusted, past) = match change.statement.by {
        OpenedBy::Agencies => by_agencies(steps, trust, &proof)?,
        OpenedBy::Recovery => by_recovery(steps, trust, &network, &proof)?,
    };
    inclusion(steps, trust, &trusted, &proof)?;
    let mut next = change.trust_file.clone();
    for earlier in trust.past() {
        next += &earlier.write();
    }
    next += &past.write();
    let fits = TrustPolicy::parse(next.as_bytes());
    let bytes_max = POLICY_BYTES_MAX;
    steps.proof(Check::NextWithPast { bytes_max }, fits)?;
    Ok(next)
}

/// Decided and cosigned by the agencies of the trust file that is held.
fn by_agencies(
    steps: &mut Steps,
    trust: &TrustPolicy,
    proof: &EpochProof,
) -> Result<(Trusted, Past), Failed> {
    let trusted = quorum(steps, trust, &proof.proof.checkpoint)?;
    steps.require(Check::EndImplied, proof.last.is_none())?;
    let Checkpoint { size, root, .. } = *trusted.checkpoint();
    let (epoch, hash) = (proof.block.leaf.epoch, trust.hash());
    let past = Past {
        epoch,
        trust: hash,
        size,
        root,
    };
    Ok((trusted, past))
}

/// Approved by recovery keys that the trust file names, and cosigned by the agencies that follow.
fn by_recovery(
    steps: &mut Steps,
    trust: &TrustPolicy,
    network: &NetworkId,
    proof: &EpochProof,
) -> Result<(Trusted, Past), Failed> {
    let (threshold, keys) = trust.recovery();
    let keys: BTreeMap<_, _> = keys.iter().cloned().collect();
    let needed = usize::try_from(threshold).unwrap_or(usize::MAX);
    let approved = proof.change.check_approvals(network, &keys, needed);
    let found = proof.change.approvals.len();
    let check = Check::RecoveryApproved {
        found,
        needed: threshold,
    };
    steps.proof(check, approved)?;
    let next = TrustPolicy::parse(proof.change.trust_file.as_bytes());
    let next = steps.proof(Check::NextFormat, next)?;
    let trusted = quorum(steps, &next, &proof.proof.checkpoint)?;
    let Some(last) = &proof.last else {
        return Err(steps.failed(Check::EndShown, Verdict::ProofBroken));
    };
    let block = &proof.block;
    let begins = block.index.get().checked_sub(block.leaf.entries);
    steps.require(Check::EndBeforeBlock, begins == Some(last.size.get()))?;
    let end = Checkpoint {
        origin: network.origin.clone(),
        size: last.size,
        root: last.root,
    };
    let continues = checkpoint::consistency(&end, trusted.checkpoint(), &last.path);
    steps.proof(Check::EndContinued, continues)?;
    let past = Past {
        epoch: block.leaf.epoch,
        trust: trust.hash(),
        size: last.size,
        root: last.root,
    };
    Ok((trusted, past))
}

fn quorum(steps: &mut Steps, trust: &TrustPolicy, note: &str) -> Result<Trusted, Failed> {
    let trusted = checkpoint::judge(trust, note).map_err(|error| steps.untrusted(error))?;
    steps.held(trusted.quorum_check());
    Ok(trusted)
}

/// The change is in the last block under the checkpoint, which still names the file that is held.
fn inclusion(
    steps: &mut Steps,
    trust: &TrustPolicy,
    trusted: &Trusted,
    proof: &EpochProof,
) -> Result<(), Failed> {
    let (checkpoint, block) = (trusted.checkpoint(), &proof.block);
    let last = block.index.get().checked_add(1) == Some(checkpoint.size.get());
    steps.require(Check::ChangeBlockLast, last)?;
    let held = checkpoint::included(trusted, block);
    steps.proof(Check::ChangeBlockIncluded, held)?;
    let named = block.leaf.trust == trust.hash() && Some(block.leaf.epoch) == trust.epoch();
    steps.require(Check::ChangeBlockNamed, named)?;
    let included = merkle::verify_inclusion(
        &proof.change.hash(),
        proof.proof.index,
        checkpoint.size,
        &proof.proof.path,
        &checkpoint.root,
    );
    steps.proof(Check::ChangeIncluded, included)?;
    let covered = place::covers(block, proof.proof.index);
    steps.require(Check::ChangeBlockCovers, covered)
}
