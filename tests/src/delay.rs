//! Distance on loopback: between two nodes, what one says reaches the other later by a fixed time.
//!
//! Each ordered pair of validators has a listener of its own, which the one has in place of the other's
//! address. What comes in on a connection goes on after the delay, in both directions; nothing is lost,
//! reordered or made slower in bytes a second. It is for measurements: a listener lives as long as the
//! program.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::cluster::Cluster;

/// The most bytes that one read takes.
const PIECE: usize = 64 << 10;
/// Pieces under way in one direction; beyond, the sender waits as for a full network.
const UNDER_WAY: usize = 4096;

/// Puts every validator of a cluster, none of whose nodes runs, `delay` from every other.
pub fn between_all(cluster: &mut Cluster, delay: Duration) {
    let names = cluster.validators().to_vec();
    for from in &names {
        for to in names.iter().filter(|to| *to != from) {
            let address = relay(cluster.p2p(to), delay);
            cluster.move_peer(from, to, address);
        }
    }
}

/// Listens on an address of loopback, and relays each connection to `target` with the delay.
pub fn relay(target: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            // Whoever is not there yet is dialled again, as without the relay.
            if let Ok(far) = TcpStream::connect(target) {
                let _quick = (near.set_nodelay(true), far.set_nodelay(true));
                carry(&near, &far, delay);
                carry(&far, &near, delay);
            }
        }
    });
    address
}

/// Carries one direction, until either side ends.
fn carry(from: &TcpStream, to: &TcpStream, delay: Duration) {
    let (mut reader, mut writer) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let (pieces, arriving) = mpsc::sync_channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    thread::spawn(move || {
        let mut buffer = vec![0; PIECE];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            let piece = (Instant::now() + delay, buffer[..length].to_vec());
            if pieces.send(piece).is_err() {
                break;
            }
        }
        let _ended = reader.shutdown(Shutdown::Read);
    });
    thread::spawn(move || {
        for (due, piece) in arriving {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if writer.write_all(&piece).is_err() {
                break;
            }
        }
        let _ended = writer.shutdown(Shutdown::Both);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives_whole_in_order_and_no_earlier() {
        const DELAY: Duration = Duration::from_millis(40);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let through = relay(listener.local_addr().unwrap(), DELAY);
        // An echo.
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            std::io::copy(&mut stream.try_clone().unwrap(), &mut &stream).unwrap();
        });
        let mut stream = TcpStream::connect(through).unwrap();
        let said: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut heard = vec![0; said.len()];
        let begun = Instant::now();
        let mut speaking = stream.try_clone().unwrap();
        let spoken = said.clone();
        let speaker = thread::spawn(move || speaking.write_all(&spoken).unwrap());
        stream.read_exact(&mut heard).unwrap();
        speaker.join().unwrap();
        assert!(heard == said, "not what was said");
        assert!(begun.elapsed() >= 2 * DELAY, "{:?}", begun.elapsed());
    }
}
