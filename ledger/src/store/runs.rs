//! Runs: sorted tables of entries and records, which the database takes over whole.
//!
//! A run is made of rows that are on disk already, under their heights, and those go only when the database has noted
//! the run in its manifest. Whatever a crash leaves, the rows are there once or twice, and twice they say the same:
//! what stays under heights is always the newest.

use std::{fs, path::PathBuf};

use protocol::{
    height::Height,
    planted::{self, Bug},
};
use rocksdb::{IngestExternalFileOptions, IteratorMode, SstFileWriter, WriteBatch};

use super::{
    Store,
    fresh::{FreshRow, LEFT_ROWS_MAX, RUN_ROWS},
    options,
    read::{number, row},
    schema::{ENTRIES, FRESH, RECORDS, RecordRow, encode},
    storage,
};
use crate::fault::Fault;

impl Store {
    /// Takes up the rows that are in no run, after the folder was opened. What a crash has left of a run that was
    /// being written goes.
    pub(super) fn restore_fresh(&self) -> Result<(), Fault> {
        match fs::remove_dir_all(&self.runs) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(storage("cannot remove unfinished runs", error)),
        }
        self.scan(FRESH, IteratorMode::Start, |key, value| {
            let height = Height::new(number(key)?);
            let rows: FreshRow = row(FRESH, value)?;
            let restored = self.fresh.restore(height, rows);
            restored.ok_or_else(|| Fault::damaged("a record has an unknown status"))?;
            Ok(true)
        })?;
        self.write_run(LEFT_ROWS_MAX)
    }

    /// Makes a run of all rows that are in none, if there are enough of them.
    pub(crate) fn write_run_if_due(&self) -> Result<(), Fault> {
        self.write_run(RUN_ROWS)
    }

    fn write_run(&self, more_than: usize) -> Result<(), Fault> {
        if self.fresh.len() < more_than.max(1) {
            return Ok(());
        }
        self.run().inspect_err(|_| self.poison())
    }

    fn run(&self) -> Result<(), Fault> {
        fs::create_dir_all(&self.runs)
            .map_err(|error| storage("cannot make the folder of runs", error))?;
        let (entries, records, heights) = self.fresh.read(|rows| {
            let mut entries: Vec<_> = rows.entries.iter().map(|(id, at)| (*id, *at)).collect();
            let records = rows.records.iter();
            let mut records: Vec<_> = records
                .map(|(key, state)| (*key, encode(&RecordRow::from(state))))
                .collect();
            entries.sort_unstable_by_key(|row| row.0);
            records.sort_unstable_by_key(|row| row.0);
            (entries, records, rows.heights.clone())
        });
        let entries = entries.iter();
        self.table(
            ENTRIES,
            entries.map(|(id, at)| (id.as_bytes(), at.get().to_be_bytes())),
        )?;
        let records = records.iter();
        self.table(RECORDS, records.map(|(key, state)| (key.as_bytes(), state)))?;
        // From here on the manifest names both tables, and they are synced: the rows may go.
        let mut batch = WriteBatch::default();
        let family = self.family(FRESH)?;
        for height in heights {
            batch.delete_cf(family, height.get().to_be_bytes());
        }
        self.write_unsynced(batch)?;
        self.fresh.clear();
        Ok(())
    }

    /// Writes a table of rows, which stand in their order, and has `family` take it over.
    fn table<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        family: &'static str,
        rows: impl ExactSizeIterator<Item = (K, V)>,
    ) -> Result<(), Fault> {
        if rows.len() == 0 {
            return Ok(());
        }
        let path = self.runs.join(family);
        let failed = |error| storage(&format!("cannot write a run of {family}"), error);
        let options = options::table_of(family);
        let mut table = SstFileWriter::create(&options);
        table.open(&path).map_err(failed)?;
        for (key, value) in rows {
            table.put(key, value).map_err(failed)?;
        }
        table.finish().map_err(failed)?;
        drop(table);
        if planted::is(Bug::RunWithoutManifest) {
            return Ok(());
        }
        let mut ingest = IngestExternalFileOptions::default();
        ingest.set_move_files(true);
        let paths: Vec<PathBuf> = vec![path];
        self.db
            .ingest_external_file_cf_opts(self.family(family)?, &ingest, paths)
            .map_err(failed)
    }
}
