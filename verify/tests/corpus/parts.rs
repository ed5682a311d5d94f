//! Receipts of true parts that do not belong together, and proofs with a hash too many or too few.

use protocol::{
    entry::{Authorship, Operation},
    height::{LeafIndex, TimeMs},
    index::ProofLeaf,
    key::{SecretKey, Signature},
    name::ClerkName,
    receipt::{BatchProof, BlockProof, Receipt},
    state::{RecordState, RecordStatus, value_hash},
};

use super::{
    cases::{Ask, Book, Spoilt, behead, shorten},
    orders::plus_order,
    receipts::{ID, ORIGIN, OTHER, ask, batched, hash, registered},
    world::{World, key_of, number, registry},
};

pub(crate) fn write(book: &mut Book) {
    let amended = amended();
    book.file("amended.receipt", amended.mine.write());
    book.case(&AMENDED, "amended", Spoilt::Not, 0);
    parts(book, &amended);
    openings(book, &amended);
    leaves(book, &amended);
    proofs(book);
    index_proofs(book);
    batches(book);
}

/// Name, exit code, and what is done to the receipt.
type Change<'a> = (&'a str, u8, &'a dyn Fn(&mut Receipt));

/// Cases that change a receipt as its parts.
fn changed(book: &mut Book, ask: &Ask<'_>, receipt: &Receipt, cases: &[Change<'_>]) {
    for (name, exit, change) in cases {
        let mut receipt = receipt.clone();
        change(&mut receipt);
        let spoilt = Spoilt::File(receipt.write().into_bytes());
        book.case(ask, name, spoilt, *exit);
    }
}

/// A record of two versions: receipts of the newer, and what could be put in place of its parts.
struct Amended {
    world: World,
    first: u64,
    /// Of the first version, before there was a second.
    before: Receipt,
    /// Of the first version, now.
    was: Receipt,
    mine: Receipt,
    stranger: Receipt,
}

fn amended() -> Amended {
    let (mut world, first) = registered();
    let before = world.receipt(first);
    let second = world.act_on(Operation::Amend, ID, &hash(OTHER), false);
    let other = world.act(Operation::Register, "TSH-3");
    Amended {
        before,
        was: world.receipt(first),
        mine: world.receipt(second),
        stranger: world.receipt(other),
        first,
        world,
    }
}

const AMENDED: Ask<'_> = ask("amended.receipt");

fn parts(book: &mut Book, amended: &Amended) {
    let Amended {
        world,
        before,
        was,
        mine,
        stranger,
        ..
    } = amended;
    let first = amended.first;
    changed(
        book,
        &AMENDED,
        mine,
        &[
            ("swap-entry", 14, &|to| to.entry = was.entry.clone()),
            ("swap-path", 14, &|to| to.proof.path = world.path(first)),
            ("swap-index", 14, &|to| to.proof.index = was.proof.index),
            ("swap-place", 14, &|to| {
                (to.proof.index, to.proof.path) = (was.proof.index, world.path(first))
            }),
            ("swap-block", 14, &|to| to.block = was.block.clone()),
            ("swap-later-block", 14, &|to| {
                to.block = stranger.block.clone()
            }),
            ("no-head", 14, &|to| to.head = None),
            ("older-head", 14, &|to| to.head = Some(was.block.clone())),
            ("head-of-an-older-checkpoint", 14, &|to| {
                to.head.clone_from(&before.head)
            }),
            ("swap-record", 14, &|to| to.record = stranger.record.clone()),
            ("swap-record-with-proof", 14, &|to| {
                (to.record, to.record_proof) =
                    (stranger.record.clone(), stranger.record_proof.clone())
            }),
            ("older-record-with-proof", 14, &|to| {
                (to.record, to.record_proof) = (before.record.clone(), before.record_proof.clone())
            }),
            ("swap-clerk-proof", 14, &|to| {
                to.clerk_proof = mine.record_proof.clone()
            }),
            ("other-status", 14, &|to| {
                to.record.status = RecordStatus::Suspended
            }),
            ("older-checkpoint", 14, &|to| {
                to.proof.checkpoint.clone_from(&before.proof.checkpoint)
            }),
            ("older-receipt-newer-checkpoint", 14, &|to| {
                *to = before.clone();
                to.proof.checkpoint.clone_from(&mine.proof.checkpoint);
            }),
        ],
    );
}

