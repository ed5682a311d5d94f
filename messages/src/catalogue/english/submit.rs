//! What a node proves, and entries on their way to their receipts.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "state-unproven",
        "the node does not prove what it says: {part}: {check}",
    ),
    (
        "registry-unknown",
        "there is no registry {registry} on this ledger (unknown-registry)",
    ),
    (
        "entry-not-final",
        "the entry is not final there, as the node tells",
    ),
    (
        "node-receipt-malformed",
        "the node's receipt is none: {reason}",
    ),
    (
        "node-receipt-of-other-entry",
        "the node's receipt is of another entry",
    ),
    (
        "receipt-does-not-hold",
        "the node's receipt does not hold: {check}",
    ),
    ("receipt-without-facts", "the node's receipt does not hold"),
    (
        "node-of-other-origin",
        "{node} is a node of {theirs}, and the trust file is for {mine}",
    ),
    (
        "node-of-other-chain",
        "{node} is a node of another network of the name {mine}: its genesis is another than the trust file's",
    ),
    (
        "history-does-not-hold",
        "the node's history of the record does not hold: {check}",
    ),
    (
        "history-without-facts",
        "the node's history of the record does not hold",
    ),
    (
        "record-never-registered",
        "the record was never registered in {registry}",
    ),
    ("fields-invalid", "{reason}"),
    ("not-confirmed", "not confirmed; nothing was signed"),
    (
        "entry-accepted-not-final",
        "the entry was accepted and is not final yet",
    ),
    ("submit-receipt-malformed", "the node's receipt: {reason}"),
    (
        "submit-receipt-of-other-entry",
        "the node's receipt is of another entry",
    ),
    (
        "submit-receipt-does-not-verify",
        "the node's receipt does not verify: {part}: {check}",
    ),
    (
        "submit-receipt-without-facts",
        "the node's receipt does not verify",
    ),
    (
        "out-not-a-file",
        "{path}: a folder or device is there, and no file",
    ),
    ("out-taken", "{path}: {trouble}"),
    (
        "way-no-receipt",
        "something is there that is no receipt of this network",
    ),
    (
        "way-other-receipt",
        "a receipt of something else is there: {difference}",
    ),
    (
        "way-pending-malformed",
        "an entry for something else is on its way: no such entry: {reason}",
    ),
    (
        "way-other-pending",
        "an entry for something else is on its way: {difference}",
    ),
    ("differs-in-registry", "it is of another registry"),
    ("differs-in-record", "it is of another record"),
    ("differs-in-operation", "it is of another operation"),
    ("differs-in-agency", "it is of another agency"),
    ("differs-in-content", "it is of other content"),
    ("differs-in-date", "it declares another date"),
    ("differs-in-reason", "it gives another reason"),
    (
        "differs-in-references",
        "it names other records, or other versions of them, to rest on",
    ),
    (
        "receipt-of-earlier-act",
        "{path}: the receipt of an earlier {operation} is there, of version {version}, and more has happened to the record since",
    ),
    (
        "earlier-act-finished",
        "{path}: the receipt of an earlier {operation}, of version {version}, which was on its way; more has happened to the record since, and nothing else was signed",
    ),
    (
        "refused-but-recorded",
        "the node refuses an entry that stands in the log: {said}",
    ),
    ("refused", "the node refuses it: {said}"),
    (
        "refused-unproven",
        "the node refuses it, and does not prove it: {said}",
    ),
    (
        "never-expired",
        "the entry could be recorded up to block {expires}, and the log is at block {height}",
    ),
    (
        "never-version-taken",
        "version {version} of the record is taken by other content",
    ),
    (
        "never-follows",
        "{operation} does not follow what is recorded: version {latest} is the latest",
    ),
    (
        "never-newer-version",
        "the record has a newer version by now",
    ),
    (
        "never-says-nothing",
        "the agency has said something of this version by now, or nothing to take back",
    ),
];
