//! Trust files: what one may say, and which keys it may name.

use protocol::{
    key::{SecretKey, note_key_id, vkey},
    text,
};

use super::{
    cases::{Book, Spoilt},
    receipts::{ORIGIN, OTHER_ORIGIN},
    signatures::CHECKPOINT,
    world::World,
};

/// Encodings that are not canonical, or of no point.
const NO_POINTS: [(&str, &str); 6] = [
    (
        "y-is-p",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
    (
        "y-is-p-plus-1",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
    (
        "y-is-p-plus-3",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
    (
        "minus-zero",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ),
    (
        "minus-zero-below",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ),
    (
        "off-the-curve",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ),
];
/// Name, what is replaced in the trust file, by what, and the exit code for a note of adliya, iiv,
/// qurilish and the log.
const TRUST: [(&str, &str, &str, u8); 44] = [
    (
        "comment",
        "group",
        "# a comment, with \u{2014} and + in it\ngroup",
        0,
    ),
    ("comment-behind-blanks", "group", " \t# a comment\ngroup", 0),
    ("blank-lines", "group", "\n \n\t\ngroup", 3),
    (
        "tabs-and-spaces",
        "group validators 3 ",
        "  group\tvalidators  3\t ",
        0,
    ),
    (
        "carriage-return",
        "quorum validators\n",
        "quorum validators\r\n",
        3,
    ),
    (
        "delete",
        "quorum validators\n",
        "quorum validators\u{7f}\n",
        3,
    ),
    (
        "form-feed",
        "quorum validators\n",
        "quorum\u{c}validators\n",
        3,
    ),
    ("unknown-line", "group", "agency x\ngroup", 3),
    (
        "word-in-capitals",
        "quorum validators",
        "Quorum validators",
        3,
    ),
    (
        "comment-behind-a-line",
        "quorum validators",
        "quorum validators # all",
        3,
    ),
    (
        "no-line-feed-at-the-end",
        "quorum validators\n",
        "quorum validators",
        3,
    ),
    ("no-log", "log muhr", "# muhr", 3),
    ("no-quorum", "quorum", "# quorum", 3),
    (
        "two-quorums",
        "quorum validators\n",
        "quorum validators\nquorum validators\n",
        3,
    ),
    ("quorum-of-nobody", "quorum validators", "quorum nobody", 3),
    (
        "quorum-of-two-words",
        "quorum validators",
        "quorum validators adliya",
        3,
    ),
    (
        "quorum-of-one-witness",
        "quorum validators",
        "quorum iiv",
        0,
    ),
    (
        "quorum-of-a-witness-that-did-not-sign",
        "quorum validators",
        "quorum kadastr",
        14,
    ),
    (
        "quorum-before-its-group",
        "group validators",
        "quorum validators\ngroup validators",
        3,
    ),
    ("quorum-none", "quorum validators", "quorum none", 0),
    ("threshold-0", "validators 3", "validators 0", 3),
    ("threshold-4", "validators 3", "validators 4", 14),
    ("threshold-5", "validators 3", "validators 5", 3),
    ("threshold-03", "validators 3", "validators 03", 3),
    ("threshold-all", "validators 3", "validators all", 14),
    ("threshold-any", "validators 3", "validators any", 0),
    (
        "threshold-of-65-bits",
        "validators 3",
        "validators 18446744073709551619",
        3,
    ),
    ("group-of-nobody", "3 adliya iiv kadastr qurilish", "all", 3),
    (
        "group-with-a-stranger",
        "3 adliya iiv",
        "3 adliya nobody",
        3,
    ),
    (
        "group-with-a-member-twice",
        "3 adliya iiv",
        "3 adliya adliya",
        3,
    ),
    ("group-of-itself", "3 adliya iiv", "3 adliya validators", 3),
    (
        "group-named-as-a-witness",
        "group validators",
        "group iiv",
        3,
    ),
    ("group-named-none", "group validators", "group none", 3),
    (
        "groups-within-groups",
        "group validators 3 adliya iiv kadastr qurilish",
        "group a 2 adliya iiv\ngroup b any kadastr qurilish\ngroup validators all a b",
        0,
    ),
    (
        "groups-within-groups-not-met",
        "group validators 3 adliya iiv kadastr qurilish",
        "group a 2 adliya kadastr\ngroup b any iiv qurilish\ngroup validators all a b",
        14,
    ),
    (
        "group-member-in-two-groups",
        "group validators",
        "group a any iiv\ngroup validators",
        3,
    ),
    ("witness-without-a-url", " https://iiv.example", "", 0),
    (
        "witness-with-two-urls",
        " https://iiv.example",
        " https://iiv.example https://iiv.example",
        3,
    ),
    (
        "witness-twice",
        "group",
        "witness iiv muhr.example/test/1+00000000+AAAA\ngroup",
        3,
    ),
    ("epoch-twice", "#: epoch 0\n", "#: epoch 0\n#: epoch 0\n", 3),
    ("epoch-malformed", "#: epoch 0\n", "#: epoch 00\n", 3),
    (
        "epoch-missing",
        "#: epoch 0\n",
        "#: epoch\n#:epoch x\n #: epoch y\n",
        0,
    ),
    ("genesis-malformed", "#: genesis ", "#: genesis 0", 3),
    (
        "unknown-header",
        "#: epoch 0\n",
        "#: epoch 0\n#: colour green\n#: colour red\n",
        0,
    ),
];

pub(crate) fn write(book: &mut Book) {
    trust_files(book);
    trust_keys(book);
}

fn trust_files(book: &mut Book) {
    let trust = book.text("trust.policy");
    for (name, old, new, exit) in TRUST {
        assert!(trust.contains(old), "{name}");
        let spoilt = trust.replacen(old, new, 1).into_bytes();
        book.case(
            &CHECKPOINT,
            &format!("trust-{name}"),
            Spoilt::Trust(spoilt),
            exit,
        );
    }
    let bytes = |middle: &[u8]| [b"# ", middle, b"\n", trust.as_bytes()].concat();
    let upper = trust.to_uppercase();
    let lines = trust.repeat(2);
    for (name, spoilt, exit) in [
        ("comment-of-other-octets", bytes(&[0xff, 0xfe, 0x80]), 0),
        ("comment-with-a-nul", bytes(&[0]), 3),
        (
            "name-of-other-octets",
            [b"group \xff any adliya\n", trust.as_bytes()].concat(),
            3,
        ),
        (
            "byte-order-mark",
            [b"\xef\xbb\xbf", trust.as_bytes()].concat(),
            0,
        ),
        ("empty", Vec::new(), 3),
        ("in-capitals", upper.into_bytes(), 3),
        ("twice", lines.into_bytes(), 3),
        ("of-64-kib", bytes(&[b'x'; 65_536]), 3),
    ] {
        // A byte order mark in front of a comment makes an unknown line of it.
        let exit = if name == "byte-order-mark" { 3 } else { exit };
        book.case(
            &CHECKPOINT,
            &format!("trust-{name}"),
            Spoilt::Trust(spoilt),
            exit,
        );
    }
    let none = trust
        .replacen("quorum validators", "quorum none", 1)
        .into_bytes();
    let text = book.text("checkpoint.note");
    let unsigned = &text[..text.rfind("\u{2014}").unwrap()];
    let both = Spoilt::Both(none, unsigned.as_bytes().to_vec());
    book.case(&CHECKPOINT, "trust-quorum-none-without-the-log", both, 14);
}

/// The trust file with another key in the place of iiv's.
pub(crate) fn with_key(trust: &str, algorithm: u8, key: &[u8; 32]) -> String {
    let name = "iiv.example/2026";
    let id = text::hex(&note_key_id(name, algorithm, key));
    let key = text::base64(&[&[algorithm], key.as_slice()].concat());
    let line = trust
        .lines()
        .find(|line| line.starts_with("witness iiv "))
        .unwrap();
    trust.replacen(
        line,
        &format!("witness iiv {name}+{id}+{key} https://iiv.example"),
        1,
    )
}

fn trust_keys(book: &mut Book) {
    let trust = book.text("trust.policy");
    let world = World::new(ORIGIN);
    let iiv = world.genesis.agencies[1].cosign.key;
    let adliya = world.genesis.agencies[0].cosign.key;
    let fresh = SecretKey::from_seed(&[9; 32]).public();
    let publisher = world.genesis.publisher.key;
    let log = trust.lines().find(|line| line.starts_with("log ")).unwrap();
    let more = |line: String| trust.replacen(log, &format!("{log}\n{line}"), 1);
    let id = text::hex(&note_key_id("iiv.example/2026", 4, iiv.as_bytes()));
    assert!(trust.contains(&id));
    for (name, spoilt, exit) in [
        (
            "key-of-algorithm-1-for-a-witness",
            with_key(&trust, 1, iiv.as_bytes()),
            3,
        ),
        (
            "key-of-algorithm-6-for-a-witness",
            with_key(&trust, 6, iiv.as_bytes()),
            3,
        ),
        (
            "key-of-another-witness",
            with_key(&trust, 4, adliya.as_bytes()),
            3,
        ),
        (
            "key-of-the-log",
            with_key(&trust, 4, publisher.as_bytes()),
            3,
        ),
        (
            "key-not-of-a-signer",
            with_key(&trust, 4, fresh.as_bytes()),
            14,
        ),
        (
            "key-id-in-capitals",
            trust.replacen(&id, &id.to_uppercase(), 1),
            if id == id.to_uppercase() { 14 } else { 3 },
        ),
        ("key-id-of-another", trust.replacen(&id, "00000000", 1), 3),
        (
            "key-with-padding-it-has-no-need-of",
            trust.replacen(" https://iiv", "= https://iiv", 1),
            3,
        ),
        (
            "second-log-key",
            more(format!("log {}", vkey(ORIGIN, 1, &fresh))),
            0,
        ),
        ("second-log-key-twice", more(log.to_owned()), 3),
        (
            "log-of-another-origin",
            more(format!("log {}", vkey(OTHER_ORIGIN, 1, &fresh))),
            3,
        ),
        (
            "log-key-of-algorithm-4",
            more(format!("log {}", vkey(ORIGIN, 4, &fresh))),
            3,
        ),
    ] {
        book.case(
            &CHECKPOINT,
            &format!("trust-{name}"),
            Spoilt::Trust(spoilt.into_bytes()),
            exit,
        );
    }
    names(book, &trust);
    no_points(book, &trust);
}

fn no_points(book: &mut Book, trust: &str) {
    for (name, hex) in NO_POINTS {
        let spoilt = with_key(trust, 4, &text::hex_array(hex).unwrap()).into_bytes();
        book.case(
            &CHECKPOINT,
            &format!("trust-key-{name}"),
            Spoilt::Trust(spoilt),
            3,
        );
    }
}

/// The line of a witness of that name, with the key made from `seed`.
fn line(name: &str, seed: u8) -> String {
    let key = SecretKey::from_seed(&[seed; 32]).public();
    let key = vkey(&format!("w{seed}.example"), 4, &key);
    format!("witness {name} {key}\n")
}

/// Names of witnesses, keys, addresses and groups at the edges of their alphabet, and words of the format.
fn alphabet() -> Vec<(&'static str, String, u8)> {
    let foreign = |name: &str| {
        let key = SecretKey::from_seed(&[1; 32]).public();
        format!("witness x {}\n", vkey(name, 4, &key))
    };
    vec![
        ("witness-named-all", line("all", 1), 3),
        ("witness-named-any", line("any", 1), 3),
        ("witness-named-quorum", line("quorum", 1), 3),
        ("witness-named-witness", line("witness", 1), 3),
        ("witness-named-outside", line("outside", 1), 0),
        ("witness-named-validators", line("validators", 1), 3),
        ("witness-in-cyrillic", line("\u{441}\u{443}\u{434}", 1), 3),
        ("witness-that-reads-backwards", line("a\u{202e}b", 1), 3),
        ("witness-with-a-number-sign", line("court#1", 1), 3),
        ("witness-of-255-characters", line(&"w".repeat(255), 1), 0),
        ("witness-of-256-characters", line(&"w".repeat(256), 1), 3),
        (
            "witness-key-in-cyrillic",
            foreign("\u{441}\u{443}\u{434}"),
            3,
        ),
        ("witness-key-with-a-number-sign", foreign("court#1"), 3),
        (
            "witness-url-with-a-number-sign",
            line("x", 1).replace('\n', " https://x.example/#w\n"),
            3,
        ),
        (
            "witness-url-in-cyrillic",
            line("x", 1).replace('\n', " https://\u{441}.example\n"),
            3,
        ),
        (
            "group-named-any",
            format!("{}group any any x\n", line("x", 1)),
            3,
        ),
        (
            "group-named-log",
            format!("{}group log any x\n", line("x", 1)),
            3,
        ),
        (
            "group-named-outside",
            format!("{}group outside any x\n", line("x", 1)),
            0,
        ),
        ("witness-of-ml-dsa", ml_dsa(), 3),
    ]
}

/// Lines put in front of the group: names that are taken, and too many of them.
fn names(book: &mut Book, trust: &str) {
    let many = |from: u16, to: u16| -> String {
        let secret = |at: u16| {
            let mut seed = [8; 32];
            seed[..2].copy_from_slice(&at.to_be_bytes());
            SecretKey::from_seed(&seed).public()
        };
        let line = |at| format!("witness w{at} {}\n", vkey("w.example", 4, &secret(at)));
        (from..to).map(line).collect()
    };
    let mut long = vec![4];
    long.extend_from_slice(&[1; 33]);
    let id = text::hex(&note_key_id("w.example", 4, &long[1..]));
    let long = format!("witness w w.example+{id}+{}\n", text::base64(&long));
    let first = [
        ("one-witness-more", line("x", 1), 0),
        ("witness-named-as-another", line("iiv", 1), 3),
        ("witness-named-none", line("none", 1), 3),
    ];
    let rest = [
        ("witness-with-a-key-of-33-bytes", long, 3),
        (
            "group-named-as-another",
            format!(
                "{}{}group g any x\ngroup g any y\n",
                line("x", 1),
                line("y", 2)
            ),
            3,
        ),
        (
            "witness-named-as-a-group",
            format!("{}group g any x\n{}", line("x", 1), line("g", 2)),
            3,
        ),
        ("log-with-two-urls", "log x y z\n".to_owned(), 3),
        ("log-without-a-key", "log\n".to_owned(), 3),
        ("group-without-members", "group g\n".to_owned(), 3),
        ("witnesses-256", many(0, 252), 0),
        ("witnesses-257", many(0, 253), 3),
    ];
    for (name, lines, exit) in first.into_iter().chain(alphabet()).chain(rest) {
        let spoilt = trust.replacen("group ", &format!("{lines}group "), 1);
        book.case(
            &CHECKPOINT,
            &format!("trust-{name}"),
            Spoilt::Trust(spoilt.into_bytes()),
            exit,
        );
    }
}

/// A witness whose key is of algorithm 06 (ML-DSA-44), in its right form.
fn ml_dsa() -> String {
    let (name, key) = ("w.example", [9; 1312]);
    let id = text::hex(&note_key_id(name, 6, &key));
    let key = text::base64(&[&[6][..], &key].concat());
    format!("witness w {name}+{id}+{key}\n")
}
