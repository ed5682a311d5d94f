//! The proof of many present keys at once: a sibling that several of them share stands once, and one that
//! follows from the others not at all.
//!
//! Both sides walk the tree in the order of the keys. Where a key's leaf lies, its depth says; a subtree
//! without any of the keys is the next hash. Not here: the tree itself (`ledger::index`).

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
        let is_sorted = leaves.is_sorted_by(|a, b| a.0 < b.0);
        if !is_sorted || leaves.len() != self.depths.len() {
            return None;
        }
        let proof = |depth: &u16| IndexProof {
            leaf: ProofLeaf::Present,
            siblings: Vec::with_capacity(usize::from(*depth)),
        };
        let mut proofs: Vec<IndexProof> = self.depths.iter().map(proof).collect();
        let mut siblings = self.siblings.iter();
        let part = Subtree {
            leaves,
            depths: &self.depths,
            proofs: &mut proofs,
        };
        part.walk(0, &mut siblings)?;
        if siblings.next().is_some() {
            return None;
        }
        for proof in &mut proofs {
            proof.siblings.reverse();
        }
        Some(proofs)
    }
}

/// The keys below one node.
struct Subtree<'a> {
    leaves: &'a [(IndexKey, ValueHash)],
    depths: &'a [u16],
    proofs: &'a mut [IndexProof],
}

impl Subtree<'_> {
    /// Hash of the subtree at `depth`; its proofs get their siblings in it, the lowest first.
    fn walk(self, depth: usize, siblings: &mut std::slice::Iter<'_, Hash>) -> Option<Hash> {
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
        let middle = self.leaves.partition_point(|leaf| !bit(&leaf.0, depth));
        let (left, right) = self.leaves.split_at_checked(middle)?;
        let (left_depths, right_depths) = self.depths.split_at_checked(middle)?;
        let (left_proofs, right_proofs) = self.proofs.split_at_mut_checked(middle)?;
        let below = depth.checked_add(1)?;
        let part = Subtree {
            leaves: left,
            depths: left_depths,
            proofs: &mut *left_proofs,
        };
        let left_hash = part.walk(below, siblings)?;
        let part = Subtree {
            leaves: right,
            depths: right_depths,
            proofs: &mut *right_proofs,
        };
        let right_hash = part.walk(below, siblings)?;
        for proof in left_proofs {
            proof.siblings.push(right_hash);
        }
        for proof in right_proofs {
            proof.siblings.push(left_hash);
        }
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
        assert_eq!(proof(&[1, 1], 0).unfold(&two).unwrap().len(), 2);
        let turned = [two[1], two[0]];
        assert!(proof(&[1, 1], 0).unfold(&turned).is_none());
        assert!(proof(&[1, 1, 1], 0).unfold(&two).is_none());
        assert!(proof(&[3], 1).unfold(&[]).is_none());
    }
}
