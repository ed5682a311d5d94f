//! Whatever ends a node names a way out. That the commands among them exist is looked at elsewhere
//! (`tests/it/network/sign_state.rs`).

use std::collections::BTreeSet;

use ledger::fault::Fault;
use protocol::{codec, hash::ChainId, height::Epoch, name::AgencyName};

use super::*;
use crate::{
    acceptances::AcceptanceFault, durable::DurableFault, epoch::EpochFault, network::NetworkFault,
    shared::describe, sign_state::NotFit, witness::WitnessFault,
};

const REPORT: &str = "restart the node and report the log";
const TALK: &str = "talk to all agencies";

fn refused() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn undecodable() -> DecodeError {
    codec::decode::<u64>(1, &[2], 8).unwrap_err()
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7480))
}

/// What the way out of a fault must say, and which one it is. Whoever adds a fault adds a line here.
const fn of_node(fault: &NodeFault) -> (&'static str, &'static str) {
    match fault {
        NodeFault::Ledger(inner) => of_ledger(inner),
        NodeFault::Durable(inner) => of_durable(inner),
        NodeFault::Network(inner) => match inner {
            NetworkFault::Listen { .. } => ("network listen", "the address in node.toml wrong?"),
            NetworkFault::Key(_) => ("network key", "compare it with what its holder gives"),
            NetworkFault::Transport(_) => ("network transport", REPORT),
            NetworkFault::TaskEnded { .. } => ("network task", REPORT),
            NetworkFault::PortClosed(_) => ("network port", "restart the node"),
        },
        NodeFault::TooFewFiles(_) => ("files", "raise the hard limit (LimitNOFILE="),
        NodeFault::Folder { .. } => ("folder", "make sure that its disk is mounted"),
        NodeFault::Listen { .. } => ("listen", "the address in node.toml wrong?"),
        NodeFault::Start { .. } => ("start", "give the system more threads"),
        NodeFault::NotAccepted(inner) => of_acceptances(inner),
        NodeFault::Epoch(inner) => match inner {
            EpochFault::Validators { .. } => ("validators", "compare the genesis"),
            EpochFault::NoAgency(_) => ("no agency", REPORT),
            EpochFault::NoTrustFile(_) => ("no trust file", "run one that knows later ones"),
        },
        NodeFault::Witness(inner) => of_witness(inner),
        NodeFault::Signatures(_) => ("signatures", "run on another machine"),
        NodeFault::Record(_) => ("record", "run the version that wrote it"),
        NodeFault::Contradiction(_) => ("contradiction", REPORT),
        NodeFault::Lost(_) => ("lost", REPORT),
        NodeFault::Missing(_) => ("missing", REPORT),
        NodeFault::Certificate { .. } => ("certificate", "move the ledger folder away"),
        NodeFault::QuorumForInvalid => ("invalid", "compare versions and index roots"),
        NodeFault::TwoHistories { .. } => ("histories", TALK),
        NodeFault::Twin(_) => ("twin", "start this one with --sign-state-lost again"),
        NodeFault::Fork { .. } => ("fork", TALK),
        NodeFault::Panicked(_) => ("panicked", REPORT),
        // Words of another fault, which were written when it was met.
        NodeFault::Met(_) => ("met", ""),
    }
}

const fn of_ledger(fault: &Fault) -> (&'static str, &'static str) {
    match fault {
        // Its words are its maker's: `ledger` writes them in three places, and each names the disk.
        Fault::Storage { .. } => ("storage", ""),
        Fault::Damaged(_) => ("damaged", "move its ledger folder away"),
        Fault::OtherChain { .. } => ("other chain", "give another folder or genesis"),
        Fault::Format { .. } => ("format", "use the program that wrote it"),
        Fault::InUse(_) => ("in use", "stop it first"),
        Fault::BehindItsTip { .. } => ("behind", "move this one away and start again"),
        // Neither ends a node.
        Fault::Moved(_) => ("moved", "ask again"),
        Fault::Interrupted => ("interrupted", ""),
        Fault::Poisoned => ("poisoned", "restart the node"),
        Fault::OutOfOrder { .. } => ("out of order", REPORT),
    }
}

const fn of_acceptances(fault: &AcceptanceFault) -> (&'static str, &'static str) {
    match fault {
        AcceptanceFault::Absent { .. } => ("no acceptances", "muhr-node install"),
        AcceptanceFault::Unreadable { .. } => ("acceptances", "let the user read it"),
        AcceptanceFault::Malformed { .. } => ("changed acceptances", "muhr-node install"),
        AcceptanceFault::NotAccepted { .. } => ("not accepted", "ask whoever is named"),
    }
}

