//! `muhr govern withdraw`: an agency takes its own proposal back, as long as no quorum is for it. Needs no network.

use std::path::PathBuf;

use clap::Args;
use client::{durable, formats, governing};
use messages::UserMessage;
use protocol::drafting::DraftedChange;
use views::govern::signed::{GovernanceSignedView, SignedWord};

use super::{open, sign};
use crate::{
    agency::admin,
    arguments::{KeyOptions, signer},
    exit::{Failure, USAGE},
    output::Output,
};

/// `muhr govern withdraw`.
#[derive(Debug, Args)]
#[command(group(signer()))]
pub struct GovernWithdrawArguments {
    /// The proposal, in a draft
    pub file: PathBuf,
    /// The agency's admin key file
    #[arg(long, env = "MUHR_ADMIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Where it goes; beside the file if not said, as change.soliq.withdrawal
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
}

pub(crate) fn run(arguments: &GovernWithdrawArguments, output: &Output) -> Result<u8, Failure> {
    if let Some(out) = &arguments.out {
        durable::must_be_new(out)?;
    }
    let trust = formats::trust(&arguments.trust)?;
    let opened = open::draft(&arguments.file, &trust)?;
    let DraftedChange::Proposed(proposal) = &opened.draft.drafted else {
        return Err(
            Failure::new(USAGE, UserMessage::new("nothing-proposed-yet"))
                .help(UserMessage::new("help-against-proposal")),
        );
    };
    let place = arguments.key_options.place(arguments.key.as_deref())?;
    let admin = admin::admin(&place, output)?;
    let withdrawal = governing::withdraw(&opened.in_force, proposal, &admin)?;
    let id = proposal.id().to_hex();
    output.note(
        &UserMessage::new("sign-withdraws-proposal")
            .text("agency", &admin.agency)
            .text("id", &id),
    );
    admin::confirm(arguments.yes, output)?;
    let beside = || open::beside(&arguments.file, &admin.agency, "withdrawal");
    let path = arguments.out.clone().unwrap_or_else(beside);
    let agency = admin.agency.to_string();
    sign::written(&path, &withdrawal.write(), output, |file| {
        GovernanceSignedView {
            word: SignedWord::Withdrawal,
            agency,
            proposal: Some(id),
            file,
        }
    })
}
