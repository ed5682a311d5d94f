//! What was verified a moment ago and need not be again: the checkpoint, block leaves, clerk and batch that
//! the receipts of one run share.
//!
//! For whoever judges many receipts of one run. It believes nothing that was not verified whole, of one
//! trust file, and byte for byte the same; and it never holds more than the last few things of a kind.

use std::cell::{Cell, RefCell};

use protocol::{
    batch::Batch,
    hash::{IndexRoot, RootHash},
    height::LeafIndex,
    index::{BadIndexProof, IndexProof},
    key::{BadSignature, PublicKey},
    merkle::{BadProof, Hash},
    name::Origin,
    policy::TrustPolicy,
    receipt::{BatchProof, BlockProof},
    state::ClerkState,
};

use crate::checkpoint::{self, Trusted, Untrusted};

/// Things of one kind that held lately: an entry's own block and the newest one take turns.
const HELD_MAX: usize = 2;

/// The last few things of one kind that held.
#[derive(Debug)]
struct Held<T> {
    things: RefCell<Vec<T>>,
    next: Cell<usize>,
}

impl<T> Held<T> {
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

    /// Whether a thing holds: because it is one that held, or because `check` says so now.
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
pub struct Memory<'a> {
    trust: &'a TrustPolicy,
    checkpoints: Held<(String, Trusted)>,
    /// With the root of the log that holds them.
    blocks: Held<(BlockProof, RootHash)>,
    /// With the root of the index that holds them.
    clerks: Held<(ClerkState, IndexProof, IndexRoot)>,
    /// With the root of the log that holds them.
    places: Held<(Batch, LeafIndex, Vec<Hash>, RootHash)>,
    signatures: Held<(Batch, Origin, PublicKey)>,
}

impl<'a> Memory<'a> {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(trust: &'a TrustPolicy) -> Self {
        Self {
            trust,
            checkpoints: Held::nothing(),
            blocks: Held::nothing(),
            clerks: Held::nothing(),
            places: Held::nothing(),
            signatures: Held::nothing(),
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
        origin: &Origin,
        key: &PublicKey,
    ) -> Result<(), BadSignature> {
        self.signatures.check(
            |(held, of, by)| (held, of, by) == (leaf, origin, key),
            || leaf.check(origin, key),
            || (leaf.clone(), origin.clone(), *key),
        )
    }
}
