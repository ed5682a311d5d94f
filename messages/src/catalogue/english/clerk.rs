//! Commands of a clerk about one record, and about its receipts.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "left-entry-on-its-way",
        "an entry on its way, with its private part: keep it, and run the command that it was for again; that brings its receipt, which can be erased, or shows that the entry can never be recorded",
    ),
    (
        "left-journal",
        "the journal of a bulk run: it holds every number, value and secret of the run; once every row has its receipt, remove the file",
    ),
    (
        "left-rows-to-mend",
        "rows to mend, with their values as they were typed; once they are mended, remove the file",
    ),
    (
        "left-results",
        "what became of each row, with the numbers of the records; once nobody needs it, remove the file",
    ),
    (
        "left-cut-short",
        "left by a write that was cut short; remove the file",
    ),
    (
        "evidence-not-taken",
        "{operation} takes no evidence; only a dispute does",
    ),
    (
        "receipt-not-of-latest",
        "the receipt is of version {receipt-version}, and the record is at version {version} by now",
    ),
    (
        "node-behind-receipt",
        "the node shows the log up to size {node-size}, and the receipt is of size {receipt-size}",
    ),
    ("receipt-of-attestation", "the receipt of an attestation"),
    (
        "receipt-hides-number",
        "the receipt does not show the record's number",
    ),
    (
        "change-needs-content",
        "{operation} needs the new document or fields",
    ),
    ("own-file-no-document", "it is {why}, and no document"),
    ("something-else-there", "{path}: something else is there"),
    (
        "archive-lacks-receipt",
        "{archive} holds no receipt of {record} in {registry}",
    ),
    (
        "receipt-shows-no-field",
        "the receipt shows no field \"{field}\"",
    ),
    (
        "nothing-withheld",
        "all of its fields are kept, so nothing would be withheld",
    ),
    (
        "receipt-without-fields",
        "it has no fields, of which some could be withheld",
    ),
    (
        "receipt-shows-other",
        "the receipt does not show what was recorded",
    ),
    (
        "private-part-removed",
        "the private part was removed, so nothing is left to show",
    ),
    (
        "reference-invalid",
        "--rests-on number {number} is not REGISTRY:NUMBER[@VERSION]",
    ),
    (
        "too-many-references",
        "--rests-on is given more than {references-max} times",
    ),
    ("number-parted", "{what} (the number was {parted})"),
    ("reason-invalid", "--reason is not a reason code"),
    ("effective-not-a-date", "--effective is not a date"),
    (
        "agency-argument-invalid",
        "--agency \"{name}\" is not the name of an agency",
    ),
    ("field-twice", "--field {field} is given twice"),
    (
        "field-without-value",
        "--field number {number} has no = and so no value",
    ),
    (
        "field-without-name",
        "--field number {number} has no name before its =",
    ),
    ("field-empty", "--field {field} has nothing behind its ="),
    (
        "field-is-document",
        "--field number {number} is called \"document\"",
    ),
    ("erase-receipt-malformed", "not a receipt: {reason}"),
    (
        "erase-would-destroy",
        "the private parts of {count|receipt|receipts} would be destroyed for good",
    ),
    (
        "erase-would-destroy-one",
        "the private part of 1 receipt would be destroyed for good",
    ),
    ("dossier-not-whole", "not a whole dossier"),
    ("dossier-not-version-1", "not a dossier of version 1"),
    (
        "archive-receipt-malformed",
        "a receipt in it cannot be read: {reason}",
    ),
    (
        "bulk-run-writes",
        "a bulk run is writing to it; erase it when that has ended",
    ),
    ("redaction-invalid", "{reason}"),
    ("erase-malformed", "{reason}"),
];
