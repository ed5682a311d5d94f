//! Rows of a workbook (XLSX), each cell as the text that is meant, or the reason why it has none.
//!
//! Whoever made the file is not trusted: what it unpacks to is bounded before anything else reads it.
//! Not here: what a row means.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, Xlsx, open_workbook};
use zip::ZipArchive;

use super::source::{CELL_BYTES_MAX, Raw};
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
/// The fewest bytes that one string takes in the part of strings.
const STRING_BYTES_MIN: u64 = 5;
/// The most columns of a sheet.
const COLUMNS_MAX: u32 = 16_384;
/// Rows that wait for whoever reads them.
const AHEAD: usize = 256;
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
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    if bytes > FILE_BYTES_MAX {
        return Err(wrong(path, "a workbook of more than 256 MiB"));
    }
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| wrong(path, &format!("not a workbook: {error}")))?;
    let mut all = 0;
    for at in 0..archive.len() {
        let mut part = archive
            .by_index(at)
            .map_err(|error| wrong(path, &format!("not a workbook: {error}")))?;
        let is_sheet = part.name().is_ok_and(|name| name.contains("worksheets/"));
        let most = if is_sheet {
            PARTS_BYTES_MAX
        } else {
            KEPT_BYTES_MAX
        }
        .min(PARTS_BYTES_MAX - all);
        let mut measure = Measure::default();
        let read = std::io::copy(&mut (&mut part).take(most + 1), &mut measure);
        all += read.map_err(|error| wrong(path, &format!("it cannot be unpacked: {error}")))?;
        if measure.bytes > most {
            return Err(wrong(path, "it unpacks to more than a table can be"));
        }
        if measure.longest > CELL_BYTES_MAX as u64 {
            let what = format!("a cell is longer than {CELL_BYTES_MAX} bytes");
            return Err(wrong(path, &what));
        }
        // Room for so many strings is made before the first is read.
        if measure
            .promised()
            .is_some_and(|count| count > measure.bytes / STRING_BYTES_MIN)
        {
            return Err(wrong(path, "it promises more strings than it holds"));
        }
    }
    Ok(())
}

/// What is looked for in the bytes of a part while it is unpacked.
#[derive(Default)]
struct Measure {
    bytes: u64,
    /// The most bytes between two marks of the markup: no text or attribute is longer.
    longest: u64,
    since: u64,
    head: Vec<u8>,
}

impl std::io::Write for Measure {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        const HEAD_BYTES: usize = 1 << 16;
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..room]);
        for byte in piece {
            self.since = if *byte == b'<' { 0 } else { self.since + 1 };
            self.longest = self.longest.max(self.since);
        }
        self.bytes += piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Measure {
    /// How many strings the part of strings says it has.
    fn promised(&self) -> Option<u64> {
        let text = String::from_utf8_lossy(&self.head);
        let (_, after) = text.split_once("uniqueCount")?;
        let digits = after.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let end = digits.find(|letter: char| !letter.is_ascii_digit());
        // What is no number is not believed by the reader either; what is too long for one is too many.
        Some(
            digits[..end.unwrap_or(digits.len())]
                .parse()
                .unwrap_or(u64::MAX),
        )
    }
}

/// Rows, read by a thread of their own: the reader's cells borrow from the workbook.
pub(super) struct Rows(Receiver<Result<Raw, String>>);

impl Rows {
    pub(super) fn open(path: &Path, sheet: &str) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        let (path, sheet) = (path.to_owned(), sheet.to_owned());
        // It ends with the sheet, or when nobody receives any more.
        let _reader = thread::spawn(move || {
            if let Err(error) = send_rows(&path, &sheet, &sender) {
                let _gone = sender.send(Err(error));
            }
        });
        Self(receiver)
    }

    pub(super) fn next(&mut self) -> Result<Option<Raw>, String> {
        match self.0.recv() {
            // A row without cells is the last: a thread that broke sends none.
            Ok(Ok(raw)) if raw.cells.is_empty() => Ok(None),
            Ok(row) => row.map(Some),
            Err(_) => Err("the workbook cannot be read to its end".to_owned()),
        }
    }
}

