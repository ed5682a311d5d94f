//! Checking inclusion and consistency proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

use thiserror::Error;

use super::{Hash, node_hash};
use crate::{
    hash::{LeafHash, RootHash},
    height::{LeafIndex, LogSize},
};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadProof {
    /// The leaf is not within the tree, or the sizes are in the wrong order.
    #[error("the position or sizes are impossible")]
    Range,
    /// Too few or too many hashes.
    #[error("the number of hashes in the proof is {found}, and this tree needs another")]
    Length {
        /// Hashes found.
        found: usize,
    },
    /// It leads to another root.
    #[error("the proof does not lead to the root")]
    Root,
}

/// Checks that `leaf` stands at `index` in the tree of `size` leaves with `root` (RFC 9162, section 2.1.3.2).
///
/// # Errors
///
/// [`BadProof`] for an index behind the size, a path of another length, and another root.
pub fn verify_inclusion(
    leaf: &LeafHash,
    index: LeafIndex,
    size: LogSize,
    path: &[Hash],
    root: &RootHash,
) -> Result<(), BadProof> {
    if root_from_path(leaf, index, size, path)? == *root {
        Ok(())
    } else {
        Err(BadProof::Root)
    }
}

/// The root to which the path of a leaf leads.
///
/// # Errors
///
/// [`BadProof`] for an index behind the size, and a path of another length.
pub fn root_from_path(
    leaf: &LeafHash,
    index: LeafIndex,
    size: LogSize,
    path: &[Hash],
) -> Result<RootHash, BadProof> {
    if index.get() >= size.get() {
        return Err(BadProof::Range);
    }
    let length = BadProof::Length { found: path.len() };
    let (mut node, mut last) = (index.get(), size.get().saturating_sub(1));
    let mut hash = *leaf.as_bytes();
    for sibling in path {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 {
        Ok(RootHash::new(hash))
    } else {
        Err(length)
    }
}

/// Checks that the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with `old_root`
/// (RFC 9162, section 2.1.4.2).
///
/// # Errors
///
/// [`BadProof`] for an old size of 0 or above the new one, a path of another length, and other roots.
pub fn verify_consistency(
    old: LogSize,
    new: LogSize,
    path: &[Hash],
    old_root: &RootHash,
    new_root: &RootHash,
) -> Result<(), BadProof> {
    if old.get() == 0 || old > new {
        return Err(BadProof::Range);
    }
    let length = BadProof::Length { found: path.len() };
    if old == new {
        return match (path.is_empty(), old_root == new_root) {
            (false, _) => Err(length),
            (true, false) => Err(BadProof::Root),
            (true, true) => Ok(()),
        };
    }
    // If the old tree is perfect, it is itself the first node and not repeated in the path.
    let (first, path) = if old.get().is_power_of_two() {
        (old_root.as_bytes(), path)
    } else {
        path.split_first().ok_or(length)?
    };
    if roots(old, new, first, path).ok_or(length)? == (*old_root, *new_root) {
        Ok(())
    } else {
        Err(BadProof::Root)
    }
}

/// The two roots to which a prefix path leads: of the first `old` leaves of a tree, and of that tree of `new`
/// leaves. The path is that of a consistency proof, with its first node written out also where the smaller
/// tree is perfect.
///
/// Whoever knows that the second root is right knows that the first is: no other path leads there. So a path
/// that leads to the root of the larger of two logs, and to another root than the smaller has, proves that
/// the larger does not begin with the smaller.
///
/// # Errors
/// Sizes of which the first is 0 or not the smaller, and a path of another length.
pub fn prefix_roots(
    old: LogSize,
    new: LogSize,
    path: &[Hash],
) -> Result<(RootHash, RootHash), BadProof> {
    if old.get() == 0 || old >= new {
        return Err(BadProof::Range);
    }
    let length = BadProof::Length { found: path.len() };
    let (first, rest) = path.split_first().ok_or(length)?;
    roots(old, new, first, rest).ok_or(length)
}

/// The roots of the first `old` and of all `new` leaves, from the largest perfect subtree with which the
/// smaller tree ends and the siblings on the way up; none if they are of another number.
fn roots(old: LogSize, new: LogSize, first: &Hash, path: &[Hash]) -> Option<(RootHash, RootHash)> {
    let (mut node, mut last) = (old.get().saturating_sub(1), new.get().saturating_sub(1));
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then(|| (RootHash::new(old_hash), RootHash::new(new_hash)))
}
