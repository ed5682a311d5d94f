//! Replay: everything again, from the bytes of the log alone, as an auditor does it.
//!
//! Three steps, so that the dear one can run on many threads: [`Splitter`] parts the leaves into
//! blocks, [`Preparer`] reads one block and checks its signatures, [`Replay::apply`] executes it by the
//! rules and compares its block leaf byte for byte. Pure; not here: where the leaves come from, and
//! whether their checkpoint is cosigned.

mod split;

use std::sync::Arc;

use protocol::{
    act::ActStatement,
    authentic::{Authentic, Submission, Unverified},
    block::BlockLeaf,
    chain_id::NotSigned,
    entry::{Entry, Statement},
    genesis::Genesis,
    governance::ProposedChange,
    height::LeafIndex,
    key::{
        PublicKey,
        group::{Disagreement, GroupVerifier},
    },
    text::Malformed,
};
use thiserror::Error;

pub use self::split::{RawBlock, Splitter};
use crate::{
    directory::Directory,
    execute::{self, BlockParameters, InvalidBlock, Item, NotExecuted},
    fault::Fault,
    head::Head,
    records::MemoryRecords,
};

/// The place where a log departs from what the rules make of its entries.
#[derive(Debug, Error)]
#[error("leaf {index}: {what}")]
pub struct Divergence {
    /// The first leaf that is wrong.
    pub index: LeafIndex,
    /// Departure at that place.
    pub what: Departure,
}

