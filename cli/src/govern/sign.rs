//! `muhr govern sign`: reads a draft, says in words what it would change, and signs what is due of this agency: the
//! proposal itself, or a ballot about it. Needs no network.

use std::path::{Path, PathBuf};

use clap::Args;
use client::{
    durable, formats,
    governing::{self, Admin, EpochDifference},
};
use messages::UserMessage;
use protocol::{
    drafting::{AgencyRequest, ChangeDraft, DRAFT_BYTES_MAX, DraftedChange},
    governance::ChangeProposal,
    policy::TrustPolicy,
};
use views::{
    CommandView,
    govern::signed::{GovernanceSignedView, SignedWord},
};

use super::{
    open::{self, OpenedDraft},
    show,
};
use crate::{
    agency::admin,
    arguments::{KeyOptions, signer},
    exit::{DONE, Failure, USAGE},
    output::Output,
};

/// `muhr govern sign`.
#[derive(Debug, Args)]
#[command(group(signer()))]
pub struct GovernSignArguments {
    /// A draft, a proposal in a draft, or a request
    pub file: PathBuf,
    /// Votes against the proposal
    #[arg(long)]
    pub against: bool,
    /// Signs although the next set had no quorum of nodes that are well, or keys change without a signed request
    #[arg(long)]
    pub although: bool,
    /// The agency's admin key file
    #[arg(long, env = "MUHR_ADMIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Where it goes; beside the file if not said, as change.soliq.ballot
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
}

pub(crate) fn run(arguments: &GovernSignArguments, output: &Output) -> Result<u8, Failure> {
    if let Some(out) = &arguments.out {
        // Before anybody is asked for anything.
        durable::must_be_new(out)?;
    }
    let trust = formats::trust(&arguments.trust)?;
    let bytes = durable::read(&arguments.file, DRAFT_BYTES_MAX)?;
    if !ChangeDraft::is_start(&bytes) && AgencyRequest::is_start(&bytes) {
        return request(arguments, &trust, output);
    }
    let opened = open::of_bytes(&arguments.file, &bytes, &trust)?;
    let place = arguments.key_options.place(arguments.key.as_deref())?;
    let admin = admin::admin(&place, output)?;
    match &opened.draft.drafted {
        DraftedChange::Unsigned { .. } => propose(arguments, &opened, &admin, output),
        DraftedChange::Proposed(proposal) => vote(arguments, &opened, proposal, &admin, output),
    }
}

fn propose(
    arguments: &GovernSignArguments,
    opened: &OpenedDraft,
    admin: &Admin,
    output: &Output,
) -> Result<u8, Failure> {
    if arguments.against {
        return Err(
            Failure::new(USAGE, UserMessage::new("against-what-is-no-proposal"))
                .help(UserMessage::new("help-against-proposal")),
        );
    }
    let proposal = governing::propose(&opened.in_force, &opened.draft, admin)?;
    must_be_meant(arguments, opened, admin)?;
    let what = UserMessage::new("sign-proposes").text("agency", &admin.agency);
    announce(arguments, opened, &what, output)?;
    let id = proposal.id().to_hex();
    let draft = ChangeDraft {
        drafted: DraftedChange::Proposed(Box::new(proposal)),
        ..opened.draft.clone()
    };
    let signed = Signed {
        word: SignedWord::Proposal,
        proposal: Some(id),
        ending: "proposal",
    };
    write(arguments, admin, &draft.write(), signed, output)
}

fn vote(
    arguments: &GovernSignArguments,
    opened: &OpenedDraft,
    proposal: &ChangeProposal,
    admin: &Admin,
    output: &Output,
) -> Result<u8, Failure> {
    let is_for = !arguments.against;
    let ballot = governing::vote(&opened.in_force, &opened.draft, proposal, admin, is_for)?;
    if is_for {
        must_be_meant(arguments, opened, admin)?;
    }
    let (agency, number) = (&admin.agency, ballot.statement.number);
    let (word, what) = match is_for {
        true => (
            SignedWord::For,
            UserMessage::new("sign-votes-for")
                .text("agency", agency)
                .text("number", number),
        ),
        false => (
            SignedWord::Against,
            UserMessage::new("sign-votes-against")
                .text("agency", agency)
                .text("number", number),
        ),
    };
    announce(arguments, opened, &what, output)?;
    let signed = Signed {
        word,
        proposal: Some(proposal.id().to_hex()),
        ending: "ballot",
    };
    write(arguments, admin, &ballot.write(), signed, output)
}

