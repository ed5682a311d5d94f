//! Texts that a mail program or an editor has written again, and files of another kind than the one that is
//! asked about: neither is ever accepted, and neither is a broken proof.

use protocol::{
    dossier::Dossier,
    key::{SecretKey, vkey},
    receipt::Receipt,
};

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    histories::about,
    receipts::{ID, ORIGIN, ask},
    signatures::CHECKPOINT,
};

pub(crate) fn write(book: &mut Book) {
    let evidence = Ask::of(Kind::Evidence, "trust.policy", "fork.evidence");
    let history = about("lived.history", ID);
    for (asked, all) in [
        (ask("registered.receipt"), true),
        (CHECKPOINT, true),
        (evidence, true),
        (history, false),
    ] {
        let text = book.text(asked.file);
        for (name, bytes) in rewritings(&text) {
            if all || ["carriage-returns", "mark", "utf-16"].contains(&name) {
                let name = format!("rewritten-{name}");
                book.case(&asked, &name, Spoilt::File(bytes), 16);
            }
        }
    }
    // A file that is wrong besides is no better for what was done to it.
    let text = book.text("registered.receipt").replace('\n', "\r\n");
    let wrong = text.replacen("version 1", "version 01", 1).into_bytes();
    let asked = ask("registered.receipt");
    book.case(&asked, "rewritten-and-wrong", Spoilt::File(wrong), 14);
    let forged = text.replacen("time 1", "time 2", 1).into_bytes();
    book.case(&asked, "rewritten-and-forged", Spoilt::File(forged), 16);
    checkpoints(book);
    trust_files(book);
    witnesses(book);
    kinds(book);
}

/// The checkpoint that a file quotes is part of its format: what was done to it is told like all else, and
/// before anybody asks which epoch it is of.
fn checkpoints(book: &mut Book) {
    for asked in [ask("registered.receipt"), about("lived.history", ID)] {
        let text = book.text(asked.file);
        let (above, note) = text.split_at(text.rfind(&format!("{ORIGIN}\n")).unwrap());
        let lines: Vec<&str> = note.split('\n').collect();
        for line in 0..3 {
            let mut blank = lines.clone();
            let longer = format!("{} ", blank[line]);
            blank[line] = &longer;
            let bytes = format!("{above}{}", blank.join("\n")).into_bytes();
            let name = format!("checkpoint-blank-in-line-{}", line + 1);
            book.case(&asked, &name, Spoilt::File(bytes), 16);
        }
        assert_eq!(lines[3], "");
        let mut swapped = lines.clone();
        swapped.swap(3, 4);
        let bytes = format!("{above}{}", swapped.join("\n")).into_bytes();
        book.case(
            &asked,
            "checkpoint-line-above-its-gap",
            Spoilt::File(bytes),
            14,
        );
    }
}

