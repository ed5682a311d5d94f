//! Records with thousands of versions: their number is bounded by the rules, no question about them is a
//! fault, and their histories come in pages.

use std::collections::BTreeMap;

use ledger::{Fault, Ledger, NotAdmitted, Records, Refusal, query::NoAnswer};
use protocol::{
    authentic::Authentic,
    entry::{Entry, Operation},
    hash::IndexKey,
    height::{Height, LeafIndex, TimeMs, Version},
    history::{History, PAGE_BYTES_MAX, VERSIONS_MAX},
    merkle::leaf_hash,
    state::{RecordState, RecordStatus},
};

use crate::{
    answers::note,
    world::{PERMITS, genesis, key, next, proposal, register, registry, sign},
};

/// Versions of one block.
const BLOCK: usize = 500;

fn index_key(number: u64) -> IndexKey {
    RecordState::index_key(&registry(PERMITS), &key(number))
}

fn state(ledger: &Ledger, number: u64) -> Option<RecordState> {
    let head = ledger.head();
    ledger.records_at(&head).record(&index_key(number)).unwrap()
}

/// The next versions of a record as they will stand in the block after the head.
fn versions(ledger: &Ledger, number: u64, count: usize) -> Vec<Authentic> {
    let head = ledger.head();
    let (height, time) = (head.height().next(), TimeMs::new(head.time().get() + 1000));
    let mut current = state(ledger, number);
    let mut entries = Vec::new();
    for at in 0..count {
        let operation = match current {
            None => Operation::Register,
            Some(_) => Operation::Amend,
        };
        let entry = sign(next(operation, number, current.as_ref()));
        let version = current.map_or(Version::new(1), |current| current.version.next());
        current = Some(RecordState {
            status: RecordStatus::Active,
            version,
            content: version,
            index: LeafIndex::new(head.size().get() + at as u64),
            hash: entry.hash(),
            height,
            time,
            standing: None,
        });
        entries.push(entry);
    }
    entries
}

fn block(ledger: &Ledger, entries: &[Authentic]) {
    let time = TimeMs::new(ledger.head().time().get() + 1000);
    let executed = ledger.execute(proposal(time), entries).unwrap();
    ledger.commit(&executed, b"").unwrap();
}

fn publish(ledger: &Ledger) {
    let height = ledger.head().height();
    ledger.publish(&note(ledger, height), height).unwrap();
}

/// A ledger whose record 1 has so many versions.
fn with_versions(folder: &std::path::Path, count: usize) -> Ledger {
    let ledger = Ledger::open(folder, &genesis(), None).unwrap();
    let mut left = count;
    while left > 0 {
        let some = left.min(BLOCK);
        block(&ledger, &versions(&ledger, 1, some));
        left -= some;
    }
    publish(&ledger);
    ledger
}

/// All pages, each asked for by what the last version of the one before names.
fn pages(ledger: &Ledger) -> Vec<History> {
    let (registry, key) = (registry(PERMITS), key(1));
    let mut pages = vec![ledger.history(&registry, &key).unwrap()];
    loop {
        let (_, versions) = pages.last().unwrap().record.as_ref().unwrap();
        let last = &versions.last().unwrap().statement;
        let Some(previous) = last.previous else {
            return pages;
        };
        let from = Version::new(last.version.get() - 1);
        let page = ledger.history_from(&registry, &key, (from, previous.index));
        pages.push(page.unwrap());
    }
}

/// The versions of all pages, checked to be a chain from the latest down to the first.
fn chain(pages: &[History]) -> Vec<Entry> {
    let all = pages.iter().flat_map(|page| {
        let text = page.write();
        assert!(text.len() <= PAGE_BYTES_MAX);
        assert_eq!(&History::parse(text.as_bytes()).unwrap(), page);
        page.record.as_ref().unwrap().1.clone()
    });
    let all: Vec<Entry> = all.collect();
    for (newer, older) in all.iter().zip(&all[1..]) {
        let named = newer.statement.previous.unwrap();
        assert_eq!(named.hash, leaf_hash(older.write().as_bytes()));
    }
    all
}

#[test]
fn a_long_history_comes_in_pages_that_join() {
    let folder = tempfile::tempdir().unwrap();
    for (count, expected) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
        let folder = folder.path().join(count.to_string());
        let ledger = with_versions(&folder, count);
        let pages = pages(&ledger);
        assert_eq!(pages.len(), expected, "{count} versions");
        let is_whole = expected == 1;
        assert_eq!(pages[0].from.is_none(), is_whole, "{count} versions");
        assert_eq!(chain(&pages).len(), count);
    }
}

/// The log grows between two pages; each is proven under the checkpoint of its moment.
#[test]
fn pages_join_while_the_log_grows() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = with_versions(folder.path(), 1_500);
    let (registry, key) = (registry(PERMITS), key(1));
    let first = ledger.history(&registry, &key).unwrap();
    block(&ledger, &versions(&ledger, 1, 10));
    publish(&ledger);
    let (_, shown) = first.record.as_ref().unwrap();
    let last = &shown.last().unwrap().statement;
    let from = Version::new(last.version.get() - 1);
    let begin = (from, last.previous.unwrap().index);
    let second = ledger.history_from(&registry, &key, begin).unwrap();
    assert_ne!(first.checkpoint, second.checkpoint);
    assert_eq!(chain(&[first, second]).len(), 1_500);
}

