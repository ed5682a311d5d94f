//! Execution: what a block of entries makes of the state before it.
//!
//! A proposer builds and drops what the rules refuse; everybody else executes, and one refusal makes
//! the block invalid. Both walk the same loop. Pure: nothing is stored here; an [`Executed`] that is
//! not committed is simply forgotten.

mod change;
mod draft;

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    authentic::Authentic,
    block::BlockLeaf,
    checkpoint::Checkpoint,
    epoch::BadChange,
    genesis::Genesis,
    governance::ProposedChange,
    hash::{BlockId, EntryId, IndexKey, IndexRoot, LeafHash},
    height::{Height, LeafIndex, TimeMs},
    merkle::{Frontier, leaf_hash},
    name::AgencyName,
    state::{RecordState, value_hash},
};
use thiserror::Error;

use self::draft::{Draft, SealedBlock, block_leaf, seal};
use crate::{
    directory::Directory,
    fault::Fault,
    head::Head,
    index::Tree,
    records::Records,
    rules::{Refusal, governance::due::due},
};

/// Why a proposed block is none. Every node says the same of the same block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidBlock {
    /// No entries.
    #[error("the block has no entries")]
    Empty,
    /// Too many entries.
    #[error("the block has more than {entries_max} entries")]
    TooManyEntries {
        /// The limit in force.
        entries_max: u64,
    },
    /// Too many bytes.
    #[error("the entries of the block have more than {bytes_max} bytes")]
    TooManyBytes {
        /// The limit in force.
        bytes_max: u64,
    },
    /// Time did not advance.
    #[error("the block's time {time} is not above its parent's {parent}")]
    Time {
        /// Of the block.
        time: TimeMs,
        /// Of its parent.
        parent: TimeMs,
    },
    /// Proposed by an agency without a validator.
    #[error("{0} is no validator and cannot have proposed the block")]
    Proposer(AgencyName),
    /// An entry that the rules refuse.
    #[error("entry {position} of the block: {refusal}")]
    Entry {
        /// Position of the item, from 0.
        position: usize,
        /// Why.
        refusal: Refusal,
    },
    /// A change that was agreed on, with something beside it.
    #[error("a change that the agencies have agreed on stands alone in its block")]
    NotAlone,
    /// A block beside the change that is due.
    #[error("a change that the agencies have agreed on is due, and the next block makes it")]
    ChangeDue,
    /// A change that is not due, or not as it was agreed on.
    #[error("the change is not the one that is due by what the agencies have said")]
    NotProposed,
    /// A change of agencies that the rules refuse.
    #[error("the change of agencies: {0}")]
    Change(#[from] BadChange),
}

/// An item of a block.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// An entry or an act.
    Leaf(&'a Authentic),
    /// A change that was agreed on, which stands alone in its block.
    Change(&'a ProposedChange),
}

impl<'a> From<&'a Authentic> for Item<'a> {
    fn from(entry: &'a Authentic) -> Self {
        Self::Leaf(entry)
    }
}

impl<'a> From<&'a ProposedChange> for Item<'a> {
    fn from(change: &'a ProposedChange) -> Self {
        Self::Change(change)
    }
}

