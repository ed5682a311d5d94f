//! What was verified a moment ago and need not be again: one checkpoint, and the leaf of one batch.
//!
//! For whoever judges many receipts of one run, whose signatures are the same. It believes nothing that
//! was not verified whole, of one trust file, and byte for byte the same; it never holds more than that.

use std::cell::RefCell;

use protocol::{
    batch::Batch,
    key::{BadSignature, PublicKey},
    name::Origin,
    policy::TrustPolicy,
};

use crate::checkpoint::{self, Trusted, Untrusted};

/// A trust file, and the last that it has believed.
#[derive(Debug)]
pub struct Memory<'a> {
    trust: &'a TrustPolicy,
    checkpoint: RefCell<Option<(String, Trusted)>>,
    batch: RefCell<Option<(Batch, Origin, PublicKey)>>,
}

impl<'a> Memory<'a> {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(trust: &'a TrustPolicy) -> Self {
        Self {
            trust,
            checkpoint: RefCell::new(None),
            batch: RefCell::new(None),
        }
    }

    pub(crate) const fn trust(&self) -> &'a TrustPolicy {
        self.trust
    }

    pub(crate) fn judge(&self, note: &str) -> Result<Trusted, Untrusted> {
        if let Some((text, trusted)) = &*self.checkpoint.borrow()
            && text == note
        {
            return Ok(trusted.clone());
        }
        let trusted = checkpoint::judge(self.trust, note)?;
        let _last = self
            .checkpoint
            .replace(Some((note.to_owned(), trusted.clone())));
        Ok(trusted)
    }

    pub(crate) fn check(
        &self,
        leaf: &Batch,
        origin: &Origin,
        key: &PublicKey,
    ) -> Result<(), BadSignature> {
        if let Some((held, of, by)) = &*self.batch.borrow()
            && (held, of, by) == (leaf, origin, key)
        {
            return Ok(());
        }
        leaf.check(origin, key)?;
        let _last = self
            .batch
            .replace(Some((leaf.clone(), origin.clone(), *key)));
        Ok(())
    }
}
