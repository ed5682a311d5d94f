//! Ways out of governance, and of the chain of trust files.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "help-draft-file",
        "give the file that muhr govern draft, fetch or sign wrote",
    ),
    (
        "help-request-file",
        "give the file that muhr key rotate or muhr network contribute wrote",
    ),
    (
        "help-one-change",
        "one proposal changes agencies, another the rules; muhr help govern draft lists what can be said",
    ),
    (
        "help-replace-form",
        "write the agency that goes and the request of the one that comes, as soliq=energetika.request",
    ),
    (
        "help-url-form",
        "write the agency and its address, as soliq=https://muhr.soliq.example/",
    ),
    (
        "help-publisher-key",
        "write the key and its proof with a comma between them; muhr key show FILE --proof-for ORIGIN tells both",
    ),
    (
        "help-opens-form",
        "write it as on the clock of Tashkent (UTC+5): \"2026-12-12 22:00\"",
    ),
    (
        "help-opens-later",
        "choose a moment between; others must have the time to read it, sign it and hand it in",
    ),
    (
        "help-proposal-id",
        "muhr govern status lists the proposals; name one by its id or by its agency",
    ),
    (
        "help-newer-muhr",
        "a newer muhr may know it; get the one that the agencies use",
    ),
    (
        "help-against-proposal",
        "give the proposal that an agency has signed: muhr govern fetch gets it",
    ),
    (
        "help-check-or-although",
        "muhr govern check FILE --out FILE asks the nodes again; --although signs all the same",
    ),
    (
        "help-request-or-although",
        "ask that agency by telephone, and have it sign its request: muhr govern sign x.request; --although signs all the same",
    ),
    (
        "help-send-again",
        "run the same command again, with the addresses of {needed} nodes or more: one of them is honest then; the same word twice does no harm",
    ),
    (
        "help-files-to-send",
        "give the files that muhr govern sign and withdraw wrote",
    ),
    ("help-sign-first", "sign it first: muhr govern sign FILE"),
    (
        "help-fetch-numbers",
        "get the present numbers with muhr govern fetch, or draft it again, and sign that",
    ),
    (
        "help-proposal-first",
        "hand the proposal in first; if it was, muhr govern status says how it ended",
    ),
    (
        "help-draft-with-later-time",
        "draft it again with another moment, and sign that",
    ),
    (
        "help-draft-again",
        "draft it again from what is in force, and sign that",
    ),
    (
        "help-vote-against",
        "a quorum is for it: vote against it with muhr govern sign FILE --against",
    ),
    (
        "help-govern-status",
        "muhr govern status shows what is proposed and what is in force",
    ),
    (
        "help-trust-advance",
        "take the trust file to the epoch in force: muhr trust advance FILE --node URL,URL",
    ),
    (
        "help-ask-author",
        "get the proposal again with muhr govern fetch, and ask its agency by telephone",
    ),
    (
        "help-governing-agency",
        "use the admin key of an agency that runs a validator; muhr govern status lists them",
    ),
    (
        "help-admin-key-in-force",
        "use the key that is in force; an older or a coming one signs nothing",
    ),
    (
        "help-own-proposal",
        "have that agency sign it; others can vote against a proposal",
    ),
    ("help-rotate-instead", "for other keys, say --rotate"),
    ("help-add-instead", "for an agency that comes, say --add"),
    ("help-one-wish", "name each agency in one wish only"),
    (
        "help-request-for-network",
        "have a request made for this network, with its trust file",
    ),
    (
        "help-request-again",
        "have a new request made, each key for one use alone",
    ),
    (
        "help-cosign-name",
        "names of cosigning keys carry their year: make the request again with --cosigner and a new name",
    ),
    (
        "help-request-all",
        "an agency that is new brings all: --purpose peer,vote,cosign,admin,recovery and --url",
    ),
    (
        "help-purposes",
        "keys have the purposes peer, vote, cosign, admin and recovery",
    ),
    (
        "help-node-or-request",
        "add --node URL, or --request FILE with the request that this one goes on from",
    ),
    (
        "help-registry-after-agency",
        "choose a name like {agency}.permits; nothing was signed",
    ),
    (
        "help-registry-there",
        "choose another name; muhr registry policy show tells whose this one is",
    ),
    (
        "help-taking-file",
        "give the file that muhr registry take wrote, at the agency that takes the registry",
    ),
    (
        "help-taking-height",
        "leave --expires out: the height is part of what was signed",
    ),
    (
        "help-rules-numbers",
        "write a name and a number as notice-ms=900000; muhr help govern draft lists the names",
    ),
    (
        "help-rules-bounds",
        "docs/protocol.md names the bounds of each",
    ),
    (
        "help-rules-version",
        "propose the next version, or the same",
    ),
    (
        "help-other-change",
        "change the wishes: a network has 4 to 22 agencies, each key serves one use, and addresses hold no blanks",
    ),
    (
        "help-nothing-to-change",
        "look at what is in force: muhr govern status",
    ),
    (
        "help-proofs-or-node",
        "give files with proofs, or --node URL,URL",
    ),
    (
        "help-recovery-words",
        "have two agencies read out the words of the new trust file by telephone, then: muhr trust advance FILE --node URL,URL --words \"...\"",
    ),
    (
        "help-two-trust-files",
        "two trust files of one epoch are evidence: keep what both nodes give, change nothing, and tell the auditors",
    ),
];
