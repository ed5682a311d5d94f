//! What is in force, proven under a trust file: the agencies with all their keys, and the rules.
//!
//! The agencies stand in the leaf with which the epoch began. The genesis is named by every trust file; a change
//! of agencies must be shown to be in the log, and to hold the very trust file that is held.

use protocol::{
    agency::{ProvenAgency, ProvenKey, quorum},
    chain_id::NetworkId,
    drafting::InForceText,
    epoch::{Change, EpochProof},
    genesis::Genesis,
    hash::{TrustHash, sha256},
    height::{Epoch, Height, TimeMs, UnixSeconds},
    merkle,
    name::AgencyName,
    policy::TrustPolicy,
    state::NetworkState,
};

use super::GoverningError;
use crate::{http::Client, proven::ProofError};

/// What is in force, after its proofs have held.
#[derive(Clone, Debug)]
pub struct InForce {
    /// Identity of the network.
    pub network: NetworkId,
    /// Number of the epoch.
    pub epoch: Epoch,
    /// Hash of its trust file.
    pub trust: TrustHash,
    /// The agencies with validators, in the order of their names.
    pub agencies: Vec<ProvenAgency>,
    /// The key that adds the log's own line.
    pub publisher: ProvenKey,
    /// Number of recovery keys that must sign after a disaster.
    pub recovery_threshold: u64,
    /// The network's state: the rules' numbers.
    pub state: NetworkState,
    /// Height of the newest block under the checkpoint that proves it.
    pub as_of_height: Height,
    /// Time of that block.
    pub as_of_time: TimeMs,
    /// Who cosigned that checkpoint, and when.
    pub cosigners: Vec<(String, UnixSeconds)>,
}

impl InForce {
    /// An agency that runs a validator.
    #[must_use]
    pub fn agency(&self, name: &AgencyName) -> Option<&ProvenAgency> {
        self.agencies.iter().find(|agency| agency.name == *name)
    }

    /// Number of agencies that must agree.
    #[must_use]
    pub const fn quorum(&self) -> usize {
        quorum(self.agencies.len())
    }
}

/// Asks a node for what is in force, with the proofs.
///
/// # Errors
/// [`GoverningError::Http`] where the node does not give it, and [`GoverningError::Proof`] where it does not prove
/// the network's state. What it gives is judged by [`judge`].
pub fn fetch(client: &Client, trust: &TrustPolicy) -> Result<InForceText, GoverningError> {
    let network = client.network_proof()?;
    let facts = verify::state::network(trust, &network)
        .map_err(|unproven| ProofError::Unproven(Box::new(unproven)))?;
    let epoch = facts.state.map_or(Epoch::ZERO, |state| state.epoch);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (opened, inclusion) = if epoch == Epoch::ZERO {
        (text(client.genesis()?), None)
    } else {
        let proof = client.epoch_proof(epoch)?;
        let proof = EpochProof::parse(&proof).map_err(GoverningError::NoEpochProof)?;
        let inclusion = client.inclusion(proof.proof.index)?;
        (proof.change.write(), Some(inclusion.write()))
    };
    Ok(InForceText {
        opened,
        inclusion,
        network: text(network),
    })
}

/// Judges what is said to be in force under the trust file that is held.
///
/// # Errors
/// [`GoverningError`] names the part that is not proven, or says that another epoch is in force than that of the
/// trust file.
pub fn judge(text: &InForceText, trust: &TrustPolicy) -> Result<InForce, GoverningError> {
    let (network, held) = match (trust.network_id(), trust.epoch()) {
        (Some(network), Some(held)) => (network, held),
        _ => return Err(GoverningError::NoNetwork),
    };
    let facts = verify::state::network(trust, text.network.as_bytes())
        .map_err(|unproven| ProofError::Unproven(Box::new(unproven)))?;
    let state = facts.state.ok_or(GoverningError::NoState)?;
    if state.epoch != held || state.trust != trust.network_hash() {
        let in_force = state.epoch;
        return Err(GoverningError::OtherEpoch { held, in_force });
    }
    let (agencies, publisher) = match &text.inclusion {
        None => of_genesis(text, &network)?,
        Some(inclusion) => of_change(text, inclusion, trust)?,
    };
    let names = agencies.iter().map(|agency: &ProvenAgency| &agency.name);
    if !names.eq(state.validators.iter()) {
        return Err(GoverningError::OtherOpening);
    }
    Ok(InForce {
        network,
        epoch: state.epoch,
        trust: state.trust,
        agencies,
        publisher,
        recovery_threshold: state.recovery_threshold,
        state,
        as_of_height: facts.as_of_height,
        as_of_time: facts.as_of_time,
        cosigners: facts.cosigners,
    })
}

fn of_genesis(
    text: &InForceText,
    network: &NetworkId,
) -> Result<(Vec<ProvenAgency>, ProvenKey), GoverningError> {
    let bytes = text.opened.as_bytes();
    if merkle::leaf_hash(bytes).as_bytes() != network.chain.as_bytes() {
        return Err(GoverningError::OtherOpening);
    }
    let genesis = Genesis::parse(bytes).map_err(|_| GoverningError::OtherOpening)?;
    Ok((genesis.agencies, genesis.publisher))
}

fn of_change(
    text: &InForceText,
    inclusion: &str,
    trust: &TrustPolicy,
) -> Result<(Vec<ProvenAgency>, ProvenKey), GoverningError> {
    let bytes = text.opened.as_bytes();
    let change = Change::parse(bytes).map_err(|_| GoverningError::OtherOpening)?;
    let file = TrustHash::new(sha256(&[change.trust_file.as_bytes()]));
    if file != trust.network_hash() {
        return Err(GoverningError::OtherOpening);
    }
    verify::leaf::judge(trust, bytes, inclusion.as_bytes())
        .map_err(|error| GoverningError::NotInLog(Box::new(error)))?;
    Ok((change.statement.agencies, change.statement.publisher))
}
