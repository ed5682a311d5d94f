//! What is shown of the driver: to operators, in the node's own status, and to peers.

use protocol::height::{Height, TimeMs};

use super::Driver;
use crate::{host::Moment, network::PeerIndex, wire::Silence};

/// What was last shown, and since when a block is waited for.
#[derive(Debug)]
pub(super) struct ShownProgress {
    /// When this process began, by its clock.
    began: TimeMs,
    height: Height,
    /// Why this validator does not vote.
    silence: Option<Silence>,
    /// Since when entries wait, or a height is being decided, without a block.
    busy_since: Option<Moment>,
    waits_since: Option<Moment>,
}

impl ShownProgress {
    pub(super) const fn at(began: TimeMs) -> Self {
        Self {
            began,
            height: Height::ZERO,
            silence: None,
            busy_since: None,
            waits_since: None,
        }
    }

    /// When this process began, by its clock.
    pub(super) const fn began(&self) -> TimeMs {
        self.began
    }

    /// Since when the block that has just been decided was worked on.
    pub(super) const fn busy_since(&self) -> Option<Moment> {
        self.busy_since
    }
}

impl Driver {
    /// Why this agency's node does not vote; none of one that does, and of an observer.
    pub(super) fn silence(&self) -> Option<Silence> {
        if !self.guard.is_validator() {
            let agency = self.shared.agency.as_ref();
            let is_named = agency.is_some_and(|agency| self.epoch.agencies().contains_key(agency));
            return is_named.then_some(Silence::KeysNotInForce);
        }
        if self.machine.speaks() {
            return None;
        }
        if self.machine.is_halted() {
            return Some(Silence::Halted);
        }
        Some(self.guard.silence().unwrap_or(Silence::RecordAhead))
    }

    /// The same for its own operator, with what only this node knows.
    fn silence_in_words(&self, silence: Silence) -> String {
        match silence {
            Silence::Halted => "an alarm has stopped voting; see the log".to_owned(),
            other => self
                .silence_reason()
                .unwrap_or_else(|| other.in_words().to_owned()),
        }
    }

    pub(super) fn show_progress(&mut self) {
        let now = self.shared.host.moment();
        let height = self.shared.ledger.head().height();
        let (waits, step) = (!self.shared.mempool().is_empty(), self.machine.step_now());
        let silence = self.silence();
        let shown = &mut self.shown_progress;
        if std::mem::replace(&mut shown.height, height) != height {
            (shown.busy_since, shown.waits_since) = (None, None);
        }
        let since = |at: Option<Moment>, is_so: bool| is_so.then(|| at.unwrap_or(now));
        shown.waits_since = since(shown.waits_since, waits);
        shown.busy_since = since(shown.busy_since, waits || step.name() != "idle");
        let waits_since = shown.waits_since;
        if std::mem::replace(&mut shown.silence, silence) != silence {
            // Whoever counts on this validator is told at once.
            self.schedule.hasten_status(now);
        }
        let mut progress = self.shared.progress();
        progress.round = self.machine.round().get();
        progress.step = step.name();
        progress.turned = now;
        progress.waits_since = waits_since;
        progress.not_voting = silence.map(|silence| self.silence_in_words(silence));
    }

    /// A peer has told which of its processes speaks.
    pub(super) fn note_process(&mut self, from: PeerIndex, began: TimeMs) {
        let now = self.shared.host.moment();
        if self.peers.note_process(from, began, now) {
            tracing::error!(
                event = "key-used-twice",
                peer = self.peer_name(from),
                "{}",
                self.two_nodes(from)
            );
        }
    }

    /// That two nodes use a peer's key, in words.
    fn two_nodes(&self, peer: PeerIndex) -> String {
        let name = self.peer_name(peer);
        let contact = self.shared.network.contact(peer);
        let addresses = contact.unwrap_or_default().addresses.join(" and ");
        format!(
            "another node uses {name}'s key: two speak with it, from {addresses}; one of them must be stopped for good"
        )
    }

    /// What an operator should know of peers' keys.
    pub(super) fn key_warnings(&self) -> Vec<String> {
        let now = self.shared.host.moment();
        let twice = self.peers.used_twice(now).into_iter();
        twice.map(|peer| self.two_nodes(peer)).collect()
    }

    /// A peer has told whether it votes.
    pub(super) fn note_silence(&self, from: PeerIndex, silent: Option<Silence>) {
        let name = self.peer_name(from).to_owned();
        let mut progress = self.shared.progress();
        let before = match silent {
            Some(silence) => progress.silent.insert(name.clone(), silence),
            None => progress.silent.remove(&name),
        };
        drop(progress);
        // Whoever starts is silent for a moment, which is no news.
        let said = |silent: Option<Silence>| silent.filter(|it| *it != Silence::Listening);
        match (said(before), said(silent)) {
            (before, Some(silence)) if before != silent => tracing::warn!(
                event = "peer-silent",
                peer = name,
                reason = silence.in_words(),
                "this validator is reached and does not vote"
            ),
            (Some(_), None) => tracing::info!(
                event = "peer-not-silent",
                peer = name,
                "this validator does not say any more that it does not vote"
            ),
            _ => {}
        }
    }
}
