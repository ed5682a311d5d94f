//! Receipts of one batch judged together: each shared thing once, and of each entry what is its own.
//!
//! One receipt is judged whole. All leaves of the batch are hashed into its three paths (in the log, in the batch
//! and in the index), so that whatever it proves of its own place it proves of each. What is left is said by the
//! entry and its record alone. A batch of which anything fails is not judged here: its receipts are judged one by
//! one, and each then has its own verdict and reason.

use protocol::{
    batch_receipts::UnfoldedBatch,
    entry::{Authorship, Entry},
    hash::LeafHash,
    opening::Opening,
    policy::TrustPolicy,
    receipt::RegistryProof,
    state::{RecordState, RegistryState, value_hash},
};

use super::{ClaimedVersion, agreement, judge_read, opening};
use crate::{place, steps::Steps};

/// Batch receipts of which every entry is proven, as it is by its own receipt without an opening.
#[derive(Debug)]
pub struct ProvenBatch<'a> {
    unfolded: &'a UnfoldedBatch<'a>,
}

impl<'a> ProvenBatch<'a> {
    /// Judges the receipts of a batch. None if one of them does not prove its entry.
    #[must_use]
    pub fn judge(trust: &TrustPolicy, unfolded: &'a UnfoldedBatch<'a>) -> Option<Self> {
        let shared = unfolded.shared();
        let first = unfolded.receipt(0)?;
        if !judge_read(trust, &first, None).proves_entry() {
            return None;
        }
        // The clerk is proven to be the author of the batch, which names the entries' author too.
        let author = &shared.clerk.name;
        let root = &first.newest().leaf.index;
        // Entries of one registry mostly stand together, or all are of one.
        let mut known: Option<&RegistryProof> = None;
        let mut is_shown = |entry: &Entry| {
            let Some(registry) = unfolded.registry(entry) else {
                return true;
            };
            let holds = known.is_some_and(|known| std::ptr::eq(known, registry)) || {
                let key = RegistryState::index_key(&registry.state.name);
                let value = value_hash(&registry.state.write());
                registry.proof.verify_present(root, &key, &value).is_ok()
            };
            known = Some(registry);
            holds
        };
        let mut steps = Steps::default();
        let mut is_proven = |(number, row): (usize, (&Entry, LeafHash, &RecordState))| {
            let (entry, leaf, record) = row;
            let Some(index) = unfolded.index(number) else {
                return false;
            };
            let claim = ClaimedVersion {
                statement: &entry.statement,
                record,
                block: &shared.block,
                index,
                leaf,
            };
            steps.0.clear();
            entry.authorship == Authorship::Batched
                && entry.statement.author == *author
                && place::covers(&shared.block, index)
                && is_shown(entry)
                && agreement(&mut steps, &claim).is_ok()
        };
        let holds = unfolded.rows().enumerate().all(&mut is_proven);
        holds.then_some(Self { unfolded })
    }

    /// Returns whether the receipt of one entry, by its number in the batch, proves it with this opening too: what that
    /// shows is what the entry commits to.
    #[must_use]
    pub fn opens(&self, number: usize, opening: &Opening) -> bool {
        let entry = self.unfolded.entry(number);
        entry.is_some_and(|entry| {
            opening::check(&mut Steps::default(), &entry.statement, Some(opening)).is_ok()
        })
    }
}
