//! Votes in rounds and heights where nobody is, to be remembered there at the cost of others.

use super::{Actor, Scene, Speech, What};
use crate::{
    Message, VoteKind,
    tests::world::{Random, block},
};

const VOTES: u64 = 12;

pub(super) struct Flooder;

impl Actor for Flooder {
    fn name(&self) -> &'static str {
        "flooder"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let mut world = scene.world.clone();
        if rng.percent(50) {
            world.height = world.height.next();
        }
        let to = scene.some(rng);
        let first = rng.below(400);
        let vote = |round| {
            let kind = [VoteKind::Prevote, VoteKind::Precommit][(round % 2) as usize];
            let vote = world.vote_of(kind, round, Some(block(round)), None);
            Speech {
                to: to.clone(),
                what: What::Said(Message::Vote(world.sign(scene.me, vote))),
                now: true,
            }
        };
        (first..first + VOTES).map(vote).collect()
    }
}
