//! An entry: one signed statement about one version of one record; one leaf of the log.
//!
//! Not here: whose signature it bears (`authentic`), whether the ledger allows it (`ledger::rules`), and
//! what an agency decides about its clerks and registries (`act`). Batches, which sign many entries at
//! once, are in `batch`.

use std::fmt::Write;

use crate::{
    chain_id::{NetworkId, NotSigned, SignedText},
    hash::{Commitment, EntryId, IndexKey, LeafHash, RecordKey, sha256},
    height::{Height, LeafIndex, TimeMs, Version},
    key::{PublicKey, SecretKey, Signature},
    name::{ClerkName, Date, ReasonCode, RegistryName},
    state::RecordState,
    text::{self, Lines, Malformed},
};

/// The most bytes that an entry can have under any limits: the log's bundles count them in 16 bits.
pub const ENTRY_BYTES_MAX: usize = 4096;
/// Room for most of them.
const BYTES_USUAL: usize = 512;
/// The most other records that an entry may name.
pub const REFERENCES_MAX: usize = 8;

/// The effect of an entry on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Makes version 1.
    Register,
    /// Changes what the record says, from now on.
    Amend,
    /// Mends an error in what the record said from the start.
    Correct,
    /// Takes it out of force for a while.
    Suspend,
    /// Puts it back in force.
    Reinstate,
    /// Ends it for good.
    Revoke,
    /// Another agency says that one version is right.
    Confirm,
    /// Another agency says that one version is wrong, and why.
    Dispute,
    /// Takes back what the same agency said of that version.
    Withdraw,
}

impl Operation {
    /// All of them, in the order of the table in `docs/protocol.md`.
    pub const ALL: [Self; 9] = [
        Self::Register,
        Self::Amend,
        Self::Correct,
        Self::Suspend,
        Self::Reinstate,
        Self::Revoke,
        Self::Confirm,
        Self::Dispute,
        Self::Withdraw,
    ];
    /// Those that make a version, and belong to the owner of the registry.
    pub const OF_OWNER: [Self; 6] = [
        Self::Register,
        Self::Amend,
        Self::Correct,
        Self::Suspend,
        Self::Reinstate,
        Self::Revoke,
    ];

    /// The operation's word in the text of an entry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Amend => "amend",
            Self::Correct => "correct",
            Self::Suspend => "suspend",
            Self::Reinstate => "reinstate",
            Self::Revoke => "revoke",
            Self::Confirm => "confirm",
            Self::Dispute => "dispute",
            Self::Withdraw => "withdraw",
        }
    }

    /// Returns whether the operation is another agency's word on a version, which makes no version itself.
    #[must_use]
    pub const fn is_attestation(self) -> bool {
        matches!(self, Self::Confirm | Self::Dispute | Self::Withdraw)
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.word() == word)
    }

    /// Returns whether the operation carries what the record says: such an entry must have a commitment.
    #[must_use]
    pub const fn has_content(self) -> bool {
        matches!(self, Self::Register | Self::Amend | Self::Correct)
    }
}

/// The entry that an entry follows: where it stands in the log, its leaf hash, and when it was decided.
/// An attestation follows the version that it is about, or what the same agency said of it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef {
    /// Leaf index.
    pub index: LeafIndex,
    /// Leaf hash.
    pub hash: LeafHash,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
}

/// Another record that this one rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Registry of the record.
    pub registry: RegistryName,
    /// Key of the record.
    pub key: RecordKey,
    /// The version that was meant.
    pub version: Version,
}

/// The commitment of an entry to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// To one document.
    Document(Commitment),
    /// To fields, of which one may be a document.
    Fields(Commitment),
}

