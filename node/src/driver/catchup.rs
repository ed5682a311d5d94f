//! Catch-up: decided blocks from peers, checked like any auditor would and committed by the normal path.
//!
//! Whom to ask is another matter (`asking`). Every block brings its certificate, is executed, and must
//! come out with the id that the certificate names.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

use consensus::{Input, verify};
use protocol::{
    authentic::{Authentic, Said},
    block::BlockLeaf,
    height::Height,
};
use tokio::sync::mpsc;

use super::Driver;
use crate::{
    host::Moment,
    ingest,
    network::PeerIndex,
    wire::{self, DecidedBlock, Outline},
};

/// Blocks that wait to be checked; more are not asked for.
pub(super) const WAITING_MAX: usize = 2 * wire::BLOCKS_MAX;

/// Where catch-up stands. While one answer's blocks are committed, the next answer's signatures are
/// checked on other threads.
#[derive(Debug)]
pub(super) struct CatchUp {
    blocks: VecDeque<(Prepared, PeerIndex)>,
    /// Blocks whose signatures are being checked.
    coming: usize,
    /// The answer after that, so that blocks stay in order.
    pub(super) held: Option<(Vec<DecidedBlock>, PeerIndex)>,
    checked: mpsc::UnboundedSender<Checked>,
    /// What those threads send.
    pub(super) ready: mpsc::UnboundedReceiver<Checked>,
    /// Who was asked and has not answered yet, and who was asked last.
    pub(super) asked: Option<(PeerIndex, Moment)>,
    pub(super) asked_last: Option<PeerIndex>,
}

/// An answer whose signatures were checked; `None` where a block does not hold.
#[derive(Debug)]
pub(super) struct Checked {
    blocks: Vec<Option<Prepared>>,
    from: PeerIndex,
}

/// A block that was read.
#[derive(Debug)]
struct Prepared {
    block: DecidedBlock,
    leaf: BlockLeaf,
    /// None if an author is not known yet: a block before it may add the key, so it is looked at again
    /// when its turn comes.
    entries: Option<Vec<Arc<Authentic>>>,
}

impl CatchUp {
    pub(super) fn new() -> Self {
        let (checked, ready) = mpsc::unbounded_channel();
        Self {
            blocks: VecDeque::new(),
            coming: 0,
            held: None,
            checked,
            ready,
            asked: None,
            asked_last: None,
        }
    }

    pub(super) fn has_work(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The height after the last block that is here.
    pub(super) fn next(&self, height: Height) -> u64 {
        let waiting = u64::try_from(self.waiting()).unwrap_or(0);
        height.get().saturating_add(waiting)
    }

    pub(super) fn waiting(&self) -> usize {
        self.blocks.len().saturating_add(self.coming)
    }
}

impl Driver {
    /// An answer: the signatures of its entries are checked on all cores, beside the driver.
    pub(super) fn on_blocks(&mut self, blocks: Vec<DecidedBlock>, from: PeerIndex) {
        if let Some(old) = blocks.first()
            && old.commit.height < self.machine.height()
        {
            self.weigh(old, from);
        }
        if self.catchup.coming > 0 {
            self.answer_came(from);
            self.catchup.held = Some((blocks, from));
            return;
        }
        let room = WAITING_MAX
            .saturating_sub(self.catchup.waiting())
            .min(wire::BLOCKS_MAX);
        let next = self.catchup.next(self.machine.height());
        let last = blocks.last().map(|block| block.commit.height.get());
        let fitting: Vec<DecidedBlock> = (next..)
            .zip(
                blocks
                    .into_iter()
                    .skip_while(|block| block.commit.height.get() < next),
            )
            .take_while(|(height, block)| block.commit.height.get() == *height)
            .map(|(_, block)| block)
            .take(room)
            .collect();
        // What does not follow is no answer; what came another way meanwhile is one.
        if !fitting.is_empty() || last.is_some_and(|last| last < next) {
            self.answer_came(from);
        }
        if let Some(first) = fitting.first()
            && !self.is_certified(first)
        {
            tracing::warn!(event = "bad-commit", peer = self.peer_name(from), height = %first.commit.height, "a certificate from a peer does not hold");
            return self.answered_wrongly(from);
        }
        self.catchup.coming = self.catchup.coming.saturating_add(fitting.len());
        if fitting.len() <= 1 || !self.shared.host.has_threads() {
            let blocks = fitting
                .into_iter()
                .map(|block| prepare(&self.shared, block));
            let blocks = blocks.collect();
            return self.on_checked(Checked { blocks, from });
        }
        let (shared, checked) = (Arc::clone(&self.shared), self.catchup.checked.clone());
        let work = move || {
            let blocks = prepare_all(&shared, fitting);
            let _over = checked.send(Checked { blocks, from });
        };
        if let Err(error) = std::thread::Builder::new()
            .name("check".to_owned())
            .spawn(work)
        {
            self.shared
                .fail_with(&format!("cannot start a thread: {error}"));
        }
        self.ask_ahead(from);
    }

