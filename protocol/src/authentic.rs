//! What a client hands in, and the same once its signature holds.
//!
//! Entries and batches of clerks and acts of agencies go one way through a node. Whose key it should be,
//! the rules ask (`ledger::rules`); nothing else is believed yet.

mod unverified;

use std::borrow::Cow;

use crate::{
    act::Act,
    batch::{self, Batch, WholeBatch},
    chain_id::{NetworkId, NotSigned, SignedText},
    entry::{Authorship, ENTRY_BYTES_MAX, Entry, Statement},
    governance::GovernanceLeaf,
    hash::{EntryId, IndexKey, LeafHash},
    height::Height,
    key::{BadSignature, PublicKey, Signature},
    merkle,
    name::{AgencyName, ClerkName},
    return_mark::ReturnMark,
    text::Malformed,
};

pub use self::unverified::Unverified;

/// A submission: handed in by a client, and waiting, proposed and recorded as one whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// By a clerk, about a record.
    Entry(Entry),
    /// By an agency, about its clerks and registries.
    Act(Act),
    /// By a clerk, about many records: several leaves under one signature.
    Batch(Box<WholeBatch>),
    /// By a validator that has lost what it signed.
    Return(ReturnMark),
    /// By an agency or its node, about the network itself.
    Governance(GovernanceLeaf),
}

/// The author whose signature a submission must bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author<'a> {
    /// A clerk's.
    Clerk(&'a ClerkName),
    /// An agency's, by its admin key.
    Agency(&'a AgencyName),
    /// An agency's validator's, by its vote key.
    Validator(&'a AgencyName),
    /// That of a node which would be an agency's validator, by the vote key that an open proposal names.
    Newcomer {
        /// The agency.
        agency: &'a AgencyName,
        /// The proposal.
        proposal: &'a EntryId,
    },
}

impl Author<'_> {
    /// The agency that stands behind it.
    #[must_use]
    pub fn agency(&self) -> AgencyName {
        match self {
            Self::Clerk(name) => name.agency(),
            Self::Agency(name) | Self::Validator(name) | Self::Newcomer { agency: name, .. } => {
                (*name).clone()
            }
        }
    }
}

impl std::fmt::Display for Author<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clerk(name) => write!(out, "clerk {name}"),
            Self::Agency(name) => write!(out, "agency {name}"),
            Self::Validator(name) => write!(out, "the validator of agency {name}"),
            Self::Newcomer { agency, .. } => write!(out, "the next validator of agency {agency}"),
        }
    }
}

impl From<Entry> for Submission {
    fn from(entry: Entry) -> Self {
        Self::Entry(entry)
    }
}

impl From<Act> for Submission {
    fn from(act: Act) -> Self {
        Self::Act(act)
    }
}

impl From<ReturnMark> for Submission {
    fn from(mark: ReturnMark) -> Self {
        Self::Return(mark)
    }
}

impl From<GovernanceLeaf> for Submission {
    fn from(leaf: GovernanceLeaf) -> Self {
        Self::Governance(leaf)
    }
}

impl From<WholeBatch> for Submission {
    fn from(batch: WholeBatch) -> Self {
        Self::Batch(Box::new(batch))
    }
}

