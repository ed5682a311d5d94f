//! Imports of many rows, and the reasons for what becomes of one.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "journal-malformed",
        "{path}: is there already, and no journal",
    ),
    ("archive-malformed", "{path}: not an archive of receipts"),
    ("batch-impossible", "rows that make no batch"),
    (
        "import-not-final",
        "no entry became final within {seconds} s",
    ),
    (
        "row-without-receipt",
        "no receipt yet; run the same command again",
    ),
    (
        "row-place-of-other-entry",
        "{path} is or holds the receipt of another entry; anchor this table with another --out",
    ),
    (
        "row-record-not-active",
        "the record is suspended or revoked, and cannot be amended",
    ),
    (
        "row-change-untold",
        "registered, and whether it changed cannot be told without the receipt of version {version}; give the folder that holds it with --earlier",
    ),
    (
        "row-refusal-unproven",
        "the node does not prove what it says: {said}",
    ),
    (
        "row-taken-by-earlier-run",
        "{why}, which an earlier run signed for this number: put the row back as it was and run the same command again for its receipt; to change the record, amend it",
    ),
    (
        "row-place-taken",
        "its receipt cannot be put at {path}: {why}; move that away",
    ),
    (
        "row-recorded-without-place",
        "it is recorded, and its receipt cannot be put at {path}: {why}; move that away and run the same command again",
    ),
    ("link-there", "a link is there"),
    ("folder-there", "a folder or device is there"),
];
