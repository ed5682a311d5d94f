//! An allowed peer that floods: messages of the greatest length on every lane, of bytes that are none and
//! of entries that nobody signed.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use futures::AsyncWriteExt;
use libp2p::{PeerId, Stream, StreamProtocol};
use node::wire::{self, EntriesMessage};
use protocol::keyfile::KeyFile;
use tokio::task::JoinSet;

use super::{Tally, pace::Pace};
use crate::hostile::{Dialler, LANES};

const COME_BACK_AFTER: Duration = Duration::from_millis(200);
/// Bytes of a message, below what every lane allows.
const MESSAGE_BYTES: usize = 1 << 20;
/// What is written in one step.
const STEP_BYTES: usize = 16 << 10;

/// Floods all `peers`, each from its own connection and with one stream on each lane.
pub(super) fn flood(
    key: &Path,
    peers: &[(SocketAddr, String)],
    pace: &Pace,
    tasks: &mut JoinSet<()>,
) {
    let secret = KeyFile::parse(&fs::read(key).unwrap()).unwrap().secret;
    let frames: [Arc<[u8]>; 2] = [noise().into(), unsigned().into()];
    for (address, id) in peers {
        let id: PeerId = id.parse().unwrap();
        let dialler = Dialler::start(&secret, *address, id);
        for lane in LANES {
            let frame = &frames[usize::from(lane.contains("entries"))];
            tasks.spawn(write_on(
                dialler.clone(),
                lane,
                Arc::clone(frame),
                pace.clone(),
            ));
        }
    }
}

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&length.to_be_bytes()[..], message].concat()
}

fn noise() -> Vec<u8> {
    let bytes: Vec<u8> = (0..MESSAGE_BYTES).map(|at| (at * 31 % 251) as u8).collect();
    frame(&bytes)
}

/// As many entries as fit, each of which begins as an entry does.
fn unsigned() -> Vec<u8> {
    let entries = (0..MESSAGE_BYTES / 400).map(|number| {
        let text = format!("muhr-entry/v1\nop register\nrecord {number:0>300}\n");
        text.into_bytes()
    });
    frame(&wire::encode(&EntriesMessage(entries.collect())))
}

/// Writes one frame after the other; opens the stream and the connection anew whenever they end.
async fn write_on(mut dialler: Dialler, lane: &'static str, frame: Arc<[u8]>, pace: Pace) {
    loop {
        pace.step().await;
        let opened = dialler.open(StreamProtocol::new(lane)).await;
        if let Some(mut stream) = opened {
            while write_one(&mut stream, &frame, &pace).await.is_ok() {}
        } else {
            dialler.dial();
        }
        tokio::time::sleep(COME_BACK_AFTER).await;
    }
}

async fn write_one(stream: &mut Stream, frame: &[u8], pace: &Pace) -> std::io::Result<()> {
    for piece in frame.chunks(STEP_BYTES) {
        pace.step().await;
        stream.write_all(piece).await?;
        stream.flush().await?;
        Tally::add(&pace.tally.flooded_bytes, piece.len());
    }
    Ok(())
}
