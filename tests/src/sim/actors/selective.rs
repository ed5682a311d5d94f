//! Tells only some of the others anything, always the same ones.

use node::network::Lane;
use testkit::Random;

use super::{Actor, Scene};
pub(super) struct Selective {
    friends: Vec<bool>,
}

impl Selective {
    pub(super) fn new(seats: usize, chance: &mut Random) -> Self {
        Self {
            friends: (0..seats).map(|_| chance.percent(50)).collect(),
        }
    }
}

impl Actor for Selective {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        if self.friends[to] {
            scene.say(to, lane, bytes);
        }
    }
}
