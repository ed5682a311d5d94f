//! Reading rows.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    batch::{Batch, WholeBatch},
    hash::{ChainId, EntryId, IndexKey},
    height::{Epoch, Height, LeafIndex},
    state::RecordState,
};
use rocksdb::{DBPinnableSlice, Direction, IteratorMode};
use serde::de::DeserializeOwned;

use super::{
    Store,
    fresh::FreshBlock,
    runs,
    schema::{
        self, BLOCKS, BlockRow, EPOCHS, META, META_CHAIN, META_FORMAT, META_PUBLISHED, META_TIP,
        PublishedRow, RUN_ENTRY, RUN_RECORD, RUNS, RecordRow, STARTS, TILES, TipRow, UNDO, UndoRow,
        WAITING, run_key, tile_key,
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
    pub(super) fn get(
        &self,
        family: &'static str,
        key: &[u8],
    ) -> Result<Option<DBPinnableSlice<'_>>, Fault> {
        self.db
            .get_pinned_cf(self.family(family)?, key)
            .map_err(|error| storage(&format!("cannot read from {family}"), error))
    }

    pub(super) fn get_row<T: DeserializeOwned>(
        &self,
        family: &'static str,
        key: &[u8],
    ) -> Result<Option<T>, Fault> {
        self.get(family, key)?
            .map(|bytes| row(family, &bytes))
            .transpose()
    }

    /// Calls `each` for the rows of `family` from `key` on, until it returns false.
    pub(super) fn scan(
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

    pub(crate) fn epoch_proof(&self, number: Epoch) -> Result<Option<String>, Fault> {
        let bytes = self.get(EPOCHS, &number.get().to_be_bytes())?;
        let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec()));
        text.transpose()
            .map_err(|_| Fault::damaged("the proof of an epoch is no text"))
    }

    pub(crate) fn has_epoch_proof(&self, number: Epoch) -> Result<bool, Fault> {
        Ok(self.get(EPOCHS, &number.get().to_be_bytes())?.is_some())
    }

    pub(crate) fn published(&self) -> Result<Option<PublishedRow>, Fault> {
        self.get_row(META, META_PUBLISHED)
    }

    /// The last batch leaf up to `index`, at most `steps` leaves before it.
    pub(crate) fn batch_before(
        &self,
        index: LeafIndex,
        steps: u64,
    ) -> Result<Option<(LeafIndex, Batch)>, Fault> {
        let found = self.last_leaf(index, steps, WholeBatch::is_start)?;
        let parsed = found.map(|(at, leaf)| {
            let leaf = Batch::parse(&leaf);
            let leaf = leaf.map_err(|error| Fault::damaged(format!("leaf {at}: {error}")))?;
            Ok((at, leaf))
        });
        parsed.transpose()
    }

    pub(crate) fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self
            .get(TILES, &tile_key(level, index))?
            .map(|bytes| bytes.to_vec()))
    }

    pub(crate) fn record(&self, key: &IndexKey) -> Result<Option<RecordState>, Fault> {
        if let Some(fresh) = self.fresh.record(key) {
            return Ok(Some(fresh));
        }
        self.get_row(RUNS, &run_key(RUN_RECORD, key.as_bytes()))?
            .map(state)
            .transpose()
    }

    /// Calls `each` for all records, each once, and not in the order of their keys.
    pub(crate) fn each_record(
        &self,
        mut each: impl FnMut(IndexKey, RecordState),
    ) -> Result<(), Fault> {
        let mut fresh = BTreeMap::new();
        for block in self.fresh.all() {
            fresh.extend(block.records.iter().cloned());
        }
        let all = IndexKey::new([0; 32]);
        runs::each_below(&self.db, RUN_RECORD, &all, 0, |key, value| {
            if !fresh.contains_key(&key) {
                each(key, state(row(RUNS, value)?)?);
            }
            Ok(())
        })?;
        for (key, state) in fresh {
            each(key, state);
        }
        Ok(())
    }

    /// What the blocks up to `height` have added that is in no run.
    pub(crate) fn fresh_until(&self, height: Height) -> Vec<Arc<FreshBlock>> {
        self.fresh.until(height)
    }

    /// The records on which agencies are asked for their word, in the order of their keys.
    pub(crate) fn waiting(&self) -> Result<Vec<IndexKey>, Fault> {
        let mut keys = Vec::new();
        self.scan(WAITING, IteratorMode::Start, |key, _| {
            keys.push(index_key(key)?);
            Ok(true)
        })?;
        Ok(keys)
    }

    pub(crate) fn entry(&self, id: &EntryId) -> Result<Option<LeafIndex>, Fault> {
        if let Some(fresh) = self.fresh.entry(id) {
            return Ok(Some(fresh));
        }
        let Some(bytes) = self.get(RUNS, &run_key(RUN_ENTRY, id.as_bytes()))? else {
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

pub(super) fn row<T: DeserializeOwned>(family: &str, bytes: &[u8]) -> Result<T, Fault> {
    schema::decode(bytes).map_err(|error| Fault::damaged(format!("a row of {family}: {error}")))
}

pub(super) fn state(row: RecordRow) -> Result<RecordState, Fault> {
    row.state()
        .ok_or_else(|| Fault::damaged("a record has an unknown status"))
}

pub(super) fn number(bytes: &[u8]) -> Result<u64, Fault> {
    let bytes = bytes
        .try_into()
        .map_err(|_| Fault::damaged("a number is not eight bytes"))?;
    Ok(u64::from_be_bytes(bytes))
}

pub(super) fn index_key(bytes: &[u8]) -> Result<IndexKey, Fault> {
    let bytes = bytes
        .try_into()
        .map_err(|_| Fault::damaged("an index key is not 32 bytes"))?;
    Ok(IndexKey::new(bytes))
}
