//! Receipts with something wrong in their text: format, the tlog-proof, the opening.

use super::{
    cases::{Book, Spoilt},
    receipts::{ID, OTHER, PERMIT, ask, hash},
};

pub(crate) fn write(book: &mut Book) {
    replaced(book, "registered.receipt", &TEXTS);
    texts(book);
    replaced(book, "registered.receipt", &TAILS);
    tails(book);
    numbers(book);
    fields(book);
}

/// Name, what is replaced, by what, and the exit code.
type Replacement<'a> = (&'a str, &'a str, &'a str, u8);

const TEXTS: [Replacement<'_>; 37] = [
    (
        "unknown-format-version",
        "muhr-receipt/v1",
        "muhr-receipt/v2",
        14,
    ),
    (
        "unknown-entry-version",
        "muhr-entry/v1",
        "muhr-entry/v2",
        14,
    ),
    (
        "unknown-block-version",
        "muhr-block/v1",
        "muhr-block/v2",
        14,
    ),
    ("unknown-operation", "v1 register", "v1 archive", 14),
    (
        "byte-order-mark",
        "muhr-receipt",
        "\u{feff}muhr-receipt",
        16,
    ),
    (
        "carriage-return",
        "muhr-receipt/v1\n",
        "muhr-receipt/v1\r\n",
        16,
    ),
    ("blank-line", "--- entry\n", "--- entry\n\n", 14),
    ("unknown-line", "author ", "remark x\nauthor ", 14),
    ("line-twice", "version 1\n", "version 1\nversion 1\n", 14),
    ("leading-zero", "version 1\n", "version 01\n", 14),
    ("sign", "version 1\n", "version +1\n", 14),
    ("two-spaces", "version 1\n", "version  1\n", 14),
    ("space-at-the-end", "version 1\n", "version 1 \n", 16),
    (
        "number-above-64-bits",
        "expires 1000\n",
        "expires 18446744073709551616\n",
        14,
    ),
    (
        "number-of-64-bits",
        "expires 1000\n",
        "expires 18446744073709551615\n",
        14,
    ),
    (
        "digits-of-another-script",
        "expires 1000\n",
        "expires \u{661}000\n",
        14,
    ),
    (
        "capital-in-a-name",
        "registry qurilish",
        "registry Qurilish",
        14,
    ),
    (
        "name-ends-in-a-hyphen",
        "author qurilish/aziza\n",
        "author qurilish/aziza-\n",
        14,
    ),
    (
        "name-too-long",
        "author qurilish/aziza\n",
        "author qurilish/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        14,
    ),
    (
        "no-such-day",
        "effective 2026-11-23",
        "effective 2026-02-29",
        14,
    ),
    (
        "no-such-month",
        "effective 2026-11-23",
        "effective 2026-13-01",
        14,
    ),
    (
        "year-zero",
        "effective 2026-11-23",
        "effective 0999-11-23",
        14,
    ),
    (
        "other-date",
        "effective 2026-11-23",
        "effective 2026-11-24",
        14,
    ),
    (
        "leap-day",
        "effective 2026-11-23",
        "effective 2028-02-29",
        14,
    ),
    (
        "lines-in-another-order",
        "--- clerk\nclerk",
        "--- record\nclerk",
        14,
    ),
    (
        "unknown-section",
        "--- clerk\n",
        "--- remark\nx\n--- clerk\n",
        14,
    ),
    (
        "opening-last-line-only",
        "--- opening\n",
        "--- opening\n--- opening\n",
        14,
    ),
    ("opening-without-a-number", "record-id TSH-12\n", "", 14),
    ("opening-without-salt", "salt ", "pepper ", 14),
    (
        "clerk-of-two-keys",
        "until never",
        "until never until never",
        14,
    ),
    ("clerk-until-no-day", "until never", "until 2026-02-30", 14),
    ("clerk-until-a-day", "until never", "until 2026-12-30", 14),
    (
        "operations-in-another-order",
        "operations register,amend",
        "operations amend,register",
        14,
    ),
    (
        "operation-twice",
        "operations register",
        "operations register,register",
        14,
    ),
    (
        "registry-twice",
        "registries qurilish.permits",
        "registries qurilish.permits,qurilish.permits",
        14,
    ),
    ("status-unknown", "record active", "record pending", 14),
    ("proposer-no-name", "proposer iiv", "proposer -", 14),
];

