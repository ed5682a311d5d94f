//! Fills the quota of its agency, and the queues of all others with what has none: entries that are
//! there already, bytes that are no entries, cosignatures on logs that do not exist, and questions.

use node::{
    network::Lane,
    wire::{self, ConsensusMessage, Cosignature, EntriesMessage, SyncMessage},
};
use protocol::{
    cosignature,
    entry::Operation,
    hash::{LeafHash, RootHash, sha256},
    height::{Height, LogSize},
};
use testkit::Random;

use super::{Actor, Scene};
use crate::world::{ORIGIN, statement};

/// Entries that it makes in all, and how many it sends at once.
const ENTRIES_MAX: u64 = 120;
const AT_ONCE: u64 = 8;
/// It does so in every so many-th moment.
const EVERY: u64 = 4;
/// It tires after so long, so that the network can fall silent.
const UNTIL_US: u64 = 60_000_000;

pub(super) struct Spammer {
    chance: Random,
    made: u64,
    turn: u64,
    entries: Vec<Vec<u8>>,
}

impl Spammer {
    pub(super) const fn new(chance: Random) -> Self {
        Self {
            chance,
            made: 0,
            turn: 0,
            entries: Vec::new(),
        }
    }

    fn make(&mut self, scene: &Scene<'_>) {
        let (name, network) = (scene.agency(), scene.seats.genesis.network_id());
        for _ in 0..AT_ONCE {
            if self.made < ENTRIES_MAX {
                let record = format!("SPAM-{}", self.made);
                let statement = statement(name.as_str(), &record, Operation::Register, None);
                let entry = statement.sign(&network, &scene.secret("clerk"));
                self.entries.push(entry.write().into_bytes());
                self.made += 1;
            }
        }
    }

    fn cosign(&mut self, scene: &Scene<'_>) -> Cosignature {
        let root = RootHash::new(sha256(&[&self.chance.next_u64().to_be_bytes()]));
        let size = LogSize::new(self.chance.between(1, 200));
        let body = format!("{ORIGIN}\n{size}\n{root}\n");
        Cosignature {
            size,
            root,
            time: 2_000_000_000,
            agency: scene.agency().to_string(),
            signature: cosignature::sign(&scene.secret("cosign"), 2_000_000_000, &body),
        }
    }
}

impl Actor for Spammer {
    fn acts(&mut self, scene: &mut Scene<'_>) {
        self.turn += 1;
        if scene.now_us > UNTIL_US || !self.turn.is_multiple_of(EVERY) {
            return;
        }
        self.make(scene);
        let mut entries: Vec<_> = (0..AT_ONCE)
            .map(|_| self.chance.pick(&self.entries).clone())
            .collect();
        entries.push(vec![0xff; 5_000]);
        entries.extend(self.entries.last().cloned());
        for seat in scene.others() {
            scene.say(
                seat,
                Lane::Entries,
                wire::encode(&EntriesMessage(entries.clone())),
            );
            let cosign = self.cosign(scene);
            scene.say(
                seat,
                Lane::Consensus,
                wire::encode(&ConsensusMessage::Cosignature(cosign)),
            );
            let hashes = vec![LeafHash::new([7; 32]); 100];
            scene.say(
                seat,
                Lane::Sync,
                wire::encode(&SyncMessage::GetEntries(hashes)),
            );
            let (from, count) = (Height::new(1), u32::MAX);
            scene.say(
                seat,
                Lane::Sync,
                wire::encode(&SyncMessage::GetBlocks { from, count }),
            );
        }
    }
}
