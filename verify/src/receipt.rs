//! Judging a receipt, with the trust file alone.
//!
//! The order is that of `docs/protocol.md` section 9.1; the first check that fails decides. A receipt
//! says what held under its checkpoint: a later revocation does not show in it.

use protocol::{
    entry::{Authorship, Committed, Operation},
    hash::DocumentHash,
    height::{Height, LeafIndex, LogSize, TimeMs, Version},
    key, merkle,
    opening::Content,
    policy::TrustPolicy,
    receipt::{BatchProof, Receipt},
    state::{ClerkState, RecordState, Status, value_hash},
};

use crate::{
    checkpoint::{self, Trusted},
    steps::{Failed, Step, Steps},
    verdict::Verdict,
};

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

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The registry.
    pub registry: String,
    /// The record's number, if the opening is there.
    pub record: Option<String>,
    /// The version that the receipt is of.
    pub version: Version,
    /// What made it.
    pub operation: Operation,
    /// The clerk.
    pub author: String,
    /// The legal date that the clerk declared.
    pub effective: Option<String>,
    /// The reason code.
    pub reason: Option<String>,
    /// Where the entry stands in the log.
    pub index: LeafIndex,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// The record's status under the checkpoint.
    pub status: Status,
    /// The record's latest version under the checkpoint.
    pub latest: Version,
    /// Size of the log under the checkpoint.
    pub size: LogSize,
    /// Height of the newest block under the checkpoint.
    pub as_of_height: Height,
    /// Its time.
    pub as_of_time: TimeMs,
    /// Who cosigned, and when (seconds since 1970).
    pub cosigners: Vec<(String, u64)>,
    /// Whether the log's own line is there.
    pub log_signed: bool,
    /// Names and values, if they were committed to and the opening is there.
    pub fields: Vec<(String, String)>,
}

/// Judges a receipt and, if given, the document that came with it.
#[must_use]
pub fn judge(trust: &TrustPolicy, receipt: &[u8], document: Option<&DocumentHash>) -> Judgement {
    let mut steps = Steps::default();
    let mut facts = None;
    let verdict = walk(&mut steps, trust, receipt, document, &mut facts)
        .unwrap_or_else(|Failed(verdict)| verdict);
    Judgement {
        verdict,
        steps: steps.0,
        facts,
    }
}

fn walk(
    steps: &mut Steps,
    trust: &TrustPolicy,
    bytes: &[u8],
    document: Option<&DocumentHash>,
    facts: &mut Option<Facts>,
) -> Result<Verdict, Failed> {
    let receipt = steps.proof("format", "a receipt of version 1", Receipt::parse(bytes))?;
    let trusted =
        checkpoint::trusted_head(steps, trust, &receipt.proof.checkpoint, receipt.newest())?;
    inclusion(steps, &trusted, &receipt)?;
    state(steps, &receipt)?;
    authorship(steps, &trusted, &receipt)?;
    agreement(steps, &receipt)?;
    *facts = Some(proven(&trusted, &receipt));
    opening(steps, &receipt, document)?;
    let found = facts.insert(proven(&trusted, &receipt));
    found.record = receipt
        .opening
        .as_ref()
        .map(|opening| opening.record.to_string());
    if let Some(Content::Fields { fields, .. }) = receipt
        .opening
        .as_ref()
        .and_then(|opening| opening.content.as_ref())
    {
        found.fields = fields.as_slice().to_vec();
    }
    Ok(status(steps, &receipt))
}

fn inclusion(steps: &mut Steps, trusted: &Trusted, receipt: &Receipt) -> Result<(), Failed> {
    let leaf = merkle::leaf_hash(receipt.entry.write().as_bytes());
    let (checkpoint, proof) = (trusted.checkpoint(), &receipt.proof);
    let included = merkle::verify_inclusion(
        &leaf,
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
        checkpoint::included(trusted, block),
    )?;
    let covers = block
        .index
        .get()
        .checked_sub(block.leaf.entries)
        .is_some_and(|first| (first..block.index.get()).contains(&proof.index.get()));
    steps.require("block", covers, "the block covers the entry")
}

fn state(steps: &mut Steps, receipt: &Receipt) -> Result<(), Failed> {
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
    let key = ClerkState::index_key(&receipt.clerk.name);
    let clerk = receipt
        .clerk_proof
        .verify_present(root, &key, &value_hash(&receipt.clerk.write()));
    steps.proof("clerk", "the clerk's key is in the index", clerk)
}

fn authorship(steps: &mut Steps, trusted: &Trusted, receipt: &Receipt) -> Result<(), Failed> {
    let origin = &trusted.checkpoint().origin;
    match (&receipt.entry.authorship, &receipt.batch) {
        (Authorship::Signed(signature), None) => {
            let message = receipt.entry.statement.message(origin);
            let held = key::verify(&receipt.clerk.key, &message, signature);
            steps.proof(
                "signature",
                format!("signed by {}", receipt.clerk.name),
                held,
            )
        }
        (Authorship::Batched, Some(batch)) => batch_authorship(steps, trusted, receipt, batch),
        _ => Err(steps.failed(
            "signature",
            Verdict::ProofBroken,
            "the entry is neither signed nor in a batch",
        )),
    }
}