const TAILS: [Replacement<'_>; 15] = [
    (
        "unknown-proof-version",
        "tlog-proof@v1",
        "tlog-proof@v2",
        14,
    ),
    (
        "extra-line-in-the-proof",
        "tlog-proof@v1\n",
        "tlog-proof@v1\nextra AAAA\n",
        14,
    ),
    (
        "no-line-before-the-checkpoint",
        "\n\nmuhr.example",
        "\nmuhr.example",
        14,
    ),
    (
        "two-lines-before-the-checkpoint",
        "\n\nmuhr.example",
        "\n\n\nmuhr.example",
        14,
    ),
    ("index-of-the-neighbour", "\nindex 4\n", "\nindex 5\n", 14),
    ("index-of-its-block-leaf", "\nindex 4\n", "\nindex 6\n", 14),
    ("index-outside", "\nindex 4\n", "\nindex 8\n", 14),
    (
        "index-far-outside",
        "\nindex 4\n",
        "\nindex 18446744073709551615\n",
        14,
    ),
    (
        "other-origin",
        "\nmuhr.example/test/1\n",
        "\nmuhr.example/test/3\n",
        15,
    ),
    (
        "malformed-origin",
        "\nmuhr.example/test/1\n",
        "\nMuhr.example/test/1\n",
        14,
    ),
    (
        "origin-without-a-number",
        "\nmuhr.example/test/1\n",
        "\nmuhr.example/test\n",
        14,
    ),
    (
        "extension-line",
        "\n\u{2014} adliya",
        "extension\n\n\u{2014} adliya",
        14,
    ),
    ("hyphen-for-the-dash", "\u{2014} adliya", "- adliya", 14),
    (
        "delete-in-an-unknown-line",
        "\u{2014} adliya",
        "\u{2014} a\u{7f} AAAAAAAA\n\u{2014} adliya",
        14,
    ),
    (
        "unknown-line-in-the-checkpoint",
        "\u{2014} adliya",
        "\u{2014} stranger.example AAAAAAAA\n\u{2014} adliya",
        0,
    ),
];

const FIELDS: [Replacement<'_>; 19] = [
    (
        "field-value-altered",
        "field holder Karimov  A.",
        "field holder Karimov A.",
        11,
    ),
    ("field-name-altered", "field holder ", "field owner ", 11),
    ("field-left-out", "field a\\\\b \n", "", 11),
    (
        "field-put-in",
        "field a\\\\b \n",
        "field a\\\\b \nfield c d\n",
        11,
    ),
    ("field-twice", "field a\\\\b \n", "field holder \n", 14),
    (
        "field-without-a-value",
        "field a\\\\b \n",
        "field a\\\\b\n",
        14,
    ),
    (
        "field-with-an-empty-name",
        "field a\\\\b \n",
        "field  x\n",
        14,
    ),
    ("field-escape-in-capitals", "\\x01", "\\x0A", 14),
    ("field-escape-not-needed", "Karimov", "\\x4barimov", 14),
    ("field-escape-for-line-feed", "A.\\n", "A.\\x0a", 14),
    ("field-escape-for-tab", "\\t", "\\x09", 14),
    (
        "field-escape-for-a-letter-above-ascii",
        "\u{85}",
        "\\x85",
        14,
    ),
    ("field-escape-unknown", "\\t", "\\q", 14),
    ("field-escape-cut", "\\x7f", "\\x7", 14),
    ("field-escape-at-the-end", "(o'g'li)", "(o'g'li)\\", 14),
    (
        "field-escape-space-in-a-value",
        "Karimov  A.",
        "Karimov\\s A.",
        14,
    ),
    (
        "field-name-with-a-control",
        "field a\\\\b ",
        "field a\u{85}b ",
        14,
    ),
    (
        "field-name-with-an-escaped-control",
        "field a\\\\b ",
        "field a\\nb ",
        14,
    ),
    (
        "fields-secret-twice",
        "secret ",
        "secret AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nsecret ",
        14,
    ),
];

const NUMBERS: [(&str, &str, u8); 22] = [
    ("number-of-another", "TSH-13", 11),
    ("number-in-small-letters", "tsh-12", 11),
    ("number-in-another-script", "\u{422}SH-12", 11),
    ("number-of-two-parts", "TSH-12|A", 11),
    ("number-with-a-bar", "TSH-12\\|", 11),
    ("number-of-eight-parts", "1|2|3|4|5|6|7|8", 11),
    ("number-with-an-apostrophe", "TSH'12", 11),
    ("number-not-folded-apostrophe", "TSH\u{2019}12", 14),
    ("number-not-folded-letter", "e\u{301}", 14),
    ("number-not-folded-spaces", "TSH  12", 14),
    ("number-not-folded-space", "TSH\u{a0}12", 14),
    ("number-with-a-space-before", " TSH-12", 14),
    ("number-with-a-space-after", "TSH-12 ", 16),
    ("number-with-an-empty-part", "TSH-12|", 14),
    ("number-of-nine-parts", "1|2|3|4|5|6|7|8|9", 14),
    ("number-invisible", "TSH\u{200b}-12", 14),
    ("number-turned", "TSH\u{202e}-12", 14),
    ("number-with-a-soft-hyphen", "TSH\u{ad}-12", 14),
    ("number-with-a-tag", "TSH-12\u{e0041}", 14),
    ("number-with-a-control", "TSH-12\u{9b}", 14),
    ("number-with-a-useless-backslash", "TS\\H-12", 14),
    ("number-with-a-backslash-at-the-end", "TSH-12\\", 14),
];

