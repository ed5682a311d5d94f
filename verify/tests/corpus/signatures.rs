//! Checkpoints: whose lines count, which break a note, and what the text may say.

use protocol::{
    key::{Signature, note_key_id},
    note::NoteSignature,
    text,
};

use super::{
    cases::{Ask, Book, Kind, Spoilt, Sweep},
    orders::{BASE_POINT, plus_order},
    receipts::{ORIGIN, OTHER_ORIGIN, ask, registered},
    world::World,
};

pub(crate) const CHECKPOINT: Ask<'_> = Ask::of(Kind::Checkpoint, "trust.policy", "checkpoint.note");

pub(crate) fn write(book: &mut Book) {
    let (world, _) = registered();
    let body = world.checkpoint().write();
    book.file(
        "checkpoint.note",
        format!("{}{}", world.note(&[0, 1, 3]), world.log_line(&body)),
    );
    signers(book, &world, &body);
    lines(book, &world, &body);
    log_lines(book, &world, &body);
    unknown_lines(book, &world, &body);
    bodies(book);
    receipts(book, &world, &body);
    let asked = CHECKPOINT;
    book.sweep(&asked, "flip-01", Sweep::Flip(1), &[0, 14, 15, 16]);
    book.sweep(&asked, "cut", Sweep::Cut, &[0, 14, 16]);
}

fn note(body: &str, lines: &[String]) -> Spoilt {
    Spoilt::File(format!("{body}\n{}", lines.concat()).into_bytes())
}

/// The line of a key, whatever it is worth.
pub(crate) fn line(name: &str, algorithm: u8, key: &[u8; 32], blob: &[u8]) -> String {
    let key_id = note_key_id(name, algorithm, key);
    let (name, blob) = (name.to_owned(), blob.to_vec());
    NoteSignature { name, key_id, blob }.write()
}

fn signers(book: &mut Book, world: &World, body: &str) {
    let all: Vec<String> = (0..4).map(|signer| world.line(signer, body)).collect();
    let log = world.log_line(body);
    let of = |signers: &[usize]| {
        signers
            .iter()
            .map(|at| all[*at].clone())
            .collect::<Vec<_>>()
    };
    book.case(&CHECKPOINT, "three-of-four-and-the-log", Spoilt::Not, 0);
    for (name, signers, exit) in [
        ("all-four", &[0, 1, 2, 3][..], 0),
        ("three-of-four", &[1, 2, 3], 0),
        ("in-another-order", &[3, 0, 2], 0),
        ("two-of-four", &[0, 1], 14),
        ("one-of-four", &[2], 14),
        ("two-and-one-of-them-twice", &[0, 1, 1], 14),
        ("one-three-times", &[0, 0, 0], 14),
        ("three-and-one-of-them-twice", &[0, 1, 1, 2], 0),
    ] {
        book.case(&CHECKPOINT, name, note(body, &of(signers)), exit);
    }
    let with_log = |signers: &[usize]| [of(signers), vec![log.clone()]].concat();
    book.case(
        &CHECKPOINT,
        "two-and-the-log",
        note(body, &with_log(&[0, 1])),
        14,
    );
    book.case(&CHECKPOINT, "the-log-alone", note(body, &with_log(&[])), 14);
    book.case(
        &CHECKPOINT,
        "the-log-twice",
        note(body, &[with_log(&[0, 1, 2]), vec![log.clone()]].concat()),
        0,
    );
    // The times of one signer differ; both lines hold.
    let later = [of(&[0, 1, 2]), vec![world.line_at(1_900_000_000, 2, body)]].concat();
    book.case(
        &CHECKPOINT,
        "one-of-them-again-later",
        note(body, &later),
        0,
    );
    let theirs = World::new(OTHER_ORIGIN);
    let foreign: Vec<String> = (0..4).map(|signer| theirs.line(signer, body)).collect();
    book.case(
        &CHECKPOINT,
        "keys-of-another-network",
        note(body, &foreign),
        14,
    );
    let mixed = [of(&[0, 1]), foreign[2..].to_vec()].concat();
    book.case(
        &CHECKPOINT,
        "two-of-ours-and-two-of-another-network",
        note(body, &mixed),
        14,
    );
    for (name, time, exit) in [
        ("time-1", 1, 0),
        ("time-zero", 0, 14),
        ("time-of-63-bits", i64::MAX.unsigned_abs(), 0),
        ("time-of-64-bits", i64::MAX.unsigned_abs() + 1, 14),
        ("time-largest", u64::MAX, 14),
    ] {
        let lines = [of(&[0, 1]), vec![world.line_at(time, 2, body)]].concat();
        book.case(&CHECKPOINT, name, note(body, &lines), exit);
    }
}

