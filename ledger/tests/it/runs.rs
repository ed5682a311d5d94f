//! Entries and records of many blocks: in memory first, in runs later, and the same all along.

use std::{fs, path::Path};

use ledger::Ledger;
use protocol::{
    entry::{Operation, Statement},
    hash::{EntryId, RootHash},
    height::{LeafIndex, LogSize, TimeMs},
};

use crate::{
    answers::note,
    returns::mark,
    world::{Chain, genesis, proposal, sign, sign_batch},
};

/// More than are left in memory when a folder is opened.
const ROWS: u64 = 300;

type Found = Vec<(EntryId, LeafIndex)>;

fn open(folder: &Path) -> Ledger {
    Ledger::open(folder, &genesis(), None).unwrap()
}

/// Commits one block to the folder and to the chain in memory; the entries with their places.
fn commit(ledger: &Ledger, chain: &mut Chain, statements: Vec<Statement>) -> Found {
    let batch = sign_batch(statements);
    let time = TimeMs::new(ledger.head().time().get() + 1000);
    let executed = ledger.execute(proposal(time), [&batch]).unwrap();
    let head = ledger.commit(&executed, b"certificate").unwrap();
    chain.append(&executed);
    ledger
        .publish(&note(ledger, head.height()), head.height())
        .unwrap();
    let indexes = (executed.first().get()..).map(LeafIndex::new);
    executed.ids().iter().copied().zip(indexes).collect()
}

/// All is found where it was put, in its newest state, with its receipt.
fn check(ledger: &Ledger, chain: &Chain, found: &Found) {
    assert_eq!(ledger.head().root(), chain.head.root());
    assert_eq!(ledger.head().index().root(), chain.head.index_root());
    for (id, index) in found {
        assert_eq!(ledger.entry(id).unwrap(), Some(*index));
    }
    for (_, index) in found.iter().step_by(97) {
        ledger.evidence(*index).unwrap();
    }
    for number in 0..ROWS {
        let entry = sign(chain.next(Operation::Amend, number));
        assert!(ledger.admit(entry).is_ok(), "record {number}");
    }
}

fn tables(folder: &Path) -> usize {
    let files = fs::read_dir(folder.join("db")).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let tables = names.filter(|name| name.extension().is_some_and(|ending| ending == "sst"));
    tables.count()
}

/// Registered, then amended three times, with the folder opened anew in between.
fn grown(folder: &Path) -> (Chain, Found) {
    let mut chain = Chain::new();
    let mut found = Found::new();
    for operation in [Operation::Register, Operation::Amend, Operation::Correct] {
        let ledger = open(folder);
        check_if_any(&ledger, &chain, &found);
        let statements = (0..ROWS).map(|number| chain.next(operation, number));
        let statements: Vec<_> = statements.collect();
        found.extend(commit(&ledger, &mut chain, statements));
        check(&ledger, &chain, &found);
    }
    (chain, found)
}

fn check_if_any(ledger: &Ledger, chain: &Chain, found: &Found) {
    if !found.is_empty() {
        check(ledger, chain, found);
    }
}

#[test]
fn what_is_in_runs_and_what_is_in_none_yet_is_found_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, found) = grown(folder.path());
    let before = tables(folder.path());
    for _ in 0..2 {
        check(&open(folder.path()), &chain, &found);
    }
    assert!(before < tables(folder.path()), "no run was written");
    assert!(!folder.path().join("run").exists());
}

#[test]
fn a_run_that_a_crash_has_cut_off_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, found) = grown(folder.path());
    fs::write(folder.path().join("run"), b"half a table").unwrap();
    check(&open(folder.path()), &chain, &found);
}

#[test]
fn rows_that_are_in_a_run_and_were_not_removed_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, found) = grown(folder.path());
    // Opening makes a run and removes its rows; the removal is the last that the write-ahead log holds, and the
    // power goes before it is on the disk.
    drop(open(folder.path()));
    let logs = fs::read_dir(folder.path().join("db")).unwrap();
    let logs = logs.map(|file| file.unwrap().path());
    let logs = logs.filter(|name| name.extension().is_some_and(|ending| ending == "log"));
    let log = logs
        .max_by_key(|name| fs::metadata(name).unwrap().len())
        .unwrap();
    let length = fs::metadata(&log).unwrap().len();
    let file = fs::File::options().write(true).open(&log).unwrap();
    file.set_len(length - 1).unwrap();
    let tip: (LogSize, RootHash) = (chain.head.size(), chain.head.root());
    for _ in 0..2 {
        let ledger = Ledger::open(folder.path(), &genesis(), Some(tip)).unwrap();
        check(&ledger, &chain, &found);
    }
}

#[test]
fn return_marks_stand_in_runs_as_entries_do() {
    let folder = tempfile::tempdir().unwrap();
    let (mut chain, mut found) = grown(folder.path());
    let ledger = open(folder.path());
    for (hours, nonce) in [(2, 1), (4, 2), (6, 3)] {
        let time = TimeMs::new(ledger.head().time().get() + hours * 3_600_000);
        let mark = mark("tax", nonce);
        let executed = ledger.execute(proposal(time), [&mark]).unwrap();
        let head = ledger.commit(&executed, b"certificate").unwrap();
        chain.append(&executed);
        ledger
            .publish(&note(&ledger, head.height()), head.height())
            .unwrap();
        found.push((mark.id(), executed.first()));
    }
    let statements = (0..ROWS).map(|number| chain.next(Operation::Amend, number));
    let statements: Vec<_> = statements.collect();
    found.extend(commit(&ledger, &mut chain, statements));
    drop(ledger);
    for _ in 0..2 {
        check(&open(folder.path()), &chain, &found);
    }
}
