//! Nodes over HTTP, and the certificates of their servers.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "node-address-invalid",
        "\"{node}\" is not the address of a node",
    ),
    ("node-missing", "no node is given"),
    (
        "node-timed-out",
        "{node} did not answer in full within {seconds} s",
    ),
    ("node-unreachable", "{node} cannot be reached: {reason}"),
    (
        "node-peer-port",
        "{node} is where a node talks to other nodes, and not where it answers",
    ),
    ("node-tls", "{node}: {trouble}"),
    (
        "answer-too-long",
        "{node} answers with more than the {bytes-max} bytes that such an answer can have",
    ),
    (
        "answer-malformed",
        "{node} gave an answer that is none of Muhr's: {reason}",
    ),
    (
        "answer-count-differs",
        "{node} answered for another number of entries than were sent",
    ),
    ("node-busy", "{node} is busy"),
    (
        "node-behind-gateway",
        "{node} cannot be reached: a server before it answers for it, with HTTP status {status}",
    ),
    (
        "node-http-status",
        "{node} answered with HTTP status {status}",
    ),
    ("node-said", "{detail} ({problem})"),
    (
        "agency-unknown",
        "{node} knows no agency of the name {agency}",
    ),
    (
        "history-endless",
        "the node's history of the record has no end",
    ),
    ("checkpoint-not-utf8", "the checkpoint is not UTF-8"),
    ("request-unwritten", "{reason}"),
    (
        "roots-missing",
        "this machine has no roots of certificates, and https:// needs some",
    ),
    (
        "certificates-malformed",
        "{path}: not a file of certificates",
    ),
    (
        "certificate-unusable",
        "{path}: a certificate in it is none: {reason}",
    ),
    (
        "certificates-missing",
        "{path}: there is no certificate in it",
    ),
    ("tls-no-connection", "no TLS connection: {reason}"),
    (
        "tls-unknown-authority",
        "its certificate is of an authority that this machine does not know",
    ),
    ("tls-expired", "its certificate has expired: {reason}"),
    (
        "tls-not-valid-yet",
        "its certificate is not valid yet: {reason}",
    ),
    (
        "tls-other-name",
        "its certificate is for another name: {reason}",
    ),
    ("tls-not-good", "its certificate is not good: {reason}"),
];
