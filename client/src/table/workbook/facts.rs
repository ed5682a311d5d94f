//! Facts that the markup of a workbook gives beside the values of its cells: which rows and columns are hidden, and which
//! texts hold an escape that was never one.
//!
//! The reader of cells tells neither. The markup goes by here while its bounds are measured (`xlsx_limits`), so that
//! no part is read once more.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use quick_xml::events::BytesStart;

use super::tags::{BadTag, attributes, is_true, of_any_prefix, place_of, promised};

/// Bytes of an escape, as _x0041_.
const ESCAPE_BYTES: usize = 7;
/// The most cells with such texts, and rows or columns in a row that are hidden, of which each is remembered.
const REMEMBERED_MAX: usize = 100_000;

/// Facts of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SheetFacts {
    /// First and last, from 0.
    hidden_rows: Vec<(u32, u32)>,
    hidden_columns: Vec<(u32, u32)>,
    /// Rows and columns of cells whose text holds an escape of a letter that needs none.
    escaped: BTreeSet<(u32, u32)>,
    /// More than are remembered: then any may be.
    too_many: bool,
}

impl SheetFacts {
    pub(super) fn hides_row(&self, row: u32) -> bool {
        within(&self.hidden_rows, row)
    }

    pub(super) fn hides_column(&self, column: u32) -> bool {
        within(&self.hidden_columns, column)
    }

    pub(super) fn escapes(&self, row: u32, column: u32) -> bool {
        self.too_many || self.escaped.contains(&(row, column))
    }

    fn hide(&mut self, row: u32) {
        let has_room = self.hidden_rows.len() < REMEMBERED_MAX;
        match self.hidden_rows.last_mut() {
            Some((_, last)) if *last + 1 == row => *last = row,
            _ if has_room => self.hidden_rows.push((row, row)),
            // Of so many nobody sees anything: all that follows is taken for hidden.
            _ => self.hidden_rows.push((row, u32::MAX)),
        }
    }

    fn escape(&mut self, row: u32, column: u32) {
        self.too_many = self.too_many || self.escaped.len() >= REMEMBERED_MAX;
        let _new = !self.too_many && self.escaped.insert((row, column));
    }
}

fn within(ranges: &[(u32, u32)], at: u32) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&at))
}

/// Facts that the parts of a workbook have given so far. Its strings come first.
#[derive(Debug, Default)]
pub(super) struct WorkbookFacts {
    /// Of the sheets in their order: which part each is, by a name of its own for that.
    sheets: Vec<String>,
    /// Those names, and the parts.
    targets: BTreeMap<String, String>,
    /// By the name of the part.
    parts: BTreeMap<String, SheetFacts>,
    /// Places of shared strings that hold such an escape.
    escaped: BTreeSet<u64>,
}

impl WorkbookFacts {
    /// Facts of the sheet at a place among all.
    pub(super) fn sheet(&self, at: usize) -> SheetFacts {
        let target = self.sheets.get(at).and_then(|id| self.targets.get(id));
        let end = target.map(|target| {
            let target = target.trim_start_matches('/');
            target.trim_start_matches("../").to_owned()
        });
        let mut parts = self.parts.iter();
        let found = end.and_then(|end| parts.find(|(name, _)| name.ends_with(&end)));
        found.map(|(_, facts)| facts.clone()).unwrap_or_default()
    }
}

/// One part as it goes by.
#[derive(Debug, Default)]
pub(super) struct PartFacts {
    name: String,
    sheet: SheetFacts,
    is_sheet: bool,
    sheets: Vec<String>,
    targets: BTreeMap<String, String>,
    strings: u64,
    escaped: BTreeSet<u64>,
    /// The row and column of the cell that comes next, and of the one that goes by.
    row: u32,
    column: u32,
    cell: Option<(u32, u32)>,
    /// The cell that goes by holds the place of a shared string.
    is_shared: bool,
    hides_rows: bool,
}

impl PartFacts {
    pub(super) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Returns whether the cell of a sheet goes by.
    pub(super) const fn is_in_cell(&self) -> bool {
        self.cell.is_some()
    }

