//! What became of every row: `result.csv` in the order of the table, and the rows to mend.
//!
//! No cell of either runs in a spreadsheet; what that takes is taken back where the rows to mend are read.
//! Both are written as chunks end, so that the memory does not grow with the table.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{Outcome, rows::REMARK};
use crate::{cells, exit::Failure, files};

/// The files being written.
pub(super) struct Results {
    out: PathBuf,
    result: Option<Part>,
    errors: Part,
    columns: Vec<String>,
    waiting: BTreeMap<u64, Vec<Outcome>>,
    next: u64,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) to_mend: u64,
}

/// A table that gets its name when it is whole.
struct Part {
    path: PathBuf,
    writer: csv::Writer<BufWriter<File>>,
}

impl Part {
    fn open(path: PathBuf, mark: &[u8]) -> Result<Self, Failure> {
        let part = files::beside(&path, ".part");
        let opened = File::create(&part)
            .map(BufWriter::new)
            .and_then(|mut file| {
                // Spreadsheets take a file for UTF-8 only if it begins so.
                file.write_all(mark)?;
                Ok(file)
            });
        let file = opened.map_err(|error| files::unwritable(&path, &error))?;
        let writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
        Ok(Self { path, writer })
    }

    fn write(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Failure> {
        let cells = cells.into_iter();
        let cells = cells.map(|cell| cells::harmless(cell.as_ref()));
        self.writer.write_record(cells).map_err(|error| {
            files::unwritable(&self.path, &std::io::Error::other(error.to_string()))
        })
    }

    fn finish(self, keep: bool) -> Result<PathBuf, Failure> {
        let part = files::beside(&self.path, ".part");
        let unwritable = |error: std::io::Error| files::unwritable(&self.path, &error);
        let file = self
            .writer
            .into_inner()
            .map_err(|error| unwritable(std::io::Error::other(error.to_string())))?
            .into_inner()
            .map_err(|error| unwritable(error.into_error()))?;
        file.sync_all().map_err(unwritable)?;
        if keep {
            std::fs::rename(&part, &self.path).map_err(unwritable)?;
        } else {
            std::fs::remove_file(&part).map_err(unwritable)?;
            // What an earlier run found wrong has been mended.
            let _none = std::fs::remove_file(&self.path);
        }
        files::sync_folder(&self.path).map_err(unwritable)?;
        Ok(self.path)
    }
}

impl Results {
    /// Opens both files in `out`; without `result` only the rows to mend are written.
    pub(super) fn open(
        out: &Path,
        input: &Path,
        columns: &[String],
        result: bool,
    ) -> Result<Self, Failure> {
        let mut errors = input.file_stem().unwrap_or_default().to_owned();
        errors.push(".errors.csv");
        let mut this = Self {
            out: out.to_owned(),
            result: result
                .then(|| Part::open(out.join("result.csv"), b""))
                .transpose()?,
            errors: Part::open(out.join(errors), b"\xef\xbb\xbf")?,
            columns: columns.to_vec(),
            waiting: BTreeMap::new(),
            next: 0,
            counts: BTreeMap::new(),
            to_mend: 0,
        };
        if let Some(result) = &mut this.result {
            result.write(["row", "record", "version", "status", "reason", "receipt"])?;
        }
        let remarks = ["row", "column", "reason"].map(|name| format!("{REMARK}{name}"));
        this.errors.write(remarks.iter().chain(&this.columns))?;
        Ok(this)
    }

    /// Takes what became of a chunk, and writes what is next in the order of the table.
    pub(super) fn take(&mut self, chunk: u64, outcomes: Vec<Outcome>) -> Result<(), Failure> {
        let _none = self.waiting.insert(chunk, outcomes);
        while let Some(mut outcomes) = self.waiting.remove(&self.next) {
            self.next += 1;
            outcomes.sort_by_key(|outcome| outcome.row);
            for outcome in &outcomes {
                self.write(outcome)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        *self.counts.entry(outcome.status).or_default() += 1;
        let number = outcome.row.to_string();
        if !outcome.cells.is_empty() {
            self.to_mend += 1;
            let remarks = [&number, &outcome.column, &outcome.reason];
            self.errors
                .write(remarks.into_iter().chain(&outcome.cells))?;
        }
        let Some(result) = &mut self.result else {
            return Ok(());
        };
        let record = outcome.record.as_ref().map(ToString::to_string);
        let version = outcome.version.map(|version| version.to_string());
        let receipt = outcome.receipt.as_deref().map(|path| {
            let inside = path.strip_prefix(&self.out).unwrap_or(path);
            inside.display().to_string()
        });
        result.write([
            number,
            record.unwrap_or_default(),
            version.unwrap_or_default(),
            outcome.status.to_owned(),
            outcome.reason.clone(),
            receipt.unwrap_or_default(),
        ])
    }

    /// Gives the files their names. Returns that of the result, and that of the rows to mend if there are any.
    pub(super) fn finish(self) -> Result<(Option<PathBuf>, Option<PathBuf>), Failure> {
        let errors = self.errors.finish(self.to_mend > 0)?;
        let result = self.result.map(|part| part.finish(true)).transpose()?;
        Ok((result, (self.to_mend > 0).then_some(errors)))
    }
}
