//! RFC 6962 Merkle trees over SHA-256: hashing, growing, proving, checking.
//!
//! Proofs are made from hashes of perfect subtrees, which the caller fetches by level and index; so
//! the same code serves a store, an auditor's tiles and a test. Not here: where hashes are kept.

pub mod proofs;
pub mod range;
pub mod tile_builder;
pub mod tiles;

use std::convert::Infallible;

use crate::{
    hash::{LeafHash, RootHash, sha256},
    height::{LeafIndex, LogSize},
};

pub use proofs::{BadProof, prefix_roots, root_from_path, verify_consistency, verify_inclusion};

/// A hash of the tree, whatever it is the hash of.
pub type Hash = [u8; 32];

/// SHA-256 of 00 and the leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> LeafHash {
    LeafHash::new(sha256(&[&[0], leaf]))
}

/// SHA-256 of 01 and the two children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// Root over the hashes of perfect subtrees of one size, 2^n of them.
#[must_use]
pub fn fold(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => [0; 32],
        [hash] => *hash,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() >> 1);
            node_hash(&fold(left), &fold(right))
        }
    }
}

/// The largest perfect subtrees of a growing log, from the left: all that is needed to append.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One for each bit of the size, the largest first.
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a log of `size` leaves, from its perfect subtrees.
    ///
    /// # Errors
    ///
    /// The first error of `fetch`.
    pub fn at<E>(
        size: LogSize,
        mut fetch: impl FnMut(u8, u64) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let mut subtrees = Vec::new();
        for level in (0..64_u8).rev() {
            if (size.get() >> level) & 1 == 1 {
                // The subtree before this one ends where this one begins.
                let index = (size.get() >> level).saturating_sub(1);
                subtrees.push(fetch(level, index)?);
            }
        }
        Ok(Self {
            size: size.get(),
            subtrees,
        })
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: LeafHash) {
        let mut hash = *leaf.as_bytes();
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
            size >>= 1;
        }
        self.subtrees.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> LogSize {
        LogSize::new(self.size)
    }

    /// The root: SHA-256 of nothing for an empty log.
    #[must_use]
    pub fn root(&self) -> RootHash {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(last) = subtrees.next() else {
            return RootHash::new(sha256(&[]));
        };
        RootHash::new(subtrees.fold(*last, |right, left| node_hash(left, &right)))
    }
}

/// Root over whole leaves, for short lists.
#[must_use]
pub fn root_of<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> RootHash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(leaf_hash(leaf));
    }
    frontier.root()
}

/// The path from leaf `index` to the root of the first `size` leaves. Empty if there is no such leaf.
///
/// # Errors
///
/// The first error of `fetch`.
pub fn inclusion<E>(
    index: LeafIndex,
    size: LogSize,
    mut fetch: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if index.get() < size.get() {
        subpath(index.get(), 0, size.get(), &mut path, &mut fetch)?;
    }
    Ok(path)
}

/// The proof that the first `new` leaves begin with the first `old`. Empty if `old` is 0 or `new`.
///
/// # Errors
///
/// The first error of `fetch`.
pub fn consistency<E>(
    old: LogSize,
    new: LogSize,
    mut fetch: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if old.get() > 0 && old < new {
        subproof(old.get(), 0, new.get(), true, &mut path, &mut fetch)?;
    }
    Ok(path)
}

/// The path from which [`prefix_roots`] computes the roots of the first `old` and of all `new` leaves. Empty
/// unless there are more of these, and some of those.
///
/// # Errors
///
/// The first error of `fetch`.
pub fn prefix<E>(
    old: LogSize,
    new: LogSize,
    mut fetch: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if old.get().is_power_of_two() && old < new {
        let level = u8::try_from(old.get().trailing_zeros()).unwrap_or(u8::MAX);
        path.push(fetch(level, 0)?);
    }
    path.extend(consistency(old, new, fetch)?);
    Ok(path)
}

/// The largest power of two below `count`, for a count above 1.
const fn split(count: u64) -> u64 {
    match count.saturating_sub(1).checked_ilog2() {
        Some(bits) => 1 << bits,
        None => 1,
    }
}

/// Root of the leaves from `start` on, `count` of them, where `start` is a multiple of the largest
/// perfect subtree in it.
fn range<E>(
    start: u64,
    count: u64,
    fetch: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return fetch(u8::try_from(level).unwrap_or(u8::MAX), start >> level);
    }
    let left = split(count);
    let left_hash = range(start, left, fetch)?;
    let right_hash = range(
        start.saturating_add(left),
        count.saturating_sub(left),
        fetch,
    )?;
    Ok(node_hash(&left_hash, &right_hash))
}

fn subpath<E>(
    index: u64,
    start: u64,
    count: u64,
    path: &mut Vec<Hash>,
    fetch: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<(), E> {
    if count <= 1 {
        return Ok(());
    }
    let left = split(count);
    let (middle, right) = (start.saturating_add(left), count.saturating_sub(left));
    if index < left {
        subpath(index, start, left, path, fetch)?;
        path.push(range(middle, right, fetch)?);
    } else {
        subpath(index.saturating_sub(left), middle, right, path, fetch)?;
        path.push(range(start, left, fetch)?);
    }
    Ok(())
}

fn subproof<E>(
    old: u64,
    start: u64,
    count: u64,
    known: bool,
    path: &mut Vec<Hash>,
    fetch: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<(), E> {
    if old == count {
        if !known {
            path.push(range(start, count, fetch)?);
        }
        return Ok(());
    }
    let left = split(count);
    let (middle, right) = (start.saturating_add(left), count.saturating_sub(left));
    if old <= left {
        subproof(old, start, left, known, path, fetch)?;
        path.push(range(middle, right, fetch)?);
    } else {
        subproof(old.saturating_sub(left), middle, right, false, path, fetch)?;
        path.push(range(start, left, fetch)?);
    }
    Ok(())
}

/// Hashes of perfect subtrees over leaf hashes in memory, for `inclusion` and `consistency`.
pub fn from_leaves(leaves: &[LeafHash]) -> impl FnMut(u8, u64) -> Result<Hash, Infallible> {
    fn perfect(leaves: &[LeafHash]) -> Hash {
        match leaves {
            [] => [0; 32],
            [leaf] => *leaf.as_bytes(),
            _ => {
                let (left, right) = leaves.split_at(leaves.len() >> 1);
                node_hash(&perfect(left), &perfect(right))
            }
        }
    }
    |level, index| {
        let width = 1_usize.checked_shl(u32::from(level)).unwrap_or(0);
        let start = usize::try_from(index)
            .unwrap_or(usize::MAX)
            .saturating_mul(width);
        Ok(perfect(
            leaves
                .get(start..start.saturating_add(width))
                .unwrap_or_default(),
        ))
    }
}
