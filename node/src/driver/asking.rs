//! Whom to ask for blocks. A peer's word on its height is only a reason to ask it, and whoever answers
//! wrongly or not at all is left alone for a while, so that it cannot keep others from being asked.

use std::time::Duration;

use protocol::height::Height;

use super::{Driver, catchup::WAITING_MAX};
use crate::{
    network::{Lane, PeerIndex},
    wire::{self, SyncMessage},
};

/// Ask somebody else if an answer takes longer than this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Whoever gave no good answer is only asked for so long if nobody else is ahead.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(30);

impl Driver {
    /// A peer says, or shows by its votes, that `height` is decided.
    pub(super) fn heard_height(&mut self, peer: PeerIndex, height: Height) {
        if let Some(state) = self.peers.get_mut(peer.get()) {
            state.height = height;
        }
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
        let catchup = &mut self.catchup;
        let has_enough = catchup.held.is_some() || catchup.waiting() >= WAITING_MAX;
        if catchup.asked.is_some() || has_enough {
            return;
        }
        let from = Height::new(catchup.next(self.machine.height()));
        catchup.asked = Some((peer, self.shared.host.moment()));
        catchup.asked_last = Some(peer);
        let count = u32::try_from(wire::BLOCKS_MAX).unwrap_or(1);
        self.send(peer, Lane::Sync, &SyncMessage::GetBlocks { from, count });
    }

    /// Whoever has not answered in time is waited for no longer.
    fn give_up_waiting(&mut self) {
        let host = &self.shared.host;
        let late = |(_, at): &mut (_, _)| host.since(*at) >= ANSWER_WITHIN;
        if let Some((peer, _)) = self.catchup.asked.take_if(late) {
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
        if self.catchup.waiting() > 0 {
            return Vec::new();
        }
        let mine = self.machine.height();
        let count = self.peers.len();
        let first = self.catchup.asked_last.map_or(0, |last| last.get() + 1);
        let turn = (first..first + count).map(|number| PeerIndex::new(number % count));
        let is_ahead = |peer: &PeerIndex| {
            let state = self.peers.get(peer.get());
            state.is_some_and(|state| state.height >= mine)
        };
        turn.filter(is_ahead).collect()
    }

    /// Asks the peer that just answered for more, if it claims to have more.
    pub(super) fn ask_ahead(&mut self, peer: PeerIndex) {
        let next = self.catchup.next(self.machine.height());
        let state = self.peers.get(peer.get());
        if state.is_some_and(|state| state.height.get() >= next)
            && self.catchup.waiting() < wire::BLOCKS_MAX
        {
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
        let until = self.shared.host.moment() + LEFT_ALONE_FOR;
        if let Some(state) = self.peers.get_mut(peer.get()) {
            state.left_alone_until = Some(until);
        }
    }

    fn is_left_alone(&self, peer: PeerIndex) -> bool {
        let state = self.peers.get(peer.get());
        let until = state.and_then(|state| state.left_alone_until);
        until.is_some_and(|until| until > self.shared.host.moment())
    }
}
