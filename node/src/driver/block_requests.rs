//! Whom to ask for blocks. A peer's word on its height is only a reason to ask it, and whoever answers
//! wrongly or not at all is left alone for a while, so that it cannot keep others from being asked.

use protocol::height::Height;

use super::Driver;
use crate::{
    network::{Lane, PeerIndex},
    wire::{self, SyncMessage},
};

impl Driver {
    /// A peer says, or shows by its votes, that `height` is decided.
    pub(super) fn heard_height(&mut self, peer: PeerIndex, height: Height) {
        self.peers.note_height(peer, height);
        if height >= self.machine.height() {
            self.ask_for_blocks(peer);
        }
    }

    /// Asks `peer` for what comes next, unless it is left alone.
    pub(super) fn ask_for_blocks(&mut self, peer: PeerIndex) {
        self.give_up_waiting();
        if !self.is_left_alone(peer) {
            self.ask(peer);
        }
    }

    /// Asks `peer` unless an answer is on its way.
    fn ask(&mut self, peer: PeerIndex) {
        let (height, now) = (self.machine.height(), self.shared.host.moment());
        let Some(from) = self.catchup.ask(peer, height, now) else {
            return;
        };
        let count = u32::try_from(wire::BLOCKS_MAX).unwrap_or(1);
        self.peers.expect_blocks(peer);
        self.send(peer, Lane::Sync, &SyncMessage::GetBlocks { from, count });
    }

    /// Whoever has not answered in time is waited for no longer.
    fn give_up_waiting(&mut self) {
        if let Some(peer) = self.catchup.take_late(self.shared.host.moment()) {
            self.leave_alone(peer);
        }
    }

    /// Still behind and nothing is on its way: asks the next peer in turn that claims to be ahead, and
    /// one that is left alone if there is nobody else. Only called by the clock.
    pub(super) fn ask_again(&mut self) {
        self.give_up_waiting();
        let ahead = self.ahead();
        let trusted = ahead.iter().find(|peer| !self.is_left_alone(**peer));
        if let Some(peer) = trusted.or_else(|| ahead.first()).copied() {
            self.ask(peer);
        }
    }

    /// Peers that claim to be ahead, beginning after the one that was asked last; nobody while blocks
    /// wait to be committed.
    fn ahead(&self) -> Vec<PeerIndex> {
        if !self.catchup.is_idle() {
            return Vec::new();
        }
        let last = self.catchup.asked_last();
        self.peers.ahead(self.machine.height(), last)
    }

    /// Asks the peer that just answered for more, if it claims to have more.
    pub(super) fn ask_ahead(&mut self, peer: PeerIndex) {
        let (theirs, height) = (self.peers.height(peer), self.machine.height());
        if theirs.is_some_and(|theirs| self.catchup.wants_more(theirs, height)) {
            self.ask_for_blocks(peer);
        }
    }

    /// A peer has answered wrongly: only others are asked at once. Were it asked again itself, it could
    /// keep us busy as fast as it can lie.
    pub(super) fn answered_wrongly(&mut self, peer: PeerIndex) {
        self.leave_alone(peer);
        let mut ahead = self.ahead().into_iter();
        if let Some(other) = ahead.find(|other| !self.is_left_alone(*other)) {
            self.ask(other);
        }
    }

    fn leave_alone(&mut self, peer: PeerIndex) {
        self.peers.leave_alone(peer, self.shared.host.moment());
    }

    fn is_left_alone(&self, peer: PeerIndex) -> bool {
        self.peers.is_left_alone(peer, self.shared.host.moment())
    }
}
