//! Makes certificates of too few votes: it repeats signatures, puts them under other indexes and
//! names validators that do not exist. None may pass.

use protocol::key::Signature;

use super::{Actor, Scene, Speech, say};
use crate::{Message, SignedVote, VoteKind, certificate::Votes, tests::world::Random};

pub(super) struct Duplicator;

impl Actor for Duplicator {
    fn name(&self) -> &'static str {
        "duplicate-signature certificate"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let world = scene.world;
        let round = scene.any_round(rng);
        let block = scene.any_block(rng);
        let kind = [VoteKind::Prevote, VoteKind::Precommit][rng.index(2)];
        let vote = world.vote_of(kind, round, Some(block), None);
        let agree = |signed: &&SignedVote| signed.statement == vote;
        let honest = scene.votes.iter().filter(agree);
        let honest = honest.filter_map(|signed| {
            let index = world.set.index_of(&signed.signer)?;
            Some((index, signed.signature))
        });
        let own = scene
            .liars
            .iter()
            .map(|by| (*by, world.sign(*by, vote).signature));
        let mut votes: Votes = honest.chain(own).collect();
        votes.sort_unstable_by_key(|(index, _)| *index);
        votes.dedup();
        if votes.len() >= world.set.quorum() {
            return Vec::new();
        }
        let few = votes.clone();
        while votes.len() < world.set.count() {
            votes.push(padding(&few, votes.len(), rng));
        }
        votes.sort_unstable_by_key(|(index, _)| *index);
        let message = match kind {
            VoteKind::Prevote => {
                let mut polka = world.polka(&[], round, block);
                polka.votes = votes;
                Message::Polka(polka)
            }
            VoteKind::Precommit => {
                let mut commit = world.commit(&[], round, block);
                commit.votes = votes;
                Message::Commit(commit)
            }
        };
        vec![say(scene.all(), message)]
    }
}

/// A vote more that is none.
fn padding(few: &Votes, at: usize, rng: &mut Random) -> (u16, Signature) {
    let one = few[rng.index(few.len())];
    match rng.index(4) {
        0 | 1 => one,
        2 => (at as u16, one.1),
        _ => (900 + at as u16, one.1),
    }
}
