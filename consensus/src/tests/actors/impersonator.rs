//! Passes words off as those of others: honest signatures under another kind, round, valid round or
//! network, its own signature under another name, proposals out of turn. None may pass.

use protocol::{hash::ChainId, height::Round};

use super::{Actor, Scene, Speech, say};
use crate::{Message, VoteKind, tests::world::Random};

pub(super) struct Impersonator;

impl Actor for Impersonator {
    fn name(&self) -> &'static str {
        "impersonator"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let message = match rng.index(6) {
            0..3 => altered(scene, rng),
            3 => another_network(scene, rng),
            4 => another_name(scene, rng),
            _ => out_of_turn(scene, rng),
        };
        let said = message.map(|message| say(scene.all(), message));
        said.into_iter().collect()
    }
}

/// An honest vote with one field changed.
fn altered(scene: &Scene, rng: &mut Random) -> Option<Message> {
    let mut vote = scene.any_vote(rng)?.clone();
    let said = &mut vote.statement;
    match rng.index(4) {
        0 => {
            said.kind = match said.kind {
                VoteKind::Prevote => VoteKind::Precommit,
                VoteKind::Precommit => VoteKind::Prevote,
            };
        }
        1 => said.round = Round::new(scene.any_round(rng)),
        2 => said.valid_round = said.round.get().checked_sub(1).map(Round::new),
        _ => said.block = rng.percent(50).then(|| scene.any_block(rng)),
    }
    said.is_well_formed().then_some(Message::Vote(vote))
}

/// What an honest validator said on a network for trials, with the same key.
fn another_network(scene: &Scene, rng: &mut Random) -> Option<Message> {
    let mut trial = scene.world.clone();
    trial.chain = ChainId::new([8; 32]);
    let (by, ..) = scene.honest[rng.index(scene.honest.len())];
    let kind = [VoteKind::Prevote, VoteKind::Precommit][rng.index(2)];
    let vote = trial.vote_of(kind, scene.any_round(rng), Some(scene.any_block(rng)), None);
    Some(Message::Vote(trial.sign(by, vote)))
}

/// A vote signed by itself and called another's.
fn another_name(scene: &Scene, rng: &mut Random) -> Option<Message> {
    let block = Some(scene.any_block(rng));
    let kind = VoteKind::Precommit;
    let vote = scene.world.vote_of(kind, scene.any_round(rng), block, None);
    let mut signed = scene.world.sign(scene.me, vote);
    let (by, ..) = scene.honest[rng.index(scene.honest.len())];
    signed.signer = scene.world.set.key(by)?;
    Some(Message::Vote(signed))
}

/// A proposal of its own in a round that is another's.
fn out_of_turn(scene: &Scene, rng: &mut Random) -> Option<Message> {
    let round = scene.any_round(rng);
    let signed = scene
        .world
        .signed_proposal(round, scene.any_block(rng), None);
    let own = scene.world.sign(scene.me, signed.statement);
    (signed.signer != own.signer).then_some(Message::Proposal(own))
}
