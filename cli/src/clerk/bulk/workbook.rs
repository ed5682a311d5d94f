//! Rows of a workbook (XLSX), each cell as the text that is meant, or the reason why it has none.
//!
//! Whoever made the file is not trusted: what it unpacks to is bounded before anything else reads it.
//! Not here: what a row means.

mod measure;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use calamine::{
    DataRef, Dimensions, ExcelDateTime, ExcelDateTimeType, Reader, Xlsx, XlsxFormulaMetadata,
    open_workbook,
};
use zip::ZipArchive;

use self::measure::Measure;
use super::{
    source::{CELL_BYTES_MAX, ROW_BYTES_MAX, Raw, Wrong},
    spoilt::{FORMULA, SPREADSHEET_ERROR, marked},
};
use crate::{
    exit::{Failure, USAGE},
    files,
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
/// A spreadsheet keeps so many digits of a number.
const WHOLE_MAX: f64 = 1e15;
/// The day after the last that a spreadsheet knows, 9999-12-31.
const DAYS_END: f64 = 2_958_466.0;

/// Whether a file begins like a workbook.
pub(super) fn is_one(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"PK\x03\x04"
}

fn wrong(path: &Path, what: &str) -> Failure {
    Failure::new(USAGE, format!("{}: {what}", path.display()))
        .help("save the table as \"CSV UTF-8\" and run the same command again; nothing was sent")
}

/// Checks what a workbook unpacks to, and finds the sheet: its name, and how many there are.
pub(super) fn find(path: &Path, sheet: Option<&str>) -> Result<(String, usize), Failure> {
    check(path)?;
    let workbook: Xlsx<BufReader<File>> =
        open_workbook(path).map_err(|error| wrong(path, &format!("not a workbook: {error}")))?;
    let sheets = workbook.sheet_names();
    let found = match sheet {
        Some(name) => sheets.iter().find(|sheet| *sheet == name),
        None => sheets.first(),
    };
    let missing = || {
        let named = sheet.map_or(String::new(), |name| format!(" \"{name}\""));
        Failure::new(
            USAGE,
            format!("{}: there is no sheet{named}", path.display()),
        )
        .help(format!("the sheets are: {}", sheets.join(", ")))
    };
    Ok((found.ok_or_else(missing)?.clone(), sheets.len()))
}

/// Unpacks every part once, keeps nothing, and stops at the first bound that is passed.
fn check(path: &Path) -> Result<(), Failure> {
    let unreadable = |error| files::unreadable(path, &error);
    let broken = |error| wrong(path, &format!("not a workbook: {error}"));
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(path, "a workbook of more than 256 MiB"));
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut all = 0;
    let mut piece = vec![0; PIECE_BYTES];
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(broken)?;
        let name = part.name().unwrap_or_default().into_owned();
        let most = if name.contains("worksheets/") {
            PARTS_BYTES_MAX
        } else {
            KEPT_BYTES_MAX
        }
        .min(PARTS_BYTES_MAX - all);
        let mut measure = Measure::of(&name);
        loop {
            let count = part
                .read(&mut piece)
                .map_err(|error| wrong(path, &format!("it cannot be unpacked: {error}")))?;
            let taken = measure.take(&piece[..count]);
            taken.map_err(|what| wrong(path, &what))?;
            if measure.bytes > most {
                return Err(wrong(path, "it unpacks to more than a table can be"));
            }
            if count == 0 {
                break;
            }
        }
        measure.finish().map_err(|what| wrong(path, &what))?;
        all += measure.bytes;
    }
    Ok(())
}

/// Rows, read by a thread of their own: the reader's cells borrow from the workbook.
pub(super) struct Rows {
    /// Pieces of rows; none once nobody reads any more.
    pieces: Option<Receiver<Result<Vec<Raw>, String>>>,
    here: std::vec::IntoIter<Raw>,
    reader: Option<JoinHandle<()>>,
    /// Ended as it should.
    ended: bool,
}

