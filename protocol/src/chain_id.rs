//! The network that a signature is for: its origin and its chain id, and the messages that name both.
//!
//! A network begun again under its old name has another genesis and so another chain id: it takes no
//! signature that was made for the one before. The leaves do not repeat the chain id, since whoever reads
//! them knows from the trust file or from the genesis which log they are of. Not here: votes, which name
//! the chain in their own bytes (`consensus`), and cosignatures, whose form C2SP sets (`cosignature`).

use thiserror::Error;

pub use crate::hash::ChainId;
use crate::{
    key::{self, BadSignature, PublicKey, Signature},
    name::Origin,
};

/// Identity of a network in signed messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkId {
    /// Name of the network, which a network begun again keeps.
    pub origin: Origin,
    /// Leaf hash of its genesis, which a network begun again does not have.
    pub chain: ChainId,
}

/// Kinds of text that a clerk or an agency signs for one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedText {
    /// One entry (`entry`).
    Entry,
    /// One batch leaf (`batch`).
    Batch,
    /// One act of an agency (`act`).
    Act,
    /// One change of agencies (`epoch`).
    Epoch,
    /// One return mark of a validator (`return_mark`).
    Return,
    /// One acceptance of a genesis by an agency (`ceremony`).
    Acceptance,
}

/// Why a signature for a network does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSigned {
    /// The key did not make it over this message.
    #[error(transparent)]
    Bad(#[from] BadSignature),
    /// The key made it over the message of the format before, which names no chain id.
    #[error(
        "the signature was made before chain ids were bound, so it is of any network of this name; sign the statement anew"
    )]
    Unbound,
}

impl SignedText {
    const fn word(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Batch => "batch",
            Self::Act => "act",
            Self::Epoch => "epoch",
            Self::Return => "return",
            Self::Acceptance => "acceptance",
        }
    }

    /// Version of the message: 1 for what was never signed without a chain id.
    const fn version(self) -> u8 {
        match self {
            Self::Acceptance => 1,
            Self::Entry | Self::Batch | Self::Act | Self::Epoch | Self::Return => 2,
        }
    }

    /// The bytes that are signed: the kind, the network, and `text`, the statement as the leaf has it.
    #[must_use]
    pub fn message(self, network: &NetworkId, text: &str) -> Vec<u8> {
        let (origin, chain) = (&network.origin, network.chain.to_hex());
        let (word, version) = (self.word(), self.version());
        format!("muhr-sign-{word}/v{version}\norigin {origin}\nchain {chain}\n{text}").into_bytes()
    }

    /// The bytes that were signed before chain ids were bound; none where there were none.
    fn unbound_message(self, origin: &Origin, text: &str) -> Option<Vec<u8>> {
        let word = self.word();
        let old = || format!("muhr-sign-{word}/v1\norigin {origin}\n{text}").into_bytes();
        (self.version() > 1).then(old)
    }

    /// Whether `key` made the signature over `text` for the network, and if not, whether it made one of
    /// the format before. Twice the work for a signature that does not hold: for verifiers, not for doors.
    ///
    /// # Errors
    ///
    /// [`NotSigned::Unbound`] for a signature of the format before, [`NotSigned::Bad`] for any other.
    pub fn check(
        self,
        network: &NetworkId,
        text: &str,
        key: &PublicKey,
        signature: &Signature,
    ) -> Result<(), NotSigned> {
        key::verify(key, &self.message(network, text), signature).map_err(|bad| {
            let old = self.unbound_message(&network.origin, text);
            match old.map(|old| key::verify(key, &old, signature)) {
                Some(Ok(())) => NotSigned::Unbound,
                Some(Err(_)) | None => NotSigned::Bad(bad),
            }
        })
    }
}

#[cfg(test)]
mod tests;
