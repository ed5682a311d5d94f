//! Decided blocks from peers, checked like any auditor would and committed by the normal path.
//!
//! Every block brings its certificate, is executed, and must come out with the id that the certificate
//! names. Which blocks fit is catch-up's to say, and whom to ask is another matter (`block_requests`).

use std::sync::Arc;

use consensus::{Input, verify};

use super::{
    Driver,
    catchup::{
        CatchUpOrder,
        prepare::{CheckedAnswer, PreparedBlock, believe, prepare_all, prepare_some},
    },
    proposals::DescribedBlock,
};
use crate::{
    breaches::Breach,
    network::PeerIndex,
    wire::{CompactBlock, DecidedBlock},
};

impl Driver {
    /// Blocks came from a peer.
    pub(super) fn on_blocks(&mut self, blocks: Vec<DecidedBlock>, from: PeerIndex) {
        let is_answer = self.peers.take_answer(from);
        let height = self.machine.height();
        let is_old = |block: &DecidedBlock| block.commit.height < height;
        if let Some(old) = blocks.first().filter(|block| is_old(block)) {
            self.weigh(&old.commit, from);
        }
        let order = self.catchup.on_blocks(blocks, from, is_answer, height);
        self.catch_up(order);
    }

    /// Other threads have checked an answer.
    pub(super) fn on_checked(&mut self, checked: CheckedAnswer) {
        let order = self.catchup.on_checked(checked, self.machine.height());
        self.catch_up(order);
    }

    fn catch_up(&mut self, order: CatchUpOrder) {
        match order {
            CatchUpOrder::Wait => {}
            CatchUpOrder::Unasked(from) => {
                self.breach(from, Breach::Unasked, &"blocks that nobody asked for");
            }
            CatchUpOrder::Check(blocks, from) => self.check_blocks(blocks, from),
            CatchUpOrder::AskAhead(from) => self.ask_ahead(from),
            CatchUpOrder::Wrong(from) => {
                self.breach(from, Breach::Block, &"a block does not hold");
                self.answered_wrongly(from);
            }
        }
    }

    /// The signatures of the blocks' entries are checked on all cores, beside the driver.
    fn check_blocks(&mut self, blocks: Vec<DecidedBlock>, from: PeerIndex) {
        if let Some(first) = blocks.first()
            && !self.is_certified(first)
        {
            self.breach(from, Breach::Block, &"a certificate does not hold");
            return self.answered_wrongly(from);
        }
        self.catchup.begin_check(blocks.len());
        if blocks.len() <= 1 || !self.shared.host.has_threads() {
            let blocks = prepare_some(&self.shared, blocks);
            return self.on_checked(CheckedAnswer { blocks, from });
        }
        let (shared, checked) = (Arc::clone(&self.shared), self.catchup.sender());
        let work = move || {
            let blocks = prepare_all(&shared, blocks);
            let _over = checked.send(CheckedAnswer { blocks, from });
        };
        let thread = std::thread::Builder::new().name("check".to_owned());
        if let Err(error) = thread.spawn(work) {
            tracing::warn!(event = "no-thread", %error, "cannot start a thread to check blocks");
            self.catchup.give_up_check();
        }
        self.ask_ahead(from);
    }

    /// Whether the certificate of the next block holds: a few signatures, looked at before all those
    /// of its entries. Of a later block it cannot be said yet.
    fn is_certified(&self, block: &DecidedBlock) -> bool {
        let commit = &block.commit;
        commit.height != self.machine.height()
            || verify::commit(&self.chain, self.epoch.validators(), commit).is_ok()
    }

    /// Commits the next block that waits, by way of the machine.
    pub(super) fn catch_up_one(&mut self) {
        let Some((prepared, from)) = self.catchup.next_block() else {
            return;
        };
        let height = self.machine.height();
        let PreparedBlock {
            block,
            leaf,
            entries,
        } = prepared;
        if block.commit.height < height {
            return;
        }
        let again = || believe(&self.shared, std::slice::from_ref(&block)).pop()?;
        let Some(entries) = entries.or_else(again) else {
            if self.shared.failed.borrow().is_some() {
                // This machine could not tell, which is nobody's fault but its own.
                return;
            }
            self.breach(from, Breach::Block, &"a signature in a block does not hold");
            self.catchup.drop_waiting();
            return self.answered_wrongly(from);
        };
        let commit = block.commit;
        let compact = CompactBlock {
            height: leaf.height,
            time: leaf.time,
            proposer: leaf
                .proposer
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            index: leaf.index,
            entries: entries.iter().map(|entry| entry.hash()).collect(),
        };
        let verified = verify::commit(&self.chain, self.epoch.validators(), &commit);
        let (Ok(verified), true) = (verified, commit.height == height) else {
            self.breach(from, Breach::Block, &"a certificate does not hold");
            self.catchup.drop_waiting();
            return self.answered_wrongly(from);
        };
        let mut valid = true;
        if self.candidates.get(&commit.block).is_none() {
            match self.judge_block(commit.block, &compact, &entries) {
                Ok(DescribedBlock::Valid(executed)) => {
                    self.keep_candidate(compact, entries, *executed);
                }
                // A quorum decided what is against the rules here: the machine halts.
                Ok(DescribedBlock::Invalid) => valid = false,
                Ok(DescribedBlock::AnotherBlock) => {
                    // The certificate holds, so either the peer sent other leaves or our log is another.
                    let detail =
                        format!("block {height} does not come out as its certificate says");
                    self.breach(from, Breach::Block, &detail);
                    self.catchup.drop_waiting();
                    self.contest(self.shared.ledger.head().height(), from);
                    return self.answered_wrongly(from);
                }
                Err(fault) => return self.shared.fail(&fault),
            }
        }
        self.feed(Input::BlockKnown {
            block: commit.block,
            valid,
        });
        self.feed(Input::Commit(verified));
        self.perform_all();
        self.ask_ahead(from);
    }
}
