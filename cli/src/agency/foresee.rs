//! What the network would refuse of an act, as far as it can be told before anything is signed: a signed act can be
//! handed in by anybody until its last height.
//!
//! Only what is plain by itself, or proven, is refused here. Not here: the rules themselves (`ledger::rules::act`),
//! which the network keeps.

use client::{
    http::Client,
    proven::{self, ProofError},
};
use messages::UserMessage;
use protocol::{
    act::Decision,
    name::{AgencyName, ClerkName, RegistryName},
    policy::TrustPolicy,
    standing::{RegistryPolicy, VALIDATORS, WITHIN_DAYS_MAX},
    state::RegistryState,
};

use crate::exit::{CONFLICT, Failure, NOT_PERMITTED, USAGE};

/// Refuses a policy that no registry could have.
pub(super) fn policy(policy: &RegistryPolicy) -> Result<(), Failure> {
    let usage = |what: UserMessage| Failure::new(USAGE, what);
    let days = policy.within_days;
    if let Some(days) = days.filter(|days| !(1..=WITHIN_DAYS_MAX).contains(days)) {
        let what = UserMessage::new("policy-days-out-of-range")
            .text("days", days)
            .text("days-max", WITHIN_DAYS_MAX);
        return Err(usage(what).help(UserMessage::new("help-policy-days")));
    }
    let nobody = policy.agencies.is_empty() && !policy.validators;
    if policy.needed == 0 && (!nobody || !policy.four_eyes && days.is_some()) {
        return Err(usage(UserMessage::new("policy-asks-nobody"))
            .help(UserMessage::new("help-policy-asks-nobody")));
    }
    let named = u64::try_from(policy.agencies.len()).unwrap_or(u64::MAX);
    if policy.needed > named && !policy.validators {
        return Err(too_few(policy.needed, named));
    }
    Ok(())
}

fn too_few(needed: u64, count: u64) -> Failure {
    let what = UserMessage::new("policy-needs-more")
        .text("needed", needed)
        .text("count", count);
    Failure::new(USAGE, what)
        .help(UserMessage::new("help-policy-needs-more").text("validators", VALIDATORS))
}

/// Refuses what an agency may not decide, and what a node proves to be in its way.
pub(super) fn act(
    agency: &AgencyName,
    decision: &Decision,
    node: Option<(&Client, &TrustPolicy)>,
) -> Result<(), Failure> {
    match decision {
        Decision::AddClerk(clerk) => {
            own(agency, &clerk.name)?;
            let Some((client, trust)) = node else {
                return Ok(());
            };
            for registry in &clerk.registries {
                let found = proven::registry(client, trust, registry)?.state;
                let _known = found.ok_or_else(|| ProofError::NoRegistry(registry.clone()))?;
            }
            Ok(())
        }
        Decision::RevokeClerk { clerk, .. } => own(agency, clerk),
        Decision::SetPolicy { registry, policy } => match node {
            Some((client, trust)) => policy_of(agency, registry, policy, client, trust),
            None => Ok(()),
        },
        Decision::AddRegistry { registry, .. } => new_registry(agency, registry, node),
        Decision::TransferRegistry { registry, .. } => match node {
            Some((client, trust)) => owned_registry(agency, registry, client, trust).map(drop),
            None => Ok(()),
        },
    }
}

/// A registry that is to begin must be named after the agency, and not be there.
fn new_registry(
    agency: &AgencyName,
    registry: &RegistryName,
    node: Option<(&Client, &TrustPolicy)>,
) -> Result<(), Failure> {
    let behind = registry.as_str().strip_prefix(agency.as_str());
    if !behind.is_some_and(|behind| behind.starts_with('.')) {
        let what = UserMessage::new("registry-of-no-agency")
            .text("registry", registry)
            .text("agency", agency);
        return Err(Failure::new(USAGE, what)
            .help(UserMessage::new("help-registry-name").text("agency", agency)));
    }
    let Some((client, trust)) = node else {
        return Ok(());
    };
    if proven::registry(client, trust, registry)?.state.is_some() {
        let what = UserMessage::new("registry-there").text("registry", registry);
        return Err(Failure::new(CONFLICT, what).help(UserMessage::new("help-registry-there")));
    }
    Ok(())
}

/// A registry that the agency owns, as a node proves.
fn owned_registry(
    agency: &AgencyName,
    registry: &RegistryName,
    client: &Client,
    trust: &TrustPolicy,
) -> Result<RegistryState, Failure> {
    let state = proven::registry(client, trust, registry)?.state;
    let state = state.ok_or_else(|| ProofError::NoRegistry(registry.clone()))?;
    let owner = &state.owner;
    if owner != agency {
        let what = UserMessage::new("registry-of-other-agency")
            .text("registry", registry)
            .text("owner", owner)
            .text("agency", agency);
        return Err(Failure::new(NOT_PERMITTED, what)
            .help(UserMessage::new("help-agency-decides").text("owner", owner)));
    }
    Ok(state)
}