fn openings(book: &mut Book, amended: &Amended) {
    let Amended {
        before,
        was,
        mine,
        stranger,
        ..
    } = amended;
    changed(
        book,
        &AMENDED,
        mine,
        &[
            ("opening-of-the-version-before", 11, &|to| {
                to.opening.clone_from(&before.opening)
            }),
            ("opening-of-another-record", 11, &|to| {
                to.opening.clone_from(&stranger.opening)
            }),
            ("opening-redacted", 0, &|to| to.opening = None),
            ("opening-without-content", 11, &|to| {
                to.opening.as_mut().unwrap().content = None
            }),
            ("opening-number-of-another", 11, &|to| {
                to.opening.as_mut().unwrap().record = number("TSH-13")
            }),
            ("signature-of-the-version-before", 14, &|to| {
                to.entry.authorship = was.entry.authorship
            }),
            ("signature-zero", 14, &|to| {
                to.entry.authorship = Authorship::Signed(Signature::new([0; 64]))
            }),
            ("entry-says-batched", 14, &|to| {
                to.entry.authorship = Authorship::Batched
            }),
        ],
    );
    let mut redacted = mine.clone();
    redacted.opening = None;
    let redacted = Spoilt::File(redacted.write().into_bytes());
    book.case(
        &AMENDED.with("other.txt"),
        "document-without-opening",
        redacted,
        16,
    );
}

/// What is no entry, in the place of one: a block leaf, a batch, the two hashes of a node.
fn leaves(book: &mut Book, Amended { mine, .. }: &Amended) {
    let (batches, batch) = batched();
    let batch = batches.receipt(batch + 1).batch.unwrap();
    let long = format!("{}expires", "reason X\n".repeat(500));
    let text = mine.write();
    let entry = mine.entry.write();
    for (name, leaf) in [
        ("block-leaf-as-entry", mine.block.leaf.write()),
        ("batch-as-entry", batch.leaf.write()),
        (
            "node-as-leaf",
            format!("{}\n{}\n", "x".repeat(32), "y".repeat(32)),
        ),
        ("entry-too-long", entry.replacen("expires", &long, 1)),
    ] {
        let spoilt = text.replacen(&entry, &leaf, 1).into_bytes();
        book.case(&AMENDED, name, Spoilt::File(spoilt), 14);
    }
}

fn proofs(book: &mut Book) {
    let (world, at) = registered();
    let mine = world.receipt(at);
    let head =
        |to: &mut Receipt, change: &dyn Fn(&mut BlockProof)| change(to.head.as_mut().unwrap());
    changed(
        book,
        &ask("registered.receipt"),
        &mine,
        &[
            ("path-short", 14, &|to| shorten(&mut to.proof.path)),
            ("path-without-its-first", 14, &|to| {
                behead(&mut to.proof.path)
            }),
            ("path-empty", 14, &|to| to.proof.path.clear()),
            ("path-turned", 14, &|to| to.proof.path.reverse()),
            ("block-path-short", 14, &|to| shorten(&mut to.block.path)),
            ("block-path-long", 14, &|to| to.block.path.push([0; 32])),
            ("block-index-of-the-entry", 14, &|to| {
                to.block.index = to.proof.index
            }),
            ("block-time-other", 14, &|to| {
                to.block.leaf.time = TimeMs::new(1)
            }),
            ("block-entries-more", 14, &|to| {
                to.block.leaf.entries = u64::MAX
            }),
            ("head-path-short", 14, &|to| {
                head(to, &|head| shorten(&mut head.path))
            }),
            ("head-path-long", 14, &|to| {
                head(to, &|head| head.path.push([0; 32]))
            }),
            ("head-index-root-other", 14, &|to| {
                head(to, &|head| head.leaf.index = mine.block.leaf.index)
            }),
            ("head-index-before", 14, &|to| {
                head(to, &|head| {
                    head.index = LeafIndex::new(head.index.get() - 1)
                })
            }),
            ("head-index-after", 14, &|to| {
                head(to, &|head| {
                    head.index = LeafIndex::new(head.index.get() + 1)
                })
            }),
        ],
    );
}

