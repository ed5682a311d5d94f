//! Kind of a file, by its first line: names change, and a receipt under another name shows as much.

use std::{fs::File, io::Read, path::Path};

use client::durable::FileError;
use messages::UserMessage;
use protocol::kind::kind_of;

use crate::exit::Failure;

/// The most bytes that a first line is told by.
const HEAD_BYTES: u64 = 256;

const ON_ITS_WAY: UserMessage = UserMessage::new("left-entry-on-its-way");
const JOURNAL: UserMessage = UserMessage::new("left-journal");
const TO_MEND: UserMessage = UserMessage::new("left-rows-to-mend");
const RESULTS: UserMessage = UserMessage::new("left-results");
const CUT_SHORT: UserMessage = UserMessage::new("left-cut-short");

/// Treatment of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    Receipt,
    /// Many receipts of a bulk run.
    Archive,
    /// A receipt with those that it rests on.
    Dossier,
    /// It holds what is private, and why it stays.
    Left(UserMessage),
}

/// None of what is none of ours.
pub(super) fn of(path: &Path) -> Result<Option<Treatment>, Failure> {
    let mut head = Vec::new();
    let opened = File::open(path).map_err(|error| FileError::unreadable(path, error))?;
    let read = opened.take(HEAD_BYTES).read_to_end(&mut head);
    let _bytes = read.map_err(|error| FileError::unreadable(path, error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(told(&head, &name))
}

fn told(head: &[u8], name: &str) -> Option<Treatment> {
    let kind = match kind_of(head) {
        protocol::kind::Kind::Receipt => Treatment::Receipt,
        protocol::kind::Kind::Archive => Treatment::Archive,
        protocol::kind::Kind::Dossier => Treatment::Dossier,
        protocol::kind::Kind::Pending => Treatment::Left(ON_ITS_WAY),
        protocol::kind::Kind::Journal => Treatment::Left(JOURNAL),
        protocol::kind::Kind::ToMend => Treatment::Left(TO_MEND),
        protocol::kind::Kind::Results => Treatment::Left(RESULTS),
        _ if name.ends_with(".pending") => Treatment::Left(ON_ITS_WAY),
        _ if name == "journal" => Treatment::Left(JOURNAL),
        _ if name.ends_with(".receipt") => Treatment::Receipt,
        _ if name.ends_with(".receipt.part") || name.ends_with(".pending.part") => {
            Treatment::Left(CUT_SHORT)
        }
        _ => return None,
    };
    Some(if name.ends_with(".part") {
        Treatment::Left(CUT_SHORT)
    } else {
        kind
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_what_it_says_and_then_by_its_name() {
        let pending = protocol::text::base64(b"muhr-pending/v1");
        let line = format!("{} {pending}", "0a".repeat(32));
        for (head, name, kind) in [
            ("muhr-receipt/v1\n", "a.txt", Some(Treatment::Receipt)),
            ("muhr-receipt/v1 redacted\n", "a", Some(Treatment::Receipt)),
            ("muhr-archive/v1\n", "old", Some(Treatment::Archive)),
            ("muhr-dossier/v1\n", "old", Some(Treatment::Dossier)),
            ("muhr-pending/v1\n", "x", Some(Treatment::Left(ON_ITS_WAY))),
            (&line, "renamed", Some(Treatment::Left(JOURNAL))),
            ("x", "journal", Some(Treatment::Left(JOURNAL))),
            (
                "\u{feff}muhr:row,muhr:column",
                "t.csv",
                Some(Treatment::Left(TO_MEND)),
            ),
            (
                "row,record,version,status,reason",
                "r",
                Some(Treatment::Left(RESULTS)),
            ),
            ("xxx", "a.receipt", Some(Treatment::Receipt)),
            (
                "muhr-receipt/v1\n",
                "a.receipt.part",
                Some(Treatment::Left(CUT_SHORT)),
            ),
            ("", "a.receipt.part", Some(Treatment::Left(CUT_SHORT))),
            ("row,record\n", "t.csv", None),
            ("%PDF-1.4", "a.pdf", None),
            ("", "a.part", None),
        ] {
            assert_eq!(told(head.as_bytes(), name), kind, "{head} {name}");
        }
    }
}