#[test]
fn a_page_that_is_none_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = with_versions(folder.path(), 20);
    block(&ledger, &[sign(register(2))]);
    let (permits, one, two) = (registry(PERMITS), key(1), key(2));
    let size = ledger.head().size().get();
    let first = ledger.block(Height::new(1)).unwrap().unwrap().first.get();
    let ask = |key, version, index| {
        let begin = (Version::new(version), LeafIndex::new(index));
        ledger.history_from(&permits, key, begin)
    };
    assert!(ask(&one, 1, first).is_ok());
    // Another version, another record, no entry at all, not published yet, beyond the log.
    for (key, version, index) in [
        (&one, 2, first),
        (&two, 1, first),
        (&one, 1, 0),
        (&one, 0, first),
        (&one, u64::MAX, first),
        (&one, 1, size),
        (&one, 1, u64::MAX),
    ] {
        let answer = ask(key, version, index);
        assert!(matches!(answer, Err(NoAnswer::NotFound)), "{answer:?}");
    }
    assert!(matches!(ask(&two, 1, size - 2), Err(NoAnswer::NotYet)));
}

/// The last version is kept for the revocation, so that no record can be made one that nobody can end.
#[test]
fn a_record_takes_so_many_versions_and_can_still_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = with_versions(folder.path(), VERSIONS_MAX - 1);
    assert_eq!(chain(&pages(&ledger)).len(), VERSIONS_MAX - 1);
    let current = state(&ledger, 1);
    for operation in [Operation::Amend, Operation::Correct, Operation::Suspend] {
        let entry = sign(next(operation, 1, current.as_ref()));
        let refusal = ledger.admit(entry.clone()).unwrap_err();
        let is_it = |refusal: &Refusal| {
            refusal.code() == "too-many-versions" && refusal.to_string().contains("10000")
        };
        assert!(
            matches!(&refusal, NotAdmitted::Refused(refusal) if is_it(refusal)),
            "{refusal}"
        );
        let time = TimeMs::new(ledger.head().time().get() + 1000);
        assert!(ledger.execute(proposal(time), [&entry]).is_err());
    }
    let end = sign(next(Operation::Revoke, 1, current.as_ref()));
    ledger.admit(end.clone()).unwrap();
    block(&ledger, &[end]);
    publish(&ledger);
    let pages = pages(&ledger);
    assert_eq!(chain(&pages).len(), VERSIONS_MAX);
    assert_eq!(state(&ledger, 1).unwrap().status, RecordStatus::Revoked);
}

/// Whoever looks at a height that is left behind meanwhile is told to ask again; the store is whole.
#[test]
fn a_height_that_is_left_behind_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = with_versions(folder.path(), 3);
    let old = ledger.head();
    for _ in 0..4 {
        block(&ledger, &versions(&ledger, 1, 1));
        publish(&ledger);
    }
    let found = ledger.records_at(&old).record(&index_key(1));
    assert!(matches!(found, Err(Fault::Moved(_))), "{found:?}");
    assert!(matches!(
        NoAnswer::from(Fault::Moved(old.height())),
        NoAnswer::NotYet
    ));
    assert!(matches!(
        NotAdmitted::from(Fault::Moved(old.height())),
        NotAdmitted::Moved
    ));
    assert!(ledger.history(&registry(PERMITS), &key(1)).is_ok());
}

/// Answers are asked for while blocks are committed and published as fast as they can be.
#[test]
fn no_question_is_a_fault_while_the_log_grows() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = with_versions(folder.path(), 600);
    let over = std::sync::atomic::AtomicBool::new(false);
    let asked = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut counts = BTreeMap::new();
                    while !over.load(std::sync::atomic::Ordering::Relaxed) {
                        let history = ledger.history(&registry(PERMITS), &key(1));
                        let index = ledger.published().unwrap().head.size().get() - 2;
                        let receipt = ledger.receipt(LeafIndex::new(index)).map(drop);
                        for answer in [history.map(drop), receipt] {
                            let word = match answer {
                                Ok(()) => "answered",
                                Err(NoAnswer::NotYet | NoAnswer::NotFound) => "asked again",
                                Err(NoAnswer::Fault(fault)) => panic!("{fault}"),
                            };
                            *counts.entry(word).or_insert(0_u64) += 1;
                        }
                    }
                    counts
                })
            })
            .collect();
        for _ in 0..150 {
            block(&ledger, &versions(&ledger, 1, 2));
            publish(&ledger);
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        let counts = askers.into_iter().map(|asker| asker.join().unwrap());
        counts.collect::<Vec<_>>()
    });
    println!("{asked:?}");
    assert!(asked.iter().all(|counts| counts.contains_key("answered")));
}
