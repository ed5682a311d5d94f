//! What a world tells beside receipts: the history of a record, nodes of the log, its newest block.

use protocol::{
    entry::Entry, hash::BlockId, history::History, index::IndexProof, merkle, state::RecordState,
};

use super::{Leaf, World, key_of, registry};

impl World {
    /// The history of a record, known or not.
    pub(crate) fn history(&self, id: &str) -> History {
        let key = key_of(id);
        let entries = self.placed.values().rev().filter_map(|placed| {
            let Leaf::Entry(entry) = &placed.leaf else {
                return None;
            };
            (entry.statement.key == key).then(|| entry.clone())
        });
        let record = self.records.get(&key);
        History {
            registry: registry(),
            key,
            from: None,
            record: record.map(|state| (state.clone(), entries.collect())),
            record_proof: self.prove(&RecordState::index_key(&registry(), &key)),
            clerks: record
                .map(|_| (self.clerk_state(), self.clerk_proof()))
                .into_iter()
                .collect(),
            head: self.head(),
            checkpoint: self.published(&[0, 1, 3]),
        }
    }

    /// A batched entry, its record's state and the proof of that, whatever covers it.
    pub(crate) fn stray(&self, at: u64) -> (Entry, RecordState, IndexProof) {
        let Leaf::Entry(entry) = self.placed[&at].leaf.clone() else {
            panic!("leaf {at} is a batch")
        };
        let key = entry.statement.key;
        let proof = self.prove(&RecordState::index_key(&registry(), &key));
        (entry, self.records[&key].clone(), proof)
    }

    /// The hash of a perfect subtree of the log.
    pub(crate) fn node(&self, level: u8, at: u64) -> [u8; 32] {
        let hashes = self.hashes();
        let mut node = merkle::from_leaves(&hashes);
        node(level, at).unwrap()
    }

    /// Identity of the newest block.
    pub(crate) fn block_id(&self) -> BlockId {
        self.checkpoint().block_id()
    }
}
