//! Acts of agencies, and what names clerks and policies.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "clerk-name-invalid",
        "\"{name}\" is not the name of a clerk",
    ),
    (
        "clerk-list-malformed",
        "the node's list of clerks is not in its format",
    ),
    ("compromised-not-a-time", "--compromised is not a time"),
    ("operation-unknown", "\"{word}\" is no operation"),
    ("until-not-a-date", "--until is not a date"),
    ("public-key-invalid", "--public is not a key"),
    (
        "agency-name-invalid",
        "\"{name}\" is not the name of an agency",
    ),
    (
        "clerk-of-other-agency",
        "clerk {clerk} belongs to {owner}, and the admin key is {agency}'s",
    ),
    (
        "registry-of-other-agency",
        "registry {registry} belongs to {owner}, which alone decides about it, and the admin key is {agency}'s",
    ),
    (
        "registry-of-no-agency",
        "{registry} does not begin with the name of {agency} and a dot",
    ),
    ("registry-there", "there is a registry {registry} already"),
    (
        "policy-days-out-of-range",
        "--within {days}: a policy gives 1 to {days-max} days",
    ),
    (
        "policy-asks-nobody",
        "--needed 0 asks no agency, so --agencies says nothing, and --within only with --four-eyes",
    ),
    (
        "policy-needs-more",
        "--needed {needed}, and the word of {count|agency|agencies} counts",
    ),
    (
        "policy-names-owner",
        "--agencies names {owner}, which owns {registry}: its own word counts for nothing",
    ),
    (
        "policy-number-taken",
        "policy {number} cannot come any more: policy {held} is in force",
    ),
    (
        "policy-number-missing",
        "without a node, say the number of the policy: one above the present, 1 for the first",
    ),
    (
        "key-not-admin",
        "{path}: a {purpose} key, not an agency's admin key",
    ),
    (
        "taking-malformed",
        "{path}: not a taking of a registry: {reason}",
    ),
    (
        "taking-of-other-height",
        "the agency that takes the registry has signed for height {expires}",
    ),
    ("act-unproven", "the node's proof: {reason}"),
    (
        "act-not-final",
        "the act is not final yet, as the node tells",
    ),
    ("act-malformed", "{path}: not an act: {reason}"),
    (
        "act-goes-nowhere",
        "say with --node to whom the act goes, or with --out into which file",
    ),
    (
        "act-height-missing",
        "without a node, say until which height the act may be decided",
    ),
    (
        "refused-holds-already",
        "the node refuses it, and proves that what it decides holds already: {said}",
    ),
    ("act-not-authentic", "{reason}"),
];
