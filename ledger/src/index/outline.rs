//! The outline of a tree: its upper part, and of each subtree below it no more than the hash.
//!
//! What a folder that is opened knows of its index. A subtree is read when it is first asked for, and compared with
//! its hash: whatever was lost or damaged on the disk is noticed then, as it would be by building the whole.
//!
//! The leaves that are read must be those of the tree whose outline it is. They are, for as long as a subtree has not
//! been read: whoever changes a leaf has read its subtree before (`Tree::update`), and what was read once stays.
//!
//! Written in the order of a walk from the left: 0 for nothing; 1 for an inner node, its two sides behind it; 2 and 32
//! bytes for a subtree and its hash.
#![cfg_attr(
    not(feature = "rocksdb"),
    allow(dead_code, reason = "without a store every tree is whole")
)]

use std::{
    fmt::Debug,
    sync::{Arc, OnceLock},
};

use protocol::{hash::IndexKey, index::Hash};

use super::{Leaf, Node, Tree};
use crate::fault::Fault;

const EMPTY: u8 = 0;
const INNER: u8 = 1;
const SUBTREE: u8 = 2;
/// Of keys. Deeper there is nothing.
const BITS: usize = 256;

/// Gives the leaves of subtrees that are not in memory.
pub(crate) trait StoredLeaves: Debug + Send + Sync {
    /// All leaves whose keys begin with the first `depth` bits of `prefix`, in the order of their keys.
    fn leaves(&self, prefix: &IndexKey, depth: usize) -> Result<Vec<Leaf>, Fault>;
}

/// A subtree of which the hash is known, and the rest once it was asked for.
#[derive(Debug)]
pub(super) struct Stored {
    hash: Hash,
    /// The first `depth` bits are those of all keys below it, and the others 0.
    prefix: IndexKey,
    depth: usize,
    leaves: Arc<dyn StoredLeaves>,
    read: OnceLock<Node>,
}

impl Stored {
    pub(super) const fn hash(&self) -> Hash {
        self.hash
    }

    /// The subtree itself.
    pub(super) fn read(&self) -> Result<&Node, Fault> {
        if let Some(node) = self.read.get() {
            return Ok(node);
        }
        let leaves = self.leaves.leaves(&self.prefix, self.depth)?;
        let node = Node::build(&leaves, self.depth);
        if node.hash() == self.hash {
            return Ok(self.read.get_or_init(|| node));
        }
        // Another thread may have read it meanwhile, and the disk gone on.
        self.read.get().ok_or_else(|| {
            let (prefix, depth) = (self.prefix, self.depth);
            Fault::damaged(format!(
                "the records whose keys begin with the first {depth} bits of {prefix} do not agree with the index"
            ))
        })
    }
}

impl Tree {
    /// Its outline down to `depth`.
    pub(crate) fn outline(&self, depth: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&self.0, depth, &mut bytes);
        bytes
    }

    /// The tree whose outline `bytes` are, with `leaves` for what they do not hold; none if they are no outline.
    pub(crate) fn of_outline(bytes: &[u8], leaves: &Arc<dyn StoredLeaves>) -> Option<Self> {
        let mut rest = bytes;
        let root = read(&mut rest, [0; 32], 0, leaves)?;
        rest.is_empty().then_some(Self(root))
    }
}

fn write(node: &Node, depth: usize, bytes: &mut Vec<u8>) {
    match node {
        Node::Empty => bytes.push(EMPTY),
        Node::Inner(inner) if depth > 0 => {
            bytes.push(INNER);
            write(&inner.left, depth.saturating_sub(1), bytes);
            write(&inner.right, depth.saturating_sub(1), bytes);
        }
        Node::Stored(stored) if depth > 0 && stored.read.get().is_some() => {
            if let Some(node) = stored.read.get() {
                write(node, depth, bytes);
            }
        }
        Node::Inner(_) | Node::Bucket(_) | Node::Stored(_) => {
            bytes.push(SUBTREE);
            bytes.extend_from_slice(&node.hash());
        }
    }
}

fn read(
    rest: &mut &[u8],
    prefix: [u8; 32],
    depth: usize,
    leaves: &Arc<dyn StoredLeaves>,
) -> Option<Node> {
    let (kind, after) = rest.split_first()?;
    *rest = after;
    Some(match *kind {
        EMPTY => Node::Empty,
        INNER if depth < BITS => {
            let left = read(rest, prefix, depth + 1, leaves)?;
            let mut right_prefix = prefix;
            *right_prefix.get_mut(depth >> 3)? |= 0x80 >> (depth & 7);
            Node::inner(left, read(rest, right_prefix, depth + 1, leaves)?)
        }
        SUBTREE => {
            let (hash, after) = rest.split_first_chunk()?;
            *rest = after;
            Node::Stored(Arc::new(Stored {
                hash: *hash,
                prefix: IndexKey::new(prefix),
                depth,
                leaves: Arc::clone(leaves),
                read: OnceLock::new(),
            }))
        }
        _ => return None,
    })
}