/// The ways in which a leaf departs from the rules.
#[derive(Debug, Error)]
pub enum Departure {
    /// Not in its format.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// More leaves than a block can have, or none.
    #[error("{0}")]
    Shape(&'static str),
    /// Not the genesis that was given.
    #[error("not the genesis that was given")]
    OtherGenesis,
    /// Signed by nobody known.
    #[error("{0} was not on the ledger")]
    UnknownAuthor(String),
    /// Signed by nobody.
    #[error(transparent)]
    Signature(#[from] NotSigned),
    /// Against the rules.
    #[error(transparent)]
    Block(#[from] InvalidBlock),
    /// Execution leads to another block leaf.
    #[error("the block leaf should be:\n{expected}")]
    BlockLeaf {
        /// Text that the rules lead to.
        expected: String,
    },
    /// Not a matter of the log.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Not a matter of the log: this machine cannot check signatures.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
}

impl Divergence {
    fn new(index: LeafIndex, what: impl Into<Departure>) -> Self {
        Self {
            index,
            what: what.into(),
        }
    }
}

/// A block that was read and whose signatures hold; the rules have not been asked.
#[derive(Debug)]
pub struct ReplayBlock {
    first: LeafIndex,
    /// Each with the place of its first leaf.
    items: Vec<(LeafIndex, ReadLeaf)>,
    leaf: BlockLeaf,
    leaf_bytes: Vec<u8>,
}

impl ReplayBlock {
    /// Block leaf of the block.
    #[must_use]
    pub const fn leaf(&self) -> &BlockLeaf {
        &self.leaf
    }

    /// Statements of clerks about records, each with the index of its leaf. Believe them once the block is
    /// applied.
    pub fn statements(&self) -> impl Iterator<Item = (LeafIndex, &Statement)> {
        self.items.iter().flat_map(|(index, item)| {
            let entries: &[Entry] = match item.submission() {
                Some(Submission::Entry(entry)) => std::slice::from_ref(entry),
                Some(Submission::Batch(batch)) => &batch.entries,
                Some(Submission::Act(_) | Submission::Return(_) | Submission::Governance(_))
                | None => &[],
            };
            // A batch's own leaf stands before its entries.
            let begins = index.get().saturating_add(u64::from(item.count() > 1));
            let places = (begins..).map(LeafIndex::new);
            places.zip(entries.iter().map(|entry| &entry.statement))
        })
    }

    /// Statements of agencies about their clerks and registries, each with the index of its leaf.
    /// Believe it once the block is applied.
    pub fn acts(&self) -> impl Iterator<Item = (LeafIndex, &ActStatement)> {
        self.items
            .iter()
            .filter_map(|(index, item)| match item.submission() {
                Some(Submission::Act(act)) => Some((*index, &act.statement)),
                _ => None,
            })
    }

    /// Number of entries, acts, return marks and changes; a batch leaf is none of them.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let counts = self.items.iter().map(|(_, item)| item.count());
        counts.map(|count| count - u64::from(count > 1)).sum()
    }
}

/// A leaf that was read.
#[derive(Debug)]
enum ReadLeaf {
    Leaf(Box<Authentic>),
    /// The author was not known yet, or had another key: an earlier block may change that.
    Later(Box<Unverified>),
    /// The approvals are a matter of the rules: who may give them changes from block to block.
    Change(Box<ProposedChange>),
}

impl ReadLeaf {
    fn submission(&self) -> Option<&Submission> {
        match self {
            Self::Leaf(leaf) => Some(leaf.submission()),
            Self::Later(unverified) => Some(unverified.submission()),
            Self::Change(_) => None,
        }
    }

    /// Number of leaves of the log.
    fn count(&self) -> u64 {
        self.submission().map_or(1, leaves_of)
    }
}

/// A leaf whose signature holds, by the directory before its block.
#[derive(Debug)]
enum Ready<'a> {
    Leaf(&'a Authentic),
    Late(Box<Authentic>),
    Change(&'a ProposedChange),
}

impl<'a> From<&'a Ready<'a>> for Item<'a> {
    fn from(ready: &'a Ready<'a>) -> Self {
        match ready {
            Ready::Leaf(leaf) => Self::Leaf(leaf),
            Ready::Late(leaf) => Self::Leaf(leaf),
            Ready::Change(change) => Self::Change(change),
        }
    }
}

/// Reads blocks and checks their signatures. Clones work in parallel.
#[derive(Clone, Debug)]
pub struct Preparer {
    directory: Arc<Directory>,
    signatures: Arc<GroupVerifier>,
}

/// A block that was read, before its signatures are checked.
struct ReadBlock {
    first: LeafIndex,
    /// Each with the place of its first leaf.
    items: Vec<(LeafIndex, Claimed)>,
    leaf: BlockLeaf,
    leaf_bytes: Vec<u8>,
}

/// A leaf that was read.
enum Claimed {
    /// Nothing of it is to be checked yet.
    Ready(ReadLeaf),
    /// It is the next of the claims.
    Claim,
}

/// What was claimed to be signed by keys that the directory knows, of many blocks.
type Claims = Vec<(Unverified, PublicKey)>;

impl Preparer {
    /// Reads blocks after genesis and checks every signature in them, those of all blocks together. What was
    /// made of each, in their order.
    ///
    /// # Errors
    ///
    /// [`Divergence`], of a block, names the leaf that is not of its format.
    pub fn prepare(&self, blocks: Vec<RawBlock>) -> Vec<Result<ReplayBlock, Divergence>> {
        let mut claims = Claims::new();
        let read: Vec<_> = blocks
            .into_iter()
            .map(|block| {
                let before = claims.len();
                let read = self.read_block(block, &mut claims);
                if read.is_err() {
                    // What a block claims that is none must not be taken for the next one's.
                    claims.truncate(before);
                }
                read
            })
            .collect();
        let network = self.directory.network_id();
        let believed = Unverified::authenticate_all(claims, network, &self.signatures);
        let mut believed = believed.map(Vec::into_iter);
        let finish = |block: Result<ReadBlock, Divergence>| {
            let block = block?;
            match &mut believed {
                Ok(believed) => block.finish(believed),
                Err(disagreement) => Err(Divergence::new(block.first, *disagreement)),
            }
        };
        read.into_iter().map(finish).collect()
    }

    fn read_block(&self, block: RawBlock, claims: &mut Claims) -> Result<ReadBlock, Divergence> {
        let last = block.last();
        let RawBlock { first, mut leaves } = block;
        let Some(leaf_bytes) = leaves.pop() else {
            return Err(Divergence::new(
                first,
                Departure::Shape("a block without leaves"),
            ));
        };
        let leaf = BlockLeaf::parse(&leaf_bytes).map_err(|error| Divergence::new(last, error))?;
        let mut at = first.get();
        let mut items = Vec::with_capacity(leaves.len());
        for whole in Submission::regroup(&leaves) {
            let index = LeafIndex::new(at);
            let (item, count) = self
                .read(&whole, claims)
                .map_err(|what| Divergence::new(index, what))?;
            at = at.saturating_add(count);
            items.push((index, item));
        }
        Ok(ReadBlock {
            first,
            items,
            leaf,
            leaf_bytes,
        })
    }

    /// Reads a leaf, or a batch with its entries, and counts the leaves.
    fn read(&self, bytes: &[u8], claims: &mut Claims) -> Result<(Claimed, u64), Departure> {
        if ProposedChange::is_start(bytes) {
            let change = ReadLeaf::Change(Box::new(ProposedChange::parse(bytes)?));
            return Ok((Claimed::Ready(change), 1));
        }
        let unverified = Unverified::parse(bytes)?;
        let count = leaves_of(unverified.submission());
        let Some(key) = self.directory.key_of(&unverified.submission().author()) else {
            let later = ReadLeaf::Later(Box::new(unverified));
            return Ok((Claimed::Ready(later), count));
        };
        claims.push((unverified, key));
        Ok((Claimed::Claim, count))
    }
}

impl ReadBlock {
    /// The block with what became of its claims, which are the next ones.
    fn finish(
        self,
        believed: &mut impl Iterator<Item = Result<Authentic, Box<Unverified>>>,
    ) -> Result<ReplayBlock, Divergence> {
        let items = self.items.into_iter().map(|(index, item)| {
            let leaf = match item {
                Claimed::Ready(leaf) => leaf,
                Claimed::Claim => match believed.next() {
                    Some(Ok(leaf)) => ReadLeaf::Leaf(Box::new(leaf)),
                    Some(Err(unverified)) => ReadLeaf::Later(unverified),
                    None => {
                        let what = Departure::Shape("a leaf without a verdict: a bug");
                        return Err(Divergence::new(index, what));
                    }
                },
            };
            Ok((index, leaf))
        });
        Ok(ReplayBlock {
            first: self.first,
            items: items.collect::<Result<_, _>>()?,
            leaf: self.leaf,
            leaf_bytes: self.leaf_bytes,
        })
    }
}

/// Number of leaves of the log that a submission becomes.
const fn leaves_of(submission: &Submission) -> u64 {
    match submission {
        Submission::Batch(batch) => batch.leaf.statement.count.saturating_add(1),
        Submission::Entry(_)
        | Submission::Act(_)
        | Submission::Return(_)
        | Submission::Governance(_) => 1,
    }
}

/// A log being executed again.
#[derive(Clone, Debug)]
pub struct Replay {
    head: Arc<Head>,
    records: MemoryRecords,
    genesis: Vec<Vec<u8>>,
}

impl Replay {
    /// Starts after the block of `genesis`.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let executed = execute::genesis(genesis);
        let (head, genesis) = (Arc::clone(executed.head()), executed.leaves().to_vec());
        Self {
            head,
            records: MemoryRecords::default(),
            genesis,
        }
    }

    /// Compares the first block of a log with the genesis that was given.
    ///
    /// # Errors
    ///
    /// [`Divergence`] if it is another.
    pub fn check_genesis(&self, block: &RawBlock) -> Result<(), Divergence> {
        if block.first == LeafIndex::ZERO && block.leaves == self.genesis {
            Ok(())
        } else {
            Err(Divergence::new(block.first, Departure::OtherGenesis))
        }
    }

    /// Reads blocks and checks their signatures, on any thread.
    ///
    /// # Errors
    ///
    /// [`Disagreement`] if this machine cannot be trusted to check signatures.
    pub fn preparer(&self) -> Result<Preparer, Disagreement> {
        Ok(Preparer {
            directory: Arc::clone(self.head.directory()),
            signatures: Arc::new(GroupVerifier::new()?),
        })
    }

    /// The state after the last block applied.
    #[must_use]
    pub const fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// The records after the last block applied.
    #[must_use]
    pub const fn records(&self) -> &MemoryRecords {
        &self.records
    }

    /// Executes the next block and compares its block leaf.
    ///
    /// # Errors
    ///
    /// [`Divergence`] names the rule that the block breaks, or what of its leaf is not as the rules lead to.
    pub fn apply(&mut self, block: &ReplayBlock) -> Result<&Head, Divergence> {
        let first = block.first;
        if first.get() != self.head.size().get() {
            let what = Departure::Shape("does not follow the block that was applied before");
            return Err(Divergence::new(first, what));
        }
        let last = block.items.last().map_or(first, |(index, item)| {
            LeafIndex::new(index.get().saturating_add(item.count()))
        });
        let Some(proposer) = block.leaf.proposer.clone() else {
            return Err(Divergence::new(
                last,
                Departure::Shape("only genesis has no proposer"),
            ));
        };
        let proposal = BlockParameters {
            proposer,
            time: block.leaf.time,
        };
        let ready = block.items.iter().map(|(index, item)| {
            self.ready(item)
                .map_err(|what| Divergence::new(*index, what))
        });
        let ready = ready.collect::<Result<Vec<_>, _>>()?;
        let executed =
            execute::execute(&self.head, &self.records, proposal, &ready).map_err(|error| {
                match error {
                    NotExecuted::Invalid(InvalidBlock::Entry { position, refusal }) => {
                        let begins = block.items.get(position).map_or(first, |(index, _)| *index);
                        let row = refusal.row().unwrap_or(0);
                        let index = LeafIndex::new(begins.get().saturating_add(row));
                        Divergence::new(index, InvalidBlock::Entry { position, refusal })
                    }
                    NotExecuted::Invalid(invalid) => Divergence::new(last, invalid),
                    NotExecuted::Fault(fault) => Divergence::new(last, fault),
                }
            })?;
        let expected = executed.block_leaf().write();
        if expected.as_bytes() != block.leaf_bytes {
            return Err(Divergence::new(last, Departure::BlockLeaf { expected }));
        }
        self.records.apply(executed.records());
        self.head = Arc::clone(executed.head());
        Ok(&self.head)
    }

    /// Believes what could not be believed before this block's turn came.
    fn ready<'a>(&self, item: &'a ReadLeaf) -> Result<Ready<'a>, Departure> {
        let directory = self.head.directory();
        match item {
            ReadLeaf::Leaf(leaf) => Ok(Ready::Leaf(leaf)),
            ReadLeaf::Change(change) => Ok(Ready::Change(change)),
            ReadLeaf::Later(unverified) => {
                let author = unverified.submission().author();
                let key = directory.key_of(&author);
                let key = key.ok_or_else(|| Departure::UnknownAuthor(author.to_string()))?;
                let id = directory.network_id();
                let leaf = Unverified::clone(unverified).authenticate(id, &key);
                let leaf = leaf.map_err(|bad| {
                    // Which of the formats it is of, or of none, is for the auditor to know.
                    let why = unverified.submission().check(id, &key);
                    why.err().unwrap_or(NotSigned::Bad(bad))
                })?;
                Ok(Ready::Late(Box::new(leaf)))
            }
        }
    }
}
