//! Cells in which no value stands any more: what spreadsheets leave in their place, and the marks that this
//! program leaves in the rows to mend, so that a row which is fed back as it is, is refused again.
//!
//! Not here: what a cell of a workbook is (`workbook`), and what a row makes of it (`rows`).

/// A code, and what is wrong.
pub(super) type Why = (&'static str, &'static str);

pub(super) const FORMULA: Why = (
    "formula",
    "a formula, not its value; save the values and run again",
);
pub(super) const SPREADSHEET_ERROR: Why = (
    "spreadsheet-error",
    "a spreadsheet's error in place of a value",
);
const ERRORS: [&str; 8] = [
    "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#N/A", "#NULL!", "#DATA!",
];
/// The marks, behind `#`, each with the code of what was wrong.
const MARKS: [(&str, &str); 6] = [
    ("FORMULA", FORMULA.0),
    ("MERGED", "merged"),
    ("DIGITS", "digits-lost"),
    ("DAY", "no-day"),
    ("SERIAL", "serial-date"),
    ("LONG", "too-long"),
];
/// Letters of a long cell that its mark shows.
const SHOWN: usize = 100;

/// What stands in the rows to mend for a cell with something wrong: a mark, and what was there.
pub(super) fn marked(mark: &str, value: &str) -> String {
    let space = if value.is_empty() { "" } else { " " };
    format!("#{mark}{space}{value}")
}

/// The beginning of a cell that is too long to be kept.
pub(super) fn cut(cell: &str) -> String {
    marked("LONG", &cell.chars().take(SHOWN).collect::<String>())
}

/// What stands in place of a value, if something does.
pub(super) fn find(cell: &str) -> Option<Why> {
    let cell = cell.trim();
    if cell.len() > 1 && cell.starts_with('=') {
        return Some(FORMULA);
    }
    let behind = cell.strip_prefix('#')?;
    if ERRORS.contains(&cell) {
        return Some(SPREADSHEET_ERROR);
    }
    if cell.starts_with("####") && cell.bytes().all(|byte| byte == b'#') {
        let what = "a value that a spreadsheet could not show in its narrow column";
        return Some(("narrow-column", what));
    }
    let word = behind.split(' ').next().unwrap_or_default();
    let mark = MARKS.iter().find(|(mark, _)| *mark == word)?;
    Some((
        mark.1,
        "the mark of a cell that was wrong; put the value in its place",
    ))
}

/// Digits, a fraction and a power of ten: 3.0E+13 was once a number with all its digits.
pub(super) fn shortened(cell: &str) -> bool {
    let Some((digits, power)) = cell.trim().split_once(['E', 'e']) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = digits.split(['.', ',']);
    whole.clone().count() <= 2
        && whole.into_iter().all(is_number)
        && power.strip_prefix('+').is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_spoils_is_noticed() {
        for (cell, code) in [
            ("=A1+B1", "formula"),
            (" #REF! ", "spreadsheet-error"),
            ("#N/A", "spreadsheet-error"),
            ("########", "narrow-column"),
        ] {
            assert_eq!(find(cell).unwrap().0, code, "{cell}");
        }
        for cell in ["", "=", "#12", "N/A", "a=b", "#MERGEDx", "# MERGED"] {
            assert!(find(cell).is_none(), "{cell}");
        }
        assert!(shortened("3.0E+13") && shortened("1,2e+5") && shortened("7E+9"));
        for cell in ["E-12", "12E", "1.2.3E+4", "A7E+9", "12345", "7E9"] {
            assert!(!shortened(cell), "{cell}");
        }
    }

    #[test]
    fn every_mark_is_refused_when_it_comes_back() {
        for (mark, code) in MARKS {
            assert_eq!(find(&marked(mark, "")).unwrap().0, code);
            assert_eq!(find(&marked(mark, "12 a")).unwrap().0, code);
        }
        let long = cut(&"ў".repeat(1 << 20));
        assert_eq!(long.chars().count(), SHOWN + 6);
        assert!(find(&long).is_some());
    }
}
