//! A return mark: the leaf by which a validator says that it has lost what it signed; one leaf of the log.
//!
//! Signed with the vote key, which the node has at hand: it can do it alone. The nonce is made after the
//! loss, so the block that holds the mark was decided after the loss, whatever peers and clocks say; the
//! validator speaks again from the height after it. Not here: whether the ledger takes it
//! (`ledger::rules::returns`), and who has to be silent until when (the node).

use crate::{
    chain_id::{NetworkId, SignedText},
    entry,
    hash::ReturnNonce,
    height::Height,
    key::{PublicKey, SecretKey, Signature},
    name::AgencyName,
    text::{self, Lines, Malformed},
};

/// The most bytes of a return mark.
pub const RETURN_BYTES_MAX: usize = 1024;

const RETURN: &str = "muhr-return/v1";

/// The signed part of a validator's mark of return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnStatement {
    /// The agency whose validator it is.
    pub agency: AgencyName,
    /// 32 random bytes, made after the loss and never used again.
    pub nonce: ReturnNonce,
    /// The peer key of the node: which machine waits for the mark.
    pub peer: PublicKey,
    /// The last height at which it may be decided.
    pub expires: Height,
}

/// A return mark with its signature, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnMark {
    /// The signed part.
    pub statement: ReturnStatement,
    /// By the agency's vote key.
    pub signature: Signature,
}

impl ReturnStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "{RETURN}\nagency {}\nnonce {}\npeer ed25519 {}\nexpires {}\n",
            self.agency, self.nonce, self.peer, self.expires
        )
    }

    /// Signs for a network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, vote: &SecretKey) -> ReturnMark {
        let signature = vote.sign(&SignedText::Return.message(network, &self.write()));
        ReturnMark {
            statement: self,
            signature,
        }
    }

    fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        lines.exact(RETURN)?;
        Ok(Self {
            agency: lines.parsed("agency", "the name of an agency", AgencyName::parse)?,
            nonce: lines.parsed("nonce", "32 bytes in base64", ReturnNonce::from_base64)?,
            peer: lines.parsed("peer", "ed25519 and a key in base64", |value| {
                PublicKey::from_base64(value.strip_prefix("ed25519 ")?).ok()
            })?,
            expires: Height::new(lines.number("expires")?),
        })
    }
}

impl ReturnMark {
    /// Returns whether a leaf begins as a return mark does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        bytes.starts_with(b"muhr-return/")
    }

    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a leaf.
    ///
    /// # Errors
    /// Anything that [`Self::write`] would not give back is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, RETURN_BYTES_MAX)?;
        let statement = ReturnStatement::read(&mut lines)?;
        let signature = lines.value("signature")?;
        let signature = entry::signature(&lines, signature)?;
        lines.end()?;
        let mark = Self {
            statement,
            signature,
        };
        text::same(bytes, mark.write().as_bytes())?;
        Ok(mark)
    }
}
