//! A fork that one node is shown is told to all: whoever was deceived as well stops with it.
//!
//! Three of four keys sign a second block of a height that is decided: as many as must lie for a fork, made
//! here of the keys in the cluster's folders. Only one node hears of it from outside.

use std::time::Duration;

use consensus::{Commit, ValidatorSet};
use futures::AsyncWriteExt;
use libp2p::StreamProtocol;
use node::wire::{self, ConsensusMessage};
use protocol::{
    genesis::Genesis,
    hash::BlockId,
    height::{Height, Round},
    key::SecretKey,
};
use tests::{
    cluster::{Cluster, wait_until},
    hostile::{Event, Hostile, LANES, frame},
};

use super::{id_of, key, peer_key};

/// The node that is shown the fork, those that hear of it from that one, and whose key shows it.
const SHOWN: &str = "qurilish";
const TOLD: [&str; 2] = ["adliya", "kadastr"];
const SHOWS: &str = "soliq";
/// How long the stream is held open behind what was said.
const HELD: Duration = Duration::from_secs(30);

/// A certificate of another block at `height`, signed by three keys.
fn other_block(cluster: &Cluster, height: u64) -> Commit {
    let genesis = std::fs::read(cluster.dir(SHOWN).join("genesis")).unwrap();
    let genesis = Genesis::parse(&genesis).unwrap();
    let keys = genesis.agencies.iter().map(|agency| agency.vote.key);
    let set = ValidatorSet::new(keys.collect()).unwrap();
    let mut commit = Commit {
        height: Height::new(height),
        round: Round::ZERO,
        block: BlockId::new([7; 32]),
        votes: Vec::new(),
    };
    let bytes = commit.vote().sign_bytes(&genesis.chain());
    let sign = |name: &&str| {
        let secret: SecretKey = key(cluster, name, "vote");
        (set.index_of(&secret.public()).unwrap(), secret.sign(&bytes))
    };
    commit.votes = [SHOWN, TOLD[0], SHOWS].iter().map(sign).collect();
    commit.votes.sort_by_key(|(index, _)| *index);
    commit
}

#[test]
fn a_fork_that_one_node_is_shown_stops_all_that_are_deceived() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor(SHOWN, "F-1");
    let height = |name: &str| cluster.status(name)?["height"].as_u64();
    let decided = height(SHOWN).unwrap();
    for name in TOLD {
        wait_until("all have the block", || height(name) >= Some(decided));
    }
    cluster.kill(SHOWS);
    let message = ConsensusMessage::Commit(other_block(&cluster, decided));
    let hostile = Hostile::start(&peer_key(&cluster, SHOWS), None);
    let node = id_of(&cluster, SHOWN);
    hostile.dial(cluster.p2p(SHOWN), node);
    hostile.wait_for(|event| *event == Event::Connected(node));
    let mut control = hostile.control();
    drop(hostile.runtime().spawn(async move {
        let lane = StreamProtocol::new(LANES[0]);
        let mut stream = control.open_stream(node, lane).await.unwrap();
        let bytes = frame(&wire::encode(&message));
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(HELD).await;
    }));
    for name in [SHOWN, TOLD[0], TOLD[1]] {
        wait_until(&format!("{name} stops"), || !cluster.is_alive(name));
        assert_eq!(cluster.exit_code(name), Some(1), "{}", cluster.log(name));
        let said = cluster.log(name);
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("the network has forked"), "{name}: {last}");
    }
}
