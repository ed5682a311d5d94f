//! An honest machine that speaks to some only, and now and then chooses others.

use super::{Actor, Scene, Speech};
use crate::{Message, tests::world::Random};

pub(super) struct Selective {
    friends: u64,
}

impl Selective {
    pub(super) fn new(rng: &mut Random) -> Self {
        Self {
            friends: rng.next_u64(),
        }
    }
}

impl Actor for Selective {
    fn name(&self) -> &'static str {
        "selective sender"
    }

    fn machines(&self) -> usize {
        1
    }

    fn act(&mut self, _: &Scene, rng: &mut Random) -> Vec<Speech> {
        if rng.percent(5) {
            self.friends = rng.next_u64();
        }
        Vec::new()
    }

    fn passes(&mut self, _: usize, to: u16, _: &Message, _: &mut Random) -> bool {
        self.friends >> to & 1 == 1
    }
}
