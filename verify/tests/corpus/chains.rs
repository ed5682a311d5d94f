//! Signatures of clerks for another network of the same name, of the format that named no chain id, and
//! under trust files that name no genesis, or another.

use protocol::{
    batch::{Batch, BatchStatement},
    chain_id::{ChainId, NetworkId, SignedText},
    entry::{Authorship, Entry, Operation},
    height::Height,
    merkle,
};

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    histories::about,
    receipts::{ID, ORIGIN, PERMIT, hash},
    world::{Leaf, World, clerk_name},
};

/// The bytes over which the clerk signs a statement of that kind.
type Message<'a> = &'a dyn Fn(&World, SignedText, &str) -> Vec<u8>;

pub(crate) fn write(book: &mut Book) {
    let again: Message<'_> = &|world, kind, text| {
        let chain = ChainId::new([7; 32]);
        let origin = world.genesis.origin.clone();
        kind.message(&NetworkId { origin, chain }, text)
    };
    let unbound: Message<'_> = &|_, kind, text| {
        let word = match kind {
            SignedText::Entry => "entry",
            SignedText::Batch => "batch",
            SignedText::Act
            | SignedText::Epoch
            | SignedText::Return
            | SignedText::Acceptance => {
                unreachable!("no receipt is of these")
            }
        };
        format!("muhr-sign-{word}/v1\norigin {ORIGIN}\n{text}").into_bytes()
    };
    for (name, message) in [
        ("for-the-network-before", again),
        ("of-the-format-before", unbound),
    ] {
        signed(book, name, message);
    }
    let genesis = |file: &str| {
        let line = file.lines().find(|line| line.starts_with("#: genesis "));
        format!("{}\n", line.unwrap())
    };
    let without = World::with_trust(ORIGIN, |file| file.replace(&genesis(&file), ""));
    trusted(book, "no-genesis", without, 16);
    let other = format!("#: genesis {}\n", "ab".repeat(32));
    let other = World::with_trust(ORIGIN, |file| file.replace(&genesis(&file), &other));
    trusted(book, "other-genesis", other, 14);
    based(book, genesis);
}

/// An entry by itself and one of a batch, and a history, whose clerk signed that message.
fn signed(book: &mut Book, name: &str, message: Message<'_>) {
    let mut world = World::new(ORIGIN);
    let statement = world.statement(Operation::Register, ID, &hash(PERMIT), false);
    let signature = world.signature(&message(&world, SignedText::Entry, &statement.write()));
    let authorship = Authorship::Signed(signature);
    world.block(vec![Leaf::Entry(Entry {
        statement,
        authorship,
    })]);
    let file = format!("signed-{name}.receipt");
    book.file(&file, world.receipt(2).write());
    let asked = Ask::of(Kind::Receipt, "trust.policy", &file);
    book.case(&asked, &format!("signed-{name}"), Spoilt::Not, 14);
    let file = format!("signed-{name}.history");
    book.file(&file, world.history(ID).write());
    book.case(
        &about(&file, ID),
        &format!("signed-{name}"),
        Spoilt::Not,
        14,
    );

    let mut world = World::new(ORIGIN);
    let entry = Entry {
        statement: world.statement(Operation::Register, ID, &hash(PERMIT), false),
        authorship: Authorship::Batched,
    };
    let statement = BatchStatement {
        author: clerk_name(),
        count: 1,
        root: merkle::root_of([entry.write().as_bytes()]),
        expires: Height::new(1000),
    };
    let whole = world.sign_batch(statement.clone()).write();
    let (text, _) = whole.rsplit_once("signature ").unwrap();
    let signature = world.signature(&message(&world, SignedText::Batch, text));
    let batch = Batch {
        statement,
        signature,
    };
    world.block(vec![Leaf::Batch(batch), Leaf::Entry(entry)]);
    let file = format!("batch-signed-{name}.receipt");
    book.file(&file, world.receipt(3).write());
    let asked = Ask::of(Kind::Receipt, "trust.policy", &file);
    book.case(&asked, &format!("batch-signed-{name}"), Spoilt::Not, 14);
    // Its history shows no signature: a quorum let the batch in.
    let file = format!("batch-signed-{name}.history");
    book.file(&file, world.history(ID).write());
    book.case(
        &about(&file, ID),
        &format!("batch-signed-{name}"),
        Spoilt::Not,
        0,
    );
}

/// A world whose blocks name a trust file that says no genesis, or another.
fn trusted(book: &mut Book, name: &str, mut world: World, exit: u8) {
    let at = world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    let batch = world.batch(&["TSH-1"]);
    let trust = format!("{name}.policy");
    book.file(&trust, world.trust_file.clone());
    for (what, at) in [("entry", at), ("batch", batch + 1)] {
        let file = format!("{name}-{what}.receipt");
        book.file(&file, world.receipt(at).write());
        let asked = Ask::of(Kind::Receipt, &trust, &file);
        book.case(&asked, &format!("{name}-{what}"), Spoilt::Not, exit);
    }
    // Of what is not there, and of a batch, nobody's signature is asked.
    for (what, id, exit) in [
        ("entry", ID, exit),
        ("batch", "TSH-1", 0),
        ("absent", "TSH-2", 10),
    ] {
        let file = format!("{name}-{what}.history");
        book.file(&file, world.history(id).write());
        let asked = Ask {
            trust: &trust,
            ..about(&file, id)
        };
        book.case(&asked, &format!("{name}-{what}"), Spoilt::Not, exit);
    }
}

/// An auditor's own file, built on the network's, with the genesis line and without it.
fn based(book: &mut Book, genesis: impl Fn(&str) -> String) {
    let world = World::new(ORIGIN);
    let file = &world.trust_file;
    let asked = Ask::of(Kind::Receipt, "trust.policy", "registered.receipt");
    let base = format!(
        "#: base {}\n",
        protocol::text::hex(world.trust().hash().as_bytes())
    );
    for (name, text, exit) in [
        ("own-file-with-genesis", format!("{base}{file}"), 0),
        (
            "own-file-without-genesis",
            format!("{base}{}", file.replace(&genesis(file), "")),
            16,
        ),
    ] {
        book.case(&asked, name, Spoilt::Trust(text.into_bytes()), exit);
    }
}
