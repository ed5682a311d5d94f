//! `muhr anchor`: registers one record, or hands over to bulk.

use protocol::{
    entry::{Operation, Statement},
    height::Version,
    opening::{Content, Opening},
};

use super::{
    bulk, references,
    submission::{self, Clerk},
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
        AnchorArguments::One(one) => anchor(&one, output),
    }
}

fn anchor(arguments: &AnchorOne, output: &Output) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let record = submission::record(&arguments.record, output)?;
    let effective = submission::date(arguments.effective.as_deref())?;
    let fields = submission::fields(&arguments.fields)?;
    let document = files::hash(&arguments.file)?;
    let clerk = Clerk::open(&arguments.desk)?;
    let content = submission::content(Some(document), fields)?;
    let references = references::find(&clerk, &arguments.rests_on)?;
    let key = record.key(&registry);
    let make = |opening: &Opening| {
        let statement = Statement {
            operation: Operation::Register,
            registry,
            key,
            version: Version::new(1),
            previous: None,
            effective,
            reason: None,
            references,
            commitment: opening.content.as_ref().map(Content::commit),
            author: clerk.name.clone(),
            expires: clerk.expires,
        };
        statement.sign(&clerk.origin, &clerk.secret)
    };
    let receipt = files::beside(&arguments.file, ".receipt");
    submission::carry(&clerk, &receipt, Opening { record, content }, make, output)
}
