//! A record with thousands of versions, as `muhr history` reads it from a node: page by page, joined and
//! proven, and nothing that is asked stops the node.
//!
//! Not here: consensus. The ledger is built in this process, under notes that three of four agencies sign.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use ledger::{Ledger, execute::BlockParameters};
use node::{
    config::{Config, Places},
    durable::AtPath,
    epoch::Epochs,
    host::Host,
    http::{self, Reads, Serving},
    network,
    run::{self, OpenedFiles},
    shared::Shared,
    sign_state::{self, Declared, Keys},
};
use protocol::{
    authentic::{Authentic, Submission},
    chain_id::NetworkId,
    cosignature::{self, Cosigner},
    entry::Operation,
    genesis::Genesis,
    hash::ReturnNonce,
    height::{LeafIndex, TimeMs, Version},
    history::History,
    name::{AgencyName, RegistryName},
    record::RecordId,
    state::{Limits, RecordState, RecordStatus},
};
use tests::{
    args,
    cluster::muhr,
    world::{AGENCIES, ORIGIN, agency_secret, entry, genesis_of, secret},
};
use tokio::{net::TcpListener, runtime::Runtime};

const RECORD: &str = "LONG";
const VERSIONS: usize = 2_345;
/// Versions of one block.
const BLOCK: usize = 500;

fn authentic(
    network: &NetworkId,
    operation: Operation,
    current: Option<&RecordState>,
) -> Authentic {
    let clerk = agency_secret("qurilish", "clerk").public();
    let entry = entry(network, "qurilish", RECORD, operation, current);
    Submission::from(entry)
        .authenticate(network, &clerk)
        .unwrap()
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

/// One block of so many next versions of the record.
fn grow(ledger: &Ledger, network: &NetworkId, current: &mut Option<RecordState>, count: usize) {
    let head = ledger.head();
    let time = TimeMs::new(head.time().get() + 1000);
    let mut entries = Vec::new();
    for at in 0..count {
        let (operation, version) = match current.as_ref() {
            None => (Operation::Register, Version::new(1)),
            Some(current) => (Operation::Amend, current.version.next()),
        };
        let entry = authentic(network, operation, current.as_ref());
        *current = Some(RecordState {
            status: RecordStatus::Active,
            version,
            content: version,
            index: LeafIndex::new(head.size().get() + at as u64),
            hash: entry.hash(),
            height: head.height().next(),
            time,
            standing: None,
        });
        entries.push(entry);
    }
    let proposal = BlockParameters {
        proposer: AgencyName::parse("kadastr").unwrap(),
        time,
    };
    let executed = ledger.execute(proposal, &entries).unwrap();
    ledger.commit(&executed, b"certificate").unwrap();
    publish(ledger);
}

/// An observer that only answers: its other parts do not turn.
fn serve(dir: &Path, genesis: &Genesis, ledger: Ledger) -> (Runtime, Arc<Shared>, String) {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        dir: dir.to_owned(),
        genesis: genesis.clone(),
        validator: None,
        peer: secret("an observer"),
        publisher: None,
        p2p: nowhere,
        http: nowhere,
        log: None,
        peers: std::collections::BTreeMap::new(),
        observers: std::collections::BTreeMap::new(),
        places: Places::in_folder(dir),
    };
    fs::create_dir_all(dir.join("data")).unwrap();
    let asked = Declared {
        dir: dir.to_owned(),
        is_declared_lost: false,
        nonce: ReturnNonce::new([7; 32]),
    };
    let place = |path: &Path| AtPath(path.to_owned());
    let (safety, cosign) = (
        place(&config.places.safety),
        place(&config.places.cosign_state),
    );
    let sign_state =
        sign_state::open(&safety, &cosign, genesis, Keys::of(&config), &asked).unwrap();
    let epochs = Epochs::open(genesis, ledger.head().directory()).unwrap();
    let peers = run::peers(&config, &epochs.now());
    let kept = OpenedFiles {
        ledger,
        sign_state,
        epochs,
        acceptances: None,
    };
    let host = Host::real();
    let (handle, events, _carrier) = network::carried(peers.len(), &host);
    let assembled = run::assemble(host, config, kept, (handle, events)).unwrap();
    let shared = assembled.start.shared;
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind(nowhere)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counts = Arc::clone(&shared.metrics.serving);
    let reads = Reads::new(runtime.handle().clone(), 64, counts);
    let router = http::router(Serving {
        shared: Arc::clone(&shared),
        reads,
    });
    drop(runtime.spawn(async move { axum::serve(listener, router).await }));
    (runtime, shared, url)
}

fn get(url: &str) -> (u16, String) {
    let request = ureq::get(url).config().http_status_as_error(false).build();
    let answer = request.call().unwrap();
    let status = answer.status().as_u16();
    (status, answer.into_body().read_to_string().unwrap())
}

#[test]
fn a_history_of_thousands_of_versions_is_read_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let genesis = genesis_of(&AGENCIES, Limits::default());
    let ledger = Ledger::open(&folder.path().join("ledger"), &genesis, None).unwrap();
    let (mut current, mut left) = (None, VERSIONS);
    while left > 0 {
        let some = left.min(BLOCK);
        grow(&ledger, &genesis.network_id(), &mut current, some);
        left -= some;
    }
    let trust = folder.path().join("trust.policy");
    fs::write(&trust, genesis.trust_file()).unwrap();
    let (_runtime, shared, url) = serve(folder.path(), &genesis, ledger);
    let record = args!(
        "--json history {RECORD} --registry qurilish.permits --node {url} --trust '{}'",
        trust.display()
    );
    let shown = muhr(&record).expect(0).json();
    assert_eq!(shown["verdict"], "authentic");
    let versions = shown["facts"]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), VERSIONS);
    // What is asked for a page is judged: nonsense is refused, and the node goes on.
    let registry = RegistryName::parse("qurilish.permits").unwrap();
    let key = RecordId::parse(RECORD).unwrap().key(&registry);
    let path = format!("{url}/v1/records/{registry}/{}/history", key.to_hex());
    let (status, first) = get(&path);
    assert_eq!(status, 200);
    assert!(History::is_page(first.as_bytes()));
    let index = current.unwrap().index.get();
    for (question, expected) in [
        ("from=1".to_owned(), 400),
        ("index=1".to_owned(), 400),
        ("from=x&index=1".to_owned(), 400),
        ("from=1&index=0".to_owned(), 404),
        (format!("from=1&index={index}"), 404),
        (format!("from={}&index={index}", u64::MAX), 404),
        (format!("from={VERSIONS}&index={}", u64::MAX), 404),
        (format!("from={VERSIONS}&index={index}"), 200),
    ] {
        let (status, answer) = get(&format!("{path}?{question}"));
        assert_eq!(status, expected, "{question}: {answer}");
    }
    assert!(shared.failed.borrow().is_none());
}
