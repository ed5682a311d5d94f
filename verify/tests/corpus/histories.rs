//! Histories: complete ones, absences, and every way to hide, move or invent a version.

use protocol::{
    entry::{Authorship, Entry, EntryRef, Operation},
    hash::LeafHash,
    height::{Height, LeafIndex, TimeMs, Version},
    history::History,
    index::ProofLeaf,
    key::{SecretKey, Signature},
    name::ClerkName,
    state::{RecordState, RecordStatus, value_hash},
};

use super::{
    cases::{Ask, Book, Kind, Spoilt, Sweep, shorten},
    receipts::{ID, ORIGIN, OTHER, OTHER_ORIGIN, PERMIT, hash},
    world::{Leaf, World, key_of},
};

const REGISTRY: &str = "qurilish.permits";

pub(crate) fn about<'a>(file: &'a str, record: &'a str) -> Ask<'a> {
    Ask {
        about: Some((REGISTRY, record)),
        ..Ask::of(Kind::History, "trust.policy", file)
    }
}

/// A record with four versions, among others.
fn lived() -> World {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    world.act_on(Operation::Amend, ID, &hash(OTHER), true);
    world.act(Operation::Register, "TSH-2");
    world.act(Operation::Suspend, ID);
    world.act(Operation::Reinstate, ID);
    world
}

pub(crate) fn write(book: &mut Book) {
    let world = lived();
    let whole = world.history(ID);
    book.file("lived.history", whole.write());
    let asked = about("lived.history", ID);
    book.case(&asked, "complete", Spoilt::Not, 0);
    book.case(
        &about("lived.history", "TSH-1"),
        "of-another-record",
        Spoilt::Not,
        14,
    );
    book.case(
        &about("lived.history", " TSH-12 "),
        "asked-in-another-writing",
        Spoilt::Not,
        0,
    );
    let elsewhere = Ask {
        about: Some(("soliq.permits", ID)),
        ..asked
    };
    book.case(&elsewhere, "of-another-registry", Spoilt::Not, 14);
    let other = Ask {
        trust: "other-network.policy",
        ..asked
    };
    book.case(
        &other,
        "under-the-trust-of-another-network",
        Spoilt::Not,
        15,
    );
    versions(book, &world, &whole);
    changed(book, &world, &whole);
    statuses(book, world.clone());
    absences(book, &world);
    erring(book);
    texts(book);
    book.sweep(&asked, "flip-01", Sweep::Flip(1), &[14, 15, 16]);
    book.sweep(&asked, "flip-20", Sweep::Flip(0x20), &[14, 16]);
    book.sweep(&asked, "cut", Sweep::Cut, &[14, 16]);
}

fn versions(book: &mut Book, world: &World, whole: &History) {
    let count = whole.record.as_ref().unwrap().1.len();
    let mut spoilt = |name: String, change: &dyn Fn(&mut Vec<Entry>)| {
        let mut history = whole.clone();
        change(&mut history.record.as_mut().unwrap().1);
        let file = Spoilt::File(history.write().into_bytes());
        book.case(&about("lived.history", ID), &name, file, 14);
    };
    for at in 0..count {
        spoilt(format!("without-{at}"), &|entries| drop(entries.remove(at)));
        spoilt(format!("first-{at}"), &|entries| entries.truncate(at));
        spoilt(format!("twice-{at}"), &|entries| {
            entries.insert(at, entries[at].clone())
        });
        for other in 0..at {
            spoilt(format!("swapped-{other}-{at}"), &|entries| {
                entries.swap(at, other)
            });
        }
    }
    spoilt("turned".to_owned(), &|entries| entries.reverse());
    let stranger = world.history("TSH-1").record.unwrap().1;
    spoilt("with-a-version-of-another".to_owned(), &|entries| {
        entries.extend(stranger.clone())
    });
    spoilt("with-another-signature".to_owned(), &|entries| {
        entries[0].authorship = Authorship::Signed(Signature::new([1; 64]));
    });
}

