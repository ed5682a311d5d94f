//! Days and moments as people write them in tables and on command lines.
//!
//! The calendar is the library's (`jiff`), and none of it is counted anywhere else at a desk; what may be written is
//! judged here, strictly. Not here: how moments are shown (`messages::time`), and the dates of the protocol, which
//! keeps its own law (`protocol::name::Date`).

use jiff::{
    Span,
    civil::{self, DateTime},
};
use messages::{
    UserMessage,
    time::{iso, local},
};
use protocol::{height::TimeMs, name::Date};
use thiserror::Error;

use crate::coded::Coded;

/// The moment that milliseconds are counted from.
const EPOCH: DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// So far ahead of UTC is the clock of Tashkent, in milliseconds.
const AHEAD_MS: u64 = 5 * 3_600_000;

/// A day as 2026-11-23 or 23.11.2026.
pub fn day(text: &str) -> Option<Date> {
    let mut parts = text.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year), None) => {
            Date::parse(&format!("{year}-{month:0>2}-{day:0>2}"))
        }
        _ => Date::parse(text),
    }
}

/// A text that is no date, in none of the shapes that are read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{}", self.message())]
pub struct NotADate;

impl Coded for NotADate {
    fn message(&self) -> UserMessage {
        UserMessage::new("not-a-date")
    }
}

/// The day of a cell, with or without a time of day behind it; none if it is empty.
///
/// # Errors
///
/// [`NotADate`].
pub fn of_cell(cell: &str) -> Result<Option<Date>, NotADate> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let found = day(cell.split([' ', 'T']).next().unwrap_or_default());
    found.map(Some).ok_or(NotADate)
}

/// The last millisecond of a day, or of a second as 2026-11-23T10:00:00Z; and the one of 2026-11-23T10:00:00.123Z,
/// as muhr writes it.
pub fn end(text: &str) -> Option<TimeMs> {
    moment(text, "23:59:59", ".999")
}

/// The first millisecond of the same.
pub fn start(text: &str) -> Option<TimeMs> {
    moment(text, "00:00:00", ".000")
}

/// The moment of a day and a time of day on the clock of Tashkent, as 2026-12-12 22:00 or 2026-12-12 22:00:30.
pub fn on_the_clock(text: &str) -> Option<TimeMs> {
    let (day, clock) = text.trim().split_once(' ')?;
    let day = self::day(day)?;
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    let at: DateTime = format!("{day}T{clock}{seconds}").parse().ok()?;
    let ms = at.duration_since(EPOCH).as_millis();
    let ms = u64::try_from(ms).ok()?.checked_sub(AHEAD_MS)?;
    // The library reads more than is meant: only what is shown as it was typed is.
    local(ms)
        .starts_with(&format!("{day} {clock}{seconds} "))
        .then_some(TimeMs::new(ms))
}

fn moment(text: &str, of_day: &str, of_second: &str) -> Option<TimeMs> {
    let (day, clock) = match text.split_once('T') {
        Some((day, clock)) => (day, clock.strip_suffix('Z')?),
        None => (text, of_day),
    };
    let day = of_cell(day).ok().flatten()?;
    let of_second = if clock.contains('.') { "" } else { of_second };
    let whole = format!("{day}T{clock}{of_second}");
    let at: DateTime = whole.parse().ok()?;
    let ms = u64::try_from(at.duration_since(EPOCH).as_millis()).ok()?;
    // The library reads more than this program writes: only what comes out as it went in is meant.
    (iso(ms) == whole + "Z").then_some(TimeMs::new(ms))
}

