//! `muhr attest confirm|dispute|withdraw`, and `muhr inbox`: another agency's word on one version.
//!
//! The clerk has the document and its receipt from the agency that recorded it. What is said, is said of
//! the version that this receipt proves, and only if that is still the latest.

use std::path::{Path, PathBuf};

use api::InboxRecord;
use clap::Args;
use client::{
    durable,
    formats::NotOfKind,
    submit::{self, Clerk},
};
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
use views::{
    clerk::inbox::{InboxView, WaitingRecord},
    steps::detail,
};

use super::{
    references::Rests,
    submission::{self, SignRequest},
};
use crate::{
    arguments::ClerkOptions,
    clerk::typed,
    exit::{CONFLICT, DONE, Failure, UNREACHABLE, USAGE},
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
        let what = "the receipt does not show the record's number";
        return Err(Failure::new(USAGE, format!("{}: {what}", path.display()))
            .help("ask for a receipt with its opening"));
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
        Failure::new(USAGE, format!("{}: {what}", path.display()))
            .help("give the receipt that the other agency handed over with its document")
    })?;
    if shown.entry.statement.operation.is_attestation() {
        let what = "the receipt of an attestation";
        return Err(Failure::new(USAGE, format!("{}: {what}", path.display()))
            .help("give the receipt of the record itself"));
    }
    Ok(shown)
}

/// What the receipt proves, with its document if there is one.
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
    let failed = judged.failure();
    let what = failed.map_or_else(String::new, |step| format!(": {}", detail(step)));
    judged.facts.filter(|_| proves).ok_or_else(|| {
        let what = format!("{}{what}", arguments.receipt.display());
        Failure::verdict(judged.verdict, what).help("attest only to what verifies")
    })
}

/// The record as it is, if what the receipt proves is still its latest version.
fn current(clerk: &Clerk, shown: &Receipt, facts: &ReceiptFacts) -> Result<RecordState, Failure> {
    let statement = &shown.entry.statement;
    let (state, history) = submit::latest(clerk, &statement.registry, &statement.key)?;
    if history.size < facts.size {
        let what = format!(
            "the node shows the log up to size {}, and the receipt is of size {}",
            history.size, facts.size
        );
        return Err(Failure::new(UNREACHABLE, what)
            .help("it is behind, or hides what came since: ask another agency's node"));
    }
    if state.version != facts.version {
        let what = format!(
            "the receipt is of version {}, and the record is at version {} by now",
            facts.version, state.version
        );
        return Err(Failure::new(CONFLICT, what)
            .help("ask the agency for the receipt and the document of the latest version"));
    }
    Ok(state)
}

fn evidence(operation: Operation, arguments: &AttestArguments) -> Result<Option<Content>, Failure> {
    match &arguments.evidence {
        None => Ok(None),
        Some(_) if operation != Operation::Dispute => Err(Failure::new(
            USAGE,
            format!(
                "{} takes no evidence; only a dispute does",
                operation.word()
            ),
        )),
        Some(file) => Ok(submit::content(Some(durable::hash(file)?), Vec::new())?),
    }
}

/// Whether a waiting record has this number, in whichever way its registry writes numbers.
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
    output.note(&format!(
        "{} wait for {}, as the node tells; the agency that recorded one has its document and receipt",
        inbox.all, arguments.agency
    ));
    Ok(DONE)
}
