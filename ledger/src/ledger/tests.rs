//! What only the inside can bring about: a block on disk that is not yet the head, and runs at moments at which a
//! crash has left them.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and spoil files as a crash does"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use protocol::{
    authentic::{Authentic, Submission},
    entry::{Committed, Operation, Statement},
    genesis::Genesis,
    hash::{Commitment, RecordKey, sha256},
    height::{Height, LeafIndex, TimeMs, Version},
    key::SecretKey,
    name::{AgencyName, ClerkName, RegistryName},
};
use rocksdb::{DB, Options};
use testkit::founder::{self, Founder};

use super::Ledger;
use crate::{
    execute::BlockParameters,
    fault::Fault,
    head::Head,
    store::schema::{self, META, META_FORMAT, RUN_VALUE, RUNS},
};

const CLERK: &str = "build/anna";
const PERMITS: &str = "build.permits";
const FOUNDER: Founder<'_, fn(&str, &str) -> SecretKey> = Founder {
    origin: "registry.example.uz/test/1",
    secret: |holder, purpose| {
        SecretKey::from_seed(&sha256(&[holder.as_bytes(), purpose.as_bytes()]))
    },
};

fn genesis() -> Genesis {
    let agencies = ["build", "court", "land", "tax"].map(|name| {
        let (url, cosigner) = (
            format!("https://{name}.example"),
            format!("{name}.example/c"),
        );
        FOUNDER.agency(name, url, cosigner)
    });
    FOUNDER.genesis(
        TimeMs::new(1_795_392_000_000),
        agencies.to_vec(),
        vec![founder::registry(PERMITS, "build")],
        vec![FOUNDER.clerk(CLERK, &[PERMITS], Operation::ALL)],
    )
}

fn entry(genesis: &Genesis) -> Authentic {
    entry_of(genesis, 7)
}

fn entry_of(genesis: &Genesis, record: u8) -> Authentic {
    let statement = Statement {
        operation: Operation::Register,
        registry: RegistryName::parse(PERMITS).unwrap(),
        key: RecordKey::new([record; 32]),
        version: Version::new(1),
        previous: None,
        effective: None,
        reason: None,
        references: Vec::new(),
        commitment: Some(Committed::Document(Commitment::new([8; 32]))),
        author: ClerkName::parse(CLERK).unwrap(),
        expires: Height::new(1000),
    };
    let (secret, network) = ((FOUNDER.secret)(CLERK, "clerk"), genesis.network_id());
    let said = Submission::from(statement.sign(&network, &secret));
    said.authenticate(&network, &secret.public()).unwrap()
}

fn commit(ledger: &Ledger, entry: &Authentic) -> Arc<Head> {
    let by = BlockParameters {
        proposer: AgencyName::parse("tax").unwrap(),
        time: ledger.head().time().next(),
    };
    let executed = ledger.execute(by, [entry]).unwrap();
    ledger.commit(&executed, b"").unwrap()
}

fn publish(ledger: &Ledger, head: &Head) {
    let note = format!("{}\n\u{2014} test AAAAAAA=\n", head.checkpoint().write());
    ledger.publish(&note, head.height()).unwrap();
}

/// The newest write-ahead log of a folder.
fn wal(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder.join("db")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|ending| ending == "log"));
    logs.max().unwrap()
}

fn raw(folder: &Path) -> DB {
    let path = folder.join("db");
    let families = DB::list_cf(&Options::default(), &path).unwrap();
    DB::open_cf(&Options::default(), path, families).unwrap()
}

#[test]
fn an_entry_is_known_no_earlier_than_its_block() {
    let (folder, genesis) = (tempfile::tempdir().unwrap(), genesis());
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let entry = entry(&genesis);
    let by = BlockParameters {
        proposer: AgencyName::parse("tax").unwrap(),
        time: ledger.head().time().next(),
    };
    let executed = ledger.execute(by, [&entry]).unwrap();
    // As far as a commit comes before it shows the new head: whoever is told an index now would ask for a receipt
    // that is not to be had, not even later.
    ledger.store.commit(&executed, &[], b"", None).unwrap();
    assert_eq!(ledger.entry(&entry.id()).unwrap(), None);
    drop(ledger);
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    assert_eq!(ledger.entry(&entry.id()).unwrap(), Some(LeafIndex::new(2)));
}

