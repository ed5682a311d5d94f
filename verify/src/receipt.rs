//! Judging a receipt, with the trust file alone.
//!
//! The order is that of `docs/protocol.md` section 9.1; the first check that fails decides. A receipt
//! says what held under its checkpoint: a later revocation does not show in it.

mod authorship;
mod facts;
mod opening;

use protocol::{
    entry::Operation,
    hash::{DocumentHash, LeafHash},
    height::Version,
    merkle,
    receipt::Receipt,
    state::{RecordState, RegistryState, Status, value_hash},
    text::Malformed,
};

use crate::{
    checkpoint::{self, Trusted, Trusts},
    place,
    steps::{Failed, Step, Steps},
    verdict::Verdict,
};

pub use self::facts::{Facts, Shown};

/// What is said of a receipt, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The checks in their order.
    pub steps: Vec<Step>,
    /// What is proven; none if a proof is broken.
    pub facts: Option<Facts>,
}

/// Judges a receipt and, if given, the document that came with it.
#[must_use]
pub fn judge<'a>(
    trusts: impl Into<Trusts<'a>>,
    receipt: &[u8],
    document: Option<&DocumentHash>,
) -> Judgement {
    judge_read(trusts, Receipt::parse(receipt).as_ref(), document)
}

/// The same of a receipt that was read before, or could not be.
#[must_use]
pub fn judge_read<'a>(
    trusts: impl Into<Trusts<'a>>,
    receipt: Result<&Receipt, &Malformed>,
    document: Option<&DocumentHash>,
) -> Judgement {
    let mut steps = Steps::default();
    let mut facts = None;
    let verdict = walk(&mut steps, trusts.into(), receipt, document, &mut facts)
        .unwrap_or_else(|Failed(verdict)| verdict);
    Judgement {
        verdict,
        steps: steps.0,
        facts,
    }
}

fn walk(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    read: Result<&Receipt, &Malformed>,
    document: Option<&DocumentHash>,
    facts: &mut Option<Facts>,
) -> Result<Verdict, Failed> {
    let receipt = steps.proof("format", "a receipt of version 1", read)?;
    let leaf = merkle::leaf_hash(receipt.entry.write().as_bytes());
    let (note, newest) = (&receipt.proof.checkpoint, receipt.newest());
    let bridge = receipt.bridge.as_deref();
    let trusted = checkpoint::trusted(steps, trusts, note, newest, bridge)?;
    inclusion(steps, trusts, &trusted, (receipt, &leaf))?;
    checkpoint::head(steps, trusts, &trusted, newest)?;
    order(steps, receipt)?;
    state(steps, trusts, receipt)?;
    registry(steps, receipt)?;
    authorship::check(steps, trusts, &trusted, (receipt, &leaf))?;
    agreement(steps, receipt, leaf)?;
    // From here on the log's part is proven, and the opening's as soon as it fits.
    let proven = facts.insert(Facts::of_log(&trusted, receipt));
    if let Some(opening) = opening::check(steps, receipt)? {
        proven.open(opening);
    }
    if let Some(document) = document {
        opening::document(steps, receipt, document)?;
    }
    Ok(status(steps, receipt))
}

fn inclusion(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    trusted: &Trusted,
    (receipt, leaf): (&Receipt, &LeafHash),
) -> Result<(), Failed> {
    let (checkpoint, proof) = (trusted.checkpoint(), &receipt.proof);
    let included = merkle::verify_inclusion(
        leaf,
        proof.index,
        checkpoint.size,
        &proof.path,
        &checkpoint.root,
    );
    steps.proof(
        "entry",
        format!("the entry is leaf {} of the log", proof.index),
        included,
    )?;
    let block = &receipt.block;
    steps.proof(
        "block",
        format!("its block is {}", block.leaf.height),
        trusts.block(trusted, block),
    )?;
    steps.require(
        "block",
        place::covers(block, proof.index),
        "the block covers the entry",
    )
}

/// A newest block of its own must be newer than the entry's.
fn order(steps: &mut Steps, receipt: &Receipt) -> Result<(), Failed> {
    let (block, Some(head)) = (&receipt.block, &receipt.head) else {
        return Ok(());
    };
    let newer = head.index > block.index
        && head.leaf.height > block.leaf.height
        && head.leaf.time > block.leaf.time;
    steps.require("head", newer, "the newest block is newer than the entry's")
}

fn state(steps: &mut Steps, trusts: Trusts<'_>, receipt: &Receipt) -> Result<(), Failed> {
    let root = &receipt.newest().leaf.index;
    let statement = &receipt.entry.statement;
    let key = RecordState::index_key(&statement.registry, &statement.key);
    let record =
        receipt
            .record_proof
            .verify_present(root, &key, &value_hash(&receipt.record.write()));
    steps.proof("record", "the record's state is in the index", record)?;
    steps.require(
        "clerk",
        receipt.clerk.name == statement.author,
        "the clerk is the entry's author",
    )?;
    let clerk = trusts.clerk(root, &receipt.clerk, &receipt.clerk_proof);
    steps.proof("clerk", "the clerk's key is in the index", clerk)
}

