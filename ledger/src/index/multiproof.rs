//! One proof for many keys (`protocol::index::multiproof`): the tree is walked once for all of them.

use protocol::{
    hash::IndexKey,
    index::{bit, multiproof::Multiproof},
};

use super::{Leaf, Node, Tree, split, subtree};

impl Tree {
    /// Proof of what stands at `keys`, which stand in their order, each once; none if one is not there.
    #[must_use]
    pub fn multiproof(&self, keys: &[IndexKey]) -> Option<Multiproof> {
        debug_assert!(keys.is_sorted_by(|a, b| a < b));
        let mut proof = Multiproof::default();
        walk(&self.0, keys, 0, &mut proof)?;
        Some(proof)
    }
}

/// Keys that agree in their first `depth` bits, parted by the next bit.
fn part(keys: &[IndexKey], depth: usize) -> (&[IndexKey], &[IndexKey]) {
    keys.split_at(keys.partition_point(|key| !bit(key, depth)))
}

fn walk(node: &Node, keys: &[IndexKey], depth: usize, proof: &mut Multiproof) -> Option<()> {
    match node {
        _ if keys.is_empty() => proof.siblings.push(node.hash()),
        Node::Empty => return None,
        Node::Bucket(bucket) => descend(&bucket.leaves, keys, depth, proof)?,
        Node::Inner(inner) => {
            let (left, right) = part(keys, depth);
            walk(&inner.left, left, depth + 1, proof)?;
            walk(&inner.right, right, depth + 1, proof)?;
        }
    }
    Some(())
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