const fn of_durable(fault: &DurableFault) -> (&'static str, &'static str) {
    match fault {
        DurableFault::Io { .. } => ("durable", "make sure that its disk has room"),
        DurableFault::Rotten { .. } => ("rotten", "put a better copy of this very file there"),
        DurableFault::TooLong { .. } => ("too long", REPORT),
    }
}

const fn of_witness(fault: &WitnessFault) -> (&'static str, &'static str) {
    match fault {
        WitnessFault::NoGenesis => ("no genesis", "take a newer one from an agency"),
        WitnessFault::BadName(_) => ("bad name", "make a key with such a name"),
        WitnessFault::File { .. } => ("witness file", "make sure that it is there"),
        WitnessFault::NotTrust { .. } => ("not trust", "take one from an agency"),
        // What is wrong with a key file is said by whoever reads it, with the way out.
        WitnessFault::Key(_) => ("witness key", ""),
        WitnessFault::Durable(inner) => of_durable(inner),
        WitnessFault::Unreadable(_) => ("unreadable", "muhr key new"),
        WitnessFault::Unknown { .. } => ("unknown", "run the version that wrote it"),
        WitnessFault::Foreign(_) => ("foreign", "give each witness a folder of its own"),
        WitnessFault::Panicked(_) => ("witness panicked", "restart the witness"),
        WitnessFault::TooFewFiles(_) => ("witness files", "raise the hard limit"),
        WitnessFault::Listen { .. } => ("witness listen", "is another program running there"),
        WitnessFault::Server(_) => ("server", "restart the witness and report the log"),
    }
}

/// One of each that is not another crate's.
fn of_this_file(panicked: tokio::task::JoinError) -> Vec<NodeFault> {
    let few = || descriptors::http_connections(10, 100).unwrap_err();
    let height = Height::new(7);
    vec![
        NodeFault::Network(NetworkFault::Listen {
            address: address(),
            source: refused(),
        }),
        NodeFault::Network(NetworkFault::Key("soliq".to_owned())),
        NodeFault::Network(NetworkFault::Transport(Box::new(refused()))),
        NodeFault::Network(NetworkFault::TaskEnded {
            part: "carrying",
            source: None,
        }),
        NodeFault::Network(NetworkFault::PortClosed(refused())),
        NodeFault::TooFewFiles(few()),
        NodeFault::Folder {
            path: "net/soliq/data".into(),
            hint: ", which is a link that leads nowhere",
            source: refused(),
        },
        NodeFault::Listen {
            address: address(),
            source: refused(),
        },
        NodeFault::start("threads", refused()),
        NodeFault::Signatures(Disagreement),
        NodeFault::Epoch(EpochFault::Validators {
            epoch: Epoch::new(1),
            source: consensus::ValidatorSet::new(Vec::new()).unwrap_err(),
        }),
        NodeFault::Epoch(EpochFault::NoAgency(AgencyName::parse("soliq").unwrap())),
        NodeFault::Epoch(EpochFault::NoTrustFile(Epoch::new(1))),
        NodeFault::Record(undecodable()),
        NodeFault::Contradiction(Box::new(crate::driver::a_contradiction())),
        NodeFault::Lost(BlockId::new([1; 32])),
        NodeFault::Missing(height),
        NodeFault::Certificate {
            height,
            source: undecodable(),
        },
        NodeFault::QuorumForInvalid,
        NodeFault::TwoHistories {
            size: LogSize::new(3),
            cosigned: RootHash::new([1; 32]),
            found: RootHash::new([2; 32]),
        },
        NodeFault::Twin(height),
        NodeFault::Fork {
            height,
            kept: "the proof is in evidence/fork.evidence".to_owned(),
        },
        NodeFault::Panicked(panicked),
    ]
}

fn of_disks() -> Vec<NodeFault> {
    let path = || PathBuf::from("net/soliq/data/safety");
    let (chain, size) = (ChainId::new([1; 32]), LogSize::new(3));
    let ledger = [
        Fault::damaged("a leaf is missing"),
        Fault::OtherChain {
            found: chain,
            expected: ChainId::new([2; 32]),
        },
        Fault::Format {
            found: 1,
            expected: 2,
        },
        Fault::InUse(path()),
        Fault::BehindItsTip {
            expected_size: size,
            expected_root: RootHash::new([1; 32]),
            size,
            found: "another root".to_owned(),
        },
        Fault::Moved(Height::new(7)),
        Fault::Poisoned,
        Fault::OutOfOrder {
            height: Height::new(7),
            what: "it is not the next one",
        },
    ];
    let durable = [
        DurableFault::Io {
            path: path(),
            source: refused(),
        },
        DurableFault::Rotten { path: path() },
        DurableFault::TooLong {
            path: path(),
            bytes: 1 << 20,
        },
    ];
    let ledger = ledger.into_iter().map(NodeFault::from);
    ledger
        .chain(durable.into_iter().map(NodeFault::from))
        .collect()
}

