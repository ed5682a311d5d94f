//! Outcomes of all rows: `result.csv` in the order of the table, and the rows to mend.
//!
//! No cell of either runs in a spreadsheet; what that takes is taken back where the rows to mend are read.
//! Both are written as chunks end, so that the memory does not grow with the table. A try has a file of its
//! own name, and nothing is written over that this program has not written.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use client::{
    durable::{self, FileError, PartFile, Readers},
    import::RowOutcome,
    table::{REMARK, cells},
};
use messages::UserMessage;
use protocol::record::RecordId;
use views::clerk::bulk::GOOD;

use crate::exit::{Failure, USAGE, in_file, words};

/// How spreadsheets are told that a file is UTF-8.
const MARK: &str = "\u{feff}";
/// How every `result.csv` of this program has ever begun, behind the mark or without it.
const RESULT_START: &str = "row,record,version,status,";
/// Numbers of mixed alphabets that a summary shows.
const SHOWN: usize = 5;

/// Kind of a run, by what becomes of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// They are judged.
    Try,
    /// They are sent.
    Real,
}

/// The files being written.
pub(super) struct Results {
    out: PathBuf,
    result: Option<ResultTable>,
    errors: ResultTable,
    columns: Vec<String>,
    waiting: BTreeMap<u64, Vec<RowOutcome>>,
    next: u64,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) to_mend: u64,
    pub(super) mixed: Mixed,
}

/// Numbers that mix alphabets: how many, and the first of them in words.
#[derive(Clone, Debug, Default)]
pub(super) struct Mixed {
    pub(super) count: u64,
    pub(super) shown: Vec<String>,
}

/// The files of a run.
#[derive(Debug)]
pub(super) struct RunFiles {
    pub(super) result: Option<PathBuf>,
    pub(super) errors: Option<PathBuf>,
}

/// A table that gets its name when it is whole.
struct ResultTable {
    path: PathBuf,
    writer: csv::Writer<BufWriter<PartFile>>,
}

impl ResultTable {
    fn open(path: PathBuf) -> Result<Self, Failure> {
        let opened = PartFile::create(&path, Readers::Owner)
            .map(BufWriter::new)
            .and_then(|mut file| {
                // Spreadsheets take a file for UTF-8 only if it begins so.
                file.write_all(MARK.as_bytes())?;
                Ok(file)
            });
        let file = opened.map_err(|error| FileError::unwritable(&path, error))?;
        let writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
        Ok(Self { path, writer })
    }

    fn write(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Failure> {
        let cells = cells.into_iter();
        let cells = cells.map(|cell| cells::harmless(cell.as_ref()));
        let written = self.writer.write_record(cells);
        Ok(written.map_err(|error| {
            FileError::unwritable(&self.path, std::io::Error::other(error.to_string()))
        })?)
    }

    fn finish(self, keep: bool) -> Result<PathBuf, Failure> {
        let unwritable = |error: std::io::Error| FileError::unwritable(&self.path, error);
        let file = self
            .writer
            .into_inner()
            .map_err(|error| unwritable(std::io::Error::other(error.to_string())))?
            .into_inner()
            .map_err(|error| unwritable(error.into_error()))?;
        if keep {
            file.put(true).map_err(unwritable)?;
        } else {
            drop(file);
            // What an earlier run found wrong has been mended.
            let _none = std::fs::remove_file(&self.path);
            durable::sync_folder(&self.path).map_err(unwritable)?;
        }
        Ok(self.path)
    }
}

impl Results {
    /// Opens both files in `out`; a try writes only the rows to mend.
    pub(super) fn open(
        out: &Path,
        input: &Path,
        columns: &[String],
        run: Run,
    ) -> Result<Self, Failure> {
        let ending = match run {
            Run::Try => ".try.errors.csv",
            Run::Real => ".errors.csv",
        };
        let name = out.join(input.file_stem().unwrap_or_default());
        let (result, errors) = (out.join("result.csv"), durable::beside(&name, ending));
        must_be_ours(&errors, REMARK, input)?;
        if run == Run::Real {
            must_be_ours(&result, RESULT_START, input)?;
        }
        let result = (run == Run::Real).then(|| ResultTable::open(result));
        let mut this = Self {
            out: out.to_owned(),
            result: result.transpose()?,
            errors: ResultTable::open(errors)?,
            columns: columns.to_vec(),
            waiting: BTreeMap::new(),
            next: 0,
            counts: BTreeMap::new(),
            to_mend: 0,
            mixed: Mixed::default(),
        };
        if let Some(result) = &mut this.result {
            result.write([
                "row", "record", "version", "status", "code", "reason", "receipt",
            ])?;
        }
        let remarks = ["row", "column", "code", "reason"].map(|name| format!("{REMARK}{name}"));
        this.errors.write(remarks.iter().chain(&this.columns))?;
        Ok(this)
    }

