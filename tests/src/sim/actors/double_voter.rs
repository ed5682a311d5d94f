//! Says one thing to some and another to the others: votes and cosignatures.

use consensus::{Signed, SignedVote};
use node::{
    network::Lane,
    wire::{self, ConsensusMessage, Cosignature},
};
use protocol::{
    cosignature,
    hash::{BlockId, RootHash, sha256},
};
use testkit::Random;

use super::{Actor, Scene};
use crate::sim::words;

pub(super) struct DoubleVoter {
    chance: Random,
}

impl DoubleVoter {
    pub(super) const fn new(chance: Random) -> Self {
        Self { chance }
    }

    /// The other thing that could be said: for nothing instead of a block, or the reverse.
    fn contradict(scene: &Scene<'_>, vote: &SignedVote) -> SignedVote {
        let mut statement = vote.statement;
        statement.valid_round = None;
        statement.block = match statement.block {
            Some(_) => None,
            None => Some(BlockId::new(sha256(&[b"no such block"]))),
        };
        let secret = scene.secret("vote");
        Signed {
            statement,
            signer: secret.public(),
            signature: secret.sign(&statement.sign_bytes(&scene.chain())),
        }
    }

    /// A cosignature on a root that no log of this size has.
    fn other_root(scene: &Scene<'_>, cosign: &Cosignature) -> Cosignature {
        let root = RootHash::new(sha256(&[b"another log"]));
        let origin = &scene.seats.genesis.origin;
        let body = format!("{origin}\n{}\n{root}\n", cosign.size);
        let signature = cosignature::sign(&scene.secret("cosign"), cosign.time, &body);
        Cosignature {
            root,
            signature,
            ..cosign.clone()
        }
    }
}

impl Actor for DoubleVoter {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        let own = scene.secret("vote").public();
        let message = (lane == Lane::Consensus).then(|| words::consensus(&bytes));
        let other = match message.flatten() {
            Some(ConsensusMessage::Vote(vote)) if vote.signer == own => {
                ConsensusMessage::Vote(Self::contradict(scene, &vote))
            }
            Some(ConsensusMessage::Cosignature(cosign))
                if cosign.agency == *scene.agency().as_str() =>
            {
                ConsensusMessage::Cosignature(Self::other_root(scene, &cosign))
            }
            _ => return scene.say(to, lane, bytes),
        };
        let which = self.chance.index(3);
        if which != 0 {
            scene.say(to, lane, bytes);
        }
        if which != 1 {
            scene.say(to, lane, wire::encode(&other));
        }
    }
}
