//! What stands in which column family, and under which key.
//!
//! | family | key | value |
//! |---|---|---|
//! | leaves | index of the first of them | up to 64 leaves of one block, as a bundle |
//! | tiles | level, tile index | 256 hashes; only full tiles |
//! | fresh | height | entries of the block, and values that it gave to records and to the rest of the index, until a run holds them |
//! | runs | kind, entry id, index key or number | leaf index, state of a record, text of another value, or outline of the index |
//! | waiting | index key | nothing: a record on which agencies are asked for their word |
//! | blocks | height | [`BlockRow`] |
//! | starts | first leaf index | height |
//! | undo | height | what the block's records and values were before, until a later checkpoint is published |
//! | meta | a word | format, chain, tip, published |
//!
//! Numbers in keys are big-endian, so that order on disk is their order.

use protocol::{
    codec::{self, DecodeError},
    genesis::BLOCK_ENTRIES_MAX,
    hash::{BlockId, IndexKey, LeafHash, RootHash, ValueHash},
    height::{Height, LeafIndex, LogSize, TimeMs, Version},
    standing::Standing,
    state::{RecordState, RecordStatus, VALUE_BYTES_MAX},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Version of everything in this file.
pub(crate) const FORMAT: u32 = 4;

pub(crate) const LEAVES: &str = "leaves";
pub(crate) const TILES: &str = "tiles";
pub(crate) const RUNS: &str = "runs";
pub(crate) const WAITING: &str = "waiting";
pub(crate) const FRESH: &str = "fresh";
pub(crate) const BLOCKS: &str = "blocks";
pub(crate) const STARTS: &str = "starts";
pub(crate) const UNDO: &str = "undo";
pub(crate) const META: &str = "meta";

pub(crate) const META_FORMAT: &[u8] = b"format";
pub(crate) const META_CHAIN: &[u8] = b"chain";
pub(crate) const META_TIP: &[u8] = b"tip";
pub(crate) const META_PUBLISHED: &[u8] = b"published";

/// Kinds of rows in runs: the first byte of their key.
pub(crate) const RUN_ENTRY: u8 = b'e';
pub(crate) const RUN_HEAD: u8 = b'h';
pub(crate) const RUN_OUTLINE: u8 = b'o';
pub(crate) const RUN_RECORD: u8 = b'r';
pub(crate) const RUN_VALUE: u8 = b'v';

/// The byte in front of every encoded value.
const VERSION: u8 = 1;

/// Key, lengths and numbers of a value in a row, at most.
const BESIDE_BYTES_MAX: usize = 256;
/// The longest row: what the longest block adds or changes. Each of its leaves sets one value, and the block and
/// whatever stands alone in one a few more. A row that was longer could be written and never be read again.
const ROW_BYTES_MAX: usize = (BLOCK_ENTRIES_MAX + 64) * (VALUE_BYTES_MAX + BESIDE_BYTES_MAX);

pub(crate) fn tile_key(level: u8, index: u64) -> [u8; 9] {
    let [a, b, c, d, e, f, g, h] = index.to_be_bytes();
    [level, a, b, c, d, e, f, g, h]
}

pub(crate) fn run_key(kind: u8, key: &[u8]) -> Vec<u8> {
    [&[kind], key].concat()
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    codec::encode(VERSION, value)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    codec::decode_own::<T, ROW_BYTES_MAX>(VERSION, bytes)
}

/// State of a record on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecordRow {
    status: u8,
    version: Version,
    content: Version,
    index: LeafIndex,
    hash: LeafHash,
    height: Height,
    time: TimeMs,
    /// As text; empty for most.
    standing: String,
}

impl From<&RecordState> for RecordRow {
    fn from(state: &RecordState) -> Self {
        let RecordState {
            status,
            version,
            content,
            index,
            hash,
            height,
            time,
            standing,
        } = state;
        let status = match status {
            RecordStatus::Active => 0,
            RecordStatus::Suspended => 1,
            RecordStatus::Revoked => 2,
        };
        Self {
            status,
            version: *version,
            content: *content,
            index: *index,
            hash: *hash,
            height: *height,
            time: *time,
            standing: standing
                .as_ref()
                .map_or_else(String::new, |standing| standing.write()),
        }
    }
}

impl RecordRow {
    pub(crate) fn state(self) -> Option<RecordState> {
        let Self {
            status,
            version,
            content,
            index,
            hash,
            height,
            time,
            standing,
        } = self;
        let status = match status {
            0 => RecordStatus::Active,
            1 => RecordStatus::Suspended,
            2 => RecordStatus::Revoked,
            _ => return None,
        };
        let standing = if standing.is_empty() {
            None
        } else {
            Some(Box::new(Standing::parse(&standing)?))
        };
        Some(RecordState {
            status,
            version,
            content,
            index,
            hash,
            height,
            time,
            standing,
        })
    }
}

