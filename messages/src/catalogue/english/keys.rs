//! Key files and passphrases.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("key-trouble", "{path}: {trouble}"),
    ("key-unreadable", "{reason}"),
    ("key-is-folder", "a folder, not a file"),
    ("key-too-long", "longer than {bytes-max} bytes"),
    (
        "key-readable-by-others",
        "others may read this file (mode {mode})",
    ),
    (
        "key-has-passphrase",
        "this key has a passphrase, and --key-file is for plain ones",
    ),
    (
        "key-malformed-inside",
        "no key file under the passphrase: {reason}",
    ),
    ("key-of-other-purpose", "a {found} key, not a {wanted}'s"),
    ("passphrase-not-text", "not text in UTF-8"),
    ("passphrase-missing", "not a file with a passphrase"),
    (
        "key-did-not-open-again",
        "the encrypted key did not open again; nothing was written",
    ),
    (
        "key-damaged",
        "an encrypted key file that is damaged or cut short",
    ),
    (
        "key-for-recipient",
        "encrypted for a recipient, not with a passphrase",
    ),
    ("key-armoured", "an age file in armour (text)"),
    (
        "key-asks-for-work",
        "its passphrase asks for 2^{work} steps of scrypt, and no more than 2^{work-max} are done",
    ),
    ("key-passphrase-wrong", "the passphrase is wrong"),
];
