//! Rows of a workbook (XLSX), each cell as the text that is meant, or the reason why it has none.
//!
//! Whoever made the file is not trusted: what it unpacks to is bounded before anything else reads it.
//! Not here: what a row means.

mod cells;
mod facts;
mod xlsx_limits;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use crate::durable::FileError;
use calamine::{Dimensions, Reader, SheetType, SheetVisible, Xlsx, open_workbook};
use protocol::commitment::FIELD_BYTES_MAX;
use zip::ZipArchive;

pub(super) use self::cells::day;
use self::{
    cells::{Cell, escaped, of_formula, text},
    facts::{SheetFacts, WorkbookFacts},
    xlsx_limits::Measure,
};

use super::{
    TableError, TableTrouble,
    cell_errors::marked,
    rows::KEPT_BYTES,
    source::{CELL_BYTES_MAX, ROW_BYTES_MAX, Raw, Wrong},
};

/// The most bytes of a workbook's file.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The most bytes that all parts of a workbook unpack to: a million rows of ten columns are half of it.
const PARTS_BYTES_MAX: u64 = 1 << 30;
/// The most bytes of a part that is kept in memory, which all but the sheets are.
const KEPT_BYTES_MAX: u64 = 128 << 20;
/// The most rows and columns of a sheet.
const ROWS_MAX: u32 = 1_048_576;
const COLUMNS_MAX: u32 = 16_384;
/// How much is unpacked at once, and how much is handed over at once if it is not one long row.
const PIECE_BYTES: usize = 1 << 17;
/// What a row and a cell take in memory beside their text.
const ROW_BYTES: usize = 128;
const CELL_BYTES: usize = 8;
/// Pieces that wait for whoever reads them.
const AHEAD: usize = 2;
/// The text of all rows may be so many times what the workbook unpacks to, or so many bytes: rows may share
/// strings, but nobody makes a table of a gigabyte out of one.
const TEXT_MAX: u64 = 16;
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Whether a file begins like a workbook.
pub(super) fn is_one(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"PK\x03\x04"
}

fn wrong(path: &Path, what: impl Into<String>) -> TableError {
    TableTrouble::Workbook(what.into()).of(path)
}

/// A sheet that is read, and what its workbook says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Days are counted from 1904.
    pub(super) is_1904: bool,
    facts: SheetFacts,
    /// The most bytes of all its rows.
    text_bytes_max: u64,
}

impl Sheet {
    /// Whether a column, from 0, is not shown.
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
        open_workbook(path).map_err(|error| wrong(path, format!("not a workbook: {error}")))?;
    let sheets = workbook.sheets_metadata();
    let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    let at = match sheet {
        Some(name) => names.iter().position(|sheet| *sheet == name),
        None => (!names.is_empty()).then_some(0),
    };
    let refused = |what: String| {
        let sheets = names.iter().map(|name| (*name).to_owned()).collect();
        TableTrouble::Sheet { what, sheets }.of(path)
    };
    let missing = || {
        let named = sheet.map_or(String::new(), |name| format!(" \"{name}\""));
        refused(format!("there is no sheet{named}"))
    };
    let at = at.ok_or_else(missing)?;
    let found = sheets.get(at).ok_or_else(missing)?;
    let name = &found.name;
    if !matches!(found.typ, SheetType::WorkSheet) {
        let what = format!(
            "sheet \"{name}\" is a chart or macro, and no table; name another with --sheet"
        );
        return Err(refused(what));
    }
    if !matches!(found.visible, SheetVisible::Visible) && !hidden {
        let what = format!(
            "sheet \"{name}\" is hidden; name another with --sheet, or read it with --hidden"
        );
        return Err(refused(what));
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
    let unreadable = |error| FileError::unreadable(path, error);
    let broken = |error| wrong(path, format!("not a workbook: {error}"));
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(path, "a workbook of more than 256 MiB"));
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut all = 0;
    let mut piece = vec![0; PIECE_BYTES];
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
        let mut part = archive.by_index(at).map_err(broken)?;
        let name = part.name().unwrap_or_default().into_owned();
        let most = if name.contains("worksheets/") {
            PARTS_BYTES_MAX
        } else {
            KEPT_BYTES_MAX
        }
        .min(PARTS_BYTES_MAX - all);
        let mut measure = Measure::of(&name, &facts);
        loop {
            let count = part
                .read(&mut piece)
                .map_err(|error| wrong(path, format!("it cannot be unpacked: {error}")))?;
            let taken = measure.take(&piece[..count]);
            taken.map_err(|what| wrong(path, what))?;
            if measure.bytes > most {
                return Err(wrong(path, "it unpacks to more than a table can be"));
            }
            if count == 0 {
                break;
            }
        }
        measure.finish().map_err(|what| wrong(path, what))?;
        all += measure.bytes;
        let part = measure.facts;
        part.finish(&mut facts);
    }
    Ok((facts, all))
}

