//! The index of the test world, built from all its leaves by the rule and nothing else.

use protocol::{
    hash::{IndexKey, ValueHash},
    index::{self, ProofLeaf, bit},
};

/// Root of a subtree of the index, by the rule and nothing else.
pub(super) fn subtree(leaves: &[(IndexKey, ValueHash)], depth: usize) -> [u8; 32] {
    match leaves {
        [] => index::EMPTY,
        [(key, value)] => index::leaf_hash(key, value),
        _ => {
            let (left, right) = halves(leaves, depth);
            index::node_hash(&subtree(left, depth + 1), &subtree(right, depth + 1))
        }
    }
}

/// What stands where `key` leads, and the siblings on the way.
pub(super) fn walk(
    mut leaves: &[(IndexKey, ValueHash)],
    key: &IndexKey,
    siblings: &mut Vec<[u8; 32]>,
) -> ProofLeaf {
    loop {
        match leaves {
            [] => return ProofLeaf::Empty,
            [(found, _)] if found == key => return ProofLeaf::Present,
            [(other, value)] => return ProofLeaf::Other(*other, *value),
            _ => {
                let depth = siblings.len();
                let (left, right) = halves(leaves, depth);
                let (mine, other) = if bit(key, depth) {
                    (right, left)
                } else {
                    (left, right)
                };
                siblings.push(subtree(other, depth + 1));
                leaves = mine;
            }
        }
    }
}

type Leaves<'a> = &'a [(IndexKey, ValueHash)];

fn halves(leaves: Leaves<'_>, depth: usize) -> (Leaves<'_>, Leaves<'_>) {
    leaves.split_at(leaves.partition_point(|(key, _)| !bit(key, depth)))
}
