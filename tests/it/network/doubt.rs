//! A validator that may not know all that it has signed follows in silence, says so, and comes back: one
//! that lost it by its return mark, one with an old copy once it is past what others have seen.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt;
use node::wire::{self, ConsensusMessage, Cosignature};
use protocol::{key::SecretKey, keyfile::KeyFile};
use tests::{
    args,
    cluster::{AGENCIES, Cluster, copy_folder, wait_until},
    hostile::{Hostile, LANES, peer_id, read_frame},
};

/// How often a node that is away is dialled again.
const DIAL_EVERY: Duration = Duration::from_millis(50);

/// An observer that hears what one validator cosigns, in order, through all its restarts.
struct Ear {
    heard: Arc<Mutex<Vec<Cosignature>>>,
    _peer: Hostile,
}

impl Ear {
    /// Listens in the place of `observer-1`.
    fn at(cluster: &Cluster, name: &str) -> Self {
        let key = |name: &str| -> SecretKey {
            let file = fs::read(cluster.dir(name).join("keys/peer.key")).unwrap();
            KeyFile::parse(&file).unwrap().secret
        };
        let peer = Hostile::start(&key("observer-1"), None);
        let dialler = peer.dialler(cluster.p2p(name), peer_id(&key(name).public()));
        let heard: Arc<Mutex<Vec<Cosignature>>> = Arc::default();
        let (mut streams, noted) = (peer.accept(LANES[0]), Arc::clone(&heard));
        drop(peer.runtime().spawn(async move {
            while let Some((_, mut stream)) = streams.next().await {
                let noted = Arc::clone(&noted);
                drop(tokio::spawn(async move {
                    while let Ok(bytes) = read_frame(&mut stream).await {
                        let message = wire::decode(&bytes, wire::CONSENSUS_BYTES_MAX);
                        if let Ok(ConsensusMessage::Cosignature(cosign)) = message {
                            noted.lock().unwrap().push(cosign);
                        }
                    }
                }));
            }
        }));
        drop(peer.runtime().spawn(async move {
            loop {
                dialler.dial();
                tokio::time::sleep(DIAL_EVERY).await;
            }
        }));
        Self { heard, _peer: peer }
    }

    /// The sizes that `name` has cosigned, in the order of being heard.
    fn sizes(&self, name: &str) -> Vec<u64> {
        let heard = self.heard.lock().unwrap();
        let own = heard.iter().filter(|cosign| cosign.agency == name);
        own.map(|cosign| cosign.size.get()).collect()
    }
}

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("D-{number}");
    let command = args!("anchor {document} --registry qurilish.permits --record {record}");
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

fn height(cluster: &Cluster, name: &str) -> Option<u64> {
    cluster.status(name)?["height"].as_u64()
}

fn silence(cluster: &Cluster, name: &str) -> Option<String> {
    cluster.status(name)?["not_voting"]
        .as_str()
        .map(ToOwned::to_owned)
}

/// It speaks again, the network can need its vote, and nobody has anything to accuse it of.
fn votes_again(cluster: &mut Cluster, name: &str, number: u32) {
    wait_until("the validator has caught up and speaks", || {
        height(cluster, name).is_some()
            && height(cluster, name) == height(cluster, "qurilish")
            && silence(cluster, name).is_none()
    });
    // With another one gone, the network needs its vote.
    cluster.kill("adliya");
    anchor(cluster, number);
    cluster.start_node("adliya");
    for node in AGENCIES {
        wait_until("everybody is back", || {
            height(cluster, node).is_some() && height(cluster, node) == height(cluster, "qurilish")
        });
        let accusations = fs::read_dir(cluster.dir(node).join("evidence"));
        assert!(accusations.is_err(), "{node} has kept evidence");
    }
}

#[test]
fn a_wiped_validator_that_is_declared_lost_returns_by_its_mark() {
    let mut cluster = Cluster::start(0);
    (1..=3).for_each(|number| anchor(&cluster, number));
    cluster.kill("soliq");
    fs::remove_dir_all(cluster.dir("soliq").join("data")).unwrap();
    // Nobody votes for it: with one more away nothing is decided, and it says why it is silent.
    cluster.kill("adliya");
    cluster.start_node_that_lost("soliq");
    wait_until(
        "the validator has caught up and says why it is silent",
        || {
            height(&cluster, "soliq") == Some(3)
                && silence(&cluster, "soliq").is_some_and(|reason| reason.contains("return mark"))
        },
    );
    assert_eq!(height(&cluster, "qurilish"), Some(3));
    // A start in between changes nothing, whether it is declared again or not.
    cluster.kill("soliq");
    cluster.start_node("soliq");
    cluster.start_node("adliya");
    // Nobody has to anchor anything: the mark makes a block.
    wait_until("a block holds the mark", || {
        height(&cluster, "qurilish") == Some(4)
    });
    votes_again(&mut cluster, "soliq", 5);
    assert!(cluster.log("soliq").contains("\"returned\""));
    // What holds the mark is checked by everybody who checks the log.
    let _checked = cluster
        .clerk("qurilish", &["audit", &cluster.url("kadastr")])
        .expect(0);
    // And the flag is refused now: with it the next disk that is not mounted would be taken for a loss.
    cluster.kill("soliq");
    cluster.start_node_that_lost("soliq");
    wait_until("the node stops", || cluster.exit_code("soliq").is_some());
    assert_eq!(cluster.exit_code("soliq"), Some(3));
    assert!(cluster.log("soliq").contains("--sign-state-lost was given"));
}

