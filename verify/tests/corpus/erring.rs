//! Receipts from networks in which a quorum signed what it should not have: weak keys, other trust
//! files, stories that the rules forbid. All paths hold.

use protocol::{
    chain_id::NetworkId,
    entry::{Authorship, Entry, EntryRef, Operation, Statement},
    hash::LeafHash,
    height::{Height, LeafIndex, TimeMs, Version},
    key::{PublicKey, Signature},
    name::Origin,
    state::{ClerkState, RecordState, RecordStatus},
};

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    orders::{BASE_POINT, IDENTITY, plus_order},
    receipts::{ID, ORIGIN, OTHER, OTHER_ORIGIN, PERMIT, ask, hash, registered},
    world::{Leaf, World, key_of},
};

pub(crate) fn write(book: &mut Book) {
    keys(book);
    epochs(book);
    stories(book);
    states(book);
}

/// Keys of clerks and signatures under them that only a lax check lets pass.
fn keys(book: &mut Book) {
    let mine = registered().0.receipt(2);
    let Authorship::Signed(signature) = mine.entry.authorship else {
        panic!("a signed entry")
    };
    let mut world = World::new(ORIGIN);
    let statement = world.statement(Operation::Register, ID, &hash(PERMIT), false);
    let mut placed = |name: &str, clerk: Option<&ClerkState>, authorship: Authorship| {
        let mut world = World::new(ORIGIN);
        // The opening comes with the statement.
        let _same = world.statement(Operation::Register, ID, &hash(PERMIT), false);
        if let Some(clerk) = clerk {
            world.set_clerk(clerk);
        }
        let statement = statement.clone();
        world.block(vec![Leaf::Entry(Entry {
            statement,
            authorship,
        })]);
        let mut receipt = world.receipt(2);
        if let Some(clerk) = clerk {
            receipt.clerk = clerk.clone();
        }
        let file = format!("{name}.receipt");
        book.file(&file, receipt.write());
        book.case(&ask(&file), name, Spoilt::Not, 14);
    };
    let mut clerk = world.clerk_state();
    clerk.key = PublicKey::from_bytes(&IDENTITY).unwrap();
    let mut lax = [0; 64];
    lax[..32].copy_from_slice(&BASE_POINT);
    lax[32] = 1;
    placed(
        "clerk-of-small-order",
        Some(&clerk),
        Authorship::Signed(Signature::new(lax)),
    );
    let malleated = world.sign(statement.clone());
    let Authorship::Signed(honest) = malleated.authorship else {
        panic!("a signed entry")
    };
    placed(
        "signature-plus-order",
        None,
        Authorship::Signed(plus_order(&honest)),
    );
    placed(
        "signature-of-another-entry",
        None,
        Authorship::Signed(signature),
    );
    let mut small = *honest.as_bytes();
    small[..32].copy_from_slice(&IDENTITY);
    placed(
        "signature-of-small-order",
        None,
        Authorship::Signed(Signature::new(small)),
    );
    let other = NetworkId {
        origin: Origin::parse(OTHER_ORIGIN).unwrap(),
        ..world.genesis.network_id()
    };
    let elsewhere = World::new(ORIGIN).sign_for(&other, statement.clone());
    placed("signature-for-another-network", None, elsewhere.authorship);
}

fn epochs(book: &mut Book) {
    let trust = book.text("trust.policy");
    let asked = ask("registered.receipt");
    for (name, old, new, exit) in [
        ("trust-epoch-1", "#: epoch 0", "#: epoch 1", 16),
        (
            "trust-comment-added",
            "#: prev none\n",
            "#: prev none\n# a word more\n",
            16,
        ),
        (
            "trust-all-of-four",
            "group validators 3",
            "group validators 4",
            14,
        ),
        (
            "trust-two-of-four",
            "group validators 3",
            "group validators 2",
            16,
        ),
        (
            "trust-of-other-keys",
            "adliya adliya.example/2026+",
            "adliya adliya.example/2027+",
            3,
        ),
        ("trust-without-quorum", "quorum validators\n", "", 3),
    ] {
        assert!(trust.contains(old), "{name}");
        let spoilt = Spoilt::Trust(trust.replacen(old, new, 1).into_bytes());
        book.case(&asked, name, spoilt, exit);
    }
    // Another file, of another epoch, that the blocks name: and the one that they do not.
    let mut world = World::with_trust(ORIGIN, |file| file.replace("#: epoch 0", "#: epoch 7"));
    let at = world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    book.file("epoch-7.policy", world.trust_file.clone());
    book.file("epoch-7.receipt", world.receipt(at).write());
    let asked = Ask::of(Kind::Receipt, "epoch-7.policy", "epoch-7.receipt");
    book.case(
        &asked,
        "hash-of-the-trust-file-and-another-epoch",
        Spoilt::Not,
        16,
    );
    book.case(
        &ask("epoch-7.receipt"),
        "trust-file-of-another-epoch",
        Spoilt::Not,
        16,
    );
    // Both the trust file and the order of head and block are wrong: the trust file is said first.
    let mut twice = world.receipt(at);
    twice.head = Some(twice.block.clone());
    let spoilt = Spoilt::File(twice.write().into_bytes());
    book.case(&asked, "head-is-the-block-under-another-epoch", spoilt, 16);
    let mut world = World::with_trust(ORIGIN, |file| file.replace("#: epoch 0\n", ""));
    let at = world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    book.file("no-epoch.policy", world.trust_file.clone());
    book.file("no-epoch.receipt", world.receipt(at).write());
    let asked = Ask::of(Kind::Receipt, "no-epoch.policy", "no-epoch.receipt");
    book.case(&asked, "trust-file-without-an-epoch", Spoilt::Not, 0);
    let mut twice = world.receipt(at);
    twice.head = Some(twice.block.clone());
    let spoilt = Spoilt::File(twice.write().into_bytes());
    book.case(&asked, "head-is-the-block", spoilt, 14);
}