/// The values of a block's records, and all other values that it changed, as they were before it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UndoRow {
    pub(crate) records: Vec<(IndexKey, Option<RecordRow>)>,
    pub(crate) values: Vec<(IndexKey, Option<String>)>,
}

/// The run that was written last.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct RunRow {
    /// Height of its last block.
    pub(crate) height: Height,
    /// Number of rows that hold the outline of the index after that block.
    pub(crate) outline_rows: u32,
    /// Sum of the values of the index that are no records, after that block.
    pub(crate) values: ValueHash,
}

/// A block on disk, beside its leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockRow {
    pub(crate) first: LeafIndex,
    pub(crate) size: LogSize,
    pub(crate) block: BlockId,
    pub(crate) time: TimeMs,
    pub(crate) certificate: Vec<u8>,
}

/// The newest block on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TipRow {
    pub(crate) height: Height,
    pub(crate) size: LogSize,
    pub(crate) root: RootHash,
}

/// The newest checkpoint that a quorum cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublishedRow {
    pub(crate) height: Height,
    pub(crate) note: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use protocol::{
        agency::AGENCIES_MAX,
        entry::{EntryRef, Operation},
        name::{AgencyName, ClerkName},
        standing::{Mark, Terms},
    };

    use super::*;
    use crate::store::fresh::{FreshBlock, FreshRow};

    /// Everything as long as it can be: all agencies, with the longest names, were asked and have spoken.
    fn longest() -> RecordState {
        let name = |number: usize| AgencyName::parse(&format!("a{number:031}")).unwrap();
        let all: BTreeSet<AgencyName> = (0..AGENCIES_MAX).map(name).collect();
        let place = EntryRef {
            index: LeafIndex::new(u64::MAX),
            hash: LeafHash::new([0xff; 32]),
            height: Height::new(u64::MAX),
            time: TimeMs::new(u64::MAX),
        };
        let mark = |agency: &AgencyName| Mark {
            agency: agency.clone(),
            said: Operation::Withdraw,
            place,
        };
        let clerk = format!("{}/{}", name(0), "b".repeat(32));
        let standing = Standing {
            marks: all.iter().map(mark).collect(),
            terms: Some(Terms {
                policy: u64::MAX,
                needed: u64::MAX,
                agencies: all,
                until: Some(TimeMs::new(u64::MAX)),
                four_eyes: Some(ClerkName::parse(&clerk).unwrap()),
            }),
        };
        RecordState {
            status: RecordStatus::Suspended,
            version: Version::new(u64::MAX),
            content: Version::new(u64::MAX),
            index: place.index,
            hash: place.hash,
            height: place.height,
            time: place.time,
            standing: Some(Box::new(standing)),
        }
    }

    #[test]
    fn what_the_longest_block_writes_is_read() {
        let state = longest();
        let row_bytes = encode(&(IndexKey::new([0; 32]), RecordRow::from(&state))).len();
        assert!(
            state.write().len() <= VALUE_BYTES_MAX,
            "{}",
            state.write().len()
        );
        assert!(
            row_bytes <= VALUE_BYTES_MAX + BESIDE_BYTES_MAX,
            "{row_bytes}"
        );
        let key = |number: usize| IndexKey::new(protocol::hash::sha256(&[&number.to_be_bytes()]));
        let block = FreshBlock {
            height: Height::new(1),
            first: LeafIndex::new(u64::MAX >> 1),
            ids: vec![protocol::hash::EntryId::new([0xff; 32]); BLOCK_ENTRIES_MAX],
            records: (0..BLOCK_ENTRIES_MAX)
                .map(|number| (key(number), state.clone()))
                .collect(),
            values: Vec::new(),
        };
        let bytes = encode(&block.row());
        println!("{} bytes of a block's records", bytes.len());
        assert!(bytes.len() > codec::VALUE_BYTES_MAX);
        let row: FreshRow = decode(&bytes).unwrap();
        let read = FreshBlock::read(block.height, row).unwrap();
        assert_eq!(read.ids, block.ids);
        assert!(read.records == block.records);
        drop((bytes, read, block));
        // Values of an index are never longer than that, whatever they are.
        let value = "v".repeat(VALUE_BYTES_MAX);
        let undo = UndoRow {
            records: Vec::new(),
            values: (0..BLOCK_ENTRIES_MAX)
                .map(|number| (key(number), Some(value.clone())))
                .collect(),
        };
        let bytes = encode(&undo);
        println!("{} bytes of a block's values", bytes.len());
        let read: UndoRow = decode(&bytes).unwrap();
        assert!(read.values == undo.values);
    }
}