/// The signed part of an entry: everything but who vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Operation on the record.
    pub operation: Operation,
    /// In which registry.
    pub registry: RegistryName,
    /// To which record.
    pub key: RecordKey,
    /// Number of the version that the entry makes, or is about.
    pub version: Version,
    /// The entry that it follows; none for version 1.
    pub previous: Option<EntryRef>,
    /// The legal date that the clerk declares.
    pub effective: Option<Date>,
    /// Why, for every operation but register and confirm.
    pub reason: Option<ReasonCode>,
    /// Records that it rests on.
    pub references: Vec<Reference>,
    /// Commitment; due for register, amend and correct. Of a dispute: its evidence.
    pub commitment: Option<Committed>,
    /// The clerk.
    pub author: ClerkName,
    /// The last height at which it may be decided.
    pub expires: Height,
}

/// The signature that vouches for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorship {
    /// Signature of the author over this entry alone.
    Signed(Signature),
    /// Signature of the author over the batch that the entry stands in.
    Batched,
}

/// A statement with its authorship, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The signed part.
    pub statement: Statement,
    /// The signature that vouches for the entry.
    pub authorship: Authorship,
}

impl Statement {
    /// Place in the index of the record that it is about.
    #[must_use]
    pub fn index_key(&self) -> IndexKey {
        RecordState::index_key(&self.registry, &self.key)
    }

    /// The text up to and without the authorship line.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(BYTES_USUAL);
        // A string takes whatever is written.
        let _infallible = self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) -> std::fmt::Result {
        let (operation, registry, key) = (self.operation.word(), &self.registry, &self.key);
        write!(
            out,
            "muhr-entry/v1 {operation}\nregistry {registry}\nkey {key}\n"
        )?;
        writeln!(out, "version {}", self.version)?;
        if let Some(EntryRef {
            index,
            hash,
            height,
            time,
        }) = &self.previous
        {
            writeln!(out, "previous {index} {hash} {height} {time}")?;
        }
        if let Some(date) = &self.effective {
            writeln!(out, "effective {date}")?;
        }
        if let Some(reason) = &self.reason {
            writeln!(out, "reason {reason}")?;
        }
        for reference in &self.references {
            let (registry, key) = (&reference.registry, &reference.key);
            writeln!(out, "reference {registry} {key} {}", reference.version)?;
        }
        match &self.commitment {
            Some(Committed::Document(hash)) => writeln!(out, "commitment document {hash}")?,
            Some(Committed::Fields(hash)) => writeln!(out, "commitment fields {hash}")?,
            None => {}
        }
        write!(out, "author {}\nexpires {}\n", self.author, self.expires)
    }

    /// Identity of the entry, whoever vouches for it and however.
    #[must_use]
    pub fn id(&self) -> EntryId {
        id(&self.write())
    }

    /// The bytes that the author signs: they name the network, so that no other takes the signature.
    #[must_use]
    pub fn message(&self, network: &NetworkId) -> Vec<u8> {
        SignedText::Entry.message(network, &self.write())
    }

    /// Checks that `key` made this signature for the network.
    ///
    /// # Errors
    ///
    /// As [`SignedText::check`].
    pub fn check(
        &self,
        network: &NetworkId,
        key: &PublicKey,
        signature: &Signature,
    ) -> Result<(), NotSigned> {
        SignedText::Entry.check(network, &self.write(), key, signature)
    }

    /// Signs for one network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, secret: &SecretKey) -> Entry {
        let signature = secret.sign(&self.message(network));
        Entry {
            statement: self,
            authorship: Authorship::Signed(signature),
        }
    }

    fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            operation: lines.parsed("muhr-entry/v1", "an operation", Operation::parse)?,
            registry: lines.parsed("registry", "the name of a registry", RegistryName::parse)?,
            key: lines.parsed("key", "32 bytes in base64", RecordKey::from_base64)?,
            version: Version::new(lines.number("version")?),
            previous: lines
                .optional("previous")?
                .map(|value| {
                    previous(value).ok_or_else(|| {
                        lines.malformed("\"previous\" is not index, hash, height and time")
                    })
                })
                .transpose()?,
            effective: lines
                .optional("effective")?
                .map(|value| {
                    Date::parse(value).ok_or_else(|| {
                        lines.malformed("\"effective\" is not a date like 2026-11-23")
                    })
                })
                .transpose()?,
            reason: lines
                .optional("reason")?
                .map(|value| {
                    ReasonCode::parse(value)
                        .ok_or_else(|| lines.malformed("\"reason\" is not a reason code like C01"))
                })
                .transpose()?,
            references: references(lines)?,
            commitment: lines
                .optional("commitment")?
                .map(|value| {
                    committed(value).ok_or_else(|| {
                        lines.malformed("\"commitment\" is not a kind and 32 bytes in base64")
                    })
                })
                .transpose()?,
            author: lines.parsed(
                "author",
                "the name of a clerk like agency/name",
                ClerkName::parse,
            )?,
            expires: Height::new(lines.number("expires")?),
        })
    }
}

