//! Moments as people write them: a date as 2026-11-23 or 23.11.2026, or a second as 2026-11-23T10:00:00Z, in UTC; and to
//! the millisecond, as muhr writes them: 2026-11-23T10:00:00.123Z.

use protocol::height::TimeMs;

use crate::date;

/// The last millisecond of a day, or of a second.
pub fn end(text: &str) -> Option<TimeMs> {
    let end = || Some(TimeMs::new(seconds(text, "23:59:59")? * 1000 + 999));
    exact(text).or_else(end)
}

/// The first millisecond of a day, or of a second.
pub fn start(text: &str) -> Option<TimeMs> {
    let start = || Some(TimeMs::new(seconds(text, "00:00:00")? * 1000));
    exact(text).or_else(start)
}

fn exact(text: &str) -> Option<TimeMs> {
    let (second, part) = text.strip_suffix('Z')?.rsplit_once('.')?;
    let digits = part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let part = digits.then(|| part.parse::<u64>().ok())??;
    Some(TimeMs::new(
        seconds(&format!("{second}Z"), "")? * 1000 + part,
    ))
}

fn seconds(text: &str, of_day: &str) -> Option<u64> {
    let (date, clock) = match text.split_once('T') {
        Some((date, clock)) => (date, clock.strip_suffix('Z')?),
        None => (text, of_day),
    };
    let date = date::read(date).ok().flatten()?;
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
        assert_eq!(of("01.01.1970"), Some(86_399_999));
        assert_eq!(of("2026-11-23T10:00:00Z"), Some(1_795_428_000_999));
        assert_eq!(of("2026-11-23T10:00:00.042Z"), Some(1_795_428_000_042));
        assert_eq!(of("2024-02-29"), Some(1_709_251_199_999));
        for wrong in [
            "2026-02-30",
            "2026-11-23T24:00:00Z",
            "2026-11-23T10:00Z",
            "2026-11-23T10:00:00.42Z",
            "2026-11-23T10:00:00.0042Z",
            "2026-11-23T10:00:00.+42Z",
            "2026-11-23.042Z",
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
