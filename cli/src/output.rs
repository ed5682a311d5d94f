//! What people and programs get to see. Text is for people; JSON has a stable schema.

use std::io::{IsTerminal, Write};

use protocol::record::RecordId;
use serde_json::{Value, json};
use verify::{Step, Verdict};

use crate::exit::Failure;

/// Where and how to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    color: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            color: !json && !plain && std::io::stdout().is_terminal(),
        }
    }

    /// Data for a program; nothing in text mode.
    pub(crate) fn data(&self, value: &Value) {
        if self.json {
            self.line(&value.to_string());
        }
    }

    /// Data for people; nothing in JSON mode.
    pub(crate) fn text(&self, line: &str) {
        if !self.json {
            self.line(line);
        }
    }

    /// Nobody listens any more if this fails, and that is no error of ours.
    fn line(&self, line: &str) {
        let _closed = writeln!(std::io::stdout(), "{line}");
    }

    /// A message beside the data.
    pub(crate) fn note(&self, line: &str) {
        let _closed = writeln!(std::io::stderr(), "· {line}");
    }

    /// Warns of letters that may have been typed for others, and names them.
    pub(crate) fn look_alikes(&self, record: &RecordId) {
        let found: Vec<String> = record
            .look_alikes()
            .iter()
            .map(ToString::to_string)
            .collect();
        if !found.is_empty() {
            self.note(&format!(
                "the record's number mixes alphabets: {}; check that it was typed as meant",
                found.join("; ")
            ));
        }
    }

    /// A failure for a program; nothing in text mode.
    pub(crate) fn failure_data(&self, failure: &Failure) {
        self.data(&json!({"schema": "muhr/error/1", "code": failure.code, "error": failure.what, "help": failure.help}));
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        self.failure_data(failure);
        let mut out = std::io::stderr();
        let _closed = writeln!(out, "error: {}", failure.what);
        if let Some(help) = &failure.help {
            let _closed = writeln!(out, " help: {help}");
        }
    }

    /// A verdict in one word, with a mark that needs no colour.
    pub(crate) fn verdict(&self, verdict: Verdict) -> String {
        let (mark, color) = match verdict {
            Verdict::Authentic => ("✔", "32"),
            Verdict::Pending
            | Verdict::Superseded
            | Verdict::Suspended
            | Verdict::NotFound
            | Verdict::CannotDecide => ("▲", "33"),
            _ => ("✘", "31"),
        };
        let words = verdict.words().to_uppercase();
        if self.color {
            format!("\u{1b}[{color}m{mark} {words}\u{1b}[0m")
        } else {
            format!("{mark} {words}")
        }
    }

    pub(crate) fn steps(&self, steps: &[Step]) {
        for (number, step) in (1..).zip(steps) {
            self.text(&format!(
                "  {number:2} {} {}: {}",
                if step.ok { "✔" } else { "✘" },
                step.name,
                step.detail
            ));
        }
    }
}

/// Steps for a program.
pub(crate) fn steps_json(steps: &[Step]) -> Value {
    steps
        .iter()
        .map(|step| json!({"name": step.name, "ok": step.ok, "detail": step.detail}))
        .collect()
}

/// Milliseconds since 1970 as a date and time of day in Tashkent (UTC+5, no summer time).
pub(crate) fn local(ms: u64) -> String {
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
pub(crate) fn iso(ms: u64) -> String {
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