impl Submission {
    /// Reads it by its first word; anything that it would not be written as again is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format of an entry, a batch or an act.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if Act::is_start(bytes) {
            Act::parse(bytes).map(Self::Act)
        } else if WholeBatch::is_start(bytes) {
            WholeBatch::parse(bytes).map(Self::from)
        } else if ReturnMark::is_start(bytes) {
            ReturnMark::parse(bytes).map(Self::Return)
        } else if GovernanceLeaf::is_start(bytes) {
            GovernanceLeaf::parse(bytes).map(Self::Governance)
        } else {
            Entry::parse(bytes).map(Self::Entry)
        }
    }

    /// The first leaf of what is written as `bytes`: the batch leaf of a batch, which covers the others.
    #[must_use]
    pub fn first_leaf(bytes: &[u8]) -> &[u8] {
        if WholeBatch::is_start(bytes) {
            bytes.get(..batch::leaf_end(bytes)).unwrap_or(bytes)
        } else {
            bytes
        }
    }

    /// The hash that names what is written as `bytes`: that of its first leaf.
    #[must_use]
    pub fn hash_of(bytes: &[u8]) -> LeafHash {
        merkle::leaf_hash(Self::first_leaf(bytes))
    }

    /// Identity of what is written as `bytes`, which were parsed.
    #[must_use]
    pub fn id_of_parsed(bytes: &[u8]) -> EntryId {
        Entry::id_of_parsed(Self::first_leaf(bytes))
    }

    /// Puts the leaves of a block's entries, the block leaf not among them, together again as they were
    /// handed in. Nothing is judged: a batch that lacks entries is none when it is parsed.
    #[must_use]
    pub fn regroup(leaves: &[Vec<u8>]) -> Vec<Cow<'_, [u8]>> {
        let mut wholes = Vec::with_capacity(leaves.len());
        let mut rest = leaves;
        while let Some((first, after)) = rest.split_first() {
            let count = batch_count(first).unwrap_or(0).min(after.len());
            let (of_batch, after) = after.split_at(count);
            rest = after;
            wholes.push(if of_batch.is_empty() {
                Cow::Borrowed(first.as_slice())
            } else {
                let of_batch = of_batch.iter().flatten();
                Cow::Owned(first.iter().chain(of_batch).copied().collect())
            });
        }
        wholes
    }

    /// The author whose signature the submission must bear.
    #[must_use]
    pub const fn author(&self) -> Author<'_> {
        match self {
            Self::Entry(entry) => Author::Clerk(&entry.statement.author),
            Self::Act(act) => Author::Agency(&act.statement.author),
            Self::Batch(batch) => Author::Clerk(&batch.leaf.statement.author),
            Self::Return(mark) => Author::Validator(&mark.statement.agency),
            Self::Governance(leaf) => leaf.author(),
        }
    }

    /// The last height at which it may be decided.
    #[must_use]
    pub const fn expires(&self) -> Height {
        match self {
            Self::Entry(entry) => entry.statement.expires,
            Self::Act(act) => act.statement.expires,
            Self::Batch(batch) => batch.leaf.statement.expires,
            Self::Return(mark) => mark.statement.expires,
            Self::Governance(leaf) => leaf.expires(),
        }
    }

    /// Why a signature that [`Submission::authenticate`] refused is not `key`'s, for whoever has to say it.
    ///
    /// # Errors
    ///
    /// As [`SignedText::check`]; an entry of a batch by itself has no signature.
    pub fn check(&self, network: &NetworkId, key: &PublicKey) -> Result<(), NotSigned> {
        match self {
            Self::Entry(entry) => match &entry.authorship {
                Authorship::Signed(signature) => entry.statement.check(network, key, signature),
                Authorship::Batched => Err(BadSignature.into()),
            },
            Self::Act(act) => {
                let text = act.statement.write();
                SignedText::Act.check(network, &text, key, &act.signature)
            }
            Self::Batch(batch) => batch.leaf.check(network, key),
            Self::Return(mark) => {
                let text = mark.statement.write();
                SignedText::Return.check(network, &text, key, &mark.signature)
            }
            Self::Governance(leaf) => {
                let (kind, signature) = leaf.signature();
                kind.check(network, &leaf.text(), key, signature)
            }
        }
    }

    /// The signature that it must bear, and over which kind of text; none for an entry of a batch by itself.
    const fn signature(&self) -> Option<(SignedText, &Signature)> {
        match self {
            Self::Entry(entry) => match &entry.authorship {
                Authorship::Signed(signature) => Some((SignedText::Entry, signature)),
                Authorship::Batched => None,
            },
            Self::Act(act) => Some((SignedText::Act, &act.signature)),
            Self::Batch(batch) => Some((SignedText::Batch, &batch.leaf.signature)),
            Self::Return(mark) => Some((SignedText::Return, &mark.signature)),
            Self::Governance(leaf) => Some(leaf.signature()),
        }
    }

    /// The bytes of all its leaves, as they will stand in the log.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Entry(entry) => entry.write(),
            Self::Act(act) => act.write(),
            Self::Batch(batch) => batch.write(),
            Self::Return(mark) => mark.write(),
            Self::Governance(leaf) => leaf.write(),
        }
    }

    /// Believes it as [`Unverified::authenticate`] does, for whoever has made it and not read it.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if `key` did not make the signature for the network.
    pub fn authenticate(
        self,
        network: &NetworkId,
        key: &PublicKey,
    ) -> Result<Authentic, BadSignature> {
        Unverified::from(self).authenticate(network, key)
    }
}

