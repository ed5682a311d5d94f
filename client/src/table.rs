//! Tables of records: CSV and workbooks, each row of which is one record to register, or is told why not.
//!
//! A table is read whole once before its first row is given, so that whatever makes the whole of it doubtful
//! is known before anything is signed. Nobody is asked and nothing is said here: what was found out of a table
//! (its encoding, its remarks) is for the caller to show.

mod cell_errors;
pub mod cells;
mod charset;
mod column_names;
mod columns;
mod csv_rows;
mod encoding;
mod error;
mod excel_dates;
mod file_kind;
mod hidden;
mod number_shapes;
mod opening;
mod rows;
mod source;
mod twins;
mod workbook;

pub use self::{
    column_names::{BadName, SimilarColumn},
    columns::{REMARK, Wanted, shown},
    encoding::Encoding,
    error::{TableError, TableTrouble, WayOut},
    opening::{Opened, Written, open},
    rows::{Row, RowContent, Rules, Table, UnfitRow},
    source::{Delimiter, Form},
    twins::{Twins, TwinsOf},
    workbook::Sheet,
};
