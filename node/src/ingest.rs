//! The door: bytes of entries come in from clients and peers, and waiting entries come out.
//!
//! receive → authenticate → admit → wait. The check here is the check of a proposal, by the same
//! functions, so nothing that is let in can be refused as a matter of form later. Each entry is
//! checked once on this node, whichever way it comes; entries that a client brought are told to all
//! peers, once.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use ledger::{NotAdmitted, directory::Directory, rules::Refusal};
use protocol::{
    authentic::{Authentic, Author, Submission, Unverified},
    entry::Authorship,
    hash::EntryId,
    height::LeafIndex,
    key::PublicKey,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{
    breaches::Breach,
    limits,
    mempool::Offered,
    network::{Lane, PeerIndex, Received},
    shared::Shared,
    wire,
};

/// So few entries are checked at once where they arrive: waking another thread costs more.
const INLINE_MAX: usize = 2;
/// Entries that are checked in one go.
const BATCH_MAX: usize = 256;

/// What became of one entry at the door.
#[derive(Clone, Debug)]
pub enum IngestAnswer {
    /// It waits for a block.
    Pending(EntryId),
    /// It is in the log.
    Recorded(EntryId, LeafIndex),
    /// It will not be recorded.
    Refused(Option<EntryId>, Denial),
}

/// Why an entry was not let in.
#[derive(Clone, Debug)]
pub enum Denial {
    /// Not in the format.
    Malformed(String),
    /// The signature does not hold for this network.
    BadSignature,
    /// An entry of a batch without its batch.
    Batched,
    /// The rules do not allow it.
    Rules(Refusal),
    /// Another entry for the same version came first and waits.
    Contested(EntryId),
    /// No room; come back.
    Busy,
    /// This machine is in trouble.
    Fault,
}

impl Denial {
    /// What is wrong with an entry that no honest node passes on, whatever it knows of the ledger.
    fn garbage(&self) -> Option<&str> {
        match self {
            Self::Malformed(what) => Some(what.as_str()),
            Self::BadSignature => Some("an entry that its author has not signed"),
            _ => None,
        }
    }
}

struct Job {
    entries: Vec<Vec<u8>>,
    reply: Option<oneshot::Sender<Vec<IngestAnswer>>>,
    /// The peer that told of them, if none of our clients did.
    peer: Option<PeerIndex>,
}

/// Where bytes are handed in. Clients and peers have queues of their own: neither keeps the other out.
#[derive(Clone)]
pub struct Ingest {
    clients: mpsc::Sender<Job>,
    peers: mpsc::Sender<Job>,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Ingest")
    }
}

impl Ingest {
    /// Opens the door: its tasks end when the last handle is dropped.
    #[must_use]
    pub fn open() -> (Self, Jobs) {
        let (clients, from_clients) = mpsc::channel(limits::CLIENT_JOBS_MAX);
        let (peers, from_peers) = mpsc::channel(limits::PEER_JOBS_MAX);
        let jobs = Jobs {
            clients: JobQueue(from_clients),
            peers: JobQueue(from_peers),
        };
        (Self { clients, peers }, jobs)
    }

    /// Hands in entries of a client and waits for the answers, in the same order.
    pub async fn submit(&self, entries: Vec<Vec<u8>>) -> Vec<IngestAnswer> {
        let count = entries.len();
        let busy = || vec![IngestAnswer::Refused(None, Denial::Busy); count];
        let (reply, answer) = oneshot::channel();
        if self
            .clients
            .try_send(Job {
                entries,
                reply: Some(reply),
                peer: None,
            })
            .is_err()
        {
            return busy();
        }
        answer.await.unwrap_or_else(|_| busy())
    }

    /// Hands in entries that a peer told of. A full door makes the peer's lane wait.
    pub async fn from_peer(&self, entries: Vec<Vec<u8>>, peer: PeerIndex) {
        let _closed = self
            .peers
            .send(Job {
                entries,
                reply: None,
                peer: Some(peer),
            })
            .await;
    }
}

/// The jobs behind the door.
#[derive(Debug)]
pub struct Jobs {
    /// What clients bring.
    pub clients: JobQueue,
    /// What peers tell of.
    pub peers: JobQueue,
}

impl Jobs {
    /// Works both queues off until the door closes.
    pub async fn work(self, shared: Arc<Shared>) {
        let peers = self.peers.work(Arc::clone(&shared));
        futures::join!(self.clients.work(shared), peers);
    }
}