/// Number of entries that follow a batch leaf; none for any other leaf.
fn batch_count(leaf: &[u8]) -> Option<usize> {
    let batch = WholeBatch::is_start(leaf).then(|| Batch::parse(leaf).ok());
    usize::try_from(batch??.statement.count).ok()
}

/// One of the leaves, without its bytes.
#[derive(Clone, Copy, Debug)]
struct Part {
    id: EntryId,
    hash: LeafHash,
    /// End of the leaf in the bytes of the whole, in bytes from its start.
    end: usize,
    record: Option<IndexKey>,
}

/// One leaf of what was handed in, as it will stand in the log.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Identity of the entry or act.
    pub id: EntryId,
    /// Leaf hash.
    pub hash: LeafHash,
    /// Bytes of the leaf, as they stand in the log.
    pub bytes: &'a [u8],
    /// The key under which the signature holds that covers it.
    pub key: &'a PublicKey,
    /// Place in the index of the record that an entry is about; none for any other leaf.
    pub record: Option<IndexKey>,
}

impl Leaf<'_> {
    /// Place in the index of the record that the leaf is about, which says `statement`.
    #[must_use]
    pub fn index_key(&self, statement: &Statement) -> IndexKey {
        self.record.unwrap_or_else(|| statement.index_key())
    }
}

/// A submission with a signature that holds under a key; whose key that is, the rules ask. Only
/// [`Unverified::authenticate`] and [`Unverified::authenticate_all`] make one.
#[derive(Clone, Debug)]
pub struct Authentic {
    submission: Submission,
    id: EntryId,
    hash: LeafHash,
    bytes: Vec<u8>,
    leaves: Vec<Part>,
    key: PublicKey,
}

impl Authentic {
    /// The submission.
    #[must_use]
    pub const fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Identity of the submission; of a batch, that of its own leaf.
    #[must_use]
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// The hash of its leaf; of a batch, that of its own, which covers its entries.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.hash
    }

    /// All its bytes, as they will stand in the log one leaf after another.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of leaves of the log that the submission becomes.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.leaves.len()
    }

    /// Leaves of the submission in their order: one, or a batch leaf and its entries.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf<'_>> {
        let mut start = 0;
        self.leaves.iter().map(move |part| {
            let bytes = self.bytes.get(start..part.end).unwrap_or_default();
            start = part.end;
            Leaf {
                id: part.id,
                hash: part.hash,
                bytes,
                key: &self.key,
                record: part.record,
            }
        })
    }

    /// First leaf: the whole submission, or the batch leaf.
    #[must_use]
    pub fn first(&self) -> Leaf<'_> {
        let first = self.leaves.first();
        let end = first.map_or(0, |part| part.end);
        Leaf {
            id: self.id,
            hash: self.hash,
            bytes: self.bytes.get(..end).unwrap_or_default(),
            key: &self.key,
            record: first.and_then(|part| part.record),
        }
    }

    /// The key under which the signature holds.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

// An act or a return mark is no longer than an entry, so whoever bounds one bounds all.
const _: () = assert!(crate::act::ACT_BYTES_MAX == ENTRY_BYTES_MAX);
const _: () = assert!(crate::return_mark::RETURN_BYTES_MAX <= ENTRY_BYTES_MAX);
