//! Judging a receipt, with the trust file alone.
//!
//! The order is that of `docs/protocol.md` section 9.1; the first check that fails decides. A receipt
//! says what held under its checkpoint: a later revocation does not show in it.

mod authorship;
mod facts;
mod opening;
mod together;

use protocol::{
    entry::{Operation, Statement},
    hash::{DocumentHash, LeafHash},
    height::{LeafIndex, Version},
    kind::Kind,
    merkle,
    receipt::{BlockProof, Receipt},
    state::{RecordState, RecordStatus, RegistryState, value_hash},
};

use crate::{
    check::Check,
    checkpoint::{self, Trusted, Trusts},
    judgement::Judgement,
    place,
    steps::{Failed, Steps},
    unread,
    verdict::Verdict,
};

pub use self::{
    facts::{ReceiptFacts, Shown},
    together::ProvenBatch,
};

/// Judges a receipt and, if given, the document that came with it.
#[must_use]
pub fn judge<'a>(
    trusts: impl Into<Trusts<'a>>,
    receipt: &[u8],
    document: Option<&DocumentHash>,
) -> Judgement {
    let error = match Receipt::parse(receipt) {
        Ok(read) => return judge_read(trusts, &read, document),
        Err(error) => error,
    };
    let mut steps = Steps::default();
    let reads = |bytes: &[u8]| Receipt::parse(bytes).is_ok();
    let asked = (Check::ReceiptFormat, Kind::Receipt);
    let Failed(verdict) = unread::failed(&mut steps, asked, receipt, error, reads);
    Judgement {
        verdict,
        steps: steps.0,
        facts: None,
    }
}

/// Judges a receipt that was read before, as [`judge`] does.
#[must_use]
pub fn judge_read<'a>(
    trusts: impl Into<Trusts<'a>>,
    receipt: &Receipt,
    document: Option<&DocumentHash>,
) -> Judgement {
    let mut steps = Steps::default();
    let mut facts = None;
    steps.held(Check::ReceiptFormat);
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
    receipt: &Receipt,
    document: Option<&DocumentHash>,
    facts: &mut Option<ReceiptFacts>,
) -> Result<Verdict, Failed> {
    let leaf = merkle::leaf_hash(receipt.entry.write().as_bytes());
    let (note, newest) = (&receipt.proof.checkpoint, receipt.newest());
    let bridge = receipt.bridge.as_deref();
    let trusted = checkpoint::trusted(steps, trusts, note, newest, bridge)?;
    inclusion(steps, trusts, &trusted, (receipt, &leaf))?;
    let claim = ClaimedVersion {
        statement: &receipt.entry.statement,
        record: &receipt.record,
        block: &receipt.block,
        index: receipt.proof.index,
        leaf,
    };
    checkpoint::head(steps, trusts, &trusted, newest)?;
    order(steps, receipt)?;
    state(steps, trusts, receipt)?;
    registry(steps, receipt)?;
    authorship::check(steps, trusts, &trusted, (receipt, &leaf))?;
    agreement(steps, &claim)?;
    // From here on the log's part is proven, and the opening's as soon as it fits.
    let proven = facts.insert(ReceiptFacts::of_log(&trusted, receipt));
    let opening = receipt.opening.as_ref();
    if let Some(opening) = opening::check(steps, &receipt.entry.statement, opening)? {
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
    let index = proof.index;
    steps.proof(Check::EntryIncluded { index }, included)?;
    let (block, height) = (&receipt.block, receipt.block.leaf.height);
    steps.proof(
        Check::BlockIncluded { height },
        trusts.block(trusted, block),
    )?;
    steps.require(Check::BlockCoversEntry, place::covers(block, index))
}

/// A newest block of its own must be newer than the entry's.
fn order(steps: &mut Steps, receipt: &Receipt) -> Result<(), Failed> {
    let (block, Some(head)) = (&receipt.block, &receipt.head) else {
        return Ok(());
    };
    let newer = head.index > block.index
        && head.leaf.height > block.leaf.height
        && head.leaf.time > block.leaf.time;
    steps.require(Check::HeadNewer, newer)
}

fn state(steps: &mut Steps, trusts: Trusts<'_>, receipt: &Receipt) -> Result<(), Failed> {
    let root = &receipt.newest().leaf.index;
    let statement = &receipt.entry.statement;
    let key = statement.index_key();
    let record =
        receipt
            .record_proof
            .verify_present(root, &key, &value_hash(&receipt.record.write()));
    steps.proof(Check::RecordIncluded, record)?;
    let by_author = receipt.clerk.name == statement.author;
    steps.require(Check::ClerkIsAuthor, by_author)?;
    let clerk = trusts.clerk(root, &receipt.clerk, &receipt.clerk_proof);
    steps.proof(Check::ClerkIncluded, clerk)
}

/// Checks the registry's present policy; nothing that is said of this version rests on it.
fn registry(steps: &mut Steps, receipt: &Receipt) -> Result<(), Failed> {
    let Some(registry) = &receipt.registry else {
        return Ok(());
    };
    let (name, value) = (&registry.state.name, registry.state.write());
    let same = *name == receipt.entry.statement.registry;
    steps.require(Check::RegistryIsEntrys, same)?;
    let root = &receipt.newest().leaf.index;
    let key = RegistryState::index_key(name);
    let found = registry
        .proof
        .verify_present(root, &key, &value_hash(&value));
    steps.proof(Check::RegistryIncluded, found)
}

/// What is said of one version: by its entry, its place in the log, and its record's state.
struct ClaimedVersion<'a> {
    statement: &'a Statement,
    record: &'a RecordState,
    block: &'a BlockProof,
    /// Index of the entry in the log.
    index: LeafIndex,
    leaf: LeafHash,
}