    /// Takes what became of a chunk, and writes what is next in the order of the table.
    pub(super) fn take(&mut self, chunk: u64, outcomes: Vec<RowOutcome>) -> Result<(), Failure> {
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

    fn write(&mut self, outcome: &RowOutcome) -> Result<(), Failure> {
        *self.counts.entry(outcome.status).or_default() += 1;
        let number = outcome.row.to_string();
        let reason = outcome.reason.as_ref().map(words).unwrap_or_default();
        if !outcome.cells.is_empty() {
            self.to_mend += 1;
            let code = outcome.code.clone().into_owned();
            let remarks = [&number, &outcome.column, &code, &reason];
            self.errors
                .write(remarks.into_iter().chain(&outcome.cells))?;
        }
        let mixed = self.mixed(outcome);
        let Some(result) = &mut self.result else {
            return Ok(());
        };
        let (code, reason) = match &mixed {
            Some(mixed) => ("look-alikes", mixed.as_str()),
            // Of a row that went well there is nothing to say.
            None if GOOD.contains(&outcome.status) => ("", reason.as_str()),
            None => (&*outcome.code, reason.as_str()),
        };
        let record = outcome.record.as_ref().map(ToString::to_string);
        let version = outcome.version.map(|version| version.to_string());
        let receipt = outcome.receipt.as_deref().map(|path| {
            let inside = path.strip_prefix(&self.out).unwrap_or(path);
            inside.display().to_string()
        });
        result.write([
            number.as_str(),
            &record.unwrap_or_default(),
            &version.unwrap_or_default(),
            outcome.status,
            code,
            reason,
            &receipt.unwrap_or_default(),
        ])
    }

    /// Remark on a number that was taken as it is, and may have been typed otherwise than meant.
    fn mixed(&mut self, outcome: &RowOutcome) -> Option<String> {
        let record = outcome.record.as_ref();
        let letters = record.filter(|_| GOOD.contains(&outcome.status))?;
        let letters: Vec<String> = RecordId::look_alikes(letters)
            .iter()
            .map(ToString::to_string)
            .collect();
        if letters.is_empty() {
            return None;
        }
        let said = words(&UserMessage::new("mixed-alphabets").text("letters", letters.join("; ")));
        self.mixed.count += 1;
        if self.mixed.shown.len() < SHOWN {
            let row = outcome.row;
            self.mixed.shown.push(format!("row {row}: {said}"));
        }
        Some(said)
    }

    /// Gives the files their names.
    pub(super) fn finish(self) -> Result<RunFiles, Failure> {
        let errors = self.errors.finish(self.to_mend > 0)?;
        let result = self.result.map(|part| part.finish(true)).transpose()?;
        Ok(RunFiles {
            result,
            errors: (self.to_mend > 0).then_some(errors),
        })
    }
}

/// Refuses to write over what is not a file of an earlier run, or is being read.
fn must_be_ours(path: &Path, start: &str, input: &Path) -> Result<(), Failure> {
    let refuse = |what: UserMessage| {
        Err(Failure::new(USAGE, in_file(path, what))
            .help(UserMessage::new("help-other-out-nothing-sent")))
    };
    let Ok(mut file) = File::open(path) else {
        // Nothing is there, or it cannot be written either, which is said with its reason.
        return Ok(());
    };
    let same = path.canonicalize().ok() == input.canonicalize().ok();
    if same {
        return refuse(UserMessage::new("out-is-table"));
    }
    let mut found = Vec::new();
    let most = (MARK.len() + start.len()) as u64;
    let read = Read::by_ref(&mut file).take(most).read_to_end(&mut found);
    let found = found.strip_prefix(MARK.as_bytes()).unwrap_or(&found);
    match read {
        Ok(_) if found.starts_with(start.as_bytes()) => Ok(()),
        _ => refuse(UserMessage::new("out-of-others")),
    }
}
