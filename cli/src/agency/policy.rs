//! `muhr registry policy set` and `show`: whose confirmations make the versions of a registry effective.

use std::{collections::BTreeSet, path::PathBuf};

use clap::Args;
use client::proven::{self, ProofError};
use messages::UserMessage;
use protocol::{
    act::Decision,
    name::AgencyName,
    standing::{RegistryPolicy, VALIDATORS},
};
use views::agency::policy::{RegistryView, in_words};

use super::{foresee, sign_act};
use crate::{
    arguments::{AdminOptions, Reading, trimmed},
    auditor::policies,
    clerk,
    exit::{DONE, Failure, USAGE},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr registry policy show`.
#[derive(Debug, Args)]
pub struct PolicyShowArguments {
    /// The registry
    pub registry: String,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// All policies that it has had, from the whole log, which is checked
    #[arg(long)]
    pub history: bool,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr registry policy set`.
#[derive(Debug, Args)]
pub struct PolicySetArguments {
    /// The registry
    pub registry: String,
    /// How many of the agencies must confirm; 0 asks for none any more
    #[arg(long, value_name = "COUNT")]
    pub needed: u64,
    /// Whose confirmations count, joined by commas; @validators are all that run one when a version is
    /// recorded, but for the owner
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAMES")]
    pub agencies: Vec<String>,
    /// In how many days after the version; without an end if not said
    #[arg(long, value_name = "DAYS")]
    pub within: Option<u64>,
    /// Also ask a second clerk of the agency: not the one who made the version
    #[arg(long)]
    pub four_eyes: bool,
    /// Number of the policy, if no node is asked: one above the present
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<u64>,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

pub(crate) fn set(arguments: &PolicySetArguments, output: &Output) -> Result<u8, Failure> {
    let registry = clerk::registry(&arguments.registry)?;
    let (agencies, validators) = agencies(&arguments.agencies)?;
    let version = match (arguments.number, arguments.options.node.as_deref()) {
        (Some(number), _) => number,
        (None, Some(node)) => {
            let client = nodes::connect_to(node)?;
            let trust = trust_file::of_nodes(&arguments.options.trust, &client, output)?;
            let found = proven::registry(&client, &trust, &registry)?.state;
            let policy = found
                .ok_or_else(|| ProofError::NoRegistry(registry.clone()))?
                .policy;
            policy.map_or(0, |policy| policy.version).saturating_add(1)
        }
        (None, None) => {
            return Err(
                Failure::new(USAGE, UserMessage::new("policy-number-missing"))
                    .help(UserMessage::new("help-policy-number")),
            );
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
    foresee::policy(&policy)?;
    let words = in_words(Some(&(&policy).into()));
    let sentence = UserMessage::new("act-sets-policy")
        .text("registry", &registry)
        .text("policy", words);
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
            Failure::new(
                USAGE,
                UserMessage::new("agency-name-invalid").text("name", name),
            )
            .help(UserMessage::new("help-agencies-or-validators").text("validators", VALIDATORS))
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
    let client = nodes::connect_to(&arguments.node)?;
    let trust = trust_file::of_nodes(&arguments.trust, &client, output)?;
    let facts = proven::registry(&client, &trust, &registry)?;
    let found = facts
        .state
        .ok_or_else(|| ProofError::NoRegistry(registry.clone()))?;
    output.view(&RegistryView {
        registry: found.name.to_string(),
        owner: found.owner.to_string(),
        policy: found.policy.as_ref().map(Into::into),
        as_of_height: facts.as_of_height.get(),
        as_of_time: facts.as_of_time.into(),
    });
    output.warn_if_old(&facts.cosigners);
    output.note(&UserMessage::new("note-policies-stay"));
    Ok(DONE)
}
