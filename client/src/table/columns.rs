//! The first row of a table: the names of its columns, and those that something is taken from.
//!
//! Names become names of fields for good, so that one which cannot be read by people is refused here.

use std::path::Path;

use messages::UserMessage;
use protocol::{
    commitment::{DOCUMENT_FIELD, FIELDS_MAX},
    record::{BadRecordId, RecordId, is_invisible},
};

use super::{
    BadName, SimilarColumn, TableError, TableTrouble, cells, charset,
    encoding::Encoding,
    rows::{not_text, raw},
    source::{Delimiter, Form, Rows},
    twins,
};

/// Columns that begin so are this program's own remarks in a file of errors, and no fields.
pub const REMARK: &str = "muhr:";

/// The columns that something is to be taken from.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Of the record's number, joined by commas.
    pub record: &'a str,
    /// Of the legal date.
    pub effective: Option<&'a str>,
}

/// Columns that the first row names.
pub(super) struct Columns {
    /// Names, without this program's remarks.
    pub(super) names: Vec<String>,
    /// Where remarks stand among all columns.
    pub(super) remarks: Vec<usize>,
    pub(super) all: usize,
    pub(super) key: Vec<usize>,
    /// The names of those of the key.
    pub(super) key_names: String,
    pub(super) effective: Option<usize>,
}

/// Why a first row is refused, and how much of what is wanted it has.
struct BadHeader {
    finds_key: bool,
    cells: usize,
    error: TableError,
}

impl Columns {
    pub(super) fn read(
        path: &Path,
        rows: &mut Rows,
        wanted: Wanted<'_>,
        form: &Form,
    ) -> Result<Self, TableError> {
        Self::judge(path, rows, wanted, form).map_err(|refused| refused.error)
    }

    fn judge(
        path: &Path,
        rows: &mut Rows,
        wanted: Wanted<'_>,
        form: &Form,
    ) -> Result<Self, BadHeader> {
        let header = raw(path, rows).map_err(|error| BadHeader {
            finds_key: false,
            // Nearer than a row in which there is no such column.
            cells: usize::MAX,
            error,
        })?;
        let header = header.unwrap_or_default();
        let encoding = form.encoding();
        let read = header.cells.iter().map(|cell| encoding.read(cell));
        let texts: Vec<Option<String>> = read.collect();
        let has = |name: &str| texts.iter().flatten().any(|text| text == name.trim());
        let refused = |error| BadHeader {
            finds_key: wanted.record.split(',').all(has),
            cells: texts.len(),
            error,
        };
        let row = header.number.max(1);
        if let Some(found) = header.wrong {
            let (column, what) = (found.column + 1, found.what);
            return Err(refused(TableTrouble::Header { row, column, what }.of(path)));
        }
        let is_other = |cell| encoding == Encoding::Windows1251 && charset::holds_utf8(cell);
        if let Some(at) = header.cells.iter().position(is_other) {
            let column = at + 1;
            return Err(refused(TableTrouble::HeaderIsUtf8 { row, column }.of(path)));
        }
        let names = Self::names(path, row, &texts, encoding).map_err(refused)?;
        let (names, remarks) = names;
        Self::find(path, wanted, names, remarks, texts.len()).map_err(refused)
    }

    /// The names of fields, and where remarks stand.
    fn names(
        path: &Path,
        row: u64,
        texts: &[Option<String>],
        encoding: Encoding,
    ) -> Result<(Vec<String>, Vec<usize>), TableError> {
        let mut names: Vec<String> = Vec::new();
        let mut remarks = Vec::new();
        for (at, name) in texts.iter().enumerate() {
            let number = at + 1;
            let Some(name) = name else {
                let place = UserMessage::new("column-by-number").text("column", number);
                return Err(not_text(path, row, place, encoding));
            };
            if name.starts_with(REMARK) {
                remarks.push(at);
                continue;
            }
            if let Some(name) = bad_name(name, &names) {
                let column = number;
                return Err(TableTrouble::Name { row, column, name }.of(path));
            }
            names.push(name.clone());
            if names.len() > FIELDS_MAX {
                return Err(TableTrouble::TooManyColumns { row }.of(path));
            }
        }
        if names.is_empty() && !remarks.is_empty() {
            return Err(TableTrouble::ListsFiles.of(path));
        }
        if !remarks.is_empty() {
            names = names.iter().map(|name| cells::original(name)).collect();
        }
        Ok((names, remarks))
    }

    fn find(
        path: &Path,
        wanted: Wanted<'_>,
        names: Vec<String>,
        remarks: Vec<usize>,
        all: usize,
    ) -> Result<Self, TableError> {
        let find = |name: &str| {
            let at = |name: &str| names.iter().position(|column| column == name);
            // After the comma of a list people write a blank.
            at(name).or_else(|| at(name.trim())).ok_or_else(|| {
                let trouble = TableTrouble::NoColumn {
                    name: name.to_owned(),
                    similar: similar(name, &names),
                    columns: names.iter().map(|name| shown(name)).collect(),
                };
                trouble.of(path)
            })
        };
        let key: Vec<usize> = wanted
            .record
            .split(',')
            .map(find)
            .collect::<Result<_, _>>()?;
        let effective = wanted.effective.map(find).transpose()?;
        let key_names: Vec<_> = key.iter().map(|at| names[*at].as_str()).collect();
        Ok(Self {
            key_names: key_names.join(", "),
            names,
            remarks,
            all,
            key,
            effective,
        })
    }

