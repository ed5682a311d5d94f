//! Facts for the sign guard, and what its orders do to the machine.
//!
//! When a validator is silent, and what ends that, is the guard's to say (`sign_guard`).

use consensus::{Commit, Input, Machine, Safety, SignedVote, verify};
use ledger::Head;
use protocol::{
    codec,
    height::Height,
    planted::{self, Bug},
};

use super::{Driver, SAFETY_VERSION, sign_guard::GuardOrder};
use crate::{
    cosign_state::Cosigned,
    durable::DurableFault,
    fault::NodeFault,
    ingest::{self, Denial, IngestAnswer},
    network::PeerIndex,
    wire::Cosignature,
};

impl Driver {
    /// Why this validator is silent, for its operator.
    pub(super) fn silence_reason(&self) -> Option<String> {
        let awaited = self.guard.awaited_mark();
        let returning = awaited.map(|_| self.shared.mempool().returning());
        self.guard
            .reason(returning.unwrap_or_default(), self.epoch.validators())
    }

    /// The newest vote of the peer's agency that was seen here.
    pub(super) fn newest_vote_of(&self, peer: PeerIndex) -> Option<SignedVote> {
        let key = self.epoch.agency(self.peers.name(peer))?.vote;
        self.guard.newest_vote(&key).cloned()
    }

    /// The newest cosignature of the peer's agency that is known here.
    pub(super) fn newest_cosignature_of(&self, peer: PeerIndex) -> Option<Cosignature> {
        let agency = &self.epoch.agency(self.peers.name(peer))?.name;
        self.publisher.newest_of(agency).cloned()
    }

    /// A peer tells what it has seen last of this validator's own words.
    pub(super) fn on_told(
        &mut self,
        from: PeerIndex,
        height: Height,
        vote: Option<&SignedVote>,
        cosign: Option<&Cosignature>,
    ) {
        if !self.guard.is_validator() {
            return;
        }
        let quorum = self.epoch.validators().quorum();
        if planted::is(Bug::ReturnByHearsay) {
            let top = self.shared.ledger.head().height();
            self.guard.return_by_hearsay(from, height, top, quorum);
        }
        if let Some(cosigned) = cosign.and_then(|cosign| self.publisher.own_word(cosign)) {
            self.is_reminded_of_cosigning(cosigned);
        }
        if let Some(vote) = vote {
            self.is_reminded_of_vote(vote);
        }
        if self.is_validator(from) {
            self.guard.on_heard(from, quorum.saturating_sub(1));
        }
        self.speak_when_clear();
    }

    fn is_reminded_of_vote(&mut self, vote: &SignedVote) {
        let height = self.machine.height();
        if Some(vote.signer) != self.guard.public() || vote.statement.height < height {
            return;
        }
        if let Ok(vote) = verify::vote(&self.chain, self.epoch.validators(), vote) {
            let machine = &self.machine;
            let order = self.guard.on_own_vote(vote, height, || machine.record());
            self.obey(order);
        }
    }

    fn is_reminded_of_cosigning(&mut self, told: Cosigned) {
        let known = self.publisher.cosigned();
        if known.is_some_and(|known| known.size >= told.size) {
            return;
        }
        tracing::error!(event = "forgotten-cosignature", size = %told.size, "a peer has a cosignature of this validator that its cosign state does not know; signing nothing before that size");
        if let Err(fault) = self.publisher.raise(told) {
            return self.shared.fail(&fault);
        }
        let machine = &self.machine;
        self.guard.on_own_cosign(told, || machine.record());
        self.machine_with(Some(self.guard.silent_record()));
        self.check_behind();
    }

    /// A block is on disk: what it ends is looked at before anything is signed again.
    pub(super) fn after_block(&mut self) {
        if !self.guard.is_silent() {
            return;
        }
        self.check_behind();
        self.check_return();
        self.speak_when_clear();
    }

    /// At the start, if the disk has lost the end of the ledger.
    pub(super) fn say_if_shorter(&self) {
        if let Some(cosigned) = self.guard.behind() {
            let size = self.shared.ledger.head().size();
            tracing::error!(
                event = "ledger-shorter",
                %size,
                cosigned = %cosigned.size,
                "the ledger is shorter than what was cosigned: its disk has lost the end of it; following in silence until it is fetched again"
            );
        }
    }

