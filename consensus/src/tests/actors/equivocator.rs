//! Proposes different blocks to different validators, fresh ones and such that had a polka once.

use super::{Actor, Scene, Speech, say};
use crate::{Message, Polka, tests::world::Random};

pub(super) struct Equivocator;

impl Actor for Equivocator {
    fn name(&self) -> &'static str {
        "equivocating proposer"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let mut said = propose(scene, rng);
        said.extend(propose(scene, rng));
        said
    }
}

/// A proposal to some, if the turn of a round near here is a liar's.
pub(super) fn propose(scene: &Scene, rng: &mut Random) -> Vec<Speech> {
    let round = scene.any_round(rng);
    let older = |polka: &&Polka| polka.round.get() < round;
    let older: Vec<&Polka> = scene.polkas.iter().filter(older).collect();
    let again = !older.is_empty() && rng.percent(60);
    let polka = again.then(|| older[rng.index(older.len())].clone());
    let block = match &polka {
        Some(polka) => polka.block,
        None => scene.any_block(rng),
    };
    let proposal = scene.world.signed_proposal(round, block, polka);
    let proposer = scene.world.set.index_of(&proposal.signer);
    if !proposer.is_some_and(|proposer| scene.liars.contains(&proposer)) {
        return Vec::new();
    }
    vec![say(scene.some(rng), Message::Proposal(proposal))]
}
