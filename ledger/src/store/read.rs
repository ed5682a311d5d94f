//! Reading rows.

use protocol::{
    batch::{Batch, WholeBatch},
    hash::{ChainId, EntryId, IndexKey},
    height::{Height, LeafIndex},
    state::RecordState,
};
use rocksdb::{DBPinnableSlice, Direction, IteratorMode};
use serde::de::DeserializeOwned;

use super::{
    Store, interrupt,
    schema::{
        self, BLOCKS, BlockRow, ENTRIES, LEAVES, META, META_CHAIN, META_FORMAT, META_PUBLISHED,
        META_TIP, PublishedRow, RECORDS, RecordRow, STARTS, STATE, TILES, TipRow, UNDO, UndoRow,
        tile_key,
    },
    storage,
};
use crate::{fault::Fault, views::Images};

/// The values that a block changed, as they were before it.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) height: Height,
    pub(crate) records: Images,
    pub(crate) values: Vec<(IndexKey, Option<String>)>,
}

impl Store {
    fn get(&self, family: &'static str, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, Fault> {
        self.db
            .get_pinned_cf(self.family(family)?, key)
            .map_err(|error| storage(&format!("cannot read from {family}"), error))
    }

    fn get_row<T: DeserializeOwned>(
        &self,
        family: &'static str,
        key: &[u8],
    ) -> Result<Option<T>, Fault> {
        self.get(family, key)?
            .map(|bytes| row(family, &bytes))
            .transpose()
    }