/// Rows, read by a thread of their own: the reader's cells borrow from the workbook.
pub(super) struct WorkbookRows {
    /// Pieces of rows; none once nobody reads any more.
    pieces: Option<Receiver<Result<Vec<Raw>, String>>>,
    here: std::vec::IntoIter<Raw>,
    reader: Option<JoinHandle<()>>,
    /// Ended as it should.
    ended: bool,
}

impl WorkbookRows {
    pub(super) fn open(path: &Path, sheet: &Arc<Sheet>) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        let (path, sheet) = (path.to_owned(), Arc::clone(sheet));
        // It ends with the sheet, or when nobody receives any more.
        let reader = thread::spawn(move || {
            let mut to = Pieces {
                sender,
                rows: Vec::new(),
                bytes: 0,
                all: 0,
            };
            // The last piece is empty: a reader that broke off sends none.
            let done = send_rows(&path, &sheet, &mut to)
                .map(|goes_on| goes_on && to.flush() && to.flush());
            if let Err(error) = done {
                let _gone = to.sender.send(Err(error));
            }
        });
        Self {
            pieces: Some(receiver),
            here: Vec::new().into_iter(),
            reader: Some(reader),
            ended: false,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Raw>, String> {
        while !self.ended {
            if let Some(raw) = self.here.next() {
                return Ok(Some(raw));
            }
            let piece = self.pieces.as_ref().map(Receiver::recv);
            let Some(Ok(piece)) = piece else {
                return Err("the workbook cannot be read to its end".to_owned());
            };
            let piece = piece?;
            self.ended = piece.is_empty();
            self.here = piece.into_iter();
        }
        Ok(None)
    }
}

impl Drop for WorkbookRows {
    /// Whoever opens the workbook next finds the memory free that this one took.
    fn drop(&mut self) {
        drop(self.pieces.take());
        let _ended = self.reader.take().map(JoinHandle::join);
    }
}

/// Rows on their way, in pieces of so many bytes.
struct Pieces {
    sender: SyncSender<Result<Vec<Raw>, String>>,
    rows: Vec<Raw>,
    bytes: usize,
    /// Bytes of the cells of all rows so far.
    all: u64,
}

impl Pieces {
    /// False once nobody receives any more.
    fn push(&mut self, raw: Raw) -> bool {
        // Of a row that is too long to be a record no more is kept than this.
        let bytes = raw.cells.as_slice().len();
        let kept = match bytes > FIELD_BYTES_MAX {
            true => raw
                .cells
                .iter()
                .map(|cell| cell.len().min(KEPT_BYTES))
                .sum(),
            false => bytes,
        };
        self.all += (kept + raw.cells.len()) as u64;
        self.bytes += raw.cells.as_slice().len() + raw.cells.len() * CELL_BYTES + ROW_BYTES;
        self.rows.push(raw);
        self.bytes < PIECE_BYTES || self.flush()
    }

