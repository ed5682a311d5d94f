//! `muhr receipt gather`, and what `muhr verify` says of a dossier: a record together with those that it
//! rests on, each proven by itself.

use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
    time::{Duration, Instant},
};

use protocol::{
    dossier::{DOSSIER_BYTES_MAX, Dossier, RECEIPTS_MAX},
    entry::Reference,
    hash::DocumentHash,
    policy::TrustPolicy,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};
use serde_json::{Value, json};
use verify::{Verdict, checkpoint::Trusts, dossier::Member};

use super::verify::{facts_json, show};
use crate::{
    arguments::ReceiptGatherArguments,
    client::Client,
    exit::{DONE, Failure, USAGE},
    files,
    output::{Output, steps_json},
};

/// How long a node may take for one receipt.
const WAIT: Duration = Duration::from_secs(10);

pub(crate) fn gather(arguments: &ReceiptGatherArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let client = Client::new(&arguments.node)?;
    let bytes = files::read(&arguments.file, RECEIPT_BYTES_MAX)?;
    let name = arguments.file.display();
    let first = Receipt::parse(&bytes).map_err(|error| {
        Failure::new(USAGE, format!("{name}: not a receipt: {error}"))
            .help("give the receipt's own file, as permit.pdf.receipt")
    })?;
    let mut ahead = VecDeque::new();
    let mut seen = BTreeSet::new();
    let name_all = |receipt: &Receipt, depth: u8, ahead: &mut VecDeque<_>| {
        if depth < arguments.depth {
            let named = receipt.entry.statement.references.iter().cloned();
            ahead.extend(named.map(|reference| (depth + 1, reference)));
        }
    };
    name_all(&first, 0, &mut ahead);
    let mut receipts = vec![first];
    while let Some((depth, reference)) = ahead.pop_front() {
        let place = (
            reference.registry.clone(),
            *reference.key.as_bytes(),
            reference.version,
        );
        if !seen.insert(place) {
            continue;
        }
        if receipts.len() >= RECEIPTS_MAX {
            let what = format!("{name} rests on more than the {RECEIPTS_MAX} records of a dossier");
            return Err(Failure::new(USAGE, what).help("gather fewer with --depth"));
        }
        let receipt = fetch(&client, &trust, &reference)?;
        name_all(&receipt, depth, &mut ahead);
        receipts.push(receipt);
    }
    let count = receipts.len();
    let dossier = Dossier { receipts };
    let members = verify::dossier::judge(&trust, &dossier, None, arguments.depth.into());
    let verdict = verify::dossier::verdict(&members);
    files::write(&arguments.out, dossier.write().as_bytes())?;
    let file = arguments.out.display().to_string();
    output.data(&json!({
        "schema": "muhr/receipt-gather/1", "file": file, "receipts": count, "verdict": verdict.words(),
    }));
    output.text(&format!(
        "{}  {file}  ({count} receipts)",
        output.verdict(verdict)
    ));
    Ok(DONE)
}

/// The receipt of a version that an entry names, found by the record's proven history.
fn fetch(client: &Client, trust: &TrustPolicy, reference: &Reference) -> Result<Receipt, Failure> {
    let Reference {
        registry,
        key,
        version,
    } = reference;
    let history = client.history(registry, key)?;
    let judged = verify::history::judge(trust, &history, registry, key);
    let versions = judged.facts.map(|facts| facts.versions).unwrap_or_default();
    let found = versions
        .iter()
        .find(|proven| proven.entry.statement.version == *version);
    let missing = || {
        let what = format!(
            "the node does not prove version {version} of record {} in {registry}",
            key.to_hex()
        );
        Failure::verdict(Verdict::ProofBroken, what).help("ask another agency's node")
    };
    let statement = &found.ok_or_else(missing)?.entry.statement;
    let bytes = client.receipt(&statement.id().to_hex(), Instant::now() + WAIT)?;
    let receipt = Receipt::parse(&bytes.unwrap_or_default()).map_err(|error| {
        Failure::verdict(Verdict::ProofBroken, format!("the node's receipt: {error}"))
    })?;
    if receipt.entry.statement == *statement {
        Ok(receipt)
    } else {
        Err(missing())
    }
}

/// Judges a dossier, shows it, and gives its verdict with what programs get.
pub(super) fn judge(
    output: &Output,
    trusts: Trusts<'_>,
    file: &Path,
    path: &Path,
    document: Option<&DocumentHash>,
    depth: u8,
) -> Result<(Verdict, Value), Failure> {
    let bytes = files::read(path, DOSSIER_BYTES_MAX)?;
    let dossier = Dossier::parse(&bytes).map_err(|error| {
        let what = format!("{}: not a dossier: {error}", path.display());
        Failure::verdict(Verdict::ProofBroken, what)
    })?;
    let members = verify::dossier::judge(trusts, &dossier, document, depth.into());
    let verdict = verify::dossier::verdict(&members);
    let mut rest = members.iter();
    if let Some(first) = rest.next() {
        show(output, file, &first.judgement);
        show_missing(output, first);
    }
    for member in rest {
        let what = member.judgement.facts.as_ref().map_or_else(
            || "a record whose receipt does not hold".to_owned(),
            |facts| {
                format!(
                    "version {} of {} in {}, leaf {}, by {}",
                    facts.version,
                    facts.record.as_deref().unwrap_or("(number not shown)"),
                    facts.registry,
                    facts.index,
                    facts.author
                )
            },
        );
        output.text(&format!(
            "  {}rests on  {}  {what}",
            "  ".repeat(member.depth.saturating_sub(1)),
            output.verdict(member.judgement.verdict)
        ));
        show_missing(output, member);
    }
    let all: Vec<Value> = members.iter().skip(1).map(as_json).collect();
    let first = members.first();
    let shown = json!({
        "file": file.display().to_string(), "verdict": verdict.words(), "exit_code": verdict.exit_code(),
        "steps": first.map(|first| steps_json(&first.judgement.steps)),
        "facts": first.and_then(|first| first.judgement.facts.as_ref()).map(facts_json),
        "missing": first.map(|first| missing_json(&first.missing)), "rests_on": all,
    });
    Ok((verdict, shown))
}

fn show_missing(output: &Output, member: &Member) {
    for reference in &member.missing {
        output.text(&format!(
            "  ! it names version {} of record {} in {}, which is not in the dossier",
            reference.version,
            reference.key.to_hex(),
            reference.registry
        ));
    }
}

fn as_json(member: &Member) -> Value {
    json!({
        "depth": member.depth, "verdict": member.judgement.verdict.words(), "missing": missing_json(&member.missing),
        "steps": steps_json(&member.judgement.steps), "facts": member.judgement.facts.as_ref().map(facts_json),
    })
}

fn missing_json(missing: &[Reference]) -> Vec<Value> {
    let one = |reference: &Reference| json!({"registry": reference.registry.as_str(), "key": reference.key.to_hex(), "version": reference.version.get()});
    missing.iter().map(one).collect()
}
