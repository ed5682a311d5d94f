//! Epochs behind the first: the proof of each, kept for ever, and whether the one in force may go on.
//!
//! The block that opens an epoch is cosigned by the agencies before. Nothing may be decided behind it
//! until a quorum of them has, or they could leave and take the only way to the next trust file along.

use protocol::{
    epoch::{Change, EpochProof},
    height::{Epoch, Height, LogSize},
};

use super::Ledger;
use crate::{fault::Fault, query::NoAnswer};

/// A change by which an epoch has begun, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochOpening {
    /// Height of its block.
    pub height: Height,
    /// Size of the log with that block.
    pub size: LogSize,
    /// The change.
    pub change: Change,
}

impl Ledger {
    /// The proof by which whoever holds the trust file before gets to that of `number`; `None` if the ledger has
    /// none: the first epoch needs no proof, and one whose block is not cosigned by a quorum has none yet.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn epoch_proof(&self, number: Epoch) -> Result<Option<EpochProof>, Fault> {
        let text = self.store.epoch_proof(number)?;
        let parsed = text.map(|text| EpochProof::parse(text.as_bytes()));
        parsed
            .transpose()
            .map_err(|error| Fault::damaged(format!("the proof of epoch {number}: {error}")))
    }

    /// The change by which the epoch in force has begun; `None` for the first.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn opening_change(&self) -> Result<Option<Change>, Fault> {
        let head = self.head();
        let Some(opening) = head.directory().opening() else {
            return Ok(None);
        };
        let leaf = self.store.leaf(opening.index)?;
        let change = leaf.map(|leaf| Change::parse(&leaf));
        match change {
            Some(Ok(change)) => Ok(Some(change)),
            _ => Err(Fault::damaged(
                "the change of the epoch in force is not in the log",
            )),
        }
    }

    /// The changes by which epochs have begun, in their order; the first epoch has none.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn openings(&self) -> Result<Vec<EpochOpening>, Fault> {
        let head = self.head();
        let directory = head.directory();
        let mut openings = Vec::new();
        for number in 1..directory.network().epoch.get() {
            let proof = self.epoch_proof(Epoch::new(number))?;
            let proof = proof
                .ok_or_else(|| Fault::damaged(format!("the proof of epoch {number} is missing")))?;
            openings.push(EpochOpening {
                height: proof.block.leaf.height,
                size: LogSize::new(proof.block.index.get().saturating_add(1)),
                change: proof.change,
            });
        }
        if let (Some(opening), Some(change)) = (directory.opening(), self.opening_change()?) {
            openings.push(EpochOpening {
                height: opening.height,
                size: opening.size(),
                change,
            });
        }
        Ok(openings)
    }

    /// Whether nothing may be decided yet in the epoch in force: the block that opened it lacks the note
    /// of the agencies before.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read.
    pub fn is_held(&self) -> Result<bool, Fault> {
        let head = self.head();
        let network = head.directory().network();
        Ok(head.directory().opening().is_some() && !self.store.has_epoch_proof(network.epoch)?)
    }

    /// Keeps the proof of an epoch, if the published checkpoint is that of the block that opened it. It
    /// is on the disk when this returns: no later note can make it again.
    pub(super) fn keep_epoch_proof(&self) -> Result<(), Fault> {
        let Some(published) = self.published() else {
            return Ok(());
        };
        let directory = published.head.directory();
        let opens = directory.opening();
        if opens.is_none_or(|opening| opening.height != published.head.height()) {
            return Ok(());
        }
        let number = directory.network().epoch;
        match self.published_epoch_proof() {
            Ok(proof) => self.store.keep_epoch_proof(number, &proof.write()),
            Err(NoAnswer::Fault(fault)) => Err(fault),
            Err(_) => Err(Fault::damaged("the block of a change holds none")),
        }
    }
}
