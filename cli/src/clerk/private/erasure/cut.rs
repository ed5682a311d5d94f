//! One receipt without its opening: which bytes go, and how they go from the disk.

use std::{fs, ops::Range, path::Path};

use client::durable::{self, FileError};
use messages::UserMessage;
use protocol::{
    receipt::{self, RECEIPT_BYTES_MAX, Receipt},
    text::Malformed,
};

use crate::exit::{Failure, USAGE};

const OPENING: &[u8] = b"\n--- opening\n";

/// A receipt as bytes, divided at its opening.
pub(super) struct Cut {
    /// The opening's lines without their last line feed.
    pub(super) opening: Range<usize>,
    /// The receipt without the opening.
    pub(super) rest: Vec<u8>,
}

impl Cut {
    /// None if there is no opening. What an earlier erasure has overwritten, and then could not finish,
    /// is an opening too, whatever its lines say.
    pub(super) fn of(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        Self::of_that(bytes, |bytes| Receipt::parse(bytes).map(|_| ()))
    }

    /// The same of a receipt up to its proofs.
    pub(super) fn of_row(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        Self::of_that(bytes, |bytes| receipt::shown(bytes).map(|_| ()))
    }

    /// The same of what `parse` reads.
    fn of_that(
        bytes: &[u8],
        parse: impl Fn(&[u8]) -> Result<(), Malformed>,
    ) -> Result<Option<Self>, Malformed> {
        const CLERK: &[u8] = b"\n--- clerk\n";
        let find = |word: &[u8], from: usize| Some(from + find(bytes.get(from..)?, word)?);
        let Some(head) = find(OPENING, 0) else {
            return parse(bytes).map(|()| None);
        };
        let begin = head + OPENING.len();
        // The last line feed of the opening is also the first of the next section, and of a row the last of all.
        let last = bytes.len() - usize::from(bytes.ends_with(b"\n"));
        let end = find(CLERK, begin - 1).unwrap_or(last).max(begin);
        let above = String::from_utf8_lossy(bytes.get(..=head).unwrap_or_default());
        let plain = above.replacen("muhr-receipt/v1 redacted\n", "muhr-receipt/v1\n", 1);
        let mut rest = plain.into_bytes();
        rest.extend_from_slice(bytes.get(end + 1..).unwrap_or_default());
        parse(&rest)?;
        Ok(Some(Self {
            opening: begin..end,
            rest,
        }))
    }
}

/// Returns whether a receipt shows something, as far as that can be told without reading it.
pub(super) fn shows(bytes: &[u8]) -> bool {
    find(bytes, OPENING).is_some()
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|seen| seen == word)
}

/// Overwrites the opening where it stands, and only then puts the shorter file in its place: at every
/// moment the file is a receipt, or one that the next erasure finishes.
pub(super) fn erase(path: &Path) -> Result<(), Failure> {
    let path = fs::canonicalize(path).map_err(|error| FileError::unreadable(path, error))?;
    let bytes = durable::read(&path, RECEIPT_BYTES_MAX)?;
    let cut = Cut::of(&bytes).map_err(|error| {
        let what = UserMessage::new("erase-malformed").text("reason", error);
        Failure::new(USAGE, what)
    })?;
    if let Some(cut) = cut {
        durable::overwrite(&path, [cut.opening])?;
        durable::write_private(&path, &cut.rest)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A receipt of the corpus of the outside checkers.
    fn stored(name: &str) -> Vec<u8> {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        fs::read(root.join("../corpus/cases").join(name)).unwrap()
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
        durable::overwrite(&path, [cut.opening.clone()]).unwrap();
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
