//! Cells in which no value stands any more: what spreadsheets leave in their place, and the marks that this
//! program leaves in the rows to mend, so that a row which is fed back as it is, is refused again.
//!
//! Not here: what a cell of a workbook is (`workbook`), and what a row makes of it (`rows`).

use messages::UserMessage;

/// The code of a row, and what is wrong with the cell.
pub(super) type Why = (&'static str, UserMessage);

/// The code of a cell with a formula.
const FORMULA_CODE: &str = "formula";
pub(super) const FORMULA: Why = (FORMULA_CODE, UserMessage::new("cell-formula"));
pub(super) const SPREADSHEET_ERROR: Why = (
    "spreadsheet-error",
    UserMessage::new("cell-spreadsheet-error"),
);
const SHORTENED: Why = ("shortened", UserMessage::new("cell-shortened"));
/// Letter that stands where a program could not read one.
const LOST: char = '\u{fffd}';
/// The code of a row whose quotes make doubtful what is in it.
pub(super) const QUOTES: &str = "quotes";
/// The code of a cell whose letters are written otherwise than those of its table.
pub(super) const TWO_ALPHABETS: &str = "two-alphabets";
/// Errors of spreadsheets that end neither in ! nor in ?, by the languages in which Excel, LibreOffice, Google
/// and WPS write them. Those that do end so are told by their form in every language: #REF!, #ССЫЛКА!, #ССЫЛ!,
/// #ПЕРЕНОС!, #BEZUG!, #¡VALOR!, #¿NOMBRE? (Microsoft's lists of error values, one for each language of Excel;
/// LibreOffice's list of error codes).
const ERRORS: [&str; 23] = [
    // English, French, Polish, Japanese, Uzbek.
    "#N/A",
    "#GETTING_DATA",
    // Russian and Kazakh, Ukrainian; #H/Д has a Latin letter in it.
    "#Н/Д",
    "#H/Д",
    "#ОЖИДАНИЕ_ДАННЫХ",
    "#ПОЛУЧЕНИЕ_ДАННЫХ",
    "#ЗАГРУЗКА",
    // German, Italian, Spanish, Portuguese, Dutch, Danish.
    "#NV",
    "#N/D",
    "#ND",
    "#N/DISP",
    "#N/B",
    "#I/T",
    "#DATEN_ABRUFEN",
    "#OBTENIENDO_DATOS",
    // Turkish, Hungarian, Czech, Swedish, Finnish, Polish.
    "#YOK",
    "#HIÁNYZIK",
    "#NENÍ_K_DISPOZICI",
    "#SAKNAS",
    "#PUUTTUU",
    "#BRAK",
    // Of other programs.
    "#NULL",
    "#ERROR",
];
/// How LibreOffice begins an error that has a number only, in English and Russian: Err:502.
const NUMBERED: [&str; 3] = ["Err:", "Ошибка:", "Ош:"];
/// The marks, behind `#`, each with the code of what was wrong.
const MARKS: [(&str, &str); 9] = [
    ("LETTERS", TWO_ALPHABETS),
    ("TEXT", "escaped-text"),
    ("QUOTES", QUOTES),
    ("FORMULA", FORMULA_CODE),
    ("MERGED", "merged"),
    ("DIGITS", "digits-lost"),
    ("DAY", "no-day"),
    ("SERIAL", "serial-date"),
    ("LONG", "too-long"),
];
/// Letters of a long cell that its mark shows.
const SHOWN: usize = 100;

/// Text in the rows to mend for a cell with something wrong: a mark, and what was there.
pub(super) fn marked(mark: &str, value: &str) -> String {
    let space = if value.is_empty() { "" } else { " " };
    format!("#{mark}{space}{value}")
}

/// The beginning of a cell that is too long to be kept.
pub(super) fn cut(cell: &str) -> String {
    marked("LONG", &cell.chars().take(SHOWN).collect::<String>())
}

/// Reason why a cell holds no value, if there is one.
pub(super) fn find(cell: &str) -> Option<Why> {
    if cell.contains(LOST) {
        return Some(("lost-letter", UserMessage::new("cell-lost-letter")));
    }
    let cell = cell.trim();
    if cell.len() > 1 && cell.starts_with('=') {
        return Some(FORMULA);
    }
    if is_numbered(cell) {
        return Some(SPREADSHEET_ERROR);
    }
    if is_shortened(cell) {
        return Some(SHORTENED);
    }
    let behind = cell.strip_prefix('#')?;
    if ERRORS.contains(&cell) || is_error(behind) {
        return Some(SPREADSHEET_ERROR);
    }
    if cell.starts_with("####") && cell.bytes().all(|byte| byte == b'#') {
        return Some(("narrow-column", UserMessage::new("cell-narrow-column")));
    }
    let word = behind.split(' ').next().unwrap_or_default();
    let mark = MARKS.iter().find(|(mark, _)| *mark == word)?;
    Some((mark.1, UserMessage::new("cell-mark-left")))
}

/// Capitals of any language behind `#`, and `!` or `?` at the end.
fn is_error(behind: &str) -> bool {
    let Some(word) = behind.strip_suffix(['!', '?']) else {
        return false;
    };
    let word = word.trim_start_matches(['¡', '¿']);
    let fits = |letter: char| letter.is_uppercase() || matches!(letter, '/' | '0' | '_' | '.');
    word.chars().all(fits) && word.chars().filter(|letter| letter.is_uppercase()).count() >= 2
}

/// LibreOffice's errors are numbered from 501 on.
fn is_numbered(cell: &str) -> bool {
    NUMBERED.iter().any(|start| {
        let number = cell.strip_prefix(start).unwrap_or_default();
        number.len() == 3
            && number.starts_with('5')
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Digits, a fraction and a power of ten: 3.0E+13 was once a number with all its digits, and so was 3.0E13. The
/// letter may be the Cyrillic one. Without sign and fraction, as in 7E9, it may be a number of somebody's.
fn is_shortened(cell: &str) -> bool {
    let cell = cell.strip_prefix('-').unwrap_or(cell);
    let Some((digits, power)) = cell.split_once(['E', 'e', '\u{415}', '\u{435}']) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match digits.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let unsigned = power.strip_prefix(['+', '-']);
    let is_marked = fraction.is_some() || power.starts_with('+');
    is_marked
        && is_number(whole)
        && fraction.is_none_or(is_number)
        && is_number(unsigned.unwrap_or(power))
}

/// A whole number with .0 behind it, as programs write that keep numbers as fractions.
pub(super) fn is_whole_fraction(cell: &str) -> bool {
    let cell = cell.trim();
    let whole = cell.strip_suffix(".0").or_else(|| cell.strip_suffix(",0"));
    whole.is_some_and(|whole| !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()))
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
            ("#Н/Д", "spreadsheet-error"),
            ("#ССЫЛКА!", "spreadsheet-error"),
            ("#ССЫЛ!", "spreadsheet-error"),
            ("#ДЕЛ/0!", "spreadsheet-error"),
            ("#ИМЯ?", "spreadsheet-error"),
            ("#ПЕРЕНОС!", "spreadsheet-error"),
            ("#DIV/0!", "spreadsheet-error"),
            ("#¡VALOR!", "spreadsheet-error"),
            ("#¿NOMBRE?", "spreadsheet-error"),
            ("#SAYI/0!", "spreadsheet-error"),
            ("#YOK", "spreadsheet-error"),
            ("Err:502", "spreadsheet-error"),
            ("Ошибка:504", "spreadsheet-error"),
            ("########", "narrow-column"),
            ("To\u{fffd}kent", "lost-letter"),
            ("3.0E+13", "shortened"),
            ("3,12E+13", "shortened"),
            ("3.0E13", "shortened"),
            ("7E+9", "shortened"),
            ("1.5E-07", "shortened"),
            ("-3.12e+13", "shortened"),
            ("3,12\u{415}+13", "shortened"),
            ("3.1\u{435}13", "shortened"),
        ] {
            assert_eq!(find(cell).map(|why| why.0), Some(code), "{cell}");
        }
        for cell in [
            "", "=", "#12", "N/A", "a=b", "#MERGEDx", "# MERGED", "#A!", "#12!", "#ok!", "#B2?",
            "Err:12", "Err:502a", "E-12", "12E", "1.2.3E+4", "A7E+9", "12345", "7E9", "12E-4",
            "1.5 E+3", "1.E+3",
        ] {
            assert!(find(cell).is_none(), "{cell}");
        }
        assert!(is_whole_fraction("101.0") && is_whole_fraction(" 7,0"));
        for cell in ["101", "101.00", "1.0.0", ".0", "A1.0", "1.5"] {
            assert!(!is_whole_fraction(cell), "{cell}");
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
