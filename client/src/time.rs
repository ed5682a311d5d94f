//! Days and moments as people write them in tables and on command lines, and as muhr shows them.
//!
//! The calendar is the library's (`jiff`), and none of it is counted anywhere else at a desk; what may be written is
//! judged here, strictly. Shown are UTC and the clock of Tashkent, which is UTC+5 all year: no table of time zones
//! is read. Not here: the dates of the protocol, which keeps its own law (`protocol::name::Date`).

use jiff::{
    SignedDuration, Span,
    civil::{self, DateTime},
};
use protocol::{height::TimeMs, name::Date};

/// The moment that milliseconds are counted from.
const EPOCH: DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);
/// So far ahead of UTC is the clock of Tashkent.
const TASHKENT: SignedDuration = SignedDuration::from_hours(5);
/// After so many years, and so many milliseconds, the calendar repeats itself.
const CYCLE_YEARS: u64 = 400;
const CYCLE_MS: u64 = 146_097 * 86_400_000;

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

/// The day of a cell, with or without a time of day behind it; none if it is empty.
pub fn of_cell(cell: &str) -> Result<Option<Date>, &'static str> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let found = day(cell.split([' ', 'T']).next().unwrap_or_default());
    let found = found.ok_or("not a date like 2026-11-23 or 23.11.2026")?;
    Ok(Some(found))
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

/// Milliseconds since 1970 as a date and time of day in Tashkent.
#[must_use]
pub fn local(ms: u64) -> String {
    let (year, at) = civil(ms, TASHKENT);
    let (month, day) = (at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} (UTC+5)")
}

/// Milliseconds since 1970 in ISO 8601, UTC.
#[must_use]
pub fn iso(ms: u64) -> String {
    let (year, at) = civil(ms, SignedDuration::ZERO);
    let (month, day) = (at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    let part = ms % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{part:03}Z")
}

/// The year, and the day and time of day in it. Whoever names a time that no calendar has room for is shown it all
/// the same: years are counted in cycles, of which the library sees the first.
fn civil(ms: u64, ahead: SignedDuration) -> (u64, DateTime) {
    let rest = i64::try_from(ms % CYCLE_MS).unwrap_or_default();
    let ahead = SignedDuration::from_millis(rest).saturating_add(ahead);
    let at = EPOCH.saturating_add(ahead);
    let year = u64::try_from(at.year()).unwrap_or_default();
    (ms / CYCLE_MS * CYCLE_YEARS + year, at)
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

    /// The calendar date of a day, as this program once counted it: the oracle.
    fn counted(days: u64) -> (u64, u64, u64) {
        let shifted = days + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + u64::from(month <= 2), month, day)
    }

    #[test]
    fn times_are_shown_in_tashkent_and_in_utc_as_ever() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(local(1_795_430_400_000), "2026-11-23 15:40:00 (UTC+5)");
        // Every day of 900 years at another moment of it, and any moment at all.
        let days = (0..330_000_u64).map(|day| day * 86_400_000 + day * 7_919 % 86_400_000);
        let any = (1..100_000_u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (at % 24));
        let edges = [u64::MAX, CYCLE_MS - 1, CYCLE_MS, CYCLE_MS - 18_000_000];
        for ms in days.chain(any).chain(edges) {
            let seconds = ms / 1000;
            let clock = |second: u64| {
                let (minute, hour) = (second / 60 % 60, second / 3600 % 24);
                format!("{hour:02}:{minute:02}:{:02}", second % 60)
            };
            let (year, month, day) = counted(seconds / 86_400);
            let (time, part) = (clock(seconds), ms % 1000);
            let wanted = format!("{year:04}-{month:02}-{day:02}T{time}.{part:03}Z");
            assert_eq!(iso(ms), wanted, "{ms}");
            if year < 10_000 {
                assert_eq!(end(&wanted).map(TimeMs::get), Some(ms));
            }
            let seconds = seconds + 5 * 3600;
            let (year, month, day) = counted(seconds / 86_400);
            let wanted = format!("{year:04}-{month:02}-{day:02} {} (UTC+5)", clock(seconds));
            assert_eq!(local(ms), wanted, "{ms}");
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
