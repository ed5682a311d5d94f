//! Runs: sorted tables of what blocks have added, which the database takes over whole.
//!
//! A run is made of rows that are on disk already, under their heights, and those go only when the database has noted
//! the run in its manifest: all of it or nothing. With it comes the outline of the index after the run's last block,
//! so what is in runs and that outline belong together at every moment, and whatever stays under heights is newer:
//! rows that a crash has left under the height of the run, or below, are passed over.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    sync::{Arc, Weak},
};

use protocol::{
    hash::{EntryId, IndexKey, ValueHash, sha256},
    height::{Height, LeafIndex, LogSize},
    index::bit,
    planted::{self, Bug},
    state::{RecordState, value_hash},
};
use rocksdb::{DB, IngestExternalFileOptions, IteratorMode, SstFileWriter, WriteBatch};

use super::{
    Database, Store,
    fresh::{FreshBlock, FreshRow},
    interrupt, options,
    read::{index_key, number, row, state},
    schema::{
        FRESH, RUN_ENTRY, RUN_HEAD, RUN_OUTLINE, RUN_RECORD, RUN_VALUE, RUNS, RecordRow, RunRow,
        encode, run_key,
    },
    storage,
};
use crate::{fault::Fault, head::Head, index::StoredLeaves};

/// A folder that is opened reads subtrees of about so many leaves.
const SUBTREE_LEAVES: u64 = 64;
/// An outline has at most 2^16 subtrees: it is written whole with each run, and then takes 2 MB of it.
const OUTLINE_DEPTH_MAX: u32 = 16;
/// Bytes of an outline in one row.
const OUTLINE_ROW_BYTES: usize = 1 << 16;

/// The run that was written last.
pub(crate) struct SortedRun {
    /// Height of the last block in it.
    pub(crate) height: Height,
    /// Outline of the index after that block.
    pub(crate) outline: Vec<u8>,
}