/// The day that a spreadsheet counts, from 1899 or 1904; none where the calendar has no such day.
pub(crate) fn of_spreadsheet(days: i64, is_1904: bool) -> Option<civil::Date> {
    // In 1900 they count a leap day that there was not.
    let first = match (is_1904, days) {
        (true, _) => civil::date(1904, 1, 1),
        (false, 60) => return None,
        (false, ..60) => civil::date(1899, 12, 31),
        (false, _) => civil::date(1899, 12, 30),
    };
    first.checked_add(Span::new().try_days(days).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use calamine::{ExcelDateTime, ExcelDateTimeType};

    use super::*;

    #[test]
    fn dates_of_tables_are_read_and_nonsense_is_told() {
        for (cell, date) in [
            ("2026-11-23", "2026-11-23"),
            (" 2026-11-23 09:12:00", "2026-11-23"),
            ("2026-11-23T09:12", "2026-11-23"),
            ("23.11.2026", "2026-11-23"),
            ("3.1.2026 09:12", "2026-01-03"),
        ] {
            let read = of_cell(cell).unwrap().unwrap();
            assert_eq!(read.as_str(), date, "{cell}");
        }
        assert!(of_cell("  ").unwrap().is_none());
        for cell in ["11/23/2026", "45984", "30.02.2026", "2026-13-01", "x"] {
            assert!(of_cell(cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn dates_end_with_their_day_and_nonsense_is_none() {
        let of = |text| end(text).map(TimeMs::get);
        assert_eq!(of("1970-01-01"), Some(86_399_999));
        assert_eq!(of("01.01.1970"), Some(86_399_999));
        assert_eq!(of("2026-11-23T10:00:00Z"), Some(1_795_428_000_999));
        assert_eq!(of("2026-11-23T10:00:00.042Z"), Some(1_795_428_000_042));
        assert_eq!(of("2024-02-29"), Some(1_709_251_199_999));
        assert_eq!(of("9999-12-31"), Some(253_402_300_799_999));
        for wrong in [
            "2026-02-30",
            "1969-12-31",
            "2026-11-23T24:00:00Z",
            "2026-11-23T23:59:60Z",
            "2026-11-23T10:00Z",
            "2026-11-23T+1:00:00Z",
            "2026-11-23T10:00:00.42Z",
            "2026-11-23T10:00:00.0042Z",
            "2026-11-23T10:00:00.+42Z",
            "2026-11-23T10:00:00,042Z",
            "2026-11-23T10:00:00.042+05:00Z",
            "2026-11-23T10:00:00[UTC]Z",
            "2026-11-23.042Z",
            "2026-11-23T10:00:00",
            "2026-11-23t10:00:00z",
            "yesterday",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let of = |text| start(text).map(TimeMs::get);
        assert_eq!(of("1970-01-02"), Some(86_400_000));
        assert_eq!(of("2026-11-23T10:00:00Z"), Some(1_795_428_000_000));
    }

    #[test]
    fn moments_on_the_clock_are_those_that_are_shown() {
        let of = |text| on_the_clock(text).map(TimeMs::get);
        assert_eq!(of("1970-01-01 05:00"), Some(0));
        assert_eq!(of("2026-12-12 22:00"), Some(1_797_094_800_000));
        assert_eq!(of("12.12.2026 22:00:30"), Some(1_797_094_830_000));
        for wrong in [
            "1970-01-01 04:59",
            "2026-12-12",
            "2026-12-12 24:00",
            "2026-12-12 22",
            "2026-12-12 22:00:60",
            "2026-12-12 22:00Z",
            "2026-12-12 22:00 (UTC+5)",
            "2026-02-30 22:00",
            "2026-12-12T22:00",
            "tomorrow 22:00",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_muhr_shows_is_read_back() {
        for day in 0..330_000_u64 {
            let ms = day * 86_400_000 + day * 7_919 % 86_400_000;
            assert_eq!(end(&iso(ms)).map(TimeMs::get), Some(ms));
        }
    }

    #[test]
    fn days_of_spreadsheets_are_those_of_the_library_that_reads_them() {
        for is_1904 in [false, true] {
            let last = if is_1904 { 2_957_003 } else { 2_958_465 };
            let days = (1..400).chain((400..last).step_by(11)).chain([last]);
            for day in days.filter(|day| is_1904 || *day != 60) {
                let theirs = ExcelDateTime::new(day as f64, ExcelDateTimeType::DateTime, is_1904);
                let (year, month, of_month, ..) = theirs.to_ymd_hms_milli();
                let ours = of_spreadsheet(day, is_1904).unwrap().to_string();
                assert_eq!(ours, format!("{year:04}-{month:02}-{of_month:02}"), "{day}");
            }
            assert_eq!(of_spreadsheet(last + 1, is_1904), None);
        }
        assert_eq!(of_spreadsheet(60, false), None);
    }
}
