//! A folder of documents: each file is one record, whose number is the file's name without extension.
//!
//! Only the files of the folder itself, and of these only documents (`documents`).

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use client::{
    durable::{self, FileError},
    import::RowOutcome,
    table::{REMARK, Row, RowContent, Twins, TwinsOf},
};
use messages::UserMessage;
use protocol::{hash::DocumentHash, record::RecordId};

use super::documents::{self, FileState, Listing, Selection};
use crate::{
    clerk::open_files,
    exit::{Failure, USAGE},
};

/// Reason of a file that is not whole because of that.
pub(crate) const OPEN: UserMessage = UserMessage::new("document-open");
/// How long it counts what was seen of programs that have files open: to look is dear, and a file that is opened
/// in between and written to while it is read is noticed by that.
const LOOKED: Duration = Duration::from_secs(1);

/// The files of a folder, in the order of their names.
pub(super) struct Folder {
    path: PathBuf,
    documents: Vec<PathBuf>,
    next: usize,
    columns: [String; 1],
    /// Files that programs have open for writing, and when that was seen.
    open: Option<(Instant, HashSet<PathBuf>)>,
}

/// Length and time of the last change: what is the same twice was not written to in between.
pub(crate) type Seen = (u64, SystemTime);

/// How a file looks now.
pub(crate) fn seen(path: &Path) -> Option<Seen> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

/// Why a document cannot be taken: a code, and what is to be said.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) code: &'static str,
    pub(crate) failure: Failure,
}

impl Unread {
    fn new(code: &'static str, what: UserMessage) -> Self {
        let failure = Failure::new(USAGE, what);
        Self { code, failure }
    }
}

/// A document's number and hash; a file that changes meanwhile has none.
pub(crate) fn read(path: &Path) -> Result<(RecordId, DocumentHash), Unread> {
    read_by(path, durable::hash_unlinked)
}

/// Reads a document's number and hash by whatever reads the file.
fn read_by(
    path: &Path,
    hash: impl FnOnce(&Path) -> Result<DocumentHash, FileError>,
) -> Result<(RecordId, DocumentHash), Unread> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem =
        stem.ok_or_else(|| Unread::new("bad-name", UserMessage::new("file-name-not-utf8")))?;
    // A name is no typed number: read as one it would be in parts, or lose a letter, without anybody's having
    // meant that.
    if stem.contains(['|', '\\']) {
        let what = UserMessage::new("file-name-splits-number");
        return Err(Unread::new("bad-name", what));
    }
    let record = RecordId::new([stem]).map_err(|error| {
        Unread::new(
            "bad-name",
            UserMessage::new("file-name-no-number").text("reason", error),
        )
    })?;
    let before = seen(path);
    let document = hash(path);
    let after = seen(path);
    match document {
        _ if after.is_none() => Err(Unread::new("missing-file", UserMessage::new("file-gone"))),
        Err(error) => Err(Unread {
            code: "unreadable-file",
            failure: error.into(),
        }),
        Ok(document) if before == after => match documents::state(path) {
            Ok(FileState::NotYet(code, what)) => Err(Unread::new(code, what)),
            _ => Ok((record, document)),
        },
        Ok(_) => {
            let changed = UserMessage::new("file-changed");
            let mut unread = Unread::new("changed-while-read", changed);
            unread.failure = unread.failure.help(UserMessage::new("help-again"));
            Err(unread)
        }
    }
}

/// Files of a folder besides documents, each with the reason why it is none.
pub(super) type Others = Vec<(PathBuf, UserMessage)>;

