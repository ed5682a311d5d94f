//! Receipts and histories whose every hash and signature holds, and in which one rule alone is broken:
//! a form that no reader may take although a quorum let it in, a place, a number, an order.

use protocol::{
    batch::BatchStatement,
    chain_id::SignedText,
    entry::{Authorship, Entry, Operation},
    height::{Height, LeafIndex, LogSize, Version},
    key::SecretKey,
    merkle,
    name::ClerkName,
    receipt::Receipt,
    state::ClerkState,
};

use super::{
    cases::{Ask, Book, Spoilt},
    histories::about,
    receipts::{ID, ORIGIN, OTHER, PERMIT, ask, hash, registered},
    world::{Leaf, World, clerk_name, key_of},
};

pub(crate) fn write(book: &mut Book) {
    entries(book);
    clerks(book);
    another_clerk(book);
    batches(book);
    large_batch(book);
    places(book);
    versions(book);
    chains(book);
}

/// Stores a receipt and its case, with `written` in the place of `text` in it.
fn stored(book: &mut Book, name: &str, receipt: &Receipt, (text, written): (&str, &str), exit: u8) {
    let whole = receipt.write();
    assert!(whole.contains(text), "{name}");
    let file = format!("{name}.receipt");
    book.file(&file, whole.replacen(text, written, 1));
    book.case(&ask(&file), name, Spoilt::Not, exit);
}

/// Name, what is replaced in the entry, by what, and the exit code.
const ENTRIES: [(&str, &str, &str, u8); 20] = [
    (
        "logged-by-an-agency-called-all",
        "author qurilish/",
        "author all/",
        14,
    ),
    (
        "logged-by-an-agency-called-validators",
        "author qurilish/",
        "author validators/",
        14,
    ),
    ("logged-without-a-date", "effective 2026-11-23\n", "", 0),
    ("logged-as-it-should-be", "expires 1000", "expires 1001", 0),
    (
        "logged-without-a-commitment",
        "commitment document",
        "remark",
        14,
    ),
    ("logged-for-no-such-day", "2026-11-23", "2026-02-29", 14),
    ("logged-for-no-such-month", "2026-11-23", "2026-13-01", 14),
    ("logged-for-a-leap-day", "2026-11-23", "2028-02-29", 0),
    ("logged-for-the-year-1900", "2026-11-23", "1900-02-29", 14),
    ("logged-for-the-year-2000", "2026-11-23", "2000-02-29", 0),
    ("logged-for-the-year-999", "2026-11-23", "0999-01-01", 14),
    (
        "logged-with-a-leading-zero",
        "expires 1000",
        "expires 01000",
        14,
    ),
    (
        "logged-with-65-bits",
        "expires 1000",
        "expires 18446744073709551616",
        14,
    ),
    (
        "logged-with-64-bits",
        "expires 1000",
        "expires 18446744073709551615",
        0,
    ),
    (
        "logged-with-a-remark",
        "expires 1000",
        "remark x\nexpires 1000",
        14,
    ),
    ("logged-with-a-space", "expires 1000", "expires 1000 ", 16),
    (
        "logged-by-nobody",
        "author qurilish/aziza",
        "author qurilish",
        14,
    ),
    (
        "logged-with-a-reason-in-small-letters",
        "commitment",
        "reason c01\ncommitment",
        14,
    ),
    (
        "logged-with-a-reason-too-long",
        "commitment",
        "reason ABCDEFGHIJKLMNOPQ\ncommitment",
        14,
    ),
    (
        "logged-with-a-reason",
        "commitment",
        "reason ABCDEFGHIJKLMNOP\ncommitment",
        0,
    ),
];

/// Entries that were logged as they should not be written.
fn entries(book: &mut Book) {
    let reference = format!("reference a {} 1\n", key_of(ID));
    let nine = reference.repeat(9) + "commitment";
    let eight = reference.repeat(8) + "commitment";
    let more = [
        (
            "logged-with-eight-references",
            "commitment",
            eight.as_str(),
            0,
        ),
        (
            "logged-with-nine-references",
            "commitment",
            nine.as_str(),
            14,
        ),
    ];
    for (name, old, new, exit) in ENTRIES.into_iter().chain(more) {
        let mut world = World::new(ORIGIN);
        let statement = world.statement(Operation::Register, ID, &hash(PERMIT), false);
        let body = statement.write().replacen(old, new, 1);
        let message = SignedText::Entry.message(&world.genesis.network_id(), &body);
        let written = body + &world.signature_line(&message);
        let entry = world.sign(statement);
        let as_it_is = entry.write();
        world.block_as(vec![(written.clone(), Leaf::Entry(entry))], 1);
        stored(book, name, &world.receipt(2), (&as_it_is, &written), exit);
    }
}

