//! What a file is, by its bytes: names change, and a receipt under another name shows as much.
//!
//! Nothing is believed here, and no format is checked: whoever reads the file says whether it is a good one.

use crate::{checkpoint::Checkpoint, note::NOTE_BYTES_MAX, policy::POLICY_BYTES_MAX, rewritten};

/// Bytes by which most kinds are told; checkpoints and trust files are told by the whole of them.
const HEAD_BYTES: usize = 256;
/// Bytes of a file that decide its kind: of a longer one the first so many, and one more.
pub const KIND_BYTES: usize = if NOTE_BYTES_MAX > POLICY_BYTES_MAX {
    NOTE_BYTES_MAX
} else {
    POLICY_BYTES_MAX
};
/// `muhr-pending/v1` begins so in base64, and so does the second word of a journal's lines.
const PENDING_IN_BASE64: &str = "bXVoci1wZW5kaW5n";

/// The kind of a file, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One receipt, whole or redacted.
    Receipt,
    /// A receipt with those that it rests on.
    Dossier,
    /// All versions of a record.
    History,
    /// Many receipts of a bulk run.
    Archive,
    /// The receipts of one batch, as a node gives them.
    BatchReceipts,
    /// Two checkpoints that contradict each other.
    Evidence,
    /// A signed checkpoint.
    Checkpoint,
    /// A trust file.
    Trust,
    /// An entry on its way, with its private part.
    Pending,
    /// The journal of a bulk run.
    Journal,
    /// Rows of a table to mend.
    ToMend,
    /// The results of a table, row by row.
    Results,
    /// A secret key, with a passphrase or without.
    Key,
    /// A signed report.
    Report,
    /// Another text of Muhr's: an entry, a batch, an act, a block leaf, a genesis, a change of agencies, a text
    /// of a founding.
    OtherText,
    /// A PDF document.
    Pdf,
    /// A ZIP archive; documents of office programs are such.
    Zip,
    /// A web page.
    Html,
    /// A picture.
    Picture,
    /// No bytes at all.
    Empty,
    /// Whatever else.
    Unknown,
}

/// First bytes, and what begins with them.
const STARTS: [(&[u8], Kind); 30] = [
    (b"muhr-receipt/", Kind::Receipt),
    (b"muhr-dossier/", Kind::Dossier),
    (b"muhr-history/", Kind::History),
    (b"muhr-archive/", Kind::Archive),
    (b"muhr-batch-receipts/", Kind::BatchReceipts),
    (b"muhr-evidence/", Kind::Evidence),
    (b"muhr-pending/", Kind::Pending),
    (b"muhr-key/", Kind::Key),
    (b"age-encryption.org/", Kind::Key),
    (b"-----BEGIN AGE ENCRYPTED", Kind::Key),
    (b"muhr-report/", Kind::Report),
    (b"muhr-entry/", Kind::OtherText),
    (b"muhr-batch/", Kind::OtherText),
    (b"muhr-clerk/", Kind::OtherText),
    (b"muhr-policy/", Kind::OtherText),
    (b"muhr-block/", Kind::OtherText),
    (b"muhr-genesis/", Kind::OtherText),
    (b"muhr-epoch/", Kind::OtherText),
    (b"muhr-epoch-proof/", Kind::OtherText),
    (b"muhr-plan/", Kind::OtherText),
    (b"muhr-contribution/", Kind::OtherText),
    (b"muhr-acceptance/", Kind::OtherText),
    (b"muhr-clerk-request/", Kind::OtherText),
    (b"muhr:row,", Kind::ToMend),
    (b"row,record,version,status,", Kind::Results),
    (b"%PDF-", Kind::Pdf),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"\x89PNG\r\n\x1a\n", Kind::Picture),
    (b"\xff\xd8\xff", Kind::Picture),
];

/// Returns the kind of a file by its bytes: all of them, or the first [`KIND_BYTES`] and one more.
#[must_use]
pub fn kind_of(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    // A text that another program has re-written is what it was, if not a good one.
    let head = rewritten::utf8(head);
    let head = head.trim_ascii_start();
    let mut starts = STARTS.iter();
    if let Some((_, kind)) =
        starts.find(|(start, _)| bytes.starts_with(start) || head.starts_with(start))
    {
        return *kind;
    }
    if is_journal(head) {
        return Kind::Journal;
    }
    let small = head.to_ascii_lowercase();
    if small.starts_with(b"<!doctype html") || small.starts_with(b"<html") {
        return Kind::Html;
    }
    if bytes.len() > KIND_BYTES {
        return Kind::Unknown;
    }
    by_all(bytes)
}