#[test]
fn when_all_have_lost_what_they_signed_each_says_that_none_can_return() {
    let mut cluster = Cluster::start(0);
    anchor(&cluster, 1);
    for name in AGENCIES {
        cluster.kill(name);
        fs::remove_dir_all(cluster.dir(name).join("data")).unwrap();
    }
    for name in AGENCIES {
        cluster.start_node_that_lost(name);
    }
    for name in AGENCIES {
        wait_until("each says that the network cannot come back", || {
            silence(&cluster, name).is_some_and(|reason| {
                reason.contains("4 of 4") && reason.contains("cannot come back by itself")
            })
        });
        assert_eq!(height(&cluster, name), Some(0));
    }
}

#[test]
fn a_validator_restored_from_an_old_copy_is_reminded_and_cosigns_nothing_smaller() {
    let mut cluster = Cluster::create(1);
    for name in AGENCIES {
        cluster.start_node(name);
    }
    let ear = Ear::at(&cluster, "soliq");
    for name in AGENCIES {
        wait_until("all validators reach one another", || {
            let status = cluster.status(name);
            status.is_some_and(|status| status["reached"] == 4 && status["published"] == 2)
        });
    }
    anchor(&cluster, 1);
    wait_until("it has the block", || height(&cluster, "soliq") == Some(1));
    cluster.kill("soliq");
    let (data, backup) = (
        cluster.dir("soliq").join("data"),
        cluster.path().join("backup"),
    );
    copy_folder(&data, &backup);
    cluster.start_node("soliq");
    wait_until("it is back and speaks", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["reached"] == 4)
            && silence(&cluster, "soliq").is_none()
    });
    // It must vote in these: without adliya, every block needs it.
    cluster.kill("adliya");
    (2..=4).for_each(|number| anchor(&cluster, number));
    cluster.start_node("adliya");
    let newest = cluster.status("qurilish").unwrap()["size"].as_u64();
    wait_until("it has cosigned all of them", || {
        ear.sizes("soliq").last().copied() == newest
    });
    cluster.kill("soliq");
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&backup, &data);
    let before = cluster.log("soliq").len();
    let cosigned = ear.sizes("soliq").len();
    cluster.start_node("soliq");
    wait_until("it is told of what it has forgotten", || {
        let log = cluster.log("soliq");
        log[before..].contains("forgotten-cosignature")
    });
    (5..=8).for_each(|number| anchor(&cluster, number));
    votes_again(&mut cluster, "soliq", 9);
    // It cosigns again, and nothing that is smaller than what it has forgotten.
    let last = cluster.status("qurilish").unwrap()["size"].as_u64();
    wait_until("it cosigns again", || {
        ear.sizes("soliq").last().copied() == last
    });
    let sizes = ear.sizes("soliq");
    let again = &sizes[cosigned..];
    assert!(again.iter().all(|size| Some(*size) >= newest), "{sizes:?}");
    assert!(sizes.is_sorted(), "{sizes:?}");
}

/// The machine that was given up for lost runs again and votes for the block that holds the mark of the new
/// one, which must not speak then.
#[test]
fn who_returns_while_another_node_signs_with_its_key_stops_and_says_so() {
    let mut cluster = Cluster::start(0);
    anchor(&cluster, 1);
    wait_until("it has the block", || height(&cluster, "soliq") == Some(1));
    cluster.kill("soliq");
    // Without adliya nothing is decided, and the mark waits.
    cluster.kill("adliya");
    let data = cluster.dir("soliq").join("data");
    let (old, new) = (cluster.path().join("old"), cluster.path().join("new"));
    fs::rename(&data, &old).unwrap();
    cluster.start_node_that_lost("soliq");
    let waits = |name: &str| cluster.status(name).map(|status| status["waiting"].clone());
    wait_until("its mark waits at the others", || {
        ["kadastr", "qurilish"].map(waits) == [Some(1.into()), Some(1.into())]
    });
    cluster.kill("soliq");
    fs::rename(&data, &new).unwrap();
    // The old machine has lost nothing; its vote is needed for the block with the mark.
    fs::rename(&old, &data).unwrap();
    cluster.start_node("soliq");
    wait_until(
        "the block is decided with the vote of the old machine",
        || height(&cluster, "kadastr") == Some(2) && height(&cluster, "qurilish") == Some(2),
    );
    cluster.kill("soliq");
    cluster.start_node("adliya");
    fs::rename(&data, &old).unwrap();
    fs::rename(&new, &data).unwrap();
    let before = cluster.log("soliq").len();
    cluster.start_node("soliq");
    wait_until("the new machine stops", || {
        cluster.exit_code("soliq").is_some()
    });
    let log = cluster.log("soliq");
    assert_eq!(cluster.exit_code("soliq"), Some(1), "{log}");
    let said = "another node signs with this validator's key: it voted at height 2";
    assert!(log[before..].contains(said), "{log}");
    // It remembers that, and names the way out.
    let before = log.len();
    cluster.start_node("soliq");
    wait_until("it stops again", || cluster.exit_code("soliq").is_some());
    assert_eq!(cluster.exit_code("soliq"), Some(3));
    let log = cluster.log("soliq");
    assert!(log[before..].contains("stop that node for good"), "{log}");
}
