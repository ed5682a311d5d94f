//! The law: the table of `docs/protocol.md`, and every refusal.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Refusal;
use protocol::{
    entry::{Committed, Operation, Reference, Statement},
    hash::Commitment,
    height::{Height, Version},
    history::VERSIONS_MAX,
    name::{ClerkName, Date, ReasonCode},
    state::{Limits, RecordState, RecordStatus},
};

use crate::acts;
use crate::attestations;
use crate::returns;
use crate::world::{
    self, BOB, Chain, LOLA, OLD, PARCELS, PERMITS, register, registry, sign, sign_batch,
};

/// The rows of the table in `docs/protocol.md`.
fn table() -> BTreeMap<(Option<RecordStatus>, Operation), Option<RecordStatus>> {
    let text = include_str!("../../../docs/protocol.md");
    let table = text
        .split("<!-- table: status, operation -->")
        .nth(1)
        .unwrap();
    let rows: Vec<Vec<&str>> = table
        .trim_start()
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let operations: Vec<Operation> = rows[0][1..]
        .iter()
        .map(|word| Operation::parse(word).unwrap())
        .collect();
    let mut outcomes = BTreeMap::new();
    for row in &rows[2..] {
        let status = (row[0] != "none").then(|| RecordStatus::parse(row[0]).unwrap());
        for (operation, outcome) in operations.iter().zip(&row[1..]) {
            let outcome = (*outcome != "–").then(|| RecordStatus::parse(outcome).unwrap());
            outcomes.insert((status, *operation), outcome);
        }
    }
    outcomes
}

/// A chain whose record 1 is in that status.
fn chain_with(status: Option<RecordStatus>) -> Chain {
    let mut chain = Chain::new();
    let operations: &[Operation] = match status {
        None => &[],
        Some(RecordStatus::Active) => &[Operation::Register],
        Some(RecordStatus::Suspended) => &[Operation::Register, Operation::Suspend],
        Some(RecordStatus::Revoked) => &[Operation::Register, Operation::Revoke],
    };
    for operation in operations {
        let statement = chain.next(*operation, 1);
        chain.block([statement]);
    }
    assert_eq!(chain.state(1).map(|state| state.status), status);
    chain
}

#[test]
fn every_operation_does_what_the_table_in_the_protocol_says() {
    let table = table();
    assert_eq!(table.len(), 36);
    for ((status, operation), outcome) in table {
        let mut chain = chain_with(status);
        if operation == Operation::Withdraw && outcome.is_some() {
            chain.block([chain.next(Operation::Confirm, 1)]);
        }
        let before = chain.state(1);
        let entry = sign(chain.next(operation, 1));
        match (chain.execute(std::slice::from_ref(&entry)), outcome) {
            (Ok(executed), Some(outcome)) => {
                chain.append(&executed);
                let state = chain.state(1).unwrap();
                assert_eq!(state.status, outcome, "{status:?} {operation:?}");
                let makes = u64::from(!operation.is_attestation());
                let version = before.as_ref().map_or(0, |before| before.version.get());
                assert_eq!(state.version.get(), version + makes);
                let content = before.filter(|_| !operation.has_content());
                assert_eq!(
                    state.content,
                    content.map_or(state.version, |before| before.content)
                );
            }
            (Err(_), None) => {}
            (result, _) => panic!("{status:?} {operation:?} gave {result:?}"),
        }
    }
}

fn with(change: impl FnOnce(&mut Statement)) -> Statement {
    let mut statement = register(2);
    change(&mut statement);
    statement
}

fn reference(number: u64, version: u64) -> Reference {
    let (registry, key) = (registry(PERMITS), world::key(number));
    Reference {
        registry,
        key,
        version: Version::new(version),
    }
}

