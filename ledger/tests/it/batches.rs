//! Batches: taken whole or not at all, with the entry named that was wrong; and read back from the log
//! as they were handed in.

use ledger::{InvalidBlock, NotExecuted, Refusal, replay::Departure};
use protocol::{
    authentic::{Authentic, Submission},
    batch::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, WholeBatch},
    entry::{Operation, Reference, Statement},
    height::{Height, Version},
    merkle,
    name::ClerkName,
    state::Limits,
};

use crate::{
    replay::{replay, replayed},
    world::{
        BOB, Chain, LOLA, PARCELS, PERMITS, genesis_with, key, network, register, registry, secret,
        sign, sign_batch,
    },
};

fn many(numbers: std::ops::Range<u64>) -> Vec<Statement> {
    numbers.map(register).collect()
}

/// Executes what must be valid, and appends it.
fn take(chain: &mut Chain, all: &[Authentic]) {
    let executed = chain.execute(all).unwrap();
    chain.append(&executed);
}

#[test]
fn a_batch_is_its_leaf_and_its_entries_in_order() {
    let mut chain = Chain::new();
    let batch = sign_batch(many(1..6));
    let before = chain.log.len();
    take(
        &mut chain,
        &[sign(register(9)), batch.clone(), sign(register(10))],
    );
    let leaves: Vec<&[u8]> = batch.leaves().map(|leaf| leaf.bytes).collect();
    assert_eq!(leaves.len(), 6);
    assert_eq!(chain.log[before + 1..before + 7], leaves);
    assert_eq!(leaves.concat(), batch.bytes());
    assert_eq!(batch.hash(), merkle::leaf_hash(leaves[0]));
    for (at, number) in (before as u64 + 2..).zip(1..6) {
        assert_eq!(chain.state(number).unwrap().index.get(), at);
    }
    // The same entry signed by itself has the same identity, so it cannot come in twice.
    let alone = sign(register(3));
    assert_eq!(batch.leaves().nth(3).unwrap().id, alone.id());
    assert!(matches!(
        chain.refusal(alone),
        Some(Refusal::VersionTaken { .. })
    ));
}

#[test]
fn whatever_is_wrong_with_one_entry_keeps_all_out_and_is_named() {
    let mut chain = Chain::new();
    take(&mut chain, &[sign(register(2))]);
    let before = (chain.head.root(), chain.head.index().root());
    let wrong = |at: usize, change: &dyn Fn(&mut Statement)| {
        let mut statements = many(10..20);
        change(&mut statements[at]);
        let refusal = chain.refusal(sign_batch(statements)).unwrap();
        assert_eq!(refusal.row(), Some(at as u64 + 1), "{refusal}");
        refusal.code()
    };
    assert_eq!(wrong(4, &|it| *it = register(2)), "version-taken");
    assert_eq!(
        wrong(9, &|it| it.version = Version::new(2)),
        "wrong-version"
    );
    assert_eq!(wrong(0, &|it| it.commitment = None), "commitment-missing");
    assert_eq!(
        wrong(7, &|it| it.registry = registry(PARCELS)),
        "foreign-registry"
    );
    assert_eq!(wrong(3, &|it| *it = register(11)), "twice-in-batch");
    let sibling = Reference {
        registry: registry(PERMITS),
        key: key(10),
        version: Version::new(1),
    };
    assert_eq!(
        wrong(5, &|it| it.references = vec![sibling.clone()]),
        "unknown-reference"
    );

    let mut statements = many(10..20);
    statements[6].commitment = None;
    let batch = sign_batch(statements);
    let block = chain.execute(std::slice::from_ref(&batch));
    assert!(matches!(
        block,
        Err(NotExecuted::Invalid(InvalidBlock::Entry {
            position: 0,
            refusal: Refusal::InBatch { row: 7, .. }
        }))
    ));
    // A proposer drops it whole, and nothing of it has been done.
    let built = chain.build(&[batch, sign(register(30))]);
    assert_eq!(built.refused.len(), 1);
    let executed = built.executed.unwrap();
    assert_eq!((executed.leaves().len(), executed.records().len()), (2, 1));
    assert_eq!(before, (chain.head.root(), chain.head.index().root()));
}

#[test]
fn the_author_and_the_last_height_are_judged_as_of_single_entries() {
    let mut chain = Chain::new();
    let by = |author: &str, expires: u64| {
        let statements = many(1..4).into_iter().map(|statement| Statement {
            author: ClerkName::parse(author).unwrap(),
            expires: Height::new(expires),
            ..statement
        });
        sign_batch(statements.collect())
    };
    let code = |chain: &Chain, batch| chain.refusal(batch).map(|refusal| refusal.code());
    assert_eq!(code(&chain, by(LOLA, 9)), Some("foreign-registry"));
    assert_eq!(code(&chain, by(BOB, 9)), None);
    take(&mut chain, &[sign(register(7))]);
    take(&mut chain, &[sign(register(8))]);
    assert_eq!(code(&chain, by(BOB, 2)), Some("expired"));
    assert_eq!(code(&chain, by(BOB, u64::MAX)), Some("expires-too-late"));

    // By another clerk's key it is authentic, and not that clerk's.
    let lola = secret(&format!("{LOLA} clerk"));
    let batch = WholeBatch::sign(many(1..4), &network(), &lola).unwrap();
    let batch = Submission::from(batch).authenticate(&network(), &lola.public());
    assert_eq!(code(&chain, batch.unwrap()), Some("wrong-key"));
}

