//! How large is a complete history in a long log, and how long does a node take to make it?
//!
//! One ledger in this process, without a network: a million entries, and one record with 20 versions
//! spread over the whole of it.

use std::time::Instant;

use ledger::{Ledger, execute::BlockParameters};
use protocol::{
    authentic::{Authentic, Submission},
    chain_id::NetworkId,
    cosignature::{self, Cosigner},
    entry::Operation,
    height::TimeMs,
    name::{AgencyName, RegistryName},
    record::RecordId,
    state::{Limits, RecordState},
};
use tests::world::{AGENCIES, ORIGIN, agency_secret, entry, genesis_of};

use super::report::{Report, spread};

const ENTRIES: usize = 1_000_000;
const VERSIONS: usize = 20;
/// Entries of one block.
const BLOCK: usize = 2_000;
const RECORD: &str = "LONG";

fn authentic(
    network: &NetworkId,
    number: &str,
    operation: Operation,
    current: Option<&RecordState>,
) -> Authentic {
    let clerk = agency_secret("qurilish", "clerk").public();
    let entry = entry(network, "qurilish", number, operation, current);
    Submission::from(entry)
        .authenticate(network, &clerk)
        .unwrap()
}

fn block(ledger: &Ledger, entries: &[Authentic]) {
    let proposal = BlockParameters {
        proposer: AgencyName::parse("kadastr").unwrap(),
        time: TimeMs::new(ledger.head().time().get() + 1000),
    };
    let executed = ledger.execute(proposal, entries).unwrap();
    ledger.commit(&executed, b"certificate").unwrap();
    publish(ledger);
}

fn publish(ledger: &Ledger) {
    let head = ledger.head();
    let body = head.checkpoint().write();
    let mut note = format!("{body}\n");
    for agency in &AGENCIES[..3] {
        let secret = agency_secret(agency, "cosign");
        let cosigner = Cosigner::validator(format!("{ORIGIN}/{agency}/2026"), secret.public());
        let signature = cosignature::sign(&secret, 1_795_430_401, &body);
        note += &cosigner.cosignature_line(1_795_430_401, &signature);
    }
    ledger.publish(&note, head.height()).unwrap();
}

pub(crate) fn measure(report: &mut Report) {
    eprintln!("· a log of {ENTRIES} entries");
    let folder = tempfile::tempdir().unwrap();
    let genesis = genesis_of(&AGENCIES, Limits::default());
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let network = genesis.network_id();
    let registry = RegistryName::parse("qurilish.permits").unwrap();
    let key = RecordId::parse(RECORD).unwrap().key(&registry);
    let blocks = ENTRIES / BLOCK;
    let mut version = 0;
    for at in 0..blocks {
        let mut entries: Vec<_> = (0..BLOCK)
            .map(|row| authentic(&network, &format!("{at}-{row}"), Operation::Register, None))
            .collect();
        // The first version in the first block, the last one in the last.
        if version < VERSIONS && at * (VERSIONS - 1) >= version * (blocks - 1) {
            let current = match version {
                0 => None,
                _ => ledger.record(&registry, &key).unwrap(),
            };
            let operation = match version {
                0 => Operation::Register,
                _ => Operation::Amend,
            };
            entries[0] = authentic(&network, RECORD, operation, current.as_ref());
            version += 1;
        }
        block(&ledger, &entries);
    }
    assert_eq!(version, VERSIONS);
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..100 {
        let begun = Instant::now();
        let text = ledger.history(&registry, &key).unwrap().write();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        bytes = text.len();
    }
    let (median, low, high) = spread(&mut times);
    report.row(
        "W9 complete history of 20 versions in a log of a million entries",
        format!("{bytes} bytes, made in {median:.2} ms ({low:.2} to {high:.2})"),
        "≤ 16 KiB, ≤ 50 ms",
        "in process, 100 times; the versions are spread over the whole log",
    );
}
