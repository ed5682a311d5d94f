//! Entries that stand out, and by which thresholds. Pure: the same entries give the same lines.

use std::collections::BTreeMap;

use messages::UserMessage;
use protocol::{
    entry::Operation,
    height::{LeafIndex, TimeMs},
    name::{ClerkName, RegistryName},
};
use views::auditor::anomalies::ShownThresholds;

use super::{AnomaliesArguments, SeenEntry};
use crate::{
    auditor::report::{EntryPosition, OFFSET_MS, day_of},
    exit::{Failure, USAGE, words},
};

const HOUR_MS: u64 = 3_600_000;
/// From Sunday, as 1970-01-01 was a Thursday.
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Beyond what something stands out.
pub(super) struct Thresholds {
    late_days: i64,
    ahead_days: i64,
    burst: usize,
    within_minutes: u64,
    /// The first hour of work, and the first after it.
    hours: (u64, u64),
    rest: Vec<String>,
}

/// Something that stands out: one entry, or several of one clerk in one registry.
pub(super) struct Anomaly<'a> {
    pub(super) kind: &'static str,
    pub(super) first: &'a SeenEntry,
    pub(super) last: EntryPosition,
    /// Where each of them stands.
    pub(super) leaves: Vec<LeafIndex>,
    pub(super) detail: String,
}

impl Anomaly<'_> {
    /// The one entry that this is about; none if it is about several.
    pub(super) fn single(&self) -> Option<&SeenEntry> {
        (self.leaves.len() == 1).then_some(self.first)
    }
}

impl Thresholds {
    pub(super) fn of(arguments: &AnomaliesArguments) -> Result<Self, Failure> {
        let hours = arguments.hours.split_once('-');
        let hours = hours.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        let hours = hours.filter(|(from, to)| from < to && *to <= 24);
        let hours = hours.ok_or_else(|| {
            Failure::new(USAGE, UserMessage::new("hours-invalid"))
                .help(UserMessage::new("help-hours-form"))
        })?;
        Ok(Self {
            late_days: arguments.late.into(),
            ahead_days: arguments.ahead.into(),
            burst: arguments.burst as usize,
            within_minutes: arguments.within.into(),
            hours,
            rest: arguments
                .rest
                .iter()
                .filter(|day| *day != "none")
                .cloned()
                .collect(),
        })
    }

    pub(super) fn view(&self) -> ShownThresholds {
        ShownThresholds {
            late_days: self.late_days,
            ahead_days: self.ahead_days,
            burst_entries: self.burst,
            burst_minutes: self.within_minutes,
            hours: self.hours.into(),
            rest: self.rest.clone(),
            zone: "UTC+5",
        }
    }

    fn is_odd(&self, time: TimeMs) -> bool {
        let local = time.get().saturating_add(OFFSET_MS);
        let hour = local / HOUR_MS % 24;
        let at = usize::try_from((day_of(time) + 4) % 7).unwrap_or(0);
        let rests = self.rest.iter().any(|day| day == DAYS[at]);
        rests || hour < self.hours.0 || hour >= self.hours.1
    }
}

/// All that stands out, by kind and then by place.
pub(super) fn all<'a>(seen: &'a [SeenEntry], thresholds: &Thresholds) -> Vec<Anomaly<'a>> {
    let mut findings: Vec<_> = seen
        .iter()
        .filter_map(|entry| dated(entry, thresholds))
        .collect();
    findings.sort_by_key(|finding| finding.kind != "late");
    let mut of_clerks = BTreeMap::<(&ClerkName, &RegistryName), Vec<&SeenEntry>>::new();
    for entry in seen {
        let of = of_clerks
            .entry((&entry.clerk, &entry.registry))
            .or_default();
        of.push(entry);
    }
    for grouped in [bursts, odd_hours] {
        let mut found: Vec<_> = of_clerks
            .values()
            .flat_map(|entries| grouped(entries, thresholds))
            .collect();
        found.sort_by_key(|finding| finding.first.place);
        findings.append(&mut found);
    }
    for operation in [Operation::Correct, Operation::Revoke] {
        let of = seen.iter().filter(|entry| entry.operation == operation);
        findings.extend(of.map(mended));
    }
    findings
}

fn one<'a>(kind: &'static str, entry: &'a SeenEntry, detail: String) -> Anomaly<'a> {
    Anomaly {
        kind,
        first: entry,
        last: entry.place,
        leaves: vec![entry.place.index],
        detail,
    }
}

