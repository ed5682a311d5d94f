//! Typed cells of a workbook: each as the one text that is meant (docs/decisions/0031-one-text-per-cell.md), or the
//! reason why it has none, and what stands for it in the rows to mend.

use calamine::{DataRef, XlsxFormulaMetadata};
use messages::UserMessage;

use super::super::{
    cell_errors::{FORMULA, SPREADSHEET_ERROR, marked},
    source::CELL_BYTES_MAX,
};
use crate::{time, values};

/// A spreadsheet keeps so many digits of a number.
const WHOLE_MAX: f64 = 1e15;
/// The day after the last that a spreadsheet knows, 9999-12-31.
const DAYS_END: i64 = 2_958_466;
/// Days between the two beginnings that spreadsheets count days from.
const DAYS_OF_1904: i64 = 1_462;
const DAY_SECONDS: i64 = 86_400;

/// The text of a cell, or what is wrong with it.
pub(super) type Cell = Result<String, Spoilt>;

/// Why a cell has no text, and what stands for it in the rows to mend: fed back as it is, it is refused again.
pub(super) struct Spoilt {
    pub(super) code: &'static str,
    pub(super) what: UserMessage,
    pub(super) mark: String,
}

/// A formula as people write it, where the file has it at this cell.
pub(super) fn of_formula(formula: &XlsxFormulaMetadata) -> Spoilt {
    let written = match formula {
        XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => {
            formula.as_str()
        }
        _ => "",
    };
    Spoilt {
        code: FORMULA.0,
        what: FORMULA.1,
        mark: match written {
            "" => marked("FORMULA", ""),
            written => format!("={written}"),
        },
    }
}

/// Text that holds an escape of a character that needs none: what was typed cannot be told.
pub(super) fn escaped(text: &str) -> Spoilt {
    Spoilt {
        code: "escaped-text",
        what: UserMessage::new("cell-escaped-text"),
        mark: marked("TEXT", text),
    }
}

/// The text that is meant by a cell.
pub(super) fn text(value: &DataRef<'_>, is_1904: bool) -> Cell {
    match value {
        DataRef::Empty => Ok(String::new()),
        DataRef::String(text) => Ok(text.clone()),
        DataRef::DateTimeIso(text) => values::moment(text).ok_or_else(|| no_day(text, NO_DATE)),
        DataRef::DurationIso(text) => Err(no_day(text, NO_DAY)),
        // Many cells may share one string that is far too long: it is not copied for each.
        DataRef::SharedString(text) if text.len() > CELL_BYTES_MAX => Err(Spoilt {
            code: "too-long",
            what: UserMessage::new("cell-too-long"),
            mark: marked("LONG", ""),
        }),
        DataRef::SharedString(text) => Ok((*text).to_owned()),
        DataRef::Int(number) => Ok(number.to_string()),
        DataRef::Float(number) => decimal(*number),
        DataRef::Bool(truth) => Ok(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(moment) if moment.is_duration() => {
            Err(no_day(&moment.as_f64().to_string(), NO_DAY))
        }
        DataRef::DateTime(moment) => date(moment.as_f64(), is_1904),
        DataRef::Error(error) => Err(Spoilt {
            code: SPREADSHEET_ERROR.0,
            what: SPREADSHEET_ERROR.1,
            mark: error.to_string(),
        }),
    }
}

fn decimal(number: f64) -> Cell {
    let shown = values::rounded(number);
    if shown.abs() < WHOLE_MAX {
        return Ok(shown.to_string());
    }
    Err(Spoilt {
        code: "digits-lost",
        what: UserMessage::new("cell-digits-lost"),
        mark: marked("DIGITS", &number.to_string()),
    })
}

const NO_DAY: UserMessage = UserMessage::new("cell-time-without-day");
const NO_DATE: UserMessage = UserMessage::new("cell-not-a-date");

fn no_day(value: &str, what: UserMessage) -> Spoilt {
    Spoilt {
        code: "no-day",
        what,
        mark: marked("DAY", value),
    }
}

/// The day of a number that stands where dates do.
pub(in crate::table) fn day(days: f64, is_1904: bool) -> Option<String> {
    date(days, is_1904).ok()
}

/// Days since the end of 1899, or the beginning of 1904, as a date, with a time of day if there is one: to the
/// second, as spreadsheets show it.
fn date(days: f64, is_1904: bool) -> Cell {
    let wrong = |what| no_day(&days.to_string(), what);
    let end = if is_1904 {
        DAYS_END - DAYS_OF_1904
    } else {
        DAYS_END
    };
    // The first of 1904 has the number 0; a part of a day alone is a time in both.
    let is_day = days >= 1.0 || (is_1904 && days == 0.0);
    let is_known = days < end as f64;
    if !is_day || !is_known {
        return Err(wrong(NO_DAY));
    }
    let seconds = (days * DAY_SECONDS as f64).round() as i64;
    let (whole, rest) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
    if whole >= end {
        return Err(wrong(NO_DAY));
    }
    if whole == 60 && !is_1904 {
        return Err(wrong(UserMessage::new("cell-day-of-spreadsheets-only")));
    }
    let date = time::of_spreadsheet(whole, is_1904).ok_or_else(|| wrong(NO_DAY))?;
    Ok(match (rest / 3600, rest / 60 % 60, rest % 60) {
        (0, 0, 0) => date.to_string(),
        (hour, minute, second) => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_calendar_has_them() {
        let read = |days, is_1904| date(days, is_1904).ok();
        assert_eq!(read(46_349.0, false).unwrap(), "2026-11-23");
        assert_eq!(read(44_887.0, true).unwrap(), "2026-11-23");
        assert_eq!(read(45_943.5, false).unwrap(), "2025-10-13T12:00:00");
        assert_eq!(read(59.0, false).unwrap(), "1900-02-28");
        assert_eq!(read(61.0, false).unwrap(), "1900-03-01");
        for days in [0.0, 60.0, 0.5, -1.0, f64::NAN, 3e6, 2_958_465.999_999] {
            assert!(read(days, false).is_none(), "{days}");
        }
        // Of 1904 the first day is 0, and there is no day too many.
        assert_eq!(read(0.0, true).unwrap(), "1904-01-01");
        assert_eq!(read(60.0, true).unwrap(), "1904-03-01");
        for days in [0.5, -1.0, f64::NAN, 2_957_004.0] {
            assert!(read(days, true).is_none(), "{days}");
        }
        // To the second, and over midnight where that is nearer.
        assert_eq!(read(45_989.999_999, false).unwrap(), "2025-11-29");
        let noon = 46_349.0 + 43_199.999_9 / 86_400.0;
        assert_eq!(read(noon, false).unwrap(), "2026-11-23T12:00:00");
    }

    #[test]
    fn numbers_are_written_with_all_their_digits_or_not_at_all() {
        for (number, text) in [
            (7.0, "7"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (123_456_789_012.0, "123456789012"),
            (1e-7, "0.0000001"),
            (0.1 + 0.2, "0.3"),
            (0.7 + 0.1, "0.8"),
            (123_456_789.123_456_78, "123456789.123457"),
        ] {
            assert_eq!(decimal(number).ok().unwrap(), text);
        }
        for number in [1e15, -1e15, 999_999_999_999_999.9, f64::INFINITY, f64::NAN] {
            assert!(decimal(number).is_err());
        }
    }
}
