//! What every key says to the network, written down by an observer that only listens.
//!
//! No key may ever sign two values for one height, round and kind, nor two roots for one size,
//! whatever happens to its node in between. The messages are taken from the wire, so this holds even
//! if all nodes keep quiet about what they saw.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use consensus::VoteKind;
use futures::{AsyncReadExt, StreamExt};
use libp2p::{PeerId, Stream};
use node::wire::{self, ConsensusMessage};
use protocol::{key::SecretKey, keyfile::KeyFile};
use tests::{
    cluster::{AGENCIES, Cluster},
    hostile::{Event, Hostile, LANES, peer_id},
};

/// How often nodes that are away are dialled again.
const DIAL_EVERY: Duration = Duration::from_millis(300);

/// What is said, and of what: a key's words of one kind at one place.
type Place = (String, &'static str, u64, u64);

/// The notebook.
#[derive(Debug, Default)]
struct Book {
    said: BTreeMap<Place, String>,
    conflicts: Vec<String>,
    messages: u64,
}

impl Book {
    fn write(&mut self, place: Place, value: String) {
        self.messages += 1;
        let first = self
            .said
            .entry(place.clone())
            .or_insert_with(|| value.clone());
        if *first != value {
            let conflict = format!("{place:?}: first {first}, then {value}");
            self.conflicts.push(conflict);
        }
    }

    fn note(&mut self, message: ConsensusMessage) {
        match message {
            ConsensusMessage::Vote(vote) => {
                let kind = match vote.statement.kind {
                    VoteKind::Prevote => "prevote",
                    VoteKind::Precommit => "precommit",
                };
                let (height, round) = (vote.statement.height.get(), vote.statement.round.get());
                let value = format!(
                    "{:?} {:?}",
                    vote.statement.block, vote.statement.valid_round
                );
                self.write((format!("{:?}", vote.signer), kind, height, round), value);
            }
            ConsensusMessage::Proposal(proposal, _) => {
                let statement = &proposal.statement;
                let (height, round) = (statement.height.get(), statement.round.get());
                let value = format!("{:?} {:?}", statement.block, statement.valid_round());
                let place = (format!("{:?}", proposal.signer), "proposal", height, round);
                self.write(place, value);
            }
            ConsensusMessage::Cosignature(cosign) => {
                let place = (cosign.agency, "cosignature", cosign.size.get(), 0);
                self.write(place, cosign.root.to_string());
            }
            _ => {}
        }
    }
}

/// The listening observer. It takes the place of the cluster's `observer-1`.
#[derive(Debug)]
pub(crate) struct Recorder {
    hostile: Arc<Hostile>,
    book: Arc<Mutex<Book>>,
    over: Arc<Mutex<bool>>,
    dialling: Option<JoinHandle<()>>,
}

fn peer_key(cluster: &Cluster, name: &str) -> SecretKey {
    let file = fs::read(cluster.dir(name).join("keys/peer.key")).unwrap();
    KeyFile::parse(&file).unwrap().secret
}

async fn listen(mut stream: Stream, book: Arc<Mutex<Book>>) {
    loop {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).await.is_err() {
            return;
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
        let mut bytes = vec![0; length.min(wire::CONSENSUS_BYTES_MAX)];
        if stream.read_exact(&mut bytes).await.is_err() {
            return;
        }
        if let Ok(message) = wire::decode(&bytes, wire::CONSENSUS_BYTES_MAX) {
            book.lock().unwrap().note(message);
        }
    }
}

/// Dials whoever is not connected, until it is over.
fn dial(hostile: &Hostile, nodes: &[(SocketAddr, PeerId)], over: &Mutex<bool>) {
    let mut connected = BTreeSet::new();
    while !*over.lock().unwrap() {
        for (address, id) in nodes {
            if !connected.contains(id) {
                hostile.dial(*address, *id);
            }
        }
        for event in hostile.events_for(DIAL_EVERY) {
            match event {
                Event::Connected(id) => {
                    connected.insert(id);
                }
                Event::Closed(id) => {
                    connected.remove(&id);
                }
                Event::Failed(_) => {}
            }
        }
    }
}

impl Recorder {
    /// Listens to all validators from now on, and finds them again when they come back.
    pub(crate) fn start(cluster: &Cluster) -> Self {
        let hostile = Arc::new(Hostile::start(&peer_key(cluster, "observer-1"), None));
        let book = Arc::new(Mutex::new(Book::default()));
        let mut streams = hostile.accept(LANES[0]);
        let noted = Arc::clone(&book);
        drop(hostile.runtime().spawn(async move {
            while let Some((_, stream)) = streams.next().await {
                drop(tokio::spawn(listen(stream, Arc::clone(&noted))));
            }
        }));
        let nodes: Vec<_> = AGENCIES
            .iter()
            .map(|name| {
                (
                    cluster.p2p(name),
                    peer_id(&peer_key(cluster, name).public()),
                )
            })
            .collect();
        let over = Arc::new(Mutex::new(false));
        let (dialler, ends) = (Arc::clone(&hostile), Arc::clone(&over));
        Self {
            hostile,
            book,
            over,
            dialling: Some(thread::spawn(move || dial(&dialler, &nodes, &ends))),
        }
    }

    /// Fails if a key has contradicted itself; says how many messages were heard.
    pub(crate) fn assert_no_contradiction(&self) -> u64 {
        let book = self.book.lock().unwrap();
        assert!(
            book.conflicts.is_empty(),
            "a key has signed two values: {:#?}",
            book.conflicts
        );
        book.messages
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        *self.over.lock().unwrap() = true;
        if let Some(dialling) = self.dialling.take() {
            let _ended = dialling.join();
        }
        debug_assert_eq!(Arc::strong_count(&self.hostile), 1);
    }
}