/// The declared date against the day on which the block was decided.
fn dated<'a>(entry: &'a SeenEntry, thresholds: &Thresholds) -> Option<Anomaly<'a>> {
    let date = entry.effective.as_ref()?;
    let days = day_of(entry.place.time) - date.day();
    if days > thresholds.late_days {
        let detail = words(
            &UserMessage::new("anomaly-late")
                .text("date", date)
                .text("days", days),
        );
        Some(one("late", entry, detail))
    } else if -days > thresholds.ahead_days {
        let detail = words(
            &UserMessage::new("anomaly-ahead")
                .text("date", date)
                .text("days", -days),
        );
        Some(one("ahead", entry, detail))
    } else {
        None
    }
}

/// Entries, in their order, every one of which belongs to some `burst` in a row within the minutes.
fn bursts<'a>(entries: &[&'a SeenEntry], thresholds: &Thresholds) -> Vec<Anomaly<'a>> {
    let within = thresholds.within_minutes * 60_000;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, window) in entries.windows(thresholds.burst).enumerate() {
        let (Some(first), Some(last)) = (window.first(), window.last()) else {
            continue;
        };
        let took = last.place.time.get().saturating_sub(first.place.time.get());
        if took > within {
            continue;
        }
        let end = at + window.len() - 1;
        match runs.last_mut().filter(|(_, until)| at <= *until) {
            Some((_, until)) => *until = end,
            None => runs.push((at, end)),
        }
    }
    runs.iter()
        .filter_map(|(from, to)| group("burst", entries.get(*from..=*to)?))
        .collect()
}

/// Entries at odd hours, those of one day together.
fn odd_hours<'a>(entries: &[&'a SeenEntry], thresholds: &Thresholds) -> Vec<Anomaly<'a>> {
    let odd = entries
        .iter()
        .filter(|entry| thresholds.is_odd(entry.place.time));
    let mut days = BTreeMap::<i64, Vec<&'a SeenEntry>>::new();
    for entry in odd {
        let day = day_of(entry.place.time);
        days.entry(day).or_default().push(entry);
    }
    days.values().filter_map(|of| group("hours", of)).collect()
}

fn group<'a>(kind: &'static str, entries: &[&'a SeenEntry]) -> Option<Anomaly<'a>> {
    let (first, last) = (entries.first()?, entries.last()?);
    let mut operations = BTreeMap::<Operation, u64>::new();
    for entry in entries {
        *operations.entry(entry.operation).or_default() += 1;
    }
    let each = operations.iter();
    let each = each.map(|(operation, count)| format!("{} {count}", operation.word()));
    let each = each.collect::<Vec<_>>().join(", ");
    let seconds = (last.place.time.get() - first.place.time.get()) / 1000;
    Some(Anomaly {
        kind,
        first,
        last: last.place,
        leaves: entries.iter().map(|entry| entry.place.index).collect(),
        detail: words(
            &UserMessage::new("anomaly-burst")
                .text("operations", each)
                .text("seconds", seconds),
        ),
    })
}

/// A correction or revocation: why, how long after what it changes, and whose that was.
fn mended(entry: &SeenEntry) -> Anomaly<'_> {
    let reason = entry.reason.as_ref().map_or("none", |code| code.as_str());
    let mut detail = format!("reason {reason}");
    if let Some((clerk, version, time)) = &entry.follows {
        let minutes = entry.place.time.get().saturating_sub(time.get()) / 60_000;
        detail += &words(
            &UserMessage::new("anomaly-soon-after")
                .text("minutes", minutes)
                .text("version", version)
                .text("clerk", clerk),
        );
    }
    one(entry.operation.word(), entry, detail)
}

#[cfg(test)]
mod tests {
    use protocol::{
        hash::RecordKey,
        height::{Height, LeafIndex, Version},
        name::{Date, ReasonCode},
    };

    use super::*;

    /// Monday, 2026-11-23, 10:00 in Tashkent.
    const MONDAY: u64 = 1_795_410_000_000;

    fn entry(leaf: u64, time: u64, clerk: &str) -> SeenEntry {
        SeenEntry {
            place: EntryPosition {
                index: LeafIndex::new(leaf),
                height: Height::new(leaf),
                time: TimeMs::new(time),
            },
            registry: RegistryName::parse("a.r").unwrap(),
            key: RecordKey::new([0; 32]),
            version: Version::new(1),
            operation: Operation::Register,
            clerk: ClerkName::parse(clerk).unwrap(),
            effective: None,
            reason: None,
            follows: None,
        }
    }

    fn thresholds() -> Thresholds {
        Thresholds {
            late_days: 30,
            ahead_days: 30,
            burst: 3,
            within_minutes: 1,
            hours: (8, 20),
            rest: vec!["sun".to_owned()],
        }
    }

