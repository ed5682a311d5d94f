//! The index in memory: a compact sparse Merkle tree as a persistent structure.
//!
//! An update copies the path to what changed and shares the rest, so a block that is only proposed
//! is just another root. Inner nodes carry their hash; subtrees of at most [`BUCKET_LEAVES_MAX`]
//! leaves are one sorted slice whose inner hashes are computed when they are needed. How leaves and
//! nodes hash is `protocol::index`; the values themselves are in `records` and `directory`.
//!
//! ```text
//! inner(hash) ── inner(hash) ── bucket(hash, [leaf leaf leaf])
//!            │              └── empty
//!            └─ bucket(hash, [leaf])
//! ```
//!
//! A tree of a folder that was opened has subtrees of which only the hash is known (`outline`): they are read when
//! they are first asked for, and compared with it.

mod multiproof;
mod outline;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    hash::{IndexKey, IndexRoot, ValueHash},
    index::{EMPTY, Hash, IndexProof, ProofLeaf, bit, leaf_hash, node_hash},
    planted::{self, Bug},
};

use self::outline::Stored;
#[cfg_attr(
    not(feature = "rocksdb"),
    allow(unused_imports, reason = "the store's")
)]
pub(crate) use self::outline::StoredLeaves;
use crate::fault::Fault;

/// The most leaves that one bucket holds: fewer cost more memory, more cost more hashing.
pub const BUCKET_LEAVES_MAX: usize = 8;

type Leaf = (IndexKey, ValueHash);

/// One state of the index. Cloning it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Tree(Node);

#[derive(Clone, Debug, Default)]
enum Node {
    #[default]
    Empty,
    Bucket(Arc<Bucket>),
    Inner(Arc<IndexNode>),
    Stored(Arc<Stored>),
}

#[derive(Debug)]
struct Bucket {
    hash: Hash,
    leaves: Box<[Leaf]>,
}

#[derive(Debug)]
struct IndexNode {
    hash: Hash,
    left: Node,
    right: Node,
}

impl Tree {
    /// The tree of `leaves`, which stand in the order of their keys, each once.
    #[must_use]
    pub fn from_sorted(leaves: &[(IndexKey, ValueHash)]) -> Self {
        debug_assert!(leaves.is_sorted_by(|a, b| a.0 < b.0));
        Self(Node::build(leaves, 0))
    }

    /// The tree with `changes` made: keys are added or take another value, and are never removed.
    ///
    /// # Errors
    ///
    /// [`Fault`] if a part that is not in memory cannot be read.
    #[allow(
        clippy::disallowed_types,
        reason = "the planted bug is an order that differs from run to run"
    )]
    pub fn update(&self, changes: &BTreeMap<IndexKey, ValueHash>) -> Result<Self, Fault> {
        let mut changes: Vec<Leaf> = changes.iter().map(|(key, value)| (*key, *value)).collect();
        if planted::is(Bug::OrderHashed) {
            changes = std::collections::HashMap::<_, _>::from_iter(changes)
                .into_iter()
                .collect();
        }
        Ok(Self(self.0.update(&changes, 0)?))
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> IndexRoot {
        IndexRoot::new(self.0.hash())
    }

    /// Hash of the value at `key`; none if there is none.
    ///
    /// # Errors
    ///
    /// [`Fault`] if a part that is not in memory cannot be read.
    pub fn get(&self, key: &IndexKey) -> Result<Option<ValueHash>, Fault> {
        let mut node = &self.0;
        let mut depth = 0;
        loop {
            match node {
                Node::Empty => return Ok(None),
                Node::Bucket(bucket) => {
                    let at = bucket.leaves.binary_search_by(|leaf| leaf.0.cmp(key));
                    let leaf = at.ok().and_then(|at| bucket.leaves.get(at));
                    return Ok(leaf.map(|leaf| leaf.1));
                }
                Node::Stored(stored) => node = stored.read()?,
                Node::Inner(inner) => {
                    node = if bit(key, depth) {
                        &inner.right
                    } else {
                        &inner.left
                    };
                    depth += 1;
                }
            }
        }
    }

    /// Proof of what stands at `key`, or that nothing does.
    ///
    /// # Errors
    ///
    /// [`Fault`] if a part that is not in memory cannot be read.
    pub fn prove(&self, key: &IndexKey) -> Result<IndexProof, Fault> {
        let mut siblings = Vec::new();
        let mut node = &self.0;
        let leaf = loop {
            match node {
                Node::Empty => break None,
                Node::Bucket(bucket) => {
                    break descend(&bucket.leaves, key, &mut siblings);
                }
                Node::Stored(stored) => node = stored.read()?,
                Node::Inner(inner) => {
                    let right = bit(key, siblings.len());
                    let (next, other) = if right {
                        (&inner.right, &inner.left)
                    } else {
                        (&inner.left, &inner.right)
                    };
                    siblings.push(other.hash());
                    node = next;
                }
            }
        };
        let leaf = match leaf {
            None => ProofLeaf::Empty,
            Some((found, _)) if found == *key => ProofLeaf::Present,
            Some((other, value)) => ProofLeaf::Other(other, value),
        };
        Ok(IndexProof { leaf, siblings })
    }
}

