//! What readers see of a block that is on disk and not yet the head.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use protocol::{
    authentic::{Authentic, Submission},
    entry::{Committed, Operation, Statement},
    genesis::Genesis,
    hash::{Commitment, RecordKey, sha256},
    height::{Height, LeafIndex, TimeMs, Version},
    key::SecretKey,
    name::{AgencyName, ClerkName, RegistryName},
};
use testkit::founder::{self, Founder};

use super::Ledger;
use crate::execute::BlockParameters;

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
    let statement = Statement {
        operation: Operation::Register,
        registry: RegistryName::parse(PERMITS).unwrap(),
        key: RecordKey::new([7; 32]),
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
    let by = BlockParameters {
        proposer: AgencyName::parse("tax").unwrap(),
        time: ledger.head().time().next(),
    };
    let executed = ledger.execute(by, [&entry]).unwrap();
    let head = ledger.commit(&executed, b"").unwrap();
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