#[test]
fn a_run_that_is_newer_than_what_is_published_is_no_harm() {
    let (folder, genesis) = (tempfile::tempdir().unwrap(), genesis());
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let entry = entry(&genesis);
    let head = commit(&ledger, &entry);
    // As a long time without any published checkpoint would have it: what is kept begins before the run's block.
    ledger.store.write_run(&head, 1).unwrap();
    assert_eq!(ledger.store.rows_in_no_run(), 0);
    drop(ledger);
    for _ in 0..2 {
        let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
        assert_eq!(ledger.head().block(), head.block());
        assert_eq!(ledger.head().index().root(), head.index_root());
        assert_eq!(ledger.entry(&entry.id()).unwrap(), Some(LeafIndex::new(2)));
        let again = ledger.admit(entry.clone());
        assert!(again.is_err(), "{again:?}");
    }
}

#[test]
fn a_power_cut_that_takes_the_checkpoint_of_a_run_leaves_a_good_folder() {
    let (folder, genesis) = (tempfile::tempdir().unwrap(), genesis());
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let first = commit(&ledger, &entry_of(&genesis, 1));
    publish(&ledger, &first);
    let second = commit(&ledger, &entry_of(&genesis, 2));
    let synced = fs::metadata(wal(folder.path())).unwrap().len();
    publish(&ledger, &second);
    ledger.store.write_run(&second, 1).unwrap();
    drop(ledger);
    // The run is synced; the published checkpoint and the removal of the rows are not.
    let log = fs::File::options().write(true).open(wal(folder.path()));
    log.unwrap().set_len(synced).unwrap();
    for _ in 0..3 {
        let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
        let published = ledger.published().unwrap();
        assert_eq!(published.head.height(), first.height());
        assert_eq!(ledger.head().block(), second.block());
        assert_eq!(ledger.store.rows_in_no_run(), 0);
        // What is in runs is never put below what is there.
        ledger.store.write_run(&published.head, 0).unwrap();
        for record in [1, 2] {
            assert!(ledger.admit(entry_of(&genesis, record)).is_err());
        }
    }
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    publish(&ledger, &second);
    let third = commit(&ledger, &entry_of(&genesis, 3));
    publish(&ledger, &third);
    ledger.store.write_run(&third, 1).unwrap();
    drop(ledger);
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    assert_eq!(ledger.head().block(), third.block());
}

#[test]
fn a_value_that_is_lost_from_runs_is_noticed_at_the_start() {
    let (folder, genesis) = (tempfile::tempdir().unwrap(), genesis());
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let head = commit(&ledger, &entry(&genesis));
    publish(&ledger, &head);
    ledger.store.write_run(&head, 1).unwrap();
    let (key, _) = head.directory().values().pop_last().unwrap();
    drop(ledger);
    let db = raw(folder.path());
    let family = db.cf_handle(RUNS).unwrap();
    let key = schema::run_key(RUN_VALUE, key.as_bytes());
    assert!(db.get_cf(family, &key).unwrap().is_some());
    db.delete_cf(family, key).unwrap();
    drop(db);
    let found = Ledger::open(folder.path(), &genesis, None);
    assert!(matches!(found, Err(Fault::Damaged(_))), "{found:?}");
}

#[test]
fn a_folder_of_another_format_is_named_and_left_as_it_is() {
    let (folder, genesis) = (tempfile::tempdir().unwrap(), genesis());
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    let db = DB::open_cf(&options, folder.path().join("db"), [META, "entries"]).unwrap();
    let family = db.cf_handle(META).unwrap();
    db.put_cf(family, META_FORMAT, schema::encode(&3_u32))
        .unwrap();
    drop(db);
    for _ in 0..2 {
        let found = Ledger::open(folder.path(), &genesis, None);
        let is_named = matches!(
            found,
            Err(Fault::Format {
                found: 3,
                expected: 5
            })
        );
        assert!(is_named, "{found:?}");
    }
    let families = DB::list_cf(&Options::default(), folder.path().join("db"));
    assert_eq!(families.unwrap(), ["default", META, "entries"]);
}
