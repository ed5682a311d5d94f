//! A network of real processes changes while entries flow: nobody touches a node, nothing is lost, and who
//! is started anew finds the epoch in force.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use protocol::{
    agency::ProvenAgency,
    epoch::{Change, ChangeStatement},
    genesis::Genesis,
    governance::{ChangeProposal, ProposedChange, RulesChange, RulesStatement},
    hash::{TrustHash, sha256},
    height::{Epoch, TimeMs},
    key::SecretKey,
    keyfile::KeyFile,
    name::AgencyName,
    policy::OpenedBy,
    state::{Governance, Limits, value_hash},
};
use testkit::governance::Speaker;
use tests::{
    cluster::{Cluster, wait_until},
    load::Load,
};

/// Waits that a test can wait for.
const WAITS: &str = "3000 600000 2500 60000 1000 3600000 100 8";

fn now() -> u64 {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(passed.unwrap().as_millis()).unwrap()
}

/// What the agencies of a network know and have at their desks.
struct Desks<'a> {
    cluster: &'a Cluster,
    genesis: Genesis,
    /// What each agency has said so far: proposals and ballots.
    said: RefCell<BTreeMap<(String, bool), u64>>,
}

impl<'a> Desks<'a> {
    fn of(cluster: &'a Cluster) -> Self {
        let genesis = fs::read(cluster.path().join("net/genesis")).unwrap();
        Self {
            cluster,
            genesis: Genesis::parse(&genesis).unwrap(),
            said: RefCell::default(),
        }
    }

    fn admin(&self, agency: &str) -> SecretKey {
        let path = self.cluster.dir(agency).join("keys/admin.key");
        KeyFile::parse(&fs::read(path).unwrap()).unwrap().secret
    }

    fn get(&self, node: &str, path: &str) -> String {
        let url = format!("{}{path}", self.cluster.url(node));
        let mut response = ureq::get(url).call().unwrap();
        response.body_mut().read_to_string().unwrap()
    }

    fn hand_in(&self, node: &str, text: &[u8]) {
        let url = format!("{}/v1/entries", self.cluster.url(node));
        let request = ureq::post(url).config().http_status_as_error(false).build();
        let mut response = request.send(text).unwrap();
        let said = response.body_mut().read_to_string().unwrap();
        assert_eq!(response.status().as_u16(), 202, "{said}");
    }

    /// The change after the trust file in force by which these agencies run the network.
    fn epoch(&self, agencies: Vec<ProvenAgency>) -> ProposedChange {
        let trust = self.get("adliya", "/v1/trust");
        let number = trust
            .lines()
            .find_map(|line| line.strip_prefix("#: epoch "));
        let number: u64 = number.unwrap().parse().unwrap();
        let statement = ChangeStatement {
            by: OpenedBy::Agencies,
            epoch: Epoch::new(number + 1),
            before: TrustHash::new(sha256(&[trust.as_bytes()])),
            recovery_threshold: self.genesis.recovery_threshold,
            publisher: self.genesis.publisher,
            agencies,
        };
        let trust_file = statement.trust_file(&self.genesis.network_id());
        ProposedChange::Epoch(Box::new(Change {
            statement,
            approvals: Vec::new(),
            trust_file,
        }))
    }

    fn number(&self, agency: &str, is_ballot: bool) -> u64 {
        let mut said = self.said.borrow_mut();
        let number = said.entry((agency.to_owned(), is_ballot)).or_default();
        *number += 1;
        *number
    }

    /// `agencies` propose and vote, the first of them as the proposer.
    fn agree(&self, agencies: &[&str], change: &ProposedChange) -> ChangeProposal {
        let network = self.genesis.network_id();
        let speaker = |agency: &str| Speaker {
            network: &network,
            agency: AgencyName::parse(agency).unwrap(),
        };
        let waits = self.genesis.governance;
        let opens = TimeMs::new(now() + waits.notice_ms + 1500);
        let first = agencies[0];
        let admin = self.admin(first);
        let number = self.number(first, false);
        let (proposal, leaf) = speaker(first).propose(&admin, number, opens, change.clone());
        self.hand_in(first, leaf.bytes());
        for agency in agencies {
            wait_until("the proposal is recorded", || {
                let status = self.get(agency, "/v1/governance");
                status.contains(&proposal.id().to_hex())
            });
            let number = self.number(agency, true);
            let ballot = speaker(agency).approve(&self.admin(agency), number, &proposal);
            self.hand_in(agency, ballot.bytes());
        }
        proposal
    }

    fn wait_for_epoch(&self, nodes: &[&str], number: u64) {
        for node in nodes {
            wait_until("the epoch is in force", || {
                let trust = self.get(node, "/v1/trust");
                trust.contains(&format!("\n#: epoch {number}\n"))
            });
        }
    }
}

