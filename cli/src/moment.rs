//! Moments as people write them: a date as 2026-11-23, or a second as 2026-11-23T10:00:00Z, in UTC.

use protocol::{height::TimeMs, name::Date};

/// The last millisecond of a day, or of a second.
pub(crate) fn end(text: &str) -> Option<TimeMs> {
    let seconds = seconds(text, "23:59:59")?;
    Some(TimeMs::new(seconds * 1000 + 999))
}

/// The first millisecond of a day, or of a second.
pub(crate) fn start(text: &str) -> Option<TimeMs> {
    Some(TimeMs::new(seconds(text, "00:00:00")? * 1000))
}

fn seconds(text: &str, of_day: &str) -> Option<u64> {
    let (date, clock) = match text.split_once('T') {
        Some((date, clock)) => (date, clock.strip_suffix('Z')?),
        None => (text, of_day),
    };
    let date = Date::parse(date)?;
    let mut parts = clock
        .split(':')
        .map(|part| (part.len() == 2).then(|| part.parse::<u64>().ok())?);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let days = u64::try_from(date.day()).ok()?;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_end_with_their_day_and_nonsense_is_none() {
        let of = |text| end(text).map(TimeMs::get);
        assert_eq!(of("1970-01-01"), Some(86_399_999));
        assert_eq!(of("2026-11-23T10:00:00Z"), Some(1_795_428_000_999));
        assert_eq!(of("2024-02-29"), Some(1_709_251_199_999));
        for wrong in [
            "2026-02-30",
            "2026-11-23T24:00:00Z",
            "2026-11-23T10:00Z",
            "2026-11-23T10:00:00",
            "yesterday",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let of = |text| start(text).map(TimeMs::get);
        assert_eq!(of("1970-01-02"), Some(86_400_000));
        assert_eq!(of("2026-11-23T10:00:00Z"), Some(1_795_428_000_000));
    }
}
