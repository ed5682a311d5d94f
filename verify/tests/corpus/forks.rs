//! Evidence of forks: two checkpoints of one size, and who signed both.

use protocol::entry::Operation;
use verify::checkpoint::ForkEvidence;

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    receipts::{ID, registered},
    world::World,
};

fn evidence(one: &str, other: &str) -> String {
    of_sizes(one, other, None)
}

fn of_sizes(one: &str, other: &str, prefix: Option<Vec<[u8; 32]>>) -> String {
    let (one, other) = (one.to_owned(), other.to_owned());
    ForkEvidence { one, other, prefix }.write()
}

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
    sizes(book, &one, &other);
}

/// Two logs of two sizes: what a larger one begins with convicts, and no other path does.
fn sizes(book: &mut Book, one: &World, other: &World) {
    let asked = Ask::of(Kind::Evidence, "trust.policy", "fork.evidence");
    let mut longer = other.clone();
    for id in ["TSH-7", "TSH-8", "TSH-9"] {
        longer.act(Operation::Register, id);
        let path = || longer.prefix(one.size());
        let (small, large) = (one.note(&[0, 1, 2]), longer.note(&[1, 2, 3]));
        let name = |what: &str| format!("of-two-sizes-{id}-{what}");
        let mut continued = one.clone();
        continued.act(Operation::Register, id);
        let honest = continued.note(&[0, 1, 2]);
        let bent = || {
            let mut bent = path();
            bent[0][0] ^= 1;
            bent
        };
        for (what, text, exit) in [
            ("proven", of_sizes(&small, &large, Some(path())), 30),
            (
                "by-one-signer",
                of_sizes(&one.note(&[1]), &longer.note(&[1]), Some(path())),
                30,
            ),
            (
                "signed-by-nobody-twice",
                of_sizes(&one.note(&[0]), &longer.note(&[1]), Some(path())),
                14,
            ),
            ("turned", of_sizes(&large, &small, Some(path())), 14),
            ("without-its-path", of_sizes(&small, &large, None), 14),
            (
                "of-the-same-log",
                of_sizes(&small, &honest, Some(continued.prefix(one.size()))),
                14,
            ),
            (
                "of-another-larger-log",
                of_sizes(&small, &honest, Some(path())),
                14,
            ),
            (
                "with-a-bent-path",
                of_sizes(&small, &large, Some(bent())),
                14,
            ),
            (
                "with-a-bent-path-of-the-same-log",
                of_sizes(&small, &honest, Some(bent())),
                14,
            ),
            (
                "with-a-short-path",
                of_sizes(&small, &large, Some(path()[1..].to_vec())),
                14,
            ),
            (
                "with-a-long-path",
                of_sizes(&small, &large, Some([path(), path()].concat())),
                14,
            ),
            (
                "with-no-hashes",
                of_sizes(&small, &large, Some(Vec::new())),
                14,
            ),
            (
                "with-66-hashes",
                of_sizes(&small, &large, Some(vec![[0; 32]; 66])),
                14,
            ),
            (
                "with-a-line-feed-more",
                of_sizes(&small, &large, Some(path())) + "\n",
                16,
            ),
        ] {
            book.case(&asked, &name(what), Spoilt::File(text.into_bytes()), exit);
        }
    }
    let prefix = Some(longer.prefix(one.size()));
    let whole = of_sizes(&one.note(&[0, 1, 2]), &longer.note(&[1, 2, 3]), prefix);
    book.file("fork-sizes.evidence", whole);
    let same = of_sizes(
        &one.note(&[0]),
        &other.note(&[0]),
        Some(other.prefix(other.size() - 1)),
    );
    book.case(
        &asked,
        "of-one-size-with-a-path",
        Spoilt::File(same.into_bytes()),
        14,
    );
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
        ("with-a-line-feed-more", evidence(&a, &b) + "\n", 16),
    ] {
        book.case(&asked, name, Spoilt::File(text.into_bytes()), exit);
    }
}