/// What programs do to a text, by name.
fn rewritings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let units = |high_first: bool, mark: bool| -> Vec<u8> {
        let units = mark
            .then_some(0xfeff)
            .into_iter()
            .chain(text.encode_utf16());
        units
            .flat_map(|unit| {
                if high_first {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    vec![
        ("carriage-returns", text.replace('\n', "\r\n").into_bytes()),
        (
            "carriage-return-once",
            text.replacen('\n', "\r\n", 1).into_bytes(),
        ),
        (
            "carriage-returns-twice",
            text.replace('\n', "\r\r\n").into_bytes(),
        ),
        (
            "carriage-returns-alone",
            text.replace('\n', "\r").into_bytes(),
        ),
        ("mark", format!("\u{feff}{text}").into_bytes()),
        (
            "mark-and-carriage-returns",
            format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes(),
        ),
        ("without-its-end", text.trim_end().as_bytes().to_vec()),
        ("longer", format!("{text}\n\n").into_bytes()),
        ("later", format!("\n{text}").into_bytes()),
        ("blanks", text.replace('\n', " \n").into_bytes()),
        ("utf-16", units(false, true)),
        ("utf-16-high-first", units(true, true)),
        ("utf-16-without-a-mark", units(false, false)),
    ]
}

fn trust_files(book: &mut Book) {
    let text = book.text("trust.policy");
    // Whoever has built a file of their own on the network's may write it as they like.
    let own = format!("#: base {}\n{text}", "0a".repeat(32));
    for (name, bytes) in rewritings(&text) {
        let name = format!("trust-rewritten-{name}");
        book.case(&CHECKPOINT, &name, Spoilt::Trust(bytes), 3);
    }
    let in_the_middle = text.replacen("witness", "\nwitness", 1).into_bytes();
    let spoilt = Spoilt::Trust(in_the_middle);
    book.case(&CHECKPOINT, "trust-rewritten-in-the-middle", spoilt, 3);
    for (name, text) in [
        ("own-without-its-end", own.trim_end().to_owned()),
        ("own-longer", format!("{own}\n\n")),
        (
            "own-blanks",
            own.replace('\n', " \n").replacen("0a \n", "0a\n", 1),
        ),
    ] {
        let exit = if name == "own-blanks" { 3 } else { 0 };
        let spoilt = Spoilt::Trust(text.into_bytes());
        book.case(&CHECKPOINT, &format!("trust-{name}"), spoilt, exit);
    }
    let with = |line: &[u8]| [b"# a comment\n", line, b"\n", text.as_bytes()].concat();
    for (name, line, exit) in [
        ("header-of-other-octets", &b"#: colour \xff"[..], 3),
        ("epoch-of-other-octets", b"#: epoch \xff", 3),
        ("genesis-of-other-octets", b"#: genesis \xff", 3),
        ("past-of-other-octets", b"#: past \xff", 3),
        ("no-header-of-other-octets", b"#:epoch \xff", 0),
        (
            "comment-with-a-header-of-other-octets",
            b"# #: epoch \xff",
            0,
        ),
        (
            "header-behind-a-blank-of-other-octets",
            b" #: epoch \xff",
            0,
        ),
    ] {
        let spoilt = Spoilt::Trust(with(line));
        book.case(&CHECKPOINT, &format!("trust-{name}"), spoilt, exit);
    }
}

/// Trust files that are built on the network's and ask for outside witnesses too.
fn witnesses(book: &mut Book) {
    let text = book.text("trust.policy");
    let keys: Vec<String> = (1..3_u8)
        .map(|seed| {
            let name = format!("w{seed}.example");
            let key = vkey(&name, 4, &SecretKey::from_seed(&[seed; 32]).public());
            format!("witness w{seed} {key}\n")
        })
        .collect();
    let base = format!("#: base {}\n", "0a".repeat(32));
    let own = |groups: &str| {
        let quorum = "quorum validators\n";
        format!(
            "{base}{}",
            text.replacen(quorum, &format!("{}{groups}", keys.concat()), 1)
        )
    };
    let both = "group outside 1 w1 w2\ngroup both all validators outside\nquorum both\n";
    for (name, policy, exit) in [
        ("outside-short", own(both), 16),
        (
            "outside-and-the-agencies-short",
            own(&both.replacen("1 w1", "2 w1", 1)).replacen("validators 3", "validators 4", 1),
            14,
        ),
        (
            "one-outside-short",
            own("group both all validators w1\nquorum both\n"),
            16,
        ),
        (
            "either",
            own("group outside all w1 w2\ngroup either any validators outside\nquorum either\n"),
            0,
        ),
        (
            "outside-alone",
            own("group outside 1 w1 w2\nquorum outside\n"),
            16,
        ),
        // Without the line of the network's own file all of it is one quorum that is not met.
        (
            "outside-short-in-no-file-of-ones-own",
            own(both).replacen(&base, "", 1),
            14,
        ),
    ] {
        let name = format!("witnesses-{name}");
        let spoilt = Spoilt::Trust(policy.clone().into_bytes());
        book.case(&CHECKPOINT, &name, spoilt, exit);
        let spoilt = Spoilt::Trust(policy.into_bytes());
        // The receipt's block names the network's file, and these are built on another.
        let exit = if exit == 0 { 16 } else { exit };
        book.case(&ask("registered.receipt"), &name, spoilt, exit);
    }
}

fn kinds(book: &mut Book) {
    let receipt = book.text("registered.receipt");
    let dossier = Dossier {
        receipts: vec![Receipt::parse(receipt.as_bytes()).unwrap()],
    };
    book.file("registered.dossier", dossier.write());
    let text = |name: &str, book: &Book| book.text(name).into_bytes();
    let page = format!("<!doctype html>\n<pre>{}", &receipt[..200]);
    let others: Vec<(&str, Vec<u8>)> = vec![
        ("dossier", dossier.write().into_bytes()),
        (
            "archive",
            format!("muhr-archive/v1\nreceipt {} 12\n", "0a".repeat(32)).into_bytes(),
        ),
        ("history", text("lived.history", book)),
        ("evidence", text("fork.evidence", book)),
        ("checkpoint", text("checkpoint.note", book)),
        ("trust-file", text("trust.policy", book)),
        ("key", b"muhr-key/v1\npurpose clerk\n".to_vec()),
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec()),
        ("zip", b"PK\x03\x04\x14\0\0\0".to_vec()),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("page", page.into_bytes()),
        ("text", b"This is no receipt.\n".to_vec()),
        ("nothing", Vec::new()),
    ];
    let asked = ask("registered.receipt");
    for (name, bytes) in &others {
        let name = format!("another-kind-{name}");
        book.case(&asked, &name, Spoilt::File(bytes.clone()), 16);
    }
    let receipt = receipt.into_bytes();
    let evidence = Ask::of(Kind::Evidence, "trust.policy", "fork.evidence");
    let history = about("lived.history", ID);
    for asked in [CHECKPOINT, evidence, history] {
        let spoilt = Spoilt::File(receipt.clone());
        book.case(&asked, "another-kind-receipt", spoilt, 16);
        let spoilt = Spoilt::File(b"%PDF-1.7\n".to_vec());
        book.case(&asked, "another-kind-pdf", spoilt, 16);
    }
    // A checkpoint has no first line of its own: what is of no known kind is a broken one.
    let spoilt = Spoilt::File(b"This is no checkpoint.\n".to_vec());
    book.case(&CHECKPOINT, "another-kind-text", spoilt, 14);
    other_origins(book);
}

/// A malformed signature line is seen before the origin is, in a checkpoint and in a receipt.
fn other_origins(book: &mut Book) {
    let note = book.text("checkpoint.note");
    let receipt = book.text("registered.receipt");
    for (name, line) in [
        ("of-no-base64", "\u{2014} x AAA\n"),
        ("of-four-bytes", "\u{2014} x AAAAAA==\n"),
        ("of-slack-bits", "\u{2014} x AAAAAAB=\n"),
        ("without-a-name", "\u{2014}  AAAAAAAA\n"),
    ] {
        let name = format!("other-origin-and-a-line-{name}");
        for (asked, text) in [(CHECKPOINT, &note), (ask("registered.receipt"), &receipt)] {
            let asked = Ask {
                trust: "other-network.policy",
                ..asked
            };
            let spoilt = Spoilt::File(format!("{text}{line}").into_bytes());
            book.case(&asked, &name, spoilt, 14);
        }
    }
}
