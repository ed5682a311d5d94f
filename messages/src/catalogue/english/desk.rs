//! What every command may say: files, terminals, nodes, the command line.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "passphrase-too-short",
        "the passphrase has fewer than {characters-min} characters",
    ),
    (
        "new-passphrase-no-terminal",
        "the key is to have a passphrase, and there is no terminal to ask for one",
    ),
    (
        "passphrases-differ",
        "the two passphrases differ; nothing was written",
    ),
    (
        "passphrase-no-terminal",
        "the key has a passphrase, and there is no terminal to ask for it",
    ),
    (
        "timeout-invalid",
        "{timeout-variable} is not a number of seconds from 1 to 3600",
    ),
    ("output-lost", "the output could not be written: {reason}"),
    (
        "terminal-cannot-ask",
        "this system's terminal cannot be asked for a passphrase",
    ),
    (
        "no-passphrase-given",
        "no passphrase was given; nothing was done",
    ),
    ("typed-not-text", "what was typed is not text in UTF-8"),
    ("terminal-failed", "the terminal: {reason}"),
    ("in-file", "{path}: {what}"),
    ("node-gives-no-answer", "the node gives no answer: {said}"),
    ("command-line-invalid", "{what}"),
    ("file-alone", "{path}"),
    ("file-check", "{path}: {check}"),
    ("key-not-named", "no key is named with --key"),
];
