//! Rows of a workbook (XLSX), each cell as the text that is meant, or the reason why it has none.
//!
//! The maker of the file is not trusted: what it unpacks to is bounded before anything else reads it.
//! Not here: what a row means.

mod bounded;
mod cells;
mod facts;
mod stream;
mod sweep;
mod tags;
mod xlsx_limits;

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use calamine::{Reader, SheetType, SheetVisible, Xlsx, XlsxError, open_workbook};
use messages::UserMessage;
use zip::{ZipArchive, result::ZipError};

pub(super) use self::{cells::day, stream::WorkbookRows};
use self::{
    facts::{SheetFacts, WorkbookFacts},
    xlsx_limits::measure,
};
use super::{TableError, TableTrouble};
use crate::durable::FileError;

/// The most bytes of a workbook's file.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The most bytes that all parts of a workbook unpack to: a million rows of ten columns are half of it.
const PARTS_BYTES_MAX: u64 = 1 << 30;
/// The most bytes of a part that is kept in memory, which all but the sheets are.
const KEPT_BYTES_MAX: u64 = 128 << 20;
/// How much is unpacked at once, and how much is handed over at once if it is not one long row.
const PIECE_BYTES: usize = 1 << 17;
/// The text of all rows may be so many times what the workbook unpacks to, or so many bytes: rows may share
/// strings, but nobody makes a table of a gigabyte out of one.
const TEXT_MAX: u64 = 16;
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Returns whether a file begins like a workbook.
pub(super) fn is_one(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"PK\x03\x04"
}

fn wrong(path: &Path, what: UserMessage) -> TableError {
    TableTrouble::Workbook(what).of(path)
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> TableError {
    wrong(
        path,
        UserMessage::new("workbook-unreadable").text("reason", error),
    )
}

/// A sheet that is read, and what its workbook says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The name.
    pub name: String,
    /// Days are counted from 1904.
    pub(super) is_1904: bool,
    facts: SheetFacts,
    /// The most bytes of all its rows.
    text_bytes_max: u64,
}

impl Sheet {
    /// Returns whether a column, from 0, is not shown.
    pub(super) fn hides_column(&self, column: usize) -> bool {
        u32::try_from(column).is_ok_and(|column| self.facts.hides_column(column))
    }
}

/// Checks what a workbook unpacks to, and finds the sheet, and how many there are. One that is hidden is read
/// only where that is said.
pub(super) fn find(
    path: &Path,
    sheet: Option<&str>,
    hidden: bool,
) -> Result<(Sheet, usize), TableError> {
    let (facts, bytes) = check(path)?;
    let workbook: Xlsx<BufReader<File>> =
        open_workbook(path).map_err(|error: XlsxError| unreadable(path, error))?;
    let sheets = workbook.sheets_metadata();
    let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    let at = match sheet {
        Some(name) => names.iter().position(|sheet| *sheet == name),
        None => (!names.is_empty()).then_some(0),
    };
    let refused = |what: UserMessage| {
        let sheets = names.iter().map(|name| (*name).to_owned()).collect();
        TableTrouble::Sheet { what, sheets }.of(path)
    };
    let missing = || {
        refused(sheet.map_or(UserMessage::new("sheet-missing"), |name| {
            UserMessage::new("sheet-unknown").text("sheet", name)
        }))
    };
    let at = at.ok_or_else(missing)?;
    let found = sheets.get(at).ok_or_else(missing)?;
    let name = &found.name;
    if !matches!(found.typ, SheetType::WorkSheet) {
        return Err(refused(
            UserMessage::new("sheet-no-table").text("sheet", name),
        ));
    }
    if !matches!(found.visible, SheetVisible::Visible) && !hidden {
        return Err(refused(
            UserMessage::new("sheet-hidden").text("sheet", name),
        ));
    }
    let sheet = Sheet {
        name: name.clone(),
        is_1904: workbook.has_1904_epoch(),
        facts: facts.sheet(at),
        text_bytes_max: (bytes * TEXT_MAX).max(TEXT_BYTES_MAX),
    };
    Ok((sheet, names.len()))
}

/// Unpacks every part once, keeps nothing of it but what the markup says beside the cells, and stops at the first
/// bound that is passed. How many bytes it unpacks to.
fn check(path: &Path) -> Result<(WorkbookFacts, u64), TableError> {
    let not_read = |error| FileError::unreadable(path, error);
    let broken = |error: ZipError| unreadable(path, error);
    let mut file = File::open(path).map_err(not_read)?;
    let bytes = file.seek(SeekFrom::End(0)).map_err(not_read)?;
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(path, UserMessage::new("workbook-file-too-long")));
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut all = 0;
    let mut facts = WorkbookFacts::default();
    // Cells name shared strings by their places, so that these go first.
    let is_strings = |name: &str| name.to_lowercase().contains("sharedstrings");
    let mut order: Vec<(bool, usize)> = Vec::with_capacity(archive.len());
    for at in 0..archive.len() {
        let part = archive.by_index_raw(at).map_err(broken)?;
        let name = part.name().unwrap_or_default();
        order.push((!is_strings(&name), at));
    }
    order.sort_unstable();
    for (_, at) in order {
        let part = archive.by_index(at).map_err(broken)?;
        let name = part.name().unwrap_or_default().into_owned();
        let most = if name.contains("worksheets/") {
            PARTS_BYTES_MAX
        } else {
            KEPT_BYTES_MAX
        }
        .min(PARTS_BYTES_MAX - all);
        let measured = measure(part, &name, most, &facts);
        let (part, bytes) = measured.map_err(|what| wrong(path, what))?;
        all += bytes;
        part.finish(&mut facts);
    }
    Ok((facts, all))
}
