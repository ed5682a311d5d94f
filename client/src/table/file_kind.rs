//! Files that are given as tables and are something else: each is named, with the way out.
//!
//! Told by what is in a file, never by its name. Not here: what a table or workbook is.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use crate::durable::{self, FileError};
use messages::UserMessage;
use zip::ZipArchive;

use super::{TableError, TableTrouble, WayOut};

/// Bytes at the start of a file that tell its kind.
const START_BYTES: u64 = 4096;
/// Bytes that are read at once where the whole of a file is looked through.
const PIECE_BYTES: usize = 1 << 16;
/// How an office file of before 2007 begins, and one of today that has a password.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Beginnings, what such a file is, and the way out.
const STARTS: [(&[u8], UserMessage, WayOut); 12] = [
    (b"%PDF-", UserMessage::new("kind-pdf"), WayOut::GiveTable),
    (b"\x1f\x8b", UserMessage::new("kind-gzip"), WayOut::Unpack),
    (b"7z\xbc\xaf", UserMessage::new("kind-7z"), WayOut::Unpack),
    (b"Rar!", UserMessage::new("kind-rar"), WayOut::Unpack),
    (b"{\\rtf", UserMessage::new("kind-rtf"), WayOut::SaveAs),
    (
        b"SQLite format 3",
        UserMessage::new("kind-sqlite"),
        WayOut::ExportTable,
    ),
    (b"PAR1", UserMessage::new("kind-parquet"), WayOut::Export),
    (b"ID;P", UserMessage::new("kind-sylk"), WayOut::SaveAs),
    (b"muhr-", UserMessage::new("kind-muhr"), WayOut::GiveTable),
    (
        b"\x89PNG",
        UserMessage::new("kind-picture"),
        WayOut::GiveTable,
    ),
    (
        b"\xff\xd8\xff",
        UserMessage::new("kind-picture"),
        WayOut::GiveTable,
    ),
    (
        b"\x00\x01\x00\x00Standard ",
        UserMessage::new("kind-access"),
        WayOut::ExportTable,
    ),
];
/// Words in the first bytes of files that are text, in small letters.
const WORDS: [(&str, UserMessage); 4] = [
    (
        "urn:schemas-microsoft-com:office:spreadsheet",
        UserMessage::new("kind-spreadsheet-2003"),
    ),
    ("<html", UserMessage::new("kind-web-page")),
    ("<!doctype html", UserMessage::new("kind-web-page")),
    ("<table", UserMessage::new("kind-web-page")),
];
/// Names in an archive that tell its kind: the end of a name, and the kind.
const PARTS: [(&str, UserMessage); 6] = [
    ("xl/workbook.bin", UserMessage::new("kind-xlsb")),
    ("Index/Document.iwa", UserMessage::new("kind-numbers")),
    ("Index.zip", UserMessage::new("kind-numbers")),
    ("word/document.xml", UserMessage::new("kind-docx")),
    ("ppt/presentation.xml", UserMessage::new("kind-pptx")),
    ("content.xml", UserMessage::new("kind-libreoffice")),
];
/// Names within an old office file: of its encrypted contents, and of an old workbook.
const STREAMS: [(&str, UserMessage, WayOut); 3] = [
    (
        "EncryptedPackage",
        UserMessage::new("kind-workbook-password"),
        WayOut::TakePasswordOff,
    ),
    ("Workbook", UserMessage::new("kind-xls"), WayOut::SaveAs),
    ("Book", UserMessage::new("kind-xls-1997"), WayOut::SaveAs),
];

/// Refuses what is plainly no text and no workbook, and what is no file: a table is read more than once, which
/// a pipe cannot be.
pub(super) fn refuse_others(path: &Path) -> Result<(), TableError> {
    let unreadable = |error| FileError::unreadable(path, error);
    let file = durable::open_regular(path)?;
    let mut start = Vec::new();
    let read = file.take(START_BYTES).read_to_end(&mut start);
    let _count = read.map_err(unreadable)?;
    if is_empty(&start) {
        return Err(TableTrouble::Empty.of(path));
    }
    if start.starts_with(COMPOUND) {
        let (what, help) = compound(path).map_err(unreadable)?;
        return Err(other(path, what, help));
    }
    let mut starts = STARTS.into_iter();
    if let Some((_, what, help)) = starts.find(|(bytes, ..)| start.starts_with(bytes)) {
        return Err(other(path, what, help));
    }
    if start.starts_with(b"PK\x03\x04") {
        return archive(path).map_or(Ok(()), |what| Err(other(path, what, WayOut::SaveAs)));
    }
    let text = String::from_utf8_lossy(&start).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_markup = text.starts_with('<');
    let found = WORDS
        .into_iter()
        .find(|(word, _)| is_markup && text.contains(word));
    found.map_or(Ok(()), |(_, what)| Err(other(path, what, WayOut::SaveAs)))
}