/// Checkpoints and trust files have no first line of their own.
fn by_all(bytes: &[u8]) -> Kind {
    let plain = rewritten::utf8(bytes);
    let text = String::from_utf8_lossy(&plain).replace("\r\n", "\n");
    let begins = |word: &str| text.lines().any(|line| line.starts_with(word));
    if begins("log ") && begins("quorum ") {
        return Kind::Trust;
    }
    let is_checkpoint = |bytes: &[u8]| {
        let note = std::str::from_utf8(bytes);
        note.is_ok_and(|note| Checkpoint::parse_note(note).is_ok())
    };
    if is_checkpoint(bytes) || rewritten::is_rewritten(bytes, is_checkpoint) {
        Kind::Checkpoint
    } else {
        Kind::Unknown
    }
}

/// A record's key in hexadecimal, and an entry on its way.
fn is_journal(head: &[u8]) -> bool {
    let (key, behind) = head.split_at_checked(64).unwrap_or_default();
    let entry = behind.strip_prefix(b" ").unwrap_or_default();
    key.iter().all(u8::is_ascii_hexdigit) && entry.starts_with(PENDING_IN_BASE64.as_bytes())
}

impl Kind {
    /// The kind in words, as they stand behind "it is".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Receipt => "a receipt",
            Self::Dossier => "a dossier (a receipt with those that it rests on)",
            Self::History => "the history of a record",
            Self::Archive => "an archive of many receipts",
            Self::BatchReceipts => "the receipts of a whole batch",
            Self::Evidence => "evidence of a fork",
            Self::Checkpoint => "a checkpoint of a log",
            Self::Trust => "a trust file",
            Self::Pending => "an entry on its way",
            Self::Journal => "the journal of a bulk run",
            Self::ToMend => "a table of rows to mend",
            Self::Results => "a table of results",
            Self::Key => "a secret key",
            Self::Report => "a report",
            Self::OtherText => "another text of Muhr's",
            Self::Pdf => "a PDF document",
            Self::Zip => "a ZIP archive or a document of an office program",
            Self::Html => "a web page",
            Self::Picture => "a picture",
            Self::Empty => "empty",
            Self::Unknown => "of a kind that is not known here",
        }
    }

    /// The kind as a word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Dossier => "dossier",
            Self::History => "history",
            Self::Archive => "archive",
            Self::BatchReceipts => "batch-receipts",
            Self::Evidence => "evidence",
            Self::Checkpoint => "checkpoint",
            Self::Trust => "trust",
            Self::Pending => "pending",
            Self::Journal => "journal",
            Self::ToMend => "to-mend",
            Self::Results => "results",
            Self::Key => "key",
            Self::Report => "report",
            Self::OtherText => "text",
            Self::Pdf => "pdf",
            Self::Zip => "zip",
            Self::Html => "html",
            Self::Picture => "picture",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        for (start, kind) in STARTS {
            assert_eq!(kind_of(start), kind);
            let longer = [start, b"v1 and more\n"].concat();
            assert_eq!(kind_of(&longer), kind, "{}", start.escape_ascii());
            if start.starts_with(b"muhr") {
                let marked = [b"\xef\xbb\xbf", start].concat();
                assert_eq!(kind_of(&marked), kind, "{}", start.escape_ascii());
                let wide: Vec<u8> = start.iter().flat_map(|byte| [*byte, 0]).collect();
                assert_eq!(kind_of(&wide), kind, "{}", start.escape_ascii());
            }
        }
        assert_eq!(
            crate::text::base64(b"muhr-pending/v1"),
            format!("{PENDING_IN_BASE64}L3Yx")
        );
        let journal = format!("{} {PENDING_IN_BASE64}L3Yx", "0a".repeat(32));
        for (bytes, kind) in [
            (journal.as_bytes(), Kind::Journal),
            (b"<!DOCTYPE html><p>muhr-receipt/v1", Kind::Html),
            (b"\n<HTML>", Kind::Html),
            (b"", Kind::Empty),
            (b"m", Kind::Unknown),
            (b" muhr-receipt/v1\n", Kind::Receipt),
            (b"the muhr-receipt/v1\n", Kind::Unknown),
            (b"PK\x03\x04\0\0", Kind::Zip),
            (b"log x\nquorum y\n", Kind::Trust),
            (b"# a trust file\r\nlog x\r\nquorum y\r\n", Kind::Trust),
            (b"catalog x\nquorum y\n", Kind::Unknown),
        ] {
            assert_eq!(kind_of(bytes), kind, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_checkpoint_is_told_by_its_form() {
        let note =
            "a.example/1\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} k AAAAAAAA\n";
        assert_eq!(kind_of(note.as_bytes()), Kind::Checkpoint);
        assert_eq!(
            kind_of(note.replace('\n', "\r\n").as_bytes()),
            Kind::Checkpoint
        );
        assert_eq!(kind_of(note.trim_end().as_bytes()), Kind::Checkpoint);
        assert_eq!(
            kind_of(note.replacen("\n7\n", "\n07\n", 1).as_bytes()),
            Kind::Unknown
        );
        let long = format!("{note}{}", "x".repeat(KIND_BYTES));
        assert_eq!(kind_of(long.as_bytes()), Kind::Unknown);
    }
}
