//! Ways out that commands name.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "help-act-again",
        "run the same command again; the same act twice does no harm",
    ),
    (
        "help-act-can-be-handed-in",
        "as the node tells; the act that was signed can still be handed in until its last height, also by that node",
    ),
    (
        "help-act-expires",
        "add --expires HEIGHT; muhr network status tells the present one",
    ),
    ("help-act-file", "give the file that --out wrote"),
    (
        "help-act-to-file",
        "a file without a node needs --expires HEIGHT too; muhr network status tells the present one",
    ),
    ("help-add-help", "add --help to see what can be said"),
    ("help-again", "run the same command again"),
    (
        "help-agencies-or-validators",
        "name agencies, or {validators} for all that run a validator",
    ),
    (
        "help-agency-decides",
        "have {owner} decide about it, with its own admin key; nothing was signed",
    ),
    (
        "help-agency-name",
        "names are small letters and digits, as qurilish",
    ),
    (
        "help-anchor-table",
        "leave it out: a document's number is its name; or anchor a table that lists them",
    ),
    (
        "help-ask-agency-for-latest",
        "ask the agency for the receipt and the document of the latest version",
    ),
    (
        "help-ask-agency-for-proof",
        "nothing was written; ask another agency for the proof",
    ),
    (
        "help-ask-another-keep-tiles",
        "ask another agency's node; keep a copy of this one's tiles",
    ),
    (
        "help-at-form",
        "write it as 2026-11-23, 2026-11-23T10:00:00Z, or 1200",
    ),
    ("help-attest-what-verifies", "attest only to what verifies"),
    (
        "help-base-port",
        "name the first of the ports with --base-port",
    ),
    (
        "help-bridge-not-needed",
        "a receipt of the present epoch needs no bridge; else advance a trust file from that epoch",
    ),
    ("help-capitals", "name agencies that --agencies names"),
    (
        "help-change-usage",
        "muhr {operation} NUMBER FILE --registry R --reason CODE",
    ),
    (
        "help-check-archive",
        "check the number and the registry; result.csv of the run lists all rows",
    ),
    (
        "help-clerk-list",
        "muhr clerk list tells an agency's clerks",
    ),
    (
        "help-clerk-name",
        "clerks are named agency/name, as qurilish/aziza-2026",
    ),
    ("help-date-form", "write it as 2026-11-23 or 23.11.2026"),
    (
        "help-document-whole",
        "fetch or save the whole of it once more, then run the same command again; nothing was signed",
    ),
    (
        "help-erase-yes",
        "add --yes to do it; the receipts will still prove their entries, and nobody can show again what they are to",
    ),
    (
        "help-evidence-is-in",
        "the evidence is in {path}; show it to every agency",
    ),
    (
        "help-evidence-unwritten",
        "the evidence could not be written: {reason}",
    ),
    (
        "help-field-document",
        "the name \"document\" is kept for the document itself",
    ),
    (
        "help-field-form",
        "write it as --field area=80, within quotes where a blank stands in it",
    ),
    (
        "help-field-empty",
        "say what it is, or leave --field {field} out: a record need not have it",
    ),
    ("help-field-once", "give each field once"),
    ("help-fields-are", "its fields are: {fields}"),
    ("help-folder-meant", "is it the folder that was meant?"),
    (
        "help-four-agencies",
        "with fewer than four, none could be lost",
    ),
    ("help-gather-fewer", "gather fewer with --depth"),
    (
        "help-give-whole-or-erased",
        "give it whole, or a copy without its private part: see muhr receipt erase",
    ),
    ("help-hours-form", "write it as 8-20"),
    ("help-keep-fewer", "keep fewer, or give the receipt itself"),
    (
        "help-log-place",
        "give the address of a node, as http://127.0.0.1:7481, or the folder that muhr log mirror made",
    ),
    (
        "help-log-place-verify",
        "muhr verify judges a file; here the address of a node is wanted, or the folder that muhr log mirror made",
    ),
    (
        "help-mirror-checkpoint",
        "put a good copy of it back; if there is none, move it away and bring the mirror anew with muhr log mirror, and know that nothing was compared with what the mirror held before",
    ),
    (
        "help-mirror-mend",
        "muhr log mirror mends what was spoilt in a mirror; if the log of the node fails likewise, keep a copy of it and tell the other agencies",
    ),
    (
        "help-move-away-or-name-other",
        "move it away, or name another file with --out",
    ),
    (
        "help-move-place-away",
        "move it away: it is where the receipt goes, or its entry on the way",
    ),
    (
        "help-name-document",
        "name the document itself; nothing was signed",
    ),
    (
        "help-name-key-file",
        "name a key file with --key, or make one with muhr key new",
    ),
    (
        "help-network-trust-file",
        "start from the trust file that the network made",
    ),
    (
        "help-network-unusable",
        "nothing of this network can be used; tell its makers, and give another folder",
    ),
    ("help-new-folder", "name a new folder with --out"),
    (
        "help-new-network-folder",
        "give a new folder; a network is never written over",
    ),
    ("help-no-more-records", "an entry names no more records"),
    (
        "help-node-behind",
        "the node is behind or restored; ask another agency's node",
    ),
    (
        "help-node-behind-or-hides",
        "it is behind, or hides what came since: ask another agency's node",
    ),
    (
        "help-node-key",
        "a node knows no passphrase; keep its folder where only it can read",
    ),
    (
        "help-operations",
        "operations are {operations}; all; attest",
    ),
    (
        "help-origin",
        "a URL without scheme that ends in a number, as registry.example.uz/pilot/1",
    ),
    (
        "help-other-out-nothing-sent",
        "choose another folder with --out; nothing was sent",
    ),
    (
        "help-output-lost",
        "what was done stays done; make room, or write elsewhere, and run the same command again",
    ),
    (
        "help-passphrase-file-or-plain",
        "give it in a file with --passphrase-file; a service's key is made with --plain",
    ),
    (
        "help-passphrase-file-or-variable",
        "give it in a file, with --passphrase-file or MUHR_PASSPHRASE_FILE",
    ),
    (
        "help-passphrase-in-file",
        "give the passphrase in a file with --passphrase-file",
    ),
    (
        "help-passphrase-words",
        "several words with spaces are easy to remember and hard to find",
    ),
    (
        "help-policy-asks-nobody",
        "say with --needed how many must confirm, or leave --agencies and --within out",
    ),
    ("help-policy-days", "leave --within out for no end"),
    (
        "help-policy-names-owner",
        "leave it out; --four-eyes asks a second clerk of it",
    ),
    (
        "help-policy-needs-more",
        "name more of them with --agencies, or {validators} for all that run a validator; the owner does not count",
    ),
    (
        "help-policy-number-taken",
        "leave --number out: the next one is asked of the node",
    ),
    (
        "help-policy-number",
        "add --number; muhr registry policy show tells the present one",
    ),
    ("help-public-key", "the clerk sees it with muhr key show"),
    (
        "help-reason-form",
        "codes look like C02: capital letters, digits and -",
    ),
    (
        "help-receipt-of-file",
        "without it, the receipt of FILE is FILE.receipt",
    ),
    (
        "help-receipt-of-other-agency",
        "give the receipt that the other agency handed over with its document",
    ),
    (
        "help-receipt-of-record",
        "give the receipt of the record itself",
    ),
    (
        "help-receipt-stays",
        "the receipt stays as it was; ask another agency's node",
    ),
    (
        "help-receipt-with-opening",
        "ask for a receipt with its opening",
    ),
    (
        "help-reference-form",
        "write it as kadastr.parcels:10:01:02/3456@2; \"none\" stands alone, for a change that ends what was there",
    ),
    ("help-registry-name", "names look like qurilish.permits"),
    (
        "help-rename-back",
        "rename it back to {document}; to register it a second time, under this number, first move {name} to another folder",
    ),
    (
        "help-report-key",
        "make one with muhr key new FILE --holder AGENCY --purpose report; no key is for two uses",
    ),
    (
        "help-reserved-name",
        "the word means something in trust files, so files with it would be refused; take another",
    ),
    (
        "help-say-how-written",
        "say how the table is written with --encoding, --delimiter and --sheet",
    ),
    (
        "help-seen-checkpoint",
        "the file holds the newest checkpoint that was seen; keep it, and give another name with --state",
    ),
    (
        "help-signer",
        "whoever signs sees it with muhr key show, as adliya+1a2b3c4d+AR...",
    ),
    (
        "help-small-letters",
        "small letters, digits and -, as kadastr",
    ),
    (
        "help-status-word",
        "write it as revoked=bekor; a status is active, suspended or revoked",
    ),
    (
        "help-strict-numbers",
        "write it as {example}, for the whole number",
    ),
    (
        "help-tell-auditors",
        "ask another agency's node, and tell the auditors",
    ),
    ("help-there-are", "there are {names}"),
    (
        "help-time-form",
        "write it as 2026-11-23 (its start, UTC) or 2026-11-23T10:00:00Z",
    ),
    ("help-until-form", "write it as 2027-12-31 or 31.12.2027"),
    (
        "help-update-mirror-witness",
        "bring the mirror up to date with muhr log mirror --witness, then run the same command with --node",
    ),
    (
        "help-witness-argument",
        "muhr key show of the witness's key file shows its vkey; the URL is where it answers, as https://court.example.uz/witness",
    ),
    (
        "help-witness-key",
        "muhr key show of the witness's key file shows its vkey",
    ),
    (
        "help-witness-name",
        "a name has 1 to 255 printable ASCII characters other than #, and is none of the words that mean something in trust files: all, any, both, group, log, none, outside, quorum, validators, witness",
    ),
    (
        "help-witnesses",
        "every witness has a name and a key of its own, and --need is not more than there are",
    ),
    (
        "help-words-again",
        "listen to the words again; if they differ still, do not use this trust file",
    ),
];