/// Nothing but blanks, of a file that is no longer than what is known of it.
fn is_empty(start: &[u8]) -> bool {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    (start.len() as u64) < START_BYTES && text.trim_ascii().is_empty()
}

fn other(path: &Path, kind: UserMessage, way_out: WayOut) -> TableError {
    TableTrouble::OtherKind { kind, way_out }.of(path)
}

/// Kind of an archive, if it is no workbook. One that cannot be read is for whoever reads workbooks to refuse.
fn archive(path: &Path) -> Option<UserMessage> {
    let file = File::open(path).ok()?;
    let mut archive = ZipArchive::new(BufReader::new(file)).ok()?;
    let names: Vec<String> = (0..archive.len())
        .filter_map(|at| Some(archive.by_index_raw(at).ok()?.name().ok()?.into_owned()))
        .collect();
    if names.iter().any(|name| name.ends_with("workbook.xml")) {
        return None;
    }
    if let Ok(kind) = archive.by_name("mimetype") {
        let mut text = String::new();
        let read = kind.take(256).read_to_string(&mut text);
        if read.is_ok() && text.starts_with("application/vnd.oasis.opendocument.spreadsheet") {
            return Some(UserMessage::new("kind-ods"));
        }
    }
    let of = |end: &str| names.iter().any(|name| name.ends_with(end));
    let found = PARTS.into_iter().find(|(end, _)| of(end));
    Some(found.map_or(UserMessage::new("kind-archive"), |(_, what)| what))
}

/// Kind of an old office file, by the names within it.
fn compound(path: &Path) -> std::io::Result<(UserMessage, WayOut)> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut kept = 0;
    let words = STREAMS
        .map(|(word, ..)| -> Vec<u8> { word.encode_utf16().flat_map(u16::to_le_bytes).collect() });
    let mut found = vec![false; STREAMS.len()];
    loop {
        let count = file.read(piece.get_mut(kept..).unwrap_or_default())?;
        let known = piece.get(..kept + count).unwrap_or_default();
        for (found, word) in found.iter_mut().zip(&words) {
            *found = *found || known.windows(word.len()).any(|seen| seen == word);
        }
        if count == 0 {
            break;
        }
        // A name may stand across two pieces.
        let end = known.len();
        kept = end.min(64);
        piece.copy_within(end - kept..end, 0);
    }
    let kinds = found.iter().zip(STREAMS);
    let kind = kinds
        .filter(|(found, _)| **found)
        .map(|(_, kind)| kind)
        .next();
    Ok(kind.map_or(
        (UserMessage::new("kind-old-office"), WayOut::SaveAs),
        |(_, what, help)| (what, help),
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;
    use crate::coded::Coded;

    fn refused(bytes: &[u8]) -> Option<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        match refuse_others(&path) {
            Ok(()) => None,
            Err(TableError::Unfit { trouble, .. }) => Some(trouble.code()),
            Err(error) => panic!("{error}"),
        }
    }

    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn old(stream: &str) -> Vec<u8> {
        let name = stream.encode_utf16().flat_map(u16::to_le_bytes);
        let mut bytes = COMPOUND.to_vec();
        bytes.resize(PIECE_BYTES - 5, 0);
        bytes.extend(name);
        bytes.resize(bytes.len() + 500, 0);
        bytes
    }

    #[test]
    fn what_is_no_table_is_named() {
        let ods = "application/vnd.oasis.opendocument.spreadsheet";
        for (bytes, code) in [
            (old("EncryptedPackage"), "kind-workbook-password"),
            (old("Workbook"), "kind-xls"),
            (old("Book"), "kind-xls-1997"),
            (old("WordDocument"), "kind-old-office"),
            (archive(&[("mimetype", ods), ("content.xml", "x")]), "kind-ods"),
            (archive(&[("xl/workbook.bin", "x")]), "kind-xlsb"),
            (archive(&[("word/document.xml", "x")]), "kind-docx"),
            (archive(&[("Index/Document.iwa", "x")]), "kind-numbers"),
            (archive(&[("a.txt", "x")]), "kind-archive"),
            (b"<html><table><tr>".to_vec(), "kind-web-page"),
            (b"\xef\xbb\xbf <!DOCTYPE HTML>".to_vec(), "kind-web-page"),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">".to_vec(),
                "kind-spreadsheet-2003",
            ),
            (b"%PDF-1.7".to_vec(), "kind-pdf"),
            (b"muhr-receipt/v1\n".to_vec(), "kind-muhr"),
            (b"\x1f\x8b\x08".to_vec(), "kind-gzip"),
            (Vec::new(), "table-empty"),
            (b"\xef\xbb\xbf \r\n".to_vec(), "table-empty"),
        ] {
            assert_eq!(refused(&bytes), Some(code));
        }
        let workbook = archive(&[("xl/workbook.xml", "x")]);
        for table in [
            &b"n,a\n1,<html>\n"[..],
            b"<b>,a\n",
            &workbook,
            b"PK\x03\x04 torn",
        ] {
            assert_eq!(refused(table), None);
        }
    }
}
