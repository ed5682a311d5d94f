//! Catch-up: decided blocks from peers, checked like any auditor would and committed by the normal path.
//!
//! A peer's word on its height is only a reason to ask it. Every block brings its certificate, is
//! executed, and must come out with the id that the certificate names.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use consensus::{Input, verify};
use protocol::{
    block::BlockLeaf,
    entry::{Authentic, Entry},
    height::Height,
    merkle,
};
use tokio::sync::mpsc;

use super::Driver;
use crate::{
    host::Moment,
    ingest,
    network::{Lane, PeerIndex},
    wire::{self, DecidedBlock, Outline, SyncMessage},
};

/// Ask again if an answer takes longer than this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Blocks that wait to be checked; more are not asked for.
const WAITING_MAX: usize = 2 * wire::BLOCKS_MAX;

/// Where catch-up stands. While one answer's blocks are committed, the next answer's signatures are
/// checked on other threads.
#[derive(Debug)]
pub(super) struct CatchUp {
    blocks: VecDeque<(Prepared, PeerIndex)>,
    /// Blocks whose signatures are being checked.
    coming: usize,
    /// The answer after that, so that blocks stay in order.
    held: Option<(Vec<DecidedBlock>, PeerIndex)>,
    checked: mpsc::UnboundedSender<Checked>,
    /// What those threads send.
    pub(super) ready: mpsc::UnboundedReceiver<Checked>,
    asked: Option<(PeerIndex, Moment)>,
    /// The greatest height that any peer has told of, and who.
    farthest: Option<(Height, PeerIndex)>,
}

/// An answer whose signatures were checked; `None` where a block does not hold.
#[derive(Debug)]
pub(super) struct Checked {
    blocks: Vec<Option<Prepared>>,
    from: PeerIndex,
}

/// A block whose signatures were checked.
#[derive(Debug)]
struct Prepared {
    block: DecidedBlock,
    leaf: BlockLeaf,
    entries: Vec<Arc<Authentic>>,
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
            farthest: None,
        }
    }

    pub(super) fn has_work(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The height after the last block that is here.
    fn next(&self, height: Height) -> u64 {
        let waiting = u64::try_from(self.waiting()).unwrap_or(0);
        height.get().saturating_add(waiting)
    }

    fn waiting(&self) -> usize {
        self.blocks.len().saturating_add(self.coming)
    }
}

impl Driver {
    /// A peer says, or shows by its votes, that `height` is decided.
    pub(super) fn heard_height(&mut self, peer: PeerIndex, height: Height) {
        if let Some(state) = self.peers.get_mut(peer.get()) {
            state.height = height;
        }
        if height < self.machine.height() {
            return;
        }
        if self
            .catchup
            .farthest
            .is_none_or(|(known, _)| known < height)
        {
            self.catchup.farthest = Some((height, peer));
        }
        self.ask_for_blocks(peer);
    }

    /// Asks `peer` for what comes next, unless an answer is on its way.
    pub(super) fn ask_for_blocks(&mut self, peer: PeerIndex) {
        let waiting = self
            .catchup
            .asked
            .is_some_and(|(_, at)| self.shared.host.since(at) < ANSWER_WITHIN);
        if waiting || self.catchup.held.is_some() || self.catchup.waiting() >= WAITING_MAX {
            return;
        }
        let from = Height::new(self.catchup.next(self.machine.height()));
        self.catchup.asked = Some((peer, self.shared.host.moment()));
        let count = u32::try_from(wire::BLOCKS_MAX).unwrap_or(1);
        self.send(peer, Lane::Sync, &SyncMessage::GetBlocks { from, count });
    }

    /// Still behind and nobody answers: ask the next one that claims to be ahead.
    pub(super) fn ask_again(&mut self) {
        let mine = self.machine.height();
        let stale = self
            .catchup
            .asked
            .is_none_or(|(_, at)| self.shared.host.since(at) >= ANSWER_WITHIN);
        if !stale || self.catchup.waiting() > 0 {
            return;
        }
        let last = self.catchup.asked.map(|(peer, _)| peer);
        let ahead = (0..self.peers.len()).map(PeerIndex::new).filter(|peer| {
            self.peers
                .get(peer.get())
                .is_some_and(|state| state.height >= mine)
        });
        let ahead: Vec<PeerIndex> = ahead.collect();
        let next = ahead
            .iter()
            .find(|peer| Some(**peer) != last)
            .or_else(|| ahead.first())
            .copied();
        if let Some(peer) = next {
            self.ask_for_blocks(peer);
        }
    }

    /// An answer: the signatures of its entries are checked on all cores, beside the driver.
    pub(super) fn on_blocks(&mut self, blocks: Vec<DecidedBlock>, from: PeerIndex) {
        if self.catchup.asked.is_some_and(|(peer, _)| peer == from) {
            self.catchup.asked = None;
        }
        if let Some(old) = blocks.first()
            && old.commit.height < self.machine.height()
        {
            self.weigh(old, from);
        }
        if self.catchup.coming > 0 {
            self.catchup.held = Some((blocks, from));
            return;
        }
        let room = WAITING_MAX
            .saturating_sub(self.catchup.waiting())
            .min(wire::BLOCKS_MAX);
        let next = self.catchup.next(self.machine.height());
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
                return;
            };
            self.catchup.blocks.push_back((block, from));
        }
        match self.catchup.held.take() {
            Some((blocks, from)) => self.on_blocks(blocks, from),
            None => self.ask_ahead(from),
        }
    }

    fn ask_ahead(&mut self, peer: PeerIndex) {
        let known = self.catchup.next(self.machine.height());
        let farthest = self.catchup.farthest;
        if farthest.is_some_and(|(height, _)| height.get() >= known)
            && self.catchup.waiting() < wire::BLOCKS_MAX
        {
            self.ask_for_blocks(peer);
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
        let commit = block.commit;
        if commit.height < height {
            return;
        }
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
            return;
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
                    return;
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
    let (last, leaves) = block.leaves.split_last()?;
    let leaf = BlockLeaf::parse(last).ok()?;
    let entry = |bytes: &Vec<u8>| {
        let entry = Entry::parse(bytes).ok()?;
        ingest::authenticate(shared, entry, merkle::leaf_hash(bytes)).ok()
    };
    let entries = leaves.iter().map(entry).collect::<Option<Vec<_>>>()?;
    Some(Prepared {
        block,
        leaf,
        entries,
    })
}
