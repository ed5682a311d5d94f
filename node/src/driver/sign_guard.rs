//! The sign guard: the voting key, the safety record, and whether anything may be signed with them now.
//!
//! A validator must be silent because it may not know all that its keys have signed. Four reasons, each
//! ended by something that no peer can make up:
//! - what it signed is lost: until a block that holds its return mark lies behind. Any block that holds
//!   the mark was decided after the loss, and one of its honest signers had seen all that this validator
//!   had voted in (`consensus/src/tests/returns.rs`);
//! - its log is shorter than what it has cosigned: until it has grown to there, with the same root;
//! - it has just started: until a quorum less itself has told what it knows of this validator's words.
//!   A folder that is an old copy is whole from inside; whoever saw the newer words sends them;
//! - it was told of words of its own that it does not know: until they lie behind.
//!
//! What peers tell counts only under this validator's own signature, and only prolongs the silence.
//! Heights that they tell count for nothing. While it is silent it neither votes nor cosigns. Facts come
//! in; what follows for the machine is an order. Each vote key has a record of its own, and at most one of
//! them acts: the one that the state names. An observer has none, and is never silent.

mod mark;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use consensus::{
    Commit, Proposal, Safety, SignedProposal, SignedVote, ValidatorSet, Verified, Vote, VoteKind,
};
use protocol::{
    hash::{ChainId, ReturnNonce, RootHash},
    height::{Height, LogSize},
    key::PublicKey,
    name::AgencyName,
};

use super::{
    candidates::Candidates,
    signer::{Signer, WouldContradict},
};
use crate::{
    cosign_state::Cosigned,
    durable::{Durable, DurableFault},
    fault::NodeFault,
    keys::{KeysInForce, ValidatorKeys},
    network::PeerIndex,
    sign_state::{SafetyBody, SafetyFile, SafetyRecord},
    wire::Silence,
};

/// What the driver is to do with the machine.
#[derive(Debug, PartialEq)]
pub(super) enum GuardOrder {
    /// Nothing.
    Nothing,
    /// Give it this vote of this validator, which it compares with its record.
    Compare(Verified<SignedVote>),
    /// Put one in its place that says nothing.
    FallSilent,
    /// Put one in its place that speaks with this record, and cosign the head.
    Speak(Option<Safety>),
}

/// What a validator finds at its start.
#[derive(Debug)]
pub(super) struct AtStart {
    /// What it has cosigned beyond the end of its log.
    pub(super) behind: Option<Cosigned>,
    /// Whether it listens to others first.
    pub(super) listens: bool,
}

/// The key that votes now, over the file of its record.
#[derive(Debug)]
struct ActingKey {
    signer: Signer,
    safety: SafetyFile,
}

/// What may be signed now, and why no more.
#[derive(Debug)]
pub(super) struct SignGuard {
    chain: ChainId,
    /// None while the state names none of this node's vote keys.
    acting: Option<ActingKey>,
    /// Records of the vote keys that the state does not name now. A key that was in force and is not any more
    /// is never in force again.
    waiting: BTreeMap<PublicKey, SafetyRecord>,
    /// Names this node to its peers.
    peer_key: PublicKey,
    /// Whether the machine has been told to say nothing.
    is_silent: bool,
    /// What it signed is lost: the nonce of the mark that is to come into a block.
    returning: Option<ReturnNonce>,
    /// The mark as it was last handed in.
    mark: Option<mark::HandedIn>,
    /// What it has cosigned beyond the end of its log.
    behind: Option<Cosigned>,
    /// The validators that have told what they know, while it listens to them.
    heard: Option<BTreeSet<AgencyName>>,
    /// The record that it will speak with.
    record: Option<Safety>,
    /// Whether a newer record stood on disk and cannot be read.
    is_doubtful: bool,
    /// The height from which it speaks, if it was told of words that it does not know.
    silent_until: Option<Height>,
    /// Of a planted bug only.
    hearsay: BTreeSet<PeerIndex>,
    /// The newest vote of each validator that was seen.
    newest: BTreeMap<PublicKey, SignedVote>,
}

/// Order of a validator's own statements.
fn place(vote: &SignedVote) -> (Height, u64, bool) {
    let statement = &vote.statement;
    (
        statement.height,
        statement.round.get(),
        statement.kind == VoteKind::Precommit,
    )
}