impl Rows {
    pub(super) fn open(path: &Path, sheet: &str) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        let (path, sheet) = (path.to_owned(), sheet.to_owned());
        // It ends with the sheet, or when nobody receives any more.
        let reader = thread::spawn(move || {
            let mut to = Pieces {
                sender,
                rows: Vec::new(),
                bytes: 0,
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

impl Drop for Rows {
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
}

impl Pieces {
    /// False once nobody receives any more.
    fn push(&mut self, raw: Raw) -> bool {
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
fn send_rows(path: &Path, sheet: &str, to: &mut Pieces) -> Result<bool, String> {
    let broken = |error: calamine::XlsxError| format!("not a workbook: {error}");
    let mut workbook: Xlsx<BufReader<File>> = open_workbook(path).map_err(broken)?;
    let merged = workbook.merge_cells_by_sheet_name(sheet).map_err(broken)?;
    let mut sweep = Sweep::over(merged);
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(broken)?;
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
            if let Some(raw) = before.finish(&mut sweep)
                && !to.push(raw)
            {
                return Ok(false);
            }
        }
        let value = match cell.formula {
            Some(formula) => Err(of_formula(&formula)),
            None => text(&cell.value),
        };
        row.push(column, value)?;
    }
    Ok(row.finish(&mut sweep).is_none_or(|raw| to.push(raw)))
}

/// The text of a cell, or what is wrong with it.
type Cell = Result<String, Spoilt>;

/// Why a cell has no text, and what stands for it in the rows to mend: fed back as it is, it is refused again.
struct Spoilt {
    code: &'static str,
    what: &'static str,
    mark: String,
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

    fn finish(self, sweep: &mut Sweep) -> Option<Raw> {
        sweep.row(self.at?, self.cells)
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
        for (first, (last, _)) in &self.here {
            let columns = (*first as usize)..(*last as usize + 1).min(width);
            for column in columns.filter(|_| (*first as usize) < width) {
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
        })
    }
}

/// A formula as people write it, where the file has it at this cell.
fn of_formula(formula: &XlsxFormulaMetadata) -> Spoilt {
    let written = match formula {
        XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => {
            formula.as_str()
        }
        _ => "",
    };
    Spoilt {
        code: FORMULA.0,
        what: FORMULA.1,
        mark: match written {
            "" => marked("FORMULA", ""),
            written => format!("={written}"),
        },
    }
}

/// The text that is meant by a cell.
fn text(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Ok(String::new()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Ok(text.clone())
        }
        // Many cells may share one string that is far too long: it is not copied for each.
        DataRef::SharedString(text) if text.len() > CELL_BYTES_MAX => Err(Spoilt {
            code: "too-long",
            what: "longer than a cell can be",
            mark: marked("LONG", ""),
        }),
        DataRef::SharedString(text) => Ok((*text).to_owned()),
        DataRef::Int(number) => Ok(number.to_string()),
        DataRef::Float(number) => decimal(*number),
        DataRef::Bool(truth) => Ok(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(moment) => date(moment),
        DataRef::Error(error) => Err(Spoilt {
            code: SPREADSHEET_ERROR.0,
            what: SPREADSHEET_ERROR.1,
            mark: error.to_string(),
        }),
    }
}

fn decimal(number: f64) -> Cell {
    if number.abs() < WHOLE_MAX {
        // Negative nought is nought.
        return Ok((number + 0.0).to_string());
    }
    Err(Spoilt {
        code: "digits-lost",
        what: "a number of which a spreadsheet keeps only 15 digits; format the column as text and enter it again",
        mark: marked("DIGITS", &number.to_string()),
    })
}

/// The day of a number that stands where dates do.
pub(super) fn day(days: f64) -> Option<String> {
    date(&ExcelDateTime::new(
        days,
        ExcelDateTimeType::DateTime,
        false,
    ))
    .ok()
}

/// Days since the end of 1899 as a date, with a time of day if there is one.
fn date(moment: &ExcelDateTime) -> Cell {
    let days = moment.as_f64();
    let no_day = |what| Spoilt {
        code: "no-day",
        what,
        mark: marked("DAY", &days.to_string()),
    };
    if moment.is_duration() || !(1.0..DAYS_END).contains(&days) {
        return Err(no_day("a time without a day; write it as text"));
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if (year, month, day) == (1900, 2, 29) {
        return Err(no_day(
            "29 February 1900, a day that there was only in spreadsheets",
        ));
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    Ok(if days.fract() == 0.0 {
        date
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_calendar_has_them() {
        let read = |days, is_1904| {
            let kind = ExcelDateTimeType::DateTime;
            date(&ExcelDateTime::new(days, kind, is_1904)).ok()
        };
        assert_eq!(read(46_349.0, false).unwrap(), "2026-11-23");
        assert_eq!(read(44_887.0, true).unwrap(), "2026-11-23");
        assert_eq!(read(45_943.5, false).unwrap(), "2025-10-13T12:00:00");
        assert_eq!(read(59.0, false).unwrap(), "1900-02-28");
        assert_eq!(read(61.0, false).unwrap(), "1900-03-01");
        for days in [60.0, 0.5, -1.0, f64::NAN, 3e6] {
            assert!(read(days, false).is_none(), "{days}");
        }
    }

    #[test]
    fn numbers_are_written_with_all_their_digits_or_not_at_all() {
        for (number, text) in [
            (7.0, "7"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (123_456_789_012.0, "123456789012"),
            (1e-7, "0.0000001"),
        ] {
            assert_eq!(decimal(number).ok().unwrap(), text);
        }
        for number in [1e15, -1e15, f64::INFINITY, f64::NAN] {
            assert!(decimal(number).is_err());
        }
    }
}
