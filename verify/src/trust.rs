//! Walking the chain of trust files: from the one that is held to the next, by a proof.
//!
//! An ordinary change is believed because the agencies of the file that is held decided and cosigned
//! it; a recovery because enough of the recovery keys that this file names approved it. Not here: how
//! receipts of past epochs are judged (`checkpoint`).

use std::collections::BTreeMap;

use protocol::{
    checkpoint::Checkpoint,
    epoch::EpochProof,
    merkle,
    name::Origin,
    policy::{OpenedBy, POLICY_BYTES_MAX, Past, TrustPolicy},
};

use crate::{
    checkpoint::{self, Trusted},
    place,
    steps::{Failed, Step, Steps},
    verdict::Verdict,
};

/// What is said of a step along the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Authentic if the next trust file may be believed as the one before was.
    pub verdict: Verdict,
    /// The checks in their order.
    pub steps: Vec<Step>,
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
    let (origin, chain, epoch) = match (
        Origin::parse(trust.origin()),
        trust.genesis(),
        trust.epoch(),
    ) {
        (Some(origin), Some(chain), Some(epoch)) if trust.base().is_none() => {
            (origin, chain, epoch)
        }
        _ => {
            let detail = "the trust file is not one that the network made; advance that one, and build your own on it again";
            return Err(steps.failed("trust file", Verdict::CannotDecide, detail));
        }
    };
    let proof = steps.proof(
        "format",
        "a proof of a change of agencies, version 1",
        EpochProof::parse(bytes),
    )?;
    let change = &proof.change;
    let follows = change.check(&origin, chain, epoch, &trust.hash());
    let opened = change.statement.epoch;
    steps.proof("change", format!("it opens epoch {opened}"), follows)?;
    let (trusted, past) = match change.statement.by {
        OpenedBy::Agencies => by_agencies(steps, trust, &proof)?,
        OpenedBy::Recovery => by_recovery(steps, trust, &origin, &proof)?,
    };
    inclusion(steps, trust, &trusted, &proof)?;
    let mut next = change.trust_file.clone();
    for earlier in trust.past() {
        next += &earlier.write();
    }
    next += &past.write();
    let fits = TrustPolicy::parse(next.as_bytes());
    steps.proof(
        "next",
        format!("at most {POLICY_BYTES_MAX} bytes, and in its form"),
        fits,
    )?;
    Ok(next)
}

/// Decided and cosigned by the agencies of the trust file that is held.
fn by_agencies(
    steps: &mut Steps,
    trust: &TrustPolicy,
    proof: &EpochProof,
) -> Result<(Trusted, Past), Failed> {
    let trusted = quorum(steps, trust, &proof.proof.checkpoint)?;
    steps.require(
        "last",
        proof.last.is_none(),
        "the epoch before ends with the checkpoint of the change",
    )?;
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
    origin: &Origin,
    proof: &EpochProof,
) -> Result<(Trusted, Past), Failed> {
    let (threshold, keys) = trust.recovery();
    let keys: BTreeMap<_, _> = keys.iter().cloned().collect();
    let needed = usize::try_from(threshold).unwrap_or(usize::MAX);
    let approved = proof.change.check_approvals(origin, &keys, needed);
    let found = proof.change.approvals.len();
    steps.proof(
        "recovery",
        format!("approved by {found} recovery keys, of which {threshold} are needed"),
        approved,
    )?;
    let next = TrustPolicy::parse(proof.change.trust_file.as_bytes());
    let next = steps.proof("trust file", "the next trust file", next)?;
    let trusted = quorum(steps, &next, &proof.proof.checkpoint)?;
    let Some(last) = &proof.last else {
        let detail = "a recovery must show where the epoch before ended";
        return Err(steps.failed("last", Verdict::ProofBroken, detail));
    };
    let block = &proof.block;
    let begins = block.index.get().checked_sub(block.leaf.entries);
    steps.require(
        "last",
        begins == Some(last.size.get()),
        "the epoch before ended where the block of the change begins",
    )?;
    let end = Checkpoint {
        origin: origin.clone(),
        size: last.size,
        root: last.root,
    };
    let continues = checkpoint::consistency(&end, trusted.checkpoint(), &last.path);
    steps.proof("last", "the log goes on from there", continues)?;
    let past = Past {
        epoch: block.leaf.epoch,
        trust: trust.hash(),
        size: last.size,
        root: last.root,
    };
    Ok((trusted, past))
}

fn quorum(steps: &mut Steps, trust: &TrustPolicy, note: &str) -> Result<Trusted, Failed> {
    let trusted = checkpoint::judge(trust, note)
        .map_err(|error| steps.failed("checkpoint", error.verdict(), error.to_string()))?;
    let (size, signed) = (trusted.checkpoint().size, trusted.cosigners().len());
    let all = trust.witnesses().len();
    steps.held(
        "checkpoint",
        format!("size {size}, cosigned by {signed} of {all}"),
    );
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
    steps.require(
        "block",
        last,
        "the block of the change is the last one under the checkpoint",
    )?;
    steps.proof(
        "block",
        "the block is in the log",
        checkpoint::included(trusted, block),
    )?;
    let named = block.leaf.trust == trust.hash() && Some(block.leaf.epoch) == trust.epoch();
    steps.require(
        "block",
        named,
        "the block names the trust file that is held",
    )?;
    let included = merkle::verify_inclusion(
        &proof.change.hash(),
        proof.proof.index,
        checkpoint.size,
        &proof.proof.path,
        &checkpoint.root,
    );
    steps.proof("change", "the change is in the log", included)?;
    steps.require(
        "change",
        place::covers(block, proof.proof.index),
        "the change is in that block",
    )
}
