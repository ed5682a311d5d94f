//! Works for a fork: completes the quorums of the honest with the votes of all liars, shows the
//! certificate to one validator only, and proposes what contradicts it. What it says is well signed.

use super::{Actor, Scene, Speech, What, double_voter, equivocator, say};
use crate::{Message, RoundStep, SignedVote, VoteKind, tests::world::Random};

pub(super) struct Conflicter;

impl Actor for Conflicter {
    fn name(&self) -> &'static str {
        "conflicter"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        match rng.index(22) {
            0..6 => equivocator::propose(scene, rng),
            6..11 => double_voter::vote(scene, rng),
            _ => complete_a_quorum(scene, rng),
        }
    }
}

/// Says what some honest validator said, and makes the certificate if that is enough for one.
fn complete_a_quorum(scene: &Scene, rng: &mut Random) -> Vec<Speech> {
    let world = scene.world;
    let Some(vote) = scene.any_vote(rng).map(|vote| vote.statement) else {
        return Vec::new();
    };
    let own = scene.liars.iter().map(|by| world.sign(*by, vote));
    let mut said: Vec<Speech> = own
        .map(|vote| say(scene.some(rng), Message::Vote(vote)))
        .collect();
    let Some(block) = vote.block else { return said };
    let agree = |signed: &&SignedVote| signed.statement == vote;
    let honest = scene.votes.iter().filter(agree);
    let honest = honest.filter_map(|signed| world.set.index_of(&signed.signer));
    let mut by: Vec<u16> = honest.chain(scene.liars.iter().copied()).collect();
    by.sort_unstable();
    by.dedup();
    if by.len() < world.set.quorum() {
        return said;
    }
    let round = vote.round.get();
    let (certificate, ready) = match vote.kind {
        VoteKind::Prevote => {
            let polka = world.polka_since(&by, round, block, vote.valid_round);
            (
                Message::Polka(polka),
                Some((vote.round, RoundStep::Prevote)),
            )
        }
        VoteKind::Precommit => (Message::Commit(world.commit(&by, round, block)), None),
    };
    // A polka goes to one that can lock on it, and to nobody else.
    let fits = |(_, at, step): &&(u16, _, _)| ready.is_none_or(|ready| ready == (*at, *step));
    let fit: Vec<u16> = scene.honest.iter().filter(fits).map(|one| one.0).collect();
    if !fit.is_empty() {
        let to = vec![fit[rng.index(fit.len())]];
        let what = What::Said(certificate);
        let now = ready.is_some();
        said.push(Speech { to, what, now });
    }
    said
}
