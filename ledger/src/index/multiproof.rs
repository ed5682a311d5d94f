//! One proof for many keys (`protocol::index::multiproof`): the tree is walked once for all of them.

use protocol::{
    hash::IndexKey,
    index::{bit, multiproof::Multiproof},
};

use super::{Leaf, Node, Tree, split, subtree};
use crate::fault::Fault;

impl Tree {
    /// Proof of what stands at `keys`, which stand in their order, each once; none if one is not there.
    ///
    /// # Errors
    ///
    /// [`Fault`] if a part that is not in memory cannot be read.
    pub fn multiproof(&self, keys: &[IndexKey]) -> Result<Option<Multiproof>, Fault> {
        debug_assert!(keys.is_sorted_by(|a, b| a < b));
        let mut proof = Multiproof::default();
        Ok(walk(&self.0, keys, 0, &mut proof)?.then_some(proof))
    }
}

/// Keys that agree in their first `depth` bits, parted by the next bit.
fn part(keys: &[IndexKey], depth: usize) -> (&[IndexKey], &[IndexKey]) {
    keys.split_at(keys.partition_point(|key| !bit(key, depth)))
}

/// Returns whether all keys are there.
fn walk(
    node: &Node,
    keys: &[IndexKey],
    depth: usize,
    proof: &mut Multiproof,
) -> Result<bool, Fault> {
    Ok(match node {
        _ if keys.is_empty() => {
            proof.siblings.push(node.hash());
            true
        }
        Node::Empty => false,
        Node::Bucket(bucket) => descend(&bucket.leaves, keys, depth, proof).is_some(),
        Node::Stored(stored) => walk(stored.read()?, keys, depth, proof)?,
        Node::Inner(inner) => {
            let (left, right) = part(keys, depth);
            walk(&inner.left, left, depth + 1, proof)?
                && walk(&inner.right, right, depth + 1, proof)?
        }
    })
}

fn descend(leaves: &[Leaf], keys: &[IndexKey], depth: usize, proof: &mut Multiproof) -> Option<()> {
    match (leaves, keys) {
        (_, []) => proof.siblings.push(subtree(leaves, depth)),
        ([], _) => return None,
        ([(found, _)], [key]) => {
            proof
                .depths
                .push(u16::try_from(depth).ok().filter(|_| found == key)?);
        }
        ([_], _) => return None,
        _ => {
            let (left, right) = split(leaves, depth);
            let (left_keys, right_keys) = part(keys, depth);
            descend(left, left_keys, depth + 1, proof)?;
            descend(right, right_keys, depth + 1, proof)?;
        }
    }
    Some(())
}
