//! The folder: what was committed is there again, and what was lost is noticed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ledger::{Fault, Ledger, Records, Replay, replay::Splitter};
use protocol::{
    hash::RootHash,
    height::{Height, LogSize, TimeMs},
    state::RecordState,
};
use testkit::Random;

use crate::{
    model::random_block,
    world::{PERMITS, genesis, genesis_with, key, proposal, registry},
};

type Tip = (LogSize, RootHash);

fn tip(ledger: &Ledger) -> Tip {
    (ledger.head().size(), ledger.head().root())
}

fn grow(ledger: &Ledger, until: u64) {
    let mut random = Random::new(0x600d);
    let mut model = BTreeMap::new();
    while ledger.head().height().get() < until {
        let head = ledger.head();
        let records = ledger.records_at(&head);
        let state = |number| {
            records
                .record(&RecordState::index_key(&registry(PERMITS), &key(number)))
                .unwrap()
        };
        let (entries, _) = random_block(&mut random, &mut model, state);
        let time = TimeMs::new(head.time().get() + 1000);
        if let Some(executed) = ledger.build(proposal(time), &entries).unwrap().executed {
            ledger.commit(&executed, b"certificate").unwrap();
        }
    }
}

/// A folder with 30 blocks in its write-ahead log; the tip before the last block, and the last.
fn folder() -> (tempfile::TempDir, Tip, Tip) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
    grow(&ledger, 29);
    let before = tip(&ledger);
    grow(&ledger, 30);
    let last = tip(&ledger);
    (folder, before, last)
}

fn wal(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder.join("db"))
        .unwrap()
        .map(|file| file.unwrap().path());
    let logs: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    logs.into_iter()
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap()
}

fn open(folder: &Path, expected: Option<Tip>) -> Result<Ledger, Fault> {
    Ledger::open(folder, &genesis(), expected)
}

#[test]
fn an_opened_folder_has_the_same_head() {
    let (folder, before, last) = folder();
    for expected in [None, Some(before), Some(last)] {
        let ledger = open(folder.path(), expected).unwrap();
        assert_eq!(tip(&ledger), last);
        let head = ledger.head();
        assert_eq!(head.index().root(), head.index_root());
        assert_eq!(head.height(), Height::new(30));
        assert_eq!(
            ledger.block(Height::new(30)).unwrap().unwrap().certificate,
            b"certificate"
        );
    }
    let ledger = open(folder.path(), Some(last)).unwrap();
    grow(&ledger, 100);
    let last = tip(&ledger);
    drop(ledger);
    assert_eq!(tip(&open(folder.path(), Some(last)).unwrap()), last);
}

#[test]
fn a_block_that_does_not_follow_the_head_is_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path(), None).unwrap();
    let entries = [crate::world::sign(crate::world::register(1))];
    let time = ledger.head().time().next();
    let executed = ledger.execute(proposal(time), &entries).unwrap();
    ledger.commit(&executed, b"").unwrap();
    let again = ledger.commit(&executed, b"");
    assert!(matches!(again, Err(Fault::OutOfOrder { .. })), "{again:?}");
}

#[test]
fn the_log_on_disk_replays_to_the_same_roots() {
    let (folder, _, last) = folder();
    let ledger = open(folder.path(), Some(last)).unwrap();
    let mut replay = Replay::new(&genesis());
    let mut splitter = Splitter::default();
    for height in 0..=30 {
        for leaf in ledger.block(Height::new(height)).unwrap().unwrap().leaves {
            let Some(block) = splitter.push(leaf).unwrap() else {
                continue;
            };
            if height == 0 {
                replay.check_genesis(&block).unwrap();
            } else {
                let prepared = replay
                    .preparer()
                    .unwrap()
                    .prepare(vec![block])
                    .remove(0)
                    .unwrap();
                replay.apply(&prepared).unwrap();
            }
        }
    }
    assert_eq!(replay.head().root(), ledger.head().root());
    assert_eq!(replay.head().index_root(), ledger.head().index_root());
}

#[test]
fn a_second_process_is_kept_out() {
    let (folder, ..) = folder();
    let first = open(folder.path(), None).unwrap();
    let second = open(folder.path(), None);
    assert!(matches!(second, Err(Fault::InUse(_))), "{second:?}");
    assert!(second.unwrap_err().to_string().contains("stop it first"));
    // Whoever knows nothing of that lock, as the database's own tools, has the database's.
    fs::remove_file(folder.path().join("lock")).unwrap();
    let second = open(folder.path(), None);
    assert!(matches!(second, Err(Fault::InUse(_))), "{second:?}");
    drop(first);
    open(folder.path(), None).unwrap();
}

#[test]
fn a_folder_of_another_network_is_refused() {
    let (folder, ..) = folder();
    let limits = protocol::state::Limits {
        block_entries: 77,
        ..Default::default()
    };
    let other = Ledger::open(folder.path(), &genesis_with(limits), None);
    assert!(matches!(other, Err(Fault::OtherChain { .. })), "{other:?}");
}

#[test]
fn a_shortened_log_is_noticed() {
    for cut in [1, 100, 3000] {
        let (folder, before, last) = folder();
        let wal = wal(folder.path());
        let length = fs::metadata(&wal).unwrap().len();
        fs::File::options()
            .write(true)
            .open(&wal)
            .unwrap()
            .set_len(length - cut)
            .unwrap();
        let found = open(folder.path(), None);
        assert!(
            matches!(found, Err(Fault::Storage { .. })),
            "cut {cut}: {found:?}"
        );
        let found = open(folder.path(), Some(last));
        assert!(
            matches!(found, Err(Fault::BehindItsTip { .. })),
            "cut {cut}: {found:?}"
        );
        if cut == 1 {
            // What a power cut may do to a write that was never acknowledged.
            assert_eq!(tip(&open(folder.path(), Some(before)).unwrap()), before);
        }
    }
}

#[test]
fn a_flipped_bit_in_the_log_is_noticed() {
    for part in [3, 50, 99] {
        let (folder, _, last) = folder();
        let wal = wal(folder.path());
        let mut bytes = fs::read(&wal).unwrap();
        let at = bytes.len() * part / 100;
        bytes[at] ^= 4;
        fs::write(&wal, bytes).unwrap();
        for expected in [None, Some(last)] {
            let found = open(folder.path(), expected);
            assert!(found.is_err(), "flip at {part} %");
        }
    }
}

#[test]
fn a_removed_log_is_noticed() {
    let (folder, _, last) = folder();
    fs::remove_file(wal(folder.path())).unwrap();
    let found = open(folder.path(), Some(last));
    assert!(
        matches!(found, Err(Fault::BehindItsTip { .. })),
        "{found:?}"
    );
}

#[test]
fn a_removed_folder_is_noticed_and_not_begun_anew() {
    let (folder, _, last) = folder();
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    for _ in 0..2 {
        let found = open(folder.path(), Some(last));
        assert!(
            matches!(found, Err(Fault::BehindItsTip { .. })),
            "{found:?}"
        );
    }
}

#[test]
fn another_log_of_the_same_network_is_noticed() {
    let (folder, _, (size, _)) = folder();
    let found = open(folder.path(), Some((size, RootHash::new([1; 32]))));
    assert!(
        matches!(found, Err(Fault::BehindItsTip { .. })),
        "{found:?}"
    );
}