    /// Calls `each` for the rows of `family` from `key` on, until it returns false.
    fn scan(
        &self,
        family: &'static str,
        from: IteratorMode<'_>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        for item in self.db.iterator_cf(self.family(family)?, from) {
            let (key, value) =
                item.map_err(|error| storage(&format!("cannot read {family}"), error))?;
            if !each(&key, &value)? {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn format(&self) -> Result<Option<u32>, Fault> {
        self.get_row(META, META_FORMAT)
    }

    pub(crate) fn chain(&self) -> Result<Option<ChainId>, Fault> {
        self.get_row(META, META_CHAIN)
    }

    pub(crate) fn tip(&self) -> Result<Option<TipRow>, Fault> {
        self.get_row(META, META_TIP)
    }

    pub(crate) fn published(&self) -> Result<Option<PublishedRow>, Fault> {
        self.get_row(META, META_PUBLISHED)
    }

    pub(crate) fn leaf(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self
            .get(LEAVES, &index.get().to_be_bytes())?
            .map(|bytes| bytes.to_vec()))
    }

    /// The bytes of leaves `from..until`, all of which must be there.
    pub(crate) fn leaves(&self, from: u64, until: u64) -> Result<Vec<Vec<u8>>, Fault> {
        let mut leaves = Vec::new();
        let mut next = from;
        if from < until {
            let start = from.to_be_bytes();
            let mode = IteratorMode::From(&start, Direction::Forward);
            self.scan(LEAVES, mode, |key, value| {
                if key != next.to_be_bytes() {
                    return Ok(false);
                }
                leaves.push(value.to_vec());
                next = next.saturating_add(1);
                Ok(next < until)
            })?;
        }
        if next < until {
            return Err(Fault::damaged(format!("leaf {next} is missing")));
        }
        Ok(leaves)
    }

    /// The nearest batch leaf before `index`, which stands at most `steps` leaves before it.
    pub(crate) fn batch_before(
        &self,
        index: LeafIndex,
        steps: u64,
    ) -> Result<Option<(LeafIndex, Batch)>, Fault> {
        let mut found = None;
        let from = index.get().to_be_bytes();
        let lowest = index.get().saturating_sub(steps);
        self.scan(
            LEAVES,
            IteratorMode::From(&from, Direction::Reverse),
            |key, value| {
                let at = number(key)?;
                if WholeBatch::is_start(value) {
                    let leaf = Batch::parse(value);
                    let leaf =
                        leaf.map_err(|error| Fault::damaged(format!("leaf {at}: {error}")))?;
                    found = Some((LeafIndex::new(at), leaf));
                }
                Ok(found.is_none() && at > lowest)
            },
        )?;
        Ok(found)
    }

    pub(crate) fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self
            .get(TILES, &tile_key(level, index))?
            .map(|bytes| bytes.to_vec()))
    }

    pub(crate) fn record(&self, key: &IndexKey) -> Result<Option<RecordState>, Fault> {
        self.get_row(RECORDS, key.as_bytes())?
            .map(state)
            .transpose()
    }

    /// Calls `each` for all records, in the order of their keys.
    pub(crate) fn each_record(
        &self,
        mut each: impl FnMut(IndexKey, RecordState),
    ) -> Result<(), Fault> {
        self.scan(RECORDS, IteratorMode::Start, |key, value| {
            if interrupt::is_told() {
                return Err(Fault::Interrupted);
            }
            each(index_key(key)?, state(row(RECORDS, value)?)?);
            Ok(true)
        })
    }

    /// All values of the index that are no records.
    pub(crate) fn values(&self) -> Result<Vec<(IndexKey, String)>, Fault> {
        let mut values = Vec::new();
        self.scan(STATE, IteratorMode::Start, |key, value| {
            let text = String::from_utf8(value.to_vec())
                .map_err(|_| Fault::damaged("a value of the index is not UTF-8"))?;
            values.push((index_key(key)?, text));
            Ok(true)
        })?;
        Ok(values)
    }

    pub(crate) fn entry(&self, id: &EntryId) -> Result<Option<LeafIndex>, Fault> {
        let Some(bytes) = self.get(ENTRIES, id.as_bytes())? else {
            return Ok(None);
        };
        number(&bytes).map(|index| Some(LeafIndex::new(index)))
    }

    pub(crate) fn block(&self, height: Height) -> Result<Option<BlockRow>, Fault> {
        self.get_row(BLOCKS, &height.get().to_be_bytes())
    }

    /// Height of the block in which a leaf stands.
    pub(crate) fn height_of(&self, index: LeafIndex) -> Result<Option<Height>, Fault> {
        let mut found = None;
        let from = index.get().to_be_bytes();
        self.scan(
            STARTS,
            IteratorMode::From(&from, Direction::Reverse),
            |_, value| {
                found = Some(Height::new(number(value)?));
                Ok(false)
            },
        )?;
        Ok(found)
    }

    /// Values that all blocks after `height` changed, as they were before them, in their order.
    pub(crate) fn undo_after(&self, height: Height) -> Result<Vec<Before>, Fault> {
        let mut found = Vec::new();
        let from = height.next().get().to_be_bytes();
        self.scan(
            UNDO,
            IteratorMode::From(&from, Direction::Forward),
            |key, value| {
                let undo: UndoRow = row(UNDO, value)?;
                let records = undo
                    .records
                    .into_iter()
                    .map(|(key, before)| Ok((key, before.map(state).transpose()?)))
                    .collect::<Result<_, Fault>>()?;
                found.push(Before {
                    height: Height::new(number(key)?),
                    records,
                    values: undo.values,
                });
                Ok(true)
            },
        )?;
        Ok(found)
    }
}

fn row<T: DeserializeOwned>(family: &str, bytes: &[u8]) -> Result<T, Fault> {
    schema::decode(bytes).map_err(|error| Fault::damaged(format!("a row of {family}: {error}")))
}

fn state(row: RecordRow) -> Result<RecordState, Fault> {
    row.state()
        .ok_or_else(|| Fault::damaged("a record has an unknown status"))
}

fn number(bytes: &[u8]) -> Result<u64, Fault> {
    let bytes = bytes
        .try_into()
        .map_err(|_| Fault::damaged("a number is not eight bytes"))?;
    Ok(u64::from_be_bytes(bytes))
}

fn index_key(bytes: &[u8]) -> Result<IndexKey, Fault> {
    let bytes = bytes
        .try_into()
        .map_err(|_| Fault::damaged("an index key is not 32 bytes"))?;
    Ok(IndexKey::new(bytes))
}
