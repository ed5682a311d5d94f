//! A batch: one leaf whose signature covers the entries that follow it in the log.
//!
//! Each entry can still be proven alone: by its path to the batch's root. The verifier knows this
//! second kind of authorship from the first version on.

use crate::{
    entry,
    hash::RootHash,
    height::Height,
    key::{self, BadSignature, PublicKey, SecretKey, Signature},
    name::{ClerkName, Origin},
    text::{self, Lines, Malformed},
};

/// The most entries that one signature may cover.
pub const BATCH_ENTRIES_MAX: u64 = 1024;

/// What the author of a batch signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchStatement {
    /// The clerk; every entry of the batch names the same.
    pub author: ClerkName,
    /// How many entries follow, 1 to 1,024.
    pub count: u64,
    /// RFC 6962 root over the bytes of those entries.
    pub root: RootHash,
    /// The last height at which the batch may be decided.
    pub expires: Height,
}

/// A batch leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What is signed.
    pub statement: BatchStatement,
    /// The author's signature.
    pub signature: Signature,
}

impl BatchStatement {
    fn write(&self) -> String {
        format!(
            "muhr-batch/v1\nauthor {}\ncount {}\nroot {}\nexpires {}\n",
            self.author, self.count, self.root, self.expires
        )
    }

    /// The bytes that the author signs.
    #[must_use]
    pub fn message(&self, origin: &Origin) -> Vec<u8> {
        format!("muhr-sign-batch/v1\norigin {origin}\n{}", self.write()).into_bytes()
    }

    /// Signs for the network `origin`.
    #[must_use]
    pub fn sign(self, origin: &Origin, secret: &SecretKey) -> Batch {
        let signature = secret.sign(&self.message(origin));
        Batch {
            statement: self,
            signature,
        }
    }
}

impl Batch {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a leaf.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, 1024)?;
        let batch = Self::read(&mut lines)?;
        lines.end()?;
        text::same(bytes, batch.write().as_bytes())?;
        Ok(batch)
    }

    pub(crate) fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        lines.exact("muhr-batch/v1")?;
        let statement = BatchStatement {
            author: lines.parsed("author", "the name of a clerk", ClerkName::parse)?,
            count: lines.parsed("count", "a number from 1 to 1024", |value| {
                text::number(value).filter(|count| (1..=BATCH_ENTRIES_MAX).contains(count))
            })?,
            root: lines.parsed("root", "32 bytes in base64", RootHash::from_base64)?,
            expires: Height::new(lines.number("expires")?),
        };
        let value = lines.value("signature")?;
        Ok(Self {
            statement,
            signature: entry::signature(lines, value)?,
        })
    }

    /// Whether `key` signed this batch for the network `origin`.
    pub fn check(&self, origin: &Origin, key: &PublicKey) -> Result<(), BadSignature> {
        key::verify(key, &self.statement.message(origin), &self.signature)
    }
}
