//! The rules of acts: what an agency may decide about its clerks and registries.
//!
//! Each can be done once: a clerk name is one key for good, a revoked clerk stays revoked, and a policy
//! has the next number. So an old act that somebody hands in again changes nothing.

use protocol::{
    act::{Act, ActStatement, Decision},
    agency::ProvenAgency,
    authentic::Leaf,
    governance::ProposedChange,
    hash::IndexKey,
    height::TimeMs,
    key::PublicKey,
    name::{AgencyName, ClerkName, RegistryName},
    record::CaseRule,
    standing::RegistryPolicy,
    state::{AgencyState, ClerkState, RegistryState, Revoked},
};

use super::{Position, Refusal, lifetime, size};
use crate::directory::Directory;

/// The most clerks that the ledger knows: all of them are held in memory.
pub const CLERKS_MAX: usize = 100_000;
/// The most registries of one agency.
pub const REGISTRIES_MAX: usize = 1000;

/// The value of the index that the act sets, or why it may not stand at `place`. `directory` is the one
/// before the block with what acts before it in the block have changed.
///
/// # Errors
///
/// [`Refusal`] says why.
pub fn judge(
    directory: &Directory,
    leaf: Leaf<'_>,
    act: &Act,
    place: Position,
) -> Result<(IndexKey, String), Refusal> {
    let statement = &act.statement;
    size(directory, leaf)?;
    author(directory, &statement.author, leaf.key)?;
    lifetime(
        directory.limits().lifetime_heights,
        statement.expires,
        place.height,
    )?;
    match &statement.decision {
        Decision::AddClerk(state) => {
            own(&statement.author, &state.name)?;
            add(directory, &state.name, &state.key)?;
            for registry in &state.registries {
                known(directory, registry)?;
            }
            Ok((ClerkState::index_key(&state.name), state.write()))
        }
        Decision::RevokeClerk {
            clerk, compromised, ..
        } => {
            own(&statement.author, clerk)?;
            let state = revoke(directory, clerk, *compromised, place.time)?;
            Ok((ClerkState::index_key(clerk), state.write()))
        }
        Decision::SetPolicy { registry, policy } => {
            let state = set_policy(directory, &statement.author, registry, policy)?;
            Ok((RegistryState::index_key(registry), state.write()))
        }
        Decision::AddRegistry {
            registry,
            case_rule,
        } => {
            let state = add_registry(directory, &statement.author, registry, *case_rule)?;
            Ok((RegistryState::index_key(registry), state.write()))
        }
        Decision::TransferRegistry {
            registry, taker, ..
        } => {
            let state = transfer(directory, statement, registry, taker)?;
            Ok((RegistryState::index_key(registry), state.write()))
        }
    }
}

/// The name must be new and begin with its owner's, so that nobody takes another's.
fn add_registry(
    directory: &Directory,
    author: &AgencyName,
    registry: &RegistryName,
    case_rule: CaseRule,
) -> Result<RegistryState, Refusal> {
    let rest = registry.as_str().strip_prefix(author.as_str());
    if !rest.is_some_and(|rest| rest.starts_with('.')) {
        return Err(Refusal::RegistryName(registry.clone()));
    }
    if directory.registries().contains_key(registry) {
        return Err(Refusal::RegistryExists(registry.clone()));
    }
    let owned = directory.registries().values();
    let owned = owned.filter(|state| state.owner == *author).count();
    if owned >= REGISTRIES_MAX {
        return Err(Refusal::TooManyRegistries {
            agency: author.clone(),
            registries_max: REGISTRIES_MAX,
        });
    }
    Ok(RegistryState {
        name: registry.clone(),
        owner: author.clone(),
        case_rule,
        policy: None,
    })
}

/// The owner gives it, and the agency that takes it has signed for that too.
fn transfer(
    directory: &Directory,
    statement: &ActStatement,
    registry: &RegistryName,
    taker: &AgencyName,
) -> Result<RegistryState, Refusal> {
    let state = known(directory, registry)?;
    if state.owner != statement.author {
        return Err(Refusal::ForeignTransfer {
            registry: registry.clone(),
            owner: state.owner.clone(),
        });
    }
    let agency = directory
        .agencies()
        .get(taker)
        .ok_or_else(|| Refusal::UnknownAgency(taker.clone()))?;
    statement
        .check_taker(directory.network_id(), &agency.admin)
        .map_err(|_| Refusal::NotTaken(taker.clone()))?;
    if let Some(policy) = &state.policy
        && !policy.is_satisfiable(taker, &directory.network().validators)
    {
        return Err(Refusal::PolicyUnsatisfiable(registry.clone()));
    }
    Ok(RegistryState {
        owner: taker.clone(),
        ..state.clone()
    })
}