impl Store {
    /// Takes up what is in no run, after the folder was opened. What a crash has left of a run that was being
    /// written goes.
    pub(crate) fn restore_fresh(&self) -> Result<(), Fault> {
        if planted::is(Bug::IndexBehindLeaves) {
            return Ok(());
        }
        match fs::remove_file(&self.run) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(storage("cannot remove an unfinished run", error));
            }
            _ => {}
        }
        // Rows that a run holds and a crash has left are of the past, and not what is newest.
        let held = self.run_head()?.map(|head| head.height);
        let mut left = WriteBatch::default();
        let family = self.family(FRESH)?;
        self.scan(FRESH, IteratorMode::Start, |key, value| {
            let height = Height::new(number(key)?);
            if held.is_some_and(|held| height <= held) {
                left.delete_cf(family, key);
                return Ok(true);
            }
            let rows: FreshRow = row(FRESH, value)?;
            let block = FreshBlock::read(height, rows);
            let unknown = || Fault::damaged("a record has an unknown status");
            self.fresh.add(block.ok_or_else(unknown)?);
            Ok(true)
        })?;
        if !left.is_empty() {
            self.write_unsynced(left)?;
        }
        Ok(())
    }

    fn run_head(&self) -> Result<Option<RunRow>, Fault> {
        self.get_row(RUNS, &[RUN_HEAD])
    }

    /// The run that was written last; none in a young folder.
    pub(crate) fn last_run(&self) -> Result<Option<SortedRun>, Fault> {
        let Some(head) = self.run_head()? else {
            return Ok(None);
        };
        let mut outline = Vec::new();
        for piece in 0..head.outline_rows {
            let found = self.get(RUNS, &run_key(RUN_OUTLINE, &piece.to_be_bytes()))?;
            let found = found.ok_or_else(|| Fault::damaged("a part of the outline is missing"))?;
            outline.extend_from_slice(&found);
        }
        let height = head.height;
        Ok(Some(SortedRun { height, outline }))
    }

    /// All values of the index that are no records. Those in runs are compared with the sum that the last run came
    /// with: rules are read from them, and nothing would miss one that is lost.
    pub(crate) fn values(&self) -> Result<BTreeMap<IndexKey, String>, Fault> {
        let mut values = BTreeMap::new();
        let all = IndexKey::new([0; 32]);
        each_below(&self.db, RUN_VALUE, &all, 0, |key, value| {
            values.insert(key, text(value)?.to_owned());
            Ok(())
        })?;
        if self
            .run_head()?
            .is_some_and(|head| head.values != sum(&values))
        {
            return Err(Fault::damaged("a value of the index is missing or another"));
        }
        for block in self.fresh.all() {
            values.extend(block.values.iter().cloned());
        }
        Ok(values)
    }

    /// The leaves of the index as they are in runs.
    pub(crate) fn leaves_in_runs(&self) -> Arc<dyn StoredLeaves> {
        Arc::new(RunLeaves(Arc::downgrade(&self.db)))
    }

    /// Number of rows that are in no run.
    pub(crate) fn rows_in_no_run(&self) -> usize {
        self.fresh.len()
    }

    /// Makes a run of what the blocks up to `head` have added and no run holds, if there are as many rows as
    /// `at_least`.
    pub(crate) fn write_run(&self, head: &Head, at_least: usize) -> Result<(), Fault> {
        let blocks = self.fresh.until(head.height());
        let rows = blocks
            .iter()
            .map(|block| block.ids.len() + block.records.len());
        if blocks.is_empty() || rows.sum::<usize>() < at_least {
            return Ok(());
        }
        // Never below the one before: what is in runs would be newer than their outline.
        if self
            .run_head()?
            .is_some_and(|last| last.height >= head.height())
        {
            return Ok(());
        }
        let outline = head.index().outline(depth_of(head.size()));
        let values = head.directory().values();
        let row = RunRow {
            height: head.height(),
            outline_rows: u32::try_from(outline.len().div_ceil(OUTLINE_ROW_BYTES))
                .unwrap_or(u32::MAX),
            values: sum(&values),
        };
        self.put_run(&blocks, row, &outline)
            .inspect_err(|_| self.poison())
    }

    fn put_run(
        &self,
        blocks: &[Arc<FreshBlock>],
        head: RunRow,
        outline: &[u8],
    ) -> Result<(), Fault> {
        let failed = |error| storage("cannot write a run", error);
        let options = options::run();
        let mut table = SstFileWriter::create(&options);
        table.open(&self.run).map_err(failed)?;
        for (key, value) in rows(blocks, head, outline) {
            table.put(key, value).map_err(failed)?;
        }
        table.finish().map_err(failed)?;
        drop(table);
        if !planted::is(Bug::RunWithoutManifest) {
            let mut ingest = IngestExternalFileOptions::default();
            ingest.set_move_files(true);
            self.db
                .ingest_external_file_cf_opts(self.family(RUNS)?, &ingest, vec![&self.run])
                .map_err(failed)?;
        }
        // From here on the manifest names the run, and it is synced: the rows may go.
        let mut batch = WriteBatch::default();
        let family = self.family(FRESH)?;
        for block in blocks {
            batch.delete_cf(family, block.height.get().to_be_bytes());
        }
        self.write_unsynced(batch)?;
        self.fresh.forget(head.height);
        Ok(())
    }
}

/// How deep an outline goes.
fn depth_of(size: LogSize) -> usize {
    let subtrees = size.get() / SUBTREE_LEAVES;
    let depth = subtrees.checked_ilog2().unwrap_or(0);
    usize::try_from(depth.min(OUTLINE_DEPTH_MAX)).unwrap_or(0)
}

/// The rows of a run, in the order of their keys.
fn rows(
    blocks: &[Arc<FreshBlock>],
    head: RunRow,
    outline: &[u8],
) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let mut entries: Vec<(EntryId, LeafIndex)> = Vec::new();
    let mut records: Vec<(IndexKey, &RecordState)> = Vec::new();
    let mut values: BTreeMap<IndexKey, &String> = BTreeMap::new();
    for block in blocks {
        entries.extend(block.entries());
        records.extend(block.records.iter().map(|(key, state)| (*key, state)));
        values.extend(block.values.iter().map(|(key, value)| (*key, value)));
    }
    // A table takes each key once, and is refused as a whole otherwise. Of one record it is the state after the last
    // block; no rule lets an entry in twice, and if one did the last would count.
    entries.sort_by_key(|row| row.0);
    keep_last(&mut entries);
    records.sort_by_key(|row| row.0);
    keep_last(&mut records);
    let pieces = outline.chunks(OUTLINE_ROW_BYTES);
    let entries = entries.into_iter().map(|(id, at)| {
        (
            run_key(RUN_ENTRY, id.as_bytes()),
            at.get().to_be_bytes().to_vec(),
        )
    });
    let pieces = (0_u32..)
        .zip(pieces)
        .map(|(number, piece)| (run_key(RUN_OUTLINE, &number.to_be_bytes()), piece.to_vec()));
    let records = records.into_iter().map(|(key, state)| {
        (
            run_key(RUN_RECORD, key.as_bytes()),
            encode(&RecordRow::from(state)),
        )
    });
    let values = values.into_iter().map(|(key, value)| {
        (
            run_key(RUN_VALUE, key.as_bytes()),
            value.clone().into_bytes(),
        )
    });
    entries
        .chain([(vec![RUN_HEAD], encode(&head))])
        .chain(pieces)
        .chain(records)
        .chain(values)
}

