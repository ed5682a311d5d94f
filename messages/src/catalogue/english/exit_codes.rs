//! Meanings of exit codes.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("exit-done", "authentic and current; done"),
    (
        "exit-unexpected",
        "unexpected: this machine's trouble or a bug",
    ),
    ("exit-usage", "usage: the command line is wrong"),
    (
        "exit-configuration",
        "configuration, key or trust file is invalid",
    ),
    (
        "exit-not-permitted",
        "not permitted: the clerk may not do this",
    ),
    (
        "exit-unreachable",
        "the network cannot be reached; nothing is lost, try again",
    ),
    (
        "exit-pending",
        "pending: accepted, not final yet; try again",
    ),
    (
        "exit-not-found",
        "not found: the record was not registered, and that is proven",
    ),
    (
        "exit-altered",
        "altered: the document or number is not what was recorded",
    ),
    (
        "exit-superseded",
        "superseded: authentic, and replaced by a newer version",
    ),
    ("exit-revoked", "revoked"),
    (
        "exit-proof-broken",
        "proof broken: a signature, path or quorum does not hold",
    ),
    (
        "exit-wrong-network",
        "wrong network: of another network than the trust file's",
    ),
    (
        "exit-cannot-decide",
        "cannot decide: something needed is missing",
    ),
    ("exit-suspended", "suspended"),
    (
        "exit-some-not-done",
        "some rows, files or witnesses were not done, and it is said which",
    ),
    (
        "exit-conflict",
        "conflict: that version is taken by other content",
    ),
    (
        "exit-different",
        "reconciliation: table and ledger differ; the report says where",
    ),
    ("exit-fork", "evidence of a fork, saved to a file"),
];
