//! `muhr amend`, `correct`, `suspend`, `reinstate`, `revoke`: the next version of a record.
//!
//! What the next version follows is taken from the record's history, and only after its proof held.

use std::path::PathBuf;

use super::{
    references::{self, Rests},
    submission::{self, Clerk, Wish},
};
use crate::{
    arguments::{ChangeArguments, ContentArguments},
    exit::{Failure, USAGE},
    files,
    output::Output,
};
use protocol::{
    entry::{Operation, Statement},
    opening::{Content, Opening},
    record::RecordId,
};

/// A change that says anew what is in the record, and on which others it rests.
pub(crate) fn content(
    operation: Operation,
    arguments: &ContentArguments,
    output: &Output,
) -> Result<u8, Failure> {
    change(operation, &arguments.change, &arguments.rests_on, output)
}

/// A change of whether the record is in force.
pub(crate) fn run(
    operation: Operation,
    arguments: &ChangeArguments,
    output: &Output,
) -> Result<u8, Failure> {
    change(operation, arguments, &[], output)
}

fn change(
    operation: Operation,
    arguments: &ChangeArguments,
    rests_on: &[String],
    output: &Output,
) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let _number = submission::number(&arguments.record)?;
    let reason = submission::reason(&arguments.reason)?;
    let effective = submission::date(arguments.effective.as_deref())?;
    let fields = submission::fields(&arguments.fields)?;
    let document = arguments.file.as_deref().map(files::hash).transpose()?;
    if operation.has_content() && document.is_none() && fields.is_empty() {
        return Err(Failure::new(
            USAGE,
            format!("{} needs the new document or fields", operation.word()),
        )
        .help(format!(
            "muhr {} NUMBER FILE --registry R --reason CODE",
            operation.word()
        )));
    }
    let clerk = Clerk::open(&arguments.desk, output)?;
    let letters = submission::letters(&clerk.client, &registry)?;
    let record = submission::record(&arguments.record, letters, output)?;
    let content = submission::content(document, fields)?;
    let key = record.key(&registry);
    let (state, history) = submission::latest(&clerk, &registry, &key)?;
    let (references, rests) = if operation.has_content() {
        references::of_next(&clerk, rests_on, &history, output)?
    } else {
        (Vec::new(), Rests::AsSaid)
    };
    let receipt = place(operation, arguments, &record);
    let opening = Opening { record, content };
    let statement = Statement {
        operation,
        registry,
        key,
        version: state.version.next(),
        previous: Some(state.place()),
        effective,
        reason: Some(reason),
        references,
        commitment: opening.content.as_ref().map(Content::commit),
        author: clerk.name.clone(),
        expires: clerk.expires,
    };
    let wish = Wish {
        statement,
        opening,
        rests,
        file: arguments.file.as_deref(),
        desk: &arguments.desk,
        yes: arguments.yes,
    };
    submission::carry(&clerk, &receipt, wish, output)
}

/// Where the receipt goes.
fn place(operation: Operation, arguments: &ChangeArguments, record: &RecordId) -> PathBuf {
    match (&arguments.out, &arguments.file) {
        (Some(path), _) => path.clone(),
        (None, Some(file)) => files::beside(file, ".receipt"),
        (None, None) => PathBuf::from(format!(
            "{}.{}.receipt",
            file_name(&record.to_string()),
            operation.word()
        )),
    }
}

/// A record's number as part of a file name.
pub(crate) fn file_name(record: &str) -> String {
    record
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter == '-' {
                letter
            } else {
                '_'
            }
        })
        .take(100)
        .collect()
}
