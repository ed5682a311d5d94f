//! Lanes: one stream each, frames of a length and bytes, bounded both ways.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::{Control, IncomingStreams};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::AbortHandle,
};

use super::{Lane, PeerIndex, Received, Room, dialled::Ids, heard::Presence};
use crate::limits::{self, PEER_STREAMS_MAX};

/// A write that takes longer loses its stream.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// A frame that has begun must be complete within this.
const FRAME_WITHIN: Duration = Duration::from_secs(30);
/// After a failure a lane waits this long before it opens a stream again.
const REOPEN_AFTER: Duration = Duration::from_millis(100);
/// Frames that are written with one flush.
const FLUSH_FRAMES_MAX: usize = 64;
/// Bytes after which frames are flushed.
const FLUSH_BYTES: usize = 256 * 1024;
/// Bytes of a frame that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// The receiving end of an outgoing queue.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) lane: Lane,
    pub(super) receiver: mpsc::Receiver<Arc<[u8]>>,
    pub(super) waiting: Arc<AtomicU64>,
}

/// How a lane opens streams to its peer; none while there is no connection.
pub(super) type Up = watch::Receiver<Option<Control>>;

/// Sends what is queued for one peer on one lane, for ever.
pub(super) async fn send_lane(mut outgoing: Outgoing, peer: PeerId, mut up: Up) {
    loop {
        let open = up.borrow_and_update().clone();
        let Some(mut control) = open else {
            drain(&mut outgoing);
            if up.changed().await.is_err() {
                return;
            }
            continue;
        };
        let protocol = StreamProtocol::new(outgoing.lane.name());
        match control.open_stream(peer, protocol).await {
            Ok(mut stream) => {
                if let Err(error) = write_frames(&mut outgoing, &mut stream, &mut up).await {
                    tracing::debug!(event = "lane-lost", lane = outgoing.lane.name(), %error);
                }
                if outgoing.receiver.is_closed() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(event = "lane-refused", lane = outgoing.lane.name(), %error)
            }
        }
        tokio::time::sleep(REOPEN_AFTER).await;
    }
}

/// What waited for a peer that is away is stale when it comes back: it is greeted anew.
fn drain(outgoing: &mut Outgoing) {
    while let Ok(bytes) = outgoing.receiver.try_recv() {
        outgoing
            .waiting
            .fetch_sub(bytes.len() as u64, Ordering::Relaxed);
    }
}

async fn write_frames(outgoing: &mut Outgoing, stream: &mut Stream, up: &mut Up) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let first = tokio::select! {
            first = outgoing.receiver.recv() => first,
            // Gone, or come again through another swarm.
            _ = up.changed() => return Err(io::ErrorKind::NotConnected.into()),
        };
        let Some(first) = first else { return Ok(()) };
        buffer.clear();
        let mut frames = 0;
        let mut next = Some(first);
        while let Some(bytes) = next {
            let length = u32::try_from(bytes.len())
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            buffer.extend_from_slice(&length.to_be_bytes());
            buffer.extend_from_slice(&bytes);
            outgoing
                .waiting
                .fetch_sub(bytes.len() as u64, Ordering::Relaxed);
            frames += 1;
            let more = frames < FLUSH_FRAMES_MAX && buffer.len() < FLUSH_BYTES;
            next = if more {
                outgoing.receiver.try_recv().ok()
            } else {
                None
            };
        }
        let write = async {
            stream.write_all(&buffer).await?;
            stream.flush().await
        };
        tokio::time::timeout(WRITE_WITHIN, write)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
}

/// What one peer sends on one lane.
struct Incoming {
    /// Of a peer, not of its stream: opening another makes no new room.
    inbox: LaneInbox,
    readers: VecDeque<AbortHandle>,
}

/// Accepts the streams of one lane from all peers, of one swarm after the other, until no swarm comes any
/// more. A peer's new stream beyond [`PEER_STREAMS_MAX`] ends its oldest.
pub(super) async fn accept_lane(
    lane: Lane,
    mut swarms: mpsc::UnboundedReceiver<IncomingStreams>,
    ids: Ids,
    inbox: mpsc::Sender<Received>,
) {
    let mut all: BTreeMap<PeerIndex, Incoming> = BTreeMap::new();
    let Some(mut streams) = swarms.recv().await else {
        return;
    };
    loop {
        let (id, stream) = tokio::select! {
            next = swarms.recv() => match next {
                Some(next) => {
                    streams = next;
                    continue;
                }
                None => return,
            },
            Some(came) = streams.next() => came,
        };
        let Some((number, heard)) = ids.find(&id) else {
            continue;
        };
        let incoming = all.entry(number).or_insert_with(|| Incoming {
            inbox: LaneInbox::new(lane, &heard, &inbox),
            readers: VecDeque::new(),
        });
        let reader = tokio::spawn(read_frames(lane, stream, number, incoming.inbox.clone()));
        let readers = &mut incoming.readers;
        readers.retain(|reader| !reader.is_finished());
        readers.push_back(reader.abort_handle());
        if readers.len() > PEER_STREAMS_MAX
            && let Some(oldest) = readers.pop_front()
        {
            oldest.abort();
        }
    }
}

/// In what room is measured: no message takes less, so that small ones are bounded in number.
const ROOM_BYTES: usize = 16 << 10;

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes / ROOM_BYTES + 1).unwrap_or(u32::MAX)
}

/// One peer's part of the inbox of a lane. A full one makes this lane of this peer wait, and nothing else.
#[derive(Clone)]
struct LaneInbox {
    room: Arc<Semaphore>,
    heard: Arc<Presence>,
    sender: mpsc::Sender<Received>,
}

impl LaneInbox {
    fn new(lane: Lane, heard: &Arc<Presence>, sender: &mpsc::Sender<Received>) -> Self {
        let room = units(lane.frame_bytes_max()).saturating_mul(limits::PEER_INBOX_FRAMES_MAX);
        Self {
            room: Arc::new(Semaphore::new(room as usize)),
            heard: Arc::clone(heard),
            sender: sender.clone(),
        }
    }

    async fn room_for(&self, bytes: &[u8]) -> Option<Room> {
        let room = Arc::clone(&self.room);
        room.acquire_many_owned(units(bytes.len())).await.ok()
    }
}

async fn read_frames(lane: Lane, mut stream: Stream, peer: PeerIndex, inbox: LaneInbox) {
    loop {
        match read_frame(lane, &mut stream, &inbox.heard).await {
            Ok(bytes) => {
                let room = inbox.room_for(&bytes).await;
                let received = Received { peer, bytes, room };
                if inbox.sender.send(received).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(event = "lane-ended", lane = lane.name(), peer = peer.get(), %error);
                return;
            }
        }
    }
}

async fn read_frame(lane: Lane, stream: &mut Stream, heard: &Presence) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    heard.note();
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length == 0 || length > lane.frame_bytes_max() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a frame of an impossible length",
        ));
    }
    tokio::time::timeout(FRAME_WITHIN, read_body(stream, length, heard))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Memory grows with what comes, not with what was announced. A long frame on a slow way is heard
/// while it comes.
async fn read_body(stream: &mut Stream, length: usize, heard: &Presence) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let at = bytes.len();
        bytes.resize(length.min(at + READ_BYTES), 0);
        let part = bytes.get_mut(at..).unwrap_or_default();
        let read = stream.read(part).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(at + read);
        heard.note();
    }
    Ok(bytes)
}
