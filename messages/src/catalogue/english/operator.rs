//! Keys and networks that are made.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("written-other-key", "is another key"),
    ("written-refused", "is refused: {reason}"),
    ("written-other-genesis", "is another genesis"),
    (
        "written-no-trust-file",
        "is not the trust file of the network",
    ),
    ("written-otherwise", "{path}: what was written {what}"),
    ("key-missing-bug", "a key is missing: a bug"),
    ("no-free-port", "no free port on {host}: {reason}"),
    (
        "base-port-no-room",
        "--base-port leaves no room for two ports each",
    ),
    (
        "agencies-count",
        "{count|agency|agencies}; a network has {agencies-min} to {agencies-max}",
    ),
    ("agency-twice", "agency {agency} is named twice"),
    (
        "capitals-unknown",
        "--capitals names \"{agency}\", which is none of the agencies",
    ),
    ("folder-not-empty", "{path}: the folder is not empty"),
    ("origin-invalid", "--origin is not the name of a network"),
    (
        "proof-origin-invalid",
        "--proof-for is not the origin of a network",
    ),
    ("key-of-node", "{path}: a {purpose} key, which a node opens"),
    ("holder-invalid", "--holder is no name for a {purpose} key"),
    ("genesis-invalid", "{reason}"),
    (
        "request-origin-invalid",
        "--request is not the name of a network",
    ),
    (
        "request-no-clerk",
        "--request is for the keys of clerks, who are added by their agency",
    ),
    (
        "threshold-invalid",
        "{threshold|recovery key is|recovery keys are} not between {least} and all {count}",
    ),
    (
        "publisher-invalid",
        "--publishers names {agency}, which is none of the agencies, or named twice",
    ),
    (
        "publishers-count",
        "{count|publisher is|publishers are} named; {needed|is|are} needed",
    ),
    ("node-url-invalid", "--url is no address of a node: {url}"),
    (
        "peer-address-invalid",
        "--p2p is no host and port: {address}",
    ),
    (
        "own-registry-invalid",
        "--registries: \"{registry}\" is no name of the agency's own",
    ),
    ("registry-twice", "--registries names {registry} twice"),
    (
        "capitals-no-registry",
        "--capitals names \"{registry}\", which is none of --registries",
    ),
    (
        "clerk-request-unfit",
        "{path}: {clerk} cannot be contributed here",
    ),
];
