//! `muhr govern fetch`: a proposal from the log, with all that a desk without a network needs to read and vote on it.

use std::path::PathBuf;

use client::{durable, governing, http::Client};
use messages::UserMessage;
use protocol::{
    drafting::{ChangeDraft, DraftedChange},
    entry::Entry,
    governance::{ChangeProposal, GovernanceLeaf},
    hash::EntryId,
};

use clap::Args;

use super::{
    draft,
    open::{self, OpenedDraft},
};
use crate::{
    arguments::trimmed,
    exit::{CONFIGURATION, Failure, UNEXPECTED, USAGE},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr govern fetch`.
#[derive(Debug, Args)]
pub struct GovernFetchArguments {
    /// Id of the proposal, or the agency whose last proposal it is
    pub proposal: String,
    /// Request of an agency that the change is about, to be compared with it; may be repeated
    #[arg(long, value_name = "REQUEST")]
    pub request: Vec<PathBuf>,
    /// Address of a node; of several, joined by commas, the next is asked where one fails
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = trimmed,
        required = true
    )]
    pub node: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// The draft to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

pub(crate) fn run(arguments: &GovernFetchArguments, output: &Output) -> Result<u8, Failure> {
    durable::must_be_new(&arguments.out)?;
    let requests = arguments.request.iter().map(|path| open::request(path));
    let requests = open::in_order(requests.collect::<Result<_, _>>()?);
    let client = nodes::connect(&arguments.node)?;
    let trust = trust_file::of_nodes(&arguments.trust, &client, output)?;
    let in_force_text = governing::fetch(&client, &trust)?;
    let in_force = governing::judge(&in_force_text, &trust)?;
    let id = id(&client, &arguments.proposal)?;
    let proposal = proposal(&client, &id)?;
    governing::check_proposal(&in_force, &proposal)?;
    let poll = open::poll(&in_force, &proposal.statement.change)?;
    let numbers = draft::numbers(&client, &in_force)?;
    let draft = ChangeDraft {
        drafted: DraftedChange::Proposed(Box::new(proposal)),
        numbers,
        poll,
        in_force: in_force_text,
        requests,
    };
    draft::write(&OpenedDraft { draft, in_force }, &arguments.out, output)
}

/// The id that is meant: as it was given, or of an agency's last proposal.
fn id(client: &Client, given: &str) -> Result<EntryId, Failure> {
    if let Some(id) = EntryId::from_hex(given) {
        return Ok(id);
    }
    let report = client.governance()?;
    let mut proposals = report.proposals.iter();
    let found = proposals.find(|proposal| proposal.author == given);
    let found = found.and_then(|proposal| EntryId::from_hex(&proposal.id));
    found.ok_or_else(|| {
        let what = UserMessage::new("proposal-unknown").text("given", given);
        Failure::new(USAGE, what).help(UserMessage::new("help-proposal-id"))
    })
}

/// The proposal of that id, whose bytes make it.
fn proposal(client: &Client, id: &EntryId) -> Result<ChangeProposal, Failure> {
    let given = id.to_hex();
    let leaf = client.governance_leaf(id)?.ok_or_else(|| {
        let what = UserMessage::new("proposal-unknown").text("given", &given);
        Failure::new(USAGE, what).help(UserMessage::new("help-proposal-id"))
    })?;
    if Entry::id_of_parsed(&leaf) != *id {
        let what = UserMessage::new("node-gives-other-leaf").text("given", given);
        return Err(Failure::new(UNEXPECTED, what).help(UserMessage::new("help-ask-another-node")));
    }
    match GovernanceLeaf::parse(&leaf) {
        Ok(GovernanceLeaf::Proposal(proposal)) => Ok(*proposal),
        Ok(_) => {
            let what = UserMessage::new("leaf-is-no-proposal").text("given", given);
            Err(Failure::new(USAGE, what).help(UserMessage::new("help-proposal-id")))
        }
        Err(error) => {
            let what = UserMessage::new("node-proposal-malformed").text("reason", error);
            Err(Failure::new(CONFIGURATION, what).help(UserMessage::new("help-newer-muhr")))
        }
    }
}