/// Name, a line of an unknown key, and the exit code.
const UNKNOWN: [(&str, &str, u8); 15] = [
    ("unknown-line", "\u{2014} stranger.example AAAAAAAA\n", 0),
    (
        "unknown-line-of-five-bytes",
        "\u{2014} stranger.example AAAAAAA=\n",
        0,
    ),
    (
        "unknown-line-of-four-bytes",
        "\u{2014} stranger.example AAAAAA==\n",
        14,
    ),
    (
        "unknown-line-with-unused-bits",
        "\u{2014} stranger.example AAAAAAB=\n",
        14,
    ),
    (
        "unknown-line-without-padding",
        "\u{2014} stranger.example AAAAAAA\n",
        14,
    ),
    (
        "unknown-line-in-url-letters",
        "\u{2014} stranger.example AAAA__--\n",
        14,
    ),
    (
        "unknown-line-with-a-space",
        "\u{2014} a stranger AAAAAAAA\n",
        14,
    ),
    (
        "unknown-line-with-a-hard-space",
        "\u{2014} a\u{a0}stranger AAAAAAAA\n",
        14,
    ),
    (
        "unknown-line-with-a-plus",
        "\u{2014} a+stranger AAAAAAAA\n",
        14,
    ),
    ("unknown-line-without-a-name", "\u{2014}  AAAAAAAA\n", 14),
    (
        "unknown-line-with-a-hyphen",
        "- stranger.example AAAAAAAA\n",
        14,
    ),
    (
        "unknown-line-with-a-tab",
        "\u{2014} stranger\texample AAAAAAAA\n",
        14,
    ),
    (
        "unknown-line-with-a-nul",
        "\u{2014} stranger\0example AAAAAAAA\n",
        14,
    ),
    (
        "unknown-line-with-a-delete",
        "\u{2014} stranger\u{7f}example AAAAAAAA\n",
        0,
    ),
    (
        "unknown-line-in-another-script",
        "\u{2014} \u{422}\u{428} AAAAAAAA\n",
        0,
    ),
];

