//! The door: bytes of entries come in from clients and peers, and waiting entries come out.
//!
//! receive → authenticate → admit → wait. The check here is the check of a proposal, by the same
//! functions, so nothing that is let in can be refused as a matter of form later. Each entry is
//! checked once on this node, whichever way it comes; entries that a client brought are told to all
//! peers, once.

use std::sync::Arc;

use ledger::{NotAdmitted, rules::Refusal};
use protocol::{
    authentic::{Authentic, Author, Said},
    entry::Authorship,
    hash::{EntryId, LeafHash},
    height::LeafIndex,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{mempool::Offered, network::Lane, shared::Shared, wire};

/// Jobs that wait for a free core.
const JOBS_MAX: usize = 4096;
/// So few entries are checked at once where they arrive: waking another thread costs more.
const INLINE_MAX: usize = 2;
/// Entries that are checked in one go.
const BATCH_MAX: usize = 256;

/// What became of one entry at the door.
#[derive(Clone, Debug)]
pub enum Answer {
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

struct Job {
    entries: Vec<Vec<u8>>,
    reply: Option<oneshot::Sender<Vec<Answer>>>,
}

/// Where bytes are handed in.
#[derive(Clone)]
pub struct Door(mpsc::Sender<Job>);

impl std::fmt::Debug for Door {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Door")
    }
}

impl Door {
    /// Opens the door: its tasks end when the last handle is dropped.
    #[must_use]
    pub fn open() -> (Self, Jobs) {
        let (sender, receiver) = mpsc::channel(JOBS_MAX);
        (Self(sender), Jobs(receiver))
    }

    /// Hands in entries of a client and waits for the answers, in the same order.
    pub async fn submit(&self, entries: Vec<Vec<u8>>) -> Vec<Answer> {
        let count = entries.len();
        let busy = || vec![Answer::Refused(None, Denial::Busy); count];
        let (reply, answer) = oneshot::channel();
        if self
            .0
            .try_send(Job {
                entries,
                reply: Some(reply),
            })
            .is_err()
        {
            return busy();
        }
        answer.await.unwrap_or_else(|_| busy())
    }

    /// Hands in entries that a peer told of. A full door makes the peer's lane wait.
    pub async fn told(&self, entries: Vec<Vec<u8>>) {
        let _closed = self
            .0
            .send(Job {
                entries,
                reply: None,
            })
            .await;
    }
}

/// The jobs behind the door.
pub struct Jobs(mpsc::Receiver<Job>);

impl std::fmt::Debug for Jobs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Jobs")
    }
}

impl Jobs {
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

fn work_off(shared: &Shared, jobs: Vec<Job>) {
    let mut flood = Vec::new();
    let mut fresh = false;
    for job in jobs {
        let from_client = job.reply.is_some();
        let mut answers = Vec::with_capacity(job.entries.len());
        for bytes in job.entries {
            let (answer, new) = take(shared, &bytes);
            fresh |= new;
            if new && from_client {
                flood.push(bytes);
            }
            answers.push(answer);
        }
        if let Some(reply) = job.reply {
            let _gone = reply.send(answers);
        }
    }
    if fresh {
        shared.wake_driver();
    }
    flood_entries(shared, flood);
}

/// Tells all peers of entries, in messages of a bounded size.
pub fn flood_entries(shared: &Shared, entries: Vec<Vec<u8>>) {
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

/// Lets one entry in, or says why not; and whether it is new here.
fn take(shared: &Shared, bytes: &[u8]) -> (Answer, bool) {
    let hash = Said::hash_of(bytes);
    if let Some(id) = shared.mempool().get(&hash).map(|entry| entry.id()) {
        return (Answer::Pending(id), false);
    }
    let said = match Said::parse(bytes) {
        Ok(said) => said,
        Err(error) => {
            return (
                Answer::Refused(None, Denial::Malformed(error.to_string())),
                false,
            );
        }
    };
    let id = Said::id_of_parsed(bytes);
    match shared.ledger.entry(&id) {
        Ok(Some(index)) => return (Answer::Recorded(id, index), false),
        Ok(None) => {}
        Err(fault) => {
            shared.fail(&fault);
            return (Answer::Refused(Some(id), Denial::Fault), false);
        }
    }
    match authenticate(shared, said, hash) {
        Ok(entry) => admit(shared, entry.as_ref().clone()),
        Err(denial) => (Answer::Refused(Some(id), denial), false),
    }
}

/// Believes an entry, an act or a batch by the key of its author as of the last block.
pub fn authenticate(shared: &Shared, said: Said, hash: LeafHash) -> Result<Arc<Authentic>, Denial> {
    if let Some(entry) = shared.mempool().get(&hash) {
        return Ok(Arc::clone(entry));
    }
    if let Said::Entry(entry) = &said
        && entry.authorship == Authorship::Batched
    {
        return Err(Denial::Batched);
    }
    let head = shared.ledger.head();
    let unknown = |author: &Author<'_>| match author {
        Author::Clerk(name) => Refusal::UnknownClerk((*name).clone()),
        Author::Agency(name) => Refusal::UnknownAgency((*name).clone()),
    };
    let author = said.author();
    let key = head.directory().key_of(&author);
    let key = key.ok_or_else(|| Denial::Rules(unknown(&author)))?;
    said.authenticate(head.directory().origin(), &key)
        .map(Arc::new)
        .map_err(|_| Denial::BadSignature)
}

fn admit(shared: &Shared, entry: Authentic) -> (Answer, bool) {
    let id = entry.id();
    let admitted = match shared.ledger.admit(entry) {
        Ok(admitted) => admitted,
        Err(NotAdmitted::Refused(Refusal::AlreadyThere { index })) => {
            return (Answer::Recorded(id, index), false);
        }
        Err(NotAdmitted::Refused(refusal)) => {
            return (Answer::Refused(Some(id), Denial::Rules(refusal)), false);
        }
        Err(NotAdmitted::Fault(fault)) => {
            shared.fail(&fault);
            return (Answer::Refused(Some(id), Denial::Fault), false);
        }
    };
    match shared.mempool().offer(admitted) {
        Offered::Waits => (Answer::Pending(id), true),
        Offered::WaitedAlready => (Answer::Pending(id), false),
        Offered::Contested { by } => (Answer::Refused(Some(id), Denial::Contested(by)), false),
        Offered::Full => (Answer::Refused(Some(id), Denial::Busy), false),
    }
}