/// The agency must be on the ledger, and have signed with its admin key.
fn author(directory: &Directory, name: &AgencyName, key: &PublicKey) -> Result<(), Refusal> {
    let agency = directory
        .agencies()
        .get(name)
        .ok_or_else(|| Refusal::UnknownAgency(name.clone()))?;
    if agency.admin == *key {
        Ok(())
    } else {
        Err(Refusal::WrongAdminKey(name.clone()))
    }
}

fn own(author: &AgencyName, clerk: &ClerkName) -> Result<(), Refusal> {
    if clerk.agency() == *author {
        Ok(())
    } else {
        Err(Refusal::ForeignClerk(clerk.clone()))
    }
}

fn known<'a>(
    directory: &'a Directory,
    registry: &RegistryName,
) -> Result<&'a RegistryState, Refusal> {
    directory
        .registries()
        .get(registry)
        .ok_or_else(|| Refusal::UnknownRegistry(registry.clone()))
}

/// The name must be new, and the key nobody's yet.
fn add(directory: &Directory, clerk: &ClerkName, key: &PublicKey) -> Result<(), Refusal> {
    if directory.clerk(clerk).is_some() {
        return Err(Refusal::ClerkExists(clerk.clone()));
    }
    if directory.clerks().len() >= CLERKS_MAX {
        return Err(Refusal::TooManyClerks {
            clerks_max: CLERKS_MAX,
        });
    }
    let of_agencies = directory.agencies().values().flat_map(AgencyState::keys);
    let of_clerks = directory.clerks().values().map(|state| state.key);
    let taken = of_agencies
        .map(|(_, key)| key)
        .chain(of_clerks)
        .chain(proposed(directory))
        .any(|other| other == *key);
    if taken {
        return Err(Refusal::KeyTaken(clerk.clone()));
    }
    Ok(())
}

/// The keys that an open proposal would give to agencies: whoever reads one there could otherwise take it
/// first and so stop the change.
fn proposed(directory: &Directory) -> impl Iterator<Item = PublicKey> {
    let changes =
        directory
            .open_proposals()
            .filter_map(|(_, proposal)| match &proposal.statement.change {
                ProposedChange::Epoch(change) => Some(&change.statement),
                ProposedChange::Rules(_) => None,
            });
    changes.flat_map(|statement| {
        let of_agencies = statement.agencies.iter().flat_map(ProvenAgency::keys);
        let keys = of_agencies.map(|(_, proven)| proven.key);
        keys.chain([statement.publisher.key])
    })
}

fn revoke(
    directory: &Directory,
    clerk: &ClerkName,
    compromised: Option<TimeMs>,
    time: TimeMs,
) -> Result<ClerkState, Refusal> {
    let state = directory
        .clerk(clerk)
        .ok_or_else(|| Refusal::UnknownClerk(clerk.clone()))?;
    if state.revoked.is_some() {
        return Err(Refusal::ClerkRevoked(clerk.clone()));
    }
    if compromised.is_some_and(|since| since > time) {
        return Err(Refusal::CompromisedLater { time });
    }
    Ok(ClerkState {
        revoked: Some(Revoked { time, compromised }),
        ..state.clone()
    })
}

fn set_policy(
    directory: &Directory,
    author: &AgencyName,
    registry: &RegistryName,
    policy: &RegistryPolicy,
) -> Result<RegistryState, Refusal> {
    let state = known(directory, registry)?;
    if state.owner != *author {
        return Err(Refusal::ForeignPolicy {
            registry: registry.clone(),
            owner: state.owner.clone(),
        });
    }
    let last = state.policy.as_ref().map_or(0, |policy| policy.version);
    let next = last.saturating_add(1);
    if policy.version != next {
        return Err(Refusal::WrongPolicyVersion {
            version: policy.version,
            next,
        });
    }
    let agencies = directory.agencies();
    if let Some(unknown) = policy
        .agencies
        .iter()
        .find(|name| !agencies.contains_key(*name))
    {
        return Err(Refusal::UnknownAgency(unknown.clone()));
    }
    if !policy.is_satisfiable(&state.owner, &directory.network().validators) {
        return Err(Refusal::PolicyUnsatisfiable(registry.clone()));
    }
    Ok(RegistryState {
        policy: Some(policy.clone()),
        ..state.clone()
    })
}
