//! Compact blocks that wait for their entries, and the entries that came for them.
//!
//! A block may have several, from several peers: which of them is true shows only once its entries are
//! here. Each peer has a few places of its own, so no peer pushes out what came from another. Nearly
//! always all entries wait here already; what is missing is asked of the sender. Nothing is executed here.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use protocol::{
    authentic::{Authentic, Submission, Unverified},
    hash::{BlockId, LeafHash},
    planted::{self, Bug},
};

use super::Driver;
use crate::{
    host::Moment,
    ingest,
    limits::PEER_COMPACT_BLOCKS_MAX,
    mempool::Mempool,
    network::{Lane, PeerIndex},
    wire::{CompactBlock, SyncMessage},
};

/// Entries are nearly always on their way already, told by whoever got them first; to ask at once
/// would only bring and check them twice.
const ASK_AFTER: Duration = Duration::from_millis(40);

/// A compact block whose entries are being gathered.
#[derive(Debug)]
struct Described {
    block: BlockId,
    compact: CompactBlock,
    /// Entries that its sender was asked for and has not sent.
    missing: BTreeSet<LeafHash>,
    /// Entries that do not wait here but came for this block, and their bytes.
    fetched: BTreeMap<LeafHash, Arc<Authentic>>,
    fetched_bytes: u64,
    /// How many of the entries were here when they were last looked for.
    found: usize,
    /// When to ask for what is still missing.
    ask_at: Option<Moment>,
    /// It makes another block. Kept so that the same words are not looked at twice.
    is_refuted: bool,
}

/// A compact block whose entries are all here.
#[derive(Debug)]
pub(super) struct Complete {
    pub(super) block: BlockId,
    pub(super) compact: CompactBlock,
    pub(super) entries: Vec<Arc<Authentic>>,
    pub(super) from: PeerIndex,
}

/// Compact blocks by the peers that sent them, and who was asked for which.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    described: BTreeMap<PeerIndex, VecDeque<Described>>,
    asked: BTreeMap<PeerIndex, VecDeque<BlockId>>,
}

impl Described {
    fn entry(&self, hash: &LeafHash, mempool: &Mempool) -> Option<Arc<Authentic>> {
        let entry = mempool.get(hash).or_else(|| self.fetched.get(hash));
        entry.cloned()
    }

    /// Its entries, if all are here. It goes on where it stopped the last time: what is missing is
    /// looked for at every entry that comes in.
    fn entries(&mut self, mempool: &Mempool) -> Option<Vec<Arc<Authentic>>> {
        let rest = self.compact.entries.get(self.found..).unwrap_or_default();
        let here = rest
            .iter()
            .take_while(|hash| mempool.get(hash).is_some() || self.fetched.contains_key(hash));
        self.found = self.found.saturating_add(here.count());
        if self.found < self.compact.entries.len() {
            return None;
        }
        let find = |hash| self.entry(hash, mempool);
        let entries: Option<Vec<_>> = self.compact.entries.iter().map(find).collect();
        if entries.is_none() {
            // One that was here has left since.
            self.found = 0;
        }
        entries
    }
}

impl Gathering {
    /// Begins to gather the entries of a compact block.
    pub(super) fn add(
        &mut self,
        block: BlockId,
        compact: CompactBlock,
        from: PeerIndex,
        now: Moment,
    ) {
        let mut all = self.described.values().flatten();
        if planted::is(Bug::FirstCompactStays) && all.any(|known| known.block == block) {
            return;
        }
        let own = self.described.entry(from).or_default();
        let mut known = own.iter_mut();
        if let Some(known) = known.find(|known| known.block == block && known.compact == compact) {
            known.ask_at = known.ask_at.or(Some(now + ASK_AFTER));
            return;
        }
        if own.len() >= PEER_COMPACT_BLOCKS_MAX {
            own.pop_front();
        }
        own.push_back(Described {
            block,
            compact,
            missing: BTreeSet::new(),
            fetched: BTreeMap::new(),
            fetched_bytes: 0,
            found: 0,
            ask_at: Some(now + ASK_AFTER),
            is_refuted: false,
        });
    }

    /// The next compact block whose entries are all here. It is given out once.
    pub(super) fn next_complete(&mut self, mempool: &Mempool) -> Option<Complete> {
        for (from, own) in &mut self.described {
            for described in own.iter_mut().filter(|described| !described.is_refuted) {
                let Some(entries) = described.entries(mempool) else {
                    continue;
                };
                // If it is not, all that is known of its block is dropped.
                described.is_refuted = true;
                described.fetched.clear();
                described.missing.clear();
                return Some(Complete {
                    block: described.block,
                    compact: described.compact.clone(),
                    entries,
                    from: *from,
                });
            }
        }
        None
    }

