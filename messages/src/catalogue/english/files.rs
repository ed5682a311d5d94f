//! Files, as they are read and written.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("file-unreadable", "{path}: {reason}"),
    ("file-too-long", "{path}: longer than {bytes-max} bytes"),
    ("file-is-folder", "{path}: a folder, not a file"),
    ("file-is-device", "{path}: a pipe or a device, not a file"),
    (
        "file-without-folder",
        "{path}: cannot be written: there is no folder {folder}",
    ),
    ("file-unwritable", "{path}: cannot be written: {reason}"),
    (
        "archive-batch-damaged",
        "the batch that the receipt belongs to is damaged",
    ),
    ("file-in-use", "{path}: another run of muhr is using it"),
    (
        "random-bytes-missing",
        "the system gives no random bytes: {reason}",
    ),
    ("link-not-followed", "a link is there, and none is followed"),
    ("no-file-there", "a folder or device, and no file"),
    (
        "folder-there-and-no-file",
        "a folder or device is there, and no file",
    ),
    ("not-written-before", "it could not be written before"),
    ("trust-file-unreadable", "{path}: {reason}"),
    (
        "trust-file-without-network",
        "{path}: names no network of Muhr: its log is none, or it has no \"#: genesis\" line",
    ),
    ("file-not-of-kind", "{path}: {trouble}"),
    (
        "text-rewritten",
        "another program has re-written this text (its line ends, blanks at ends of lines, or marks at its beginning or end); ask for the file again, as an attachment",
    ),
    ("kind-malformed", "not {wanted-kind}: {reason}"),
    ("kind-other", "not {wanted-kind}: it is {found-kind}"),
];
