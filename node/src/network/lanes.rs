//! Lanes: one stream each, frames of a length and bytes, bounded both ways.

use std::{
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
use tokio::sync::{mpsc, watch};

use super::{Lane, PeerIndex, Received};

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

/// The receiving end of an outgoing queue.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) lane: Lane,
    pub(super) receiver: mpsc::Receiver<Arc<[u8]>>,
    pub(super) waiting: Arc<AtomicU64>,
}

/// Sends what is queued for one peer on one lane, for ever; `up` says whether there is a connection.
pub(super) async fn send_lane(
    mut outgoing: Outgoing,
    mut control: Control,
    peer: PeerId,
    mut up: watch::Receiver<bool>,
) {
    loop {
        while !*up.borrow_and_update() {
            drain(&mut outgoing);
            if up.changed().await.is_err() {
                return;
            }
        }
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

async fn write_frames(
    outgoing: &mut Outgoing,
    stream: &mut Stream,
    up: &mut watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let first = tokio::select! {
            first = outgoing.receiver.recv() => first,
            changed = up.changed() => {
                if changed.is_err() || !*up.borrow_and_update() {
                    return Err(io::ErrorKind::NotConnected.into());
                }
                continue;
            }
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

/// Accepts the streams of one lane from all peers. A peer has one at a time: a new one ends the old.
pub(super) async fn accept_lane(
    lane: Lane,
    mut streams: IncomingStreams,
    peers: Arc<Vec<PeerId>>,
    inbox: mpsc::Sender<Received>,
) {
    let mut readers: Vec<Option<tokio::task::AbortHandle>> = vec![None; peers.len()];
    while let Some((peer, stream)) = streams.next().await {
        let Some(number) = peers.iter().position(|known| *known == peer) else {
            continue;
        };
        let reader = tokio::spawn(read_frames(lane, stream, PeerIndex(number), inbox.clone()));
        if let Some(slot) = readers.get_mut(number)
            && let Some(old) = slot.replace(reader.abort_handle())
        {
            old.abort();
        }
    }
}

async fn read_frames(
    lane: Lane,
    mut stream: Stream,
    peer: PeerIndex,
    inbox: mpsc::Sender<Received>,
) {
    loop {
        match read_frame(lane, &mut stream).await {
            Ok(bytes) => {
                // A full inbox makes this lane of this peer wait, and nothing else.
                if inbox.send(Received { peer, bytes }).await.is_err() {
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

async fn read_frame(lane: Lane, stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length == 0 || length > lane.frame_bytes_max() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a frame of an impossible length",
        ));
    }
    let mut bytes = Vec::new();
    let mut body = stream.take(length as u64);
    // Memory grows with what comes, not with what was announced.
    tokio::time::timeout(FRAME_WITHIN, body.read_to_end(&mut bytes))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
