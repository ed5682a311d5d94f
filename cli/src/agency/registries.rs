//! `muhr registry add`, `take` and `transfer`: a registry begins, and changes hands with the word of both agencies.

use std::path::PathBuf;

use clap::Args;
use client::{durable, formats};
use messages::UserMessage;
use protocol::{
    act::Decision,
    drafting::{RegistryTaking, TAKING_BYTES_MAX},
    height::Height,
    record::CaseRule,
};
use views::agency::registries::TakingView;

use super::{admin, sign_act};
use crate::{
    arguments::{AdminOptions, KeyOptions, signer},
    clerk,
    exit::{DONE, Failure, USAGE},
    output::Output,
};

/// `muhr registry add`.
#[derive(Debug, Args)]
pub struct RegistryAddArguments {
    /// The registry; its name begins with the agency's and a dot, as qurilish.permits
    pub registry: String,
    /// Its numbers are in capitals: small letters mean the same. This is never changed
    #[arg(long)]
    pub capitals: bool,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

/// `muhr registry take`.
#[derive(Debug, Args)]
#[command(group(signer()))]
pub struct RegistryTakeArguments {
    /// The registry
    pub registry: String,
    /// The agency that gives it away
    #[arg(long, value_name = "NAME")]
    pub from: String,
    /// The last height at which the transfer may be decided; muhr network status tells the present one
    #[arg(long, value_name = "HEIGHT")]
    pub expires: u64,
    /// The admin key file of the agency that takes it
    #[arg(long, env = "MUHR_ADMIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// The file for the agency that gives it away
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `muhr registry transfer`.
#[derive(Debug, Args)]
pub struct RegistryTransferArguments {
    /// What the agency that takes the registry has signed: muhr registry take wrote it
    pub taking: PathBuf,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

pub(crate) fn add(arguments: &RegistryAddArguments, output: &Output) -> Result<u8, Failure> {
    let registry = clerk::registry(&arguments.registry)?;
    let sentence = match arguments.capitals {
        true => UserMessage::new("act-adds-registry-in-capitals").text("registry", &registry),
        false => UserMessage::new("act-adds-registry").text("registry", &registry),
    };
    let case_rule = match arguments.capitals {
        true => CaseRule::Capitals,
        false => CaseRule::AsWritten,
    };
    let decision = Decision::AddRegistry {
        registry,
        case_rule,
    };
    sign_act::decide(&arguments.options, decision, &[sentence], output)
}

pub(crate) fn take(arguments: &RegistryTakeArguments, output: &Output) -> Result<u8, Failure> {
    durable::must_be_new(&arguments.out)?;
    let registry = clerk::registry(&arguments.registry)?;
    let owner = clerk::agency(&arguments.from)?;
    let trust = formats::trust(&arguments.trust)?;
    let network = formats::network(&trust, &arguments.trust)?;
    let place = arguments.key_options.place(arguments.key.as_deref())?;
    let admin = admin::admin(&place, output)?;
    let expires = Height::new(arguments.expires);
    output.note(
        &UserMessage::new("sign-takes-registry")
            .text("agency", &admin.agency)
            .text("registry", &registry)
            .text("owner", &owner)
            .text("expires", expires),
    );
    admin::confirm(arguments.yes, output)?;
    let from = (owner, expires);
    let taking = RegistryTaking::sign(&network, registry, admin.agency, from, &admin.secret);
    durable::write_unless_there(&arguments.out, taking.write().as_bytes())?;
    output.view(&TakingView {
        registry: taking.registry.to_string(),
        owner: taking.owner.to_string(),
        taker: taking.taker.to_string(),
        expires: taking.expires.get(),
        file: arguments.out.display().to_string(),
    });
    Ok(DONE)
}

pub(crate) fn transfer(
    arguments: &RegistryTransferArguments,
    output: &Output,
) -> Result<u8, Failure> {
    let bytes = durable::read(&arguments.taking, TAKING_BYTES_MAX)?;
    let taking = RegistryTaking::parse(&bytes).map_err(|error| {
        let what = UserMessage::new("taking-malformed")
            .text("path", arguments.taking.display())
            .text("reason", error);
        Failure::new(USAGE, what).help(UserMessage::new("help-taking-file"))
    })?;
    let sentence = UserMessage::new("act-transfers-registry")
        .text("registry", &taking.registry)
        .text("owner", &taking.owner)
        .text("taker", &taking.taker);
    let transfer = taking.transfer();
    // The height is part of what the other agency has signed.
    if arguments
        .options
        .expires
        .is_some_and(|height| height != taking.expires.get())
    {
        let what = UserMessage::new("taking-of-other-height").text("expires", taking.expires);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-taking-height")));
    }
    let options = AdminOptions {
        expires: Some(taking.expires.get()),
        ..arguments.options.clone()
    };
    sign_act::decide(&options, transfer.decision, &[sentence], output)
}