/// Of rows in the order of their keys, the last of each key.
fn keep_last<K: Copy + Eq, V>(rows: &mut Vec<(K, V)>) {
    rows.reverse();
    rows.dedup_by_key(|row| row.0);
    rows.reverse();
}

/// One hash over values of the index, in the order of their keys.
fn sum(values: &BTreeMap<IndexKey, String>) -> ValueHash {
    let mut text = Vec::new();
    for (key, value) in values {
        text.extend_from_slice(key.as_bytes());
        text.extend_from_slice(value_hash(value).as_bytes());
    }
    ValueHash::new(sha256(&[&text]))
}

/// The leaves of the index that are in runs.
#[derive(Debug)]
struct RunLeaves(Weak<Database>);

impl StoredLeaves for RunLeaves {
    fn leaves(&self, prefix: &IndexKey, depth: usize) -> Result<Vec<(IndexKey, ValueHash)>, Fault> {
        // Whoever has let go of the ledger asks nothing of its index any more.
        let db = self.0.upgrade().ok_or(Fault::Interrupted)?;
        let mut leaves = Vec::new();
        each_below(&db, RUN_RECORD, prefix, depth, |key, value| {
            let state = state(row(RUNS, value)?)?;
            leaves.push((key, value_hash(&state.write())));
            Ok(())
        })?;
        each_below(&db, RUN_VALUE, prefix, depth, |key, value| {
            leaves.push((key, value_hash(text(value)?)));
            Ok(())
        })?;
        leaves.sort_unstable_by_key(|leaf| leaf.0);
        Ok(leaves)
    }
}

/// Calls `each` for the rows of one kind whose keys begin with the first `depth` bits of `prefix`, in their order.
pub(super) fn each_below(
    db: &DB,
    kind: u8,
    prefix: &IndexKey,
    depth: usize,
    mut each: impl FnMut(IndexKey, &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let missing = || Fault::damaged("the family of runs is missing");
    let family = db.cf_handle(RUNS).ok_or_else(missing)?;
    let mut found = db.raw_iterator_cf(family);
    found.seek(run_key(kind, prefix.as_bytes()));
    while let Some((key, value)) = found.item() {
        if interrupt::is_told() {
            return Err(Fault::Interrupted);
        }
        let Some((_, key)) = key.split_first().filter(|(found, _)| **found == kind) else {
            break;
        };
        let key = index_key(key)?;
        if !agree(&key, prefix, depth) {
            break;
        }
        each(key, value)?;
        found.next();
    }
    found
        .status()
        .map_err(|error| storage("cannot read runs", error))
}

fn text(value: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(value).map_err(|_| Fault::damaged("a value of the index is not UTF-8"))
}

/// Returns whether two keys agree in their first `depth` bits.
fn agree(one: &IndexKey, other: &IndexKey, depth: usize) -> bool {
    (0..depth).all(|at| bit(one, at) == bit(other, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_each_key_once_and_in_order() {
        let id = |byte| EntryId::new([byte; 32]);
        let block = |height, first, ids: &[u8]| {
            Arc::new(FreshBlock {
                height: Height::new(height),
                first: LeafIndex::new(first),
                ids: ids.iter().map(|byte| id(*byte)).collect(),
                records: Vec::new(),
                values: vec![(IndexKey::new([9; 32]), format!("value {height}\n"))],
            })
        };
        let head = RunRow {
            height: Height::new(2),
            outline_rows: 0,
            values: ValueHash::new([0; 32]),
        };
        let blocks = [block(1, 10, &[3, 1]), block(2, 13, &[1, 2])];
        let rows: Vec<_> = rows(&blocks, head, &[]).collect();
        assert!(rows.is_sorted_by(|one, other| one.0 < other.0));
        let place = |byte| {
            let key = run_key(RUN_ENTRY, id(byte).as_bytes());
            rows.iter().find(|row| row.0 == key).unwrap().1.clone()
        };
        let places = [1, 2, 3].map(place);
        assert_eq!(places, [13_u64, 14, 10].map(|at| at.to_be_bytes().to_vec()));
        assert_eq!(rows.last().unwrap().1, b"value 2\n");
    }
}
