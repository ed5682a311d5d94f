//! Logs that are read, replayed and mirrored.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("mirror-lacks-tile", "{path} is not in this mirror"),
    ("tile-malformed", "{reason}"),
    ("log-checkpoint-untrusted", "the log's checkpoint: {reason}"),
    ("log-empty", "the log is empty"),
    ("bundle-malformed", "{tile}: {reason}"),
    (
        "bundle-width-differs",
        "bundle {index} has {leaves|leaf|leaves} where it should have {width}",
    ),
    ("log-genesis-invalid", "{reason}"),
    (
        "log-genesis-differs",
        "the log begins with another genesis than the trust file names",
    ),
    (
        "trust-file-without-genesis",
        "the trust file does not name its genesis",
    ),
    (
        "log-breaks-rules",
        "the log departs from its rules at {divergence}",
    ),
    (
        "log-ends-within-block",
        "the checkpoint ends within a block",
    ),
    ("log-tile-differs", "{tile} is not what the leaves lead to"),
    (
        "log-root-differs",
        "the leaves do not lead to the root of the checkpoint",
    ),
    (
        "mirror-root-differs",
        "the entries do not lead to the root of the checkpoint; the mirror stays as it was",
    ),
    (
        "signatures-disagree",
        "two ways to check one signature disagree on this machine, so neither can be believed",
    ),
    (
        "log-fetching-panicked",
        "the fetching thread panicked: a bug",
    ),
];
