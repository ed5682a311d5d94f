//! Proposals on their way to the machine: their entries are gathered, then the block is executed.
//!
//! A proposal names entries by hash; nearly always all of them wait here already. What is missing is
//! asked of the sender. The moment at which a proposal came is what its time is judged by, however
//! long the gathering takes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use consensus::{Input, SignedProposal, Verified};
use ledger::{NotExecuted, execute};
use protocol::{
    authentic::{Authentic, Said},
    hash::{BlockId, LeafHash},
    height::{Height, TimeMs},
};

use super::{Driver, clock};
use crate::{
    host::Moment,
    ingest,
    network::{Lane, PeerIndex},
    shared::describe,
    wire::{Outline, SyncMessage},
};

/// Entries are nearly always on their way already, told by whoever got them first; to ask at once
/// would only bring and check them twice.
const ASK_AFTER: Duration = Duration::from_millis(40);
/// Blocks that are gathered at once.
const GATHERED_MAX: usize = 8;
/// Proposals of the next height that wait for this one to end.
const EARLY_MAX: usize = 4;

/// A block whose entries are being gathered.
#[derive(Debug)]
struct Gathering {
    outline: Outline,
    /// The proposals that named it, with the moment at which each came.
    proposals: Vec<(Verified<SignedProposal>, TimeMs)>,
    /// Entries that do not wait here but came for this block.
    fetched: BTreeMap<LeafHash, Arc<Authentic>>,
    /// Who has the block, and when to ask for what is still missing.
    from: PeerIndex,
    ask_at: Option<Moment>,
}

/// Blocks that are not complete yet.
#[derive(Debug, Default)]
pub(super) struct Proposals {
    gathering: BTreeMap<BlockId, Gathering>,
    early: Vec<(SignedProposal, Outline, PeerIndex, TimeMs)>,
}

impl Driver {
    /// A verified proposal of this height with its outline.
    pub(super) fn on_proposal(
        &mut self,
        proposal: Verified<SignedProposal>,
        outline: Outline,
        from: PeerIndex,
        came: TimeMs,
    ) {
        let block = proposal.get().statement.block;
        if let Some(candidate) = self.candidates.get(&block) {
            let valid = self.judge_fresh(&proposal, &candidate.outline);
            let timely =
                clock::is_timely(candidate.outline.time, came, proposal.get().statement.round);
            self.feed(Input::Proposal {
                proposal,
                valid,
                timely,
            });
            return;
        }
        if self.gather(block, outline, from) {
            if let Some(gathering) = self.proposals.gathering.get_mut(&block)
                && gathering.proposals.len() < GATHERED_MAX
            {
                gathering.proposals.push((proposal, came));
            }
            self.complete_proposals();
        }
    }

    /// A fresh proposal must be of the proposer's own making; one with a polka was judged by a quorum.
    fn judge_fresh(&self, proposal: &Verified<SignedProposal>, outline: &Outline) -> bool {
        let proposal = proposal.get();
        proposal.statement.polka.is_some()
            || self.agencies.get(&proposal.signer) == outline.proposer().as_ref()
    }

    /// Starts or continues to gather a block; what is still missing in a moment is asked of `from`.
    pub(super) fn gather(&mut self, block: BlockId, outline: Outline, from: PeerIndex) -> bool {
        if outline.height != self.machine.height() {
            return false;
        }
        let gathering = &mut self.proposals.gathering;
        if !gathering.contains_key(&block) && gathering.len() >= GATHERED_MAX {
            gathering.pop_first();
        }
        let ask_at = Some(self.shared.host.moment() + ASK_AFTER);
        let known = gathering.entry(block).or_insert_with(|| Gathering {
            outline,
            proposals: Vec::new(),
            fetched: BTreeMap::new(),
            from,
            ask_at,
        });
        (known.from, known.ask_at) = (from, known.ask_at.or(ask_at));
        true
    }

    /// When to ask for what is missing, if anything is.
    pub(super) fn gather_deadline(&self) -> Option<Moment> {
        self.proposals
            .gathering
            .values()
            .filter_map(|gathering| gathering.ask_at)
            .min()
    }

    /// Asks for entries that have not come by themselves.
    pub(super) fn ask_for_entries(&mut self) {
        let now = self.shared.host.moment();
        let mut asked = Vec::new();
        for gathering in self
            .proposals
            .gathering
            .values_mut()
            .filter(|gathering| gathering.ask_at.is_some_and(|at| at <= now))
        {
            gathering.ask_at = None;
            let mempool = self.shared.mempool();
            let lacks = |hash: &&LeafHash| {
                mempool.get(hash).is_none() && !gathering.fetched.contains_key(hash)
            };
            asked.push((
                gathering.from,
                gathering
                    .outline
                    .entries
                    .iter()
                    .filter(lacks)
                    .copied()
                    .collect::<Vec<_>>(),
            ));
        }
        for (from, missing) in asked {
            self.send(from, Lane::Sync, &SyncMessage::GetEntries(missing));
        }
    }

