//! Ways out of errors of the library.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("help-address-form", "give it as http://127.0.0.1:7481"),
    (
        "help-again-for-receipt",
        "run the same command again to get the receipt: it sends the same entry; `muhr network status` says who is missing",
    ),
    ("help-again-later", "run the same command again later"),
    (
        "help-again-or-other-node",
        "run the same command again, or with another agency's node, to get its receipt",
    ),
    (
        "help-again-own-act",
        "run the command again with another file for --out to sign this as an act of its own",
    ),
    (
        "help-again-same-entries",
        "run the same command again: it sends the same entries; `muhr network status` says who is missing",
    ),
    (
        "help-archive-from-bulk",
        "muhr anchor bulk --archive writes one: receipts.archive in its folder",
    ),
    (
        "help-other-machine",
        "run it on another machine: this processor, or this build for it, computes wrongly",
    ),
    ("help-ask-another-node", "ask another agency's node"),
    (
        "help-ask-another-tell-auditors",
        "ask another agency's node for the receipt, and tell the auditors",
    ),
    (
        "help-check-address",
        "check the address, or ask another agency's node",
    ),
    (
        "help-check-agency",
        "check the name; muhr network status names the agencies of the network",
    ),
    ("help-check-clock", "check this machine's clock"),
    (
        "help-http-port",
        "give the address behind http = in its node.toml, and not the one behind p2p =",
    ),
    ("help-check-name", "check its name"),
    (
        "help-check-number-or-anchor",
        "check the number, or register it with muhr anchor",
    ),
    ("help-check-path", "check the path and who may read it"),
    ("help-chmod", "run: chmod 600 {path}"),
    (
        "help-choose-other-out-folder",
        "choose another folder with --out",
    ),
    (
        "help-get-trust-file-again",
        "get it again from an agency you trust",
    ),
    (
        "help-give-pem",
        "give the certificate of the authority in PEM, as -----BEGIN CERTIFICATE-----",
    ),
    (
        "help-give-receipt-file",
        "give the receipt's own file, as permit.pdf.receipt",
    ),
    (
        "help-give-trust-file",
        "give the network's trust file with --trust",
    ),
    (
        "help-install-roots",
        "install them (ca-certificates), or give a file of them with --ca",
    ),
    (
        "help-keep-other-entry",
        "keep it: the entry may be recorded yet, and only this file holds its secret. First finish it, with the command that it was for and what that was given then: muhr {command} of {record} in {registry}; or name another file with --out for this one",
    ),
    (
        "help-keep-tiles",
        "keep a copy of the node's tiles and show it to the other agencies",
    ),
    (
        "help-keep-unread-entry",
        "keep it, since it may hold the secret of an entry that was sent: move it to another folder, or name another file with --out",
    ),
    (
        "help-key-decrypt-with-age",
        "decrypt it with age, then give it a passphrase with muhr key passphrase",
    ),
    (
        "help-key-distrust",
        "a file from muhr or age asks for fewer: do not trust this one",
    ),
    (
        "help-key-from-backup",
        "take it from a backup; without one, make a new key, and let the agency end this one",
    ),
    (
        "help-make-folder",
        "make the folder or choose another, then run the same command again: nothing is lost",
    ),
    (
        "help-make-room",
        "make room or choose another folder, then run the same command again: nothing is lost",
    ),
    (
        "help-move-away-or-other-out",
        "move it away first, or name another file with --out",
    ),
    (
        "help-move-away-what-is-there",
        "name another file or folder, or move away what is there, then run the same command again: nothing is lost",
    ),
    ("help-name-other-out", "name another file with --out"),
    (
        "help-no-honest-node",
        "it is no honest node; ask another agency's",
    ),
    (
        "help-no-node-answers",
        "none of the nodes given answers; run the same command again later",
    ),
    (
        "help-no-node-there",
        "no node answers there; check the address, and the path if a server passes it on",
    ),
    (
        "help-node-down",
        "the node is down or not started yet; try again later, or ask another agency's node",
    ),
    (
        "help-nothing-written-ask-another",
        "nothing was written; ask another agency's node",
    ),
    (
        "help-other-network",
        "use the trust file of that network, or a node of yours",
    ),
    (
        "help-other-out-own-act",
        "name another file with --out: the earlier receipt stays, and this is signed as an act of its own",
    ),
    (
        "help-passphrase-again",
        "try again; if it is lost, make a new key, and let the agency end this one",
    ),
    (
        "help-passphrase-file",
        "name it with --key, and a file with its passphrase with --passphrase-file",
    ),
    (
        "help-passphrase-on-one-line",
        "it holds the passphrase on one line, and nothing else",
    ),
    (
        "help-redirected",
        "it sends elsewhere; give the node's own address to --node",
    ),
    (
        "help-redirected-to",
        "it sends to {location}, and muhr follows nobody: give the address that is meant to --node",
    ),
    (
        "help-save-to-file",
        "save it to a file first, and name that",
    ),
    (
        "help-server-asks-who",
        "a server before the node asks who you are, and nodes never do; let it pass requests to the node, or give the node's own address to --node",
    ),
    (
        "help-signed-is-kept",
        "what was signed is kept in {path}, since the node might hand it in yet; the same command takes it up again, also with another agency's node",
    ),
    (
        "help-tls-authority",
        "if the agency has an authority of its own, get its certificate from the agency and give it with --ca FILE, or in MUHR_CA",
    ),
    (
        "help-tls-expired",
        "the agency must renew it; check this machine's clock too",
    ),
    (
        "help-tls-no-connection",
        "check that https:// is spoken there, and by whom; a proxy may stand in between",
    ),
    ("help-tls-not-good", "ask the agency for a good one"),
    (
        "help-tls-other-name",
        "give the node by the name in its certificate; if that is what you did, somebody else answers there",
    ),
    (
        "help-trust-file-with-genesis",
        "get the trust file with its \"#: genesis\" line",
    ),
    (
        "help-update-mirror",
        "bring the mirror up to date with muhr log mirror",
    ),
    (
        "help-use-trust-file-of-network",
        "what is signed names both; use the network's own trust file, or one built on it with muhr trust extend",
    ),
    (
        "help-wait-for-other-run",
        "wait until that one ends, or choose another folder",
    ),
];
