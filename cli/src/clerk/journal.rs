//! The journal of a bulk run: every signed entry with its secret, on disk before it is sent.
//!
//! One line a row: the record's key, and the pending text in base64. A line that a crash cut short is no
//! line: its entry was never sent. In memory is only where each line stands.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use protocol::{hash::RecordKey, pending::Pending, text};

use crate::{
    exit::{Failure, USAGE},
    files,
};

/// Letters of a record's key, with which every line begins.
const KEY_LETTERS: usize = 64;

/// Where the newest line of each record begins, and how long it is.
type Lines = BTreeMap<RecordKey, (u64, usize)>;

/// The journal, open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// None once a writing has failed: what was appended to half a line would be no line.
    file: Mutex<Option<File>>,
    earlier: Lines,
}

impl Journal {
    /// Opens the journal of a folder and finds what earlier runs left: how many records.
    pub(super) fn open(path: &Path) -> Result<(Self, usize), Failure> {
        let unwritable = |error| files::unwritable(path, &error);
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(unwritable)?;
        files::lock(path, &file)?;
        if !is_ours(&mut file).map_err(|error| files::unreadable(path, &error))? {
            let what = format!("{}: is there already, and no journal", path.display());
            return Err(Failure::new(USAGE, what).help("choose another folder with --out"));
        }
        let (found, whole) = lines(&mut file).map_err(|error| files::unreadable(path, &error))?;
        // What follows the last whole line was never sent; appended to, it would spoil the next line.
        file.set_len(whole).map_err(unwritable)?;
        files::sync_folder(path).map_err(unwritable)?;
        let count = found.len();
        let journal = Self {
            path: path.to_owned(),
            file: Mutex::new(Some(file)),
            earlier: found,
        };
        Ok((journal, count))
    }

    /// What an earlier run signed for a record; none if its line cannot be read.
    pub(super) fn earlier(&self, key: &RecordKey) -> Option<Pending> {
        let (start, length) = *self.earlier.get(key)?;
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
        entries: impl IntoIterator<Item = &'a Pending>,
    ) -> Result<(), Failure> {
        let lines: String = entries
            .into_iter()
            .map(|pending| {
                let key = pending.entry.statement.key.to_hex();
                format!("{key} {}\n", text::base64(pending.write().as_bytes()))
            })
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut place = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = place.as_mut() else {
            let before = std::io::Error::other("it could not be written before");
            return Err(files::unwritable(&self.path, &before));
        };
        let written = file
            .write_all(lines.as_bytes())
            .and_then(|()| file.sync_data());
        written.map_err(|error| {
            *place = None;
            files::unwritable(&self.path, &error)
        })
    }
}

/// Whether what is there begins like a journal, or with a part of its first line.
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
        found.extend(key.map(|key| (key, (whole, line.len()))));
        whole += line.len() as u64;
        line.clear();
    }
    Ok((found, whole))
}

fn read(line: &str) -> Option<Pending> {
    let (_, pending) = line.split_once(' ')?;
    Pending::parse(&text::base64_bytes(pending)?).ok()
}
