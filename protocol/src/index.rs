//! The index: hash rules and proofs of the compact sparse Merkle tree over the present state.
//!
//! Keys are walked from the most significant bit; a subtree without leaves is [`EMPTY`], and one with a
//! single leaf is that leaf's hash. The rules are those of the crate `jmt`. Not here: the tree itself
//! (`ledger::index`) and what stands in it (`state`).

pub mod multiproof;

use thiserror::Error;

use crate::{
    hash::{IndexKey, IndexRoot, ValueHash, sha256},
    text::{self, Lines, Malformed},
};

/// A hash of the index, whatever it is the hash of.
pub type Hash = [u8; 32];

/// Hash of a subtree without leaves.
pub const EMPTY: Hash = *b"SPARSE_MERKLE_PLACEHOLDER_HASH__";
/// The most siblings of a proof: one for each bit of a key.
pub const SIBLINGS_MAX: usize = 256;

/// Hash of a leaf.
#[must_use]
pub fn leaf_hash(key: &IndexKey, value: &ValueHash) -> Hash {
    sha256(&[b"JMT::LeafNode", key.as_bytes(), value.as_bytes()])
}

/// Hash of an inner node.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[b"JMT::IntrnalNode", left, right])
}

/// The leaf to which the path of a key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofLeaf {
    /// The key itself.
    Present,
    /// Nothing.
    Empty,
    /// Another key that shares the way so far: the key asked for is absent.
    Other(IndexKey, ValueHash),
}

/// The way to a key: what is found at its end, and the siblings from the root down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexProof {
    /// The leaf that is found.
    pub leaf: ProofLeaf,
    /// The siblings on the way, that of the root's child first.
    pub siblings: Vec<Hash>,
}

/// Why an index proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadIndexProof {
    /// It shows something else than was claimed.
    #[error("the index proof shows another thing than is claimed")]
    Claim,
    /// It leads to another root.
    #[error("the index proof does not lead to the index root")]
    Root,
}

impl IndexProof {
    /// Checks that `key` has a value with this hash under `root`.
    ///
    /// # Errors
    ///
    /// [`BadIndexProof`] if the proof leads to another leaf or to another root.
    pub fn verify_present(
        &self,
        root: &IndexRoot,
        key: &IndexKey,
        value: &ValueHash,
    ) -> Result<(), BadIndexProof> {
        if self.leaf != ProofLeaf::Present {
            return Err(BadIndexProof::Claim);
        }
        self.climb(root, key, leaf_hash(key, value))
    }

    /// Checks that `key` has no value under `root`.
    ///
    /// # Errors
    ///
    /// [`BadIndexProof`] if the proof leads to the key itself or to another root.
    pub fn verify_absent(&self, root: &IndexRoot, key: &IndexKey) -> Result<(), BadIndexProof> {
        match &self.leaf {
            ProofLeaf::Present => Err(BadIndexProof::Claim),
            ProofLeaf::Empty => self.climb(root, key, EMPTY),
            ProofLeaf::Other(other, value) => {
                let shares_the_way = other != key
                    && (0..self.siblings.len()).all(|depth| bit(other, depth) == bit(key, depth));
                if !shares_the_way {
                    return Err(BadIndexProof::Claim);
                }
                self.climb(root, key, leaf_hash(other, value))
            }
        }
    }

    fn climb(&self, root: &IndexRoot, key: &IndexKey, mut hash: Hash) -> Result<(), BadIndexProof> {
        if self.siblings.len() > SIBLINGS_MAX {
            return Err(BadIndexProof::Root);
        }
        for (depth, sibling) in self.siblings.iter().enumerate().rev() {
            hash = if bit(key, depth) {
                node_hash(sibling, &hash)
            } else {
                node_hash(&hash, sibling)
            };
        }
        if hash == *root.as_bytes() {
            Ok(())
        } else {
            Err(BadIndexProof::Root)
        }
    }

    /// Writes the proof as lines of a larger text.
    pub fn write(&self, out: &mut String) {
        match &self.leaf {
            ProofLeaf::Present => *out += "index-leaf present\n",
            ProofLeaf::Empty => *out += "index-leaf empty\n",
            ProofLeaf::Other(key, value) => *out += &format!("index-leaf other {key} {value}\n"),
        }
        for sibling in &self.siblings {
            out.push_str("index-path ");
            text::end_with_hash(out, sibling);
        }
    }

    /// Reads the lines of a proof.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        let leaf = lines.parsed(
            "index-leaf",
            "present, empty, or other with a key and a value hash",
            |value| match value {
                "present" => Some(ProofLeaf::Present),
                "empty" => Some(ProofLeaf::Empty),
                _ => {
                    let (key, hash) = value.strip_prefix("other ")?.split_once(' ')?;
                    Some(ProofLeaf::Other(
                        IndexKey::from_base64(key)?,
                        ValueHash::from_base64(hash)?,
                    ))
                }
            },
        )?;
        let mut siblings = Vec::new();
        while let Some(value) = lines.optional("index-path")? {
            siblings.push(
                text::base64_array(value)
                    .ok_or_else(|| lines.malformed("\"index-path\" is not 32 bytes in base64"))?,
            );
            if siblings.len() > SIBLINGS_MAX {
                return Err(lines.malformed(format!("more than {SIBLINGS_MAX} siblings")));
            }
        }
        Ok(Self { leaf, siblings })
    }
}

/// Bit number `depth` of a key, the most significant first.
#[must_use]
pub fn bit(key: &IndexKey, depth: usize) -> bool {
    let byte = key.as_bytes().get(depth >> 3).copied().unwrap_or(0);
    byte & (0x80 >> (depth & 7)) != 0
}
