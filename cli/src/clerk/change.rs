//! `muhr amend`, `correct`, `suspend`, `reinstate`, `revoke`: the next version of a record.
//!
//! The version before the next is taken from the record's history, and only after its proof held.

use std::path::PathBuf;

use clap::Args;
use client::{durable, submit};
use messages::UserMessage;
use protocol::{
    entry::{Operation, Statement},
    opening::{Content, Opening},
    record::RecordId,
};

use super::{
    one_document,
    references::{self, Rests},
    submission::{self, SignRequest},
};
use crate::{
    arguments::ClerkOptions,
    clerk::typed,
    exit::{Failure, USAGE},
    output::Output,
};

/// `muhr amend` and `correct`, which say anew what is in a record.
#[derive(Debug, Args)]
pub struct ContentArguments {
    /// As of every change
    #[command(flatten)]
    pub change: ChangeArguments,
    /// Another record that the new version rests on; "none" for none; those of the version before, if not said; may be repeated
    #[arg(long = "rests-on", value_name = "REGISTRY:NUMBER[@VERSION]")]
    pub rests_on: Vec<String>,
}

/// What all commands that change a record ask.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    /// The record's number
    pub record: String,
    /// The document; due for amend and correct unless fields are given
    pub file: Option<PathBuf>,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// Why, as a code like C02
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// A field to record; may be repeated
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    /// The legal date
    #[arg(long, value_name = "DATE")]
    pub effective: Option<String>,
    /// Where the receipt goes, if not beside the document
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

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
    let registry = typed::registry(&arguments.registry)?;
    let _number = typed::number(&arguments.record)?;
    let reason = typed::reason(&arguments.reason)?;
    let effective = typed::date(arguments.effective.as_deref())?;
    let fields = typed::fields(&arguments.fields)?;
    let document = arguments.file.as_deref();
    let document = document.map(one_document::hash).transpose()?;
    if operation.has_content() && document.is_none() && fields.is_empty() {
        return Err(Failure::new(
            USAGE,
            UserMessage::new("change-needs-content").text("operation", operation.word()),
        )
        .help(UserMessage::new("help-change-usage").text("operation", operation.word())));
    }
    let clerk = submission::open(&arguments.options, output)?;
    let case_rule = typed::case_rule(&clerk, &registry)?;
    let record = typed::record(&arguments.record, case_rule, output)?;
    let content = submit::content(document, fields)?;
    let key = record.key(&registry);
    let (state, history) = submission::latest_of(&clerk, &registry, &record)?;
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
    let request = SignRequest {
        statement,
        opening,
        rests,
        file: arguments.file.as_deref(),
        options: &arguments.options,
        yes: arguments.yes,
    };
    submission::submit(&clerk, &receipt, request, output)
}

/// Where the receipt goes.
fn place(operation: Operation, arguments: &ChangeArguments, record: &RecordId) -> PathBuf {
    match (&arguments.out, &arguments.file) {
        (Some(path), _) => path.clone(),
        (None, Some(file)) => durable::beside(file, ".receipt"),
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