    /// Entries that a peer sent because this node asked.
    pub(super) fn on_entries(&mut self, entries: Vec<Vec<u8>>) {
        for bytes in entries {
            let hash = Said::hash_of(&bytes);
            let wanted = self
                .proposals
                .gathering
                .values()
                .any(|gathering| gathering.outline.entries.contains(&hash));
            if !wanted {
                continue;
            }
            let Ok(said) = Said::parse(&bytes) else {
                continue;
            };
            // An entry whose signature does not hold leaves its block incomplete, so it gets no vote.
            let Ok(entry) = ingest::authenticate(&self.shared, said, hash) else {
                continue;
            };
            for gathering in self.proposals.gathering.values_mut() {
                if gathering.outline.entries.contains(&hash) {
                    gathering.fetched.insert(hash, Arc::clone(&entry));
                }
            }
        }
        self.complete_proposals();
    }

    /// Executes every block whose entries are all here, and tells the machine.
    pub(super) fn complete_proposals(&mut self) {
        let blocks: Vec<BlockId> = self.proposals.gathering.keys().copied().collect();
        for block in blocks {
            let Some(gathering) = self.proposals.gathering.get(&block) else {
                continue;
            };
            let entries: Option<Vec<Arc<Authentic>>> = {
                let mempool = self.shared.mempool();
                let find = |hash: &LeafHash| {
                    mempool
                        .get(hash)
                        .or_else(|| gathering.fetched.get(hash))
                        .cloned()
                };
                gathering.outline.entries.iter().map(find).collect()
            };
            if let Some(entries) = entries
                && let Some(gathering) = self.proposals.gathering.remove(&block)
            {
                self.judge(block, gathering, entries);
            }
        }
    }

    fn judge(&mut self, block: BlockId, gathering: Gathering, entries: Vec<Arc<Authentic>>) {
        let Gathering {
            outline, proposals, ..
        } = gathering;
        let valid = match self.execute(block, &outline, &entries) {
            Ok(executed) => {
                let valid = executed.is_some();
                if let Some(executed) = executed {
                    self.candidates.insert(outline.clone(), entries, executed);
                }
                valid
            }
            Err(reason) => return self.shared.fail_with(&reason),
        };
        self.feed(Input::BlockKnown { block, valid });
        for (proposal, came) in proposals {
            let valid = valid && self.judge_fresh(&proposal, &outline);
            let timely = clock::is_timely(outline.time, came, proposal.get().statement.round);
            self.feed(Input::Proposal {
                proposal,
                valid,
                timely,
            });
        }
    }

    /// The block, if the rules allow it and it is the one that was voted on. Only this machine's own
    /// trouble is an error.
    pub(super) fn execute(
        &self,
        block: BlockId,
        outline: &Outline,
        entries: &[Arc<Authentic>],
    ) -> Result<Option<execute::Executed>, String> {
        let Some(proposer) = outline.proposer() else {
            return Ok(None);
        };
        let proposal = execute::Proposal {
            proposer,
            time: outline.time,
        };
        match self
            .shared
            .ledger
            .execute(proposal, entries.iter().map(Arc::as_ref))
        {
            Ok(executed) if executed.block() == block => Ok(Some(executed)),
            Ok(_) => {
                tracing::warn!(event = "block-mismatch", %block, "the outline makes another block than the one proposed");
                Ok(None)
            }
            Err(NotExecuted::Invalid(invalid)) => {
                tracing::warn!(event = "block-invalid", %block, %invalid);
                Ok(None)
            }
            Err(NotExecuted::Fault(fault)) => Err(describe(&fault)),
        }
    }

    /// A proposal of the next height, kept until this one is over. Its signature is checked then.
    pub(super) fn keep_early(
        &mut self,
        proposal: SignedProposal,
        outline: Outline,
        from: PeerIndex,
        came: TimeMs,
    ) {
        if self.proposals.early.len() < EARLY_MAX {
            self.proposals.early.push((proposal, outline, from, came));
        }
    }

    /// Begins a height: what was gathered for the last one is dropped, what came early is looked at.
    pub(super) fn proposals_of_new_height(&mut self, height: Height) {
        self.proposals.gathering.clear();
        for (proposal, outline, from, came) in std::mem::take(&mut self.proposals.early) {
            if proposal.statement.height == height
                && let Ok(proposal) =
                    consensus::verify::proposal(&self.chain, &self.validators, &proposal)
            {
                self.on_proposal(proposal, outline, from, came);
            }
        }
    }

    /// Blocks of the last run that may have this validator's lock.
    pub(super) fn restore_candidates(&mut self) {
        let height = self.machine.height();
        let saved = match self.candidates.read_saved(&self.safety, height) {
            Ok(saved) => saved,
            Err(fault) => return self.shared.fail_with(&fault.to_string()),
        };
        for saved in saved {
            let entry = |bytes: &Vec<u8>| {
                let said = Said::parse(bytes).ok()?;
                ingest::authenticate(&self.shared, said, Said::hash_of(bytes)).ok()
            };
            let Some(entries) = saved.entries.iter().map(entry).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let Some(proposer) = saved.outline.proposer() else {
                continue;
            };
            let proposal = execute::Proposal {
                proposer,
                time: saved.outline.time,
            };
            if let Ok(executed) = self
                .shared
                .ledger
                .execute(proposal, entries.iter().map(Arc::as_ref))
            {
                let block = self.candidates.insert(saved.outline, entries, executed);
                self.feed(Input::BlockKnown { block, valid: true });
            }
        }
    }
}
