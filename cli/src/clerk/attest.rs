//! `muhr attest confirm|dispute|withdraw`, and `muhr inbox`: another agency's word on one version.
//!
//! The clerk has the document and its receipt from the agency that recorded it. What is said, is said of
//! the version that this receipt proves, and only if that is still the latest.

use std::path::{Path, PathBuf};

use api::InboxRecord;
use clap::Args;
use client::{
    coded::{Coded, failed_check},
    durable,
    formats::NotOfKind,
    submit::{self, Clerk},
};
use messages::UserMessage;
use protocol::{
    entry::{Operation, Statement},
    kind::Kind,
    name::RegistryName,
    opening::{Content, Opening},
    receipt::{RECEIPT_BYTES_MAX, Receipt},
    record::{CaseRule, RecordId},
    state::RecordState,
};
use verify::receipt::ReceiptFacts;
use views::clerk::inbox::{InboxView, WaitingRecord};

use super::{
    one_document,
    references::Rests,
    submission::{self, SignRequest},
};
use crate::{
    arguments::ClerkOptions,
    clerk::typed,
    exit::{CONFLICT, DONE, Failure, UNREACHABLE, USAGE, in_file},
    nodes,
    output::Output,
};

/// `muhr attest confirm` and the others.
#[derive(Debug, Args)]
pub struct AttestArguments {
    /// The record's receipt, from the agency that recorded it
    pub receipt: PathBuf,
    /// The document that came with it, to be checked against the receipt
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Why, as a code like D01; due for dispute and withdraw
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// What a dispute rests on; only a commitment to it is recorded
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// Where the attestation's own receipt goes, if not beside the record's
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Who says it, to whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// `muhr inbox`.
#[derive(Debug, Args)]
pub struct InboxArguments {
    /// The agency
    #[arg(long, value_name = "NAME")]
    pub agency: String,
    /// Only the record of this number
    #[arg(long, value_name = "NUMBER")]
    pub record: Option<String>,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}

pub(crate) fn run(
    operation: Operation,
    arguments: &AttestArguments,
    output: &Output,
) -> Result<u8, Failure> {
    let path = &arguments.receipt;
    let bytes = durable::read(path, RECEIPT_BYTES_MAX)?;
    let shown = of_a_record(path, &bytes)?;
    let reason = arguments.reason.as_deref().map(typed::reason).transpose()?;
    let clerk = submission::open(&arguments.options, output)?;
    let facts = believed(&clerk, arguments, &bytes)?;
    let state = current(&clerk, &shown, &facts)?;
    let Some(Opening { record, .. }) = shown.opening else {
        let what = UserMessage::new("receipt-hides-number");
        return Err(Failure::new(USAGE, in_file(path, what))
            .help(UserMessage::new("help-receipt-with-opening")));
    };
    let opening = Opening {
        record,
        content: evidence(operation, arguments)?,
    };
    let agency = clerk.name.agency();
    let previous = state
        .mark(&agency)
        .map_or_else(|| state.place(), |mark| mark.place);
    let out = arguments.out.clone().unwrap_or_else(|| {
        let name = format!(".{agency}.{}", operation.word());
        let stem = path.with_extension("");
        PathBuf::from(format!("{}{name}.receipt", stem.display()))
    });
    let statement = Statement {
        operation,
        registry: shown.entry.statement.registry,
        key: shown.entry.statement.key,
        version: state.version,
        previous: Some(previous),
        effective: None,
        reason,
        references: Vec::new(),
        commitment: opening.content.as_ref().map(Content::commit),
        author: clerk.name.clone(),
        expires: clerk.expires,
    };
    let request = SignRequest {
        statement,
        opening,
        rests: Rests::AsSaid,
        file: arguments.evidence.as_deref(),
        options: &arguments.options,
        yes: arguments.yes,
    };
    submission::submit(&clerk, &out, request, output)
}

/// The receipt of a record that another agency handed over; not one of an attestation.
fn of_a_record(path: &Path, bytes: &[u8]) -> Result<Receipt, Failure> {
    let shown = Receipt::parse(bytes).map_err(|error| {
        let reads = |bytes: &[u8]| Receipt::parse(bytes).is_ok();
        let what = NotOfKind::of(Kind::Receipt, bytes, &error, reads);
        Failure::new(USAGE, in_file(path, what.message()))
            .help(UserMessage::new("help-receipt-of-other-agency"))
    })?;
    if shown.entry.statement.operation.is_attestation() {
        let what = UserMessage::new("receipt-of-attestation");
        return Err(Failure::new(USAGE, in_file(path, what))
            .help(UserMessage::new("help-receipt-of-record")));
    }
    Ok(shown)
}

/// Facts that the receipt proves, with its document if there is one.
fn believed(
    clerk: &Clerk,
    arguments: &AttestArguments,
    bytes: &[u8],
) -> Result<ReceiptFacts, Failure> {
    let document = arguments
        .document
        .as_deref()
        .map(durable::hash)
        .transpose()?;
    let judged = verify::receipt::judge(&clerk.trust, bytes, document.as_ref());
    let proves = judged.proves_entry();
    let path = arguments.receipt.display();
    let what = judged.failure().map_or_else(
        || UserMessage::new("file-alone").text("path", &path),
        |step| {
            UserMessage::new("file-check")
                .text("path", &path)
                .part("check", failed_check(step))
        },
    );
    judged.facts.filter(|_| proves).ok_or_else(|| {
        Failure::verdict(judged.verdict, what).help(UserMessage::new("help-attest-what-verifies"))
    })
}

/// The record as it is, if what the receipt proves is still its latest version.
fn current(clerk: &Clerk, shown: &Receipt, facts: &ReceiptFacts) -> Result<RecordState, Failure> {
    let statement = &shown.entry.statement;
    let (state, history) = submit::latest(clerk, &statement.registry, &statement.key)?;
    if history.size < facts.size {
        let what = UserMessage::new("node-behind-receipt")
            .text("node-size", history.size)
            .text("receipt-size", facts.size);
        return Err(
            Failure::new(UNREACHABLE, what).help(UserMessage::new("help-node-behind-or-hides"))
        );
    }
    if state.version != facts.version {
        let what = UserMessage::new("receipt-not-of-latest")
            .text("receipt-version", facts.version)
            .text("version", state.version);
        return Err(
            Failure::new(CONFLICT, what).help(UserMessage::new("help-ask-agency-for-latest"))
        );
    }
    Ok(state)
}

fn evidence(operation: Operation, arguments: &AttestArguments) -> Result<Option<Content>, Failure> {
    match &arguments.evidence {
        None => Ok(None),
        Some(_) if operation != Operation::Dispute => Err(Failure::new(
            USAGE,
            UserMessage::new("evidence-not-taken").text("operation", operation.word()),
        )),
        Some(file) => Ok(submit::content(
            Some(one_document::hash_of_evidence(file)?),
            Vec::new(),
        )?),
    }
}

/// Returns whether a waiting record has this number, in whichever way its registry writes numbers.
fn is_of(record: &InboxRecord, number: &RecordId) -> bool {
    let Some(registry) = RegistryName::parse(&record.registry) else {
        return false;
    };
    [CaseRule::AsWritten, CaseRule::Capitals]
        .map(|letters| number.clone().in_case(letters))
        .iter()
        .any(|number| number.key(&registry).to_hex() == record.key)
}

fn waiting(record: InboxRecord) -> WaitingRecord {
    WaitingRecord {
        registry: record.registry,
        key: record.key,
        version: record.version,
        index: record.index,
        time: record.time,
        until: record.until,
        endorsement: record.endorsement,
    }
}

pub(crate) fn inbox(arguments: &InboxArguments, output: &Output) -> Result<u8, Failure> {
    let agency = typed::agency(&arguments.agency)?;
    let wanted = arguments.record.as_deref().map(typed::number);
    let wanted = wanted.transpose()?;
    let inbox = nodes::connect_to(&arguments.node)?.inbox(&agency)?;
    // The ledger knows keys; whoever has the number can tell which one it is.
    let is_wanted =
        |record: &InboxRecord| wanted.as_ref().is_none_or(|number| is_of(record, number));
    let shown = inbox.records.into_iter().filter(is_wanted).map(waiting);
    output.view(&InboxView {
        proven: false,
        agency: arguments.agency.clone(),
        all: inbox.all,
        records: shown.collect(),
    });
    output.note(
        &UserMessage::new("note-inbox")
            .text("count", inbox.all)
            .text("agency", &arguments.agency),
    );
    Ok(DONE)
}
