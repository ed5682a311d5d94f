//! A folder of documents: each file is one record, whose number is the file's name without extension.
//!
//! Only the files of the folder itself; what begins with a dot, and what this program wrote, is none.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use protocol::{hash::DocumentHash, record::RecordId};

use super::{
    Outcome,
    rows::{REMARK, Row, Values},
};
use crate::{
    exit::{Failure, USAGE},
    files,
};

/// Extensions of what this program puts beside documents, and of what others are still writing.
const NO_DOCUMENTS: [&str; 6] = ["receipt", "pending", "refused", "part", "tmp", "crdownload"];

/// The files of a folder, in the order of their names.
pub(super) struct Folder {
    documents: Vec<PathBuf>,
    next: usize,
    columns: [String; 1],
}

/// Whether a file is a document, and none of this program's own.
fn is_document(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default();
    path.is_file()
        && !name.starts_with(['.', '~'])
        && !NO_DOCUMENTS.iter().any(|other| extension == *other)
}

/// The documents of a folder, in the order of their names.
pub(crate) fn documents(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| files::unreadable(folder, &error);
    let mut documents = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        documents.extend(is_document(&path).then_some(path));
    }
    documents.sort();
    Ok(documents)
}

/// Length and time of the last change: what is the same twice was not written to in between.
pub(crate) type Seen = (u64, SystemTime);

/// How a file looks now.
pub(crate) fn seen(path: &Path) -> Option<Seen> {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

/// Why a document cannot be taken: a code, and what is to be said.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) code: &'static str,
    pub(crate) failure: Failure,
}

impl Unread {
    fn new(code: &'static str, what: &str) -> Self {
        let failure = Failure::new(USAGE, what);
        Self { code, failure }
    }
}

/// A document's number and hash; a file that changes meanwhile has none.
pub(crate) fn read(path: &Path) -> Result<(RecordId, DocumentHash), Unread> {
    read_by(path, files::hash)
}

/// The same, with whatever reads the file.
fn read_by(
    path: &Path,
    hash: impl FnOnce(&Path) -> Result<DocumentHash, Failure>,
) -> Result<(RecordId, DocumentHash), Unread> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.ok_or_else(|| Unread::new("bad-name", "the file's name is not UTF-8"))?;
    let record = RecordId::parse(stem).map_err(|error| {
        Unread::new(
            "bad-name",
            &format!("the file's name is no number: {error}"),
        )
    })?;
    let before = seen(path);
    let document = hash(path);
    let after = seen(path);
    match document {
        _ if after.is_none() => Err(Unread::new(
            "missing-file",
            "the file was there and is gone",
        )),
        Err(failure) => Err(Unread {
            code: "unreadable-file",
            failure,
        }),
        Ok(document) if before == after => Ok((record, document)),
        Ok(_) => {
            let changed = "the file changed while it was read";
            let mut unread = Unread::new("changed-while-read", changed);
            unread.failure = unread.failure.help("run the same command again");
            Err(unread)
        }
    }
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            documents: documents(path)?,
            next: 0,
            // A remark, and no field: the list of files is no table of numbers.
            columns: [format!("{REMARK}file")],
        })
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn rows(&self) -> u64 {
        self.documents.len() as u64
    }

    pub(super) fn next_row(&mut self) -> Option<Result<Row, Outcome>> {
        let path = self.documents.get(self.next)?;
        self.next += 1;
        let number = self.next as u64;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Some(match read(path) {
            Ok((record, document)) => Ok(Row {
                number,
                name: name.into_owned(),
                record,
                content: Values::Document(document),
                effective: None,
            }),
            Err(Unread { code, failure }) => Err(Outcome {
                column: "file".to_owned(),
                cells: vec![name.into_owned()],
                ..Outcome::not_done(number, None, "invalid", failure.what).coded(code)
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
                let hash = files::hash(path);
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
        let unreadable = read_by(folder.path(), files::hash).unwrap_err();
        assert_eq!(unreadable.code, "unreadable-file");
        let nameless = read_by(&folder.path().join(" .pdf"), files::hash);
        assert_eq!(nameless.unwrap_err().code, "bad-name");
    }
}