/// Why there is no outcome.
#[derive(Debug, Error)]
pub enum NotExecuted {
    /// The block is no block: its proposer's mistake.
    #[error(transparent)]
    Invalid(#[from] InvalidBlock),
    /// This machine could not find out.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A block as its proposer builds it.
#[derive(Debug)]
pub struct Built {
    /// The block; none if no candidate was left.
    pub executed: Option<Executed>,
    /// The candidates that it took, in their order, by the hashes that name them.
    pub taken: Vec<LeafHash>,
    /// The candidates that the rules refuse. Those in neither list did not fit and may come again.
    pub refused: Vec<(EntryId, Refusal)>,
}

/// A block with all that it changes. Only this module makes one, so it has passed the rules.
#[derive(Clone, Debug)]
pub struct Executed {
    pub(crate) head: Arc<Head>,
    pub(crate) first: LeafIndex,
    pub(crate) leaves: Vec<Vec<u8>>,
    #[cfg_attr(not(feature = "rocksdb"), expect(dead_code, reason = "the store's"))]
    pub(crate) hashes: Vec<LeafHash>,
    pub(crate) ids: Vec<EntryId>,
    pub(crate) records: BTreeMap<IndexKey, RecordState>,
    #[cfg_attr(not(feature = "rocksdb"), expect(dead_code, reason = "the store's"))]
    pub(crate) before: BTreeMap<IndexKey, Option<RecordState>>,
    pub(crate) values: BTreeMap<IndexKey, String>,
    #[cfg_attr(not(feature = "rocksdb"), expect(dead_code, reason = "the store's"))]
    pub(crate) values_before: BTreeMap<IndexKey, Option<String>>,
}

impl Executed {
    /// The state after the block.
    #[must_use]
    pub const fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// Height of the block.
    #[must_use]
    pub fn height(&self) -> Height {
        self.head.height()
    }

    /// Identity of the block: what validators vote on.
    #[must_use]
    pub fn block(&self) -> BlockId {
        self.head.block()
    }

    /// The block leaf.
    #[must_use]
    pub fn block_leaf(&self) -> &BlockLeaf {
        self.head.leaf()
    }

    /// The checkpoint after the block.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.head.checkpoint()
    }

    /// Position of the block's first leaf in the log.
    #[must_use]
    pub const fn first(&self) -> LeafIndex {
        self.first
    }

    /// The bytes of all leaves, the block leaf last.
    #[must_use]
    pub fn leaves(&self) -> &[Vec<u8>] {
        &self.leaves
    }

    /// The entries in their order; genesis has none.
    #[must_use]
    pub fn ids(&self) -> &[EntryId] {
        &self.ids
    }

    /// The records that the block changes, with their state after it.
    #[must_use]
    pub const fn records(&self) -> &BTreeMap<IndexKey, RecordState> {
        &self.records
    }

    /// Values of the index other than records that the block sets.
    #[must_use]
    pub const fn values(&self) -> &BTreeMap<IndexKey, String> {
        &self.values
    }
}

/// Proposer and time of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockParameters {
    /// The agency that first proposed it.
    pub proposer: AgencyName,
    /// The block's time.
    pub time: TimeMs,
}

/// Makes a block of the candidates, in their order, without those that the rules refuse, and up to
/// the limits. A time that does not advance is moved to just after the parent's.
///
/// # Errors
///
/// [`Fault`] if the records cannot be read.
pub fn build<'a>(
    head: &Head,
    records: &impl Records,
    proposal: BlockParameters,
    candidates: impl IntoIterator<Item = &'a Authentic>,
) -> Result<Built, Fault> {
    let time = proposal.time.max(head.time().next());
    let due = due(head.directory(), time);
    if let Some(change) = &due.change {
        let by = BlockParameters { time, ..proposal };
        return Ok(Built {
            executed: Some(change::execute(head, by, &due, change)?),
            taken: Vec::new(),
            refused: Vec::new(),
        });
    }
    let mut draft = Draft::new(head, records, time);
    draft.begin(change::endings(head, &due));
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for entry in candidates {
        // What fits into no block at all is refused by the rules, or it would stop all that come after.
        if draft.fits_a_block(entry) && draft.room_for(entry).is_err() {
            break;
        }
        match draft.take(entry)? {
            Ok(()) => taken.push(entry.hash()),
            Err(refusal) => refused.push((entry.id(), refusal)),
        }
    }
    let executed = (!draft.is_empty())
        .then(|| draft.seal(proposal.proposer))
        .transpose()?;
    Ok(Built {
        executed,
        taken,
        refused,
    })
}