/// Cases that put `new` in place of the first `old` of a file.
fn replaced(book: &mut Book, file: &str, cases: &[Replacement<'_>]) {
    let text = book.text(file);
    for (name, old, new, exit) in cases {
        assert!(text.contains(old), "{name}");
        let spoilt = text.replacen(old, new, 1).into_bytes();
        book.case(&ask(file), name, Spoilt::File(spoilt), *exit);
    }
}

fn texts(book: &mut Book) {
    let long = format!("record-id {}\n", "x".repeat(262_144));
    let reference = "reference a 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= 1\n";
    let nine = format!("{}commitment document", reference.repeat(9));
    replaced(
        book,
        "registered.receipt",
        &[
            ("nine-references", "commitment document", &nine, 14),
            ("too-long", "record-id TSH-12\n", &long, 14),
        ],
    );
    let text = book.text("registered.receipt");
    for (name, spoilt, exit) in [
        ("empty", String::new(), 16),
        ("two-in-one", format!("{text}{text}"), 14),
        ("line-feed-at-the-end", format!("{text}\n"), 16),
        ("nul-at-the-end", format!("{text}\0"), 14),
        ("no-line-feed-at-the-end", text.trim_end().to_owned(), 16),
    ] {
        let spoilt = Spoilt::File(spoilt.into_bytes());
        book.case(&ask("registered.receipt"), name, spoilt, exit);
    }
    // The last base64 letter of a hash with an unused bit set means the same 32 bytes.
    let slack = |letter: &str, other: &str| {
        let at = text.find(letter).unwrap();
        [&text[..at], other, &text[at + letter.len()..]].concat()
    };
    for (from, to, name) in [
        ("A=\n", "B=\n", "a"),
        ("E=\n", "F=\n", "e"),
        ("U=\n", "V=\n", "u"),
    ] {
        if text.contains(from) {
            let spoilt = Spoilt::File(slack(from, to).into_bytes());
            book.case(
                &ask("registered.receipt"),
                &format!("unused-bits-{name}"),
                spoilt,
                14,
            );
        }
    }
    let mut bytes = text.into_bytes();
    bytes[20] = 0xff;
    book.case(
        &ask("registered.receipt"),
        "not-utf-8",
        Spoilt::File(bytes),
        14,
    );
}

fn tails(book: &mut Book) {
    let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let first = format!("\nindex 4\n{hash}");
    let last = format!("\n{hash}\nmuhr.example");
    let many = format!("\nindex 4\n{}", hash.repeat(65));
    replaced(
        book,
        "registered.receipt",
        &[
            ("extra-sibling-first", "\nindex 4\n", &first, 14),
            ("extra-sibling-last", "\n\nmuhr.example", &last, 14),
            ("65-siblings", "\nindex 4\n", &many, 14),
        ],
    );
}

fn numbers(book: &mut Book) {
    let mine = format!("record-id {ID}\n");
    let (long, too_long) = ("x".repeat(512), "x".repeat(513));
    let more = [
        ("number-of-512-bytes", long.as_str(), 11),
        ("number-of-513-bytes", too_long.as_str(), 14),
        ("number-empty", "", 14),
    ];
    for (name, number, exit) in NUMBERS.iter().chain(&more) {
        let line = format!("record-id {number}\n");
        replaced(book, "registered.receipt", &[(*name, &mine, &line, *exit)]);
    }
}

fn fields(book: &mut Book) {
    let (permit, other) = (hash(PERMIT).to_hex(), hash(OTHER).to_hex());
    let many: String = (0..257).map(|at| format!("field f{at} \n")).collect();
    let many = format!("{many}field holder");
    let long = format!("field long {}\nfield holder", "x".repeat(131_072));
    replaced(book, "fields.receipt", &FIELDS);
    replaced(
        book,
        "fields.receipt",
        &[
            ("field-document-altered", &permit, &other, 11),
            ("fields-257", "field holder", &many, 14),
            ("fields-too-long", "field holder", &long, 14),
        ],
    );
    let text = book.text("fields.receipt");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("field "))
        .collect();
    let swapped = text.replacen(
        &format!("{}\n{}\n", lines[0], lines[1]),
        &format!("{}\n{}\n", lines[1], lines[0]),
        1,
    );
    assert_ne!(swapped, text);
    let asked = ask("fields.receipt");
    book.case(
        &asked,
        "fields-in-another-order",
        Spoilt::File(swapped.into_bytes()),
        11,
    );
    let all: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let none = text.replacen(&all, "", 1);
    book.case(&asked, "fields-none", Spoilt::File(none.into_bytes()), 14);
}