impl Node {
    fn hash(&self) -> Hash {
        match self {
            Self::Empty => EMPTY,
            Self::Bucket(bucket) => bucket.hash,
            Self::Inner(inner) => inner.hash,
            Self::Stored(stored) => stored.hash(),
        }
    }

    fn inner(left: Self, right: Self) -> Self {
        let hash = node_hash(&left.hash(), &right.hash());
        Self::Inner(Arc::new(IndexNode { hash, left, right }))
    }

    fn build(leaves: &[Leaf], depth: usize) -> Self {
        match leaves.len() {
            0 => Self::Empty,
            1..=BUCKET_LEAVES_MAX => Self::Bucket(Arc::new(Bucket {
                hash: subtree(leaves, depth),
                leaves: leaves.into(),
            })),
            _ => {
                let (left, right) = split(leaves, depth);
                Self::inner(Self::build(left, depth + 1), Self::build(right, depth + 1))
            }
        }
    }

    fn update(&self, changes: &[Leaf], depth: usize) -> Result<Self, Fault> {
        Ok(match self {
            _ if changes.is_empty() => self.clone(),
            Self::Empty => Self::build(changes, depth),
            Self::Bucket(bucket) => Self::build(&merge(&bucket.leaves, changes), depth),
            Self::Stored(stored) => stored.read()?.update(changes, depth)?,
            Self::Inner(inner) => {
                let (left, right) = split(changes, depth);
                Self::inner(
                    inner.left.update(left, depth + 1)?,
                    inner.right.update(right, depth + 1)?,
                )
            }
        })
    }
}

/// Sorted leaves that agree in their first `depth` bits, parted by the next bit.
fn split(leaves: &[Leaf], depth: usize) -> (&[Leaf], &[Leaf]) {
    leaves.split_at(leaves.partition_point(|leaf| !bit(&leaf.0, depth)))
}

/// Hash of the subtree at `depth` that holds exactly `leaves`.
fn subtree(leaves: &[Leaf], depth: usize) -> Hash {
    match leaves {
        [] => EMPTY,
        [(key, value)] => leaf_hash(key, value),
        _ => {
            let (left, right) = split(leaves, depth);
            node_hash(&subtree(left, depth + 1), &subtree(right, depth + 1))
        }
    }
}

/// Walks down to where `key` belongs, collects the siblings on the way, and returns the leaf there.
fn descend(mut leaves: &[Leaf], key: &IndexKey, siblings: &mut Vec<Hash>) -> Option<Leaf> {
    loop {
        match leaves {
            [] => return None,
            [leaf] => return Some(*leaf),
            _ => {
                let depth = siblings.len();
                let (left, right) = split(leaves, depth);
                let (next, other) = if bit(key, depth) {
                    (right, left)
                } else {
                    (left, right)
                };
                siblings.push(subtree(other, depth + 1));
                leaves = next;
            }
        }
    }
}

/// Both slices as one, in order; where both have a key, `new` wins.
fn merge(old: &[Leaf], new: &[Leaf]) -> Vec<Leaf> {
    let mut merged = Vec::with_capacity(old.len() + new.len());
    let mut old = old.iter().peekable();
    for change in new {
        while let Some(leaf) = old.next_if(|leaf| leaf.0 < change.0) {
            merged.push(*leaf);
        }
        old.next_if(|leaf| leaf.0 == change.0);
        merged.push(*change);
    }
    merged.extend(old);
    merged
}