    /// The number of a row as it stands there, its parts joined as people write them.
    pub(super) fn number(&self, cells: &[String]) -> String {
        let parts = self.key.iter().filter_map(|at| cells.get(*at));
        parts.map(|part| part.trim()).collect::<Vec<_>>().join("|")
    }

    /// The number of a row, folded.
    pub(super) fn record(&self, cells: &[String]) -> Result<RecordId, BadRecordId> {
        let parts = self.key.iter().filter_map(|at| cells.get(*at));
        RecordId::new(parts.map(String::as_str))
    }

    /// The names of the columns that a spreadsheet does not show.
    pub(super) fn hidden(&self, form: &Form) -> Vec<String> {
        let Form::Workbook(sheet) = form else {
            return Vec::new();
        };
        let hidden = (0..self.all).filter(|at| sheet.hides_column(*at));
        hidden.map(|at| shown(&self.name(at))).collect()
    }

    /// A cell as it was before it was written to a file of errors, if this is one.
    pub(super) fn original(&self, cell: String) -> String {
        match self.remarks.is_empty() {
            true => cell,
            false => cells::original(&cell),
        }
    }

    /// The name of the column that stands at a place among all columns.
    pub(super) fn name(&self, at: usize) -> String {
        let before = self.remarks.iter().filter(|remark| **remark < at).count();
        let name = self.names.get(at - before);
        name.cloned()
            .unwrap_or_else(|| "beyond the last".to_owned())
    }
}

/// The column whose name looks like the one that is wanted, and is written in other letters.
fn similar(wanted: &str, names: &[String]) -> Option<SimilarColumn> {
    let skeleton = |name: &str| Some(RecordId::new([name]).ok()?.skeleton());
    let own = skeleton(wanted)?;
    let (at, name) =
        { names.iter().enumerate() }.find(|(_, name)| skeleton(name) == Some(own.clone()))?;
    Some(SimilarColumn {
        column: at + 1,
        name: name.clone(),
        letters: twins::letters(name.trim(), wanted.trim()),
    })
}

/// Why a name cannot be that of a field.
fn bad_name(name: &str, before: &[String]) -> Option<BadName> {
    if name.is_empty() {
        return Some(BadName::Missing);
    }
    if let Some(at) = before.iter().position(|other| other == name) {
        let (name, column) = (name.to_owned(), at + 1);
        return Some(BadName::Repeated { name, column });
    }
    if name == DOCUMENT_FIELD {
        return Some(BadName::Reserved);
    }
    let letter = name.chars().find(|letter| is_invisible(*letter))?;
    let name = name.to_owned();
    Some(BadName::Invisible { name, letter })
}

/// A name in which nothing is hidden: blanks at its ends and letters that cannot be seen are written out.
#[must_use]
pub fn shown(name: &str) -> String {
    let hidden = |letter: char| is_invisible(letter) || (letter.is_whitespace() && letter != ' ');
    if name == name.trim() && !name.chars().any(hidden) {
        return name.to_owned();
    }
    let letters = name.chars().map(|letter| match hidden(letter) {
        true => format!("<U+{:04X}>", u32::from(letter)),
        false => letter.to_string(),
    });
    format!("\"{}\"", letters.collect::<String>())
}

/// The delimiter with which the columns of the number are found; of several the one that makes most columns.
/// Where none does, the reason is that of the delimiter which comes nearest.
pub(super) fn find_delimiter(
    path: &Path,
    wanted: Wanted<'_>,
    encoding: Encoding,
) -> Result<Delimiter, TableError> {
    let mut found: Vec<(Delimiter, usize)> = Vec::new();
    let mut nearest: Option<BadHeader> = None;
    for delimiter in Delimiter::ALL {
        let form = Form::Text(encoding, delimiter);
        match Columns::judge(path, &mut form.rows(path)?, wanted, &form) {
            Ok(columns) => found.push((delimiter, columns.all)),
            Err(refused) => {
                let is_nearer = nearest.as_ref().is_none_or(|nearest| {
                    (refused.finds_key, refused.cells) > (nearest.finds_key, nearest.cells)
                });
                if is_nearer {
                    nearest = Some(refused);
                }
            }
        }
    }
    // Where no delimiter occurs all make one column, and the first, the comma, is as good as any.
    let most = found.iter().map(|(_, columns)| *columns).max();
    let mut best = found
        .into_iter()
        .filter(|(_, columns)| Some(*columns) == most);
    match (best.next(), best.next()) {
        (Some((_, columns)), Some(_)) if columns > 1 => Err(TableTrouble::Delimiter.of(path)),
        (Some((delimiter, _)), _) => Ok(delimiter),
        (None, _) => {
            Err(nearest.map_or_else(|| TableTrouble::NoColumns.of(path), |refused| refused.error))
        }
    }
}