/// The same, in the value of the clerk.
const CLERKS: [(&str, &str, &str, u8); 10] = [
    (
        "clerk-in-the-index-until-a-day",
        "until never",
        "until 2026-11-30",
        0,
    ),
    (
        "clerk-in-the-index-until-no-such-day",
        "until never",
        "until 2026-11-31",
        14,
    ),
    (
        "clerk-in-the-index-of-no-registry",
        "qurilish.permits",
        "",
        14,
    ),
    (
        "clerk-in-the-index-of-two-registries",
        "qurilish.permits",
        "a,qurilish.permits",
        0,
    ),
    (
        "clerk-in-the-index-of-registries-turned",
        "qurilish.permits",
        "qurilish.permits,a",
        14,
    ),
    (
        "clerk-in-the-index-of-one-registry-twice",
        "qurilish.permits",
        "a,a",
        14,
    ),
    (
        "clerk-in-the-index-of-few-operations",
        "register,amend,correct",
        "register,correct",
        0,
    ),
    (
        "clerk-in-the-index-of-operations-turned",
        "register,amend",
        "amend,register",
        14,
    ),
    (
        "clerk-in-the-index-of-one-operation-twice",
        "register,amend",
        "register,register",
        14,
    ),
    (
        "clerk-in-the-index-with-a-remark",
        " until",
        " remark until",
        14,
    ),
];

/// Clerks that stand in the index as they should not be written.
fn clerks(book: &mut Book) {
    for (name, old, new, exit) in CLERKS {
        let mut world = World::new(ORIGIN);
        let as_it_is = world.clerk_state().write();
        let written = as_it_is.replacen(old, new, 1);
        world.set_clerk_as(&clerk_name(), written.clone());
        world.act_on(Operation::Register, ID, &hash(PERMIT), false);
        stored(book, name, &world.receipt(2), (&as_it_is, &written), exit);
    }
}

/// Another clerk signed, and shows that it may.
fn another_clerk(book: &mut Book) {
    let mut world = World::new(ORIGIN);
    let other = SecretKey::from_seed(&[3; 32]);
    let mut clerk = world.clerk_state();
    clerk.name = ClerkName::parse("qurilish/other").unwrap();
    clerk.key = other.public();
    world.set_clerk(&clerk);
    let statement = world.statement(Operation::Register, ID, &hash(PERMIT), false);
    let entry = statement.sign(&world.genesis.network_id(), &other);
    world.block(vec![Leaf::Entry(entry)]);
    let mut receipt = world.receipt(2);
    receipt.clerk_proof = world.prove(&ClerkState::index_key(&clerk.name));
    receipt.clerk = clerk;
    stored(book, "clerk-is-not-the-author", &receipt, ("", ""), 14);
}

/// Batches whose signature holds: of another block, of another author, and too small for their entry.
fn batches(book: &mut Book) {
    let author = ClerkName::parse("qurilish/other").unwrap();
    // Which leaves the batch says it covers: a leaf of another kind, the first entry, the second.
    for (name, together, by, covers, exit) in [
        ("batch-in-its-block", true, clerk_name(), 1..3, 0),
        ("batch-of-the-block-before", false, clerk_name(), 0..3, 14),
        ("batch-of-another-author", true, author, 1..3, 14),
        (
            "batch-smaller-than-the-place-of-its-entry",
            true,
            clerk_name(),
            2..3,
            14,
        ),
    ] {
        let mut world = World::new(ORIGIN);
        let entries: Vec<Entry> = ["TSH-1", ID]
            .iter()
            .map(|id| Entry {
                statement: world.statement(Operation::Register, id, &hash(PERMIT), false),
                authorship: Authorship::Batched,
            })
            .collect();
        let texts = [
            "a block leaf".to_owned(),
            entries[0].write(),
            entries[1].write(),
        ];
        let covered = &texts[covers];
        let statement = BatchStatement {
            author: by,
            count: u64::try_from(covered.len()).unwrap(),
            root: merkle::root_of(covered.iter().map(String::as_bytes)),
            expires: Height::new(1000),
        };
        let mut leaves = vec![Leaf::Batch(world.sign_batch(statement))];
        if !together {
            world.block(std::mem::take(&mut leaves));
        }
        leaves.extend(entries.into_iter().map(Leaf::Entry));
        world.block(leaves);
        // The second entry is the last leaf but the block's own, and the last that is covered.
        let mut receipt = world.receipt(world.size() - 2);
        let hashes: Vec<_> = covered
            .iter()
            .map(|text| merkle::leaf_hash(text.as_bytes()))
            .collect();
        let count = LogSize::new(u64::try_from(hashes.len()).unwrap());
        let place = LeafIndex::new(count.get() - 1);
        let path = merkle::inclusion(place, count, merkle::from_leaves(&hashes)).unwrap();
        receipt.batch.as_mut().unwrap().entry_path = path;
        stored(book, name, &receipt, ("", ""), exit);
    }
}

/// One entry more than a signature may cover.
fn large_batch(book: &mut Book) {
    for (name, count, exit) in [
        ("batch-of-1", 1, 0),
        ("batch-of-1024", 1024, 0),
        ("batch-of-1025", 1025, 14),
    ] {
        let ids: Vec<String> = (0..count)
            .map(|number: u64| format!("TSH-{number}"))
            .collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut world = World::new(ORIGIN);
        let batch = world.batch(&ids);
        stored(
            book,
            name,
            &world.receipt(batch + count.min(8)),
            ("", ""),
            exit,
        );
    }
}

