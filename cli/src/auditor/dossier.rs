//! `muhr receipt gather`, and what `muhr verify` says of a dossier: a record together with those that it
//! rests on, each proven by itself.

use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
    time::{Duration, Instant},
};

use protocol::{
    dossier::{DOSSIER_BYTES_MAX, Dossier, RECEIPTS_MAX},
    entry::{Reference, Statement},
    hash::{DocumentHash, RecordKey},
    height::Version,
    name::RegistryName,
    policy::TrustPolicy,
    receipt::Receipt,
};
use serde_json::{Value, json};
use verify::{Verdict, checkpoint::Trusts, dossier::Member};

use super::verify::{facts_json, show};
use crate::{
    arguments::ReceiptGatherArguments,
    client::Client,
    exit::{DONE, Failure, USAGE},
    files,
    output::{Output, local, steps_json},
};

/// How long a node may take for one receipt.
const WAIT: Duration = Duration::from_secs(10);

pub(crate) fn gather(arguments: &ReceiptGatherArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let client = Client::new(&arguments.node)?;
    let name = arguments.file.display();
    let old = files::receipt(&arguments.file)?;
    // Proven anew, before the others are: nothing in the dossier is then older than it.
    let mut first = latest(&client, &old.entry.statement)?;
    first.opening = old.opening;
    let mut ahead = VecDeque::new();
    let mut seen = BTreeSet::from([place(&as_reference(&first))]);
    let name_all = |receipt: &Receipt, depth: u8, ahead: &mut VecDeque<_>| {
        if depth < arguments.depth {
            let named = receipt.entry.statement.references.iter().cloned();
            ahead.extend(named.map(|reference| (depth + 1, reference)));
        }
    };
    name_all(&first, 0, &mut ahead);
    let mut receipts = vec![first];
    while let Some((depth, reference)) = ahead.pop_front() {
        if !seen.insert(place(&reference)) {
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
    for member in members.iter().skip(1) {
        let stands = output.verdict(member.judgement.verdict);
        if member.judgement.verdict != Verdict::Authentic || member.returns {
            output.text(&format!("  {stands}  {}", what(member)));
            show_remarks(output, member);
        }
    }
    if let Some(first) = members.first() {
        show_remarks(output, first);
    }
    Ok(DONE)
}

/// The newest receipt of an entry that a node gives.
fn latest(client: &Client, statement: &Statement) -> Result<Receipt, Failure> {
    let bytes = client.receipt(&statement.id().to_hex(), Instant::now() + WAIT)?;
    let broken = |what: String| {
        Failure::verdict(Verdict::ProofBroken, what).help("ask another agency's node")
    };
    let receipt = Receipt::parse(&bytes.unwrap_or_default())
        .map_err(|error| broken(format!("the node's receipt: {error}")))?;
    if receipt.entry.statement == *statement {
        Ok(receipt)
    } else {
        Err(broken("the node's receipt is of another entry".to_owned()))
    }
}

fn as_reference(receipt: &Receipt) -> Reference {
    let statement = &receipt.entry.statement;
    Reference {
        registry: statement.registry.clone(),
        key: statement.key,
        version: statement.version,
    }
}

fn place(reference: &Reference) -> (RegistryName, RecordKey, Version) {
    (reference.registry.clone(), reference.key, reference.version)
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
    latest(client, &found.ok_or_else(missing)?.entry.statement)
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
        show_remarks(output, first);
    }
    for member in rest {
        output.text(&format!(
            "  {}rests on  {}  {}",
            "  ".repeat(member.depth.saturating_sub(1)),
            output.verdict(member.judgement.verdict),
            what(member)
        ));
        show_remarks(output, member);
    }
    let all: Vec<Value> = members.iter().skip(1).map(as_json).collect();
    let first = members.first();
    let shown = json!({
        "file": file.display().to_string(), "verdict": verdict.words(), "exit_code": verdict.exit_code(),
        "steps": first.map(|first| steps_json(&first.judgement.steps)),
        "facts": first.and_then(|first| first.judgement.facts.as_ref()).map(facts_json),
        "missing": first.map(|first| references_json(&first.missing)),
        "not_followed": first.map(|first| references_json(&first.beyond)), "rests_on": all,
    });
    Ok((verdict, shown))
}

/// What a member is, where it stands, and as of when that is so.
fn what(member: &Member) -> String {
    let Some(facts) = &member.judgement.facts else {
        return "a record whose receipt does not hold".to_owned();
    };
    let record = facts.record.clone();
    format!(
        "version {} of {} in {}, leaf {}, by {}, as of block {}, {}",
        facts.version,
        record.unwrap_or_else(|| format!("key {}", facts.key.to_hex())),
        facts.registry,
        facts.index,
        facts.author,
        facts.as_of_height,
        local(facts.as_of_time.get())
    )
}

fn show_remarks(output: &Output, member: &Member) {
    let facts = member.judgement.facts.as_ref();
    if let Some(facts) = facts.filter(|_| member.is_older) {
        output.text(&format!(
            "  ! its proof is as of block {}, older than the first's: what became of it since cannot be told; gather it again",
            facts.as_of_height
        ));
    }
    if member.returns {
        output.text("  ! a circle: another version of this record leads to it");
    }
    for (named, what) in [
        (&member.missing, "is not in the dossier"),
        (
            &member.beyond,
            "is farther away than what is followed, and not judged",
        ),
        (
            &member.later,
            "stands behind it in the log: no ledger that keeps the rules holds both",
        ),
    ] {
        for reference in named {
            output.text(&format!(
                "  ! it rests on {}, which {what}",
                words(reference)
            ));
        }
    }
}

/// A version of another record, in words.
pub(super) fn words(reference: &Reference) -> String {
    format!(
        "version {} of record {} in {}",
        reference.version,
        reference.key.to_hex(),
        reference.registry
    )
}

fn as_json(member: &Member) -> Value {
    json!({
        "depth": member.depth, "verdict": member.judgement.verdict.words(), "missing": references_json(&member.missing),
        "not_followed": references_json(&member.beyond), "older": member.is_older, "circle": member.returns,
        "steps": steps_json(&member.judgement.steps), "facts": member.judgement.facts.as_ref().map(facts_json),
    })
}

pub(super) fn references_json(references: &[Reference]) -> Vec<Value> {
    let one = |reference: &Reference| json!({"registry": reference.registry.as_str(), "key": reference.key.to_hex(), "version": reference.version.get()});
    references.iter().map(one).collect()
}
