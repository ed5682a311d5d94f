//! A mark of readiness: a node says with its vote and cosigning keys that they are at hand, and which
//! versions of the rules it speaks.
//!
//! Before a change comes into force both sides are asked: a quorum of the present set, which must
//! cosign the block of the change, and one of the set that would begin. Right after it one more mark
//! makes the first block of the new set.

use crate::{
    authentic::Author,
    chain_id::{NetworkId, NotSigned, SignedText},
    entry,
    hash::EntryId,
    height::TimeMs,
    key::{PublicKey, SecretKey, Signature},
    name::AgencyName,
    text::{self, Lines, Malformed},
};

/// The most bytes of a mark.
const BYTES_MAX: usize = 1024;
pub(super) const WORD: &str = "muhr-ready/v1";

/// The set that a mark speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadyFor {
    /// The set in force, under the keys in force.
    Present,
    /// The set that the proposal would begin, under the keys that it names.
    Next,
    /// The set that a proposal has begun, in the first block after it.
    Opened,
}

impl ReadyFor {
    /// The word in a mark.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Next => "next",
            Self::Opened => "opened",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "present" => Some(Self::Present),
            "next" => Some(Self::Next),
            "opened" => Some(Self::Opened),
            _ => None,
        }
    }
}

/// The signed part of a mark of readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyStatement {
    /// The set that it speaks for.
    pub ready_for: ReadyFor,
    /// The proposal.
    pub proposal: EntryId,
    /// Time at which the node said it.
    pub time: TimeMs,
    /// The lowest and the highest version of the rules that the node speaks.
    pub protocols: (u64, u64),
    /// The agency whose node it is.
    pub agency: AgencyName,
}

/// A mark of readiness with its signatures, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyMark {
    /// The signed part.
    pub statement: ReadyStatement,
    /// By the cosigning key, over the signed part.
    pub cosigned: Signature,
    /// By the vote key, over the signed part and the line of the cosigning key.
    pub signature: Signature,
}

impl ReadyStatement {
    fn write(&self) -> String {
        let (low, high) = self.protocols;
        format!(
            "{WORD} {}\nproposal {}\ntime {}\nprotocols {low}-{high}\nagency {}\n",
            self.ready_for.word(),
            self.proposal,
            self.time,
            self.agency
        )
    }

    /// The author whose signature the mark must bear.
    #[must_use]
    pub const fn author(&self) -> Author<'_> {
        match self.ready_for {
            ReadyFor::Present | ReadyFor::Opened => Author::Validator(&self.agency),
            ReadyFor::Next => Author::Newcomer {
                agency: &self.agency,
                proposal: &self.proposal,
            },
        }
    }

    /// Signs for a network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, vote: &SecretKey, cosign: &SecretKey) -> ReadyMark {
        let cosigned = cosign.sign(&SignedText::ReadyCosigner.message(network, &self.write()));
        let mut mark = ReadyMark {
            statement: self,
            cosigned,
            signature: cosigned,
        };
        mark.signature = vote.sign(&SignedText::Ready.message(network, &mark.text()));
        mark
    }
}

impl ReadyMark {
    /// The text up to and without the last line, the signature of the vote key.
    #[must_use]
    pub fn text(&self) -> String {
        self.statement.write() + &format!("cosign ed25519 {}\n", self.cosigned)
    }

    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.text() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Checks the signature of the cosigning key; that of the vote key is checked like every leaf's.
    ///
    /// # Errors
    ///
    /// [`NotSigned`] if `cosign` did not make it for the network.
    pub fn check_cosigner(&self, network: &NetworkId, cosign: &PublicKey) -> Result<(), NotSigned> {
        let text = self.statement.write();
        SignedText::ReadyCosigner.check(network, &text, cosign, &self.cosigned)
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, BYTES_MAX)?;
        let statement = ReadyStatement {
            ready_for: lines.parsed(WORD, "present, next or opened", ReadyFor::parse)?,
            proposal: lines.parsed("proposal", "32 bytes in base64", EntryId::from_base64)?,
            time: TimeMs::new(lines.number("time")?),
            protocols: lines.parsed("protocols", "two numbers like 1-2", |value| {
                let (low, high) = value.split_once('-')?;
                let (low, high) = (text::number(low)?, text::number(high)?);
                (low <= high).then_some((low, high))
            })?,
            agency: lines.parsed("agency", "the name of an agency", AgencyName::parse)?,
        };
        let cosigned = lines.value("cosign")?;
        let cosigned = entry::signature(&lines, cosigned)?;
        let signature = lines.value("signature")?;
        let signature = entry::signature(&lines, signature)?;
        lines.end()?;
        let mark = Self {
            statement,
            cosigned,
            signature,
        };
        text::same(bytes, mark.write().as_bytes())?;
        Ok(mark)
    }
}