impl Folder {
    /// Finds the documents of a folder, and gives what else is there, with the reason why it is none.
    pub(super) fn open(path: &Path, selection: &Selection) -> Result<(Self, Others), Failure> {
        let Listing { documents, others } = documents::list(path, selection)?;
        let mut whole = Vec::with_capacity(documents.len());
        // Named before all others, of which perhaps not each is: nobody expects them by their names.
        let mut own = Vec::new();
        for document in documents {
            match documents::state(&document) {
                Ok(FileState::Never { why, .. }) => own.push((document, why)),
                _ => whole.push(document),
            }
        }
        let others = own.into_iter().chain(others).collect();
        let folder = Self {
            path: path.to_owned(),
            documents: whole,
            open: None,
            next: 0,
            // A remark, and no field: the list of files is no table of numbers.
            columns: [format!("{REMARK}file")],
        };
        Ok((folder, others))
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Names that look alike and are two.
    pub(super) fn twins(&self) -> Option<UserMessage> {
        let number = |row: u64| {
            let at = usize::try_from(row).ok()?.checked_sub(1)?;
            let stem = self.documents.get(at)?.file_stem()?.to_str()?;
            RecordId::new([stem]).ok()
        };
        let mut twins = Twins::default();
        for row in 1..=self.rows() {
            if let Some(number) = number(row) {
                twins.know(row, number);
            }
        }
        twins.remark(TwinsOf::Files, number)
    }

    pub(super) fn rows(&self) -> u64 {
        self.documents.len() as u64
    }

    /// Returns whether a program has a file open for writing.
    fn is_open(&mut self, path: &Path) -> bool {
        let seen = self.open.take();
        let still = seen.filter(|(when, _)| when.elapsed() < LOOKED);
        let found = || (Instant::now(), open_files::written_in(&self.path));
        let (_, files) = self.open.insert(still.unwrap_or_else(found));
        let path = path.canonicalize();
        path.is_ok_and(|path| files.contains(&path))
    }

    pub(super) fn next_row(&mut self) -> Option<Result<Row, RowOutcome>> {
        let path = &self.documents.get(self.next)?.clone();
        self.next += 1;
        let number = self.next as u64;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let read = match self.is_open(path) {
            true => Err(Unread::new("open-file", OPEN)),
            false => read(path),
        };
        Some(match read {
            Ok((record, document)) => Ok(Row {
                number,
                name: name.into_owned(),
                record,
                content: RowContent::Document(document),
                effective: None,
            }),
            Err(Unread { code, failure }) => Err(RowOutcome {
                column: "file".to_owned(),
                cells: vec![name.into_owned()],
                ..RowOutcome::not_done(number, None, "invalid", Some(failure.what)).coded(code)
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_changes_while_it_is_read_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("F-1.pdf");
        let read = |meanwhile: &dyn Fn()| {
            fs::write(&path, "one").unwrap();
            read_by(&path, |path| {
                let hash = durable::hash(path);
                meanwhile();
                hash
            })
        };
        let (record, _) = read(&|| {}).unwrap();
        assert_eq!(record.to_string(), "F-1");
        let changed = read(&|| fs::write(&path, "another").unwrap()).unwrap_err();
        assert_eq!(changed.code, "changed-while-read");
        // As long as before, and written a moment later.
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let touched = read(&|| {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(later).unwrap();
        });
        assert_eq!(touched.unwrap_err().code, "changed-while-read");
        let gone = read(&|| fs::remove_file(&path).unwrap()).unwrap_err();
        assert_eq!(gone.code, "missing-file");
        let unreadable = read_by(folder.path(), durable::hash).unwrap_err();
        assert_eq!(unreadable.code, "unreadable-file");
        for taken_apart in ["12|2026.pdf", "12\\2026.pdf", "12\\\\2026.pdf"] {
            let path = folder.path().join(taken_apart);
            fs::write(&path, "one").unwrap();
            let unread = read_by(&path, durable::hash).unwrap_err();
            assert_eq!(unread.code, "bad-name", "{taken_apart}");
        }
        let nameless = read_by(&folder.path().join(" .pdf"), durable::hash);
        assert_eq!(nameless.unwrap_err().code, "bad-name");
    }
}
