//! What a file is, by its first line: names change, and a receipt under another name shows as much.

use std::{fs::File, io::Read, path::Path};

use crate::{exit::Failure, files};

/// The most bytes that a first line is told by.
const HEAD_BYTES: u64 = 256;
/// How `muhr-pending/v1` begins in base64: so does the second word of a journal's lines.
const PENDING_IN_BASE64: &str = "bXVoci1wZW5kaW5n";

const ON_ITS_WAY: &str = "an entry on its way, with its private part; get its receipt with the command that it was for, then erase that; or give it up and remove the file";
const JOURNAL: &str = "the journal of a bulk run: it holds every number, value and secret of the run; once every row has its receipt, remove the file";
const TO_MEND: &str =
    "rows to mend, with their values as they were typed; once they are mended, remove the file";
const RESULTS: &str = "what became of each row, with the numbers of the records; once nobody needs it, remove the file";
const CUT_SHORT: &str = "left by a write that was cut short; remove the file";

/// What is to be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Receipt,
    /// Many receipts of a bulk run.
    Archive,
    /// A receipt with those that it rests on.
    Dossier,
    /// It holds what is private, and why it stays.
    Left(&'static str),
}

/// None of what is none of ours.
pub(super) fn of(path: &Path) -> Result<Option<Kind>, Failure> {
    let mut head = Vec::new();
    let opened = File::open(path).map_err(|error| files::unreadable(path, &error))?;
    let read = opened.take(HEAD_BYTES).read_to_end(&mut head);
    let _bytes = read.map_err(|error| files::unreadable(path, &error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(told(&head, &name))
}

fn told(head: &[u8], name: &str) -> Option<Kind> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let kind = if head.starts_with(b"muhr-receipt/") {
        Kind::Receipt
    } else if head.starts_with(b"muhr-archive/") {
        Kind::Archive
    } else if head.starts_with(b"muhr-dossier/") {
        Kind::Dossier
    } else if head.starts_with(b"muhr-pending/") || name.ends_with(".pending") {
        Kind::Left(ON_ITS_WAY)
    } else if is_journal(head) || name == "journal" {
        Kind::Left(JOURNAL)
    } else if head.starts_with(b"muhr:row,") {
        Kind::Left(TO_MEND)
    } else if head.starts_with(b"row,record,version,status,") {
        Kind::Left(RESULTS)
    } else if name.ends_with(".receipt") {
        Kind::Receipt
    } else if name.ends_with(".receipt.part") || name.ends_with(".pending.part") {
        Kind::Left(CUT_SHORT)
    } else {
        return None;
    };
    Some(if name.ends_with(".part") {
        Kind::Left(CUT_SHORT)
    } else {
        kind
    })
}

/// A record's key in hexadecimal, and an entry on its way.
fn is_journal(head: &[u8]) -> bool {
    let (key, behind) = head.split_at_checked(64).unwrap_or_default();
    let entry = behind.strip_prefix(b" ").unwrap_or_default();
    key.iter().all(u8::is_ascii_hexdigit) && entry.starts_with(PENDING_IN_BASE64.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_what_it_says_and_then_by_its_name() {
        let line = format!("{} {PENDING_IN_BASE64}L3Yx", "0a".repeat(32));
        assert_eq!(
            protocol::text::base64(b"muhr-pending/v1"),
            format!("{PENDING_IN_BASE64}L3Yx")
        );
        for (head, name, kind) in [
            ("muhr-receipt/v1\n", "a.txt", Some(Kind::Receipt)),
            ("muhr-receipt/v1 redacted\n", "a", Some(Kind::Receipt)),
            ("muhr-archive/v1\n", "old", Some(Kind::Archive)),
            ("muhr-dossier/v1\n", "old", Some(Kind::Dossier)),
            ("muhr-pending/v1\n", "x", Some(Kind::Left(ON_ITS_WAY))),
            (&line, "renamed", Some(Kind::Left(JOURNAL))),
            ("x", "journal", Some(Kind::Left(JOURNAL))),
            (
                "\u{feff}muhr:row,muhr:column",
                "t.csv",
                Some(Kind::Left(TO_MEND)),
            ),
            (
                "row,record,version,status,reason",
                "r",
                Some(Kind::Left(RESULTS)),
            ),
            ("xxx", "a.receipt", Some(Kind::Receipt)),
            (
                "muhr-receipt/v1\n",
                "a.receipt.part",
                Some(Kind::Left(CUT_SHORT)),
            ),
            ("", "a.receipt.part", Some(Kind::Left(CUT_SHORT))),
            ("row,record\n", "t.csv", None),
            ("%PDF-1.4", "a.pdf", None),
            ("", "a.part", None),
        ] {
            assert_eq!(told(head.as_bytes(), name), kind, "{head} {name}");
        }
    }
}
