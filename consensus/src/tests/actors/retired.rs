//! Has the keys of validators that are none any more, and goes on with them as if nothing had changed: a
//! twin that was not switched off, or whoever has stolen them. It must count for nothing, and nobody who
//! is honest must be accused for it.

use super::{Actor, Scene, Speech, What};
use crate::{
    Message, VoteKind,
    tests::world::{Random, World},
};

pub(in crate::tests) struct Retired {
    /// The height before.
    before: World,
    /// Whose keys it has, by their numbers there.
    keys: Vec<u16>,
}

impl Retired {
    pub(in crate::tests) const fn new(before: World, keys: Vec<u16>) -> Self {
        Self { before, keys }
    }
}

impl Actor for Retired {
    fn name(&self) -> &'static str {
        "retired"
    }

    fn act(&mut self, scene: &Scene, rng: &mut Random) -> Vec<Speech> {
        let mut world = self.before.clone();
        world.height = scene.world.height;
        let (round, block) = (scene.any_round(rng), scene.any_block(rng));
        let message = match rng.index(3) {
            0 => Message::Polka(world.polka(&self.keys, round, block)),
            1 => Message::Commit(world.commit(&self.keys, round, block)),
            _ if self.keys.is_empty() => return Vec::new(),
            _ => {
                let kind = [VoteKind::Prevote, VoteKind::Precommit][rng.index(2)];
                let vote = world.vote_of(kind, round, rng.percent(50).then_some(block), None);
                let by = self.keys[rng.index(self.keys.len())];
                Message::Vote(world.sign(by, vote))
            }
        };
        let enough = self.keys.len() >= world.set.quorum();
        let what = match &message {
            // Let in by a host that still judged by the set of before.
            Message::Vote(_) if rng.percent(50) => What::Former(world, message),
            Message::Polka(_) | Message::Commit(_) if enough => What::Former(world, message),
            _ => What::Said(message),
        };
        vec![Speech {
            to: scene.some(rng),
            what,
            now: false,
        }]
    }
}
