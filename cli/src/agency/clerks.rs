//! `muhr clerk add`, `revoke`, `list`: who may sign for an agency, where, what, and until when.

use std::collections::BTreeSet;

use clap::Args;
use client::time;
use messages::UserMessage;
use protocol::{
    act::Decision,
    entry::Operation,
    height::TimeMs,
    key::PublicKey,
    name::{ClerkName, RegistryName},
    state::ClerkState,
};
use views::{agency::clerks::ClerksView, shown::ShownTime};

use super::sign_act;
use crate::{
    arguments::{AdminOptions, trimmed},
    clerk,
    exit::{DONE, Failure, UNEXPECTED, USAGE},
    nodes,
    output::Output,
};

/// `muhr clerk add`.
#[derive(Debug, Args)]
pub struct ClerkAddArguments {
    /// The clerk, as qurilish/aziza-2026; a name is one key for good
    pub clerk: String,
    /// The clerk's public key in base64; muhr key show tells it
    #[arg(long, value_name = "KEY")]
    pub public: String,
    /// The registries in which it may act, joined by commas
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = trimmed,
        required = true,
        value_name = "NAME[,NAME]"
    )]
    pub registries: Vec<String>,
    /// What it may do there, joined by commas; "all" is all that makes versions, "attest" the word on others' records
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = trimmed,
        default_value = "all",
        value_name = "OPERATION[,OPERATION]"
    )]
    pub operations: Vec<String>,
    /// The last day (UTC) on which it may sign
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

/// `muhr clerk revoke`.
#[derive(Debug, Args)]
pub struct ClerkRevokeArguments {
    /// The clerk
    pub clerk: String,
    /// Why, as a code like K01
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// Since when somebody else may have had the key: a date (its start, UTC) or a moment
    #[arg(long, value_name = "WHEN")]
    pub compromised: Option<String>,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

/// `muhr clerk list`.
#[derive(Debug, Args)]
pub struct ClerkListArguments {
    /// The agency
    #[arg(long, value_name = "NAME")]
    pub agency: String,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}

pub(crate) fn add(arguments: &ClerkAddArguments, output: &Output) -> Result<u8, Failure> {
    let name = name(&arguments.clerk)?;
    let key = PublicKey::from_base64(&arguments.public).ok();
    let key = key.filter(PublicKey::is_of_prime_order).ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("public-key-invalid"))
            .help(UserMessage::new("help-public-key"))
    })?;
    let until = arguments.until.as_deref().map(|text| {
        time::of_cell(text).ok().flatten().ok_or_else(|| {
            Failure::new(USAGE, UserMessage::new("until-not-a-date"))
                .help(UserMessage::new("help-until-form"))
        })
    });
    let until = until.transpose()?;
    let registries = arguments
        .registries
        .iter()
        .map(|text| clerk::registry(text))
        .collect::<Result<BTreeSet<RegistryName>, _>>()?;
    let mut operations = BTreeSet::new();
    for word in &arguments.operations {
        match word.as_str() {
            "all" => operations.extend(Operation::OF_OWNER),
            "attest" => operations.extend(
                Operation::ALL
                    .into_iter()
                    .filter(|operation| operation.is_attestation()),
            ),
            word => {
                let known = Operation::parse(word).ok_or_else(|| {
                    let words: Vec<_> = Operation::ALL.map(Operation::word).into();
                    Failure::new(
                        USAGE,
                        UserMessage::new("operation-unknown").text("word", word),
                    )
                    .help(UserMessage::new("help-operations").text("operations", words.join(", ")))
                })?;
                operations.insert(known);
            }
        }
    }
    let joined = |words: Vec<&str>| words.join(", ");
    let end = until.as_ref().map_or_else(
        || UserMessage::new("act-without-end"),
        |date| UserMessage::new("act-to-the-end-of").text("date", date),
    );
    let words = operations.iter().map(|operation| operation.word());
    let may = UserMessage::new("act-adds-clerk")
        .text("name", &name)
        .text("key", key)
        .text("operations", joined(words.collect()))
        .text(
            "registries",
            joined(registries.iter().map(RegistryName::as_str).collect()),
        )
        .part("end", end);
    let decision = Decision::AddClerk(Box::new(ClerkState {
        name,
        key,
        until,
        registries,
        operations,
        revoked: None,
    }));
    sign_act::decide(&arguments.options, decision, &[may], output)
}

pub(crate) fn revoke(arguments: &ClerkRevokeArguments, output: &Output) -> Result<u8, Failure> {
    let name = name(&arguments.clerk)?;
    let reason = clerk::reason(&arguments.reason)?;
    let compromised = arguments.compromised.as_deref().map(|text| {
        time::start(text).ok_or_else(|| {
            Failure::new(USAGE, UserMessage::new("compromised-not-a-time"))
                .help(UserMessage::new("help-time-form"))
        })
    });
    let compromised: Option<TimeMs> = compromised.transpose()?;
    let mut sentences = vec![
        UserMessage::new("act-revokes-clerk")
            .text("name", &name)
            .text("reason", &reason),
    ];
    if let Some(since) = compromised {
        sentences.push(
            UserMessage::new("act-key-compromised").text("since", ShownTime::from(since).iso()),
        );
    }
    let decision = Decision::RevokeClerk {
        clerk: name,
        reason,
        compromised,
    };
    sign_act::decide(&arguments.options, decision, &sentences, output)
}

pub(crate) fn list(arguments: &ClerkListArguments, output: &Output) -> Result<u8, Failure> {
    let agency = clerk::agency(&arguments.agency)?;
    let text = nodes::connect_to(&arguments.node)?.clerks(&agency)?;
    let clerks = text
        .split_inclusive('\n')
        .map(ClerkState::parse)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Failure::new(UNEXPECTED, UserMessage::new("clerk-list-malformed")))?;
    output.view(&ClerksView {
        proven: false,
        agency: agency.to_string(),
        clerks: clerks.iter().map(Into::into).collect(),
    });
    output.note(&UserMessage::new("note-as-node-tells-clerks"));
    Ok(DONE)
}

fn name(text: &str) -> Result<ClerkName, Failure> {
    ClerkName::parse(text).ok_or_else(|| {
        Failure::new(
            USAGE,
            UserMessage::new("clerk-name-invalid").text("name", text),
        )
        .help(UserMessage::new("help-clerk-name"))
    })
}
