//! What a client hands in, and the same once its signature holds.
//!
//! Entries of clerks and acts of agencies go one way through a node. Whose key it should be, the rules
//! ask (`ledger::rules`); nothing else is believed yet.

use crate::{
    act::Act,
    entry::{Authorship, ENTRY_BYTES_MAX, Entry},
    hash::{EntryId, LeafHash},
    height::Height,
    key::{self, BadSignature, PublicKey},
    merkle,
    name::{AgencyName, ClerkName, Origin},
    text::Malformed,
};

/// One leaf that a client may hand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// By a clerk, about a record.
    Entry(Entry),
    /// By an agency, about its clerks and registries.
    Act(Act),
}

/// Whose signature a leaf must bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author<'a> {
    /// A clerk's.
    Clerk(&'a ClerkName),
    /// An agency's, by its admin key.
    Agency(&'a AgencyName),
}

impl Author<'_> {
    /// The agency that stands behind it.
    #[must_use]
    pub fn agency(&self) -> AgencyName {
        match self {
            Self::Clerk(name) => name.agency(),
            Self::Agency(name) => (*name).clone(),
        }
    }
}

impl std::fmt::Display for Author<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clerk(name) => write!(out, "clerk {name}"),
            Self::Agency(name) => write!(out, "agency {name}"),
        }
    }
}

impl From<Entry> for Said {
    fn from(entry: Entry) -> Self {
        Self::Entry(entry)
    }
}

impl From<Act> for Said {
    fn from(act: Act) -> Self {
        Self::Act(act)
    }
}

impl Said {
    /// Reads a leaf by its first word; anything that it would not be written as again is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if Act::is_start(bytes) {
            Act::parse(bytes).map(Self::Act)
        } else {
            Entry::parse(bytes).map(Self::Entry)
        }
    }

    /// Whose signature it must bear.
    #[must_use]
    pub const fn author(&self) -> Author<'_> {
        match self {
            Self::Entry(entry) => Author::Clerk(&entry.statement.author),
            Self::Act(act) => Author::Agency(&act.statement.author),
        }
    }

    /// The last height at which it may be decided.
    #[must_use]
    pub const fn expires(&self) -> Height {
        match self {
            Self::Entry(entry) => entry.statement.expires,
            Self::Act(act) => act.statement.expires,
        }
    }

    /// Believes it if `key`, which the caller found for its author, made its signature. An entry of a
    /// batch has none of its own and is refused here.
    pub fn authenticate(self, origin: &Origin, key: &PublicKey) -> Result<Authentic, BadSignature> {
        // The text is made once: it is most of the work beside the signature itself.
        let (text, message, signature) = match &self {
            Self::Entry(entry) => {
                let Authorship::Signed(signature) = &entry.authorship else {
                    return Err(BadSignature);
                };
                let text = entry.statement.write();
                let message = crate::entry::message(origin, &text);
                (text, message, signature)
            }
            Self::Act(act) => {
                let text = act.statement.write();
                let message = crate::act::message(origin, &text);
                (text, message, &act.signature)
            }
        };
        key::verify(key, &message, signature)?;
        let id = crate::entry::id(&text);
        let text = match &self {
            Self::Entry(entry) => entry.write_behind(text),
            Self::Act(act) => act.write_behind(text),
        };
        let bytes = text.into_bytes();
        let hash = merkle::leaf_hash(&bytes);
        Ok(Authentic {
            id,
            hash,
            bytes,
            said: self,
            key: *key,
        })
    }
}

/// A leaf whose signature holds under a key; whose key that is, the rules ask. Only
/// [`Said::authenticate`] makes one.
#[derive(Clone, Debug)]
pub struct Authentic {
    said: Said,
    id: EntryId,
    hash: LeafHash,
    bytes: Vec<u8>,
    key: PublicKey,
}

impl Authentic {
    /// What it says.
    #[must_use]
    pub const fn said(&self) -> &Said {
        &self.said
    }

    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// Its leaf hash.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.hash
    }

    /// Its bytes, as they will stand in the log.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key under which the signature holds.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

// An act is no longer than an entry, so whoever bounds one bounds both.
const _: () = assert!(crate::act::ACT_BYTES_MAX == ENTRY_BYTES_MAX);