fn send_rows(path: &Path, sheet: &str, to: &SyncSender<Result<Raw, String>>) -> Result<(), String> {
    let broken = |error: calamine::XlsxError| format!("not a workbook: {error}");
    let mut workbook: Xlsx<BufReader<File>> = open_workbook(path).map_err(broken)?;
    let mut merged = workbook.merge_cells_by_sheet_name(sheet).map_err(broken)?;
    merged.sort_by_key(|area| area.start);
    let mut sweep = Sweep {
        merged: merged.into_iter().peekable(),
        here: Vec::new(),
        width: None,
    };
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(broken)?;
    let mut row: Option<(u32, Vec<Cell>)> = None;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(broken)? {
        let (at, column) = cell.pos;
        if column >= COLUMNS_MAX {
            return Err(format!("a row has more than {COLUMNS_MAX} columns"));
        }
        let is_next = row.as_ref().is_none_or(|(before, _)| *before != at);
        if is_next && row.as_ref().is_some_and(|(before, _)| *before > at) {
            return Err("its rows are out of order".to_owned());
        }
        if is_next
            && let Some((number, cells)) = row.replace((at, Vec::new()))
            && let Some(raw) = sweep.row(number, cells)
            && to.send(Ok(raw)).is_err()
        {
            return Ok(());
        }
        let value = if cell.formula.is_some() {
            Err("a formula, not its value; save the values and run again")
        } else {
            text(&cell.value)
        };
        if let Some((_, cells)) = &mut row
            && value.as_ref().is_ok_and(|text| !text.is_empty()) | value.is_err()
        {
            cells.push((column, value));
        }
    }
    if let Some((number, cells)) = row
        && let Some(raw) = sweep.row(number, cells)
        && to.send(Ok(raw)).is_err()
    {
        return Ok(());
    }
    let _gone = to.send(Ok(Raw::default()));
    Ok(())
}

/// Column from 0, and the text of the cell or what is wrong with it.
type Cell = (u32, Result<String, &'static str>);

/// What is known while rows go by.
struct Sweep<I: Iterator<Item = Dimensions>> {
    merged: std::iter::Peekable<I>,
    /// Merged areas that reach this row.
    here: Vec<Dimensions>,
    /// Columns of the first row.
    width: Option<usize>,
}

impl<I: Iterator<Item = Dimensions>> Sweep<I> {
    /// A row of as many cells as the first has, or more if it holds more; none if it is blank.
    fn row(&mut self, number: u32, cells: Vec<Cell>) -> Option<Raw> {
        while let Some(area) = self.merged.next_if(|area| area.start.0 <= number) {
            self.here.push(area);
        }
        self.here.retain(|area| area.end.0 >= number);
        let last = cells.last()?.0;
        let width = *self.width.get_or_insert(last as usize + 1);
        let mut texts = vec![String::new(); width.max(last as usize + 1)];
        let mut wrong = None;
        for (column, value) in cells {
            match value {
                Ok(text) => texts[column as usize] = text,
                Err(what) => wrong = wrong.or(Some((column as usize, what))),
            }
        }
        let merged = self
            .here
            .iter()
            .find(|area| (area.start.1 as usize) < width);
        let merged = merged.map(|area| {
            let what = "merged with other cells; split them and give each its own value";
            (area.start.1 as usize, what)
        });
        Some(Raw {
            number: u64::from(number) + 1,
            cells: texts.into(),
            wrong: wrong.or(merged),
        })
    }
}

/// The text that is meant by a cell.
fn text(value: &DataRef<'_>) -> Result<String, &'static str> {
    match value {
        DataRef::Empty => Ok(String::new()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Ok(text.clone())
        }
        DataRef::SharedString(text) => Ok((*text).to_owned()),
        DataRef::Int(number) => Ok(number.to_string()),
        DataRef::Float(number) => decimal(*number),
        DataRef::Bool(truth) => Ok(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(moment) => date(moment),
        DataRef::Error(_) => Err("a spreadsheet's error in place of a value"),
    }
}

fn decimal(number: f64) -> Result<String, &'static str> {
    if number.abs() < WHOLE_MAX {
        // Negative nought is nought.
        Ok((number + 0.0).to_string())
    } else {
        Err(
            "a number of which a spreadsheet keeps only 15 digits; format the column as text and enter it again",
        )
    }
}

/// Days since the end of 1899 as a date, with a time of day if there is one.
fn date(moment: &ExcelDateTime) -> Result<String, &'static str> {
    let days = moment.as_f64();
    if moment.is_duration() || !(1.0..DAYS_END).contains(&days) {
        return Err("a time without a day; write it as text");
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if (year, month, day) == (1900, 2, 29) {
        return Err("29 February 1900, a day that there was only in spreadsheets");
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
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn dates_are_written_as_the_calendar_has_them() {
        let read = |days, is_1904| {
            let kind = ExcelDateTimeType::DateTime;
            date(&ExcelDateTime::new(days, kind, is_1904))
        };
        assert_eq!(read(46_349.0, false).unwrap(), "2026-11-23");
        assert_eq!(read(44_887.0, true).unwrap(), "2026-11-23");
        assert_eq!(read(45_943.5, false).unwrap(), "2025-10-13T12:00:00");
        assert_eq!(read(59.0, false).unwrap(), "1900-02-28");
        assert_eq!(read(61.0, false).unwrap(), "1900-03-01");
        for days in [60.0, 0.5, -1.0, f64::NAN, 3e6] {
            assert!(read(days, false).is_err(), "{days}");
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
            assert_eq!(decimal(number).unwrap(), text);
        }
        for number in [1e15, -1e15, f64::INFINITY, f64::NAN] {
            assert!(decimal(number).is_err());
        }
    }
}