impl SignGuard {
    /// A guard over the records of this node's vote keys, of which those in force act; an observer has
    /// none. A validator says nothing before it knows all that it has said.
    pub(super) fn new(
        chain: ChainId,
        records: BTreeMap<PublicKey, SafetyRecord>,
        keys: KeysInForce,
        start: AtStart,
    ) -> Self {
        let mut guard = Self {
            chain,
            acting: None,
            waiting: records,
            peer_key: keys.peer.public(),
            is_silent: false,
            returning: None,
            mark: None,
            behind: None,
            heard: None,
            record: None,
            is_doubtful: false,
            silent_until: None,
            hearsay: BTreeSet::new(),
            newest: BTreeMap::new(),
        };
        guard.act_with(keys.validator);
        if guard.is_validator() {
            guard.behind = start.behind;
            guard.heard = start.listens.then(BTreeSet::new);
        }
        guard
    }

    /// The state names these keys from now on. True if another key votes, or none any more: then the machine
    /// goes on with [`Self::public`] and the record of [`Self::speak_when_clear`]. A key that was written
    /// blank and has signed nothing has nobody to listen to.
    pub(super) fn enter(&mut self, keys: KeysInForce) -> bool {
        self.peer_key = keys.peer.public();
        let vote = keys.validator.as_ref().map(|keys| keys.vote.public());
        if vote == self.public() {
            return false;
        }
        self.act_with(keys.validator);
        true
    }

    /// Takes the record of the key that votes from now on.
    fn act_with(&mut self, keys: Option<ValidatorKeys>) {
        let found = keys.and_then(|keys| {
            let found = self.waiting.remove(&keys.vote.public());
            if found.is_none() {
                tracing::error!(
                    event = "key-not-used",
                    "this vote key was in force before and is so again: not signing with it in this run"
                );
            }
            Some((keys, found?))
        });
        (self.acting, self.returning, self.record) = (None, None, None);
        (self.mark, self.heard, self.silent_until) = (None, None, None);
        self.is_doubtful = false;
        self.hearsay.clear();
        if let Some((keys, found)) = found {
            self.acting = Some(ActingKey {
                signer: Signer::new(self.chain, keys.agency, keys.vote),
                safety: found.file,
            });
            self.is_doubtful = found.is_doubtful;
            match found.body {
                SafetyBody::Record(record) => self.record = record.map(|record| *record),
                SafetyBody::Returning(nonce) => self.returning = Some(nonce),
                // Such a file does not get this far.
                SafetyBody::Twin(_) => {}
            }
        }
        self.is_silent = self.acting.is_some();
    }

    /// Whether this node has a vote.
    pub(super) const fn is_validator(&self) -> bool {
        self.acting.is_some()
    }

    fn signer(&self) -> Option<&Signer> {
        self.acting.as_ref().map(|acting| &acting.signer)
    }

    /// The agency that signs here.
    pub(super) fn agency(&self) -> Option<&AgencyName> {
        self.signer().map(Signer::agency)
    }

    /// Its voting key.
    pub(super) fn public(&self) -> Option<PublicKey> {
        self.signer().map(Signer::public)
    }

    /// Whether a checkpoint may be cosigned now. Of keys whose words are lost none signs, whichever of them
    /// is in force.
    pub(super) fn may_cosign(&self) -> bool {
        let is_whole = |record: &SafetyRecord| matches!(record.body, SafetyBody::Record(_));
        !self.is_silent && (self.is_validator() || self.waiting.values().all(is_whole))
    }

    /// Signs a vote; `None` of an observer.
    ///
    /// # Errors
    /// If this validator has signed another for the same height, round and kind.
    pub(super) fn vote(&mut self, vote: Vote) -> Result<Option<SignedVote>, WouldContradict> {
        let acting = self.acting.as_mut();
        acting.map(|acting| acting.signer.vote(vote)).transpose()
    }

    /// Signs a proposal; `None` of an observer.
    ///
    /// # Errors
    /// As [`Self::vote`].
    pub(super) fn proposal(
        &mut self,
        proposal: Proposal,
    ) -> Result<Option<SignedProposal>, WouldContradict> {
        let acting = self.acting.as_mut();
        let signed = acting.map(|acting| acting.signer.proposal(proposal));
        signed.transpose()
    }