/// Block leaves that hold, and are not those that they are shown as.
fn places(book: &mut Book) {
    let (mut world, at) = registered();
    world.act(Operation::Amend, ID);
    let mine = world.receipt(at);
    stored(book, "superseded-in-its-own-block", &mine, ("", ""), 12);
    for place in [0, 1, 3, 4] {
        let mut receipt = mine.clone();
        receipt.block = world.block_proof(place);
        if place == 4 {
            receipt.head = None;
        }
        stored(
            book,
            &format!("dated-by-block-{place}"),
            &receipt,
            ("", ""),
            14,
        );
    }
    // All of it is true and proven under the present checkpoint, and none of it is the present.
    let before = world.receipt(at);
    world.act(Operation::Revoke, ID);
    let mut receipt = world.receipt(at);
    let mut head = before.head.unwrap();
    head.path = world.path(head.index.get());
    receipt.head = Some(head);
    receipt.record = before.record;
    receipt.record_proof = before.record_proof;
    receipt.clerk_proof = before.clerk_proof;
    stored(
        book,
        "revocation-hidden-by-an-older-head",
        &receipt,
        ("", ""),
        14,
    );
    for (name, count, exit) in [
        ("block-counts-its-leaf", 1, 0),
        ("block-counts-all-before", 3, 0),
        ("block-counts-no-leaf", 0, 14),
        ("block-counts-more-than-there-are", 4, 14),
        ("block-counts-far-more", u64::MAX, 14),
    ] {
        let mut world = World::new(ORIGIN);
        let statement = world.statement(Operation::Register, ID, &hash(PERMIT), false);
        let entry = world.sign(statement);
        world.block_as(vec![(entry.write(), Leaf::Entry(entry))], count);
        stored(book, name, &world.receipt(2), ("", ""), exit);
    }
}

/// Versions above those that the record has, and one that follows nothing.
fn versions(book: &mut Book) {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Suspend, ID);
    let mut state = world.state_of(ID);
    state.content = Version::new(3);
    world.set_record(&key_of(ID), state);
    world.act(Operation::Register, "TSH-1");
    let receipt = world.receipt(4);
    stored(
        book,
        "content-above-the-version-of-a-suspension",
        &receipt,
        ("", ""),
        14,
    );
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Suspend, ID);
    let mut later = world.state_of(ID);
    world.act(Operation::Register, "TSH-1");
    let place = world.state_of("TSH-1");
    (later.index, later.height, later.time) = (place.index, place.height, place.time);
    (later.version, later.content) = (Version::new(1), Version::new(1));
    world.set_record(&key_of(ID), later);
    world.act(Operation::Register, "TSH-2");
    let receipt = world.receipt(4);
    stored(book, "version-above-the-latest", &receipt, ("", ""), 14);
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    let mut statement = world.statement(Operation::Register, ID, &hash(OTHER), false);
    statement.previous = None;
    let entry = world.sign(statement);
    world.block(vec![Leaf::Entry(entry)]);
    let receipt = world.receipt(4);
    stored(
        book,
        "second-version-registers-after-nothing",
        &receipt,
        ("", ""),
        14,
    );
    // Its history shows that second version alone.
    let mut history = world.history(ID);
    history.record.as_mut().unwrap().1.truncate(1);
    book.file("begins-at-version-2.history", history.write());
    let asked = about("begins-at-version-2.history", ID);
    book.case(&asked, "begins-at-version-2", Spoilt::Not, 14);
}

/// Histories whose chain of hashes holds, and whose versions are not those of one record's life.
fn chains(book: &mut Book) {
    let case = |book: &mut Book, name: &str, text: String| {
        let file = format!("{name}.history");
        book.file(&file, text);
        let asked: Ask<'_> = about(&file, ID);
        book.case(&asked, name, Spoilt::Not, 14);
    };
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Register, ID);
    let mut history = world.history(ID);
    history.record.as_mut().unwrap().1.truncate(1);
    case(
        book,
        "registered-twice-shown-from-the-second",
        history.write(),
    );
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    world.act(Operation::Reinstate, ID);
    world.act(Operation::Register, ID);
    case(
        book,
        "registered-reinstated-registered",
        world.history(ID).write(),
    );
    // The version before is another record's.
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    let (before, other) = (world.state_of("TSH-1"), world.history("TSH-1"));
    world.set_record(&key_of(ID), before);
    world.act(Operation::Amend, ID);
    let mut history = world.history(ID);
    let theirs = other.record.unwrap().1;
    history.record.as_mut().unwrap().1.extend(theirs);
    case(book, "first-version-is-of-another-record", history.write());
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, ID);
    let mut statement = world.statement(Operation::Amend, ID, &hash(OTHER), false);
    statement.version = Version::new(3);
    let entry = world.sign(statement);
    world.block(vec![Leaf::Entry(entry)]);
    case(book, "numbers-with-a-gap", world.history(ID).write());
}