    /// Whether the certificate of the next block holds: a few signatures, looked at before all those
    /// of its entries. Of a later block it cannot be said yet.
    fn is_certified(&self, block: &DecidedBlock) -> bool {
        let commit = &block.commit;
        commit.height != self.machine.height()
            || verify::commit(&self.chain, &self.validators, commit).is_ok()
    }

    fn answer_came(&mut self, from: PeerIndex) {
        self.catchup.asked.take_if(|(peer, _)| *peer == from);
    }

    /// Blocks whose signatures were checked wait their turn, and the next answer is looked at.
    pub(super) fn on_checked(&mut self, checked: Checked) {
        let Checked { blocks, from } = checked;
        self.catchup.coming = self.catchup.coming.saturating_sub(blocks.len());
        for block in blocks {
            let Some(block) = block else {
                tracing::warn!(
                    event = "bad-block",
                    peer = self.peer_name(from),
                    "a block from a peer does not hold"
                );
                // What is held would follow the blocks that do not come now.
                self.catchup.held = None;
                return self.answered_wrongly(from);
            };
            self.catchup.blocks.push_back((block, from));
        }
        match self.catchup.held.take() {
            Some((blocks, from)) => self.on_blocks(blocks, from),
            None => self.ask_ahead(from),
        }
    }

    /// Commits the next block that waits, by way of the machine.
    pub(super) fn catch_up_one(&mut self) {
        let Some((prepared, from)) = self.catchup.blocks.pop_front() else {
            return;
        };
        let height = self.machine.height();
        let Prepared {
            block,
            leaf,
            entries,
        } = prepared;
        if block.commit.height < height {
            return;
        }
        let Some(entries) = entries.or_else(|| believe(&self.shared, &block)) else {
            tracing::warn!(event = "bad-block", peer = self.peer_name(from), %height, "a signature in a block from a peer does not hold");
            self.catchup.blocks.clear();
            return self.answered_wrongly(from);
        };
        let commit = block.commit;
        let outline = Outline {
            height: leaf.height,
            time: leaf.time,
            proposer: leaf
                .proposer
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            entries: entries.iter().map(|entry| entry.hash()).collect(),
        };
        let verified = verify::commit(&self.chain, &self.validators, &commit);
        let (Ok(verified), true) = (verified, commit.height == height) else {
            tracing::warn!(event = "bad-commit", peer = self.peer_name(from), %height, "a certificate from a peer does not hold");
            self.catchup.blocks.clear();
            return self.answered_wrongly(from);
        };
        if self.candidates.get(&commit.block).is_none() {
            match self.execute(commit.block, &outline, &entries) {
                Ok(Some(executed)) => {
                    self.candidates.insert(outline, entries, executed);
                }
                Ok(None) => {
                    // The certificate holds, so either the peer sent other leaves or we are wrong.
                    tracing::error!(event = "bad-block", peer = self.peer_name(from), %height, "the block does not come out as its certificate says");
                    self.catchup.blocks.clear();
                    self.contest(self.shared.ledger.head().height(), from);
                    return self.answered_wrongly(from);
                }
                Err(reason) => return self.shared.fail_with(&reason),
            }
        }
        self.feed(Input::BlockKnown {
            block: commit.block,
            valid: true,
        });
        self.feed(Input::Commit(verified));
        self.perform_all();
        self.ask_ahead(from);
    }
}

/// Parses and authenticates whole blocks, split over the cores.
fn prepare_all(shared: &crate::shared::Shared, blocks: Vec<DecidedBlock>) -> Vec<Option<Prepared>> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let share = blocks.len().div_ceil(cores).max(1);
    let mut parts: Vec<Vec<DecidedBlock>> = Vec::new();
    let mut blocks = blocks.into_iter().peekable();
    while blocks.peek().is_some() {
        parts.push(blocks.by_ref().take(share).collect());
    }
    let work = |part: Vec<DecidedBlock>| {
        part.into_iter()
            .map(|block| prepare(shared, block))
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| vec![None]))
            .collect()
    })
}

fn prepare(shared: &crate::shared::Shared, block: DecidedBlock) -> Option<Prepared> {
    let leaf = BlockLeaf::parse(block.leaves.last()?).ok()?;
    let entries = believe(shared, &block);
    Some(Prepared {
        block,
        leaf,
        entries,
    })
}

/// The leaves of a block but its own, if the key of each author is known and made its signature.
fn believe(shared: &crate::shared::Shared, block: &DecidedBlock) -> Option<Vec<Arc<Authentic>>> {
    let (_, leaves) = block.leaves.split_last()?;
    let believe = |bytes: &Cow<'_, [u8]>| {
        let said = Said::parse(bytes).ok()?;
        ingest::authenticate(shared, said, Said::hash_of(bytes)).ok()
    };
    Said::regroup(leaves).iter().map(believe).collect()
}
