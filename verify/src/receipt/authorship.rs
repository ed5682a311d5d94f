//! Who made the entry of a receipt: its own signature, or that of the batch it stands in.

use protocol::{
    entry::Authorship,
    hash::LeafHash,
    height::{LeafIndex, LogSize},
    merkle,
    receipt::{BatchProof, Receipt},
};

use crate::{
    check::Check,
    checkpoint::{Trusted, Trusts},
    place,
    steps::{Failed, Steps},
    verdict::Verdict,
};

/// The clerk's key, which the index names, made the signature.
pub(super) fn check(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    trusted: &Trusted,
    (receipt, leaf): (&Receipt, &LeafHash),
) -> Result<(), Failed> {
    match (&receipt.entry.authorship, &receipt.batch) {
        (Authorship::Signed(signature), None) => {
            let network = trusts.network_id(steps, trusted)?;
            let (statement, key) = (&receipt.entry.statement, &receipt.clerk.key);
            let held = statement.check(&network, key, signature);
            let clerk = receipt.clerk.name.clone();
            steps.proof(Check::EntrySigned { clerk }, held)
        }
        (Authorship::Batched, Some(batch)) => {
            by_batch(steps, trusts, trusted, (receipt, leaf), batch)
        }
        _ => Err(steps.failed(Check::Authorship, Verdict::ProofBroken)),
    }
}

fn by_batch(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    trusted: &Trusted,
    (receipt, leaf): (&Receipt, &LeafHash),
    batch: &BatchProof,
) -> Result<(), Failed> {
    let statement = &batch.leaf.statement;
    let index = batch.index;
    steps.proof(Check::BatchIncluded { index }, trusts.batch(trusted, batch))?;
    let same_block = place::covers(&receipt.block, index);
    steps.require(Check::BatchInBlock, same_block)?;
    let same_author = statement.author == receipt.entry.statement.author;
    steps.require(Check::BatchAuthor, same_author)?;
    let network = trusts.network_id(steps, trusted)?;
    let held = trusts.check(&batch.leaf, &network, &receipt.clerk.key);
    let clerk = receipt.clerk.name.clone();
    steps.proof(Check::BatchSigned { clerk }, held)?;
    let (entry, batch_leaf) = (receipt.proof.index.get(), batch.index.get());
    let at = entry
        .checked_sub(batch_leaf)
        .and_then(|at| at.checked_sub(1));
    let Some(at) = at else {
        return Err(steps.failed(Check::BatchBeforeEntry, Verdict::ProofBroken));
    };
    let path = merkle::verify_inclusion(
        leaf,
        LeafIndex::new(at),
        LogSize::new(statement.count),
        &batch.entry_path,
        &statement.root,
    );
    steps.proof(Check::BatchCoversEntry, path)
}
