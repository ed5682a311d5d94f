//! `muhr anchor`: registers one record, or hands over to bulk and to the hot folder.

use protocol::opening::Opening;

use super::{
    bulk, hot,
    references::{self, Rests},
    submission::{self, Clerk, Wish},
};
use crate::{
    arguments::{AnchorArguments, AnchorOne},
    exit::Failure,
    files,
    output::Output,
};

pub(crate) fn run(arguments: AnchorArguments, output: &Output) -> Result<u8, Failure> {
    match arguments {
        AnchorArguments::Bulk(bulk) => bulk::run(&bulk, output),
        AnchorArguments::Watch(watch) => hot::run(&watch, output),
        AnchorArguments::One(one) => anchor(&one, output),
    }
}

fn anchor(arguments: &AnchorOne, output: &Output) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    // What is no number needs no node to say so.
    let _number = submission::number(&arguments.record)?;
    let effective = submission::date(arguments.effective.as_deref())?;
    let fields = submission::fields(&arguments.fields)?;
    let document = files::hash(&arguments.file)?;
    let clerk = Clerk::open(&arguments.desk, output)?;
    let letters = submission::letters(&clerk.client, &registry)?;
    let record = submission::record(&arguments.record, letters, output)?;
    let content = submission::content(Some(document), fields)?;
    let references = references::find(&clerk, &arguments.rests_on, output)?;
    let key = record.key(&registry);
    let opening = Opening { record, content };
    let statement = submission::first(&clerk, registry, key, effective, references, &opening);
    let wish = Wish {
        statement,
        opening,
        rests: Rests::AsSaid,
        file: Some(&arguments.file),
        desk: &arguments.desk,
        yes: arguments.yes,
    };
    let beside = || files::beside(&arguments.file, ".receipt");
    let receipt = arguments.out.clone().unwrap_or_else(beside);
    submission::carry(&clerk, &receipt, wish, output)
}
