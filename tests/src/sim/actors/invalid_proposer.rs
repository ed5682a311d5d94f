//! Signs proposals as it should, of blocks that nobody should vote for: another id than the block
//! has, a time far off, another agency's name on it, an entry that nobody can get, or one that the rules
//! refuse, which it hands out to whoever asks.

use consensus::{Proposal, Signed};
use ledger::execute;
use node::{
    network::Lane,
    wire::{self, ConsensusMessage, Outline, SyncMessage},
};
use protocol::{
    authentic::{Authentic, Said},
    entry::{Operation, Statement},
    hash::{BlockId, sha256},
    height::TimeMs,
    name::{ClerkName, Origin},
};

use super::{Actor, Scene};
use crate::{
    sim::{chance::Chance, words},
    world::{ORIGIN, statement},
};

pub(super) struct InvalidProposer {
    chance: Chance,
    /// One proposal in a round, and the same to everybody: this one is no equivocator.
    last: Option<(Proposal, Proposal, Outline)>,
    /// The entry that the rules refuse, of the last proposal that had one.
    foreign: Option<Authentic>,
}

impl InvalidProposer {
    pub(super) const fn new(chance: Chance) -> Self {
        Self {
            chance,
            last: None,
            foreign: None,
        }
    }

    fn bend(&mut self, scene: &Scene<'_>, true_one: &Proposal, outline: &Outline) -> Bent {
        let mut block = true_one.block;
        let mut outline = outline.clone();
        let kind = self.chance.below(6);
        match kind {
            0 => block = BlockId::new(sha256(&[b"another block"])),
            1 => outline.entries.reverse(),
            2 => outline.entries.push(outline.entries[0]),
            3 => {
                self.foreign = self.foreign_entry(scene);
                outline
                    .entries
                    .extend(self.foreign.as_ref().map(Authentic::hash));
                block = BlockId::new(sha256(&[b"a block with a foreign entry"]));
            }
            _ => {
                let (time, proposer) = (outline.time.get(), scene.agency());
                let proposal = match self.chance.below(3) {
                    0 => execute::Proposal {
                        proposer,
                        time: TimeMs::new(time + 3_600_000),
                    },
                    1 => execute::Proposal {
                        proposer: scene.seats.genesis.agencies[scene.others()[0]].name.clone(),
                        time: outline.time,
                    },
                    _ => execute::Proposal {
                        proposer,
                        time: outline.time,
                    },
                };
                // Valid by the ledger's rules, with an entry that is nowhere else.
                if let Some((id, bent)) = self.build(scene, proposal) {
                    (block, outline) = (id, bent);
                }
            }
        }
        let bent = Proposal {
            block,
            ..true_one.clone()
        };
        (bent, outline)
    }

    fn build(
        &mut self,
        scene: &Scene<'_>,
        proposal: execute::Proposal,
    ) -> Option<(BlockId, Outline)> {
        let entry = self.hidden_entry(scene)?;
        let built = scene.node()?.ledger.build(proposal.clone(), [&entry]);
        let executed = built.ok()?.executed?;
        let outline = Outline {
            height: executed.height(),
            time: proposal.time,
            proposer: proposal.proposer.to_string(),
            entries: vec![entry.hash()],
        };
        Some((executed.block(), outline))
    }

    fn hidden_entry(&mut self, scene: &Scene<'_>) -> Option<Authentic> {
        let name = scene.agency();
        let record = format!("HIDDEN-{}", self.chance.next());
        sign(
            scene,
            statement(name.as_str(), &record, Operation::Register, None),
        )
    }

    /// Signed by its own agency's clerk, in a registry of another's: the signature holds, the rules refuse.
    fn foreign_entry(&mut self, scene: &Scene<'_>) -> Option<Authentic> {
        let owner = &scene.seats.genesis.agencies[scene.others()[0]].name;
        let record = format!("FOREIGN-{}", self.chance.next());
        let mut said = statement(owner.as_str(), &record, Operation::Register, None);
        said.author = ClerkName::parse(&format!("{}/clerk-1", scene.agency()))?;
        sign(scene, said)
    }
}

fn sign(scene: &Scene<'_>, said: Statement) -> Option<Authentic> {
    let (origin, secret) = (Origin::parse(ORIGIN)?, scene.secret("clerk"));
    Said::from(said.sign(&origin, &secret))
        .authenticate(&origin, &secret.public())
        .ok()
}

type Bent = (Proposal, Outline);

impl Actor for InvalidProposer {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        let secret = scene.secret("vote");
        let message = (lane == Lane::Consensus).then(|| words::consensus(&bytes));
        let (signed, outline) = match message.flatten() {
            Some(ConsensusMessage::Proposal(signed, outline))
                if signed.signer == secret.public() && signed.statement.polka.is_none() =>
            {
                (signed, outline)
            }
            _ => return scene.say(to, lane, bytes),
        };
        let true_one = signed.statement;
        if self.last.as_ref().is_none_or(|last| last.0 != true_one) {
            let (bent, outline) = self.bend(scene, &true_one, &outline);
            self.last = Some((true_one, bent, outline));
        }
        let Some((_, bent, outline)) = self.last.clone() else {
            return;
        };
        let signature = secret.sign(&bent.sign_bytes(&scene.chain()));
        let signed = Signed {
            statement: bent,
            signer: secret.public(),
            signature,
        };
        scene.say(
            to,
            lane,
            wire::encode(&ConsensusMessage::Proposal(signed, outline)),
        );
    }

    fn hears(
        &mut self,
        scene: &mut Scene<'_>,
        from: usize,
        lane: Lane,
        bytes: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let message = (lane == Lane::Sync).then(|| words::sync(&bytes)).flatten();
        if let (Some(SyncMessage::GetEntries(wanted)), Some(foreign)) = (message, &self.foreign)
            && wanted.contains(&foreign.hash())
        {
            let entries = SyncMessage::Entries(vec![foreign.bytes().to_vec()]);
            scene.say(from, Lane::Sync, wire::encode(&entries));
        }
        Some(bytes)
    }
}
