//! What was verified a moment ago and need not be again: the checkpoint, block leaves, clerk and batch that
//! the receipts of one run share.
//!
//! For whoever judges many receipts of one run. It believes nothing that was not verified whole, of one
//! trust file, and byte for byte the same; and it never holds more than the last few things of a kind.

use std::cell::{Cell, RefCell};

use protocol::{
    batch::Batch,
    chain_id::{NetworkId, NotSigned},
    hash::{IndexRoot, RootHash},
    height::LeafIndex,
    index::{BadIndexProof, IndexProof},
    key::PublicKey,
    merkle::{BadProof, Hash},
    policy::TrustPolicy,
    receipt::{BatchProof, BlockProof},
    state::ClerkState,
};

use crate::checkpoint::{self, Trusted, Untrusted};

/// Things of one kind that held lately: an entry's own block and the newest one take turns.
const HELD_MAX: usize = 2;

/// The last few things of one kind that held.
#[derive(Debug)]
struct RecentSet<T> {
    things: RefCell<Vec<T>>,
    next: Cell<usize>,
}

impl<T> RecentSet<T> {
    const fn nothing() -> Self {
        Self {
            things: RefCell::new(Vec::new()),
            next: Cell::new(0),
        }
    }

    fn find<R>(&self, look: impl FnMut(&T) -> Option<R>) -> Option<R> {
        self.things.borrow().iter().find_map(look)
    }

    fn keep(&self, thing: T) {
        let mut things = self.things.borrow_mut();
        let at = self.next.get();
        match things.get_mut(at) {
            Some(oldest) => *oldest = thing,
            None => things.push(thing),
        }
        self.next
            .set(at.wrapping_add(1).checked_rem(HELD_MAX).unwrap_or(0));
    }

    /// Returns whether a thing holds: because it is one that held, or because `check` says so now.
    fn check<E>(
        &self,
        is: impl Fn(&T) -> bool,
        check: impl FnOnce() -> Result<(), E>,
        make: impl FnOnce() -> T,
    ) -> Result<(), E> {
        if self.find(|thing| is(thing).then_some(())).is_none() {
            check()?;
            self.keep(make());
        }
        Ok(())
    }
}

/// A trust file, and what it has believed lately.
#[derive(Debug)]
pub struct VerifiedCache<'a> {
    trust: &'a TrustPolicy,
    checkpoints: RecentSet<(String, Trusted)>,
    /// With the root of the log that holds them.
    blocks: RecentSet<(BlockProof, RootHash)>,
    /// With the root of the index that holds them.
    clerks: RecentSet<(ClerkState, IndexProof, IndexRoot)>,
    /// With the root of the log that holds them.
    places: RecentSet<(Batch, LeafIndex, Vec<Hash>, RootHash)>,
    signatures: RecentSet<(Batch, NetworkId, PublicKey)>,
}

impl<'a> VerifiedCache<'a> {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(trust: &'a TrustPolicy) -> Self {
        Self {
            trust,
            checkpoints: RecentSet::nothing(),
            blocks: RecentSet::nothing(),
            clerks: RecentSet::nothing(),
            places: RecentSet::nothing(),
            signatures: RecentSet::nothing(),
        }
    }

    pub(crate) const fn trust(&self) -> &'a TrustPolicy {
        self.trust
    }

    pub(crate) fn judge(&self, note: &str) -> Result<Trusted, Untrusted> {
        let known = |(text, trusted): &(String, Trusted)| (text == note).then(|| trusted.clone());
        if let Some(trusted) = self.checkpoints.find(known) {
            return Ok(trusted);
        }
        let trusted = checkpoint::judge(self.trust, note)?;
        self.checkpoints.keep((note.to_owned(), trusted.clone()));
        Ok(trusted)
    }

    pub(crate) fn block(
        &self,
        block: &BlockProof,
        root: &RootHash,
        check: impl FnOnce() -> Result<(), BadProof>,
    ) -> Result<(), BadProof> {
        self.blocks.check(
            |(held, under)| (held, under) == (block, root),
            check,
            || (block.clone(), *root),
        )
    }

    pub(crate) fn clerk(
        &self,
        clerk: &ClerkState,
        proof: &IndexProof,
        root: &IndexRoot,
        check: impl FnOnce() -> Result<(), BadIndexProof>,
    ) -> Result<(), BadIndexProof> {
        self.clerks.check(
            |(held, by, under)| (held, by, under) == (clerk, proof, root),
            check,
            || (clerk.clone(), proof.clone(), *root),
        )
    }

    pub(crate) fn place(
        &self,
        batch: &BatchProof,
        root: &RootHash,
        check: impl FnOnce() -> Result<(), BadProof>,
    ) -> Result<(), BadProof> {
        let (leaf, index, path) = (&batch.leaf, &batch.index, &batch.path);
        self.places.check(
            |(held, at, by, under)| (held, at, by, under) == (leaf, index, path, root),
            check,
            || (leaf.clone(), *index, path.clone(), *root),
        )
    }

    pub(crate) fn signature(
        &self,
        leaf: &Batch,
        network: &NetworkId,
        key: &PublicKey,
    ) -> Result<(), NotSigned> {
        self.signatures.check(
            |(held, of, by)| (held, of, by) == (leaf, network, key),
            || leaf.check(network, key),
            || (leaf.clone(), network.clone(), *key),
        )
    }
}
