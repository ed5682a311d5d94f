//! Leaves on disk: not a row each, but a row for up to [`LEAVES_PER_ROW`] of one block, under the index of the
//! first. In a row they stand as they are served, each behind its length (C2SP tlog-tiles, entry bundles),
//! so that a bundle is made of pieces of rows.

use protocol::height::LeafIndex;
use rocksdb::WriteBatch;

use super::{Store, read::number, schema::LEAVES, storage};
use crate::fault::Fault;

/// More make a single leaf dearer to read, fewer a block dearer to write.
const LEAVES_PER_ROW: usize = 64;

/// Puts the leaves of a block, of which `first` is the index of the first, into the batch that writes it.
pub(super) fn put(
    store: &Store,
    batch: &mut WriteBatch,
    first: u64,
    leaves: &[Vec<u8>],
) -> Result<(), Fault> {
    let family = store.family(LEAVES)?;
    let mut bytes = Vec::new();
    for (index, run) in (first..)
        .step_by(LEAVES_PER_ROW)
        .zip(leaves.chunks(LEAVES_PER_ROW))
    {
        bytes.clear();
        for leaf in run {
            let length = u16::try_from(leaf.len())
                .map_err(|_| Fault::damaged("a leaf of more than 65,535 bytes"))?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(leaf);
        }
        batch.put_cf(family, index.to_be_bytes(), &bytes);
    }
    Ok(())
}

/// The leaves of a row, with their lengths in front of them. After a piece that is none it ends with nothing.
struct Leaves<'a>(&'a [u8]);

impl<'a> Leaves<'a> {
    /// The next leaf behind its length, and without it.
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (leaf, after) = rest.split_at_checked(length)?;
        let (whole, _) = self.0.split_at_checked(length.checked_add(2)?)?;
        self.0 = after;
        Some((whole, leaf))
    }
}

impl Store {
    /// The bytes of one leaf.
    pub(crate) fn leaf(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, Fault> {
        let mut found = None;
        let from = index.get();
        self.each_leaf(from, from.saturating_add(1), |_, _, leaf| {
            found = Some(leaf.to_vec());
        })?;
        Ok(found)
    }

    /// The bytes of leaves `from..until`, all of which must be there.
    pub(crate) fn leaves(&self, from: u64, until: u64) -> Result<Vec<Vec<u8>>, Fault> {
        let mut leaves = Vec::new();
        let next = self.each_leaf(from, until, |_, _, leaf| leaves.push(leaf.to_vec()))?;
        all_there(next, until)?;
        Ok(leaves)
    }

    /// Leaves `from..until`, all of which must be there, as a bundle: each behind its length.
    pub(crate) fn bundle(&self, from: u64, until: u64) -> Result<Vec<u8>, Fault> {
        let mut bundle = Vec::new();
        let next = self.each_leaf(from, until, |_, whole, _| bundle.extend_from_slice(whole))?;
        all_there(next, until)?;
        Ok(bundle)
    }

    /// The last leaf up to `index` of which `is_wanted` says so, at most `steps` leaves before it.
    pub(crate) fn last_leaf(
        &self,
        index: LeafIndex,
        steps: u64,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<(LeafIndex, Vec<u8>)>, Fault> {
        let lowest = index.get().saturating_sub(steps);
        let (mut until, mut found) = (index.get().saturating_add(1), None);
        while found.is_none() && lowest < until {
            let Some(first) = self.row_of(until.saturating_sub(1))? else {
                break;
            };
            let from = first.max(lowest);
            self.each_leaf(from, until, |at, _, leaf| {
                if is_wanted(leaf) {
                    found = Some((LeafIndex::new(at), leaf.to_vec()));
                }
            })?;
            until = from;
        }
        Ok(found)
    }

    /// Calls `each` for the leaves `from..until` that are there without a gap, with its index, its bytes behind
    /// their length, and its bytes. Returns the index at which it ended.
    fn each_leaf(
        &self,
        from: u64,
        until: u64,
        mut each: impl FnMut(u64, &[u8], &[u8]),
    ) -> Result<u64, Fault> {
        let mut rows = self.db.raw_iterator_cf(self.family(LEAVES)?);
        rows.seek_for_prev(from.to_be_bytes());
        let (mut next, mut at) = (from, None);
        while let Some((key, row)) = rows.item().filter(|_| next < until) {
            let first = number(key)?;
            let mut index = at.unwrap_or(first);
            if index != first {
                break;
            }
            let mut leaves = Leaves(row);
            while let Some((whole, leaf)) = leaves.next() {
                if index == next && next < until {
                    each(index, whole, leaf);
                    next = next.saturating_add(1);
                }
                index = index.saturating_add(1);
            }
            at = Some(index);
            rows.next();
        }
        rows.status()
            .map_err(|error| storage("cannot read leaves", error))?;
        Ok(next)
    }

    /// Index of the first leaf of the row in which the leaf at `index` would stand.
    fn row_of(&self, index: u64) -> Result<Option<u64>, Fault> {
        let mut rows = self.db.raw_iterator_cf(self.family(LEAVES)?);
        rows.seek_for_prev(index.to_be_bytes());
        rows.status()
            .map_err(|error| storage("cannot read leaves", error))?;
        rows.key().map(number).transpose()
    }
}

fn all_there(next: u64, until: u64) -> Result<(), Fault> {
    if next < until {
        return Err(Fault::damaged(format!("leaf {next} is missing")));
    }
    Ok(())
}
