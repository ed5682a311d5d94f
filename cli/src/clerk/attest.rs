//! `muhr attest confirm|dispute|withdraw`, and `muhr inbox`: another agency's word on one version.
//!
//! The clerk has the document and its receipt from the agency that recorded it. What is said, is said of
//! the version that this receipt proves, and only if that is still the latest.

use std::{path::PathBuf, time::Duration};

use protocol::{
    entry::{Operation, Statement},
    opening::{Content, Opening},
    receipt::{RECEIPT_BYTES_MAX, Receipt},
    record::RecordId,
};
use serde_json::json;
use verify::Verdict;

use super::{
    references::Rests,
    submission::{self, Clerk, Wish},
};
use crate::{
    arguments::{AttestArguments, InboxArguments},
    client::Client,
    exit::{CONFLICT, DONE, Failure, USAGE},
    files,
    output::{Output, local},
};

pub(crate) fn run(
    operation: Operation,
    arguments: &AttestArguments,
    output: &Output,
) -> Result<u8, Failure> {
    let path = &arguments.receipt;
    let bytes = files::read(path, RECEIPT_BYTES_MAX)?;
    let shown = Receipt::parse(&bytes).map_err(|error| {
        Failure::new(USAGE, format!("{}: not a receipt: {error}", path.display()))
            .help("give the receipt that the other agency handed over with its document")
    })?;
    if shown.entry.statement.operation.is_attestation() {
        return Err(Failure::new(
            USAGE,
            format!("{}: the receipt of an attestation", path.display()),
        )
        .help("give the receipt of the record itself"));
    }
    let reason = arguments
        .reason
        .as_deref()
        .map(submission::reason)
        .transpose()?;
    let clerk = Clerk::open(&arguments.desk, output)?;
    let document = arguments.document.as_deref().map(files::hash).transpose()?;
    let judged = verify::receipt::judge(&clerk.trust, &bytes, document.as_ref());
    let Some(facts) = judged
        .facts
        .filter(|_| !matches!(judged.verdict, Verdict::Altered | Verdict::CannotDecide))
    else {
        let failed = judged.steps.iter().find(|step| !step.ok);
        let what = failed.map_or_else(String::new, |step| format!(": {}", step.detail));
        return Err(
            Failure::verdict(judged.verdict, format!("{}{what}", path.display()))
                .help("attest only to what verifies"),
        );
    };
    let (registry, key) = (
        shown.entry.statement.registry.clone(),
        shown.entry.statement.key,
    );
    let (state, _) = submission::latest(&clerk, &registry, &key)?;
    if state.version != facts.version {
        return Err(Failure::new(
            CONFLICT,
            format!(
                "the receipt is of version {}, and the record is at version {} by now",
                facts.version, state.version
            ),
        )
        .help("ask the agency for the receipt and the document of the latest version"));
    }
    let opening = match shown.opening {
        Some(Opening { record, .. }) => Opening {
            record,
            content: evidence(operation, arguments)?,
        },
        None => {
            return Err(Failure::new(
                USAGE,
                format!(
                    "{}: the receipt does not show the record's number",
                    path.display()
                ),
            )
            .help("ask for a receipt with its opening"));
        }
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
        registry,
        key,
        version: state.version,
        previous: Some(previous),
        effective: None,
        reason,
        references: Vec::new(),
        commitment: opening.content.as_ref().map(Content::commit),
        author: clerk.name.clone(),
        expires: clerk.expires,
    };
    let wish = Wish {
        statement,
        opening,
        rests: Rests::AsSaid,
        file: arguments.evidence.as_deref(),
        desk: &arguments.desk,
        yes: arguments.yes,
    };
    submission::carry(&clerk, &out, wish, output)
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
        Some(file) => submission::content(Some(files::hash(file)?), Vec::new()),
    }
}

pub(crate) fn inbox(arguments: &InboxArguments, output: &Output) -> Result<u8, Failure> {
    let client = Client::new(&arguments.node)?;
    let inbox = client.inbox(&arguments.agency)?;
    let wanted = arguments.record.as_deref().map(RecordId::parse).transpose();
    let wanted = wanted.map_err(|error| Failure::new(USAGE, error.to_string()))?;
    let mut shown = Vec::new();
    for record in &inbox.records {
        // The ledger knows keys; whoever has the number can tell which one it is.
        let is_wanted = wanted.as_ref().is_none_or(|number| {
            protocol::name::RegistryName::parse(&record.registry)
                .is_some_and(|registry| number.key(&registry).to_hex() == record.key)
        });
        if is_wanted {
            shown.push(record);
        }
    }
    output.data(&json!({
        "schema": "muhr/inbox/1", "agency": arguments.agency, "all": inbox.all, "records": shown,
    }));
    for record in &shown {
        let until = record.until.map_or_else(
            || "no end".to_owned(),
            |until| {
                let left = Duration::from_millis(until.saturating_sub(record.time));
                format!(
                    "until {} ({} days in all)",
                    local(until),
                    left.as_secs() / 86_400
                )
            },
        );
        output.text(&format!(
            "{}  {}  version {}  leaf {}  {}  {until}",
            record.registry, record.key, record.version, record.index, record.endorsement
        ));
    }
    output.note(&format!(
        "{} wait for {}, as the node tells; the agency that recorded one has its document and receipt",
        inbox.all, arguments.agency
    ));
    Ok(DONE)
}
