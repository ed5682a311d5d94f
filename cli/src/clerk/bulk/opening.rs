//! Notes about a table before anything is sent: how it is written, its columns, what is odd about it. The
//! same for a run, a try and a reconciliation.

use std::path::{Path, PathBuf};

use client::table::{
    self, Delimiter, Encoding, Form, Opened, Rules, Table, Wanted, Written, shown,
};
use messages::UserMessage;
use regex_lite::Regex;

use super::documents;
use crate::{
    arguments::TableFormat,
    exit::{Failure, USAGE},
    output::Output,
};

/// Example of a pattern of numbers.
const NUMBERS_LIKE: &str = "TSH-[0-9]{4}-[0-9]+";
/// Numbers unlike all others of which each is named.
const UNLIKE_SHOWN: usize = 5;
/// Files that are no documents of which each is named.
const LEFT_OUT_SHOWN: usize = 20;

/// Names the files that are no documents.
pub(super) fn left_out(others: &[(PathBuf, UserMessage)], output: &Output) {
    for (path, why) in others.iter().take(LEFT_OUT_SHOWN) {
        output.note(&documents::left_out(path, why));
    }
    let more = others.len().saturating_sub(LEFT_OUT_SHOWN);
    if more > 0 {
        output.note(&UserMessage::new("note-left-out-more").text("more", more));
    }
}

/// Opens a table and says how it is written.
pub(crate) fn table(
    path: &Path,
    wanted: Wanted<'_>,
    format: &TableFormat,
    output: &Output,
) -> Result<Table, Failure> {
    let written = Written {
        encoding: format.encoding.as_deref().map(|name| match name {
            "utf-8" => Encoding::Utf8,
            _ => Encoding::Windows1251,
        }),
        delimiter: format.delimiter.as_deref().map(|name| match name {
            "semicolon" => Delimiter::Semicolon,
            "tab" => Delimiter::Tab,
            _ => Delimiter::Comma,
        }),
        sheet: format.sheet.as_deref(),
    };
    let rules = Rules {
        hidden: format.hidden,
        numbers: numbers(format)?,
    };
    let opened = table::open(path, wanted, &written, rules)?;
    let found = found(&opened);
    let table = opened.table;
    let effective = wanted.effective.map_or_else(
        || UserMessage::new("nothing"),
        |name| UserMessage::new("table-in-force-from").text("column", name),
    );
    output.note(
        &UserMessage::new("note-table")
            .text("path", path.display())
            .part("form", table.form().message())
            .part("found", found)
            .text("rows", table.rows())
            .text("record", wanted.record)
            .part("effective", effective)
            .text("fields", table.columns().join(", ")),
    );
    for remark in table.remarks() {
        output.note(remark);
    }
    name_unlike(table.unlike(), output);
    Ok(table)
}

/// Names numbers that are unlike all others.
fn name_unlike(unlike: &[(u64, String)], output: &Output) {
    let named = unlike.iter().take(UNLIKE_SHOWN);
    let named: Vec<UserMessage> = named
        .enumerate()
        .map(|(at, (row, number))| {
            let one = UserMessage::new("number-of-row")
                .text("row", row)
                .text("number", shown(number));
            match at {
                0 => one,
                _ => UserMessage::new("list-next").part("one", one),
            }
        })
        .collect();
    match unlike.len() {
        0 => {}
        1 => output.note(&UserMessage::new("note-number-unlike").part("named", named)),
        count => output.note(
            &UserMessage::new("note-numbers-unlike")
                .text("count", count)
                .part("named", named),
        ),
    }
}

/// How it was found out how a table is written, behind what that is.
fn found(opened: &Opened) -> UserMessage {
    match (opened.sheets, opened.looks_like) {
        (Some(sheets), _) => UserMessage::new("found-of-sheets").text("sheets", sheets),
        (None, Some(looks)) => UserMessage::new("found-looks-like").text("alphabet", looks),
        (None, None) if opened.is_told_by_letters => UserMessage::new("found-by-letters"),
        (None, None) => UserMessage::new("nothing"),
    }
}

/// Pattern of every number, if one is given: a pattern for the whole of it.
fn numbers(written: &TableFormat) -> Result<Option<Regex>, Failure> {
    let pattern = written.strict_numbers.as_deref();
    let read = |pattern: &str| {
        Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            let what = UserMessage::new("strict-numbers-invalid").text("reason", error);
            Failure::new(USAGE, what)
                .help(UserMessage::new("help-strict-numbers").text("example", NUMBERS_LIKE))
        })
    };
    pattern.map(read).transpose()
}

/// How a table is written, in the words of the options that say so.
pub(crate) fn written(table: &Table) -> Vec<(&'static str, String)> {
    match table.form() {
        Form::Text(encoding, delimiter) => vec![
            ("encoding", encoding.name().to_lowercase()),
            ("delimiter", delimiter.name().to_owned()),
        ],
        Form::Workbook(sheet) => vec![("sheet", sheet.name.clone())],
    }
}