/// What the registry asks of new versions now; nothing that is said of this one rests on it.
fn registry(steps: &mut Steps, receipt: &Receipt) -> Result<(), Failed> {
    let Some(registry) = &receipt.registry else {
        return Ok(());
    };
    let (name, value) = (&registry.state.name, registry.state.write());
    steps.require(
        "registry",
        *name == receipt.entry.statement.registry,
        "the registry is the entry's",
    )?;
    let root = &receipt.newest().leaf.index;
    let key = RegistryState::index_key(name);
    let found = registry
        .proof
        .verify_present(root, &key, &value_hash(&value));
    steps.proof("registry", "the registry's policy is in the index", found)
}

/// The entry, the version that it names before it, and the record's state must tell one story.
fn agreement(steps: &mut Steps, receipt: &Receipt, leaf: LeafHash) -> Result<(), Failed> {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let (version, operation) = (statement.version, statement.operation);
    if operation.is_attestation() {
        return attestation(steps, receipt, leaf);
    }
    let known = version <= record.version && record.content <= record.version;
    steps.require("story", known, "the version is one that the record has")?;
    let here = place::within(&receipt.block, receipt.proof.index, leaf);
    let follows = match &statement.previous {
        None => version == Version::new(1) && operation == Operation::Register,
        Some(previous) => {
            version > Version::new(1)
                && operation != Operation::Register
                && place::precedes(previous, &here)
        }
    };
    steps.require("story", follows, "it follows the version before it")?;
    let latest = record.place();
    if version == record.version {
        let content_fits = (record.content == version) == operation.has_content();
        let by_author = record
            .four_eyes()
            .is_none_or(|author| *author == statement.author);
        let same =
            latest == here && content_fits && leads_to(operation, record.status) && by_author;
        return steps.require("story", same, "the record's latest version is this entry");
    }
    let content_fits = !operation.has_content() || record.content >= version;
    let newer = place::precedes(&here, &latest) && content_fits;
    steps.require("story", newer, "the record's latest version is a newer one")
}

/// Another agency's word: it follows the version that it is about or an earlier word of the agency, and
/// the record's state shows it or a later one.
fn attestation(steps: &mut Steps, receipt: &Receipt, leaf: LeafHash) -> Result<(), Failed> {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let known = statement.version <= record.version && record.content <= record.version;
    steps.require("story", known, "the version is one that the record has")?;
    let here = place::within(&receipt.block, receipt.proof.index, leaf);
    let previous = statement.previous.as_ref();
    let follows = previous.is_some_and(|previous| place::precedes(previous, &here));
    steps.require("story", follows, "it follows what it is about")?;
    let latest = record.place();
    if statement.version < record.version {
        let newer = place::precedes(&here, &latest);
        return steps.require("story", newer, "the record's latest version is a newer one");
    }
    let shown = record.mark(&statement.author.agency()).is_some_and(|mark| {
        let same = mark.place == here && mark.said == statement.operation;
        same || place::precedes(&here, &mark.place)
    });
    let another = record.four_eyes() != Some(&statement.author);
    let same = shown && another && place::precedes(&latest, &here);
    steps.require(
        "story",
        same,
        "the record's state shows what the agency said",
    )
}

/// Whether an attestation is the agency's last word, on the latest version.
fn is_last_word(receipt: &Receipt) -> bool {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let mark = record.mark(&statement.author.agency());
    statement.version == record.version
        && mark.is_some_and(|mark| mark.place.index == receipt.proof.index)
}

/// Whether an operation can leave a record in `status`.
const fn leads_to(operation: Operation, status: Status) -> bool {
    match operation {
        Operation::Register | Operation::Amend | Operation::Reinstate => {
            matches!(status, Status::Active)
        }
        Operation::Correct => matches!(status, Status::Active | Status::Suspended),
        Operation::Suspend => matches!(status, Status::Suspended),
        Operation::Revoke => matches!(status, Status::Revoked),
        Operation::Confirm | Operation::Dispute | Operation::Withdraw => false,
    }
}

fn status(steps: &mut Steps, receipt: &Receipt) -> Verdict {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let attests = statement.operation.is_attestation();
    let verdict = match record.status {
        _ if attests && !is_last_word(receipt) => Verdict::Superseded,
        Status::Revoked => Verdict::Revoked,
        Status::Suspended => Verdict::Suspended,
        Status::Active if !attests && statement.version < record.content => Verdict::Superseded,
        Status::Active => Verdict::Authentic,
    };
    let ok = verdict == Verdict::Authentic;
    let detail = format!(
        "the record is {} at version {}",
        record.status.word(),
        record.version
    );
    steps.0.push(Step {
        name: "status",
        ok,
        detail,
    });
    verdict
}
