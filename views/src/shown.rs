//! Values that people and programs read in different forms: times, verdicts, keys of records.

use std::{borrow::Cow, fmt};

use messages::time::{iso, local};
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

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
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
