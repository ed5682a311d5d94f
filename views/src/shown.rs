//! Values that people and programs read in different forms: times, verdicts, keys of records.

use std::{borrow::Cow, fmt};

use protocol::{
    entry::Operation,
    hash::RecordKey,
    height::{TimeMs, UnixSeconds},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use verify::Verdict;

/// What is said of a checkpoint that has its quorum and no line of the log's own key.
pub const WITHOUT_LOG_LINE: &str = "without the log's own line: other people's tools refuse it until an agency that has the publisher's key is back";

/// A moment: in Tashkent for people, in UTC for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShownTime(u64);

impl ShownTime {
    /// Milliseconds since 1970.
    #[must_use]
    pub const fn of_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// As people read it.
    #[must_use]
    pub fn local(self) -> String {
        local(self.0)
    }

    /// As programs and tables have it.
    #[must_use]
    pub fn iso(self) -> String {
        iso(self.0)
    }
}

impl From<TimeMs> for ShownTime {
    fn from(time: TimeMs) -> Self {
        Self(time.get())
    }
}

impl From<UnixSeconds> for ShownTime {
    fn from(time: UnixSeconds) -> Self {
        Self(time.get().saturating_mul(1000))
    }
}

impl Serialize for ShownTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso())
    }
}

impl JsonSchema for ShownTime {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ShownTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// A verdict in its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling(pub Verdict);

impl Serialize for Ruling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.words())
    }
}

impl JsonSchema for Ruling {
    fn schema_name() -> Cow<'static, str> {
        "Verdict".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = Verdict::BY_GRAVITY.map(Verdict::words);
        json_schema!({"type": "string", "enum": words, "description": "A verdict; the gravest stands first."})
    }
}

/// The key of a record: hexadecimal digits for programs and addresses, base64 for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownKey(pub RecordKey);

impl fmt::Display for ShownKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for ShownKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl JsonSchema for ShownKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RecordKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
    }
}

/// An operation in its word.
pub(crate) fn operation<S: Serializer>(
    operation: &Operation,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(operation.word())
}

/// The number of a record where it is known, else its key.
pub(crate) fn named(number: Option<&str>, key: ShownKey) -> String {
    number.map_or_else(|| format!("key {key}"), ToOwned::to_owned)
}

/// Milliseconds since 1970 as a date and time of day in Tashkent (UTC+5, no summer time).
#[must_use]
pub fn local(ms: u64) -> String {
    let shifted = ms / 1000 + 5 * 3600;
    let (year, month, day) = civil(shifted / 86_400);
    let second = shifted % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} (UTC+5)",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Milliseconds since 1970 in ISO 8601, UTC.
#[must_use]
pub fn iso(ms: u64) -> String {
    let seconds = ms / 1000;
    let (year, month, day) = civil(seconds / 86_400);
    let second = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        ms % 1000
    )
}

/// The calendar date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_tashkent_and_in_utc() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(local(1_795_430_400_000), "2026-11-23 15:40:00 (UTC+5)");
    }
}