fn index_proofs(book: &mut Book) {
    let (world, at) = registered();
    let mine = world.receipt(at);
    let stranger = world.receipt(2);
    changed(
        book,
        &ask("registered.receipt"),
        &mine,
        &[
            ("record-proof-short", 14, &|to| {
                shorten(&mut to.record_proof.siblings)
            }),
            ("record-proof-long", 14, &|to| {
                to.record_proof.siblings.push([0; 32])
            }),
            ("record-proof-256", 14, &|to| {
                to.record_proof.siblings.resize(256, [0; 32])
            }),
            ("record-proof-257", 14, &|to| {
                to.record_proof.siblings.resize(257, [0; 32])
            }),
            ("record-proof-turned", 14, &|to| {
                to.record_proof.siblings.reverse()
            }),
            ("record-proof-of-absence", 14, &|to| {
                to.record_proof.leaf = ProofLeaf::Empty
            }),
            ("record-proof-of-another-leaf", 14, &|to| {
                let value = value_hash(&to.record.write());
                let key = RecordState::index_key(&registry(), &key_of(ID));
                to.record_proof.leaf = ProofLeaf::Other(key, value);
            }),
            ("record-proof-of-a-neighbour", 14, &|to| {
                to.record_proof = stranger.record_proof.clone()
            }),
            ("clerk-proof-of-absence", 14, &|to| {
                to.clerk_proof.leaf = ProofLeaf::Empty
            }),
            ("clerk-proof-short", 14, &|to| {
                behead(&mut to.clerk_proof.siblings)
            }),
            ("clerk-renamed", 14, &|to| {
                to.clerk.name = ClerkName::parse("qurilish/azizb").unwrap()
            }),
            ("clerk-with-another-key", 14, &|to| {
                to.clerk.key = SecretKey::from_seed(&[3; 32]).public()
            }),
            ("clerk-without-an-end", 14, &|to| {
                to.clerk.until = protocol::name::Date::parse("2030-01-01")
            }),
        ],
    );
}

fn batches(book: &mut Book) {
    let (world, batch) = batched();
    let mine = world.receipt(batch + 3);
    let neighbour = world.receipt(batch + 2);
    let mut elsewhere = World::new(ORIGIN);
    let one = elsewhere.batch(&["TSH-1", "TSH-2", "TSH-3"]);
    let other = elsewhere.receipt(one + 3);
    fn of(to: &mut Receipt) -> &mut BatchProof {
        to.batch.as_mut().unwrap()
    }
    changed(
        book,
        &ask("batch-3.receipt"),
        &mine,
        &[
            ("batch-missing", 14, &|to| to.batch = None),
            ("batch-of-others", 14, &|to| {
                to.batch.clone_from(&other.batch)
            }),
            ("batch-path-of-the-neighbour", 14, &|to| {
                of(to).entry_path = neighbour.batch.clone().unwrap().entry_path
            }),
            ("batch-count-other", 14, &|to| {
                of(to).leaf.statement.count = 4
            }),
            ("batch-count-zero", 14, &|to| {
                of(to).leaf.statement.count = 0
            }),
            ("batch-count-1025", 14, &|to| {
                of(to).leaf.statement.count = 1025
            }),
            ("batch-index-other", 14, &|to| {
                of(to).index = LeafIndex::new(batch + 1)
            }),
            ("batch-index-of-the-entry", 14, &|to| {
                of(to).index = mine.proof.index
            }),
            ("batch-signature-zero", 14, &|to| {
                of(to).leaf.signature = Signature::new([0; 64])
            }),
            ("batch-signature-plus-order", 14, &|to| {
                let signature = plus_order(&of(to).leaf.signature);
                of(to).leaf.signature = signature;
            }),
            ("batch-author-other", 14, &|to| {
                of(to).leaf.statement.author = ClerkName::parse("qurilish/other").unwrap()
            }),
            ("batch-path-short", 14, &|to| shorten(&mut of(to).path)),
            ("batch-entry-path-short", 14, &|to| {
                shorten(&mut of(to).entry_path)
            }),
            ("batch-entry-path-long", 14, &|to| {
                of(to).entry_path.push([0; 32])
            }),
            ("batch-entry-of-the-neighbour", 14, &|to| {
                to.entry = neighbour.entry.clone()
            }),
        ],
    );
    let (world, at) = registered();
    let mut signed = world.receipt(at);
    signed.batch.clone_from(&mine.batch);
    let spoilt = Spoilt::File(signed.write().into_bytes());
    book.case(
        &ask("registered.receipt"),
        "batch-for-a-signed-entry",
        spoilt,
        14,
    );
}
