//! Evidence of forks: two checkpoints of one size, and who signed both.

use protocol::entry::Operation;
use verify::checkpoint::evidence;

use super::{
    books::{Ask, Book, Kind, Spoilt},
    receipts::{ID, registered},
    world::World,
};

pub(crate) fn write(book: &mut Book) {
    let (mut one, _) = registered();
    let mut other = one.clone();
    one.act(Operation::Revoke, ID);
    other.act(Operation::Suspend, ID);
    let (a, b) = (one.note(&[0, 1, 2]), other.note(&[1, 2, 3]));
    book.file("fork-one.note", a.clone());
    book.file("fork-other.note", b.clone());
    book.file("fork.evidence", evidence(&a, &b));
    for file in ["fork-one.note", "fork-other.note"] {
        let asked = Ask::of(Kind::Checkpoint, "trust.policy", file);
        book.case(
            &asked,
            &format!("each-alone-{}", file.trim_end_matches(".note")),
            Spoilt::Not,
            0,
        );
    }
    let asked = Ask::of(Kind::Evidence, "other-network.policy", "fork.evidence");
    book.case(&asked, "for-another-network", Spoilt::Not, 14);
    pairs(book, &one, &other);
}

fn pairs(book: &mut Book, one: &World, other: &World) {
    let (a, b) = (one.note(&[0, 1, 2]), other.note(&[1, 2, 3]));
    let asked = Ask::of(Kind::Evidence, "trust.policy", "fork.evidence");
    let of_other_sizes = {
        let mut longer = other.clone();
        longer.act(Operation::Register, "TSH-9");
        longer.note(&[0, 1, 2])
    };
    let flipped = b.replacen("iiv.example/2026 ", "iiv.example/2026 A", 1);
    for (name, text, exit) in [
        ("two-of-one-size", evidence(&a, &b), 30),
        ("in-the-other-order", evidence(&b, &a), 30),
        (
            "one-signer-is-enough",
            evidence(&one.note(&[0]), &other.note(&[0])),
            30,
        ),
        (
            "nobody-signed-both",
            evidence(&one.note(&[0, 1]), &other.note(&[2, 3])),
            14,
        ),
        ("of-two-sizes", evidence(&a, &of_other_sizes), 14),
        ("of-one-checkpoint-twice", evidence(&a, &a), 14),
        (
            "of-one-checkpoint-by-others",
            evidence(&one.note(&[0, 1]), &one.note(&[1, 2])),
            14,
        ),
        ("with-a-malformed-line", evidence(&a, &flipped), 14),
        (
            "with-a-bad-line",
            evidence(&a, &format!("{b}{}", one.line(0, "x\n"))),
            14,
        ),
        (
            "by-the-log-alone",
            evidence(
                &format!(
                    "{}\n{}",
                    one.checkpoint().write(),
                    one.log_line(&one.checkpoint().write())
                ),
                &format!(
                    "{}\n{}",
                    other.checkpoint().write(),
                    other.log_line(&other.checkpoint().write())
                ),
            ),
            14,
        ),
        (
            "of-three",
            format!("{}--- checkpoint\n{a}", evidence(&a, &b)),
            14,
        ),
        (
            "of-one",
            format!("muhr-evidence/v1\n--- checkpoint\n{a}"),
            14,
        ),
        (
            "of-an-unknown-version",
            evidence(&a, &b).replacen("v1", "v2", 1),
            14,
        ),
        ("with-a-line-feed-more", evidence(&a, &b) + "\n", 14),
    ] {
        book.case(&asked, name, Spoilt::File(text.into_bytes()), exit);
    }
}
