//! Receipts as they are given out: every status, kind of content and authorship, and their documents.

use protocol::{
    commitment::{Fields, Secret},
    entry::Operation,
    hash::{DocumentHash, sha256},
    opening::Content,
};

use super::{
    cases::{Ask, Book, Kind, Spoilt, Sweep},
    world::{Leaf, World},
};

pub(crate) const ORIGIN: &str = "muhr.example/test/1";
pub(crate) const OTHER_ORIGIN: &str = "muhr.example/test/2";
pub(crate) const ID: &str = "TSH-12";
/// A number of several parts with everything in it that a number may have.
pub(crate) const COMPOSITE: &str = "Yo\u{2018}l  7|\u{422}\u{428} \\| \\\\|e\u{301} 1";
pub(crate) const PERMIT: &[u8] = b"Permit TSH-12: one house, two floors.\n";
pub(crate) const OTHER: &[u8] = b"Permit TSH-12: one house, nine floors.\n";

pub(crate) const fn ask(file: &str) -> Ask<'_> {
    Ask::of(Kind::Receipt, "trust.policy", file)
}

pub(crate) fn hash(document: &[u8]) -> DocumentHash {
    DocumentHash::new(sha256(&[document]))
}

/// A record among others: its receipt has a head and an opening.
pub(crate) fn registered() -> (World, u64) {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    let at = world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    world.act(Operation::Register, "TSH-2");
    (world, at)
}

