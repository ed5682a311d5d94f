//! The laws of blocks: one per height, each the child of the last, certified, timely, without doubles.

use consensus::{Commit, verify as check};
use ledger::StoredBlock;
use protocol::{
    block::BlockLeaf,
    codec,
    entry::Entry,
    hash::{BlockId, IndexRoot, RootHash},
    height::{Height, LeafIndex, LogSize, TimeMs},
    merkle,
};

use super::{Broken, KEPT_VERSION, Laws, ensure};
use crate::sim::host::Host;

/// What the node allows between two honest clocks, and a proposal on its way in round 0.
const PRECISION_MS: u64 = 500;
const DELAY_MS: u64 = 5_000;

/// A decided block, with the log and the index after it.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Decided {
    block: BlockId,
    time: TimeMs,
    size: LogSize,
    root: RootHash,
    index: IndexRoot,
}

impl Laws {
    /// Every block that this host has committed since it was last looked at.
    pub(super) fn judge_blocks(&mut self, host: &Host, true_ms: u64) -> Result<(), Broken> {
        let Some(life) = &host.life else {
            return Ok(());
        };
        let ledger = &life.shared.ledger;
        let head = ledger.head();
        let seen = self.seen.get(&host.number).copied();
        let seen = seen.unwrap_or(Height::ZERO);
        ensure(head.height() >= seen, "P3", || {
            format!(
                "{} stands at {} and has had {seen}",
                host.name,
                head.height()
            )
        })?;
        let mut height = seen.next();
        while height <= head.height() {
            let stored = ledger.block(height).map_err(|fault| fault.to_string())?;
            let stored = stored.ok_or_else(|| format!("P3: block {height} is missing"))?;
            self.judge_block(height, &stored, true_ms)?;
            height = height.next();
        }
        // A block whose sync the end of the power may have cut short is not certain to stay.
        if !host.power.is_off() {
            self.seen.insert(host.number, head.height());
        }
        let decided = self.decided.get(&head.height());
        let decided = decided.ok_or("I2: the head is of no decided height")?;
        let there = (head.size(), head.root(), head.index_root());
        let name = &host.name;
        ensure(head.block() == decided.block, "I1", || {
            format!("{name} stands on another block {}", head.height())
        })?;
        ensure(
            there == (decided.size, decided.root, decided.index),
            "I6",
            || format!("{name} has another state at height {}", head.height()),
        )
    }

    fn judge_block(
        &mut self,
        height: Height,
        stored: &StoredBlock,
        true_ms: u64,
    ) -> Result<(), Broken> {
        let bytes = &stored.certificate;
        let commit: Commit = codec::decode(KEPT_VERSION, bytes, codec::VALUE_BYTES_MAX)
            .map_err(|error| format!("I3: block {height}: {error}"))?;
        check::commit(&self.chain, &self.validators, &commit)
            .map_err(|error| format!("I3: block {height}: {error}"))?;
        ensure(commit.height == height, "I3", || {
            format!("the certificate of {height} is of {}", commit.height)
        })?;
        self.rounds_max = self.rounds_max.max(commit.round.get());
        if let Some(known) = self.decided.get(&height) {
            return ensure(known.block == commit.block, "I1", || {
                format!("two blocks of height {height}")
            });
        }
        let before = Height::new(height.get() - 1);
        let before = self.decided.get(&before).cloned();
        let before = before.ok_or_else(|| format!("I2: nothing is before {height}"))?;
        let leaf = self.log_grows(height, commit.block, &stored.leaves)?;
        ensure(leaf.parent == Some(before.block), "I2", || {
            format!("block {height} has another parent")
        })?;
        ensure(leaf.time > before.time, "I9", || {
            format!("block {height} is not later than its parent")
        })?;
        ensure(stored.leaves.len() > 1, "I2", || {
            format!("block {height} is empty")
        })?;
        self.judge_time(&commit, &leaf, true_ms)?;
        let entries = (stored.first.get()..).zip(&stored.leaves);
        for (index, bytes) in entries.take(stored.leaves.len() - 1) {
            let id = Entry::id_of_parsed(bytes);
            let twin = self.ids.insert(id, LeafIndex::new(index));
            ensure(twin.is_none(), "I8", || {
                format!("entry {id} stands twice in the log")
            })?;
        }
        Ok(())
    }

    /// Adds a block to the log that is kept here, and remembers what must be true after it.
    pub(super) fn log_grows(
        &mut self,
        height: Height,
        block: BlockId,
        leaves: &[Vec<u8>],
    ) -> Result<BlockLeaf, Broken> {
        for bytes in leaves {
            self.log.push(merkle::leaf_hash(bytes));
        }
        let last = leaves.last().ok_or("I2: a block without leaves")?;
        let leaf = BlockLeaf::parse(last).map_err(|error| format!("I2: {error}"))?;
        let decided = Decided {
            block,
            time: leaf.time,
            size: self.log.size(),
            root: self.log.root(),
            index: leaf.index,
        };
        self.one_root(decided.size, decided.root)?;
        self.decided.insert(height, decided);
        Ok(leaf)
    }

    /// I9: a block's time is near the moment at which it was proposed.
    fn judge_time(&self, commit: &Commit, leaf: &BlockLeaf, true_ms: u64) -> Result<(), Broken> {
        let (time, slack) = (leaf.time.get(), PRECISION_MS + self.skew_ms);
        let height = leaf.height;
        ensure(time <= true_ms + slack, "I9", || {
            format!("block {height} is of {time}, and it is {true_ms}")
        })?;
        let mut delay = DELAY_MS;
        for _ in 0..commit.round.get().min(100) {
            delay += delay / 10;
        }
        let proposed = self.proposed.get(&commit.block).copied();
        let proposed = proposed.unwrap_or(true_ms);
        ensure(time + slack + delay >= proposed, "I9", || {
            format!("block {height} is of {time}, and was proposed at {proposed}")
        })
    }
}
