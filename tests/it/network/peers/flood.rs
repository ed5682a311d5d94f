//! Peers that send nothing but bad messages, or come and go without end: they cost a line a second, and
//! then their connection.

use std::fs;

use futures::AsyncWriteExt;
use libp2p::{PeerId, StreamProtocol};
use node::{limits::PEER_BAD_MESSAGES_MAX, wire};
use protocol::{
    hash::{BlockId, IndexRoot},
    height::{Height, TimeMs},
};
use tests::{
    cluster::{AGENCIES, Cluster, wait_until},
    hostile::{Event, Hostile, LANES, frame, peer_id},
    world::secret,
};
use wire::{CompactBlock, EntriesMessage, SyncMessage};

use super::{anchor_many, assert_well, join_as, noise};

/// More than this no flood may add to a node's log: a few lines a second, for as long as it lasts.
const LOG_BYTES_MAX: usize = 64 << 10;

/// Bad messages of every kind, by lane.
fn bad_messages(lane: usize) -> Vec<Vec<u8>> {
    let compact = CompactBlock {
        height: Height::new(1),
        time: TimeMs::new(1),
        proposer: "nobody".to_owned(),
        index: IndexRoot::new([1; 32]),
        entries: Vec::new(),
    };
    match lane {
        0 => vec![noise(3, 200)],
        1 => vec![
            noise(4, 200),
            wire::encode(&EntriesMessage(vec![vec![0xff; 300]; 50])),
        ],
        _ => vec![
            noise(5, 200),
            wire::encode(&SyncMessage::CompactBlock(BlockId::new([1; 32]), compact)),
        ],
    }
}

/// Writes one lane full until the node hangs up. Says how many messages went out.
fn flood(hostile: &Hostile, node: PeerId, lane: usize) -> u64 {
    let messages: Vec<u8> = bad_messages(lane).iter().flat_map(|m| frame(m)).collect();
    let count = bad_messages(lane).len() as u64;
    let mut control = hostile.control();
    let flooding = async move {
        let name = StreamProtocol::new(LANES[lane]);
        let mut sent = 0;
        let Ok(mut stream) = control.open_stream(node, name).await else {
            return sent;
        };
        while sent < 400 * u64::from(PEER_BAD_MESSAGES_MAX) {
            if stream.write_all(&messages).await.is_err() {
                break;
            }
            sent += count;
        }
        sent
    };
    hostile.runtime().block_on(flooding)
}

fn metrics(cluster: &Cluster, name: &str) -> String {
    let page = ureq::get(format!("{}/metrics", cluster.url(name))).call();
    page.unwrap().into_body().read_to_string().unwrap()
}

fn metric(cluster: &Cluster, name: &str, wanted: &str) -> bool {
    metrics(cluster, name).lines().any(|line| {
        let (label, value) = line.rsplit_once(' ').unwrap_or_default();
        label.contains(wanted) && value != "0"
    })
}

#[test]
fn a_peer_that_sends_only_garbage_is_told_of_briefly_and_cut_off() {
    for (lane, name) in LANES.into_iter().enumerate() {
        let mut cluster = Cluster::start(1);
        cluster.kill("observer-1");
        let before = cluster.log("adliya").len();
        let (hostile, node) = join_as(&cluster, "observer-1", "adliya");
        let sent = flood(&hostile, node, lane);
        hostile.wait_for(|event| *event == Event::Closed(node));
        println!("{name}: {sent} messages until the end");
        wait_until("the metrics tell of it", || {
            metric(
                &cluster,
                "adliya",
                "muhr_peer_cuts_total{peer=\"observer-1\"}",
            ) && metric(
                &cluster,
                "adliya",
                "muhr_peer_bad_messages_total{peer=\"observer-1\"",
            )
        });
        // It is not let in again at once.
        hostile.dial(cluster.p2p("adliya"), node);
        hostile.wait_for(|event| matches!(event, Event::Closed(_) | Event::Failed(_)));
        let log = cluster.log("adliya");
        assert!(log.contains("\"peer-cut\""), "no line says that it was cut");
        let grown = log.len() - before;
        println!("the log has grown by {grown} bytes");
        assert!(grown < LOG_BYTES_MAX, "the log has grown by {grown} bytes");
        assert_well(&mut cluster, &AGENCIES, &format!("L-{lane}"));
    }
}

/// Not all of it is bad, so it is not cut off; but the log is not written full.
#[test]
fn a_peer_that_hides_garbage_among_sense_does_not_fill_the_log() {
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    anchor_many(&cluster, 50, "before");
    let before = cluster.log("adliya").len();
    let (hostile, node) = join_as(&cluster, "observer-1", "adliya");
    let sense = wire::encode(&SyncMessage::GetEntries(Vec::new()));
    let mut bytes = Vec::new();
    for _ in 0..100 {
        bytes.extend(bad_messages(2).iter().flat_map(|message| frame(message)));
    }
    bytes.extend(frame(&sense));
    let mut stream = hostile.open(node, LANES[2]).unwrap();
    for _ in 0..200 {
        let sent = hostile.runtime().block_on(stream.write_all(&bytes));
        assert!(sent.is_ok(), "it was cut off");
    }
    wait_until("all that it sent was counted", || {
        metrics(&cluster, "adliya").lines().any(|line| {
            let is_it = line.contains("peer_bad_messages_total") && line.contains("malformed");
            is_it && line.ends_with(" 20000")
        })
    });
    let grown = cluster.log("adliya").len() - before;
    assert!(grown < LOG_BYTES_MAX, "the log has grown by {grown} bytes");
    assert_well(&mut cluster, &AGENCIES, "H-1");
}

/// An allowed peer that connects and hangs up as fast as it can.
#[test]
fn a_peer_that_comes_and_goes_does_not_fill_the_log() {
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    let before = cluster.log("adliya").len();
    for _ in 0..60 {
        drop(join_as(&cluster, "observer-1", "adliya"));
    }
    let log = cluster.log("adliya");
    let lines = log[before..].matches("\"observer-1\"").count();
    println!("{lines} lines of 60 visits");
    assert!(log.len() - before < LOG_BYTES_MAX);
    assert_well(&mut cluster, &AGENCIES, "V-1");
}

/// A node that its peers do not know: it says so itself, to its log and to whoever asks for its status.
#[test]
fn a_node_that_others_do_not_know_says_so() {
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    // A key that no agency has in its settings.
    let key = cluster.dir("observer-1").join("keys/peer.key");
    let stranger = protocol::keyfile::KeyFile {
        secret: secret("an observer that nobody knows"),
        ..protocol::keyfile::KeyFile::parse(&fs::read(&key).unwrap()).unwrap()
    };
    let id = peer_id(&stranger.secret.public());
    fs::write(&key, stranger.write()).unwrap();
    cluster.start_node("observer-1");
    wait_until("its status names those who hang up", || {
        let status = cluster.status("observer-1");
        status.is_some_and(|status| {
            status["not_known_to"]
                .as_array()
                .is_some_and(|who| who.len() == AGENCIES.len())
        })
    });
    let log = cluster.log("observer-1");
    assert!(
        log.contains("our key may not be in their set"),
        "{id}: {log}"
    );
    // Once for each of them, however often they hang up.
    let lines = log.matches("not-known-there").count();
    assert!(lines <= AGENCIES.len(), "{lines} lines");
}