/// The entry, the version that it names before it, and the record's state must tell one story.
fn agreement(steps: &mut Steps, claim: &ClaimedVersion<'_>) -> Result<(), Failed> {
    let (statement, record) = (claim.statement, claim.record);
    let (version, operation) = (statement.version, statement.operation);
    if operation.is_attestation() {
        return attestation(steps, claim);
    }
    let known = version <= record.version && record.content <= record.version;
    steps.require(Check::VersionKnown, known)?;
    let here = place::within(claim.block, claim.index, claim.leaf);
    let follows = match &statement.previous {
        None => version == Version::new(1) && operation == Operation::Register,
        Some(previous) => {
            version > Version::new(1)
                && operation != Operation::Register
                && place::precedes(previous, &here)
        }
    };
    steps.require(Check::VersionFollows, follows)?;
    let latest = record.place();
    if version == record.version {
        let content_fits = (record.content == version) == operation.has_content();
        let by_author = record
            .four_eyes()
            .is_none_or(|author| *author == statement.author);
        let same =
            latest == here && content_fits && leads_to(operation, record.status) && by_author;
        return steps.require(Check::LatestIsEntry, same);
    }
    let content_fits = !operation.has_content() || record.content >= version;
    let newer = place::precedes(&here, &latest) && content_fits;
    steps.require(Check::LatestIsNewer, newer)
}

/// Another agency's word: it follows the version that it is about or an earlier word of the agency, and
/// the record's state shows it or a later one.
fn attestation(steps: &mut Steps, claim: &ClaimedVersion<'_>) -> Result<(), Failed> {
    let (statement, record) = (claim.statement, claim.record);
    let known = statement.version <= record.version && record.content <= record.version;
    steps.require(Check::VersionKnown, known)?;
    let here = place::within(claim.block, claim.index, claim.leaf);
    let previous = statement.previous.as_ref();
    let follows = previous.is_some_and(|previous| place::precedes(previous, &here));
    steps.require(Check::AttestationFollows, follows)?;
    let latest = record.place();
    if statement.version < record.version {
        let newer = place::precedes(&here, &latest);
        return steps.require(Check::LatestIsNewer, newer);
    }
    let shown = record.mark(&statement.author.agency()).is_some_and(|mark| {
        let same = mark.place == here && mark.said == statement.operation;
        same || place::precedes(&here, &mark.place)
    });
    let another = record.four_eyes() != Some(&statement.author);
    let same = shown && another && place::precedes(&latest, &here);
    steps.require(Check::AttestationShown, same)
}

/// Returns whether an attestation is the agency's last word, on the latest version.
fn is_last_word(receipt: &Receipt) -> bool {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let mark = record.mark(&statement.author.agency());
    statement.version == record.version
        && mark.is_some_and(|mark| mark.place.index == receipt.proof.index)
}

/// Returns whether an operation of the registry's owner can leave a record in `status`.
fn leads_to(operation: Operation, status: RecordStatus) -> bool {
    let before = RecordStatus::ALL.into_iter().map(Some).chain([None]);
    let mut after = before.map(|before| RecordStatus::after(before, operation));
    !operation.is_attestation() && after.any(|after| after == Some(status))
}

fn status(steps: &mut Steps, receipt: &Receipt) -> Verdict {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let attests = statement.operation.is_attestation();
    let verdict = match record.status {
        _ if attests && !is_last_word(receipt) => Verdict::Superseded,
        RecordStatus::Active if !attests && statement.version < record.content => {
            Verdict::Superseded
        }
        status => Verdict::of_status(status),
    };
    let check = Check::Status {
        status: record.status.word(),
        version: record.version,
    };
    if verdict == Verdict::Authentic {
        steps.held(check);
    } else {
        let Failed(_) = steps.failed(check, verdict);
    }
    verdict
}