    /// A tag opens an element, of this name without prefix. How many strings it promises.
    pub(super) fn start(&mut self, local: &str, tag: &BytesStart<'_>) -> Result<u64, BadTag> {
        match local {
            "sheetData" => self.is_sheet = true,
            "sheetFormatPr" => {
                let [zero_height] = attributes(tag, ["zeroHeight"])?;
                self.hides_rows = is_true(zero_height);
            }
            "row" => self.row(tag)?,
            "col" => self.columns(tag)?,
            "c" if self.cell.is_none() => {
                let [place, kind] = attributes(tag, ["r", "t"])?;
                let named = place.as_deref().and_then(place_of);
                if named.is_none() && place.is_some() && self.is_sheet {
                    return Err(BadTag);
                }
                let (row, column) = named.unwrap_or((self.row, self.column));
                self.column = column;
                self.cell = Some((row, column));
                self.is_shared = kind.as_deref() == Some("s");
            }
            "sheet" => {
                // Its prefix is whatever the workbook calls relationships by.
                let id = of_any_prefix(tag, "id")?;
                self.sheets.extend(id.map(Cow::into_owned));
            }
            "Relationship" => {
                let [id, target] = attributes(tag, ["Id", "Target"])?;
                let pair = id.zip(target);
                self.targets
                    .extend(pair.map(|(id, target)| (id.into_owned(), target.into_owned())));
            }
            "sst" => {
                let count = of_any_prefix(tag, "uniqueCount")?;
                return Ok(count.map_or(0, |count| promised(&count)));
            }
            _ => {}
        }
        Ok(0)
    }

    fn row(&mut self, tag: &BytesStart<'_>) -> Result<(), BadTag> {
        let [row, hidden, height] = attributes(tag, ["r", "hidden", "ht"])?;
        match row.map(|row| row.parse::<u32>()) {
            Some(Ok(row)) => self.row = row.saturating_sub(1),
            Some(Err(_)) if self.is_sheet => return Err(BadTag),
            Some(Err(_)) | None => {}
        }
        let is_flat = height
            .as_ref()
            .is_some_and(|height| height.parse() == Ok(0.0));
        let is_own = height.is_some() || hidden.is_some();
        if is_true(hidden) || is_flat || (self.hides_rows && !is_own) {
            self.sheet.hide(self.row);
        }
        Ok(())
    }

    fn columns(&mut self, tag: &BytesStart<'_>) -> Result<(), BadTag> {
        let [first, last, hidden, width] = attributes(tag, ["min", "max", "hidden", "width"])?;
        let is_flat = width.is_some_and(|width| width.parse() == Ok(0.0));
        let is_hidden = is_true(hidden) || is_flat;
        let from_0 =
            |number: Option<Cow<'_, str>>| Some(number?.parse::<u32>().ok()?.saturating_sub(1));
        let range = from_0(first).zip(from_0(last)).filter(|_| is_hidden);
        if self.sheet.hidden_columns.len() < REMEMBERED_MAX {
            self.sheet.hidden_columns.extend(range);
        }
        Ok(())
    }

    /// An element ends that is neither cell nor string.
    pub(super) fn end(&mut self, local: &str) {
        if local == "row" {
            self.row = self.row.saturating_add(1);
            self.column = 0;
        }
    }

    /// A shared string ends.
    pub(super) fn string(&mut self, text: &str) {
        if escapes(text) && self.escaped.len() < REMEMBERED_MAX {
            let _new = self.escaped.insert(self.strings);
        }
        self.strings += 1;
    }

    /// A cell ends.
    pub(super) fn cell(&mut self, text: &str, facts: &WorkbookFacts) {
        self.column = self.column.saturating_add(1);
        let Some((row, column)) = self.cell.take() else {
            return;
        };
        let escapes = match self.is_shared {
            false => escapes(text),
            true if facts.escaped.is_empty() => false,
            true => { text.trim().parse() }.is_ok_and(|place: u64| facts.escaped.contains(&place)),
        };
        if escapes {
            self.sheet.escape(row, column);
        }
    }

    /// The part has ended.
    pub(super) fn finish(self, facts: &mut WorkbookFacts) {
        if self.is_sheet {
            let _none = facts.parts.insert(self.name, self.sheet);
        } else if self.name.ends_with("workbook.xml") {
            facts.sheets = self.sheets;
        } else if self.name.ends_with("workbook.xml.rels") {
            facts.targets = self.targets;
        } else if self.strings > 0 {
            facts.escaped = self.escaped;
        }
    }
}

