//! One key on two machines, both honest: a restored backup, or a standby that woke up. Each speaks to
//! its own side of the others and does not hear its twin.

use super::{Actor, Scene, Speech};
use crate::{Message, tests::world::Random};

pub(in crate::tests) struct Twin {
    /// Bit i: validator i is on the side of the second machine.
    sides: u64,
    fixed: bool,
}

impl Twin {
    pub(super) fn new(rng: &mut Random) -> Self {
        Self {
            sides: rng.next_u64(),
            fixed: false,
        }
    }

    /// A twin among others that split the network along the same line and stay there.
    pub(in crate::tests) const fn along(sides: u64) -> Self {
        Self { sides, fixed: true }
    }

    const fn same_side(&self, machine: usize, other: u16) -> bool {
        self.sides >> other & 1 == machine as u64
    }
}

impl Actor for Twin {
    fn name(&self) -> &'static str {
        "twin"
    }

    fn machines(&self) -> usize {
        2
    }

    fn act(&mut self, _: &Scene, rng: &mut Random) -> Vec<Speech> {
        if !self.fixed && rng.percent(5) {
            self.sides = rng.next_u64();
        }
        Vec::new()
    }

    fn passes(&mut self, machine: usize, to: u16, _: &Message, _: &mut Random) -> bool {
        self.same_side(machine, to)
    }

    fn hears(&self, machine: usize, from: u16) -> bool {
        self.same_side(machine, from)
    }
}
