//! The journal of a bulk run: every signed entry with its secret, on disk before it is sent.
//!
//! One line a row: the record's key, and the pending text in base64. A line that a crash cut short is no
//! line: its entry was never sent. In memory is only where each line stands. A record may have several: a row that
//! was edited between two runs was signed twice, and either entry may be the one that the ledger took.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::durable::{self, FileError};
use messages::UserMessage;
use protocol::{hash::RecordKey, pending::Pending, text};

use super::{ImportError, chunk::PendingRow};

/// Letters of a record's key, with which every line begins.
const KEY_LETTERS: usize = 64;

/// Of each record, where its lines begin, and how long they are.
type Lines = BTreeMap<(RecordKey, u64), usize>;

/// The journal, open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// None once a writing has failed: what was appended to half a line would be no line.
    file: Mutex<Option<File>>,
    earlier: Lines,
    /// Where the lines begin that are what a row of this run says.
    asked_for: Mutex<BTreeSet<u64>>,
}

impl Journal {
    /// Opens the journal of a folder and finds what earlier runs left: how many records.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn open(path: &Path) -> Result<(Self, usize), ImportError> {
        let unwritable = |error| FileError::unwritable(path, error);
        let opened = durable::open_private(path, OpenOptions::new().read(true).append(true));
        let mut file = opened.map_err(unwritable)?;
        durable::lock(path, &file)?;
        if !is_ours(&mut file).map_err(|error| FileError::unreadable(path, error))? {
            return Err(ImportError::NotAJournal {
                path: path.to_owned(),
            });
        }
        let (found, whole) =
            lines(&mut file).map_err(|error| FileError::unreadable(path, error))?;
        // What follows the last whole line was never sent; appended to, it would spoil the next line.
        file.set_len(whole).map_err(unwritable)?;
        durable::sync_folder(path).map_err(unwritable)?;
        let keys = found.keys().map(|(key, _)| key);
        let count = keys.collect::<BTreeSet<_>>().len();
        let journal = Self {
            path: path.to_owned(),
            file: Mutex::new(Some(file)),
            earlier: found,
            asked_for: Mutex::default(),
        };
        Ok((journal, count))
    }

    /// Entries that earlier runs signed for a record and can be read, the newest first.
    pub(super) fn earlier(&self, key: &RecordKey) -> impl Iterator<Item = Pending> {
        { self.of(key) }.filter_map(|(key, start, length)| self.line(key, start, length))
    }

    /// The newest of it that is what a row says; from then on the row has asked for it.
    pub(super) fn find(
        &self,
        key: &RecordKey,
        mut is_it: impl FnMut(&Pending) -> bool,
    ) -> Option<Pending> {
        let (start, found) = self.of(key).find_map(|(key, start, length)| {
            let line = self.line(key, start, length)?;
            is_it(&line).then_some((start, line))
        })?;
        let mut asked_for = self
            .asked_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let _new = asked_for.insert(start);
        Some(found)
    }

    /// Entries that no row has asked for.
    pub(super) fn not_asked_for(&self) -> impl Iterator<Item = Pending> {
        let is_asked_for = |start: &u64| {
            let asked_for = self.asked_for.lock();
            let asked_for = asked_for.unwrap_or_else(PoisonError::into_inner);
            asked_for.contains(start)
        };
        let lines = self.earlier.iter();
        lines
            .filter(move |((_, start), _)| !is_asked_for(start))
            .filter_map(|((key, start), length)| self.line(key, *start, *length))
    }

    fn of(&self, key: &RecordKey) -> impl Iterator<Item = (&RecordKey, u64, usize)> {
        let lines = self.earlier.range((*key, 0)..=(*key, u64::MAX)).rev();
        lines.map(|((key, start), length)| (key, *start, *length))
    }

    fn line(&self, key: &RecordKey, start: u64, length: usize) -> Option<Pending> {
        let mut line = vec![0; length];
        {
            // Appending does not mind where the last reading was.
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let file = file.as_mut()?;
            let _place = file.seek(SeekFrom::Start(start)).ok()?;
            file.read_exact(&mut line).ok()?;
        }
        let pending = read(std::str::from_utf8(&line).ok()?.trim_end())?;
        (pending.entry.statement.key == *key).then_some(pending)
    }

    /// Keeps entries before they are sent.
    pub(super) fn keep<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a PendingRow>,
    ) -> Result<(), ImportError> {
        let mut lines = String::new();
        for row in rows {
            lines += &row.pending.entry.statement.key.to_hex();
            lines.push(' ');
            lines += &text::base64(row.pending_text().as_bytes());
            lines.push('\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        let mut place = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = place.as_mut() else {
            let before = std::io::Error::other(UserMessage::new("not-written-before"));
            return Err(FileError::unwritable(&self.path, before).into());
        };
        let written = file
            .write_all(lines.as_bytes())
            .and_then(|()| file.sync_data());
        Ok(written.map_err(|error| {
            *place = None;
            FileError::unwritable(&self.path, error)
        })?)
    }
}

/// Returns whether what is there begins like a journal, or with a part of its first line.
fn is_ours(file: &mut File) -> std::io::Result<bool> {
    let mut start = Vec::new();
    let mut head = (&*file).take(KEY_LETTERS as u64);
    let _count = head.read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start.iter().all(u8::is_ascii_hexdigit))
}

/// Where the lines stand, and where the last whole one ends.
fn lines(file: &mut File) -> std::io::Result<(Lines, u64)> {
    let mut found = Lines::new();
    let mut whole = 0;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        // A line that is spoilt takes no other with it.
        let key = std::str::from_utf8(&line).ok().and_then(|line| {
            let (key, _) = line.split_once(' ')?;
            RecordKey::from_hex(key)
        });
        found.extend(key.map(|key| ((key, whole), line.len())));
        whole += line.len() as u64;
        line.clear();
    }
    Ok((found, whole))
}

fn read(line: &str) -> Option<Pending> {
    let (_, pending) = line.split_once(' ')?;
    Pending::parse(&text::base64_bytes(pending)?).ok()
}