/// Returns whether a text holds the escape of a character that can be written as it is. Excel escapes control
/// characters, surrogates, and the underline where an escape would begin; careless programs escape none, so
/// that what looks like one was typed by somebody.
fn escapes(text: &str) -> bool {
    let code = |word: &[u8]| -> Option<u32> {
        let digits = word.strip_prefix(b"_x")?.strip_suffix(b"_")?;
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
        u32::from_str_radix(digits, 16).ok()
    };
    if !text.contains("_x") {
        return false;
    }
    let mut rest = text.as_bytes();
    while let Some(word) = rest.get(..ESCAPE_BYTES) {
        let found = code(word);
        if found.is_some_and(
            |code| !matches!(code, 0..0x20 | 0x5f | 0x7f..0xa0 | 0xd800..0xe000 | 0xfffe..),
        ) {
            return true;
        }
        // The underline that ends one escape begins no other.
        let taken = if found.is_some() { ESCAPE_BYTES } else { 1 };
        rest = rest.get(taken..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_of_a_letter_is_told_from_those_that_the_format_asks_for() {
        for text in ["TSH_x0041_2", "_x0020_", "_x2116_"] {
            assert!(escapes(text), "{text}");
        }
        for text in [
            "a_x000D_b",
            "_x005F_x0041_",
            "_xD83D__xDCF7_",
            "_x41_",
            "_x0041",
            "x0041_",
            "_x00zz_",
        ] {
            assert!(!escapes(text), "{text}");
        }
    }

    #[test]
    fn what_a_sheet_hides_is_remembered() {
        let mut part = PartFacts::of("xl/worksheets/sheet1.xml");
        let mut start = |content: &str| {
            let local = content.split(' ').next().unwrap();
            let tag = BytesStart::from_content(content, local.len());
            let promised = part.start(local, &tag);
            assert_eq!(promised.ok().unwrap(), 0);
            part.end(local);
        };
        for tag in [
            "sheetData",
            "row r=\"2\" hidden=\"1\"",
            "row hidden=\"true\"",
            "row r=\"4\" hidden=\"0\" ht=\"15\"",
            "row r=\"6\" ht=\"0\"",
            "col min=\"2\" max=\"3\" hidden=\"1\" width=\"9\"",
            "col min=\"5\" max=\"5\" width=\"0\"",
        ] {
            start(tag);
        }
        let mut facts = WorkbookFacts {
            sheets: vec!["rId7".to_owned()],
            targets: BTreeMap::from([("rId7".to_owned(), "worksheets/sheet1.xml".to_owned())]),
            ..WorkbookFacts::default()
        };
        part.finish(&mut facts);
        let sheet = facts.sheet(0);
        let rows: Vec<u32> = (0..8).filter(|row| sheet.hides_row(*row)).collect();
        let columns: Vec<u32> = (0..8)
            .filter(|column| sheet.hides_column(*column))
            .collect();
        assert_eq!((rows, columns), (vec![1, 2, 5], vec![1, 2, 4]));
        assert_eq!(facts.sheet(1), SheetFacts::default());
    }

    #[test]
    fn a_cell_is_known_by_its_place_or_by_those_before_it() {
        let sheet = |text: &str| {
            let known = WorkbookFacts::default();
            let name = "xl/worksheets/sheet1.xml";
            let measured =
                super::super::xlsx_limits::measure(text.as_bytes(), name, 1 << 20, &known);
            measured.unwrap().0.sheet
        };
        let odd = "<is><t>_x0041_</t></is>";
        let found = sheet(&format!(
            "<sheetData><row><c/></row><row hidden='1'><c/><c>{odd}</c></row><row r='9'><c r='d9'/><c>{odd}</c><c x:r='A1' r='H9'>{odd}</c></row></sheetData>"
        ));
        assert!(found.hides_row(1) && !found.hides_row(0));
        let escaped: Vec<(u32, u32)> = found.escaped.into_iter().collect();
        assert_eq!(escaped, [(1, 1), (8, 4), (8, 7)]);
        // However it is written, and only where it is the value.
        let found = sheet(
            "<sheetData><c><is><t>_x00&#52;1_</t></is></c><c><is><t><![CDATA[_x0041_]]></t></is></c><c><is><t>_x0041_</t></is><v>7</v></c></sheetData>",
        );
        let escaped: Vec<(u32, u32)> = found.escaped.into_iter().collect();
        assert_eq!(escaped, [(0, 0), (0, 1)]);
    }
}