/// Fields with every character that needs an escape, and some that do not.
pub(crate) fn fields() -> Vec<(String, String)> {
    let list = [
        ("holder", "Karimov  A.\n(o'g'li)".to_owned()),
        (
            "full name",
            " \\ \r \t \u{1} \u{7f} \u{85} \u{1f3e0} ".to_owned(),
        ),
        ("a\\b", String::new()),
        ("\u{422}\u{428}", "\u{5d0}".to_owned()),
        ("document", hash(PERMIT).to_hex()),
    ];
    list.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// A record of these fields, in the newest block.
pub(crate) fn of_fields(list: Vec<(String, String)>) -> (World, u64) {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    let content = Content::Fields {
        fields: Fields::new(list).unwrap(),
        secret: Secret::new(sha256(&[b"corpus secret"])),
    };
    let statement = world.statement_of(Operation::Register, ID, Some(content));
    let entry = world.sign(statement);
    world.block(vec![Leaf::Entry(entry)]);
    (world, 4)
}

/// A batch of five between two blocks; gives the leaf index of the batch.
pub(crate) fn batched() -> (World, u64) {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-0");
    let batch = world.batch(&["TSH-1", "TSH-2", "TSH-3", "TSH-4", "TSH-5"]);
    world.act(Operation::Register, "TSH-6");
    (world, batch)
}

pub(crate) fn write(book: &mut Book) {
    let (world, at) = registered();
    book.file("trust.policy", world.trust_file.clone());
    book.file("permit.txt", PERMIT);
    book.file("other.txt", OTHER);
    book.file("registered.receipt", world.receipt(at).write());
    let asked = ask("registered.receipt");
    book.case(&asked, "registered", Spoilt::Not, 0);
    book.case(
        &asked.with("permit.txt"),
        "registered-with-document",
        Spoilt::Not,
        0,
    );
    book.case(
        &asked.with("other.txt"),
        "document-altered",
        Spoilt::Not,
        11,
    );
    contents(book);
    look_alike(book);
    life(book, world, at);
    networks(book);
    let (world, batch) = batched();
    for place in 1..=5 {
        let file = format!("batch-{place}.receipt");
        book.file(&file, world.receipt(batch + place).write());
        book.case(&ask(&file), &format!("batch-{place}"), Spoilt::Not, 0);
    }
    sweeps(book);
}

fn contents(book: &mut Book) {
    let (world, at) = of_fields(fields());
    book.file("fields.receipt", world.receipt(at).write());
    let asked = ask("fields.receipt");
    book.case(&asked, "fields", Spoilt::Not, 0);
    book.case(
        &asked.with("permit.txt"),
        "fields-with-document",
        Spoilt::Not,
        0,
    );
    book.case(
        &asked.with("other.txt"),
        "fields-document-altered",
        Spoilt::Not,
        11,
    );
    let many = |count: usize| {
        (0..count)
            .map(|at| (format!("f{at}"), String::new()))
            .collect()
    };
    for (name, list) in [
        ("fields-one", many(1)),
        ("fields-four", many(4)),
        ("fields-five", many(5)),
        ("fields-256", many(256)),
        (
            "fields-document-in-capitals",
            vec![("document".to_owned(), hash(PERMIT).to_hex().to_uppercase())],
        ),
        (
            "fields-document-is-text",
            vec![("document".to_owned(), "see the annex".to_owned())],
        ),
    ] {
        let (world, at) = of_fields(list);
        let file = format!("{name}.receipt");
        book.file(&file, world.receipt(at).write());
        book.case(&ask(&file), name, Spoilt::Not, 0);
        let with = format!("{name}-with-document");
        book.case(&ask(&file).with("permit.txt"), &with, Spoilt::Not, 16);
    }
    let mut world = World::new(ORIGIN);
    let at = world.act_on(Operation::Register, COMPOSITE, &hash(PERMIT), false);
    book.file("composite.receipt", world.receipt(at).write());
    book.case(
        &ask("composite.receipt").with("permit.txt"),
        "composite-number",
        Spoilt::Not,
        0,
    );
}

/// A number with a Cyrillic letter that looks like a Latin one: authentic, and another number.
fn look_alike(book: &mut Book) {
    let mut world = World::new(ORIGIN);
    let at = world.act_on(Operation::Register, "TS\u{41d}-12", &hash(PERMIT), false);
    let text = world.receipt(at).write();
    let latin = text.replacen("TS\u{41d}-12", "TSH-12", 1).into_bytes();
    book.file("look-alike.receipt", text);
    let asked = ask("look-alike.receipt");
    book.case(&asked, "look-alike", Spoilt::Not, 0);
    book.case(&asked, "look-alike-as-latin", Spoilt::File(latin), 11);
}

/// One record through all statuses; each of its entries under each of its states.
fn life(book: &mut Book, mut world: World, first: u64) {
    let mut entries = vec![("register", first)];
    for (name, operation, document, codes) in [
        ("amend", Operation::Amend, OTHER, &[12, 0][..]),
        ("suspend", Operation::Suspend, OTHER, &[17, 17, 17]),
        ("correct", Operation::Correct, PERMIT, &[17, 17, 17, 17]),
        (
            "reinstate",
            Operation::Reinstate,
            OTHER,
            &[12, 12, 12, 0, 0],
        ),
        (
            "revoke",
            Operation::Revoke,
            OTHER,
            &[13, 13, 13, 13, 13, 13],
        ),
    ] {
        let at = world.act_on(operation, ID, &hash(document), false);
        entries.push((name, at));
        for ((entry, at), code) in entries.iter().zip(codes) {
            let file = format!("{entry}-after-{name}.receipt");
            let mut receipt = world.receipt(*at);
            if *entry != name {
                // The world keeps the newest opening of a record; the entry's own is not at hand.
                receipt.opening = None;
            }
            book.file(&file, receipt.write());
            let case = format!("{entry}-after-{name}");
            book.case(&ask(&file), &case, Spoilt::Not, *code);
        }
    }
    let asked = ask("suspend-after-suspend.receipt").with("permit.txt");
    book.case(&asked, "no-document-in-a-suspension", Spoilt::Not, 16);
    let asked = ask("revoke-after-revoke.receipt").with("permit.txt");
    book.case(&asked, "no-document-in-a-revocation", Spoilt::Not, 16);
    let asked = ask("register-after-revoke.receipt").with("permit.txt");
    book.case(
        &asked,
        "document-without-opening-of-a-revoked-record",
        Spoilt::Not,
        16,
    );
    let asked = ask("correct-after-correct.receipt");
    book.case(
        &asked.with("permit.txt"),
        "suspended-with-document",
        Spoilt::Not,
        17,
    );
    book.case(
        &asked.with("other.txt"),
        "suspended-and-altered",
        Spoilt::Not,
        11,
    );
}

fn networks(book: &mut Book) {
    let mut world = World::new(OTHER_ORIGIN);
    let at = world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    book.file("other-network.policy", world.trust_file.clone());
    book.file("other-network.receipt", world.receipt(at).write());
    let theirs = Ask::of(
        Kind::Receipt,
        "other-network.policy",
        "other-network.receipt",
    );
    book.case(&theirs, "other-network-under-its-own-trust", Spoilt::Not, 0);
    book.case(
        &ask("other-network.receipt"),
        "of-another-network",
        Spoilt::Not,
        15,
    );
    let asked = Ask::of(Kind::Receipt, "other-network.policy", "registered.receipt");
    book.case(
        &asked,
        "under-the-trust-of-another-network",
        Spoilt::Not,
        15,
    );
    let text = book.text("other-network.receipt");
    let renamed = text.replace(OTHER_ORIGIN, ORIGIN).into_bytes();
    let asked = ask("other-network.receipt");
    book.case(
        &asked,
        "another-network-under-our-name",
        Spoilt::File(renamed),
        14,
    );
}

fn sweeps(book: &mut Book) {
    let asked = ask("registered.receipt");
    for mask in [0x01, 0x02, 0x20, 0x80] {
        let name = format!("registered-flip-{mask:02x}");
        let asked = asked.with("permit.txt");
        book.sweep(&asked, &name, Sweep::Flip(mask), &[11, 14, 15, 16]);
    }
    book.sweep(&asked, "registered-cut", Sweep::Cut, &[14, 16]);
    for file in ["fields.receipt", "batch-3.receipt"] {
        let name = file.trim_end_matches(".receipt");
        book.sweep(
            &ask(file),
            &format!("{name}-flip-01"),
            Sweep::Flip(1),
            &[11, 14, 15, 16],
        );
        book.sweep(&ask(file), &format!("{name}-cut"), Sweep::Cut, &[14, 16]);
    }
}
