//! What is about to be signed, line by line, and acts of agencies.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "act-key-compromised",
        "somebody else may have had the key since {since}: what it signed from then on is to be doubted",
    ),
    (
        "act-revokes-clerk",
        "clerk {name} may sign no more, for good ({reason})",
    ),
    ("act-sets-policy", "registry {registry}: {policy}"),
    (
        "act-adds-registry",
        "registry {registry} begins; its numbers are as they are written",
    ),
    (
        "act-adds-registry-in-capitals",
        "registry {registry} begins; its numbers are in capitals, and small letters mean the same",
    ),
    (
        "act-transfers-registry",
        "registry {registry} goes from {owner} to {taker}; clerks of {owner} act in it no more, its policy and records stay",
    ),
    (
        "sign-takes-registry",
        "{agency} takes registry {registry} over from {owner}, if that is in the log by height {expires}",
    ),
    ("act-decides", "{agency} decides for {origin}:"),
    (
        "act-handed-to",
        "  handed to {node}; it stands in the log for good",
    ),
    ("act-signed-into", "  signed into {path}"),
    ("act-until", "  if it is in the log by height {expires}"),
    ("act-line", "  {line}"),
    (
        "sign-file",
        "  {what} {path}, {bytes|byte|bytes}, SHA-256 {hash}",
    ),
    ("sign-file-hash", "  {what} with the SHA-256 {hash}"),
    (
        "sign-withdraws",
        "takes back what {agency} said of version {version} of record {record} in {registry}",
    ),
    (
        "sign-disputes",
        "disputes, as the word of {agency}, version {version} of record {record} in {registry}",
    ),
    (
        "sign-confirms",
        "confirms, as the word of {agency}, version {version} of record {record} in {registry}",
    ),
    (
        "sign-revokes",
        "revokes record {record} in {registry} for good: version {version} will be its last",
    ),
    (
        "sign-reinstates",
        "puts record {record} in {registry} back in force: its version {version}",
    ),
    (
        "sign-suspends",
        "suspends record {record} in {registry} for a while: its version {version}",
    ),
    (
        "sign-corrects",
        "corrects record {record} in {registry} from the start: its version {version}",
    ),
    (
        "sign-amends",
        "amends record {record} in {registry} from now on: its version {version}",
    ),
    (
        "sign-registers",
        "registers record {record} in {registry}: its version 1",
    ),
    (
        "sign-rests-no-more",
        "  resting on no other record any more, as version {version} does",
    ),
    (
        "sign-rests-as",
        "  resting on all that version {version} rests on ({count}); --rests-on says otherwise",
    ),
    (
        "sign-commitment",
        "  what it says of the content is a commitment: the content stays here",
    ),
    (
        "sign-handed-to",
        "  handed to {nodes}; it stands in the log for good",
    ),
    (
        "sign-rests-on",
        "  resting on version {version} of a record in {registry}, key {key}",
    ),
    ("sign-reason", "  for the reason {reason}"),
    ("sign-in-force", "  in force from {date}"),
    ("sign-field", "  field {name} = {value}"),
    ("sign-line", "  {line}"),
    ("sign-who", "{author} signs for {origin}:"),
    ("act-without-end", "without end"),
    ("act-to-the-end-of", "to the end of {date} (UTC)"),
    (
        "act-adds-clerk",
        "clerk {name}, key {key}, may {operations} in {registries}, {end}",
    ),
];
