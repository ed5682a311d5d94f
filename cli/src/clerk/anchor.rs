//! `muhr anchor`: registers one record, or hands over to bulk and to the hot folder.

use client::{durable, submit};
use protocol::opening::Opening;

use super::{
    bulk,
    references::{self, Rests},
    submission::{self, SignRequest},
    watch_folder,
};
use crate::{
    arguments::{AnchorArguments, AnchorOne},
    clerk::typed,
    exit::Failure,
    output::Output,
};

pub(crate) fn run(arguments: AnchorArguments, output: &Output) -> Result<u8, Failure> {
    match arguments {
        AnchorArguments::Bulk(bulk) => bulk::run(&bulk, output),
        AnchorArguments::Watch(watch) => watch_folder::run(&watch, output),
        AnchorArguments::One(one) => anchor(&one, output),
    }
}

fn anchor(arguments: &AnchorOne, output: &Output) -> Result<u8, Failure> {
    let registry = typed::registry(&arguments.registry)?;
    // What is no number needs no node to say so.
    let _number = typed::number(&arguments.record)?;
    let effective = typed::date(arguments.effective.as_deref())?;
    let fields = typed::fields(&arguments.fields)?;
    let document = durable::hash(&arguments.file)?;
    let clerk = submission::open(&arguments.options, output)?;
    let case_rule = typed::case_rule(&clerk, &registry)?;
    let record = typed::record(&arguments.record, case_rule, output)?;
    let content = submit::content(Some(document), fields)?;
    let references = references::find(&clerk, &arguments.rests_on, output)?;
    let key = record.key(&registry);
    let opening = Opening { record, content };
    let statement = submit::first(&clerk, registry, key, effective, references, &opening);
    let request = SignRequest {
        statement,
        opening,
        rests: Rests::AsSaid,
        file: Some(&arguments.file),
        options: &arguments.options,
        yes: arguments.yes,
    };
    let beside = || durable::beside(&arguments.file, ".receipt");
    let receipt = arguments.out.clone().unwrap_or_else(beside);
    submission::submit(&clerk, &receipt, request, output)
}
