//! The rules of a change of agencies: who may approve it, and what it makes of the directory.
//!
//! Agencies that leave stay on the ledger with their clerks and registries; they only run no validator.

use std::collections::BTreeMap;

use protocol::{
    agency::quorum,
    epoch::{BadChange, Change},
    hash::{IndexKey, TrustHash, sha256},
    key::PublicKey,
    name::AgencyName,
    policy::OpenedBy,
    state::{AgencyState, NetworkState},
};

use crate::directory::Directory;

/// The values of the index that the change sets, or why it may not stand in the next block.
///
/// # Errors
///
/// [`BadChange`] says why.
pub fn judge(
    directory: &Directory,
    change: &Change,
) -> Result<BTreeMap<IndexKey, String>, BadChange> {
    let (id, network) = (directory.network_id(), directory.network());
    change.check(id, network.epoch, &network.trust)?;
    let (keys, needed) = approvers(directory, change.statement.by);
    change.check_approvals(id, &keys, needed)?;
    for agency in &change.statement.agencies {
        succession(directory, &agency.state())?;
    }
    Ok(values(network, change))
}

/// A quorum of the validators by their admin keys, or after a disaster as many recovery keys of theirs
/// as were agreed.
fn approvers(directory: &Directory, by: OpenedBy) -> (BTreeMap<AgencyName, PublicKey>, usize) {
    let network = directory.network();
    let validators = directory
        .agencies()
        .iter()
        .filter(|(name, _)| network.validators.contains(*name));
    match by {
        OpenedBy::Agencies => {
            let keys = validators.map(|(name, agency)| (name.clone(), agency.admin));
            (keys.collect(), quorum(network.validators.len()))
        }
        OpenedBy::Recovery => {
            let keys = validators.map(|(name, agency)| (name.clone(), agency.recovery));
            let needed = usize::try_from(network.recovery_threshold).unwrap_or(usize::MAX);
            (keys.collect(), needed)
        }
    }
}

/// A key that is new to its use may serve nobody else, and a new cosigning key needs a new name.
fn succession(directory: &Directory, agency: &AgencyState) -> Result<(), BadChange> {
    let before = directory.agencies().get(&agency.name);
    let kept = before.map(AgencyState::keys);
    let kept = kept.iter().flatten().collect::<Vec<_>>();
    for (purpose, key) in agency.keys() {
        let taken = || {
            let of_agencies = directory.agencies().values().flat_map(AgencyState::keys);
            let of_clerks = directory
                .clerks()
                .values()
                .map(|clerk| ("clerk", clerk.key));
            of_agencies.chain(of_clerks).any(|(_, other)| other == key)
        };
        if !kept.contains(&&(purpose, key)) && taken() {
            return Err(BadChange::KeyTaken {
                agency: agency.name.clone(),
                purpose,
            });
        }
    }
    let named = |state: &AgencyState| state.cosign_name == agency.cosign_name;
    let same_key = before.is_some_and(|state| named(state) && state.cosign == agency.cosign);
    if !same_key && directory.agencies().values().any(named) {
        return Err(BadChange::NameTaken(agency.name.clone()));
    }
    Ok(())
}

fn values(network: &NetworkState, change: &Change) -> BTreeMap<IndexKey, String> {
    let statement = &change.statement;
    let next = NetworkState {
        epoch: statement.epoch,
        trust: TrustHash::new(sha256(&[change.trust_file.as_bytes()])),
        recovery_threshold: statement.recovery_threshold,
        validators: statement
            .agencies
            .iter()
            .map(|agency| agency.name.clone())
            .collect(),
        ..network.clone()
    };
    let agencies = statement.agencies.iter().map(|agency| {
        let state = agency.state();
        (AgencyState::index_key(&state.name), state.write())
    });
    let network = (NetworkState::index_key(), next.write());
    agencies.chain([network]).collect()
}
