//! `muhr registry list` and `policy set`: whose confirmations make the versions of a registry effective.

use std::collections::BTreeSet;

use protocol::{
    act::Decision,
    name::{AgencyName, RegistryName},
    standing::{RegistryPolicy, VALIDATORS},
    state::RegistryState,
};
use serde_json::{Value, json};

use super::desk;
use crate::{
    arguments::{PolicySetArguments, PolicyShowArguments, Reading},
    auditor::policies,
    clerk,
    client::Client,
    exit::{DONE, Failure, UNEXPECTED, USAGE},
    output::Output,
};

const ROLE: &str = "those that run a validator when it is recorded";

pub(crate) fn set(arguments: &PolicySetArguments, output: &Output) -> Result<u8, Failure> {
    let registry = clerk::registry(&arguments.registry)?;
    let (agencies, validators) = agencies(&arguments.agencies)?;
    let version = match (arguments.number, arguments.bureau.node.as_deref()) {
        (Some(number), _) => number,
        (None, Some(node)) => {
            let found = find(&Client::new(node)?, &registry)?;
            found
                .policy
                .map_or(0, |policy| policy.version)
                .saturating_add(1)
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
    desk::decide(&arguments.bureau, decision, &[sentence], output)
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
    if let (true, Some(trust)) = (arguments.history, &arguments.trust) {
        let reading = Reading {
            node: vec![arguments.node.clone()],
            trust: trust.clone(),
            checkpoint: None,
        };
        return policies::history(&registry, &reading, output);
    }
    let found = find(&Client::new(&arguments.node)?, &registry)?;
    output.data(&json!({
        "schema": "muhr/registry/1", "registry": found.name.as_str(), "owner": found.owner.as_str(),
        "policy": found.policy.as_ref().map(as_json),
    }));
    output.text(&format!("{} of {}", found.name, found.owner));
    output.text(&format!("  {}", in_words(found.policy.as_ref())));
    output.note(
        "as the node tells; each version keeps the policy of its day, and its receipt shows it",
    );
    Ok(DONE)
}

fn find(client: &Client, registry: &RegistryName) -> Result<RegistryState, Failure> {
    let text = client.registries()?;
    let all = text
        .split_inclusive('\n')
        .map(RegistryState::parse)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| {
            Failure::new(
                UNEXPECTED,
                "the node's list of registries is not in its format",
            )
        })?;
    let found = all.into_iter().find(|state| state.name == *registry);
    found.ok_or_else(|| {
        Failure::new(USAGE, format!("there is no registry {registry}")).help("check its name")
    })
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