    /// Drops all that is known of a block that was judged.
    pub(super) fn forget(&mut self, block: &BlockId) {
        for own in self.described.values_mut() {
            own.retain(|described| described.block != *block);
        }
    }

    /// Notes that a peer is asked for a block.
    pub(super) fn note_asked(&mut self, block: BlockId, peer: PeerIndex) {
        let asked = self.asked.entry(peer).or_default();
        if asked.contains(&block) {
            return;
        }
        if asked.len() >= PEER_COMPACT_BLOCKS_MAX {
            asked.pop_front();
        }
        asked.push_back(block);
    }

    /// Whether the peer was asked for the block; its answer counts once.
    pub(super) fn take_asked(&mut self, block: &BlockId, peer: PeerIndex) -> bool {
        let Some(asked) = self.asked.get_mut(&peer) else {
            return false;
        };
        let place = asked.iter().position(|asked| asked == block);
        place.and_then(|place| asked.remove(place)).is_some()
    }

    fn all_mut(&mut self) -> impl Iterator<Item = (PeerIndex, &mut Described)> {
        let peers = self.described.iter_mut();
        let all = peers.flat_map(|(from, own)| {
            let from = *from;
            own.iter_mut().map(move |described| (from, described))
        });
        all.filter(|(_, described)| !described.is_refuted)
    }

    fn of(&mut self, peer: PeerIndex) -> impl Iterator<Item = &mut Described> {
        self.described.get_mut(&peer).into_iter().flatten()
    }

    /// What is to be asked of whom by now.
    fn due(&mut self, now: Moment, mempool: &Mempool) -> Vec<(PeerIndex, Vec<LeafHash>)> {
        let mut due = Vec::new();
        for (from, described) in self.all_mut() {
            if described.ask_at.take_if(|at| *at <= now).is_some() {
                let entries = described.compact.entries.iter();
                let missing = entries.filter(|hash| described.entry(hash, mempool).is_none());
                let missing: Vec<_> = missing.copied().collect();
                described.missing.extend(&missing);
                due.push((from, missing));
            }
        }
        due
    }
}

impl Driver {
    /// When to ask for what is missing, if anything is.
    pub(super) fn gather_deadline(&self) -> Option<Moment> {
        let own = self.proposals.gathering.described.values().flatten();
        let live = own.filter(|described| !described.is_refuted);
        live.filter_map(|described| described.ask_at).min()
    }

    /// Asks for entries that have not come by themselves.
    pub(super) fn ask_for_entries(&mut self) {
        let now = self.shared.host.moment();
        let due = {
            let mempool = self.shared.mempool();
            self.proposals.gathering.due(now, &mempool)
        };
        for (from, missing) in due {
            self.send(from, Lane::Sync, &SyncMessage::GetEntries(missing));
        }
    }

    /// What of the entries `from` was asked for, read, and which of its descriptions want each.
    fn wanted(&mut self, entries: Vec<Vec<u8>>, from: PeerIndex) -> Vec<(Unverified, Vec<usize>)> {
        let gathering = &mut self.proposals.gathering;
        let mut wanted = Vec::new();
        for bytes in entries {
            // Whoever was asked for nothing costs nothing, not even a hash.
            if gathering
                .of(from)
                .all(|described| described.missing.is_empty())
            {
                break;
            }
            let hash = Submission::hash_of(&bytes);
            let own = gathering.of(from).enumerate();
            let wants = own.filter_map(|(place, described)| {
                let wants = described.missing.remove(&hash);
                wants.then_some(place)
            });
            let wants: Vec<usize> = wants.collect();
            if !wants.is_empty()
                && let Ok(read) = Unverified::parse(bytes)
            {
                wanted.push((read, wants));
            }
        }
        wanted
    }

    /// Entries that a peer sent because this node asked it. Of one description no more are kept than a
    /// block has room for.
    pub(super) fn on_entries(&mut self, entries: Vec<Vec<u8>>, from: PeerIndex) {
        let bytes_max = self.shared.ledger.head().directory().limits().block_bytes;
        let (read, places): (Vec<_>, Vec<_>) = self.wanted(entries, from).into_iter().unzip();
        let believed = ingest::authenticate_all(&self.shared, read);
        for (entry, places) in believed.into_iter().zip(places) {
            // An entry whose signature does not hold leaves its block incomplete, so it gets no vote.
            let Ok(entry) = entry else {
                continue;
            };
            let length = u64::try_from(entry.bytes().len()).unwrap_or(u64::MAX);
            for (place, described) in self.proposals.gathering.of(from).enumerate() {
                let grown = described.fetched_bytes.saturating_add(length);
                if places.contains(&place) && grown <= bytes_max {
                    described.fetched_bytes = grown;
                    described.fetched.insert(entry.hash(), Arc::clone(&entry));
                }
            }
        }
        self.complete_proposals();
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        hash::{IndexRoot, LeafHash},
        height::{Height, TimeMs},
    };

