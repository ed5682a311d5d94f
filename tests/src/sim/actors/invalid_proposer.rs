//! Signs proposals as it should, of blocks that nobody should vote for: another id than the block
//! has, a time far off, another agency's name on it, another index root than it leads to, an entry twice,
//! one that nobody can get, or one that the rules refuse, which it hands out to whoever asks.

use consensus::{Proposal, Signed};
use ledger::execute;
use node::{
    network::Lane,
    wire::{self, CompactBlock, ConsensusMessage, SyncMessage},
};
use protocol::{
    authentic::{Authentic, Submission},
    entry::{Operation, Statement},
    hash::{BlockId, IndexRoot, LeafHash, sha256},
    height::TimeMs,
    name::ClerkName,
};
use testkit::Random;

use super::{Actor, Scene};
use crate::{sim::words, world::statement};

pub(super) struct InvalidProposer {
    chance: Random,
    /// One proposal in a round, and the same to everybody: this one is no equivocator.
    last: Option<(Proposal, Proposal, CompactBlock)>,
    /// The entry that the rules refuse, of the last proposal that had one.
    foreign: Option<Authentic>,
}

impl InvalidProposer {
    pub(super) const fn new(chance: Random) -> Self {
        Self {
            chance,
            last: None,
            foreign: None,
        }
    }

    fn bend(&mut self, scene: &Scene<'_>, true_one: &Proposal, compact: &CompactBlock) -> Bent {
        let mut block = true_one.block;
        let mut compact = compact.clone();
        let kind = self.chance.index(7);
        match kind {
            0 => block = BlockId::new(sha256(&[b"another block"])),
            1 => compact.entries.reverse(),
            2..=4 => {
                match kind {
                    2 => compact.entries.push(compact.entries[0]),
                    3 => {
                        self.foreign = self.foreign_entry(scene);
                        let hash = self.foreign.as_ref().map(Authentic::hash);
                        compact.entries.extend(hash);
                    }
                    _ => compact.index = IndexRoot::new(sha256(&[b"another index"])),
                }
                // It is this block itself that breaks a rule: its id is that of its content.
                block = self.id_of(scene, &compact).unwrap_or(block);
            }
            _ => {
                let (time, proposer) = (compact.time.get(), scene.agency());
                let proposal = match self.chance.index(3) {
                    0 => execute::BlockParameters {
                        proposer,
                        time: TimeMs::new(time + 3_600_000),
                    },
                    1 => execute::BlockParameters {
                        proposer: scene.seats.genesis.agencies[scene.others()[0]].name.clone(),
                        time: compact.time,
                    },
                    _ => execute::BlockParameters {
                        proposer,
                        time: compact.time,
                    },
                };
                // Valid by the ledger's rules, with an entry that is nowhere else.
                if let Some((id, bent)) = self.build(scene, proposal) {
                    (block, compact) = (id, bent);
                }
            }
        }
        let bent = Proposal {
            block,
            ..true_one.clone()
        };
        (bent, compact)
    }

    fn id_of(&self, scene: &Scene<'_>, compact: &CompactBlock) -> Option<BlockId> {
        let node = scene.node()?;
        let mempool = node.mempool();
        let foreign = self.foreign.as_ref();
        let find = |hash: &LeafHash| {
            let waiting = mempool.get(hash).map(AsRef::as_ref);
            waiting.or_else(|| foreign.filter(|entry| entry.hash() == *hash))
        };
        let items: Vec<&Authentic> = compact.entries.iter().map(find).collect::<Option<_>>()?;
        let by = execute::BlockParameters {
            proposer: compact.proposer()?,
            time: compact.time,
        };
        Some(node.ledger.described(by, compact.index, items))
    }

    fn build(
        &mut self,
        scene: &Scene<'_>,
        proposal: execute::BlockParameters,
    ) -> Option<(BlockId, CompactBlock)> {
        let entry = self.hidden_entry(scene)?;
        let built = scene.node()?.ledger.build(proposal.clone(), [&entry]);
        let executed = built.ok()?.executed?;
        let compact = CompactBlock {
            height: executed.height(),
            time: proposal.time,
            proposer: proposal.proposer.to_string(),
            index: executed.block_leaf().index,
            entries: vec![entry.hash()],
        };
        Some((executed.block(), compact))
    }

    fn hidden_entry(&mut self, scene: &Scene<'_>) -> Option<Authentic> {
        let name = scene.agency();
        let record = format!("HIDDEN-{}", self.chance.next_u64());
        sign(
            scene,
            statement(name.as_str(), &record, Operation::Register, None),
        )
    }

    /// Signed by its own agency's clerk, in a registry of another's: the signature holds, the rules refuse.
    fn foreign_entry(&mut self, scene: &Scene<'_>) -> Option<Authentic> {
        let owner = &scene.seats.genesis.agencies[scene.others()[0]].name;
        let record = format!("FOREIGN-{}", self.chance.next_u64());
        let mut said = statement(owner.as_str(), &record, Operation::Register, None);
        said.author = ClerkName::parse(&format!("{}/clerk-1", scene.agency()))?;
        sign(scene, said)
    }
}

fn sign(scene: &Scene<'_>, said: Statement) -> Option<Authentic> {
    let (network, secret) = (scene.seats.genesis.network_id(), scene.secret("clerk"));
    Submission::from(said.sign(&network, &secret))
        .authenticate(&network, &secret.public())
        .ok()
}

type Bent = (Proposal, CompactBlock);

impl Actor for InvalidProposer {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        let secret = scene.secret("vote");
        let message = (lane == Lane::Consensus).then(|| words::consensus(&bytes));
        let (signed, compact) = match message.flatten() {
            Some(ConsensusMessage::Proposal(signed, compact))
                if signed.signer == secret.public() && signed.statement.polka.is_none() =>
            {
                (signed, compact)
            }
            _ => return scene.say(to, lane, bytes),
        };
        let true_one = signed.statement;
        if self.last.as_ref().is_none_or(|last| last.0 != true_one) {
            let (bent, compact) = self.bend(scene, &true_one, &compact);
            self.last = Some((true_one, bent, compact));
        }
        let Some((_, bent, compact)) = self.last.clone() else {
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
            wire::encode(&ConsensusMessage::Proposal(signed, compact)),
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
