//! `muhr receipt gather`, and what `muhr verify` says of a dossier: a record together with those that it
//! rests on, each proven by itself.

use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
};

use client::{durable, formats, http::Client, proven};
use protocol::{
    dossier::{Dossier, RECEIPTS_MAX},
    entry::Reference,
    hash::RecordKey,
    height::Version,
    name::RegistryName,
    policy::TrustPolicy,
    receipt::Receipt,
};
use serde_json::{Value, json};
use verify::{Verdict, dossier::Member};

use super::verify::{
    FileVerdict, Subject, Told,
    shown::{self, facts_json},
};
use crate::{
    arguments::ReceiptGatherArguments,
    exit::{DONE, ExitCode, Failure, USAGE},
    nodes,
    output::{Line, Output, checks, local, steps_json, told},
};

pub(crate) fn gather(arguments: &ReceiptGatherArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.trust)?;
    let client = nodes::connect_to(&arguments.node)?;
    let name = arguments.file.display();
    let old = formats::receipt(&arguments.file)?;
    // Proven anew, before the others are: nothing in the dossier is then older than it.
    let (first, _) = proven::receipt(&client, &trust, &old.entry.statement, old.opening)?;
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
    durable::write_private(&arguments.out, dossier.write().as_bytes())?;
    let file = arguments.out.display().to_string();
    output.data(&json!({
        "schema": "muhr/receipt-gather/1", "file": file, "receipts": count, "verdict": verdict.words(),
    }));
    output.judged("", verdict, &format!("  {file}  ({count} receipts)"));
    for member in members.iter().skip(1) {
        let stands = member.judgement.verdict;
        if stands != Verdict::Authentic || member.returns {
            output.judged("  ", stands, &format!("  {}", what(member)));
            show_remarks(output, member);
        }
    }
    if let Some(first) = members.first() {
        show_remarks(output, first);
    }
    Ok(DONE)
}

fn show_remarks(output: &Output, member: &Member) {
    for line in remarks(member) {
        output.text(&line);
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
    let judged = verify::history::judge_pages(trust, &history, registry, key);
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
    Ok(proven::receipt(client, trust, statement, None)?.0)
}

/// What is said of a dossier that was judged: the gravest of all that is in it stands first.
pub(super) fn judged(
    file: &Path,
    (subject, all_steps): (Subject, bool),
    members: &[Member],
) -> FileVerdict {
    let verdict = verify::dossier::verdict(members);
    let mut lines = Vec::new();
    let mut rest = members.iter();
    if let Some(first) = rest.next() {
        let own = first.judgement.verdict;
        let said = (subject, verdict);
        let told = Told::from(&first.judgement);
        lines.extend(shown::lines(file, said, &told, all_steps));
        if own != verdict {
            let behind = "; graver is what it rests on";
            lines.insert(1, Line::judged("  the record itself: ", own, behind));
        }
        lines.extend(remarks(first).into_iter().map(Line::text));
    }
    for member in rest {
        let before = "  ".repeat(member.depth.saturating_sub(1));
        lines.push(Line::judged(
            format!("  {before}rests on  "),
            member.judgement.verdict,
            format!("  {}", what(member)),
        ));
        let failed = checks(&told(&member.judgement.steps), false).failed;
        lines.extend(failed.iter().map(|line| Line::text(format!("  {line}"))));
        lines.extend(remarks(member).into_iter().map(Line::text));
    }
    let all: Vec<Value> = members.iter().skip(1).map(as_json).collect();
    let first = members.first();
    let json = json!({
        "file": file.display().to_string(), "judged": subject.word(), "verdict": verdict.words(), "exit_code": verdict.exit_code(),
        "steps": first.map(|first| steps_json(&told(&first.judgement.steps))),
        "facts": first.and_then(|first| first.judgement.facts.as_ref()).map(facts_json),
        "own_verdict": first.map(|first| first.judgement.verdict.words()),
        "missing": first.map(|first| references_json(&first.missing)),
        "not_followed": first.map(|first| references_json(&first.beyond)), "rests_on": all,
    });
    FileVerdict {
        verdict,
        lines,
        json,
    }
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

fn remarks(member: &Member) -> Vec<String> {
    let mut lines = Vec::new();
    let facts = member.judgement.facts.as_ref();
    if let Some(facts) = facts.filter(|_| member.is_older) {
        lines.push(format!(
            "  ! its proof is as of block {}, older than the first's: what became of it since cannot be told; gather it again",
            facts.as_of_height
        ));
    }
    if member.returns {
        lines.push("  ! a circle: another version of this record leads to it".to_owned());
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
            lines.push(format!(
                "  ! it rests on {}, which {what}",
                words(reference)
            ));
        }
    }
    lines
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
        "steps": steps_json(&told(&member.judgement.steps)), "facts": member.judgement.facts.as_ref().map(facts_json),
    })
}

pub(super) fn references_json(references: &[Reference]) -> Vec<Value> {
    let one = |reference: &Reference| json!({"registry": reference.registry.as_str(), "key": reference.key.to_hex(), "version": reference.version.get()});
    references.iter().map(one).collect()
}
