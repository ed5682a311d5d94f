//! An allowed peer that floods: messages of the greatest length on every lane, of bytes that are none and
//! of entries that nobody signed.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use futures::AsyncWriteExt;
use libp2p::{PeerId, StreamProtocol};
use node::wire::{self, EntriesMessage};
use protocol::keyfile::KeyFile;

use super::{Pace, Tally};
use crate::hostile::{Hostile, LANES};

const COME_BACK_AFTER: Duration = Duration::from_millis(200);
/// Bytes of a message, below what every lane allows.
const MESSAGE_BYTES: usize = 1 << 20;

/// Floods all `peers`, each from its own connection and with one stream on each lane. Ends when dropped.
pub(super) fn flood(key: &Path, peers: &[(SocketAddr, String)], pace: &Pace) -> Vec<Hostile> {
    let secret = KeyFile::parse(&fs::read(key).unwrap()).unwrap().secret;
    let frames: [Arc<[u8]>; 2] = [noise().into(), unsigned().into()];
    let start = |(address, id): &(SocketAddr, String)| {
        let hostile = Hostile::start(&secret, None);
        let id: PeerId = id.parse().unwrap();
        hostile.dial(*address, id);
        for lane in LANES {
            let frame = &frames[usize::from(lane.contains("entries"))];
            let work = write_on(
                hostile.dialler(*address, id),
                lane,
                Arc::clone(frame),
                pace.clone(),
            );
            drop(hostile.runtime().spawn(work));
        }
        hostile
    };
    peers.iter().map(start).collect()
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
async fn write_on(
    mut dialler: crate::hostile::Dialler,
    lane: &'static str,
    frame: Arc<[u8]>,
    mut pace: Pace,
) {
    loop {
        pace.step().await;
        let opened = dialler.open(StreamProtocol::new(lane)).await;
        if let Some(mut stream) = opened {
            while stream.write_all(&frame).await.is_ok() && stream.flush().await.is_ok() {
                Tally::add(&pace.tally.flooded_bytes, frame.len());
                pace.step().await;
            }
        } else {
            dialler.dial();
        }
        tokio::time::sleep(COME_BACK_AFTER).await;
    }
}
