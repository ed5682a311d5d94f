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
    rows::{Row, Values},
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

/// A document's number and hash; a file that changes meanwhile has none.
pub(crate) fn read(path: &Path) -> Result<(RecordId, DocumentHash), Failure> {
    let named = |what: &str| Failure::new(USAGE, what);
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.ok_or_else(|| named("the file's name is not UTF-8"))?;
    let record = RecordId::parse(stem)
        .map_err(|error| named(&format!("the file's name is no number: {error}")))?;
    let before = seen(path);
    let document = files::hash(path)?;
    if before.is_none() || before != seen(path) {
        return Err(named("the file changed while it was read").help("run the same command again"));
    }
    Ok((record, document))
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            documents: documents(path)?,
            next: 0,
            columns: ["file".to_owned()],
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
            }),
            Err(failure) => Err(Outcome {
                column: "file".to_owned(),
                cells: vec![name.into_owned()],
                ..Outcome::not_done(number, None, "invalid", failure.what)
            }),
        })
    }
}
