//! Findings of a reconciliation, and of a report of anomalies.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "finding-not-as-anchored",
        "not as anchored in version {version}: {fields}",
    ),
    (
        "finding-status-unknown",
        "{status} on the ledger, another word in the column {column}",
    ),
    (
        "finding-status-differs",
        "{status} on the ledger, {said} in the table",
    ),
    ("finding-status-on-ledger", "{status} on the ledger"),
    (
        "finding-late",
        "version {version} was anchored {days|day|days} after {date}",
    ),
    (
        "finding-other-date",
        "version {version} declares the legal date {declared}: {column}",
    ),
    (
        "finding-not-in-table",
        "anchored, {status}, and not in the table",
    ),
    ("finding-again", "the number of row {row} again{compared}"),
    ("finding-as-anchored", ", as anchored in version {version}"),
    ("finding-never-anchored", "never anchored"),
    (
        "anomaly-soon-after",
        ", {minutes|minute|minutes} after version {version} by {clerk}",
    ),
    (
        "anomaly-burst",
        "{operations}, within {seconds|second|seconds}",
    ),
    (
        "anomaly-ahead",
        "declared for {date}, decided {days|day|days} before it",
    ),
    (
        "anomaly-late",
        "declared for {date}, decided {days|day|days} after it",
    ),
];