impl Entry {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = self.statement.write();
        match &self.authorship {
            Authorship::Signed(signature) => text += &format!("signature ed25519 {signature}\n"),
            Authorship::Batched => text += "batched\n",
        }
        text
    }

    /// Identity of the entry that is written as `bytes`, which were parsed: no need to write it again.
    #[must_use]
    pub fn id_of_parsed(bytes: &[u8]) -> EntryId {
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let end = body
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at.saturating_add(1));
        EntryId::new(sha256(&[
            b"muhr-entry-id/v1\0",
            body.get(..end).unwrap_or_default(),
        ]))
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, ENTRY_BYTES_MAX)?;
        let statement = Statement::read(&mut lines)?;
        let authorship = match lines.optional("signature")? {
            Some(value) => Authorship::Signed(signature(&lines, value)?),
            None => lines.exact("batched").map(|()| Authorship::Batched)?,
        };
        lines.end()?;
        let entry = Self {
            statement,
            authorship,
        };
        text::same(bytes, entry.write().as_bytes())?;
        Ok(entry)
    }
}

pub(crate) fn id(text: &str) -> EntryId {
    EntryId::new(sha256(&[b"muhr-entry-id/v1\0", text.as_bytes()]))
}

pub(crate) fn signature(lines: &Lines<'_>, value: &str) -> Result<Signature, Malformed> {
    value
        .strip_prefix("ed25519 ")
        .and_then(Signature::from_base64)
        .ok_or_else(|| lines.malformed("\"signature\" is not ed25519 and 64 bytes in base64"))
}

fn previous(value: &str) -> Option<EntryRef> {
    let mut words = value.split(' ');
    let previous = EntryRef {
        index: LeafIndex::new(text::number(words.next()?)?),
        hash: LeafHash::from_base64(words.next()?)?,
        height: Height::new(text::number(words.next()?)?),
        time: TimeMs::new(text::number(words.next()?)?),
    };
    words.next().is_none().then_some(previous)
}

fn references(lines: &mut Lines<'_>) -> Result<Vec<Reference>, Malformed> {
    let mut found = Vec::new();
    while let Some(value) = lines.optional("reference")? {
        let mut words = value.split(' ');
        let mut reference = || {
            Some(Reference {
                registry: RegistryName::parse(words.next()?)?,
                key: RecordKey::from_base64(words.next()?)?,
                version: Version::new(text::number(words.next()?)?),
            })
        };
        let reference = reference().filter(|_| words.next().is_none());
        found
            .push(reference.ok_or_else(|| {
                lines.malformed("\"reference\" is not registry, key and version")
            })?);
        if found.len() > REFERENCES_MAX {
            return Err(lines.malformed(format!("more than {REFERENCES_MAX} references")));
        }
    }
    Ok(found)
}

fn committed(value: &str) -> Option<Committed> {
    let (kind, hash) = value.split_once(' ')?;
    let commitment = Commitment::from_base64(hash)?;
    match kind {
        "document" => Some(Committed::Document(commitment)),
        "fields" => Some(Committed::Fields(commitment)),
        _ => None,
    }
}
