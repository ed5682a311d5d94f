//! Votes for anything in any round, differently to different validators.

use super::{Actor, Scene, Speech, say};
use crate::{Message, VoteKind, tests::world::Random};

pub(super) struct DoubleVoter;

impl Actor for DoubleVoter {
    fn name(&self) -> &'static str {
        "double voter"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let mut said = vote(scene, rng);
        said.extend(vote(scene, rng));
        said
    }
}

/// One well-formed vote of one liar to some.
pub(super) fn vote(scene: &Scene, rng: &mut Random) -> Vec<Speech> {
    let round = scene.any_round(rng);
    let kind = if rng.percent(50) {
        VoteKind::Prevote
    } else {
        VoteKind::Precommit
    };
    let block = rng.percent(50).then(|| scene.any_block(rng));
    let old = kind == VoteKind::Prevote && block.is_some() && round > 0;
    let valid_round = (old && rng.percent(30)).then(|| rng.below(round));
    let vote = scene.world.vote_of(kind, round, block, valid_round);
    let by = scene.liars[rng.index(scene.liars.len())];
    let message = Message::Vote(scene.world.sign(by, vote));
    vec![say(scene.some(rng), message)]
}
