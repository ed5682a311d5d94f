//! Rows of a sheet on their way from the library's reader, by a thread of their own and in pieces of bounded size.

use std::{
    fs::File,
    io::BufReader,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use calamine::{Xlsx, open_workbook};
use messages::UserMessage;
use protocol::commitment::FIELD_BYTES_MAX;

use super::{
    super::{rows::KEPT_BYTES, source::Raw},
    PIECE_BYTES, Sheet,
    cells::{escaped, of_formula, text},
    sweep::{OneRow, Sweep},
};

/// The most rows and columns of a sheet.
const ROWS_MAX: u32 = 1_048_576;
const COLUMNS_MAX: u32 = 16_384;
/// Bytes that a row and a cell take in memory beside their text.
const ROW_BYTES: usize = 128;
const CELL_BYTES: usize = 8;
/// Pieces that wait for whoever reads them.
const AHEAD: usize = 2;

/// Rows, read by a thread of their own: the reader's cells borrow from the workbook.
pub(in crate::table) struct WorkbookRows {
    /// Pieces of rows; none once nobody reads any more.
    pieces: Option<Receiver<Result<Vec<Raw>, UserMessage>>>,
    here: std::vec::IntoIter<Raw>,
    reader: Option<JoinHandle<()>>,
    /// Ended as it should.
    ended: bool,
}

impl WorkbookRows {
    pub(in crate::table) fn open(path: &Path, sheet: &Arc<Sheet>) -> Self {
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

    pub(in crate::table) fn next(&mut self) -> Result<Option<Raw>, UserMessage> {
        while !self.ended {
            if let Some(raw) = self.here.next() {
                return Ok(Some(raw));
            }
            let piece = self.pieces.as_ref().map(Receiver::recv);
            let Some(Ok(piece)) = piece else {
                return Err(UserMessage::new("workbook-breaks-off"));
            };
            let piece = piece?;
            self.ended = piece.is_empty();
            self.here = piece.into_iter();
        }
        Ok(None)
    }
}

impl Drop for WorkbookRows {
    /// The next reader of the workbook finds the memory free that this one took.
    fn drop(&mut self) {
        drop(self.pieces.take());
        let _ended = self.reader.take().map(JoinHandle::join);
    }
}

/// Rows on their way, in pieces of so many bytes.
struct Pieces {
    sender: SyncSender<Result<Vec<Raw>, UserMessage>>,
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
fn send_rows(path: &Path, sheet: &Sheet, to: &mut Pieces) -> Result<bool, UserMessage> {
    let broken =
        |error: calamine::XlsxError| UserMessage::new("workbook-unreadable").text("reason", error);
    let mut workbook: Xlsx<BufReader<File>> = open_workbook(path).map_err(broken)?;
    let name = sheet.name.as_str();
    let merged = workbook.merge_cells_by_sheet_name(name).map_err(broken)?;
    let mut sweep = Sweep::over(merged);
    let mut cells = workbook.worksheet_cells_reader(name).map_err(broken)?;
    let mut row = OneRow::default();
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(broken)? {
        let (at, column) = cell.pos;
        if column >= COLUMNS_MAX || at >= ROWS_MAX {
            return Err(UserMessage::new("workbook-too-large")
                .text("rows-max", ROWS_MAX)
                .text("columns-max", COLUMNS_MAX));
        }
        if row.at != Some(at) {
            if row.at.is_some_and(|before| before > at) {
                return Err(UserMessage::new("workbook-rows-out-of-order"));
            }
            let before = std::mem::replace(&mut row, OneRow::at(at));
            if let Some(raw) = before.finish(&mut sweep, sheet)
                && !to.push(raw)
            {
                return Ok(false);
            }
            if to.all > sheet.text_bytes_max {
                return Err(UserMessage::new("workbook-too-much-text"));
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
