//! Folders of documents, and many rows at once.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("document-of-system", "a file of the system"),
    ("document-transfer", "an unfinished transfer"),
    ("document-in-cloud", "a pointer into a cloud"),
    ("document-lock", "a lock or backup of an office program"),
    ("document-of-muhr", "a file of muhr"),
    ("document-link", "a link"),
    ("document-folder", "a folder or device"),
    ("document-name-unseen", "its name holds what cannot be seen"),
    ("document-gone", "gone"),
    ("document-excluded", "excluded"),
    ("document-not-included", "not included"),
    ("document-hidden", "hidden, a lock or a copy"),
    ("document-empty", "it is empty"),
    ("document-pdf-cut", "a PDF without its end"),
    (
        "document-office-cut",
        "an office file or archive without its end",
    ),
    ("document-picture-cut", "a picture without its end"),
    ("document-open", "a program still has it open"),
    ("document-own", "{own-kind}"),
    ("not-confirmed-not-sent", "not confirmed; nothing was sent"),
    (
        "record-column-missing",
        "--record is missing: the column of the record's number",
    ),
    ("folder-without-documents", "{path}: no documents are in it"),
    (
        "out-is-documents",
        "--out is the folder of the documents itself",
    ),
    (
        "option-without-table",
        "{option} is for tables, and {path} is a folder of documents",
    ),
    (
        "same-document-anchored",
        "the same document was anchored as {document}",
    ),
    (
        "same-document-on-its-way",
        "the same document is on its way as {document}",
    ),
    ("pending-malformed", "what is there is no entry on its way"),
    ("receipt-gone", "the receipt was there and is gone"),
    (
        "place-not-a-file",
        "{path}: a link, folder or device is there",
    ),
    ("pending-gone", "its entry is gone"),
    (
        "row-number-again",
        "the number of row {row} again; one row registers it, amend it to record another version",
    ),
    ("file-changed", "the file changed while it was read"),
    ("file-gone", "the file was there and is gone"),
    (
        "file-name-no-number",
        "the file's name is no number: {reason}",
    ),
    (
        "file-name-splits-number",
        "the file's name holds a | or a \\, which take a number apart: rename the file, or register it with muhr anchor FILE --record NUMBER",
    ),
    ("file-name-not-utf8", "the file's name is not UTF-8"),
    (
        "strict-numbers-invalid",
        "--strict-numbers is no regular expression: {reason}",
    ),
    (
        "out-of-others",
        "is there already, and none that this program wrote",
    ),
    (
        "out-is-table",
        "is the table itself, and would be written over",
    ),
    (
        "row-not-sent",
        "not sent: the run stopped early; run the same command again",
    ),
];