fn changed(book: &mut Book, world: &World, whole: &History) {
    let mut newer = world.clone();
    newer.act(Operation::Revoke, ID);
    let newer = newer.history(ID);
    let stranger = world.history("TSH-1");
    type Change<'a> = &'a dyn Fn(&mut History);
    let cases: [(&str, u8, Change<'_>); 17] = [
        ("checkpoint-of-two", 14, &|to| {
            to.checkpoint = world.note(&[0, 1])
        }),
        ("checkpoint-of-four", 0, &|to| {
            to.checkpoint = world.note(&[0, 1, 2, 3])
        }),
        ("checkpoint-newer", 14, &|to| {
            to.checkpoint.clone_from(&newer.checkpoint)
        }),
        ("head-newer", 14, &|to| to.head = newer.head.clone()),
        ("head-path-long", 14, &|to| to.head.path.push([0; 32])),
        ("state-newer", 14, &|to| {
            to.record.as_mut().unwrap().0 = newer.record.as_ref().unwrap().0.clone()
        }),
        ("older-under-the-newer-head", 14, &|to| {
            (to.head, to.checkpoint) = (newer.head.clone(), newer.checkpoint.clone())
        }),
        ("newer-cut-back", 14, &|to| {
            *to = newer.clone();
            to.record.clone_from(&whole.record);
        }),
        ("state-hidden", 14, &|to| to.record = None),
        ("proof-of-another", 14, &|to| {
            to.record_proof = stranger.record_proof.clone()
        }),
        ("proof-says-absent", 14, &|to| {
            to.record_proof.leaf = ProofLeaf::Empty
        }),
        ("status-other", 14, &|to| {
            to.record.as_mut().unwrap().0.status = RecordStatus::Revoked
        }),
        ("no-clerk", 14, &|to| to.clerks.clear()),
        ("clerk-twice", 14, &|to| {
            to.clerks.push(to.clerks[0].clone())
        }),
        ("clerk-with-another-key", 14, &|to| {
            to.clerks[0].0.key = SecretKey::from_seed(&[3; 32]).public()
        }),
        ("clerk-renamed", 14, &|to| {
            to.clerks[0].0.name = ClerkName::parse("qurilish/b").unwrap()
        }),
        ("clerk-proof-short", 14, &|to| {
            shorten(&mut to.clerks[0].1.siblings)
        }),
    ];
    for (name, exit, change) in cases {
        let mut history = whole.clone();
        change(&mut history);
        let file = Spoilt::File(history.write().into_bytes());
        book.case(&about("lived.history", ID), name, file, exit);
    }
}

fn statuses(book: &mut Book, mut world: World) {
    for (name, operation, exit) in [
        ("suspended", Operation::Suspend, 17),
        ("corrected-while-suspended", Operation::Correct, 17),
        ("revoked", Operation::Revoke, 13),
    ] {
        world.act(operation, ID);
        let file = format!("{name}.history");
        book.file(&file, world.history(ID).write());
        book.case(&about(&file, ID), name, Spoilt::Not, exit);
    }
    let mut world = World::new(ORIGIN);
    world.batch(&["TSH-1", ID]);
    world.act(Operation::Amend, ID);
    book.file("batch.history", world.history(ID).write());
    book.case(
        &about("batch.history", ID),
        "first-version-of-a-batch",
        Spoilt::Not,
        0,
    );
    let mut world = World::new(OTHER_ORIGIN);
    world.act(Operation::Register, ID);
    book.file("other-network.history", world.history(ID).write());
    book.case(
        &about("other-network.history", ID),
        "of-another-network",
        Spoilt::Not,
        15,
    );
}

fn absences(book: &mut Book, world: &World) {
    let (mut empty, mut other) = (0, 0);
    for number in 100..130 {
        let id = format!("TSH-{number}");
        let history = world.history(&id);
        let (count, name) = match history.record_proof.leaf {
            ProofLeaf::Empty => (&mut empty, "empty"),
            ProofLeaf::Other(..) => (&mut other, "other"),
            ProofLeaf::Present => panic!("{id} is there"),
        };
        *count += 1;
        if *count > 2 {
            continue;
        }
        let file = format!("absent-{name}-{count}.history");
        book.file(&file, history.write());
        let case = |what: &str| format!("absent-{name}-{count}{what}");
        book.case(&about(&file, &id), &case(""), Spoilt::Not, 10);
        book.case(
            &about(&file, ID),
            &case("-says-nothing-of-another"),
            Spoilt::Not,
            14,
        );
        let mut moved = history.clone();
        moved.key = key_of(ID);
        let spoilt = Spoilt::File(moved.write().into_bytes());
        book.case(
            &about(&file, ID),
            &case("-moved-to-a-known-record"),
            spoilt,
            14,
        );
        let mut shorter = history.clone();
        let _sibling = shorter.record_proof.siblings.pop();
        let spoilt = Spoilt::File(shorter.write().into_bytes());
        book.case(&about(&file, &id), &case("-proof-short"), spoilt, 14);
        let mut clerk = history.clone();
        clerk.clerks = world.history(ID).clerks;
        let spoilt = Spoilt::File(clerk.write().into_bytes());
        book.case(&about(&file, &id), &case("-with-a-clerk"), spoilt, 14);
        // A proof that ends in the very leaf that it says is not there.
        let mut other = history.clone();
        let known = world.history(ID);
        other.record_proof = known.record_proof.clone();
        other.key = key_of(ID);
        let state = known.record.as_ref().unwrap().0.write();
        let key = RecordState::index_key(&history.registry, &key_of(ID));
        other.record_proof.leaf = ProofLeaf::Other(key, value_hash(&state));
        let spoilt = Spoilt::File(other.write().into_bytes());
        book.case(&about(&file, ID), &case("-by-its-own-leaf"), spoilt, 14);
    }
    assert!(empty > 0 && other > 0, "{empty} and {other}");
}

/// Worlds in which a quorum let in what the rules forbid.
fn erring(book: &mut Book) {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Revoke, ID);
    let statement = world.statement(Operation::Reinstate, ID, &hash(PERMIT), false);
    let entry = world.sign(statement);
    world.block(vec![Leaf::Entry(entry)]);
    book.file(
        "reinstated-after-revoked.history",
        world.history(ID).write(),
    );
    let asked = about("reinstated-after-revoked.history", ID);
    book.case(&asked, "reinstated-after-revoked", Spoilt::Not, 14);
    for (name, operation) in [
        ("suspended-twice", Operation::Suspend),
        ("amended-while-suspended", Operation::Amend),
    ] {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, ID);
        world.act(Operation::Suspend, ID);
        world.act(operation, ID);
        let file = format!("{name}.history");
        book.file(&file, world.history(ID).write());
        book.case(&about(&file, ID), name, Spoilt::Not, 14);
    }
    type Spoil<'a> = &'a dyn Fn(&mut RecordState);
    let cases: [(&str, Spoil<'_>); 2] = [
        ("status-that-no-entry-made", &|to| {
            to.status = RecordStatus::Suspended
        }),
        ("content-that-no-entry-made", &|to| {
            to.content = Version::ZERO
        }),
    ];
    for (name, change) in cases {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, ID);
        let mut state = world.state_of(ID);
        change(&mut state);
        world.set_record(&key_of(ID), state);
        world.act(Operation::Register, "TSH-1");
        let file = format!("{name}.history");
        book.file(&file, world.history(ID).write());
        book.case(&about(&file, ID), name, Spoilt::Not, 14);
    }
    places(book);
}

