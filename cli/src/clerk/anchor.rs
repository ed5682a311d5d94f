//! `muhr anchor`: registers one record, or hands over to bulk and to the hot folder.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use client::{durable, submit};
use protocol::opening::Opening;

use super::{
    bulk, one_document,
    references::{self, Rests},
    submission::{self, SignRequest},
    watch_folder,
};
use crate::{
    arguments::{ClerkOptions, OneOrMany},
    clerk::{bulk::BulkArguments, typed, watch_folder::HotArguments},
    exit::Failure,
    output::Output,
};

/// `muhr anchor`: a document, or the subcommands `bulk` and `watch`, which have arguments of their own.
pub(crate) type AnchorArguments = OneOrMany<AnchorOne, AnchorCommand>;

/// `muhr anchor FILE`.
#[derive(Debug, Args)]
pub struct AnchorOne {
    /// The document
    pub file: PathBuf,
    /// The registry, as qurilish.permits
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// The record's number; the parts of a composite number are joined by |
    #[arg(long, value_name = "NUMBER")]
    pub record: String,
    /// A field to record with the document; may be repeated
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    /// The legal date, as 2026-11-23
    #[arg(long, value_name = "DATE")]
    pub effective: Option<String>,
    /// Another record that this one rests on; the latest version if none is named; may be repeated
    #[arg(long = "rests-on", value_name = "REGISTRY:NUMBER[@VERSION]")]
    pub rests_on: Vec<String>,
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

/// `muhr anchor bulk`.
#[allow(clippy::large_enum_variant, reason = "one for each run of the program")]
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    /// Registers one record for each row of a table or each file of a folder; safe to run again after any interruption
    #[command(after_help = crate::clerk::no_documents())]
    Bulk(BulkArguments),
    /// Registers each document that appears in a folder, and writes the receipt beside it
    #[command(after_help = crate::clerk::no_documents())]
    Watch(HotArguments),
}

pub(crate) fn run(arguments: AnchorArguments, output: &Output) -> Result<u8, Failure> {
    match arguments {
        AnchorArguments::Many(AnchorCommand::Bulk(bulk)) => bulk::run(&bulk, output),
        AnchorArguments::Many(AnchorCommand::Watch(watch)) => watch_folder::run(&watch, output),
        AnchorArguments::One(one) => anchor(&one, output),
    }
}

fn anchor(arguments: &AnchorOne, output: &Output) -> Result<u8, Failure> {
    let registry = typed::registry(&arguments.registry)?;
    // What is no number needs no node to say so.
    let _number = typed::number(&arguments.record)?;
    let effective = typed::date(arguments.effective.as_deref())?;
    let fields = typed::fields(&arguments.fields)?;
    let document = one_document::hash(&arguments.file)?;
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