/// Jobs of one kind.
pub struct JobQueue(mpsc::Receiver<Job>);

impl std::fmt::Debug for JobQueue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Queue")
    }
}

impl JobQueue {
    /// Works the jobs off until the door closes: as many at a time as there are cores, small ones together.
    pub async fn work(mut self, shared: Arc<Shared>) {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let free = Arc::new(Semaphore::new(cores));
        while let Some(first) = self.0.recv().await {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                return;
            };
            let mut jobs = vec![first];
            let mut count: usize = jobs.iter().map(|job| job.entries.len()).sum();
            while count < BATCH_MAX
                && let Ok(job) = self.0.try_recv()
            {
                count += job.entries.len();
                jobs.push(job);
            }
            if count <= INLINE_MAX || !shared.host.has_threads() {
                work_off(&shared, jobs);
                continue;
            }
            let shared = Arc::clone(&shared);
            tokio::task::spawn_blocking(move || {
                work_off(&shared, jobs);
                drop(permit);
            });
        }
    }
}

fn work_off(shared: &Shared, mut jobs: Vec<Job>) {
    // What each brought counts from the first check of it, so it is counted before.
    let counted: Vec<_> = jobs
        .iter()
        .map(|job| job.peer.map(|peer| (peer, shared.breaches.count(peer))))
        .collect();
    let entries = jobs.iter().flat_map(|job| &job.entries);
    let entries: Vec<&[u8]> = entries.map(Vec::as_slice).collect();
    let mut answers = take(shared, &entries).into_iter();
    let mut gossip = Vec::new();
    let mut fresh = false;
    for (job, counted) in jobs.iter_mut().zip(counted) {
        let from_client = job.reply.is_some();
        let mut of_job = Vec::with_capacity(job.entries.len());
        for (bytes, (answer, new)) in std::mem::take(&mut job.entries)
            .into_iter()
            .zip(&mut answers)
        {
            fresh |= new;
            if let (Some(peer), IngestAnswer::Refused(_, denial)) = (job.peer, &answer)
                && let Some(detail) = denial.garbage()
            {
                shared.breach(peer, Breach::Entry, &detail);
            }
            if new && from_client {
                gossip.push(bytes);
            }
            of_job.push(answer);
        }
        if let Some(reply) = job.reply.take() {
            let _gone = reply.send(of_job);
        }
        if let Some((peer, count)) = counted {
            shared.heard(peer, count);
        }
    }
    if fresh {
        shared.wake_driver();
    }
    gossip_entries(shared, gossip);
}

/// Tells all peers of entries, in messages of a bounded size.
pub fn gossip_entries(shared: &Shared, entries: Vec<Vec<u8>>) {
    for chunk in chunks(entries) {
        shared.network.broadcast(
            Lane::Entries,
            wire::encode(&wire::EntriesMessage(chunk)).into(),
        );
    }
}

/// Splits entries so that each part fits into one message.
#[must_use]
pub fn chunks(entries: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        if !part.is_empty() && bytes + entry.len() > wire::ENTRIES_BYTES_MAX / 4 {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += entry.len() + 16;
        part.push(entry);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Lets entries in, or says why not; and of each whether it is new here. Signatures are checked together, and what
/// was brought more than once is checked once.
fn take(shared: &Shared, entries: &[&[u8]]) -> Vec<(IngestAnswer, bool)> {
    let (distinct, places) = distinct(entries);
    let answers = take_distinct(shared, &distinct);
    let mut is_told = vec![false; answers.len()];
    let answer = |place: usize| {
        let (answer, is_new) = answers.get(place)?.clone();
        let was_told = std::mem::replace(is_told.get_mut(place)?, true);
        Some((answer, is_new && !was_told))
    };
    let answers = places.into_iter().map(answer);
    // There is an answer for each place.
    let fault = || (IngestAnswer::Refused(None, Denial::Fault), false);
    answers.map(|answer| answer.unwrap_or_else(fault)).collect()
}

/// Each of the entries once, and of all the place of theirs among these.
fn distinct<'a>(entries: &[&'a [u8]]) -> (Vec<&'a [u8]>, Vec<usize>) {
    let mut known: HashMap<&[u8], usize> = HashMap::with_capacity(entries.len());
    let mut distinct = Vec::with_capacity(entries.len());
    let place = |entry: &&'a [u8]| {
        *known.entry(*entry).or_insert_with(|| {
            distinct.push(*entry);
            distinct.len() - 1
        })
    };
    let places = entries.iter().map(place).collect();
    (distinct, places)
}

