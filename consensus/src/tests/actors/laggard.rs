//! An honest machine whose words arrive when nobody waits for them any more.

use super::{Actor, Scene, Speech, say};
use crate::{Message, tests::world::Random};

/// What it holds back before the oldest goes out.
const HELD: usize = 12;

#[derive(Default)]
pub(super) struct Laggard {
    held: Vec<(u16, Message)>,
}

impl Actor for Laggard {
    fn name(&self) -> &'static str {
        "laggard"
    }

    fn machines(&self) -> usize {
        1
    }

    fn act(&mut self, _: &Scene, _: &mut Random) -> Vec<Speech> {
        let late = self.held.len().saturating_sub(HELD);
        let late = self.held.drain(..late);
        late.map(|(to, message)| say(vec![to], message)).collect()
    }

    fn passes(&mut self, _: usize, to: u16, message: &Message, _: &mut Random) -> bool {
        self.held.push((to, message.clone()));
        false
    }
}
