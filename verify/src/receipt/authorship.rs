//! Who made the entry of a receipt: its own signature, or that of the batch it stands in.

use protocol::{
    entry::Authorship,
    hash::LeafHash,
    height::{LeafIndex, LogSize},
    key, merkle,
    receipt::{BatchProof, Receipt},
};

use crate::{
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
            let message = receipt
                .entry
                .statement
                .message(&trusted.checkpoint().origin);
            let held = key::verify(&receipt.clerk.key, &message, signature);
            steps.proof(
                "signature",
                format!("signed by {}", receipt.clerk.name),
                held,
            )
        }
        (Authorship::Batched, Some(batch)) => {
            by_batch(steps, trusts, trusted, (receipt, leaf), batch)
        }
        _ => Err(steps.failed(
            "signature",
            Verdict::ProofBroken,
            "the entry is neither signed nor in a batch",
        )),
    }
}

fn by_batch(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    trusted: &Trusted,
    (receipt, leaf): (&Receipt, &LeafHash),
    batch: &BatchProof,
) -> Result<(), Failed> {
    let checkpoint = trusted.checkpoint();
    let statement = &batch.leaf.statement;
    let included = trusts.batch(trusted, batch);
    steps.proof(
        "batch",
        format!("the batch is leaf {} of the log", batch.index),
        included,
    )?;
    steps.require(
        "batch",
        place::covers(&receipt.block, batch.index),
        "the batch is in the entry's block",
    )?;
    steps.require(
        "batch",
        statement.author == receipt.entry.statement.author,
        "the batch has the entry's author",
    )?;
    let held = trusts.check(&batch.leaf, &checkpoint.origin, &receipt.clerk.key);
    steps.proof(
        "signature",
        format!("signed by {}", receipt.clerk.name),
        held,
    )?;
    let (entry, batch_leaf) = (receipt.proof.index.get(), batch.index.get());
    let at = entry
        .checked_sub(batch_leaf)
        .and_then(|at| at.checked_sub(1));
    let Some(at) = at else {
        return Err(steps.failed(
            "batch",
            Verdict::ProofBroken,
            "the entry does not follow its batch",
        ));
    };
    let path = merkle::verify_inclusion(
        leaf,
        LeafIndex::new(at),
        LogSize::new(statement.count),
        &batch.entry_path,
        &statement.root,
    );
    steps.proof("batch", "the batch's signature covers the entry", path)
}