fn take_distinct(shared: &Shared, entries: &[&[u8]]) -> Vec<(IngestAnswer, bool)> {
    let mut claims = Vec::new();
    let looked: Vec<Option<IngestAnswer>> = entries
        .iter()
        .map(|bytes| match look(shared, bytes) {
            Ok(unverified) => {
                claims.push(unverified);
                None
            }
            Err(answer) => Some(answer),
        })
        .collect();
    let ids: Vec<EntryId> = claims.iter().map(Unverified::id).collect();
    let mut judged = ids.into_iter().zip(authenticate_all(shared, claims));
    let answer = |answered: Option<IngestAnswer>| match answered {
        Some(answer) => (answer, false),
        None => match judged.next() {
            Some((_, Ok(entry))) => admit(shared, Arc::unwrap_or_clone(entry)),
            Some((id, Err(denial))) => (IngestAnswer::Refused(Some(id), denial), false),
            // There is a verdict for each claim.
            None => (IngestAnswer::Refused(None, Denial::Fault), false),
        },
    };
    looked.into_iter().map(answer).collect()
}

/// Reads an entry that is not known here, or answers at once.
fn look(shared: &Shared, bytes: &[u8]) -> Result<Unverified, IngestAnswer> {
    let hash = Submission::hash_of(bytes);
    if let Some(id) = shared.mempool().get(&hash).map(|entry| entry.id()) {
        return Err(IngestAnswer::Pending(id));
    }
    let unverified = Unverified::parse(bytes)
        .map_err(|error| IngestAnswer::Refused(None, Denial::Malformed(error.to_string())))?;
    let id = unverified.id();
    match shared.ledger.entry(&id) {
        Ok(Some(index)) => Err(IngestAnswer::Recorded(id, index)),
        Ok(None) => Ok(unverified),
        Err(fault) => {
            shared.fail(&fault);
            Err(IngestAnswer::Refused(Some(id), Denial::Fault))
        }
    }
}

/// Lets in what this node itself has to say, and tells all peers of it each time it is brought.
pub fn bring(shared: &Shared, bytes: &[u8]) -> IngestAnswer {
    let (answer, is_new) = take(shared, &[bytes])
        .pop()
        .unwrap_or((IngestAnswer::Refused(None, Denial::Fault), false));
    if is_new {
        shared.wake_driver();
    }
    if matches!(answer, IngestAnswer::Pending(_)) {
        gossip_entries(shared, vec![bytes.to_vec()]);
    }
    answer
}

/// Believes entries, acts, return marks and batches by the keys of their authors as of the last block: one
/// verdict for each, in their order. What waits here already is believed.
///
/// A verdict is a [`Denial`] for an author that the ledger does not know, and for a signature that does not hold.
pub fn authenticate_all(
    shared: &Shared,
    entries: Vec<Unverified>,
) -> Vec<Result<Arc<Authentic>, Denial>> {
    let head = shared.ledger.head();
    let mut claims = Vec::new();
    let known: Vec<Option<Result<Arc<Authentic>, Denial>>> = entries
        .into_iter()
        .map(|entry| {
            if let Some(waiting) = shared.mempool().get(&entry.hash()) {
                return Some(Ok(Arc::clone(waiting)));
            }
            match key_of(head.directory(), entry.submission()) {
                Ok(key) => {
                    claims.push((entry, key));
                    None
                }
                Err(denial) => Some(Err(denial)),
            }
        })
        .collect();
    let network = head.directory().network_id();
    let believed = Unverified::authenticate_all(claims, network, &shared.signatures);
    let believed = believed.unwrap_or_else(|disagreement| {
        shared.fail(&disagreement);
        Vec::new()
    });
    let mut believed = believed.into_iter();
    let verdict = |known: Option<_>| {
        known.unwrap_or_else(|| match believed.next() {
            Some(Ok(entry)) => Ok(Arc::new(entry)),
            Some(Err(_)) => Err(Denial::BadSignature),
            None => Err(Denial::Fault),
        })
    };
    known.into_iter().map(verdict).collect()
}