    use super::*;

    fn peer(number: usize) -> PeerIndex {
        PeerIndex::new(number)
    }

    fn block(number: u8) -> BlockId {
        BlockId::new([number; 32])
    }

    /// Of no entries, so that it is complete at once.
    fn compact(time: u64) -> CompactBlock {
        CompactBlock {
            height: Height::new(1),
            time: TimeMs::new(time),
            proposer: "soliq".to_owned(),
            index: IndexRoot::new([0; 32]),
            entries: Vec::new(),
        }
    }

    /// All that is given out, in order: by whom, and its time.
    fn drain(gathering: &mut Gathering) -> Vec<(usize, u64)> {
        let mempool = Mempool::default();
        let next = || gathering.next_complete(&mempool);
        std::iter::from_fn(next)
            .map(|complete| (complete.from.get(), complete.compact.time.get()))
            .collect()
    }

    /// A false one that comes first, from anybody, keeps the true one out of nothing.
    #[test]
    fn all_compact_blocks_that_come_for_one_block_are_looked_at_once() {
        let mut gathering = Gathering::default();
        let now = Moment::default();
        for (from, time) in [(0, 1), (0, 2), (1, 3), (0, 2), (2, 1)] {
            gathering.add(block(1), compact(time), peer(from), now);
        }
        assert_eq!(drain(&mut gathering), [(0, 1), (0, 2), (1, 3), (2, 1)]);
        // The same words again are not looked at again.
        gathering.add(block(1), compact(1), peer(0), now);
        assert_eq!(drain(&mut gathering), []);
        // Once the block is judged, nothing of it is kept.
        gathering.forget(&block(1));
        assert!(gathering.described.values().all(VecDeque::is_empty));
    }

    #[test]
    fn a_peer_pushes_out_its_own_compact_blocks_and_nobody_else_s() {
        let mut gathering = Gathering::default();
        let now = Moment::default();
        gathering.add(block(1), compact(1), peer(1), now);
        let many = 3 * PEER_COMPACT_BLOCKS_MAX as u64;
        for time in 0..many {
            let number = u8::try_from(time).unwrap();
            gathering.add(block(number), compact(time), peer(0), now);
        }
        gathering.add(block(2), compact(2), peer(2), now);
        let newest = (many - PEER_COMPACT_BLOCKS_MAX as u64..many).map(|time| (0, time));
        let wanted: Vec<_> = newest.chain([(1, 1), (2, 2)]).collect();
        assert_eq!(drain(&mut gathering), wanted);
    }

    #[test]
    fn an_answer_counts_once_and_only_from_whom_was_asked() {
        let mut gathering = Gathering::default();
        gathering.note_asked(block(100), peer(1));
        for number in 0..3 * PEER_COMPACT_BLOCKS_MAX {
            gathering.note_asked(block(u8::try_from(number).unwrap()), peer(0));
        }
        assert!(!gathering.take_asked(&block(100), peer(0)));
        assert!(gathering.take_asked(&block(100), peer(1)));
        assert!(!gathering.take_asked(&block(100), peer(1)));
        // Those it was asked for last; what was pushed out counts no more.
        let counted = (0..3 * PEER_COMPACT_BLOCKS_MAX)
            .filter(|number| gathering.take_asked(&block(u8::try_from(*number).unwrap()), peer(0)));
        let counted: Vec<_> = counted.collect();
        assert_eq!(
            counted,
            (2 * PEER_COMPACT_BLOCKS_MAX..3 * PEER_COMPACT_BLOCKS_MAX).collect::<Vec<_>>()
        );
    }

    /// What is missing is asked of the sender once it is due, and of nobody else.
    #[test]
    fn what_is_missing_is_asked_of_the_sender() {
        let mut gathering = Gathering::default();
        let now = Moment::default();
        let mut lacking = compact(1);
        lacking.entries = vec![LeafHash::new([7; 32])];
        gathering.add(block(1), lacking, peer(3), now);
        let mempool = Mempool::default();
        assert!(gathering.due(now, &mempool).is_empty());
        let due = gathering.due(now + ASK_AFTER, &mempool);
        assert_eq!(due, [(peer(3), vec![LeafHash::new([7; 32])])]);
        assert!(gathering.due(now + ASK_AFTER, &mempool).is_empty());
        assert!(drain(&mut gathering).is_empty());
    }
}