/// One more line under three that hold: of a known key it must hold, of an unknown one it may be anything.
fn lines(book: &mut Book, world: &World, body: &str) {
    let good: String = [0, 1, 3].map(|signer| world.line(signer, body)).concat();
    let agency = &world.genesis.agencies[2];
    let key = agency.cosign.key.as_bytes();
    let name = agency.cosigner.as_str();
    let honest =
        text::base64_bytes(world.line(2, body).trim_end().rsplit(' ').next().unwrap()).unwrap();
    let blob = &honest[4..];
    let with = |at: usize, byte: u8| {
        let mut blob = blob.to_vec();
        blob[at] ^= byte;
        blob
    };
    let signature = Signature::new(blob[8..].try_into().unwrap());
    let malleated = [&blob[..8], plus_order(&signature).as_bytes()].concat();
    let cases = [
        ("known-line", line(name, 4, key, blob), 0),
        ("known-line-flipped", line(name, 4, key, &with(20, 1)), 14),
        (
            "known-line-of-another-time",
            line(name, 4, key, &with(7, 1)),
            14,
        ),
        ("known-line-short", line(name, 4, key, &blob[..71]), 14),
        (
            "known-line-long",
            line(name, 4, key, &[blob, &[0]].concat()),
            14,
        ),
        (
            "known-line-without-time",
            line(name, 4, key, &blob[8..]),
            14,
        ),
        ("known-line-of-one-byte", line(name, 4, key, &[0]), 14),
        ("known-line-zero", line(name, 4, key, &[0; 72]), 14),
        ("known-line-plus-order", line(name, 4, key, &malleated), 14),
        (
            "known-line-on-another-body",
            world.line(2, &format!("{body}x\n")),
            14,
        ),
        (
            "known-line-on-a-body-without-line-feed",
            world.line(2, body.trim_end()),
            14,
        ),
        ("known-key-as-algorithm-1", line(name, 1, key, blob), 0),
        (
            "known-id-under-another-name",
            line("stranger.example", 4, key, blob),
            0,
        ),
        (
            "known-name-with-another-key",
            line(name, 4, &BASE_POINT, blob),
            0,
        ),
    ];
    for (name, more, exit) in cases {
        one_more(book, body, name, (&good, &more), exit);
    }
}

fn log_lines(book: &mut Book, world: &World, body: &str) {
    let good: String = [0, 1, 3].map(|signer| world.line(signer, body)).concat();
    let log_key = world.genesis.publisher.key.as_bytes();
    let blob = [7; 72];
    let cases = [
        ("log-line-flipped", line(ORIGIN, 1, log_key, &blob[8..]), 14),
        (
            "log-line-on-another-body",
            world.log_line(&format!("{body}x\n")),
            14,
        ),
        (
            "log-line-as-a-cosignature",
            line(ORIGIN, 1, log_key, &blob),
            14,
        ),
        ("log-key-as-algorithm-4", line(ORIGIN, 4, log_key, &blob), 0),
    ];
    for (name, more, exit) in cases {
        one_more(book, body, name, (&good, &more), exit);
    }
}

fn unknown_lines(book: &mut Book, world: &World, body: &str) {
    let good: String = [0, 1, 3].map(|signer| world.line(signer, body)).concat();
    for (name, more, exit) in UNKNOWN {
        one_more(book, body, name, (&good, more), exit);
    }
    let unknown = |count| "\u{2014} s AAAAAAAA\n".repeat(count);
    let long = format!("\u{2014} s {}\n", "AAAA".repeat(16_384));
    one_more(
        book,
        body,
        "unknown-lines-100-in-all",
        (&good, &unknown(97)),
        0,
    );
    one_more(
        book,
        body,
        "unknown-lines-101-in-all",
        (&good, &unknown(98)),
        14,
    );
    one_more(book, body, "note-too-long", (&good, &long), 14);
}

/// The line behind the good ones; and, if it does no harm, in front of them.
fn one_more(book: &mut Book, body: &str, name: &str, (good, more): (&str, &str), exit: u8) {
    let note = |lines: [&str; 2]| note(body, &lines.map(ToOwned::to_owned));
    book.case(&CHECKPOINT, name, note([good, more]), exit);
    if exit == 0 {
        let before = format!("{name}-in-front");
        book.case(&CHECKPOINT, &before, note([more, good]), 0);
    }
}