#[test]
fn a_batch_that_no_block_can_hold_is_refused_and_stops_nobody() {
    let limits = Limits {
        block_entries: 4,
        ..Limits::default()
    };
    let chain = Chain::with(genesis_with(limits));
    let refusal = chain.build(&[sign_batch(many(1..4))]);
    assert!(refusal.executed.is_some());
    let large = sign_batch(many(1..5));
    let built = chain.build(&[large.clone(), sign(register(9))]);
    assert_eq!(built.refused[0].1.code(), "batch-too-large");
    assert_eq!(built.executed.unwrap().leaves().len(), 2);
    assert!(matches!(
        chain.execute(std::slice::from_ref(&large)),
        Err(NotExecuted::Invalid(InvalidBlock::TooManyEntries { .. }))
    ));
}

#[test]
fn only_a_whole_batch_is_one() {
    let batch = sign_batch(many(1..6));
    let author = secret("build/anna clerk");
    let text = batch.bytes();
    let parsed = WholeBatch::parse(text).unwrap();
    assert_eq!(parsed.write().as_bytes(), text);
    let leaves: Vec<&[u8]> = batch.leaves().map(|leaf| leaf.bytes).collect();
    let is_none = |leaves: &[&[u8]], why: &str| {
        let bytes = leaves.concat();
        let Ok(said) = Submission::parse(&bytes) else {
            return;
        };
        let held = said.authenticate(&network(), &author.public());
        assert!(held.is_err(), "{why}");
    };
    let mut bent = leaves.clone();
    bent.swap(1, 2);
    is_none(&bent, "in another order");
    is_none(&leaves[..5], "without its last entry");
    is_none(&[&leaves[..], &leaves[5..]].concat(), "with one twice");
    is_none(&leaves[1..], "without its leaf");
    is_none(&leaves[1..2], "an entry of it alone");
    let other = sign_batch(many(2..7));
    let others: Vec<&[u8]> = other.leaves().map(|leaf| leaf.bytes).collect();
    is_none(
        &[&leaves[..1], &others[1..]].concat(),
        "the entries of another",
    );
    for (at, byte) in text.iter().enumerate() {
        let mut changed = text.to_vec();
        changed[at] = byte ^ 1;
        is_none(&[&changed], "a byte changed");
    }

    let mut foreign = many(1..3);
    foreign[1].author = ClerkName::parse(BOB).unwrap();
    assert!(WholeBatch::sign(foreign, &network(), &author).is_none());
    assert!(WholeBatch::sign(Vec::new(), &network(), &author).is_none());
    let full = WholeBatch::sign(many(0..BATCH_ENTRIES_MAX), &network(), &author).unwrap();
    let text = full.write();
    assert!(text.len() < BATCH_BYTES_MAX);
    assert_eq!(WholeBatch::parse(text.as_bytes()).unwrap(), full);
    assert!(WholeBatch::sign(many(0..BATCH_ENTRIES_MAX + 1), &network(), &author).is_none());
}

#[test]
fn an_auditor_reads_batches_back_and_names_the_entry_that_is_wrong() {
    let mut chain = Chain::new();
    take(&mut chain, &[sign_batch(many(1..6)), sign(register(6))]);
    let mut second: Vec<Statement> = (2..5)
        .map(|number| chain.next(Operation::Amend, number))
        .collect();
    second.push(register(7));
    let amended = sign(chain.next(Operation::Amend, 1));
    take(&mut chain, &[amended, sign_batch(second)]);
    take(&mut chain, &[sign(register(20))]);
    let replayed = replayed(&chain);
    assert_eq!(replayed.head().root(), chain.head.root());
    assert_eq!(replayed.head().index().root(), chain.head.index().root());

    // Genesis has two leaves, the first batch stands at 2, its entries at 3 to 7.
    let spoil = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut log = chain.log.clone();
        change(&mut log);
        let divergence = replay(&chain, &log).unwrap_err();
        (divergence.index.get(), divergence.what)
    };
    let (at, what) = spoil(&|log| log.swap(3, 4));
    assert!(
        at == 2 && matches!(what, Departure::Signature(_)),
        "{at} {what}"
    );
    let (at, what) = spoil(&|log| drop(log.remove(5)));
    assert!(at == 2, "{at} {what}");
    let (at, what) = spoil(&|log| drop(log.remove(2)));
    assert!(at == 2, "{at} {what}");

    // A block whose batch the rules refuse: the very entry is named.
    let mut forged = Chain::new();
    take(&mut forged, &[sign(register(4))]);
    let mut lenient = Chain::new();
    take(&mut lenient, &[sign(register(9))]);
    let batch = sign_batch(many(2..6));
    take(&mut lenient, &[batch]);
    let mut log = forged.log.clone();
    log.extend_from_slice(&lenient.log[forged.log.len()..]);
    let divergence = replay(&forged, &log).unwrap_err();
    assert_eq!(divergence.index.get(), 4 + 3, "{divergence}");
}
