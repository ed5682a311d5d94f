//! What is said of a table before anything is sent: how it is written, its columns, what is odd about it. The
//! same for a run, a try and a reconciliation.

use std::path::{Path, PathBuf};

use client::table::{
    self, Delimiter, Encoding, Form, Opened, Rules, Table, Wanted, Written, shown,
};
use regex_lite::Regex;

use super::documents;
use crate::{
    arguments::TableFormat,
    exit::{Failure, USAGE},
    output::Output,
};

/// Numbers unlike all others of which each is named.
const UNLIKE_SHOWN: usize = 5;
/// Files that are no documents of which each is named.
const LEFT_OUT_SHOWN: usize = 20;

/// Names the files that are no documents.
pub(super) fn left_out(others: &[(PathBuf, &'static str)], output: &Output) {
    for (path, why) in others.iter().take(LEFT_OUT_SHOWN) {
        output.note(&documents::left_out(path, why));
    }
    let more = others.len().saturating_sub(LEFT_OUT_SHOWN);
    if more > 0 {
        output.note(&format!("left out: {more} more that are no documents"));
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
    let effective = wanted
        .effective
        .map(|name| format!("; in force from: {name}"));
    output.note(&format!(
        "{}: {}{found}, {} rows; number from: {}{}; fields: {}",
        path.display(),
        table.form(),
        table.rows(),
        wanted.record,
        effective.unwrap_or_default(),
        table.columns().join(", ")
    ));
    for remark in table.remarks() {
        output.note(remark);
    }
    let unlike = table.unlike();
    let named: Vec<String> = unlike
        .iter()
        .take(UNLIKE_SHOWN)
        .map(|(row, number)| format!("row {row}: {}", shown(number)))
        .collect();
    if !named.is_empty() {
        let count = unlike.len();
        let are = if count == 1 { " is" } else { "s are" };
        output.note(&format!(
            "{count} number{are} unlike all others ({}); --strict-numbers refuses such",
            named.join("; ")
        ));
    }
    Ok(table)
}

/// How it was found out how a table is written, behind what that is.
fn found(opened: &Opened) -> String {
    match (opened.sheets, opened.looks_like) {
        (Some(sheets), _) => format!(" of {sheets}"),
        (None, Some(looks)) => {
            format!(" (as told, and its letters look like {looks}: look at them)")
        }
        (None, None) if opened.is_told_by_letters => " (told by its letters)".to_owned(),
        (None, None) => String::new(),
    }
}

/// What every number is like, if that is said: a pattern for the whole of it.
fn numbers(written: &TableFormat) -> Result<Option<Regex>, Failure> {
    let pattern = written.strict_numbers.as_deref();
    let read = |pattern: &str| {
        Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            let what = format!("--strict-numbers is no regular expression: {error}");
            Failure::new(USAGE, what).help("write it as TSH-[0-9]{4}-[0-9]+, for the whole number")
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