/// Signs a request: the keys are the agency's, says its admin.
fn request(
    arguments: &GovernSignArguments,
    trust: &TrustPolicy,
    output: &Output,
) -> Result<u8, Failure> {
    if arguments.against {
        return Err(
            Failure::new(USAGE, UserMessage::new("against-what-is-no-proposal"))
                .help(UserMessage::new("help-against-proposal")),
        );
    }
    let request = open::request(&arguments.file)?;
    let statement = &request.statement;
    if trust.network_id().as_ref() != Some(&statement.network) {
        return Err(governing::DraftTrouble::OtherNetwork {
            agency: statement.agency.name.clone(),
            origin: statement.network.origin.to_string(),
        }
        .into());
    }
    statement
        .check_keys()
        .map_err(governing::DraftTrouble::Key)?;
    let place = arguments.key_options.place(arguments.key.as_deref())?;
    let admin = admin::admin(&place, output)?;
    let what = UserMessage::new("sign-requests")
        .text("agency", &statement.agency.name)
        .text("origin", &statement.network.origin);
    output.note(&what);
    let agency = &statement.agency;
    for (purpose, key) in agency.keys() {
        output.note(
            &UserMessage::new("sign-request-key")
                .text("purpose", purpose)
                .text("key", key.key),
        );
    }
    output.note(&UserMessage::new("sign-request-url").text("url", &agency.url));
    admin::confirm(arguments.yes, output)?;
    let signed_request = governing::sign_request(request, &admin)?;
    let signed = Signed {
        word: SignedWord::Request,
        proposal: None,
        ending: "request",
    };
    write(arguments, &admin, &signed_request.write(), signed, output)
}

/// Refuses to sign, unless it is said to be meant, what might leave a network that does not go on, and keys that nobody
/// is known to have asked for.
fn must_be_meant(
    arguments: &GovernSignArguments,
    opened: &OpenedDraft,
    admin: &Admin,
) -> Result<(), Failure> {
    let Some(difference) = opened.difference().filter(|_| !arguments.although) else {
        return Ok(());
    };
    let EpochDifference { well, after, .. } = &difference;
    if !difference.is_live() {
        let what = UserMessage::new("next-set-not-live")
            .text("well", well)
            .text("quorum", after.quorum);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-check-or-although")));
    }
    let mut unasked = difference.unasked();
    // Whoever signs asks for its own keys by that.
    if let Some(agency) = unasked.find(|agency| **agency != admin.agency) {
        let what = UserMessage::new("keys-without-request").text("agency", agency);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-request-or-although")));
    }
    Ok(())
}

/// Says what is about to be signed, and asks whoever signs.
fn announce(
    arguments: &GovernSignArguments,
    opened: &OpenedDraft,
    what: &UserMessage,
    output: &Output,
) -> Result<(), Failure> {
    for line in show::view(opened, &arguments.file).lines() {
        output.say(&line);
    }
    output.note(what);
    admin::confirm(arguments.yes, output)
}

/// What was signed.
struct Signed {
    word: SignedWord,
    proposal: Option<String>,
    ending: &'static str,
}

fn write(
    arguments: &GovernSignArguments,
    admin: &Admin,
    text: &str,
    signed: Signed,
    output: &Output,
) -> Result<u8, Failure> {
    let beside = || open::beside(&arguments.file, &admin.agency, signed.ending);
    let path = arguments.out.clone().unwrap_or_else(beside);
    written(&path, text, output, |file| GovernanceSignedView {
        word: signed.word,
        agency: admin.agency.to_string(),
        proposal: signed.proposal,
        file,
    })
}

/// Writes what was signed, and says so.
pub(super) fn written(
    path: &Path,
    text: &str,
    output: &Output,
    view: impl FnOnce(String) -> GovernanceSignedView,
) -> Result<u8, Failure> {
    durable::write_unless_there(path, text.as_bytes())?;
    output.view(&view(path.display().to_string()));
    Ok(DONE)
}
