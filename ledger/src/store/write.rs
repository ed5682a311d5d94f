//! Writing: one synced batch for each block, and an unsynced one for each published checkpoint.
//!
//! A published checkpoint that a loss of power takes is collected again from the validators, so it
//! need not be waited for; the write-ahead log keeps the order, so it is never newer than its block.

use std::sync::atomic::Ordering;

use protocol::{
    hash::ChainId,
    height::{Epoch, Height},
    planted::{self, Bug},
};
use rocksdb::{WriteBatch, WriteOptions};

use super::{
    Store,
    fresh::FreshBlock,
    leaf_rows,
    schema::{
        BLOCKS, BlockRow, EPOCHS, FORMAT, FRESH, META, META_CHAIN, META_FORMAT, META_PUBLISHED,
        META_TIP, PublishedRow, RecordRow, STARTS, TILES, TipRow, UNDO, UndoRow, WAITING, encode,
        tile_key,
    },
    storage,
};
use crate::{execute::Executed, fault::Fault, inbox, log::Tile};

impl Store {
    /// Marks an empty folder as that of `chain`, together with block 0.
    pub(crate) fn create(
        &self,
        chain: ChainId,
        executed: &Executed,
        tiles: &[Tile],
    ) -> Result<(), Fault> {
        let (mut batch, fresh) = self.block_batch(executed, tiles, &[])?;
        let meta = self.family(META)?;
        batch.put_cf(meta, META_FORMAT, encode(&FORMAT));
        batch.put_cf(meta, META_CHAIN, encode(&chain));
        self.write(batch)?;
        self.fresh.add(fresh);
        Ok(())
    }

    /// Writes a block with all that it changes. `forget` are heights whose undo rows go.
    pub(crate) fn commit(
        &self,
        executed: &Executed,
        tiles: &[Tile],
        certificate: &[u8],
        forget: impl IntoIterator<Item = Height>,
    ) -> Result<(), Fault> {
        let (mut batch, fresh) = self.block_batch(executed, tiles, certificate)?;
        self.forget(&mut batch, forget)?;
        if planted::is(Bug::LeafServedBeforeSync) {
            self.write_unsynced(batch)?;
        } else {
            self.write(batch)?;
        }
        self.fresh.add(fresh);
        Ok(())
    }

    /// Writes the newest published checkpoint. `forget` are heights whose undo rows go.
    pub(crate) fn publish(
        &self,
        height: Height,
        note: &str,
        forget: impl IntoIterator<Item = Height>,
    ) -> Result<(), Fault> {
        let mut batch = WriteBatch::default();
        let row = PublishedRow {
            height,
            note: note.to_owned(),
        };
        batch.put_cf(self.family(META)?, META_PUBLISHED, encode(&row));
        self.forget(&mut batch, forget)?;
        self.write_unsynced(batch)
    }

    /// Keeps the proof of an epoch; returns only when it is on the disk.
    pub(crate) fn keep_epoch_proof(&self, number: Epoch, proof: &str) -> Result<(), Fault> {
        let mut batch = WriteBatch::default();
        let key = number.get().to_be_bytes();
        batch.put_cf(self.family(EPOCHS)?, key, proof.as_bytes());
        self.write(batch)
    }

    fn forget(
        &self,
        batch: &mut WriteBatch,
        heights: impl IntoIterator<Item = Height>,
    ) -> Result<(), Fault> {
        let undo = self.family(UNDO)?;
        for height in heights {
            batch.delete_cf(undo, height.get().to_be_bytes());
        }
        Ok(())
    }

    fn block_batch(
        &self,
        executed: &Executed,
        tiles: &[Tile],
        certificate: &[u8],
    ) -> Result<(WriteBatch, FreshBlock), Fault> {
        let mut batch = WriteBatch::default();
        let (head, first) = (executed.head(), executed.first().get());
        let height = head.height().get().to_be_bytes();
        leaf_rows::put(self, &mut batch, first, executed.leaves())?;
        let fresh = FreshBlock::of(executed);
        batch.put_cf(self.family(FRESH)?, height, encode(&fresh.row()));
        let waiting = self.family(WAITING)?;
        for (key, state) in executed.records() {
            let before = executed.before.get(key).and_then(Option::as_ref);
            if inbox::waits(state) {
                batch.put_cf(waiting, key.as_bytes(), b"");
            } else if before.is_some_and(inbox::waits) {
                batch.delete_cf(waiting, key.as_bytes());
            }
        }
        let family = self.family(TILES)?;
        for tile in tiles {
            batch.put_cf(family, tile_key(tile.level, tile.index), &tile.bytes);
        }
        let records = executed.before.iter();
        let values = executed.values_before.iter();
        let undo = UndoRow {
            records: records
                .map(|(key, state)| (*key, state.as_ref().map(RecordRow::from)))
                .collect(),
            values: values.map(|(key, value)| (*key, value.clone())).collect(),
        };
        batch.put_cf(self.family(UNDO)?, height, encode(&undo));
        let row = BlockRow {
            first: executed.first(),
            size: head.size(),
            block: head.block(),
            time: head.time(),
            certificate: certificate.to_vec(),
        };
        batch.put_cf(self.family(BLOCKS)?, height, encode(&row));
        batch.put_cf(self.family(STARTS)?, first.to_be_bytes(), height);
        let tip = TipRow {
            height: head.height(),
            size: head.size(),
            root: head.root(),
        };
        batch.put_cf(self.family(META)?, META_TIP, encode(&tip));
        Ok((batch, fresh))
    }

    /// Returns only when the batch is on the disk. After an error the disk may hold it or not.
    fn write(&self, batch: WriteBatch) -> Result<(), Fault> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.write_with(batch, &options)
    }

    /// Returns when the batch is handed to the system: the next block's sync takes it along.
    pub(super) fn write_unsynced(&self, batch: WriteBatch) -> Result<(), Fault> {
        self.write_with(batch, &WriteOptions::default())
    }

    fn write_with(&self, batch: WriteBatch, options: &WriteOptions) -> Result<(), Fault> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(Fault::Poisoned);
        }
        self.db.write_opt(batch, options).map_err(|error| {
            self.poison();
            let what = "cannot write to the database; make sure that its disk has room and may be \
                        written, then start again";
            storage(what, error)
        })
    }

    /// Refuses all writes from now on.
    pub(crate) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }
}