fn own(agency: &AgencyName, clerk: &ClerkName) -> Result<(), Failure> {
    let owner = clerk.agency();
    if owner == *agency {
        return Ok(());
    }
    let what = UserMessage::new("clerk-of-other-agency")
        .text("clerk", clerk)
        .text("owner", &owner)
        .text("agency", agency);
    Err(Failure::new(NOT_PERMITTED, what)
        .help(UserMessage::new("help-agency-decides").text("owner", owner)))
}

fn policy_of(
    agency: &AgencyName,
    registry: &RegistryName,
    policy: &RegistryPolicy,
    client: &Client,
    trust: &TrustPolicy,
) -> Result<(), Failure> {
    let RegistryState {
        owner,
        policy: held,
        ..
    } = owned_registry(agency, registry, client, trust)?;
    // Numbers only grow: of a node that is behind, a lower one is taken as well.
    let held = held.filter(|held| held != policy);
    if let Some(held) = held.filter(|held| held.version >= policy.version) {
        let what = UserMessage::new("policy-number-taken")
            .text("number", policy.version)
            .text("held", held.version);
        return Err(Failure::new(CONFLICT, what).help(UserMessage::new("help-policy-number-taken")));
    }
    if policy.agencies.contains(&owner) {
        let what = UserMessage::new("policy-names-owner")
            .text("registry", registry)
            .text("owner", owner);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-policy-names-owner")));
    }
    let network = proven::network(client, trust)?.state;
    let Some(validators) = network.map(|network| network.validators) else {
        return Ok(());
    };
    // The node's word is enough for this: it would not take the act either.
    for name in policy.agencies.difference(&validators) {
        let _clerks = client.clerks(name)?;
    }
    if policy.asks() && !policy.is_satisfiable(&owner, &validators) {
        let count = policy.asked(&owner, &validators).len();
        return Err(too_few(
            policy.needed,
            u64::try_from(count).unwrap_or(u64::MAX),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_policy_that_no_registry_could_have_is_told_without_a_node() {
        let plain = |needed: u64, agencies: &[&str], within_days: Option<u64>| RegistryPolicy {
            version: 1,
            needed,
            agencies: { agencies.iter() }
                .map(|name| AgencyName::parse(name).unwrap())
                .collect(),
            validators: false,
            within_days,
            four_eyes: false,
        };
        let code = |policy: &RegistryPolicy| {
            let failure = super::policy(policy).err();
            failure.map(|failure| failure.what.code())
        };
        let two = ["adliya", "soliq"];
        assert_eq!(code(&plain(0, &[], None)), None);
        assert_eq!(code(&plain(2, &two, Some(3650))), None);
        assert_eq!(code(&plain(3, &two, None)), Some("policy-needs-more"));
        assert_eq!(code(&plain(1, &[], None)), Some("policy-needs-more"));
        for days in [0, 3651] {
            let found = code(&plain(1, &two, Some(days)));
            assert_eq!(found, Some("policy-days-out-of-range"), "{days}");
        }
        assert_eq!(code(&plain(0, &two, None)), Some("policy-asks-nobody"));
        assert_eq!(code(&plain(0, &[], Some(3))), Some("policy-asks-nobody"));
        let four_eyes = |policy| RegistryPolicy {
            four_eyes: true,
            ..policy
        };
        assert_eq!(code(&four_eyes(plain(0, &[], Some(3)))), None);
        let in_vain = four_eyes(plain(0, &two, None));
        assert_eq!(code(&in_vain), Some("policy-asks-nobody"));
        let by_role = RegistryPolicy {
            validators: true,
            ..plain(3, &[], None)
        };
        assert_eq!(code(&by_role), None);
        // What is let through here is what the ledger can take, for some owner and some validators.
        let owner = AgencyName::parse("kadastr").unwrap();
        let four = [two[0], two[1], "qurilish", "kadastr"];
        let validators: BTreeSet<AgencyName> = { four.iter() }
            .map(|name| AgencyName::parse(name).unwrap())
            .collect();
        for needed in 0..4 {
            for agencies in [&[][..], &two[..]] {
                for days in [None, Some(0), Some(1), Some(3650), Some(3651)] {
                    for (four_eyes, validators_count) in
                        [(false, false), (false, true), (true, false), (true, true)]
                    {
                        let policy = RegistryPolicy {
                            four_eyes,
                            validators: validators_count,
                            ..plain(needed, agencies, days)
                        };
                        let is_fit = policy.is_satisfiable(&owner, &validators);
                        assert_eq!(super::policy(&policy).is_ok(), is_fit, "{policy:?}");
                    }
                }
            }
        }
    }
}