/// Executes a proposed block, which must obey the rules to the last item.
///
/// # Errors
///
/// [`NotExecuted`] for the rule that the block breaks, and for records that cannot be read.
pub fn execute<'a>(
    head: &Head,
    records: &impl Records,
    proposal: BlockParameters,
    items: impl IntoIterator<Item = impl Into<Item<'a>>>,
) -> Result<Executed, NotExecuted> {
    let BlockParameters { proposer, time } = proposal;
    if time <= head.time() {
        return Err(InvalidBlock::Time {
            time,
            parent: head.time(),
        }
        .into());
    }
    if !head.directory().network().validators.contains(&proposer) {
        return Err(InvalidBlock::Proposer(proposer).into());
    }
    let mut items = items.into_iter().map(Into::into).peekable();
    let due = due(head.directory(), time);
    if let Some(Item::Change(change)) = items.peek().copied() {
        items.next();
        if items.next().is_some() {
            return Err(InvalidBlock::NotAlone.into());
        }
        let by = BlockParameters { proposer, time };
        if let Some(change) = change.recovery() {
            return change::recover(head, by, change);
        }
        return match &due.change {
            Some(made) if made.change == *change => Ok(change::execute(head, by, &due, made)?),
            _ => Err(InvalidBlock::NotProposed.into()),
        };
    }
    if let Some(change) = &due.change {
        // Nobody hands the change around: every node knows it.
        if items.next().is_some() {
            return Err(InvalidBlock::ChangeDue.into());
        }
        let by = BlockParameters { proposer, time };
        return Ok(change::execute(head, by, &due, change)?);
    }
    let mut draft = Draft::new(head, records, time);
    draft.begin(change::endings(head, &due));
    for (position, item) in items.enumerate() {
        let Item::Leaf(entry) = item else {
            return Err(InvalidBlock::NotAlone.into());
        };
        draft.room_for(entry)?;
        draft
            .take(entry)?
            .map_err(|refusal| InvalidBlock::Entry { position, refusal })?;
    }
    if draft.is_empty() {
        return Err(InvalidBlock::Empty.into());
    }
    Ok(draft.seal(proposer)?)
}

/// The id of the block after `head` that holds exactly these items and says that they lead to the index
/// root `index`. No rule is asked: whoever describes a block in other words describes another one.
#[must_use]
pub fn described<'a>(
    head: &Head,
    by: BlockParameters,
    index: IndexRoot,
    items: impl IntoIterator<Item = &'a Authentic>,
) -> BlockId {
    let mut frontier = head.frontier.clone();
    let mut entries = 0;
    for leaf in items.into_iter().flat_map(|whole| whole.leaves()) {
        frontier.push(leaf.hash);
        entries += 1;
    }
    if entries == 0
        && let Some(due) = due(head.directory(), by.time).change
    {
        frontier.push(leaf_hash(due.change.write().as_bytes()));
        entries = 1;
    }
    let leaf = block_leaf(head, by, entries, index);
    frontier.push(leaf_hash(leaf.write().as_bytes()));
    Checkpoint {
        origin: head.directory().origin().clone(),
        size: frontier.size(),
        root: frontier.root(),
    }
    .block_id()
}

/// Block 0: the genesis leaf and its block leaf.
#[must_use]
pub fn genesis(genesis: &Genesis) -> Executed {
    let directory = Arc::new(Directory::genesis(genesis));
    let values = directory.values();
    let changes: Vec<_> = values
        .iter()
        .map(|(key, value)| (*key, value_hash(value)))
        .collect();
    let index = Tree::from_sorted(&changes);
    let bytes = genesis.write().into_bytes();
    let hashes = vec![leaf_hash(&bytes)];
    let leaf = BlockLeaf {
        height: Height::ZERO,
        time: genesis.time,
        proposer: None,
        parent: None,
        entries: 1,
        index: index.root(),
        epoch: directory.network().epoch,
        trust: directory.network().trust,
    };
    let log = SealedBlock {
        leaves: vec![bytes],
        hashes,
        frontier: Frontier::default(),
    };
    let (head, log) = seal(log, leaf, directory, index);
    Executed {
        head: Arc::new(head),
        first: LeafIndex::ZERO,
        leaves: log.leaves,
        hashes: log.hashes,
        ids: Vec::new(),
        records: BTreeMap::new(),
        before: BTreeMap::new(),
        values,
        values_before: BTreeMap::new(),
    }
}