    /// Whether the log has grown to what was cosigned, and is the same.
    pub(super) fn check_behind(&mut self) {
        let size = self.shared.ledger.head().size();
        let Some(cosigned) = self.guard.behind().filter(|last| last.size <= size) else {
            return;
        };
        let root = self.shared.ledger.root_at(cosigned.size);
        let root = root.map_err(NodeFault::from);
        if let Err(fault) = root.and_then(|root| self.guard.on_grown(cosigned.size, root)) {
            self.shared.fail(&fault);
        }
    }

    /// Whether a block holds the mark that this validator waits for.
    pub(super) fn check_return(&mut self) {
        let Some((agency, nonce)) = self.guard.awaited_mark() else {
            return;
        };
        let head = self.shared.ledger.head();
        let last = head.directory().last_return(agency).cloned();
        let Some(last) = last.filter(|last| last.nonce == nonce) else {
            return;
        };
        let come_back = match self.twin_at(last.height) {
            Ok(None) => self.returned(&head),
            Ok(Some(height)) => Err(self.guard.on_twin(height)),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = come_back {
            self.shared.fail(&fault);
        }
    }

    /// Where another node has signed with this validator's key since its mark was made: in the block of
    /// `height`, which holds the mark, or above.
    fn twin_at(&self, height: Height) -> Result<Option<Height>, NodeFault> {
        let stored = self.shared.ledger.blocks(height, 1, usize::MAX)?;
        let stored = stored.first().ok_or(NodeFault::Missing(height))?;
        let commit: Commit =
            codec::decode(SAFETY_VERSION, &stored.certificate, codec::VALUE_BYTES_MAX)
                .map_err(|source| NodeFault::Certificate { height, source })?;
        let me = self.guard.public();
        let mine = me.and_then(|me| self.epoch.validators().index_of(&me));
        Ok(self.guard.twin(height, &commit, mine))
    }

    /// The block with the mark lies behind. The cosign state first: a crash in between finds the mark
    /// again.
    fn returned(&mut self, head: &Head) -> Result<(), NodeFault> {
        self.publisher.raise(Cosigned {
            size: head.size(),
            root: head.root(),
        })?;
        self.guard.on_returned(head.height().next())?;
        tracing::info!(event = "returned", height = %head.height(), "a block holds the return mark; this validator speaks from the next height on");
        Ok(())
    }

    /// Speaks once nothing is in the way.
    pub(super) fn speak_when_clear(&mut self) {
        if self.has_failed() {
            return;
        }
        let next = self.shared.ledger.head().height().next();
        let order = self.guard.speak_when_clear(next);
        self.obey(order);
    }

    fn obey(&mut self, order: Result<GuardOrder, DurableFault>) {
        match order {
            Ok(GuardOrder::Nothing) => {}
            Ok(GuardOrder::Compare(vote)) => self.feed(Input::Vote(vote)),
            Ok(GuardOrder::FallSilent) => {
                self.machine_with(Some(self.guard.silent_record()));
                self.speak_when_clear();
            }
            Ok(GuardOrder::Speak(record)) => {
                self.machine_with(record);
                self.cosign_head();
            }
            Err(fault) => self.shared.fail(&fault),
        }
    }

    /// A machine for the same height with another memory.
    fn machine_with(&mut self, record: Option<Safety>) {
        let (me, height) = (self.guard.public(), self.machine.height());
        self.orders.clear();
        self.schedule.clear_timers();
        let validators = self.epoch.validators().clone();
        self.machine = Machine::new(self.chain, validators, me, height, record);
        self.feed(Input::Start);
        for block in self.candidates.blocks() {
            self.feed(Input::BlockKnown { block, valid: true });
        }
        let waits = !self.shared.mempool().is_empty();
        self.feed(Input::Pending(waits));
    }

    /// Hands the return mark in, if one is awaited.
    pub(super) fn hand_in_mark(&mut self) {
        let head = self.shared.ledger.head();
        let (directory, next) = (head.directory(), head.height().next());
        let lifetime = directory.limits().lifetime_heights;
        let last = self.guard.agency();
        let last = last
            .and_then(|agency| directory.last_return(agency))
            .cloned();
        let network = directory.network_id();
        let Some(mark) = self.guard.mark(next, lifetime, last.as_ref(), network) else {
            return;
        };
        let refused = match ingest::bring(&self.shared, mark) {
            IngestAnswer::Refused(_, Denial::Rules(refusal)) => Some(refusal.to_string()),
            _ => None,
        };
        self.guard.on_mark_answer(refused);
    }
}
