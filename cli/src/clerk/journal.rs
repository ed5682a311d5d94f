//! The journal of a bulk run: every signed entry with its secret, on disk before it is sent.
//!
//! One line a row: row number, and the pending text in base64. A line that a crash cut short is no
//! line: its entry was never sent.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
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
}

impl Journal {
    /// Opens the journal of a folder and reads what earlier runs left, by row.
    pub(super) fn open(path: &Path) -> Result<(Self, BTreeMap<u64, Pending>), Failure> {
        let mut found = BTreeMap::new();
        let mut whole = 0;
        if let Ok(file) = File::open(path) {
            let mut reader = BufReader::new(file);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 0) && line.ends_with('\n') {
                whole += line.len() as u64;
                found.extend(read(line.trim_end()));
                line.clear();
            }
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| files::unwritable(path, &error))?;
        // What follows the last whole line was never sent; appended to, it would spoil the next line.
        file.set_len(whole)
            .map_err(|error| files::unwritable(path, &error))?;
        files::sync_folder(path).map_err(|error| files::unwritable(path, &error))?;
        Ok((
            Self {
                path: path.to_owned(),
                file: Mutex::new(file),
            },
            found,
        ))
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
