//! The chain of trust files in the folder of a mirror: each file and each proof, so that whoever reads the mirror alone
//! gets from any of them to the one in force.

use std::{fs, path::Path};

use protocol::{
    epoch::PROOF_BYTES_MAX,
    height::Epoch,
    policy::{POLICY_BYTES_MAX, TrustPolicy},
};
use verify::{Verdict, trust};

use super::{ChainError, file_in, proof_in};
use crate::{
    durable::{self, FileError},
    log::Log,
};

/// Brings the chain up to the file that is held into the folder of a mirror, and says how many files are new. Nothing
/// is written before all of it was seen to lead to that file.
///
/// # Errors
/// [`ChainError`]; what the folder holds then stays as it is.
pub fn keep(log: &Log, folder: &Path, held: &TrustPolicy) -> Result<usize, ChainError> {
    let Some(last) = held.epoch() else {
        return Ok(0);
    };
    let all = epochs(last);
    let lacks = |epoch: &Epoch| {
        let has_proof = *epoch == Epoch::ZERO || proof_in(folder, *epoch).is_file();
        !has_proof || !file_in(folder, *epoch).is_file()
    };
    if !all.iter().any(lacks) {
        return Ok(0);
    }
    let chain = read(log, &all)?;
    let (mut now, mut new) = (None, 0);
    for (epoch, (file, proof)) in all.iter().zip(&chain) {
        now = Some(leads(*epoch, now.as_ref(), file, proof)?);
    }
    if now.is_none_or(|now: TrustPolicy| now.hash() != held.network_hash()) {
        return Err(broken(last));
    }
    let trust = folder.join("trust");
    fs::create_dir_all(&trust).map_err(|error| FileError::unwritable(&trust, error))?;
    for (epoch, (file, proof)) in all.iter().zip(&chain) {
        // The proof first: a folder that was interrupted leads on from the file before.
        if *epoch != Epoch::ZERO {
            new += put(&proof_in(folder, *epoch), proof)?;
        }
        new += put(&file_in(folder, *epoch), file)?;
    }
    Ok(new)
}

fn epochs(last: Epoch) -> Vec<Epoch> {
    (0..=last.get()).map(Epoch::new).collect()
}

/// A proof and the trust file that it leads to, as they lie in a folder.
type Kept = (Vec<u8>, Vec<u8>);

/// Files and proofs of all epochs; of the first there is no proof.
fn read(log: &Log, epochs: &[Epoch]) -> Result<Vec<Kept>, ChainError> {
    let read = epochs.iter().map(|epoch| {
        let (epoch, is_first) = (*epoch, *epoch == Epoch::ZERO);
        Ok(match log {
            Log::Node(client) => {
                let file = client.trust_file(epoch)?.ok_or_else(|| broken(epoch))?;
                let proof = if is_first {
                    Vec::new()
                } else {
                    client.epoch_proof(epoch)?
                };
                (file, proof)
            }
            Log::Folder(folder) => {
                let file = durable::read(&file_in(folder, epoch), POLICY_BYTES_MAX)?;
                let proof = if is_first {
                    Vec::new()
                } else {
                    durable::read(&proof_in(folder, epoch), PROOF_BYTES_MAX)?
                };
                (file, proof)
            }
        })
    });
    read.collect()
}

/// The trust file of an epoch, if the proof leads to it from the one before. That a recovery is believed is for whoever
/// holds the last file to say, and was said.
fn leads(
    epoch: Epoch,
    before: Option<&TrustPolicy>,
    file: &[u8],
    proof: &[u8],
) -> Result<TrustPolicy, ChainError> {
    let trust =
        TrustPolicy::parse(file).map_err(|source| ChainError::Malformed { epoch, source })?;
    let Some(before) = before else {
        return Ok(trust);
    };
    let judged = trust::advance(before, proof);
    let next = judged.next.filter(|_| judged.verdict == Verdict::Authentic);
    let next = next.and_then(|next| TrustPolicy::parse(next.as_bytes()).ok());
    match next {
        Some(next) if next.hash() == trust.hash() => Ok(trust),
        _ => Err(ChainError::Proof {
            epoch,
            verdict: match judged.verdict {
                Verdict::Authentic => Verdict::ProofBroken,
                verdict => verdict,
            },
            step: judged
                .steps
                .into_iter()
                .find(|step| !step.is_ok())
                .map(Box::new),
        }),
    }
}

const fn broken(epoch: Epoch) -> ChainError {
    ChainError::Proof {
        epoch,
        verdict: Verdict::ProofBroken,
        step: None,
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<usize, ChainError> {
    if path.is_file() {
        return Ok(0);
    }
    durable::write(path, bytes)?;
    Ok(1)
}
