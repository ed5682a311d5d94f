//! `muhr govern check`: asks the nodes of both sets how they are, and writes that into the draft.

use std::path::PathBuf;

use clap::Args;
use client::{durable, formats, governing::SetNumbers};
use protocol::{
    drafting::{ChangeDraft, NodeHealth},
    governance::ProposedChange,
};
use views::govern::poll::NodePollView;

use super::{open, show};
use crate::{
    exit::{DONE, Failure, SOME_NOT_DONE},
    output::Output,
};

/// `muhr govern check`.
#[derive(Debug, Args)]
pub struct GovernCheckArguments {
    /// The draft, or the proposal that was signed
    pub file: PathBuf,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Writes the draft with these answers in it, for whoever signs
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &GovernCheckArguments, output: &Output) -> Result<u8, Failure> {
    if let Some(out) = &arguments.out {
        durable::must_be_new(out)?;
    }
    let trust = formats::trust(&arguments.trust)?;
    let opened = open::draft(&arguments.file, &trust)?;
    let (draft, in_force) = (&opened.draft, &opened.in_force);
    let change = draft.drafted.change();
    let poll = open::poll(in_force, change)?;
    let is_well = |agency| poll.nodes.get(agency) == Some(&NodeHealth::Well);
    let present = in_force.agencies.iter().map(|agency| &agency.name);
    let present_well = present.filter(|agency| is_well(agency)).count();
    let numbers = SetNumbers::of(in_force.agencies.len(), in_force.recovery_threshold);
    let next = match change {
        ProposedChange::Rules(_) => None,
        ProposedChange::Epoch(change) => {
            let statement = &change.statement;
            let agencies = statement.agencies.iter().map(|agency| &agency.name);
            let well = agencies.filter(|agency| is_well(agency)).count();
            let threshold = statement.recovery_threshold;
            Some((SetNumbers::of(statement.agencies.len(), threshold), well))
        }
    };
    let view = NodePollView {
        polled: poll.time.into(),
        nodes: show::polled(&poll),
        present: show::set(&numbers),
        present_well,
        next: next.map(|(numbers, _)| show::set(&numbers)),
        next_well: next.map(|(_, well)| well),
        file: arguments.out.as_ref().map(|out| out.display().to_string()),
    };
    if let Some(out) = &arguments.out {
        let draft = ChangeDraft {
            poll,
            ..draft.clone()
        };
        durable::write_unless_there(out, draft.write().as_bytes())?;
    }
    let is_live = view.is_live();
    output.view(&view);
    Ok(if is_live { DONE } else { SOME_NOT_DONE })
}