/// Name, what is replaced in the checkpoint, by what, and the exit code.
const BODIES: [(&str, &str, &str, u8); 20] = [
    ("another-size", "\n8\n", "\n9\n", 14),
    ("size-with-a-zero", "\n8\n", "\n08\n", 14),
    ("size-zero", "\n8\n", "\n0\n", 14),
    ("size-of-65-bits", "\n8\n", "\n18446744073709551616\n", 14),
    ("no-size", "\n8\n", "\n", 14),
    ("extension", "=\n\n", "=\nextension\n\n", 14),
    ("blank-line-before-the-lines", "=\n\n", "=\n\n\n", 14),
    ("no-blank-line", "=\n\n", "=\n", 14),
    (
        "blank-line-between-lines",
        "\u{2014} iiv",
        "\n\u{2014} iiv",
        14,
    ),
    (
        "blank-line-at-the-top",
        "muhr.example/test/1\n8",
        "\nmuhr.example/test/1\n8",
        16,
    ),
    ("carriage-return", "\n8\n", "\r\n8\r\n", 16),
    (
        "origin-of-another",
        "muhr.example/test/1\n8",
        "muhr.example/test/2\n8",
        15,
    ),
    (
        "origin-of-a-restart",
        "muhr.example/test/1\n8",
        "muhr.example/test/10\n8",
        15,
    ),
    (
        "origin-in-capitals",
        "muhr.example/test/1\n8",
        "MUHR.example/test/1\n8",
        14,
    ),
    (
        "origin-with-a-zero",
        "muhr.example/test/1\n8",
        "muhr.example/test/01\n8",
        14,
    ),
    (
        "origin-with-an-empty-part",
        "muhr.example/test/1\n8",
        "muhr.example//1\n8",
        14,
    ),
    ("origin-of-one-part", "muhr.example/test/1\n8", "1\n8", 14),
    (
        "space-after-the-origin",
        "muhr.example/test/1\n8",
        "muhr.example/test/1 \n8",
        16,
    ),
    ("root-of-31-bytes", "=\n\n", "\n\n", 14),
    ("root-in-url-letters", "=\n\n", "_\n\n", 14),
];

fn bodies(book: &mut Book) {
    let text = book.text("checkpoint.note");
    for (name, old, new, exit) in BODIES {
        assert!(text.contains(old), "{name}");
        let spoilt = text.replacen(old, new, 1).into_bytes();
        book.case(&CHECKPOINT, name, Spoilt::File(spoilt), exit);
    }
    let long = text
        .replacen("muhr.example", &"m".repeat(128), 1)
        .into_bytes();
    book.case(&CHECKPOINT, "origin-too-long", Spoilt::File(long), 14);
    book.case(&CHECKPOINT, "empty", Spoilt::File(Vec::new()), 16);
    let twice = format!("{text}{text}").into_bytes();
    book.case(&CHECKPOINT, "twice", Spoilt::File(twice), 14);
}

/// What holds for a checkpoint holds for the one in a receipt.
fn receipts(book: &mut Book, world: &World, body: &str) {
    let text = book.text("registered.receipt");
    let head = &text[..text.rfind("\n\n").unwrap() + 2];
    let line = |signer: usize| world.line(signer, body);
    let zero = world.line_at(0, 2, body);
    let other = world.line(2, &format!("{body}x\n"));
    for (name, lines, exit) in [
        (
            "cosigned-by-four",
            [line(0), line(1), line(2), line(3)].concat(),
            0,
        ),
        ("cosigned-by-two", [line(0), line(1)].concat(), 14),
        (
            "cosigned-by-two-and-the-log",
            [line(0), line(1), world.log_line(body)].concat(),
            14,
        ),
        (
            "cosigned-by-three-and-the-log",
            [line(0), line(1), line(2), world.log_line(body)].concat(),
            0,
        ),
        (
            "cosigned-twice-by-one",
            [line(0), line(1), line(1)].concat(),
            14,
        ),
        (
            "cosigned-at-time-zero",
            [line(0), line(1), line(3), zero].concat(),
            14,
        ),
        (
            "cosigned-by-three-and-a-bad-line",
            [line(0), line(1), line(3), other].concat(),
            14,
        ),
        ("cosigned-by-nobody", String::new(), 14),
    ] {
        let spoilt = Spoilt::File(format!("{head}{lines}").into_bytes());
        book.case(&ask("registered.receipt"), name, spoilt, exit);
    }
}
