//! Still holds the keys of a validator set in which the liars were the majority. What that set signs
//! is sound under it, and was let in while it was in force; it must count for nothing since.

use protocol::key::SecretKey;

use super::{Actor, Scene, Speech, What};
use crate::{
    Message, ValidatorSet,
    tests::world::{Random, World},
};

pub(super) struct Former;

impl Actor for Former {
    fn name(&self) -> &'static str {
        "former validators"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let world = former(scene.world, scene.liars);
        let block = scene.any_block(rng);
        let round = scene.any_round(rng);
        let all: Vec<u16> = (0..world.set.count() as u16).collect();
        let message = match rng.index(3) {
            0 => Message::Polka(world.polka(&all, round, block)),
            1 => Message::Commit(world.commit(&all, round, block)),
            _ => Message::Vote(world.signed_prevote(all[rng.index(all.len())], round, None)),
        };
        vec![Speech {
            to: scene.some(rng),
            what: What::Former(world, message),
            now: true,
        }]
    }
}

/// The liars and as many others as the set has now: nobody of it is honest.
fn former(world: &World, liars: &[u16]) -> World {
    let strangers = world.set.count() - liars.len();
    let key = |seed| SecretKey::from_seed(&[seed; 32]).public();
    let mut keys: Vec<_> = (200..).take(strangers).map(key).collect();
    keys.extend(liars.iter().filter_map(|liar| world.set.key(*liar)));
    let mut former = world.clone();
    if let Ok(set) = ValidatorSet::new(keys) {
        former.set = set;
    }
    former
}
