//! What a receipt proves, as it is shown to whoever asked. Made only after the proofs hold.

use protocol::{
    entry::{Operation, Reference},
    hash::RecordKey,
    height::{Height, LeafIndex, LogSize, TimeMs, UnixSeconds, Version},
    opening::{Content, Opening},
    receipt::Receipt,
    standing::{Endorsement, RegistryPolicy, Standing},
    state::RecordStatus,
};

use crate::checkpoint::{Trusted, Way};

/// The part of what was recorded that a receipt shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The number and all that was committed to.
    All,
    /// The number and some of the fields.
    Part {
        /// The most fields that are withheld; places that only fill up look the same.
        withheld_max: usize,
    },
    /// Nothing: the private part was removed.
    Nothing,
}

/// The facts that a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiptFacts {
    /// The registry.
    pub registry: String,
    /// The record's key, which stands in the log for its number.
    pub key: RecordKey,
    /// The record's number, if the opening is there.
    pub record: Option<String>,
    /// The version that the receipt is of.
    pub version: Version,
    /// Operation that made the version.
    pub operation: Operation,
    /// The clerk.
    pub author: String,
    /// The legal date that the clerk declared.
    pub effective: Option<String>,
    /// The reason code.
    pub reason: Option<String>,
    /// The versions of other records that it rests on; their receipts prove them, and this one does not.
    pub references: Vec<Reference>,
    /// Index of the entry in the log.
    pub index: LeafIndex,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// The record's status under the checkpoint.
    pub status: RecordStatus,
    /// The record's latest version under the checkpoint.
    pub latest: Version,
    /// Attestations of the latest version, and their effect under the checkpoint.
    pub standing: Option<Standing>,
    /// The last in one word.
    pub endorsement: Endorsement,
    /// The registry's policy under the checkpoint, if the receipt shows it: what new versions are asked.
    pub policy: Option<RegistryPolicy>,
    /// Since when somebody else may have had the clerk's key, if that is before this entry.
    pub compromised: Option<TimeMs>,
    /// Size of the log under the checkpoint.
    pub size: LogSize,
    /// Height of the newest block under the checkpoint.
    pub as_of_height: Height,
    /// Time of the checkpoint's newest block, in milliseconds since 1970 (UTC).
    pub as_of_time: TimeMs,
    /// Way in which the checkpoint came to be believed.
    pub way: Way,
    /// Cosigners, and the times at which they signed.
    pub cosigners: Vec<(String, UnixSeconds)>,
    /// `true` if the log's own line is there.
    pub log_signed: bool,
    /// Part of what was recorded that the receipt shows.
    pub shown: Shown,
    /// Names and values of the fields that it shows.
    pub fields: Vec<(String, String)>,
}

impl ReceiptFacts {
    /// The facts that the log proves; the caller has checked every proof of `receipt` but its opening.
    pub(super) fn of_log(trusted: &Trusted, receipt: &Receipt) -> Self {
        let statement = &receipt.entry.statement;
        let (block, head) = (&receipt.block.leaf, &receipt.newest().leaf);
        Self {
            registry: statement.registry.to_string(),
            key: statement.key,
            record: None,
            version: statement.version,
            operation: statement.operation,
            author: statement.author.to_string(),
            effective: statement.effective.as_ref().map(ToString::to_string),
            reason: statement.reason.as_ref().map(ToString::to_string),
            references: statement.references.clone(),
            index: receipt.proof.index,
            height: block.height,
            time: block.time,
            status: receipt.record.status,
            latest: receipt.record.version,
            standing: receipt.record.standing.as_deref().cloned(),
            endorsement: receipt.record.endorsement(head.time),
            policy: receipt
                .registry
                .as_ref()
                .and_then(|registry| registry.state.policy.clone()),
            compromised: receipt
                .clerk
                .revoked
                .and_then(|revoked| revoked.compromised)
                .filter(|since| *since <= block.time),
            size: trusted.checkpoint().size,
            as_of_height: head.height,
            as_of_time: head.time,
            way: trusted.way(),
            cosigners: trusted.cosigners().to_vec(),
            log_signed: trusted.log_signed(),
            shown: Shown::Nothing,
            fields: Vec::new(),
        }
    }

    /// Adds what an opening shows; the caller has checked that it opens the entry.
    pub(super) fn open(&mut self, opening: &Opening) {
        self.record = Some(opening.record.to_string());
        let content = opening.content.as_ref();
        self.shown = match content {
            Some(Content::Redacted(redacted)) => Shown::Part {
                withheld_max: redacted.hidden(),
            },
            _ => Shown::All,
        };
        if let Some(fields) = content.and_then(Content::fields) {
            self.fields = fields.as_slice().to_vec();
        }
    }
}