    fn kinds(seen: &[SeenEntry]) -> Vec<(&'static str, u64, u64, u64)> {
        let findings = all(seen, &thresholds());
        let place = |place: EntryPosition| place.index.get();
        findings
            .iter()
            .map(|f| {
                let entries = f.leaves.len() as u64;
                (f.kind, place(f.first.place), place(f.last), entries)
            })
            .collect()
    }

    #[test]
    fn dates_stand_out_from_the_day_after_the_threshold() {
        for (date, kind) in [
            ("2026-10-24", None),
            ("2026-10-23", Some("late")),
            ("2026-12-23", None),
            ("2026-12-24", Some("ahead")),
            ("1960-01-01", Some("late")),
        ] {
            let mut seen = [entry(5, MONDAY, "a/x")];
            seen[0].effective = Date::parse(date);
            let found = kinds(&seen);
            assert_eq!(found.first().map(|found| found.0), kind, "{date}");
        }
    }

    #[test]
    fn days_are_whole_and_begin_at_midnight_in_tashkent() {
        // The last second of the 23rd in Tashkent, and the first of the 24th, when UTC still has the 23rd.
        let midnight = MONDAY + 14 * HOUR_MS;
        for (time, date, detail) in [
            (midnight - 1000, "2026-10-24", None),
            (midnight, "2026-10-24", Some("31 days after")),
            (midnight - 1000, "2026-12-24", Some("31 days before")),
            (midnight, "2026-12-24", None),
            (midnight, "1969-12-31", Some("20782 days after")),
            (midnight, "1000-01-01", Some("375066 days after")),
        ] {
            let mut seen = [entry(5, time, "a/x")];
            seen[0].effective = Date::parse(date);
            let found = all(&seen, &thresholds());
            let told = found.iter().find(|found| found.kind != "hours");
            let told = told.map(|told| told.detail.as_str());
            assert_eq!(told.is_some(), detail.is_some(), "{date}: {told:?}");
            let words = detail.unwrap_or_default();
            assert!(told.unwrap_or_default().contains(words), "{told:?}");
        }
    }

    #[test]
    fn bursts_are_whole_and_of_one_clerk() {
        let times = [0, 20, 40, 60, 200, 400, 401, 402];
        let seen: Vec<_> = (1..)
            .zip(times)
            .map(|(leaf, second)| entry(leaf, MONDAY + second * 1000, "a/x"))
            .collect();
        assert_eq!(kinds(&seen), [("burst", 1, 4, 4), ("burst", 6, 8, 3)]);
        let scattered: Vec<_> = [3, 4, 5, 7, 9, 10]
            .into_iter()
            .map(|leaf| entry(leaf, MONDAY, "a/x"))
            .collect();
        let found = all(&scattered, &thresholds());
        let leaves: Vec<u64> = found[0].leaves.iter().map(|leaf| leaf.get()).collect();
        assert_eq!(leaves, [3, 4, 5, 7, 9, 10]);
        let mixed: Vec<_> = (1..)
            .zip(["a/x", "a/y", "a/x", "a/y"])
            .map(|(leaf, clerk)| entry(leaf, MONDAY, clerk))
            .collect();
        assert_eq!(kinds(&mixed), []);
    }

    #[test]
    fn nights_and_days_of_rest_are_told_once_a_day_and_clerk() {
        let hours = [-2, -3, 10, 9, 14 + 24, 6 * 24];
        let mut seen: Vec<_> = (1..)
            .zip(hours)
            .map(|(leaf, hour)| {
                let time = MONDAY.checked_add_signed(hour * 3_600_000).unwrap();
                entry(leaf, time, "a/x")
            })
            .collect();
        // 08:00 and 19:00 are work; 07:00, 20:00, 00:00 two days on, and Sunday are not.
        let found = kinds(&seen);
        assert_eq!(
            found,
            [("hours", 2, 3, 2), ("hours", 5, 5, 1), ("hours", 6, 6, 1)]
        );
        seen[5].operation = Operation::Revoke;
        seen[5].reason = ReasonCode::parse("C02");
        seen[5].follows = Some((
            ClerkName::parse("a/y").unwrap(),
            Version::new(1),
            TimeMs::new(MONDAY),
        ));
        let findings = all(&seen, &thresholds());
        let revoked = findings.last().unwrap();
        assert_eq!(revoked.kind, "revoke");
        assert_eq!(
            revoked.detail,
            "reason C02, 8640 minutes after version 1 by a/y"
        );
    }
}