/// A record with as many versions as it may have, all but the one that ends it.
fn one_version_too_many() -> Refusal {
    let mut chain = chain_with(Some(RecordStatus::Active));
    let mut full = chain.state(1).unwrap();
    full.version = Version::new(VERSIONS_MAX as u64 - 1);
    let at = RecordState::index_key(&registry(PERMITS), &world::key(1));
    chain.records.apply(&BTreeMap::from([(at, full)]));
    let amend = chain.next(Operation::Amend, 1);
    chain.refusal(sign(amend)).unwrap()
}

/// One example of every refusal, on a chain whose record 1 is active at version 2.
fn refusals() -> Vec<Refusal> {
    let mut chain = chain_with(Some(RecordStatus::Active));
    let taken = chain.next(Operation::Correct, 1);
    chain.block([chain.next(Operation::Amend, 1)]);
    let amend = |change: &dyn Fn(&mut Statement)| {
        let mut statement = chain.next(Operation::Amend, 1);
        change(&mut statement);
        statement
    };
    let clerk = |name: &str| ClerkName::parse(name).unwrap();
    let statements = vec![
        with(|s| s.author = clerk("build/nobody")),
        with(|s| s.author = clerk(OLD)),
        with(|s| s.author = clerk(LOLA)),
        with(|s| s.registry = registry("no.such")),
        with(|s| (s.author, s.registry) = (clerk(BOB), registry(world::LICENCES))),
        amend(&|s| s.author = clerk(BOB)),
        with(|s| s.expires = Height::new(2)),
        with(|s| s.expires = Height::new(1_000_004)),
        taken,
        amend(&|s| s.version = Version::new(4)),
        amend(&|s| s.previous = None),
        chain.next(Operation::Amend, 3),
        chain.next(Operation::Register, 1),
        chain.next(Operation::Reinstate, 1),
        amend(&|s| s.reason = None),
        with(|s| s.reason = ReasonCode::parse("C01")),
        with(|s| s.commitment = None),
        with(|s| s.references = vec![reference(2, 1)]),
        with(|s| s.references = vec![reference(1, 2), reference(1, 3)]),
    ];
    let mut refusals: Vec<Refusal> = statements
        .into_iter()
        .map(|s| chain.refusal(sign(s)).unwrap())
        .collect();
    refusals.extend(attestations::refusals());
    refusals.extend(acts::refusals());
    refusals.push(one_version_too_many());
    refusals.extend(returns::refusals());
    let stolen = world::sign_with(register(2), &world::secret("a thief"));
    refusals.push(chain.refusal(stolen).unwrap());
    let twice = sign(register(2));
    let built = chain.build(&[twice.clone(), twice]);
    refusals.push(built.refused[0].1.clone());
    let batch = world::sign_batch(vec![register(2), register(2)]);
    refusals.push(chain.refusal(batch).unwrap());
    let narrow = Chain::with(world::genesis_with(Limits {
        block_entries: 2,
        ..Limits::default()
    }));
    let batch = world::sign_batch(vec![register(2), register(3)]);
    refusals.push(narrow.refusal(batch).unwrap());
    let small = Chain::with(world::genesis_with(Limits {
        entry_bytes: 1024,
        ..Limits::default()
    }));
    let mut long = reference(1, 1);
    long.registry = registry(&format!("uz.{}", "a".repeat(40)));
    let large = with(|s| s.references = vec![long; 8]);
    refusals.push(small.refusal(sign(large)).unwrap());
    refusals
}

#[test]
fn every_refusal_has_its_code_in_the_golden_file_and_can_happen() {
    let golden: Vec<&str> = include_str!("../refusals.txt").lines().collect();
    let produced: BTreeSet<&str> = refusals().iter().map(Refusal::code).collect();
    assert_eq!(produced.into_iter().collect::<Vec<_>>(), golden);
}

#[test]
fn every_refusal_is_one_sentence_with_the_way_out() {
    for refusal in refusals() {
        let text = refusal.to_string();
        let formed = text.chars().next().unwrap().is_lowercase() || text.starts_with('"');
        assert!(
            formed && !text.ends_with('.') && !text.contains('\n'),
            "{text}"
        );
        assert!(
            text.contains(';') || text.contains(", and sign"),
            "no way out: {text}"
        );
    }
}