fn batch_authorship(
    steps: &mut Steps,
    trusted: &Trusted,
    receipt: &Receipt,
    batch: &BatchProof,
) -> Result<(), Failed> {
    let checkpoint = trusted.checkpoint();
    let statement = &batch.leaf.statement;
    let leaf = merkle::leaf_hash(batch.leaf.write().as_bytes());
    let included = merkle::verify_inclusion(
        &leaf,
        batch.index,
        checkpoint.size,
        &batch.path,
        &checkpoint.root,
    );
    steps.proof(
        "batch",
        format!("the batch is leaf {} of the log", batch.index),
        included,
    )?;
    steps.require(
        "batch",
        statement.author == receipt.entry.statement.author,
        "the batch has the entry's author",
    )?;
    let held = batch.leaf.check(&checkpoint.origin, &receipt.clerk.key);
    steps.proof(
        "signature",
        format!("signed by {}", receipt.clerk.name),
        held,
    )?;
    let place = receipt
        .proof
        .index
        .get()
        .checked_sub(batch.index.get())
        .and_then(|place| place.checked_sub(1));
    let Some(place) = place else {
        return Err(steps.failed(
            "batch",
            Verdict::ProofBroken,
            "the entry does not follow its batch",
        ));
    };
    let leaf = merkle::leaf_hash(receipt.entry.write().as_bytes());
    let path = merkle::verify_inclusion(
        &leaf,
        LeafIndex::new(place),
        LogSize::new(statement.count),
        &batch.entry_path,
        &statement.root,
    );
    steps.proof("batch", "the batch's signature covers the entry", path)
}

/// The entry and the record's state must tell one story.
fn agreement(steps: &mut Steps, receipt: &Receipt) -> Result<(), Failed> {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let known = statement.version <= record.version && record.content <= record.version;
    steps.require("story", known, "the version is one that the record has")?;
    if statement.version == record.version {
        let hash = merkle::leaf_hash(receipt.entry.write().as_bytes());
        let block = &receipt.block.leaf;
        let same = record.hash == hash
            && record.index == receipt.proof.index
            && record.height == block.height
            && record.time == block.time;
        steps.require("story", same, "the record's latest version is this entry")?;
    }
    Ok(())
}

fn opening(
    steps: &mut Steps,
    receipt: &Receipt,
    document: Option<&DocumentHash>,
) -> Result<(), Failed> {
    let statement = &receipt.entry.statement;
    let Some(opening) = &receipt.opening else {
        if document.is_some() {
            return Err(steps.failed(
                "document",
                Verdict::CannotDecide,
                "the receipt's private part was removed, so it says nothing of documents",
            ));
        }
        return Ok(());
    };
    if opening.record.key(&statement.registry) != statement.key {
        return Err(steps.failed(
            "number",
            Verdict::Altered,
            "the record's number is not the one that was recorded",
        ));
    }
    steps.held("number", "the record's number is the one that was recorded");
    let committed: Option<Committed> = opening.content.as_ref().map(Content::commit);
    if committed != statement.commitment {
        return Err(steps.failed(
            "content",
            Verdict::Altered,
            "what the receipt shows is not what was recorded",
        ));
    }
    let Some(document) = document else {
        return Ok(());
    };
    match opening.content.as_ref().and_then(Content::document) {
        Some(recorded) if recorded == *document => {
            steps.held("document", "the document is the one that was recorded");
            Ok(())
        }
        Some(_) => Err(steps.failed(
            "document",
            Verdict::Altered,
            "the document is not the one that was recorded",
        )),
        None => Err(steps.failed(
            "document",
            Verdict::CannotDecide,
            "this entry recorded no document",
        )),
    }
}

fn status(steps: &mut Steps, receipt: &Receipt) -> Verdict {
    let (statement, record) = (&receipt.entry.statement, &receipt.record);
    let verdict = match record.status {
        Status::Revoked => Verdict::Revoked,
        Status::Suspended => Verdict::Suspended,
        Status::Active if statement.version < record.content => Verdict::Superseded,
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

fn proven(trusted: &Trusted, receipt: &Receipt) -> Facts {
    let statement = &receipt.entry.statement;
    let (block, head) = (&receipt.block.leaf, &receipt.newest().leaf);
    Facts {
        registry: statement.registry.to_string(),
        record: None,
        version: statement.version,
        operation: statement.operation,
        author: statement.author.to_string(),
        effective: statement.effective.as_ref().map(ToString::to_string),
        reason: statement.reason.as_ref().map(ToString::to_string),
        index: receipt.proof.index,
        height: block.height,
        time: block.time,
        status: receipt.record.status,
        latest: receipt.record.version,
        size: trusted.checkpoint().size,
        as_of_height: head.height,
        as_of_time: head.time,
        cosigners: trusted.cosigners().to_vec(),
        log_signed: trusted.log_signed(),
        fields: Vec::new(),
    }
}
