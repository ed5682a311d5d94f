//! Hashes, one type for each thing that is hashed, so that no two kinds can be mixed up.
//!
//! Not here: how leaves and nodes of the trees are hashed (`merkle`, `index`).

use sha2::{Digest, Sha256};

use crate::text;

/// SHA-256 over the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "codec", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes as they are.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads canonical base64 of exactly 32 bytes.
            pub fn from_base64(text: &str) -> Option<Self> {
                text::base64_array(text).map(Self)
            }

            /// Reads 64 lowercase hexadecimal digits.
            pub fn from_hex(text: &str) -> Option<Self> {
                text::hex_array(text).map(Self)
            }

            /// 64 lowercase hexadecimal digits: the form for URLs and file names.
            #[must_use]
            pub fn to_hex(&self) -> String {
                text::hex(&self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                text::write_hash(out, &self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let [a, b, c, d, ..] = self.0;
                write!(out, "{}({a:02x}{b:02x}{c:02x}{d:02x})", stringify!($name))
            }
        }
    };
}

hash_type!(
    /// Identity of a block: SHA-256 of `muhr/block/v1` NUL and the checkpoint text after the block.
    BlockId
);
hash_type!(
    /// Identity of a network: the leaf hash of its genesis. Every vote signs over it.
    ChainId
);
hash_type!(
    /// Identity of an entry: hash of its text without the authorship line, so that a second valid
    /// signature over the same statement does not make a second entry.
    EntryId
);
hash_type!(
    /// Leaf hash of the log: SHA-256 of 00 and the leaf's bytes.
    LeafHash
);
hash_type!(
    /// Root of the log's Merkle tree.
    RootHash
);
hash_type!(
    /// Root of the index, the sparse Merkle tree over the present state.
    IndexRoot
);
hash_type!(
    /// Place of one piece of state in the index.
    IndexKey
);
hash_type!(
    /// SHA-256 of one value in the index.
    ValueHash
);
hash_type!(
    /// The 32 opaque bytes that name a record within its registry.
    RecordKey
);
hash_type!(
    /// Commitment of an entry to a document or to the fields of a record.
    Commitment
);
hash_type!(
    /// SHA-256 of a trust file's bytes.
    TrustHash
);
hash_type!(
    /// SHA-256 of a document's bytes. Never leaves the desk but inside a receipt's opening.
    DocumentHash
);
hash_type!(
    /// 32 random bytes that a validator makes after it has lost what it signed. No hash of anything.
    ReturnNonce
);
hash_type!(
    /// SHA-256 of a founding plan's text.
    PlanHash
);