/// The key that must have signed a submission, as of the last block.
fn key_of(directory: &Directory, submission: &Submission) -> Result<PublicKey, Denial> {
    if let Submission::Entry(entry) = submission
        && entry.authorship == Authorship::Batched
    {
        return Err(Denial::Batched);
    }
    let unknown = |author: &Author<'_>| match author {
        Author::Clerk(name) => Refusal::UnknownClerk((*name).clone()),
        Author::Agency(name) | Author::Validator(name) => Refusal::UnknownAgency((*name).clone()),
        Author::Newcomer { proposal, .. } => Refusal::UnknownProposal(**proposal),
    };
    let author = submission.author();
    let key = directory.key_of(&author);
    key.ok_or_else(|| Denial::Rules(unknown(&author)))
}

fn admit(shared: &Shared, entry: Authentic) -> (IngestAnswer, bool) {
    let id = entry.id();
    let admitted = match shared.ledger.admit(entry) {
        Ok(admitted) => admitted,
        Err(NotAdmitted::Refused(Refusal::AlreadyThere { index })) => {
            return (IngestAnswer::Recorded(id, index), false);
        }
        Err(NotAdmitted::Refused(refusal)) => {
            return (
                IngestAnswer::Refused(Some(id), Denial::Rules(refusal)),
                false,
            );
        }
        Err(NotAdmitted::Moved) => return (IngestAnswer::Refused(Some(id), Denial::Busy), false),
        Err(NotAdmitted::Fault(fault)) => {
            shared.fail(&fault);
            return (IngestAnswer::Refused(Some(id), Denial::Fault), false);
        }
    };
    match shared.mempool().offer(admitted) {
        Offered::Waits => (IngestAnswer::Pending(id), true),
        Offered::WaitedAlready => (IngestAnswer::Pending(id), false),
        Offered::Contested { by } => (
            IngestAnswer::Refused(Some(id), Denial::Contested(by)),
            false,
        ),
        Offered::Full => (IngestAnswer::Refused(Some(id), Denial::Busy), false),
    }
}

/// Entries that peers tell of go through the same door as everybody's. Peers take turns, a few entries
/// each, so that one that floods holds up only what it sends itself.
pub async fn take_from_peers(shared: Arc<Shared>, mut entries: mpsc::Receiver<Received>) {
    let mut from_peer: BTreeMap<PeerIndex, VecDeque<PeerEntries>> = BTreeMap::new();
    loop {
        if from_peer.is_empty() {
            let Some(received) = entries.recv().await else {
                return;
            };
            note(&shared, &mut from_peer, received);
        }
        while let Ok(received) = entries.try_recv() {
            note(&shared, &mut from_peer, received);
        }
        let peers: Vec<PeerIndex> = from_peer.keys().copied().collect();
        for peer in peers {
            let Some(waiting) = from_peer.get_mut(&peer) else {
                continue;
            };
            let mut part = Vec::new();
            while part.len() < limits::PEER_ENTRIES_A_TURN
                && let Some(first) = waiting.front_mut()
            {
                match first.entries.next() {
                    Some(entry) => part.push(entry),
                    None => drop(waiting.pop_front()),
                }
            }
            if waiting.is_empty() {
                from_peer.remove(&peer);
            }
            if !part.is_empty() {
                shared.ingest.from_peer(part, peer).await;
            }
        }
    }
}

/// A message on the entries lane that is being worked off, with its place in the peer's inbox.
struct PeerEntries {
    entries: std::vec::IntoIter<Vec<u8>>,
    _received: Received,
}

fn note(
    shared: &Shared,
    from_peer: &mut BTreeMap<PeerIndex, VecDeque<PeerEntries>>,
    mut received: Received,
) {
    // What one said that is no peer any more may come late.
    if !shared.network.is_listed(received.peer) {
        return;
    }
    let bytes = std::mem::take(&mut received.bytes);
    match wire::decode::<wire::EntriesMessage>(&bytes, wire::ENTRIES_BYTES_MAX) {
        Ok(wire::EntriesMessage(entries)) => {
            from_peer
                .entry(received.peer)
                .or_default()
                .push_back(PeerEntries {
                    entries: entries.into_iter(),
                    _received: received,
                })
        }
        Err(error) => shared.breach(received.peer, Breach::Malformed, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_twice_in_a_bundle_is_one() {
        let of = |entries: &[&'static [u8]]| distinct(entries);
        assert_eq!(of(&[]), (vec![], vec![]));
        let (one, other) = (&b"one"[..], &b"other"[..]);
        let (found, places) = of(&[one, other, one, one, other]);
        assert_eq!((found, places), (vec![one, other], vec![0, 1, 0, 0, 1]));
    }
}
