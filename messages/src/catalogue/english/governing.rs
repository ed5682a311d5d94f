//! Governance: drafts, proposals and ballots, and the chain of trust files.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "trust-file-without-epoch",
        "the trust file names no network and no epoch: it is not one that changes hands",
    ),
    (
        "network-state-missing",
        "it is proven that the index holds no network",
    ),
    (
        "node-epoch-proof-malformed",
        "the node's proof of the epoch in force is none: {reason}",
    ),
    (
        "other-epoch-in-force",
        "the trust file is of epoch {held}, and epoch {in-force} is in force",
    ),
    (
        "opening-of-other-trust-file",
        "what is said to have opened the epoch in force does not make the trust file",
    ),
    (
        "opening-not-in-log",
        "the change that opened the epoch in force is not shown to be in the log: {reason}",
    ),
    (
        "proposal-signature-does-not-hold",
        "the signature of {author} on its proposal does not hold: {reason}",
    ),
    (
        "proposal-author-governs-not",
        "{author} made the proposal and runs no validator: only agencies that do govern the network",
    ),
    (
        "agency-governs-not",
        "{agency} runs no validator: only agencies that do govern the network",
    ),
    (
        "admin-key-not-in-force",
        "the key is not the admin key of {agency} that is in force",
    ),
    (
        "next-number-unknown",
        "the draft does not say which number {agency} must use next",
    ),
    (
        "proposal-of-other-agency",
        "it is {author}'s, and the admin key is {agency}'s",
    ),
    ("agency-runs-validator", "{agency} runs a validator already"),
    ("agency-runs-no-validator", "{agency} runs no validator"),
    ("agency-wished-twice", "{agency} is named twice"),
    (
        "request-of-other-network",
        "the request of {agency} is for {origin}, and for another network than the trust file",
    ),
    ("request-key-refused", "{reason}"),
    (
        "cosign-name-taken",
        "the cosigning key of {agency} is new, and its name {name} is the old one's",
    ),
    (
        "request-lacks",
        "{agency} runs no validator yet, and the request lacks its {what}",
    ),
    ("draft-changes-nothing", "nothing would change"),
    (
        "rules-number-invalid",
        "\"{given}\" names no number of the rules",
    ),
    (
        "rules-out-of-bounds",
        "a limit, a wait or a quota is out of its bounds",
    ),
    (
        "rules-version-does-not-follow",
        "version {wished} of the rules does not follow {now}",
    ),
    (
        "change-cannot-be-made",
        "the change cannot be made: {reason}",
    ),
    (
        "purposes-none",
        "say with --purpose which keys are new, or with --url which address",
    ),
    (
        "request-of-other-agency",
        "{path}: the request is {found}'s, and --agency says {agency}",
    ),
    (
        "note-request-unsigned",
        "no admin key has signed the request: have it signed with muhr govern sign {path}, or whoever votes cannot tell whose keys these are",
    ),
    (
        "purpose-invalid",
        "--purpose {purpose}: no such key, or named twice",
    ),
    (
        "lines-in-force-unknown",
        "which keys of the agency stay is not known without a node or a request made before",
    ),
    ("draft-malformed", "{path}: not a draft: {reason}"),
    ("request-malformed", "{path}: not a request: {reason}"),
    (
        "draft-says-nothing",
        "say what is to change: --add, --replace, --rotate, --remove, --url, --publisher, --recovery-threshold, --limits, --governance or --protocol",
    ),
    (
        "draft-two-changes",
        "agencies and rules are changed one after the other: each proposal is one change",
    ),
    (
        "name-and-value-expected",
        "\"{given}\" is not a name and a value with = between them",
    ),
    (
        "publisher-key-invalid",
        "--publisher is not a key and its proof",
    ),
    ("opens-not-a-moment", "--opens \"{given}\" is not a moment"),
    (
        "opens-too-early-or-late",
        "it would open at {opens}; what is proposed now may open from {from} to {until}",
    ),
    (
        "governance-malformed",
        "what the node tells of governance is not in its format",
    ),
    ("proposal-unknown", "no proposal is known as {given}"),
    (
        "node-gives-other-leaf",
        "the node gives another leaf than {given}",
    ),
    ("leaf-is-no-proposal", "{given} is not a proposal"),
    (
        "node-proposal-malformed",
        "the proposal cannot be read: {reason}",
    ),
    (
        "against-what-is-no-proposal",
        "nobody has proposed it: there is nothing to vote against",
    ),
    (
        "nothing-proposed-yet",
        "nobody has proposed it: there is nothing to take back",
    ),
    (
        "next-set-not-live",
        "{well|node|nodes} of the next set answered well when they were asked, and {quorum} are needed to begin",
    ),
    (
        "keys-without-request",
        "keys of {agency} come or change without its own signed request: they may be anybody's",
    ),
    (
        "sign-proposes",
        "{agency} proposes that; its approval is a ballot of its own",
    ),
    (
        "sign-votes-for",
        "{agency} votes for that, its ballot {number}; the approval stands in the log for good",
    ),
    (
        "sign-votes-against",
        "{agency} votes against that, its ballot {number}",
    ),
    (
        "sign-withdraws-proposal",
        "{agency} takes its proposal back: {id}",
    ),
    (
        "sign-requests",
        "{agency} asks to stand in {origin} with these keys:",
    ),
    ("sign-request-key", "  {purpose} {key}"),
    ("sign-request-url", "  address {url}"),
    (
        "note-draft-written",
        "{path}: it can be read and signed without a network; muhr govern show says what it would change",
    ),
    (
        "governance-not-final",
        "it was handed in, and is not in the log yet",
    ),
    (
        "file-not-to-be-sent",
        "{path}: neither a proposal in a draft, nor a ballot, nor a withdrawal: {reason}",
    ),
    ("draft-not-signed", "{path}: nobody has signed this draft"),
    ("governance-refused", "{path}: refused: {said}"),
    ("no-node-took", "{path}: no node took it: {reasons}"),
    ("governance-unproven", "the node's proof: {reason}"),
    (
        "note-as-node-tells-governance",
        "as the node tells; what binds is in the log, and a change of the agencies is proven by its trust file",
    ),
    (
        "wait-below-usual",
        "{name} is {now}, and usually {usual}: agencies and nodes have less time",
    ),
    (
        "epoch-proof-does-not-hold",
        "the proof of epoch {epoch} does not hold: {check}",
    ),
    (
        "epoch-proof-without-check",
        "the proof of epoch {epoch} does not hold",
    ),
    (
        "next-trust-file-malformed",
        "the trust file of epoch {epoch} cannot be read: {reason}",
    ),
    (
        "epoch-by-recovery",
        "epoch {epoch} was opened by recovery keys after a disaster: that is believed only of whoever was told its words",
    ),
    (
        "recovery-words-differ",
        "word {at} is not that of the trust file of epoch {epoch}",
    ),
    (
        "two-trust-files",
        "{node} has another trust file of epoch {epoch} than the one that the proofs lead to",
    ),
    (
        "advance-by-nothing",
        "say with which proofs, or with --node by asking whom",
    ),
    (
        "ask-recovery-words",
        "epoch {epoch} was opened by recovery keys: type the eight words that agencies have read out",
    ),
    ("opened-by-recovery", "recovery keys after a disaster"),
    ("opened-by-agencies", "a quorum of the agencies before"),
    (
        "note-trust-advanced",
        "{path}: epoch {epoch} has begun, opened by {by}; words of its trust file: {words}",
    ),
    (
        "note-trust-kept",
        "the trust file before is kept in {path}, for receipts of its time",
    ),
    (
        "note-trust-not-replaced",
        "{path} stays as it is, and this command goes on with the trust file in force: {reason}",
    ),
    (
        "note-trust-in-force",
        "epoch {epoch} is in force: nothing to do",
    ),
    (
        "note-mirror-without-trust",
        "the trust files of earlier epochs are not kept in the mirror: {reason}",
    ),
    (
        "trust-chain-endless",
        "the chain of trust files does not end",
    ),
];
