//! Receipts of which fields are withheld: what may be shown of a record, and what no redaction may become.

use protocol::{
    hash::{DocumentHash, sha256},
    opening::Content,
    receipt::Receipt,
    text::base64,
};

use super::{
    cases::{Book, Spoilt, Sweep},
    receipts::{PERMIT, ask, fields, of_fields},
};

pub(crate) fn write(book: &mut Book) {
    let whole = receipt(fields());
    let told = redacted(&whole, &["holder", "document"]);
    book.file("redacted.receipt", told.write());
    let asked = ask("redacted.receipt");
    book.case(&asked, "redacted", Spoilt::Not, 0);
    for (document, exit) in [("permit.txt", 0), ("other.txt", 11)] {
        let name = format!("redacted-with-{document}");
        book.case(&asked.with(document), &name, Spoilt::Not, exit);
    }
    more(book, &whole, &told);
    forms(book, &whole, &told);
    lies(book, &whole, &told);
    for (name, sweep, exits) in [
        ("redacted-flip-01", Sweep::Flip(1), &[11, 14, 15, 16][..]),
        ("redacted-flip-20", Sweep::Flip(0x20), &[11, 14, 15, 16]),
        ("redacted-cut", Sweep::Cut, &[14, 16]),
    ] {
        book.sweep(&asked, name, sweep, exits);
    }
}

fn receipt(list: Vec<(String, String)>) -> Receipt {
    let (world, at) = of_fields(list);
    world.receipt(at)
}

fn redacted(receipt: &Receipt, keep: &[&str]) -> Receipt {
    let mut receipt = receipt.clone();
    let content = receipt.opening.as_mut().unwrap().content.as_mut().unwrap();
    *content = content.redact(&|name| keep.contains(&name)).unwrap();
    receipt
}

/// Other selections, and a selection from a selection.
fn more(book: &mut Book, whole: &Receipt, told: &Receipt) {
    let twice = redacted(told, &["holder"]);
    assert_eq!(twice, redacted(whole, &["holder"]));
    let many = (0..256).map(|at| (format!("f{at}"), String::new()));
    let many = receipt(many.collect());
    let one = receipt(vec![("only".to_owned(), String::new())]);
    let text = receipt(vec![
        ("document".to_owned(), "see the annex".to_owned()),
        ("other".to_owned(), "1".to_owned()),
    ]);
    for (name, receipt) in [
        ("redacted-twice", twice),
        (
            "redacted-to-what-needs-escapes",
            redacted(whole, &["full name", "a\\b", "\u{422}\u{428}"]),
        ),
        ("redacted-to-the-last-of-256", redacted(&many, &["f255"])),
        ("redacted-to-the-only-one", redacted(&one, &["only"])),
        (
            "redacted-to-a-document-of-text",
            redacted(&text, &["document"]),
        ),
    ] {
        let file = format!("{name}.receipt");
        book.file(&file, receipt.write());
        book.case(&ask(&file), name, Spoilt::Not, 0);
        let with = format!("{name}-with-document");
        book.case(&ask(&file).with("permit.txt"), &with, Spoilt::Not, 16);
    }
}

/// Lines of a redaction, from the number to the next section.
fn lines(told: &Receipt) -> (String, Vec<String>, String) {
    let text = told.write();
    let (above, rest) = text.split_once("record-id TSH-12\n").unwrap();
    let (places, below) = rest.split_once("--- clerk\n").unwrap();
    let above = format!("{above}record-id TSH-12\n");
    let places = places.lines().map(ToOwned::to_owned).collect();
    (above, places, format!("--- clerk\n{below}"))
}

fn with_places(book: &mut Book, told: &Receipt, name: &str, places: &[String], exit: u8) {
    let (above, _, below) = lines(told);
    let places: String = places.iter().map(|line| format!("{line}\n")).collect();
    let spoilt = Spoilt::File(format!("{above}{places}{below}").into_bytes());
    book.case(&ask("redacted.receipt"), name, spoilt, exit);
}

