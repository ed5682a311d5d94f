//! The rules of changes that agencies have agreed on: what may follow what is in force, and what it
//! makes of the directory.
//!
//! Agencies that leave stay on the ledger with their clerks and registries; they only run no validator.
//! Who has to approve a change, and when it is made: `governance`.

use std::collections::BTreeMap;

use protocol::{
    epoch::{BadChange, Change},
    governance::{ProposedChange, RulesChange},
    hash::{IndexKey, TrustHash, sha256},
    key::PublicKey,
    name::AgencyName,
    policy::OpenedBy,
    state::{AgencyState, NetworkState, value_hash},
};

use super::Refusal;
use crate::directory::Directory;

/// Whether a change, its approvals aside, can follow what is in force.
///
/// # Errors
///
/// [`Refusal`] says why not.
pub fn judge_unapproved(directory: &Directory, change: &ProposedChange) -> Result<(), Refusal> {
    if !change.approvals().is_empty() {
        return Err(Refusal::BadChange(BadChange::ApprovedAlready));
    }
    match change {
        ProposedChange::Epoch(change) => epoch(directory, change).map_err(Refusal::BadChange),
        ProposedChange::Rules(change) => rules(directory, change),
    }
}

fn epoch(directory: &Directory, change: &Change) -> Result<(), BadChange> {
    if change.statement.by != OpenedBy::Agencies {
        return Err(BadChange::ByRecovery);
    }
    follows(directory, change)
}

/// Whether a change after a disaster can follow, and as many recovery keys of the validators have
/// approved it as were agreed.
///
/// # Errors
///
/// [`BadChange`] says why not.
pub fn judge_recovery(directory: &Directory, change: &Change) -> Result<(), BadChange> {
    follows(directory, change)?;
    let network = directory.network();
    let validators = directory.agencies().iter();
    let validators = validators.filter(|(name, _)| network.validators.contains(*name));
    let keys: BTreeMap<AgencyName, PublicKey> = validators
        .map(|(name, agency)| (name.clone(), agency.recovery))
        .collect();
    let needed = usize::try_from(network.recovery_threshold).unwrap_or(usize::MAX);
    change.check_approvals(directory.network_id(), &keys, needed)
}

/// Whether the trust file follows the one in force, and no key served anybody else.
fn follows(directory: &Directory, change: &Change) -> Result<(), BadChange> {
    let (id, network) = (directory.network_id(), directory.network());
    change.check(id, network.epoch, &network.trust)?;
    for agency in &change.statement.agencies {
        succession(directory, &agency.state())?;
    }
    Ok(())
}

fn rules(directory: &Directory, change: &RulesChange) -> Result<(), Refusal> {
    let network = directory.network();
    let statement = &change.statement;
    if statement.before != value_hash(&network.write()) {
        return Err(Refusal::RulesOvertaken);
    }
    let (protocol, now) = (statement.protocol, network.protocol);
    if protocol != now && protocol != now.saturating_add(1) {
        return Err(Refusal::WrongProtocol { protocol, now });
    }
    if !statement.limits.is_sensible() || !statement.governance.is_sensible() {
        return Err(Refusal::RulesOutOfBounds);
    }
    Ok(())
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

/// The values of the index that the change sets, once it is made.
#[must_use]
pub fn values(directory: &Directory, change: &ProposedChange) -> BTreeMap<IndexKey, String> {
    let network = directory.network();
    match change {
        ProposedChange::Epoch(change) => epoch_values(network, change),
        ProposedChange::Rules(change) => {
            let statement = &change.statement;
            let next = NetworkState {
                protocol: statement.protocol,
                limits: statement.limits,
                governance: statement.governance,
                ..network.clone()
            };
            BTreeMap::from([(NetworkState::index_key(), next.write())])
        }
    }
}

/// The values of the index that a change of agencies sets.
pub(crate) fn epoch_values(network: &NetworkState, change: &Change) -> BTreeMap<IndexKey, String> {
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
