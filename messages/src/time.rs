//! Moments as muhr shows them: UTC for programs, and the clock of Tashkent for people, which is UTC+5 all year. The
//! calendar is the library's (`jiff`); no table of time zones is read.
//!
//! Not here: how people write days and moments (`client::time`), and the protocol's own dates.

use jiff::{
    SignedDuration,
    civil::{self, DateTime},
};

/// The moment that milliseconds are counted from.
const EPOCH: DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);
/// So far ahead of UTC is the clock of Tashkent.
const TASHKENT: SignedDuration = SignedDuration::from_hours(5);
/// After so many years, and so many milliseconds, the calendar repeats itself.
const CYCLE_YEARS: u64 = 400;
const CYCLE_MS: u64 = 146_097 * 86_400_000;

/// Milliseconds since 1970 as a date and time of day in Tashkent.
#[must_use]
pub fn local(ms: u64) -> String {
    let (year, at) = civil_time(ms, TASHKENT);
    let (month, day) = (at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} (UTC+5)")
}

/// Milliseconds since 1970 in ISO 8601, UTC.
#[must_use]
pub fn iso(ms: u64) -> String {
    let (year, at) = civil_time(ms, SignedDuration::ZERO);
    let (month, day) = (at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    let part = ms % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{part:03}Z")
}

/// The year, and the day and time of day in it. Whoever names a time that no calendar has room for is shown it all
/// the same: years are counted in cycles, of which the library sees the first.
fn civil_time(ms: u64, ahead: SignedDuration) -> (u64, DateTime) {
    let rest = i64::try_from(ms % CYCLE_MS).unwrap_or_default();
    let ahead = SignedDuration::from_millis(rest).saturating_add(ahead);
    let at = EPOCH.saturating_add(ahead);
    let year = u64::try_from(at.year()).unwrap_or_default();
    (ms / CYCLE_MS * CYCLE_YEARS + year, at)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let seconds = seconds + 5 * 3600;
            let (year, month, day) = counted(seconds / 86_400);
            let wanted = format!("{year:04}-{month:02}-{day:02} {} (UTC+5)", clock(seconds));
            assert_eq!(local(ms), wanted, "{ms}");
        }
    }
}
