//! Receipts: every status, and everything that can be wrong with one.

use protocol::{
    entry::Operation,
    hash::{DocumentHash, sha256},
};

use super::{
    books::{Ask, Book, Kind, Spoilt, Sweep},
    world::World,
};

pub(crate) const ORIGIN: &str = "muhr.example/test/1";
pub(crate) const OTHER_ORIGIN: &str = "muhr.example/test/2";
pub(crate) const ID: &str = "TSH-12";
pub(crate) const PERMIT: &[u8] = b"Permit TSH-12: one house, two floors.\n";
pub(crate) const OTHER: &[u8] = b"Permit TSH-12: one house, nine floors.\n";

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

const REGISTERED: Ask<'_> = Ask::of(Kind::Receipt, "trust.policy", "registered.receipt");

pub(crate) fn write(book: &mut Book) {
    let (world, at) = registered();
    book.file("trust.policy", world.genesis.trust_file());
    book.file("permit.txt", PERMIT);
    book.file("other.txt", OTHER);
    book.file("registered.receipt", world.receipt(at).write());
    book.case(&REGISTERED, "registered", Spoilt::Not, 0);
    book.case(
        &REGISTERED.with("permit.txt"),
        "registered-with-document",
        Spoilt::Not,
        0,
    );
    book.case(
        &REGISTERED.with("other.txt"),
        "document-altered",
        Spoilt::Not,
        11,
    );
    format(book);
    sweeps(book);
    assert!(book.len() > 5);
}

fn format(book: &mut Book) {
    let text = book.text("registered.receipt");
    let mut broken = |name: &str, old: &str, new: &str| {
        assert!(text.contains(old), "{name}");
        let spoilt = text.replacen(old, new, 1);
        book.case(&REGISTERED, name, Spoilt::File(spoilt.into_bytes()), 14);
    };
    broken("unknown-version", "muhr-receipt/v1", "muhr-receipt/v2");
    broken("unknown-entry-version", "muhr-entry/v1", "muhr-entry/v2");
    broken("leading-zero", "version 1\n", "version 01\n");
}

fn sweeps(book: &mut Book) {
    for mask in [0x01, 0x20, 0x80] {
        let name = format!("registered-flip-{mask:02x}");
        book.sweep(
            &REGISTERED.with("permit.txt"),
            &name,
            Sweep::Flip(mask),
            &[11, 14, 15],
        );
    }
    book.sweep(&REGISTERED, "registered-cut", Sweep::Cut, &[14]);
}
