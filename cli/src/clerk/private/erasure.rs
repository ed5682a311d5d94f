//! `muhr receipt erase`: overwrites openings on disk. The proofs stay.
//!
//! What a file system, a disk or a backup keeps of the old bytes is out of its reach, and docs/clerks.md
//! says so. Files that hold openings of their own (entries on their way, journals) are named and left.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use protocol::{
    receipt::{RECEIPT_BYTES_MAX, Receipt},
    text::Malformed,
};
use serde_json::json;

use crate::{
    arguments::EraseArguments,
    exit::{DONE, Failure, SOME_NOT_DONE, USAGE},
    files,
    output::Output,
};

pub(crate) fn run(arguments: &EraseArguments, output: &Output) -> Result<u8, Failure> {
    let mut found = Found::default();
    for path in &arguments.paths {
        if path.is_dir() {
            found.walk(path)?;
        } else {
            found.receipt(path.clone());
        }
    }
    if !arguments.yes && !found.with.is_empty() {
        for path in &found.with {
            output.note(&format!("would be erased: {}", path.display()));
        }
        let what = match found.with.len() {
            1 => "the private part of 1 receipt would be destroyed for good".to_owned(),
            count => format!("the private parts of {count} receipts would be destroyed for good"),
        };
        return Err(Failure::new(USAGE, what).help(
            "add --yes to do it; the receipts will still prove their entries, and nobody can show again what they are to",
        ));
    }
    let mut erased = Vec::new();
    for path in std::mem::take(&mut found.with) {
        match erase(&path) {
            Ok(()) => erased.push(path),
            Err(failure) => found.left.push((path, failure.what)),
        }
    }
    show(output, &erased, &found);
    Ok(if found.left.is_empty() {
        DONE
    } else {
        SOME_NOT_DONE
    })
}

/// What is there, file by file.
#[derive(Default)]
struct Found {
    /// Receipts with an opening.
    with: Vec<PathBuf>,
    /// Receipts without one.
    without: Vec<PathBuf>,
    /// Files that hold openings, or may, and are not touched; and why.
    left: Vec<(PathBuf, String)>,
}

impl Found {
    /// All receipts in a folder and below it; links are not followed.
    fn walk(&mut self, folder: &Path) -> Result<(), Failure> {
        let unreadable = |error| files::unreadable(folder, &error);
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let mut entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() {
                self.walk(&path)?;
            } else if !kind.is_file() {
                continue;
            } else if name.ends_with(".receipt") {
                self.receipt(path);
            } else if let Some(why) = holds_openings(&name) {
                self.left.push((path, why.to_owned()));
            }
        }
        Ok(())
    }

    fn receipt(&mut self, path: PathBuf) {
        match files::read(&path, RECEIPT_BYTES_MAX).map(|bytes| Cut::of(&bytes)) {
            Ok(Ok(Some(_))) => self.with.push(path),
            Ok(Ok(None)) => self.without.push(path),
            Ok(Err(error)) => self.left.push((path, format!("not a receipt: {error}"))),
            Err(failure) => self.left.push((path, failure.what)),
        }
    }
}

/// Files beside receipts that hold openings of their own.
fn holds_openings(name: &str) -> Option<&'static str> {
    if name.ends_with(".pending") {
        Some("an entry on its way; get its receipt first, then erase that")
    } else if name == "journal" {
        Some(
            "the journal of a bulk run; destroy it too once the run is done and will not be repeated",
        )
    } else if name.ends_with(".receipt.part") || name.ends_with(".pending.part") {
        Some("left by a write that was cut short; remove it")
    } else {
        None
    }
}

/// A receipt as bytes, divided at its opening.
struct Cut {
    /// The opening's lines without their last line feed.
    opening: Range<usize>,
    /// The receipt without the opening.
    rest: Vec<u8>,
}

