//! Proposes blocks that the ledger's rules refuse, well signed, and votes for them.

use super::{Actor, FRAUD, Scene, Speech, say};
use crate::{
    Message, VoteKind,
    tests::world::{Random, block},
};

pub(super) struct Fraud;

impl Actor for Fraud {
    fn name(&self) -> &'static str {
        "invalid block"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let round = scene.my_round(scene.any_round(rng));
        let bad = block(FRAUD + round);
        let proposal = scene.world.signed_proposal(round, bad, None);
        let kind = [VoteKind::Prevote, VoteKind::Precommit][rng.index(2)];
        let vote = scene.world.vote_of(kind, round, Some(bad), None);
        let vote = scene.world.sign(scene.me, vote);
        vec![
            say(scene.all(), Message::Proposal(proposal)),
            say(scene.all(), Message::Vote(vote)),
        ]
    }
}