fn of_founding() -> Vec<NodeFault> {
    let path = || PathBuf::from("net/soliq/acceptances");
    let faults = [
        AcceptanceFault::Absent { path: path() },
        AcceptanceFault::Unreadable {
            path: path(),
            source: refused(),
        },
        AcceptanceFault::Malformed {
            path: path(),
            source: protocol::ceremony::read_acceptances(b"nonsense\n").unwrap_err(),
        },
        AcceptanceFault::NotAccepted {
            path: path(),
            genesis: "net/soliq/genesis".into(),
            source: protocol::ceremony::NotAccepted::Missing {
                agencies: vec![AgencyName::parse("soliq").unwrap()],
            },
        },
    ];
    faults.into_iter().map(NodeFault::from).collect()
}

fn of_witnesses(panicked: tokio::task::JoinError) -> Vec<NodeFault> {
    let path = || PathBuf::from("witness/cosign-state");
    let faults = [
        WitnessFault::NoGenesis,
        WitnessFault::BadName("a+b".to_owned()),
        WitnessFault::file(path())(refused()),
        WitnessFault::NotTrust {
            path: path(),
            source: protocol::policy::TrustPolicy::parse(b"nonsense").unwrap_err(),
        },
        WitnessFault::Unreadable(path()),
        WitnessFault::Unknown {
            path: path(),
            source: undecodable(),
        },
        WitnessFault::Foreign(path()),
        WitnessFault::Panicked(panicked),
        WitnessFault::TooFewFiles(descriptors::http_connections(10, 100).unwrap_err()),
        WitnessFault::Listen {
            address: address(),
            source: refused(),
        },
        WitnessFault::Server(refused()),
    ];
    faults.into_iter().map(NodeFault::from).collect()
}

/// How many there are but for those whose words are another's.
const COUNT: usize = 23 + 8 + 3 + 11 + 4;

#[tokio::test]
async fn whatever_ends_a_node_names_a_way_out() {
    let panicked = || async {
        tokio::spawn(async { panic!("of the test") })
            .await
            .unwrap_err()
    };
    let mut faults = of_this_file(panicked().await);
    faults.extend(of_disks());
    faults.extend(of_founding());
    faults.extend(of_witnesses(panicked().await));
    let mut named = BTreeSet::new();
    for fault in &faults {
        let (name, way_out) = of_node(fault);
        let text = describe(fault);
        assert!(
            text.contains(way_out) && !way_out.is_empty(),
            "{name}: {text}"
        );
        named.insert(name);
    }
    assert_eq!(named.len(), COUNT, "{named:?}");
}

/// What stops a node at its start with a question.
#[test]
fn each_question_at_a_start_names_the_command_that_answers_it() {
    let (path, dir) = (
        PathBuf::from("net/soliq/data/safety"),
        PathBuf::from("net/soliq"),
    );
    let what = "safety record";
    let questions = [
        NotFit::Missing {
            path: path.clone(),
            what,
            link: String::new(),
            dir: dir.clone(),
        },
        NotFit::Unreadable {
            path: path.clone(),
            what,
            dir: dir.clone(),
        },
        NotFit::Another {
            path: path.clone(),
            what,
            whose: "the vote key of kadastr".to_owned(),
            dir: dir.clone(),
        },
        NotFit::NothingLost {
            path: path.clone(),
            dir: dir.clone(),
        },
        NotFit::Twin {
            path,
            height: Height::new(7),
            dir,
        },
    ];
    for question in questions {
        match question {
            NotFit::Missing { .. }
            | NotFit::Unreadable { .. }
            | NotFit::Another { .. }
            | NotFit::NothingLost { .. }
            | NotFit::Twin { .. } => {
                let text = question.to_string();
                assert!(
                    text.contains("run: muhr-node run --dir net/soliq"),
                    "{text}"
                );
            }
            NotFit::Fault(_) => unreachable!("a fault of the disk is none of these"),
        }
    }
}
