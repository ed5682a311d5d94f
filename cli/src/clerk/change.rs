//! `muhr amend`, `correct`, `suspend`, `reinstate`, `revoke`: the next version of a record.
//!
//! What the next version follows is taken from the record's history, and only after its proof held.

use std::path::PathBuf;

use super::submission::{self, Clerk, Wish};
use crate::{
    arguments::ChangeArguments,
    exit::{Failure, USAGE},
    files,
    output::Output,
};
use protocol::{
    entry::{Operation, Statement},
    opening::{Content, Opening},
};

pub(crate) fn run(
    operation: Operation,
    arguments: &ChangeArguments,
    output: &Output,
) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let record = submission::record(&arguments.record, output)?;
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
    let content = submission::content(document, fields)?;
    let key = record.key(&registry);
    let (state, _) = submission::latest(&clerk, &registry, &key)?;
    let receipt = match (&arguments.out, &arguments.file) {
        (Some(path), _) => path.clone(),
        (None, Some(file)) => files::beside(file, ".receipt"),
        (None, None) => PathBuf::from(format!(
            "{}.{}.receipt",
            file_name(&record.to_string()),
            operation.word()
        )),
    };
    let opening = Opening { record, content };
    let statement = Statement {
        operation,
        registry,
        key,
        version: state.version.next(),
        previous: Some(state.place()),
        effective,
        reason: Some(reason),
        references: Vec::new(),
        commitment: opening.content.as_ref().map(Content::commit),
        author: clerk.name.clone(),
        expires: clerk.expires,
    };
    let wish = Wish {
        statement,
        opening,
        file: arguments.file.as_deref(),
        desk: &arguments.desk,
        yes: arguments.yes,
    };
    submission::carry(&clerk, &receipt, wish, output)
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
