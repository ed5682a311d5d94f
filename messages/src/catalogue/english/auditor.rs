//! Commands that audit, verify, renew, reconcile and report.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "folder-no-mirror",
        "there is no mirror of a log in this folder",
    ),
    ("log-place-is-file", "a file, and no log"),
    (
        "log-place-nothing",
        "\"{place}\" is neither the address of a node nor a folder that is there",
    ),
    ("checkpoint-untrusted", "{path}: {reason}"),
    (
        "witnesses-make-no-trust-file",
        "these witnesses make no trust file: {reason}",
    ),
    (
        "trust-file-own-already",
        "{path} is one of somebody's own already",
    ),
    ("witness-key-invalid", "the key of witness {name}: {reason}"),
    (
        "witness-name-invalid",
        "a witness may not be called \"{name}\"",
    ),
    (
        "witness-argument-invalid",
        "\"{argument}\" is not NAME=VKEY,URL of a witness",
    ),
    (
        "version-unproven",
        "the node does not prove version {version} of record {key} in {registry}",
    ),
    (
        "dossier-too-large",
        "{path} rests on more than the {receipts-max} records of a dossier",
    ),
    ("at-invalid", "--at {at} is neither a date nor a height"),
    (
        "registry-name-invalid",
        "\"{name}\" is not the name of a registry",
    ),
    ("witness-size-changes", "its size changes while it is asked"),
    ("witness-answered", "answered {status}: {answer}"),
    (
        "witness-signed-larger",
        "has signed size {signed}, and this log shows only {size}",
    ),
    (
        "node-checkpoint-untrusted",
        "the node's checkpoint: {reason}",
    ),
    ("registry-not-there", "there is no registry {registry}"),
    (
        "registry-not-of-ledger",
        "{registry} is no registry of this ledger",
    ),
    (
        "status-word-twice",
        "--status-word gives \"{word}\" to two statuses",
    ),
    (
        "status-word-invalid",
        "--status-word {pair} is not a status and a word",
    ),
    (
        "table-changed-meanwhile",
        "{path}: changed while it was read",
    ),
    ("out-exists", "{path}: is there already"),
    (
        "receipt-size-unknown",
        "{path}: size {size} is not one that the log had in epoch {epoch}",
    ),
    (
        "receipt-epoch-unknown",
        "{path}: it is of epoch {epoch}, and the trust file does not say how that ended",
    ),
    (
        "receipt-under-other-checkpoint",
        "{path}: it is proven under a checkpoint of {own}, and the mirror's is of {other}",
    ),
    ("word-size", "size {size}"),
    ("word-no-size", "no size"),
    (
        "receipt-proven-further",
        "{path}: it is proven up to size {held}, and the node proves it up to {shown}",
    ),
    ("since-not-a-time", "--since is not a time"),
    ("words-differ", "{path}: word {at} is not this file's"),
    (
        "words-too-many",
        "{expected|word was|words were} expected, and more were given",
    ),
    (
        "receipt-with-several-documents",
        "--receipt goes with one document",
    ),
    (
        "log-does-not-continue",
        "the log of size {size} does not continue the one of size {seen} that was seen before",
    ),
    (
        "tiles-do-not-lead",
        "its tiles do not lead to the root of its own checkpoint",
    ),
    (
        "node-shows-less",
        "it shows size {shown}, and size {seen} was seen before",
    ),
    (
        "network-forked",
        "the network has forked: two roots for size {size}, both signed by {names}",
    ),
    ("its-checkpoint-untrusted", "its checkpoint: {reason}"),
    ("no-node-judged", "none of the nodes could be judged"),
    ("report-signature-missing", "no signature of {name} holds"),
    (
        "report-note-malformed",
        "not the note of a report: {reason}",
    ),
    (
        "signer-invalid",
        "--signer is not the key of a signer of reports",
    ),
    ("clerk-unknown", "{clerk} was never on this ledger"),
    (
        "key-not-for-reports",
        "{path}: a {purpose} key, not one for reports",
    ),
    (
        "hours-invalid",
        "--hours is not from one hour to a later one",
    ),
    (
        "witness-key-algorithm",
        "the key of witness {name} is of algorithm {algorithm}, and a witness cosigns with algorithm {wanted}",
    ),
    ("checkpoint-malformed", "{reason}"),
    ("checkpoint-of-nobody-trusted", "{reason}"),
    (
        "detail-no-receipt-at",
        "{is}there is no receipt at {path}; give it with --receipt",
    ),
    ("detail-file-is", "{path} is {found-kind}; "),
    ("detail-pending", "the entry is on its way: {path}"),
    (
        "detail-effect",
        "by the word of those who were asked it is {word}",
    ),
    (
        "detail-receipt-alone",
        "this is a receipt alone, without those of the records that it rests on; gather it first with muhr receipt gather",
    ),
    ("detail-no-receipt", "it holds no receipt"),
    (
        "detail-dossier-effective",
        "this is a dossier, and --effective asks of receipts; verify the receipts that it was gathered from",
    ),
    (
        "detail-many-receipts",
        "this is {found-kind}; take one out with muhr receipt extract, and verify that",
    ),
    (
        "detail-history",
        "this is the history of a record, which says nothing of a document; muhr history asks a node for it, and judges it",
    ),
];
