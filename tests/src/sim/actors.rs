//! Nodes that are not what they seem: each a real node whose words are bent on their way, or who
//! speaks by itself with its own keys. One small file each. None has anybody else's key.

mod censor;
mod compact_block_forger;
mod double_voter;
mod invalid_proposer;
mod lying_server;
mod postdater;
mod selective;
mod spammer;

use node::{network::Lane, shared::Shared};
use protocol::{
    hash::ChainId,
    key::{PublicKey, SecretKey},
    name::AgencyName,
};
use testkit::Random;

use super::{
    host::{Host, Seats, Sent},
    options::Role,
};
use crate::world::agency_secret;

/// What an actor sees and says in one moment.
pub(super) struct Scene<'a> {
    pub(super) seats: &'a Seats,
    host: &'a Host,
    pub(super) now_us: u64,
    pub(super) said: Vec<Sent>,
}

impl<'a> Scene<'a> {
    pub(super) const fn new(seats: &'a Seats, host: &'a Host, now_us: u64) -> Self {
        Self {
            seats,
            host,
            now_us,
            said: Vec::new(),
        }
    }

    const fn chain(&self) -> ChainId {
        self.seats.chain
    }

    /// The actor's own key for a purpose.
    fn secret(&self, purpose: &str) -> SecretKey {
        agency_secret(&self.host.name, purpose)
    }

    /// The key by which the actor votes; none at an observer's seat.
    fn validator_key(&self) -> Option<PublicKey> {
        let agency = self.seats.genesis.agencies.get(self.host.seat)?;
        Some(agency.vote.key)
    }

    fn agency(&self) -> AgencyName {
        self.seats.genesis.agencies[self.host.seat].name.clone()
    }

    /// The real node behind the actor, while it runs.
    fn node(&self) -> Option<&Shared> {
        self.host.life.as_ref().map(|life| life.shared.as_ref())
    }

    /// Everybody else.
    fn others(&self) -> Vec<usize> {
        let all = 0..self.seats.count();
        all.filter(|seat| *seat != self.host.seat).collect()
    }

    fn say(&mut self, to: usize, lane: Lane, bytes: Vec<u8>) {
        self.said.push((to, lane, bytes));
    }
}

/// A node that is not what it seems. Whatever it does not bend passes as it was.
pub(super) trait Actor {
    /// The real node behind it says something.
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        scene.say(to, lane, bytes);
    }

    /// Somebody says something to it: what the real node hears of that.
    fn hears(
        &mut self,
        _scene: &mut Scene<'_>,
        _from: usize,
        _lane: Lane,
        bytes: Vec<u8>,
    ) -> Option<Vec<u8>> {
        Some(bytes)
    }

    /// A moment passes.
    fn acts(&mut self, _scene: &mut Scene<'_>) {}
}

/// The actor of a role, if it needs one.
pub(super) fn of(role: Role, seats: &Seats, mut chance: Random) -> Option<Box<dyn Actor>> {
    Some(match role {
        Role::LyingServer => Box::new(lying_server::LyingServer::new(chance)),
        Role::Censor => Box::new(censor::Censor::new(
            seats.genesis.agencies[chance.index(seats.agencies())]
                .name
                .clone(),
        )),
        Role::Spammer => Box::new(spammer::Spammer::new(chance)),
        Role::InvalidProposer => Box::new(invalid_proposer::InvalidProposer::new(chance)),
        Role::DoubleVoter => Box::new(double_voter::DoubleVoter::new(chance)),
        Role::Selective => Box::new(selective::Selective::new(seats.count(), &mut chance)),
        Role::Postdater => Box::new(postdater::Postdater),
        Role::CompactBlockForger => Box::new(compact_block_forger::CompactBlockForger::new(chance)),
        Role::Dead | Role::BadClock | Role::Twin | Role::OldCopy | Role::Restored | Role::Wiped => {
            return None;
        }
    })
}