/// What is not written in the one way there is.
fn forms(book: &mut Book, whole: &Receipt, told: &Receipt) {
    let (_, places, _) = lines(told);
    let (shown, hidden) = (&places[0], &places[1]);
    assert!(shown.starts_with("shown ") && hidden.starts_with("hidden "));
    let salt = shown.split(' ').nth(1).unwrap();
    let seven = &places[..7];
    let first = |line: &str| [&[line.to_owned()], &places[1..]].concat();
    let only = |word: &str| -> Vec<String> {
        let lines = places.iter().filter(|line| line.starts_with(word));
        lines.cloned().collect()
    };
    let four_shown: Vec<String> = (0..4).map(|at| format!("shown {salt} n{at} v")).collect();
    for (name, lines) in [
        ("redacted-to-seven-places", seven.to_vec()),
        (
            "redacted-to-nine-places",
            [&places[..], &places[7..]].concat(),
        ),
        ("redacted-to-two-places", places[..2].to_vec()),
        ("redacted-and-nothing-shown", vec![hidden.clone(); 8]),
        ("redacted-and-nothing-hidden", four_shown),
        ("redacted-and-only-the-shown", only("shown")),
        (
            "redacted-and-one-name-twice",
            [&places[..1], &places[..1], &places[2..]].concat(),
        ),
        (
            "redacted-without-a-value",
            first(&format!("shown {salt} holder")),
        ),
        (
            "redacted-without-a-name",
            first(&format!("shown {salt}  value")),
        ),
        ("redacted-without-a-salt", first("shown holder value")),
        (
            "redacted-with-a-short-salt",
            first(&format!("shown {} holder value", base64(&[1; 31]))),
        ),
        (
            "redacted-with-a-wrong-escape",
            first(&format!("shown {salt} holder \\q")),
        ),
        (
            "redacted-with-an-escape-too-many",
            first(&format!("shown {salt} holder \\x41")),
        ),
        (
            "redacted-with-a-short-commitment",
            first(&format!("hidden {}", base64(&[1; 31]))),
        ),
        ("redacted-with-a-word-behind", first(&format!("{hidden} x"))),
        (
            "redacted-with-an-unknown-line",
            first(&hidden.replace("hidden", "hiding")),
        ),
        (
            "redacted-with-a-secret",
            [&[format!("secret {salt}")], &places[..]].concat(),
        ),
        (
            "redacted-with-a-field-above",
            [&["field a b".to_owned()], &places[..]].concat(),
        ),
        (
            "redacted-with-a-field-below",
            [&places[..], &["field a b".to_owned()]].concat(),
        ),
    ] {
        with_places(book, told, name, &lines, 14);
    }
    let many = vec![hidden.clone(); 511];
    let many = [&places[..1], &many].concat();
    with_places(book, told, "redacted-to-512-places", &many, 14);
    let plain = told.write().replacen("/v1 redacted\n", "/v1\n", 1);
    let mut erased = told.clone();
    erased.opening = None;
    let header = |receipt: &Receipt| receipt.write().replacen("/v1\n", "/v1 redacted\n", 1);
    for (name, text) in [
        ("redacted-under-the-plain-line", plain),
        ("whole-under-the-redacted-line", header(whole)),
        ("erased-under-the-redacted-line", header(&erased)),
    ] {
        let spoilt = Spoilt::File(text.into_bytes());
        book.case(&ask("redacted.receipt"), name, spoilt, 14);
    }
    let spoilt = Spoilt::File(erased.write().into_bytes());
    book.case(&ask("redacted.receipt"), "redacted-and-erased", spoilt, 0);
}

/// Well-formed redactions of what was not recorded.
fn lies(book: &mut Book, whole: &Receipt, told: &Receipt) {
    let (_, places, _) = lines(told);
    let salt = places[0].split(' ').nth(1).unwrap().to_owned();
    let first = |line: String| [&[line], &places[1..]].concat();
    let swapped = |one: usize, other: usize| {
        let mut places = places.clone();
        places.swap(one, other);
        places
    };
    let mut forged = places.clone();
    forged[1] = format!("shown {} full\\sname forged", base64(&[7; 32]));
    let mut secret = places.clone();
    let Some(Content::Fields { secret: root, .. }) = &whole.opening.as_ref().unwrap().content
    else {
        panic!("no fields")
    };
    secret[0] = places[0].replacen(&salt, &base64(root.as_bytes()), 1);
    let another = hash_line(PERMIT);
    let cases = [
        (
            "redacted-with-another-value",
            first(format!("{}x", places[0])),
        ),
        (
            "redacted-with-another-name",
            first(places[0].replacen(" holder ", " owner ", 1)),
        ),
        (
            "redacted-with-a-space-in-the-name",
            first(places[0].replacen(" holder ", " holder of ", 1)),
        ),
        ("redacted-with-a-forged-field", forged),
        ("redacted-with-the-secret-for-a-salt", secret),
        (
            "redacted-with-a-hidden-place-changed",
            [&places[..1], &[another], &places[2..]].concat(),
        ),
        ("redacted-with-hidden-places-turned", swapped(1, 2)),
        ("redacted-with-padding-in-front", swapped(1, 7)),
        ("redacted-with-a-field-moved", swapped(0, 1)),
        ("redacted-with-fields-turned", swapped(0, 4)),
        ("redacted-to-four-of-eight-places", places[..4].to_vec()),
        (
            "redacted-to-sixteen-places",
            [&places[..], &vec![places[7].clone(); 8]].concat(),
        ),
    ];
    for (name, lines) in cases {
        with_places(book, told, name, &lines, 11);
    }
    let mut elsewhere = told.clone();
    elsewhere.opening.as_mut().unwrap().record = super::world::number("TSH-13");
    let spoilt = Spoilt::File(elsewhere.write().into_bytes());
    book.case(
        &ask("redacted.receipt"),
        "redacted-number-of-another",
        spoilt,
        11,
    );
}

fn hash_line(bytes: &[u8]) -> String {
    let hash = DocumentHash::new(sha256(&[bytes]));
    format!("hidden {}", base64(hash.as_bytes()))
}
