//! Proposes blocks whose time is far off, and such that some clocks find near enough and others not.

use super::{Actor, BORDERLINE, FAR_OFF, Scene, Speech, say};
use crate::{
    Message, VoteKind,
    tests::world::{Random, block},
};

pub(super) struct TimeSkewer;

impl Actor for TimeSkewer {
    fn name(&self) -> &'static str {
        "time skewer"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let round = scene.my_round(scene.any_round(rng));
        let kind = if rng.percent(50) { FAR_OFF } else { BORDERLINE };
        let skewed = block(kind + round);
        let proposal = scene.world.signed_proposal(round, skewed, None);
        let vote = scene
            .world
            .vote_of(VoteKind::Prevote, round, Some(skewed), None);
        let vote = scene.world.sign(scene.me, vote);
        vec![
            say(scene.all(), Message::Proposal(proposal)),
            say(scene.some(rng), Message::Vote(vote)),
        ]
    }
}