/// Entries flow until it is told to stop; how many, all of them final.
fn flowing(cluster: &Cluster, done: &Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    let load = Load::new(cluster);
    let url = cluster.url("kadastr");
    let done = Arc::clone(done);
    thread::spawn(move || {
        let mut count = 0;
        while !done.load(Ordering::Acquire) {
            let entry = load.sign_one();
            let sent = ureq::post(format!("{url}/v1/entries")).send(&entry.text);
            assert_eq!(sent.unwrap().status().as_u16(), 202);
            let id = entry.id.to_hex();
            let receipt = format!("{url}/v1/entries/{id}/receipt?wait=30000");
            let got = ureq::get(receipt).call().unwrap();
            assert_eq!(got.status().as_u16(), 200);
            count += 1;
        }
        count
    })
}

#[test]
fn an_epoch_begins_while_entries_flow_and_a_node_starts_in_it() {
    let mut cluster = Cluster::create_with(0, &["--governance", WAITS]);
    cluster.start_all();
    let done = Arc::new(AtomicBool::new(false));
    let flow = flowing(&cluster, &done);
    let desks = Desks::of(&cluster);
    let mut agencies = desks.genesis.agencies.clone();
    agencies[2].url = "https://qurilish.example.uz".to_owned();
    let change = desks.epoch(agencies);
    desks.agree(&["adliya", "kadastr", "qurilish"], &change);
    let all = ["adliya", "kadastr", "qurilish", "soliq"];
    desks.wait_for_epoch(&all, 1);
    assert!(
        desks
            .get("soliq", "/v1/trust")
            .contains("https://qurilish.example.uz")
    );
    // Another, and numbers of the rules behind it.
    let again = desks.epoch(desks.genesis.agencies.clone());
    desks.agree(&["kadastr", "qurilish", "soliq", "adliya"], &again);
    desks.wait_for_epoch(&all, 2);
    done.store(true, Ordering::Release);
    let count = flow.join().unwrap();
    assert!(count > 10, "{count} entries");
    // Whoever is started anew finds the epoch, and goes on.
    cluster.kill("soliq");
    cluster.start_node("soliq");
    wait_until("soliq votes again", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["reached"] == 4)
    });
    cluster.kill("adliya");
    let before = cluster.anchor("qurilish", "CHANGES-1");
    assert!(!before.is_empty());
    let desks = Desks::of(&cluster);
    desks.wait_for_epoch(&["kadastr", "soliq"], 2);
    for node in ["kadastr", "qurilish", "soliq"] {
        let log = cluster.log(node);
        assert!(!log.contains("\"level\":\"ERROR\""), "{node}: {log}");
    }
}

#[test]
fn whoever_leaves_goes_and_the_rest_go_on_without_it() {
    let names = ["adliya", "kadastr", "qurilish", "soliq", "yer"];
    let mut cluster = Cluster::create_of(&names, 0, &["--governance", WAITS]);
    cluster.start_all();
    let desks = Desks::of(&cluster);
    let agencies = desks.genesis.agencies.iter();
    let four: Vec<_> = agencies
        .filter(|agency| agency.name.as_str() != "yer")
        .cloned()
        .collect();
    let change = desks.epoch(four);
    desks.agree(&["adliya", "kadastr", "qurilish", "soliq"], &change);
    desks.wait_for_epoch(&names, 1);
    let network = desks.genesis.network_id();
    assert_eq!(network.origin, desks.genesis.origin);
    cluster.kill("yer");
    cluster.kill("soliq");
    // Three of four decide.
    let receipt = cluster.anchor("qurilish", "LEFT-1");
    assert!(!receipt.is_empty());
}

#[test]
fn numbers_of_the_rules_change_while_the_network_runs() {
    let mut cluster = Cluster::create_with(0, &["--governance", WAITS]);
    cluster.start_all();
    let desks = Desks::of(&cluster);
    let before = desks.genesis.network();
    let limits = Limits {
        entry_bytes: 2048,
        ..Limits::default()
    };
    let governance = Governance {
        proposals_a_day: 9,
        ..desks.genesis.governance
    };
    let change = ProposedChange::Rules(RulesChange {
        statement: RulesStatement {
            before: value_hash(&before.write()),
            protocol: 1,
            limits,
            governance,
        },
        approvals: Vec::new(),
    });
    desks.agree(&["soliq", "adliya", "qurilish"], &change);
    wait_until("the limit is in force", || {
        let governance = desks.get("kadastr", "/v1/governance");
        let governance: serde_json::Value = serde_json::from_str(&governance).unwrap();
        governance["rules"]["entry_bytes"] == 2048
    });
    let receipt = cluster.anchor("qurilish", "RULES-1");
    assert!(!receipt.is_empty());
}