impl Cut {
    /// None if there is no opening. What an earlier erasure has overwritten, and then could not finish,
    /// is an opening too, whatever its lines say.
    fn of(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        const OPENING: &[u8] = b"\n--- opening\n";
        const CLERK: &[u8] = b"\n--- clerk\n";
        let find = |word: &[u8], from: usize| {
            let behind = bytes.get(from..)?;
            let at = behind.windows(word.len()).position(|seen| seen == word)?;
            Some(from + at)
        };
        let Some(head) = find(OPENING, 0) else {
            return Receipt::parse(bytes).map(|_| None);
        };
        let begin = head + OPENING.len();
        // The last line feed of the opening is also the first of the next section.
        let end = find(CLERK, begin - 1).unwrap_or(bytes.len()).max(begin);
        let above = String::from_utf8_lossy(bytes.get(..=head).unwrap_or_default());
        let plain = above.replacen("muhr-receipt/v1 redacted\n", "muhr-receipt/v1\n", 1);
        let mut rest = plain.into_bytes();
        rest.extend_from_slice(bytes.get(end + 1..).unwrap_or_default());
        let _proof = Receipt::parse(&rest)?;
        Ok(Some(Self {
            opening: begin..end,
            rest,
        }))
    }
}

/// Overwrites the opening where it stands, and only then puts the shorter file in its place: at every
/// moment the file is a receipt, or one that the next erasure finishes.
fn erase(path: &Path) -> Result<(), Failure> {
    let path = fs::canonicalize(path).map_err(|error| files::unreadable(path, &error))?;
    let bytes = files::read(&path, RECEIPT_BYTES_MAX)?;
    let cut = Cut::of(&bytes).map_err(|error| Failure::new(USAGE, error.to_string()))?;
    if let Some(cut) = cut {
        files::overwrite(&path, cut.opening)?;
        files::write(&path, &cut.rest)?;
    }
    Ok(())
}

fn show(output: &Output, erased: &[PathBuf], found: &Found) {
    let names = |paths: &[PathBuf]| -> Vec<String> {
        let paths = paths.iter();
        paths.map(|path| path.display().to_string()).collect()
    };
    let left = found.left.iter();
    let left: Vec<_> = left
        .map(|(path, why)| json!({"file": path.display().to_string(), "why": why}))
        .collect();
    output.data(&json!({
        "schema": "muhr/receipt-erase/1", "erased": names(erased), "had_none": names(&found.without), "left": left,
    }));
    for path in names(erased) {
        output.text(&format!("✔ erased  {path}"));
    }
    for (path, why) in &found.left {
        output.text(&format!("✘ left    {}: {why}", path.display()));
    }
    output.text(&format!(
        "  {} erased, {} had no private part, {} left",
        erased.len(),
        found.without.len(),
        found.left.len()
    ));
    output.note(
        "documents, tables, backups and other copies are not touched; docs/clerks.md says more",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receipt of the corpus of the outside checkers.
    fn stored(name: &str) -> Vec<u8> {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        fs::read(root.join("../tests/outside/corpus").join(name)).unwrap()
    }

    fn place(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("permit.receipt");
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn an_erased_receipt_is_the_same_without_its_opening() {
        for name in ["fields.receipt", "redacted.receipt", "composite.receipt"] {
            let bytes = stored(name);
            let mut expected = Receipt::parse(&bytes).unwrap();
            expected.opening = None;
            let (_folder, path) = place(&bytes);
            erase(&path).unwrap();
            let erased = fs::read(&path).unwrap();
            assert_eq!(erased, expected.write().into_bytes(), "{name}");
            erase(&path).unwrap();
            assert_eq!(erased, fs::read(&path).unwrap(), "again changes nothing");
        }
    }

    /// A loss of power after the overwriting: nothing of the opening is there, and the proof is.
    #[test]
    fn an_erasure_that_was_cut_short_is_finished_by_the_next() {
        let bytes = stored("fields.receipt");
        let cut = Cut::of(&bytes).unwrap().unwrap();
        let (_folder, path) = place(&bytes);
        files::overwrite(&path, cut.opening.clone()).unwrap();
        let half = fs::read(&path).unwrap();
        assert_eq!(half.len(), bytes.len());
        let text = String::from_utf8(half.clone()).unwrap();
        for gone in ["secret", "Karimov", "TSH-12"] {
            assert!(!text.contains(gone), "{gone}");
        }
        assert!(Receipt::parse(&half).is_err());
        erase(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), cut.rest);
    }

    #[test]
    fn what_is_no_receipt_is_not_touched() {
        let bytes = stored("fields.receipt");
        for spoilt in [
            &bytes[..bytes.len() - 9],
            b"\n--- opening\n",
            b"",
            &bytes[1..],
        ] {
            let (_folder, path) = place(spoilt);
            let _refused = erase(&path).unwrap_err();
            assert_eq!(fs::read(&path).unwrap(), spoilt);
        }
    }
}
