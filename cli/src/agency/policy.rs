//! `muhr registry policy set` and `show`: whose confirmations make the versions of a registry effective.

use std::collections::BTreeSet;

use client::{
    formats,
    proven::{self, ProofError},
};
use protocol::{
    act::Decision,
    name::AgencyName,
    standing::{RegistryPolicy, VALIDATORS},
};
use serde_json::{Value, json};

use super::sign_act;
use crate::{
    arguments::{PolicySetArguments, PolicyShowArguments, Reading},
    auditor::policies,
    clerk,
    exit::{DONE, Failure, USAGE},
    nodes,
    output::{Output, iso, local},
};

const ROLE: &str = "those that run a validator when it is recorded";

pub(crate) fn set(arguments: &PolicySetArguments, output: &Output) -> Result<u8, Failure> {
    let registry = clerk::registry(&arguments.registry)?;
    let (agencies, validators) = agencies(&arguments.agencies)?;
    let version = match (arguments.number, arguments.options.node.as_deref()) {
        (Some(number), _) => number,
        (None, Some(node)) => {
            let trust = formats::trust(&arguments.options.trust)?;
            let found = proven::registry(&nodes::connect_to(node)?, &trust, &registry)?.state;
            let policy = found
                .ok_or_else(|| ProofError::NoRegistry(registry.clone()))?
                .policy;
            policy.map_or(0, |policy| policy.version).saturating_add(1)
        }
        (None, None) => {
            return Err(Failure::new(
                USAGE,
                "without a node, say the number of the policy: one above the present, 1 for the first",
            )
            .help("add --number; muhr registry policy show tells the present one"));
        }
    };
    let policy = RegistryPolicy {
        version,
        needed: arguments.needed,
        agencies,
        validators,
        within_days: arguments.within,
        four_eyes: arguments.four_eyes,
    };
    let sentence = format!("registry {registry}: {}", in_words(Some(&policy)));
    let decision = Decision::SetPolicy { registry, policy };
    sign_act::decide(&arguments.options, decision, &[sentence], output)
}

/// Those that are named, and whether the role is among them.
fn agencies(names: &[String]) -> Result<(BTreeSet<AgencyName>, bool), Failure> {
    let (roles, names): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| *name == VALIDATORS);
    let mut agencies = BTreeSet::new();
    for name in names {
        let parsed = AgencyName::parse(name).ok_or_else(|| {
            Failure::new(USAGE, format!("\"{name}\" is not the name of an agency")).help(format!(
                "name agencies, or {VALIDATORS} for all that run a validator"
            ))
        })?;
        agencies.insert(parsed);
    }
    Ok((agencies, !roles.is_empty()))
}

pub(crate) fn show(arguments: &PolicyShowArguments, output: &Output) -> Result<u8, Failure> {
    let registry = clerk::registry(&arguments.registry)?;
    if arguments.history {
        let reading = Reading {
            node: vec![arguments.node.clone()],
            trust: arguments.trust.clone(),
            checkpoint: None,
        };
        return policies::history(&registry, &reading, output);
    }
    let trust = formats::trust(&arguments.trust)?;
    let facts = proven::registry(&nodes::connect_to(&arguments.node)?, &trust, &registry)?;
    let found = facts
        .state
        .ok_or_else(|| ProofError::NoRegistry(registry.clone()))?;
    output.data(&json!({
        "schema": "muhr/registry/1", "registry": found.name.as_str(), "owner": found.owner.as_str(),
        "policy": found.policy.as_ref().map(as_json), "as_of_height": facts.as_of_height.get(),
        "as_of_time": iso(facts.as_of_time.get()),
    }));
    output.text(&format!("{} of {}", found.name, found.owner));
    output.text(&format!("  {}", in_words(found.policy.as_ref())));
    let (height, time) = (facts.as_of_height, local(facts.as_of_time.get()));
    output.text(&format!("  as of block {height}, {time}"));
    output.warn_if_old(&facts.cosigners);
    output.note("each version keeps the policy of its day, and its receipt shows it");
    Ok(DONE)
}

/// What it asks of a version.
pub(crate) fn in_words(policy: Option<&RegistryPolicy>) -> String {
    let Some(policy) = policy.filter(|policy| policy.asks()) else {
        return "no confirmation is asked for".to_owned();
    };
    let role = policy.validators.then_some(ROLE);
    let named = policy.agencies.iter().map(AgencyName::as_str);
    let names: Vec<_> = role.into_iter().chain(named).collect();
    let others = (policy.needed > 0).then(|| format!("{} of {}", policy.needed, names.join(", ")));
    let second = policy
        .four_eyes
        .then(|| "a second clerk of the agency".to_owned());
    let whom: Vec<String> = others.into_iter().chain(second).collect();
    let within = policy
        .within_days
        .map_or_else(String::new, |days| format!(" within {days} days"));
    format!(
        "policy {}: a version is effective once {} confirm it{within}",
        policy.version,
        whom.join(" and ")
    )
}

/// The same for programs.
pub(crate) fn as_json(policy: &RegistryPolicy) -> Value {
    json!({
        "number": policy.version, "needed": policy.needed, "within_days": policy.within_days,
        "agencies": policy.agencies.iter().map(AgencyName::as_str).collect::<Vec<_>>(),
        "validators": policy.validators, "four_eyes": policy.four_eyes,
    })
}