/// Name, operation, exit code, and what is done to the statement before it is signed.
type Story<'a> = (&'a str, Operation, u8, &'a dyn Fn(&mut Statement));

/// Entries that do not follow the version before them, although a quorum let them in.
fn stories(book: &mut Book) {
    let cases: [Story<'_>; 14] = [
        ("story-follows", Operation::Amend, 0, &|_| {}),
        ("story-previous-is-this-leaf", Operation::Amend, 14, &|to| {
            at(to, |to| to.index = LeafIndex::new(6))
        }),
        ("story-previous-is-later", Operation::Amend, 14, &|to| {
            at(to, |to| to.index = LeafIndex::new(7))
        }),
        (
            "story-previous-in-a-later-block",
            Operation::Amend,
            14,
            &|to| at(to, |to| to.height = Height::new(9)),
        ),
        (
            "story-previous-at-a-later-time",
            Operation::Amend,
            14,
            &|to| at(to, |to| to.time = TimeMs::new(u64::MAX)),
        ),
        (
            "story-one-block-with-two-times",
            Operation::Amend,
            14,
            &|to| at(to, |to| to.height = Height::new(3)),
        ),
        (
            "story-two-blocks-with-one-time",
            Operation::Amend,
            14,
            &|to| {
                at(to, |to| to.time = TimeMs::new(1_800_000_003_000));
            },
        ),
        (
            "story-previous-in-the-same-block",
            Operation::Amend,
            0,
            &|to| {
                at(to, |to| {
                    (to.height, to.time) = (Height::new(3), TimeMs::new(1_800_000_003_000))
                });
            },
        ),
        (
            "story-amend-without-previous",
            Operation::Amend,
            14,
            &|to| to.previous = None,
        ),
        (
            "story-first-version-with-previous",
            Operation::Amend,
            14,
            &|to| to.version = Version::new(1),
        ),
        ("story-register-again", Operation::Register, 14, &|_| {}),
        ("story-first-version-amends", Operation::Amend, 14, &|to| {
            (to.version, to.previous) = (Version::new(1), None)
        }),
        ("story-version-zero", Operation::Amend, 14, &|to| {
            to.version = Version::ZERO
        }),
        ("story-a-version-left-out", Operation::Amend, 0, &|to| {
            to.version = Version::new(3)
        }),
    ];
    for (name, operation, exit, change) in cases {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, ID);
        world.act(Operation::Register, "TSH-1");
        let mut statement = world.statement(operation, ID, &hash(OTHER), false);
        change(&mut statement);
        let entry = world.sign(statement);
        world.block(vec![Leaf::Entry(entry)]);
        let file = format!("{name}.receipt");
        book.file(&file, world.receipt(6).write());
        book.case(&ask(&file), name, Spoilt::Not, exit);
    }
}

fn at(statement: &mut Statement, change: impl Fn(&mut EntryRef)) {
    change(statement.previous.as_mut().unwrap());
}

/// States in the index that do not agree with the entry, although a quorum signed the index.
fn states(book: &mut Book) {
    type Change<'a> = &'a dyn Fn(&mut RecordState);
    let cases: [(&str, u8, Change<'_>); 12] = [
        ("state-suspended-by-a-registration", 14, &|to| {
            to.status = RecordStatus::Suspended
        }),
        ("state-revoked-by-a-registration", 14, &|to| {
            to.status = RecordStatus::Revoked
        }),
        ("state-of-version-zero", 14, &|to| {
            to.version = Version::ZERO
        }),
        ("state-content-of-version-zero", 14, &|to| {
            to.content = Version::ZERO
        }),
        ("state-content-above-the-version", 14, &|to| {
            to.content = Version::new(2)
        }),
        ("state-at-another-leaf", 14, &|to| {
            to.index = LeafIndex::new(3)
        }),
        ("state-with-another-hash", 14, &|to| {
            to.hash = LeafHash::new([0; 32])
        }),
        ("state-at-another-height", 14, &|to| {
            to.height = Height::new(2)
        }),
        ("state-at-another-time", 14, &|to| to.time = TimeMs::new(1)),
        ("state-newer-but-in-the-same-place", 14, &|to| {
            to.version = Version::new(2)
        }),
        ("state-newer-and-later", 12, &|to| {
            (to.version, to.content, to.index) =
                (Version::new(2), Version::new(2), LeafIndex::new(4));
            (to.height, to.time) = (Height::new(2), TimeMs::new(1_800_000_002_000));
        }),
        ("state-newer-without-its-content", 14, &|to| {
            (to.version, to.content, to.index) =
                (Version::new(2), Version::ZERO, LeafIndex::new(4));
            (to.height, to.time) = (Height::new(2), TimeMs::new(1_800_000_002_000));
        }),
    ];
    for (name, exit, change) in cases {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, ID);
        let mut state = world.state_of(ID);
        change(&mut state);
        world.set_record(&key_of(ID), state);
        world.act(Operation::Register, "TSH-1");
        let file = format!("{name}.receipt");
        book.file(&file, world.receipt(2).write());
        book.case(&ask(&file), name, Spoilt::Not, exit);
    }
}
