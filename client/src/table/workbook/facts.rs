//! What the markup of a workbook says beside the values of its cells: which rows and columns are hidden, and which
//! texts hold an escape that was never one.
//!
//! The reader of cells tells neither. The markup goes by here while its bounds are measured (`xlsx_limits`), so that
//! no part is read once more.

use std::collections::{BTreeMap, BTreeSet};

/// Bytes of an escape, as _x0041_.
const ESCAPE_BYTES: usize = 7;
/// The most cells with such texts, and rows or columns in a row that are hidden, of which each is remembered.
const REMEMBERED_MAX: usize = 100_000;

/// What is known of a sheet.
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

/// What the parts of a workbook have said so far. Its strings come first.
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
    /// What is known of the sheet at a place among all.
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
    /// The row and column of the cell that comes next.
    row: u32,
    column: u32,
    hides_rows: bool,
    /// The tag of the cell that goes by.
    cell: Vec<u8>,
}

impl PartFacts {
    pub(super) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// A tag opens an element: its name without prefix, and all of the tag.
    pub(super) fn start(&mut self, local: &[u8], tag: &[u8]) {
        let number = |name| attribute(tag, name).and_then(|text| text.parse::<u32>().ok());
        match local {
            b"sheetData" => self.is_sheet = true,
            b"sheetFormatPr" => self.hides_rows = is_true(attribute(tag, "zeroHeight")),
            b"row" => {
                self.row = number("r").map_or(self.row, |row| row.saturating_sub(1));
                self.column = 0;
                let height = attribute(tag, "ht");
                let is_flat = height.is_some_and(|height| height.parse() == Ok(0.0));
                let is_own = height.is_some() || attribute(tag, "hidden").is_some();
                if is_true(attribute(tag, "hidden")) || is_flat || (self.hides_rows && !is_own) {
                    self.sheet.hide(self.row);
                }
            }
            b"col" => {
                let is_flat = attribute(tag, "width").is_some_and(|width| width.parse() == Ok(0.0));
                let is_hidden = is_true(attribute(tag, "hidden")) || is_flat;
                let range = number("min").zip(number("max")).filter(|_| is_hidden);
                if self.sheet.hidden_columns.len() < REMEMBERED_MAX {
                    let range = range
                        .map(|(first, last)| (first.saturating_sub(1), last.saturating_sub(1)));
                    self.sheet.hidden_columns.extend(range);
                }
            }
            b"c" => {
                self.cell.clear();
                self.cell.extend_from_slice(tag);
            }
            b"sheet" => self
                .sheets
                .extend(attribute(tag, "id").map(ToOwned::to_owned)),
            b"Relationship" => {
                let pair = attribute(tag, "Id").zip(attribute(tag, "Target"));
                self.targets
                    .extend(pair.map(|(id, target)| (id.to_owned(), target.to_owned())));
            }
            _ => {}
        }
    }

    /// A shared string ends.
    pub(super) fn string(&mut self, text: &[u8]) {
        if escapes(text) && self.escaped.len() < REMEMBERED_MAX {
            let _new = self.escaped.insert(self.strings);
        }
        self.strings += 1;
    }

    /// A cell ends.
    pub(super) fn cell(&mut self, text: &[u8], facts: &WorkbookFacts) {
        let column = self.column;
        self.column += 1;
        let is_suspect = !facts.escaped.is_empty() || text.windows(2).any(|word| word == b"_x");
        if !is_suspect {
            return;
        }
        let is_shared = attribute(&self.cell, "t") == Some("s");
        let place = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let escapes = match is_shared {
            true => place.is_some_and(|place: u64| facts.escaped.contains(&place)),
            false => escapes(text),
        };
        if escapes {
            let named = attribute(&self.cell, "r").and_then(place_of);
            let (row, column) = named.unwrap_or((self.row, column));
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

/// Whether a text holds the escape of a character that can be written as it is. Excel escapes control
/// characters, surrogates, and the underline where an escape would begin; careless programs escape none, so
/// that what looks like one was typed by somebody.
fn escapes(text: &[u8]) -> bool {
    let code = |word: &[u8]| -> Option<u32> {
        let digits = word.strip_prefix(b"_x")?.strip_suffix(b"_")?;
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut rest = text;
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

fn is_true(value: Option<&str>) -> bool {
    matches!(value, Some("1" | "true"))
}

/// The value of an attribute, by its name without prefix.
fn attribute<'a>(tag: &'a [u8], name: &str) -> Option<&'a str> {
    let mut rest = std::str::from_utf8(tag).ok()?;
    loop {
        let (before, after) = rest.split_once('=')?;
        let found = before
            .trim_end()
            .rsplit([' ', '\t', '\r', '\n', ':', '/'])
            .next()?;
        let after = after.trim_start();
        let quote = after
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, behind) = after.get(1..)?.split_once(quote)?;
        if found == name {
            return Some(value);
        }
        rest = behind;
    }
}

/// The row and column, from 0, of a place like B5.
fn place_of(place: &str) -> Option<(u32, u32)> {
    let end = place.find(|letter: char| letter.is_ascii_digit())?;
    let (letters, digits) = place.split_at(end);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let letter = letter
            .is_ascii_uppercase()
            .then(|| u32::from(letter - b'A') + 1)?;
        column.checked_mul(26)?.checked_add(letter)
    })?;
    Some((
        digits.parse::<u32>().ok()?.checked_sub(1)?,
        column.checked_sub(1)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_places_are_read() {
        let tag = b"x:row r='7' spans=\"1:2\" x14:dyDescent = \"0.25\" hidden=\"1\"";
        assert_eq!(attribute(tag, "r"), Some("7"));
        assert_eq!(attribute(tag, "hidden"), Some("1"));
        assert_eq!(attribute(tag, "dyDescent"), Some("0.25"));
        assert_eq!(attribute(tag, "ht"), None);
        assert_eq!(attribute(b"row", "r"), None);
        assert_eq!(place_of("A1"), Some((0, 0)));
        assert_eq!(place_of("AB12"), Some((11, 27)));
        for none in ["", "A", "1", "A0", "a1"] {
            assert_eq!(place_of(none), None, "{none}");
        }
    }

    #[test]
    fn an_escape_of_a_letter_is_told_from_those_that_the_format_asks_for() {
        for text in ["TSH_x0041_2", "_x0020_", "_x2116_"] {
            assert!(escapes(text.as_bytes()), "{text}");
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
            assert!(!escapes(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_a_sheet_hides_is_remembered() {
        let mut part = PartFacts::of("xl/worksheets/sheet1.xml");
        part.start(b"sheetData", b"sheetData");
        for tag in [
            &b"row r=\"2\" hidden=\"1\""[..],
            b"row r=\"3\" hidden=\"true\"",
            b"row r=\"4\" hidden=\"0\" ht=\"15\"",
            b"row r=\"6\" ht=\"0\"",
        ] {
            part.start(b"row", tag);
        }
        part.start(b"col", b"col min=\"2\" max=\"3\" hidden=\"1\" width=\"9\"");
        part.start(b"col", b"col min=\"5\" max=\"5\" width=\"0\"");
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
}
