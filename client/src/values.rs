//! Texts of one value: a day or a number that programs write in several ways, each with one canonical text.
//!
//! A typed cell of a workbook is anchored as its canonical text. Text of a CSV file is anchored as it stands,
//! and compared by this: that a day is written 23.11.2026 this month and 2026-11-23 the next is no change of
//! the record. What is not plainly a day or such a number is only itself: 0012 is not 12, and 80.0 not 80.

use std::borrow::Cow;

use crate::time;

/// Digits of a number that spreadsheets keep and show.
pub const DIGITS: usize = 15;

/// Returns whether two texts are one value.
pub fn same(one: &str, other: &str) -> bool {
    one == other || canonical(one) == canonical(other)
}

/// The one text of a value.
pub fn canonical(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let found = moment(trimmed).or_else(|| shortest(trimmed));
    found.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A day as 2026-11-23, with a time of day behind it as T09:12:00 unless that is midnight. Read are 2026-11-23
/// and 23.11.2026, and behind T or a blank hours and minutes, with seconds, their fractions and Z.
pub fn moment(text: &str) -> Option<String> {
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let day = time::day(day)?;
    let Some(time) = time else {
        return Some(day.as_str().to_owned());
    };
    let time = time.strip_suffix('Z').unwrap_or(time);
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.is_some_and(|fraction| !is_digits(fraction)) {
        return None;
    }
    let mut parts = time.split(':');
    let mut part = |most: u32, is_due: bool| match parts.next() {
        None if !is_due => Some(0),
        Some(part) if part.len() <= 2 && is_digits(part) => {
            part.parse().ok().filter(|part| *part <= most)
        }
        _ => None,
    };
    let clock: [u32; 3] = [part(23, true)?, part(59, true)?, part(59, false)?];
    if parts.next().is_some() || (fraction.is_some() && time.matches(':').count() < 2) {
        return None;
    }
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    let [hour, minute, second] = clock;
    Some(match (clock, fraction) {
        ([0, 0, 0], "") => day.as_str().to_owned(),
        (_, "") => format!("{day}T{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{day}T{hour:02}:{minute:02}:{second:02}.{fraction}"),
    })
}

/// Of a decimal with more digits than a spreadsheet keeps, the shortest that it shows: 0.3 of
/// 0.30000000000000004. None for any other text.
fn shortest(text: &str) -> Option<String> {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = plain.split_once('.')?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = whole == "0" || !whole.starts_with('0');
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0').len();
    if !is_digits(whole) || !is_digits(fraction) || !is_plain || digits <= DIGITS {
        return None;
    }
    Some(rounded(text.parse().ok()?).to_string())
}

/// A number with as many digits as spreadsheets show; nought has no sign.
pub fn rounded(number: f64) -> f64 {
    if number.fract() == 0.0 {
        return number + 0.0;
    }
    let shown = format!("{number:.*e}", DIGITS - 1);
    shown.parse().unwrap_or(number) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_text() {
        for text in [
            "2026-11-23",
            "23.11.2026",
            " 2026-11-23 ",
            "2026-11-23T00:00:00",
            "2026-11-23T00:00:00.000",
            "2026-11-23T00:00:00Z",
            "2026-11-23 00:00:00",
            "23.11.2026 0:00",
        ] {
            assert_eq!(canonical(text), "2026-11-23", "{text}");
        }
        for text in [
            "2026-11-23T09:12",
            "2026-11-23 9:12:00.0",
            "23.11.2026 09:12:00",
        ] {
            assert_eq!(canonical(text), "2026-11-23T09:12:00", "{text}");
        }
        assert_eq!(
            canonical("2026-11-23T09:12:00.250Z"),
            "2026-11-23T09:12:00.25"
        );
        for other in [
            "2026-11-23T24:00:00",
            "2026-11-23T",
            "2026-11-23T0",
            "2026-11-23T00:00.5",
            "2026-11-23T00:00:00:00",
            "2026-11-23T00:00:00+05:00",
            "2026-02-30",
            "23.11.26",
            "2026-11-23 and later",
            "x",
            "",
        ] {
            assert_eq!(canonical(other), other);
        }
    }

    #[test]
    fn a_number_has_the_digits_that_a_spreadsheet_shows() {
        for (text, shown) in [
            ("0.30000000000000004", "0.3"),
            ("0.7999999999999999", "0.8"),
            ("-1.1000000000000001", "-1.1"),
            ("123456789.12345678", "123456789.123457"),
        ] {
            assert_eq!(canonical(text), shown);
            assert!(same(text, shown));
        }
        for other in [
            "0.3",
            "80.0",
            "0012",
            "00.30000000000000004",
            "12345678901234567890",
            "1.2.3",
            "1e-7",
            "0.300000000000000",
        ] {
            assert_eq!(canonical(other), other);
        }
        assert!(!same("80", "80.0") && !same("12", "0012") && !same("a", "A"));
        assert_eq!(rounded(0.1 + 0.2), 0.3);
        assert_eq!(rounded(-0.0).to_string(), "0");
        assert_eq!(rounded(1e-7), 1e-7);
    }
}
