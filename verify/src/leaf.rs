//! Judging one leaf of the log by its tlog-proof: that it is there, under a checkpoint that a quorum
//! cosigned. What the leaf may do is not asked: an act is taken only if the rules allow it, and an audit
//! shows that they did.

use protocol::{merkle, policy::TrustPolicy, tlog_proof::TlogProof};

use crate::checkpoint::{self, Trusted, Untrusted};

/// The trusted checkpoint under which `leaf` stands, and the proof as it was read.
///
/// # Errors
///
/// [`Untrusted`] says why the checkpoint is not believed, or that the leaf is not in the log.
pub fn judge(
    trust: &TrustPolicy,
    leaf: &[u8],
    proof: &[u8],
) -> Result<(Trusted, TlogProof), Untrusted> {
    let proof = TlogProof::parse(proof).map_err(Untrusted::Malformed)?;
    let trusted = checkpoint::judge(trust, &proof.checkpoint)?;
    let checkpoint = trusted.checkpoint();
    merkle::verify_inclusion(
        &merkle::leaf_hash(leaf),
        proof.index,
        checkpoint.size,
        &proof.path,
        &checkpoint.root,
    )
    .map_err(Untrusted::NotIncluded)?;
    Ok((trusted, proof))
}