#[test]
fn a_conflict_names_what_won() {
    let mut chain = chain_with(None);
    let block = chain.block([register(1)]);
    let other = sign({
        let mut other = register(1);
        other.commitment = Some(Committed::Fields(Commitment::new([9; 32])));
        other
    });
    let refusal = chain.refusal(other).unwrap();
    assert!(refusal.is_conflict());
    let Refusal::VersionTaken {
        winner,
        winner_hash,
        ..
    } = refusal
    else {
        panic!("{refusal}")
    };
    assert_eq!(winner, block.first());
    assert_eq!(winner_hash, chain.state(1).unwrap().hash);
}

#[test]
fn the_same_entry_again_is_already_there() {
    let mut chain = chain_with(None);
    let block = chain.block([register(1)]);
    let again = chain.refusal(sign(register(1)));
    assert_eq!(
        again,
        Some(Refusal::AlreadyThere {
            index: block.first()
        })
    );
}

#[test]
fn a_clerk_may_sign_until_the_end_of_its_last_day() {
    let chain = Chain::new();
    let until = Date::parse("2027-01-31").unwrap().last_ms();
    let entry = sign(with(|s| s.author = ClerkName::parse(BOB).unwrap()));
    let at = |time| {
        let (records, proposal) = (&chain.records, world::proposal(time));
        ledger::execute(&chain.head, records, proposal, [&entry]).is_ok()
    };
    assert!(at(until));
    assert!(!at(until.next()));
}

#[test]
fn an_entry_lives_from_its_signing_to_its_last_height() {
    let chain = Chain::new();
    for (expires, allowed) in [(0, false), (1, true), (1_000_001, true), (1_000_002, false)] {
        let entry = sign(with(|s| s.expires = Height::new(expires)));
        assert_eq!(chain.refusal(entry).is_none(), allowed, "expires {expires}");
    }
}

#[test]
fn an_entry_may_rest_on_other_records_of_any_registry() {
    let mut chain = chain_with(Some(RecordStatus::Active));
    let mut parcel = register(7);
    parcel.registry = registry(PARCELS);
    parcel.author = ClerkName::parse(LOLA).unwrap();
    chain.block([parcel]);
    let mut on_parcel = reference(7, 1);
    on_parcel.registry = registry(PARCELS);
    chain.block([with(|s| s.references = vec![on_parcel, reference(1, 1)])]);
}

/// A version names only what is there already, so the first of two that would name one another is refused.
#[test]
fn versions_that_rest_on_one_another_are_refused_alone_and_in_a_batch() {
    let mut chain = Chain::new();
    let on = |number: u64, other: Reference| {
        let mut statement = register(number);
        statement.references = vec![other];
        statement
    };
    let pair = || [on(4, reference(5, 1)), on(5, reference(4, 1))];
    let refused = |refusal: &Refusal| {
        assert_eq!(refusal.code(), "unknown-reference");
        let sentence = refusal.to_string();
        assert!(sentence.contains("version 1"), "{sentence}");
        assert!(sentence.contains(PERMITS), "{sentence}");
    };
    for one in pair() {
        refused(&chain.refusal(sign(one)).unwrap());
    }
    let built = chain.build(&pair().map(sign));
    assert_eq!(built.refused.len(), 2, "nor in one block");
    let batch = chain.refusal(sign_batch(pair().to_vec())).unwrap();
    assert_eq!(batch.row(), Some(1));
    refused(&batch);

    // Over several versions a circle of records is history: each named what was there.
    chain.block([register(4)]);
    chain.block([on(5, reference(4, 1))]);
    let mut amend = chain.next(Operation::Amend, 4);
    amend.references = vec![reference(5, 2)];
    let ahead = chain.refusal(sign(amend.clone())).unwrap();
    assert_eq!(ahead.code(), "unknown-reference");
    amend.references = vec![reference(5, 1)];
    chain.block([amend]);
}