    /// Keeps the record, and before it the blocks that it names: a lock on a block that a loss of power can
    /// take is a stuck network.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn persist(
        &mut self,
        record: &Safety,
        candidates: &mut Candidates,
    ) -> Result<(), DurableFault> {
        let locked = record.locked.map(|lock| lock.block);
        let valid = record.valid.as_ref().map(|polka| polka.block);
        let names: Vec<_> = locked.into_iter().chain(valid).collect();
        if let Some(acting) = &self.acting {
            candidates.write_new(acting.safety.file(), &names)?;
        }
        self.keep(record)?;
        candidates.synced();
        Ok(())
    }

    fn keep(&mut self, record: &Safety) -> Result<(), DurableFault> {
        self.write(&SafetyBody::Record(Some(Box::new(record.clone()))))
    }

    /// Nothing is signed without a key, so there is nothing to be kept then.
    fn write(&mut self, body: &SafetyBody) -> Result<(), DurableFault> {
        let acting = self.acting.as_mut();
        acting.map_or(Ok(()), |acting| acting.safety.write(body))
    }

    /// The file under the record, whose tail area holds blocks; an observer has none.
    pub(super) fn file(&self) -> Option<&Durable> {
        self.acting.as_ref().map(|acting| acting.safety.file())
    }

    /// Whether nothing may be signed now.
    pub(super) const fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// A record that lets the machine say nothing.
    pub(super) const fn silent_record(&self) -> Safety {
        Safety::observe_until(self.chain, Height::new(u64::MAX))
    }

    const fn is_clear(&self) -> bool {
        self.returning.is_none() && self.behind.is_none() && self.heard.is_none()
    }

    /// Why the validator is silent, for its peers.
    pub(super) const fn silence(&self) -> Option<Silence> {
        if self.returning.is_some() {
            Some(Silence::SignStateLost)
        } else if self.behind.is_some() {
            Some(Silence::LogBehind)
        } else if self.heard.is_some() {
            Some(Silence::Listening)
        } else if self.silent_until.is_some() {
            Some(Silence::UnknownWords)
        } else {
            None
        }
    }

    /// Why the validator is silent, for its operator. `returning` are the validators whose return marks wait
    /// here.
    pub(super) fn reason(
        &self,
        returning: BTreeSet<AgencyName>,
        validators: &ValidatorSet,
    ) -> Option<String> {
        if self.returning.is_some() {
            return Some(self.return_reason(returning, validators));
        }
        if let Some(cosigned) = self.behind {
            return Some(format!(
                "its log is shorter than what it has cosigned, size {}; it follows in silence until it has that again",
                cosigned.size
            ));
        }
        if self.is_silent && self.is_clear() {
            return None;
        }
        if self.heard.is_some() {
            return Some("it has just started and listens to the others first".to_owned());
        }
        let until = self.silent_until?;
        Some(format!(
            "its key has signed what its record does not know, before height {until} (an old copy of its folder, or a second node with its keys); it follows in silence until then"
        ))
    }

    /// Remembers a vote, so that its signer can be told of it.
    pub(super) fn remember_vote(&mut self, vote: &SignedVote) {
        let newest = self.newest.get(&vote.signer);
        if newest.is_none_or(|newest| place(newest) < place(vote)) {
            self.newest.insert(vote.signer, vote.clone());
        }
    }

    /// The newest vote with that key that was seen here.
    pub(super) fn newest_vote(&self, key: &PublicKey) -> Option<&SignedVote> {
        self.newest.get(key)
    }

    /// A peer has a vote of this validator, for `height` that is being decided or a later one. `now` is the
    /// machine's record.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn on_own_vote(
        &mut self,
        vote: Verified<SignedVote>,
        height: Height,
        now: impl FnOnce() -> Safety,
    ) -> Result<GuardOrder, DurableFault> {
        let voted = vote.get().statement.height;
        self.remember_vote(vote.get());
        if self.returning.is_some() {
            // Its mark says when it is past this; and whether it was said by another node.
            return Ok(GuardOrder::Nothing);
        }
        if voted == height && !self.is_silent {
            return Ok(GuardOrder::Compare(vote));
        }
        if self.has_said(&vote, now) {
            return Ok(GuardOrder::Nothing);
        }
        tracing::error!(event = "forgotten-vote", %voted, "a peer has a vote of this validator that its record does not know; following in silence");
        self.fall_silent(voted.next())
    }

    /// Whether the record that it will speak with knows the vote, or something later.
    fn has_said(&self, vote: &Verified<SignedVote>, now: impl FnOnce() -> Safety) -> bool {
        let statement = vote.get().statement;
        self.record_to_keep(now).is_some_and(|record| {
            (record.height, record.round) > (statement.height, statement.round)
                || [record.prevote, record.precommit].contains(&Some(statement))
        })
    }

    /// The record that the machine stands on, which is `now`, or will.
    fn record_to_keep(&self, now: impl FnOnce() -> Safety) -> Option<Safety> {
        if self.is_silent {
            self.record.clone()
        } else {
            Some(now())
        }
    }

    /// Falls silent until `until`, for more than this run: who starts again in the meantime must not
    /// speak either.
    fn fall_silent(&mut self, until: Height) -> Result<GuardOrder, DurableFault> {
        if self.silent_until.is_some_and(|silent| silent >= until) {
            return Ok(GuardOrder::Nothing);
        }
        self.silent_until = Some(until);
        let record = Safety::observe_until(self.chain, until);
        self.keep(&record)?;
        self.record = Some(record);
        self.is_silent = true;
        Ok(GuardOrder::FallSilent)
    }

    /// A peer has a cosignature of this validator that its cosign state did not know and does now: from
    /// now on it is silent. `now` is the machine's record.
    pub(super) fn on_own_cosign(&mut self, told: Cosigned, now: impl FnOnce() -> Safety) {
        self.behind = Some(told);
        self.record = self.record_to_keep(now);
        self.is_silent = true;
    }

    /// A validator has told what it knows, by whichever of its keys. `enough` is a quorum less this one: without so many others
    /// nothing is decided anyhow.
    pub(super) fn on_heard(&mut self, from: &AgencyName, enough: usize) {
        let Some(heard) = &mut self.heard else { return };
        heard.insert(from.clone());
        if heard.len() >= enough {
            self.heard = None;
        }
    }

    /// What it has cosigned beyond the end of its log, as far as it knows.
    pub(super) const fn behind(&self) -> Option<Cosigned> {
        self.behind
    }

    /// The log has the size of what was cosigned again, with this root.
    ///
    /// # Errors
    /// [`NodeFault::TwoHistories`] if it is another root.
    pub(super) fn on_grown(&mut self, size: LogSize, root: RootHash) -> Result<(), NodeFault> {
        let Some(cosigned) = self.behind.filter(|last| last.size == size) else {
            return Ok(());
        };
        if root != cosigned.root {
            return Err(NodeFault::TwoHistories {
                size,
                cosigned: cosigned.root,
                found: root,
            });
        }
        tracing::info!(event = "caught-up", %size, "the log is again as long as what this validator has cosigned");
        self.behind = None;
        Ok(())
    }

    /// The agency whose mark is to come into a block, and the mark's nonce.
    pub(super) fn awaited_mark(&self) -> Option<(&AgencyName, ReturnNonce)> {
        Some((self.agency()?, self.returning?))
    }

    /// Where another node has signed with this validator's key since its mark was made: in the block of
    /// `height`, which holds the mark and was decided by `commit`, or above. `mine` is this validator's
    /// number among those that vote.
    pub(super) fn twin(
        &self,
        height: Height,
        commit: &Commit,
        mine: Option<u16>,
    ) -> Option<Height> {
        if commit.votes.iter().any(|(index, _)| Some(*index) == mine) {
            return Some(height);
        }
        let seen = self.newest.get(&self.public()?).map(|vote| vote.statement);
        let of_twin = seen.filter(|vote| {
            vote.height > height || (vote.height == height && vote.block == Some(commit.block))
        });
        of_twin.map(|vote| vote.height)
    }

    /// Another node signs with this validator's key; that is kept.
    pub(super) fn on_twin(&mut self, height: Height) -> NodeFault {
        match self.write(&SafetyBody::Twin(height)) {
            Ok(()) => NodeFault::Twin(height),
            Err(fault) => fault.into(),
        }
    }

    /// The block with the mark lies behind, and the cosign state knows: this validator may speak from
    /// `next` on.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn on_returned(&mut self, next: Height) -> Result<(), DurableFault> {
        let record = Safety::blank(self.chain, next);
        self.keep(&record)?;
        self.returning = None;
        self.mark = None;
        self.record = Some(record);
        Ok(())
    }

    /// Lets the validator speak once nothing is in the way; `next` is the height after its last block.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn speak_when_clear(&mut self, next: Height) -> Result<GuardOrder, DurableFault> {
        if !self.is_silent || !self.is_clear() {
            return Ok(GuardOrder::Nothing);
        }
        let record = self.record.take();
        let record = if std::mem::take(&mut self.is_doubtful) {
            Some(self.doubtful(record, next)?)
        } else {
            record
        };
        self.is_silent = false;
        Ok(GuardOrder::Speak(record))
    }

    /// A validator votes only at the height after its last block, and its log is not shorter than what it
    /// has cosigned: the word that cannot be read was said there or before.
    fn doubtful(&mut self, record: Option<Safety>, next: Height) -> Result<Safety, DurableFault> {
        let read = record.map_or(Height::ZERO, |record| record.height);
        let until = read.next().max(next).next();
        tracing::error!(event = "safety-doubtful", %until, "the newest safety record cannot be read; following in silence");
        self.silent_until = Some(until);
        let record = Safety::observe_until(self.chain, until);
        self.keep(&record)?;
        Ok(record)
    }
}