    fn flush(&mut self) -> bool {
        self.bytes = 0;
        self.sender.send(Ok(std::mem::take(&mut self.rows))).is_ok()
    }
}

/// False if nobody receives any more.
fn send_rows(path: &Path, sheet: &Sheet, to: &mut Pieces) -> Result<bool, String> {
    let broken = |error: calamine::XlsxError| format!("not a workbook: {error}");
    let mut workbook: Xlsx<BufReader<File>> = open_workbook(path).map_err(broken)?;
    let name = sheet.name.as_str();
    let merged = workbook.merge_cells_by_sheet_name(name).map_err(broken)?;
    let mut sweep = Sweep::over(merged);
    let mut cells = workbook.worksheet_cells_reader(name).map_err(broken)?;
    let mut row = OneRow::default();
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(broken)? {
        let (at, column) = cell.pos;
        if column >= COLUMNS_MAX || at >= ROWS_MAX {
            let what = format!("{ROWS_MAX} rows or {COLUMNS_MAX} columns");
            return Err(format!("it has more than {what}"));
        }
        if row.at != Some(at) {
            if row.at.is_some_and(|before| before > at) {
                return Err("its rows are out of order".to_owned());
            }
            let before = std::mem::replace(&mut row, OneRow::at(at));
            if let Some(raw) = before.finish(&mut sweep, sheet)
                && !to.push(raw)
            {
                return Ok(false);
            }
            if to.all > sheet.text_bytes_max {
                return Err("its rows hold far more text than the workbook does".to_owned());
            }
        }
        let value = match cell.formula {
            Some(formula) => Err(of_formula(&formula)),
            None => text(&cell.value, sheet.is_1904),
        };
        let value = match value {
            Ok(text) if sheet.facts.escapes(at, column) && !text.is_empty() => Err(escaped(&text)),
            value => value,
        };
        row.push(column, value)?;
    }
    let last = row.finish(&mut sweep, sheet);
    Ok(last.is_none_or(|raw| to.push(raw)))
}

/// A row while its cells go by, within its bounds.
#[derive(Default)]
struct OneRow {
    at: Option<u32>,
    cells: Vec<(u32, Cell)>,
    bytes: usize,
    /// The first column that may come now.
    next: u32,
}

impl OneRow {
    fn at(at: u32) -> Self {
        Self {
            at: Some(at),
            ..Self::default()
        }
    }

    fn push(&mut self, column: u32, cell: Cell) -> Result<(), String> {
        let row = self.at.map_or(0, |at| u64::from(at) + 1);
        if column < self.next {
            return Err(format!("row {row}: its cells are out of order"));
        }
        self.next = column + 1;
        let bytes = match &cell {
            Ok(text) if text.is_empty() => return Ok(()),
            Ok(text) => text.len(),
            Err(spoilt) => spoilt.mark.len(),
        };
        if bytes > CELL_BYTES_MAX {
            let what = format!("row {row}: a cell is longer than {CELL_BYTES_MAX} bytes");
            return Err(what);
        }
        self.bytes += bytes;
        if self.bytes > ROW_BYTES_MAX {
            return Err(format!("row {row} is longer than {ROW_BYTES_MAX} bytes"));
        }
        self.cells.push((column, cell));
        Ok(())
    }

    fn finish(self, sweep: &mut Sweep, sheet: &Sheet) -> Option<Raw> {
        let at = self.at?;
        let raw = sweep.row(at, self.cells)?;
        Some(Raw {
            is_hidden: sheet.facts.hides_row(at),
            ..raw
        })
    }
}

/// What is known while rows go by.
struct Sweep {
    /// Merged areas that begin in rows to come, by their first rows.
    merged: std::iter::Peekable<std::vec::IntoIter<Dimensions>>,
    /// Of those that reach this row: their last columns and last rows, by their first columns.
    here: BTreeMap<u32, (u32, u32)>,
    /// Columns of the first row.
    width: Option<usize>,
}

impl Sweep {
    fn over(mut merged: Vec<Dimensions>) -> Self {
        merged.sort_by_key(|area| area.start);
        Self {
            merged: merged.into_iter().peekable(),
            here: BTreeMap::new(),
            width: None,
        }
    }

    /// A row of as many cells as the first has, or more if it holds more; none if it is blank.
    fn row(&mut self, number: u32, cells: Vec<(u32, Cell)>) -> Option<Raw> {
        while let Some(area) = self.merged.next_if(|area| area.start.0 <= number) {
            let (column, last) = self.here.entry(area.start.1).or_default();
            (*column, *last) = (area.end.1.max(*column), area.end.0.max(*last));
        }
        self.here.retain(|_, (_, last)| *last >= number);
        let last = cells.last()?.0;
        let width = *self.width.get_or_insert(last as usize + 1);
        let mut texts = vec![String::new(); width.max(last as usize + 1)];
        let mut wrong = None;
        for (column, value) in cells {
            let column = column as usize;
            texts[column] = value.unwrap_or_else(|spoilt| {
                wrong.get_or_insert(Wrong {
                    column,
                    code: spoilt.code,
                    what: spoilt.what,
                });
                spoilt.mark
            });
        }
        // Each area is marked where it begins: its other cells have no values.
        for column in self.here.keys().map(|first| *first as usize) {
            if column < width {
                wrong.get_or_insert(Wrong {
                    column,
                    code: "merged",
                    what: "merged with other cells; split them and give each its own value",
                });
                texts[column] = marked("MERGED", &texts[column]);
            }
        }
        Some(Raw {
            number: u64::from(number) + 1,
            cells: texts.into(),
            wrong,
            is_hidden: false,
        })
    }
}