/// Versions that name the one before at a place where it cannot be.
fn places(book: &mut Book) {
    type Change<'a> = &'a dyn Fn(&mut EntryRef);
    let cases: [(&str, u8, Change<'_>); 5] = [
        ("previous-as-it-is", 0, &|_| {}),
        ("previous-at-its-own-leaf", 14, &|to| {
            to.index = LeafIndex::new(4)
        }),
        ("previous-in-a-later-block", 14, &|to| {
            to.height = Height::new(3)
        }),
        ("previous-at-a-later-time", 14, &|to| {
            to.time = TimeMs::new(u64::MAX)
        }),
        ("previous-with-another-hash", 14, &|to| {
            to.hash = LeafHash::new([0; 32])
        }),
    ];
    for (name, exit, change) in cases {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, ID);
        let mut statement = world.statement(Operation::Amend, ID, &hash(OTHER), false);
        change(statement.previous.as_mut().unwrap());
        let entry = world.sign(statement);
        world.block(vec![Leaf::Entry(entry)]);
        let file = format!("{name}.history");
        book.file(&file, world.history(ID).write());
        book.case(&about(&file, ID), name, Spoilt::Not, exit);
    }
}

fn texts(book: &mut Book) {
    let text = book.text("lived.history");
    for (name, old, new) in [
        ("unknown-version", "muhr-history/v1", "muhr-history/v2"),
        ("blank-line", "--- version\n", "--- version\n\n"),
        ("unknown-section", "--- head\n", "--- remark\n--- head\n"),
        ("key-of-31-bytes", "\nkey ", "\nkey AAAA"),
        ("carriage-return", "--- head\n", "--- head\r\n"),
        ("no-index-leaf", "index-leaf present\n", ""),
        ("no-checkpoint", "--- checkpoint\n", ""),
        (
            "delete-in-an-unknown-line",
            "\u{2014} adliya",
            "\u{2014} a\u{7f} AAAAAAAA\n\u{2014} adliya",
        ),
    ] {
        assert!(text.contains(old), "{name}");
        let spoilt = text.replacen(old, new, 1).into_bytes();
        let exit = if name == "carriage-return" { 16 } else { 14 };
        book.case(
            &about("lived.history", ID),
            name,
            Spoilt::File(spoilt),
            exit,
        );
    }
}
