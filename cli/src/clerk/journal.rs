//! The journal of a bulk run: every signed entry with its secret, on disk before it is sent.
//!
//! One line a row: row number, and the pending text in base64. A line that a crash cut short is no
//! line: its entry was never sent. In memory is only where each line stands.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use protocol::{pending::Pending, text};

use crate::{exit::Failure, files};

/// The journal, open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
    /// Row, and where its newest line begins and how long it is.
    earlier: BTreeMap<u64, (u64, usize)>,
}

impl Journal {
    /// Opens the journal of a folder and finds what earlier runs left: how many rows.
    pub(super) fn open(path: &Path) -> Result<(Self, usize), Failure> {
        let mut found = BTreeMap::new();
        let mut whole = 0;
        if let Ok(file) = File::open(path) {
            let mut reader = BufReader::new(file);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 0) && line.ends_with('\n') {
                let row = line.split_once(' ').and_then(|(row, _)| text::number(row));
                found.extend(row.map(|row| (row, (whole, line.len()))));
                whole += line.len() as u64;
                line.clear();
            }
        }
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(|error| files::unwritable(path, &error))?;
        // What follows the last whole line was never sent; appended to, it would spoil the next line.
        file.set_len(whole)
            .map_err(|error| files::unwritable(path, &error))?;
        files::sync_folder(path).map_err(|error| files::unwritable(path, &error))?;
        let count = found.len();
        let journal = Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            earlier: found,
        };
        Ok((journal, count))
    }

    /// What an earlier run signed for a row; none if its line cannot be read.
    pub(super) fn earlier(&self, row: u64) -> Option<Pending> {
        let (start, length) = *self.earlier.get(&row)?;
        let mut line = vec![0; length];
        {
            // Appending does not mind where the last reading was.
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let _place = file.seek(SeekFrom::Start(start)).ok()?;
            file.read_exact(&mut line).ok()?;
        }
        let (found, pending) = read(std::str::from_utf8(&line).ok()?.trim_end())?;
        (found == row).then_some(pending)
    }

    /// Keeps entries before they are sent.
    pub(super) fn keep<'a>(
        &self,
        entries: impl IntoIterator<Item = (u64, &'a Pending)>,
    ) -> Result<(), Failure> {
        let lines: String = entries
            .into_iter()
            .map(|(row, pending)| format!("{row} {}\n", text::base64(pending.write().as_bytes())))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| files::unwritable(&self.path, &error))
    }
}

fn read(line: &str) -> Option<(u64, Pending)> {
    let (row, pending) = line.split_once(' ')?;
    Some((
        text::number(row)?,
        Pending::parse(&text::base64_bytes(pending)?).ok()?,
    ))
}
