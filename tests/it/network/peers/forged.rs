//! Peers that send true proposals on with forged compact blocks: an observer, and an agency's node that
//! is not the proposer. Nobody may doubt the block that was signed.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::{AsyncWriteExt, StreamExt};
use libp2p::{PeerId, StreamProtocol};
use libp2p_stream::Control;
use node::wire::{self, CompactBlock, ConsensusMessage, SyncMessage};
use protocol::{
    hash::{IndexRoot, LeafHash},
    height::TimeMs,
};
use tests::{
    args,
    cluster::{AGENCIES, Cluster},
    hostile::{Event, Hostile, LANES, frame, read_frame},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{assert_well, id_of, peer_key};

/// Other descriptions than the true one: times, orders, one entry more, one less, another index.
fn forgeries(compact: &CompactBlock) -> Vec<CompactBlock> {
    let bend = |change: &dyn Fn(&mut CompactBlock)| {
        let mut bent = compact.clone();
        change(&mut bent);
        bent
    };
    let mut forged = vec![
        bend(&|bent| bent.time = TimeMs::new(bent.time.get() + 1)),
        bend(&|bent| bent.time = TimeMs::new(bent.time.get() + 3_600_000)),
        bend(&|bent| bent.entries.reverse()),
        bend(&|bent| bent.entries.push(LeafHash::new([7; 32]))),
        bend(&|bent| bent.entries.extend(bent.entries.first().copied())),
        bend(&|bent| bent.entries.truncate(bent.entries.len() - 1)),
        bend(&|bent| bent.index = IndexRoot::new([7; 32])),
        bend(&|bent| bent.proposer = "nobody".to_owned()),
    ];
    forged.retain(|bent| bent != compact);
    forged
}

type Frame = (usize, Vec<u8>);

/// Writes frames to one node, each on its lane.
async fn write(mut control: Control, node: PeerId, mut frames: UnboundedReceiver<Frame>) {
    let mut streams = Vec::new();
    for lane in LANES {
        let lane = StreamProtocol::new(lane);
        streams.push(control.open_stream(node, lane).await.unwrap());
    }
    while let Some((lane, bytes)) = frames.recv().await {
        let stream = &mut streams[lane];
        if stream.write_all(&frame(&bytes)).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// Answers every proposal that comes with forged ones, to all.
async fn forge(bytes: Vec<u8>, nodes: &[UnboundedSender<Frame>]) -> bool {
    let Ok(ConsensusMessage::Proposal(proposal, compact)) =
        wire::decode(&bytes, wire::CONSENSUS_BYTES_MAX)
    else {
        return false;
    };
    let block = proposal.statement.block;
    for node in nodes {
        for bent in forgeries(&compact) {
            let again = ConsensusMessage::Proposal(proposal.clone(), bent.clone());
            let _gone = node.send((0, wire::encode(&again)));
            let unasked = SyncMessage::CompactBlock(block, bent);
            let _gone = node.send((2, wire::encode(&unasked)));
        }
    }
    true
}

/// Connects to `nodes` with the key of `name`, and forges for as long as it lives.
fn start_forging(cluster: &Cluster, name: &str, nodes: &[&str]) -> (Hostile, Arc<AtomicU64>) {
    let hostile = Hostile::start(&peer_key(cluster, name), None);
    let mut incoming = hostile.accept(LANES[0]);
    let mut senders = Vec::new();
    for to in nodes {
        let node = id_of(cluster, to);
        hostile.dial(cluster.p2p(to), node);
        hostile.wait_for(|event| *event == Event::Connected(node));
        let (sender, frames) = unbounded_channel();
        drop(
            hostile
                .runtime()
                .spawn(write(hostile.control(), node, frames)),
        );
        senders.push(sender);
    }
    let forged = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&forged);
    drop(hostile.runtime().spawn(async move {
        while let Some((_, mut stream)) = incoming.next().await {
            let (senders, counter) = (senders.clone(), Arc::clone(&counter));
            drop(tokio::spawn(async move {
                while let Ok(bytes) = read_frame(&mut stream).await {
                    if forge(bytes, &senders).await {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }));
        }
    }));
    (hostile, forged)
}

/// The cluster anchors an entry, and its nodes live.
fn assert_anchors(cluster: &mut Cluster, nodes: &[&str], record: &str) {
    let document = cluster.document(&format!("{record}.txt"), record);
    let anchor = args!("anchor {document} --registry qurilish.permits --record {record}");
    let _done = cluster.clerk("qurilish", &anchor).expect(0);
    for name in nodes {
        assert!(cluster.is_alive(name), "{name} has ended");
    }
}

fn assert_nobody_is_deceived(identity: &str, others: &[&str]) {
    let mut cluster = Cluster::start(1);
    cluster.kill(identity);
    let (hostile, forged) = start_forging(&cluster, identity, others);
    // As many as it takes: under load an anchor's proposal may pass the forger by.
    for number in 0..40 {
        assert_anchors(&mut cluster, others, &format!("C-{number}"));
        if number >= 9 && forged.load(Ordering::Relaxed) >= 10 {
            break;
        }
    }
    println!("{} proposals forged", forged.load(Ordering::Relaxed));
    assert!(forged.load(Ordering::Relaxed) >= 10);
    drop(hostile);
    for name in others {
        let log = cluster.log(name);
        for word in ["\"alarm\"", "\"block-invalid\"", "\"evidence\""] {
            assert!(!log.contains(word), "{name} doubts a signed block: {word}");
        }
    }
    cluster.start_node(identity);
    let all = [others, &[identity]].concat();
    assert_well(&mut cluster, &all, "C-40");
}

#[test]
fn an_observer_that_forges_compact_blocks_deceives_nobody() {
    assert_nobody_is_deceived("observer-1", &AGENCIES);
}

/// With it, only as many are left as are needed: one that were deceived would stop the network.
#[test]
fn an_agency_that_forges_compact_blocks_of_others_deceives_nobody() {
    let others = AGENCIES.into_iter().filter(|name| *name != "soliq");
    assert_nobody_is_deceived("soliq", &others.collect::<Vec<_>>());
}
