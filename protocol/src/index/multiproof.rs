//! The proof of many present keys at once: a sibling that several of them share stands once, and one that
//! follows from the others not at all.
//!
//! Both sides walk the tree in the order of the keys. Where a key's leaf lies, its depth says; a subtree
//! without any of the keys is the next hash. Not here: the tree itself (`ledger::index`).

use std::ops::Range;

use super::{Hash, IndexProof, ProofLeaf, SIBLINGS_MAX, bit, leaf_hash, node_hash};
use crate::hash::{IndexKey, ValueHash};

/// One proof of many keys, which stand in their order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multiproof {
    /// Number of bits that lead to each key's leaf.
    pub depths: Vec<u16>,
    /// The subtrees that hold none of the keys, from the left.
    pub siblings: Vec<Hash>,
}

impl Multiproof {
    /// The proof of each key by itself. None if it is no proof of these leaves; whether they lead to the
    /// index root is seen where one of them is verified.
    #[must_use]
    pub fn unfold(&self, leaves: &[(IndexKey, ValueHash)]) -> Option<Vec<IndexProof>> {
        let mut paths: Vec<Vec<Hash>> = self
            .depths
            .iter()
            .map(|depth| Vec::with_capacity(usize::from(*depth).min(SIBLINGS_MAX)))
            .collect();
        self.walk(leaves, |keys, sibling| {
            for path in paths.get_mut(keys).unwrap_or_default() {
                path.push(sibling);
            }
        })?;
        Some(paths.into_iter().map(present).collect())
    }

    /// The proof of one key, by its number in the order of the keys. All leaves are hashed into its siblings, or
    /// stand at its end: where it leads to the index root, so does that of every other.
    #[must_use]
    pub fn proof_of(&self, leaves: &[(IndexKey, ValueHash)], number: usize) -> Option<IndexProof> {
        let mut path = Vec::new();
        self.walk(leaves, |keys, sibling| {
            if keys.contains(&number) {
                path.push(sibling);
            }
        })?;
        (number < leaves.len()).then(|| present(path))
    }

    /// Walks the tree; `visit` gets the keys below a node, by their numbers, with the hash of the node's sibling.
    fn walk(
        &self,
        leaves: &[(IndexKey, ValueHash)],
        mut visit: impl FnMut(Range<usize>, Hash),
    ) -> Option<()> {
        let is_sorted = leaves.is_sorted_by(|a, b| a.0 < b.0);
        if !is_sorted || leaves.len() != self.depths.len() {
            return None;
        }
        let mut siblings = self.siblings.iter();
        let tree = Subtree {
            first: 0,
            leaves,
            depths: &self.depths,
        };
        let _root = tree.walk(0, &mut siblings, &mut visit)?;
        siblings.next().is_none().then_some(())
    }
}

/// The proof with these siblings, of which the lowest comes first.
fn present(mut siblings: Vec<Hash>) -> IndexProof {
    siblings.reverse();
    IndexProof {
        leaf: ProofLeaf::Present,
        siblings,
    }
}

/// The keys below one node.
struct Subtree<'a> {
    /// Number of the first of them.
    first: usize,
    leaves: &'a [(IndexKey, ValueHash)],
    depths: &'a [u16],
}

impl Subtree<'_> {
    /// Hash of the subtree at `depth`; what is below it is visited before it is.
    fn walk(
        self,
        depth: usize,
        siblings: &mut std::slice::Iter<'_, Hash>,
        visit: &mut impl FnMut(Range<usize>, Hash),
    ) -> Option<Hash> {
        if self.leaves.is_empty() {
            return siblings.next().copied();
        }
        if let ([(key, value)], [at]) = (self.leaves, self.depths)
            && usize::from(*at) == depth
        {
            return Some(leaf_hash(key, value));
        }
        if depth >= SIBLINGS_MAX {
            return None;
        }
        let count = self.leaves.partition_point(|leaf| !bit(&leaf.0, depth));
        let (left, right) = self.leaves.split_at_checked(count)?;
        let (left_depths, right_depths) = self.depths.split_at_checked(count)?;
        let middle = self.first.checked_add(count)?;
        let end = self.first.checked_add(self.leaves.len())?;
        let below = depth.checked_add(1)?;
        let part = Subtree {
            first: self.first,
            leaves: left,
            depths: left_depths,
        };
        let left_hash = part.walk(below, siblings, visit)?;
        let part = Subtree {
            first: middle,
            leaves: right,
            depths: right_depths,
        };
        let right_hash = part.walk(below, siblings, visit)?;
        visit(self.first..middle, right_hash);
        visit(middle..end, left_hash);
        Some(node_hash(&left_hash, &right_hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_of_other_keys_than_those_that_are_there_is_none() {
        let key = |byte: u8| IndexKey::new([byte; 32]);
        let value = ValueHash::new([9; 32]);
        let proof = |depths: &[u16], siblings: usize| Multiproof {
            depths: depths.to_vec(),
            siblings: vec![[0; 32]; siblings],
        };
        let two = [(key(0), value), (key(0xff), value)];
        let both = proof(&[1, 1], 0).unfold(&two).unwrap();
        assert_eq!(both.len(), 2);
        for (number, one) in both.iter().enumerate() {
            assert_eq!(proof(&[1, 1], 0).proof_of(&two, number).as_ref(), Some(one));
        }
        assert!(proof(&[1, 1], 0).proof_of(&two, 2).is_none());
        let turned = [two[1], two[0]];
        assert!(proof(&[1, 1], 0).unfold(&turned).is_none());
        assert!(proof(&[1, 1, 1], 0).unfold(&two).is_none());
        assert!(proof(&[3], 1).unfold(&[]).is_none());
    }
}
