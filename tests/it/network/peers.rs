//! Hostile peers against real nodes. Whatever they do, the network goes on, within its memory.

mod change;
mod flood;
mod forged;
mod fork;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use node::wire::{self, SyncMessage};
use protocol::{height::Height, key::SecretKey, keyfile::KeyFile};
use tests::{
    args,
    cluster::{AGENCIES, Cluster, wait_until},
    hostile::{Event, Hostile, LANES, frame, peer_id, read_frame},
    world::secret,
};

/// More memory than this no node has in use, whatever a peer does.
const RESIDENT_BYTES_MAX: u64 = 256 << 20;
/// An entry is anchored within this, whatever a peer does.
const ANCHOR_WITHIN: Duration = Duration::from_secs(20);

fn key(cluster: &Cluster, name: &str, purpose: &str) -> SecretKey {
    let file = cluster.dir(name).join(format!("keys/{purpose}.key"));
    KeyFile::parse(&fs::read(file).unwrap()).unwrap().secret
}

fn peer_key(cluster: &Cluster, name: &str) -> SecretKey {
    key(cluster, name, "peer")
}

fn id_of(cluster: &Cluster, name: &str) -> PeerId {
    peer_id(&peer_key(cluster, name).public())
}

/// How often a node has lost one of the agencies.
fn losses(cluster: &Cluster, name: &str) -> usize {
    let log = cluster.log(name);
    let lost = log
        .lines()
        .filter(|line| line.contains("\"peer-disconnected\""));
    lost.filter(|line| {
        AGENCIES
            .iter()
            .any(|agency| line.contains(&format!("\"{agency}\"")))
    })
    .count()
}

/// The cluster anchors an entry; the nodes live, reach one another and keep within their memory.
fn assert_well(cluster: &mut Cluster, nodes: &[&str], record: &str) {
    let document = cluster.document(&format!("{record}.txt"), record);
    let since = Instant::now();
    let anchor = args!("anchor {document} --registry qurilish.permits --record {record}");
    let _done = cluster.clerk("qurilish", &anchor).expect(0);
    let took = since.elapsed();
    assert!(took < ANCHOR_WITHIN, "{record} took {took:?}");
    let agencies = nodes.iter().filter(|name| AGENCIES.contains(name)).count();
    for name in nodes {
        assert!(cluster.is_alive(name), "{name} has ended");
        let bytes = cluster.resident_bytes(name);
        println!("{record} {took:?} {name}: {} MiB resident", bytes >> 20);
        assert!(
            bytes < RESIDENT_BYTES_MAX,
            "{name} has {bytes} bytes in use"
        );
        wait_until("the agencies reach one another", || {
            cluster
                .status(name)
                .is_some_and(|status| status["reached"] == agencies)
        });
    }
}

/// Entries enough that what is sent about them fills every buffer between two machines.
fn anchor_many(cluster: &Cluster, rows: u32, name: &str) {
    let mut table = "number,text\n".to_owned();
    for row in 0..rows {
        table += &format!("{name}-{row},{}\n", "x".repeat(100));
    }
    let table = cluster.document(&format!("{name}.csv"), &table);
    let command = args!(
        "--json anchor bulk {table} --record number --registry qurilish.permits --out {name}"
    );
    let done = cluster.clerk("qurilish", &command);
    assert_eq!(done.expect(0).json()["counts"]["anchored"], rows);
}

/// Connects with the key of `name`, whose node does not run.
fn join_as(cluster: &Cluster, name: &str, to: &str) -> (Hostile, PeerId) {
    let hostile = Hostile::start(&peer_key(cluster, name), None);
    let node = id_of(cluster, to);
    hostile.dial(cluster.p2p(to), node);
    hostile.wait_for(|event| *event == Event::Connected(node));
    (hostile, node)
}

#[test]
fn strangers_are_refused() {
    let mut cluster = Cluster::start(1);
    let all = [&AGENCIES[..], &["observer-1"]].concat();
    for name in &all {
        let stranger = Hostile::start(&secret("a stranger"), None);
        let node = id_of(&cluster, name);
        stranger.dial(cluster.p2p(name), node);
        // The handshake proves who the stranger is, and that is the end of it.
        stranger.wait_for(|event| matches!(event, Event::Closed(_) | Event::Failed(_)));
        for lane in LANES {
            let opened = stranger.open(node, lane);
            assert!(opened.is_err(), "{name} let a stranger in on {lane}");
        }
    }
    // An allowed peer that dials the wrong house leaves by itself.
    let guest = Hostile::start(&secret("a guest"), None);
    guest.dial(cluster.p2p("adliya"), id_of(&cluster, "soliq"));
    guest.wait_for(|event| matches!(event, Event::Failed(_)));
    assert_well(&mut cluster, &all, "P-1");
    for name in AGENCIES {
        assert_eq!(losses(&cluster, name), 0, "{name} lost an agency");
    }
}

#[test]
fn another_identity_behind_an_agency_s_address_is_not_believed() {
    let mut cluster = Cluster::start(1);
    let address = cluster.p2p("soliq");
    let others = ["adliya", "kadastr", "qurilish", "observer-1"];
    // A stranger, and a peer that is allowed in but is not this agency.
    cluster.kill("observer-1");
    for (number, key) in [secret("a stranger"), peer_key(&cluster, "observer-1")]
        .into_iter()
        .enumerate()
    {
        cluster.kill("soliq");
        let impostor = Hostile::start(&key, Some(address));
        impostor.wait_for(|event| matches!(event, Event::Failed(_) | Event::Closed(_)));
        for name in &others[..3] {
            wait_until("the agency is missed, whoever is at its address", || {
                cluster
                    .status(name)
                    .is_some_and(|status| status["missing"] == serde_json::json!(["soliq"]))
            });
        }
        assert_well(&mut cluster, &others[..3], &format!("W-{number}"));
        drop(impostor);
        cluster.start_node("soliq");
        wait_until("the agency is back", || {
            cluster
                .status("soliq")
                .is_some_and(|status| status["reached"] == 4)
        });
    }
    cluster.start_node("observer-1");
    assert_well(
        &mut cluster,
        &[&AGENCIES[..], &["observer-1"]].concat(),
        "W-9",
    );
}

/// Bytes that look like nothing, always the same for a seed.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u8::try_from(state >> 56).unwrap()
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn garbage_and_half_handshakes_hold_nobody_up() {
    let seed = 7;
    println!("seed {seed}");
    let mut cluster = Cluster::start(0);
    let hello = b"\x13/multistream/1.0.0\n";
    let noise_chosen = [&hello[..], b"\x07/noise\n"].concat();
    let cases: [Vec<u8>; 8] = [
        noise(seed, 100_000),
        vec![0; 100_000],
        vec![0xff; 100_000],
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        [&hello[..], &noise(seed + 1, 1000)].concat(),
        [&hello[..], &[0xff; 10]].concat(),
        [&noise_chosen[..], b"\xff\xff", &noise(seed + 2, 65_535)].concat(),
        [&noise_chosen[..], b"\x00\x20", &noise(seed + 3, 32)].concat(),
    ];
    let mut sockets = Vec::new();
    for name in AGENCIES {
        for case in &cases {
            let mut socket = TcpStream::connect(cluster.p2p(name)).unwrap();
            let within = Some(Duration::from_secs(30));
            socket.set_read_timeout(within).unwrap();
            // The node may hang up before all is written.
            let _written = socket.write_all(case);
            sockets.push(socket);
        }
    }
    for mut socket in sockets {
        let ended = socket.read_to_end(&mut Vec::new());
        let waits = |error: std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
        assert!(
            !ended.is_err_and(waits),
            "a node keeps a garbled connection"
        );
    }
    assert_well(&mut cluster, &AGENCIES, "G-1");
    // 200 that begin and do not go on, at every node. While they are held, an agency comes back.
    let mut held = Vec::new();
    for number in 0..200 {
        for name in AGENCIES {
            let mut socket = TcpStream::connect(cluster.p2p(name)).unwrap();
            let begun = [&b""[..], hello, &noise_chosen][number % 3];
            let _written = socket.write_all(begun);
            held.push(socket);
        }
    }
    assert_well(&mut cluster, &AGENCIES, "G-2");
    for name in AGENCIES {
        assert_eq!(losses(&cluster, name), 0, "{name} lost an agency");
    }
    cluster.kill("soliq");
    cluster.start_node("soliq");
    assert_well(&mut cluster, &AGENCIES, "G-3");
    drop(held);
    assert_well(&mut cluster, &AGENCIES, "G-4");
}

#[test]
fn an_agency_comes_back_while_strangers_knock_without_end() {
    let mut cluster = Cluster::start(0);
    let addresses = AGENCIES.map(|name| cluster.p2p(name));
    let over = Arc::new(AtomicBool::new(false));
    let knocking: Vec<_> = addresses
        .into_iter()
        .map(|address| {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                let mut held = std::collections::VecDeque::new();
                let mut knocks = 0_u64;
                while !over.load(Ordering::Relaxed) {
                    knocks += 1;
                    held.extend(TcpStream::connect(address));
                    if held.len() > 200 {
                        held.pop_front();
                    }
                    // As many as a machine of two cores takes beside four nodes: 500 a second for each.
                    thread::sleep(Duration::from_millis(2));
                }
                knocks
            })
        })
        .collect();
    assert_well(&mut cluster, &AGENCIES, "K-1");
    for name in AGENCIES {
        assert_eq!(losses(&cluster, name), 0, "{name} lost an agency");
    }
    cluster.kill("soliq");
    cluster.start_node("soliq");
    let since = Instant::now();
    assert_well(&mut cluster, &AGENCIES, "K-2");
    println!("back after {:?}", since.elapsed());
    over.store(true, Ordering::Relaxed);
    for thread in knocking {
        println!("{} knocks", thread.join().unwrap());
    }
    assert_well(&mut cluster, &AGENCIES, "K-3");
}

/// Writes and waits until the other side has ended the stream.
fn ends_after(hostile: &Hostile, mut stream: Stream, bytes: &[u8]) -> bool {
    let talk = async {
        let _written = stream.write_all(bytes).await;
        let _written = stream.flush().await;
        stream.read_to_end(&mut Vec::new()).await
    };
    let within = Duration::from_secs(15);
    hostile
        .runtime()
        .block_on(async { tokio::time::timeout(within, talk).await })
        .is_ok()
}

#[test]
fn frames_that_cannot_be_end_their_stream_and_nothing_else() {
    let seed = 11;
    println!("seed {seed}");
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    let (hostile, node) = join_as(&cluster, "observer-1", "kadastr");
    let mut answers = hostile.accept(LANES[2]);
    let limits = [
        wire::CONSENSUS_BYTES_MAX,
        wire::ENTRIES_BYTES_MAX,
        wire::SYNC_BYTES_MAX,
    ];
    for (lane, limit) in LANES.into_iter().zip(limits) {
        let over = u32::try_from(limit + 1).unwrap().to_be_bytes();
        for prefix in [&[0; 4][..], &over, &[0xff; 4], &[0xff; 8]] {
            let stream = hostile.open(node, lane).unwrap();
            assert!(
                ends_after(&hostile, stream, &[prefix, &[7; 100_000]].concat()),
                "{lane} goes on after {prefix:?}"
            );
        }
        // Within the limit, but nothing that means anything: dropped, and the stream may stay.
        let mut stream = hostile.open(node, lane).unwrap();
        for number in 0..300 {
            let bytes = frame(&noise(seed + number, 1 + 400 * (number as usize % 7)));
            let sent = hostile.runtime().block_on(stream.write_all(&bytes));
            assert!(sent.is_ok(), "{lane} ended at {number}");
        }
        // As much as may be announced, and then nothing more: held open until the end of the test.
        let most = u32::try_from(limit).unwrap().to_be_bytes();
        let _sent = hostile.runtime().block_on(stream.write_all(&most));
        let _sent = hostile.runtime().block_on(stream.flush());
    }
    // The same peer is still served when it speaks sense.
    assert_well(&mut cluster, &AGENCIES, "F-1");
    let ask = wire::encode(&SyncMessage::GetBlocks {
        from: Height::new(1),
        count: 1,
    });
    let mut asking = hostile.open(node, LANES[2]).unwrap();
    let answered = hostile.runtime().block_on(async {
        asking.write_all(&frame(&ask)).await.unwrap();
        asking.flush().await.unwrap();
        let blocks = async {
            let (_, mut stream) = answers.next().await.unwrap();
            loop {
                let bytes = read_frame(&mut stream).await.unwrap();
                if let Ok(SyncMessage::Blocks(blocks)) = wire::decode(&bytes, wire::SYNC_BYTES_MAX)
                {
                    return blocks.len();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), blocks).await
    });
    assert_eq!(answered.unwrap(), 1);
    for name in AGENCIES {
        assert_eq!(losses(&cluster, name), 0, "{name} lost an agency");
    }
}

/// Streams of all lanes, opened and dropped one after the other for as long as the peer lives.
fn open_without_end(hostile: &Hostile, node: PeerId) -> Arc<AtomicU64> {
    let opened = Arc::new(AtomicU64::new(0));
    for lane in LANES {
        let (mut control, counter) = (hostile.control(), Arc::clone(&opened));
        drop(hostile.runtime().spawn(async move {
            loop {
                let lane = StreamProtocol::new(lane);
                if control.open_stream(node, lane).await.is_ok() {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    opened
}

#[test]
fn a_peer_that_opens_many_streams_harms_only_itself() {
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    let (hostile, node) = join_as(&cluster, "observer-1", "adliya");
    let mut held = Vec::new();
    let mut refused = 0;
    for number in 0..1500 {
        let lane = ["/muhr/consensus/1", "/muhr/sync/1", "/no/such/lane"][number % 3];
        match hostile.open(node, lane) {
            Ok(mut stream) => {
                let begun = hostile.runtime().block_on(stream.write_all(&[0, 0]));
                held.push((stream, begun));
            }
            Err(_) => refused += 1,
        }
        if number == 700 {
            assert_well(&mut cluster, &AGENCIES, "M-1");
        }
    }
    println!("{} streams held, {refused} refused", held.len());
    assert!(refused >= 500, "nobody speaks /no/such/lane");
    assert_well(&mut cluster, &AGENCIES, "M-2");
    drop((held, hostile));
    // Opened and left without end, while an agency comes back and needs its own streams.
    let (hostile, node) = join_as(&cluster, "observer-1", "adliya");
    let opening = open_without_end(&hostile, node);
    for name in AGENCIES {
        assert_eq!(losses(&cluster, name), 0, "{name} lost an agency");
    }
    cluster.kill("soliq");
    cluster.start_node("soliq");
    assert_well(&mut cluster, &AGENCIES, "M-3");
    anchor_many(&cluster, 500, "storm");
    assert_well(&mut cluster, &AGENCIES, "M-4");
    let opened = opening.load(Ordering::Relaxed);
    println!("{opened} streams opened and left");
    assert!(opened > 100);
    drop(hostile);
    cluster.start_node("observer-1");
    let all = [&AGENCIES[..], &["observer-1"]].concat();
    assert_well(&mut cluster, &all, "M-5");
}

/// Reads one byte a second of everything that comes.
async fn read_slowly(mut stream: Stream) {
    let mut byte = [0];
    while stream.read_exact(&mut byte).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[test]
fn a_peer_that_asks_for_all_and_reads_a_byte_a_second_holds_nobody_up() {
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    anchor_many(&cluster, 3000, "big");
    let (hostile, node) = join_as(&cluster, "observer-1", "adliya");
    for lane in LANES {
        let mut streams = hostile.accept(lane);
        drop(hostile.runtime().spawn(async move {
            while let Some((_, stream)) = streams.next().await {
                drop(tokio::spawn(read_slowly(stream)));
            }
        }));
    }
    // Each question is a dozen bytes, each answer the whole log.
    let ask = frame(&wire::encode(&SyncMessage::GetBlocks {
        from: Height::new(1),
        count: u32::MAX,
    }));
    let mut asking = hostile.open(node, LANES[2]).unwrap();
    let asked = hostile.runtime().spawn(async move {
        for _ in 0..5000 {
            if asking.write_all(&ask).await.is_err() {
                return;
            }
        }
        let _sent = asking.flush().await;
        std::future::pending::<()>().await;
    });
    // The asking goes on while all this happens.
    assert_well(&mut cluster, &AGENCIES, "S-1");
    anchor_many(&cluster, 1000, "beside");
    assert_well(&mut cluster, &AGENCIES, "S-2");
    for name in AGENCIES {
        assert_eq!(losses(&cluster, name), 0, "{name} lost an agency");
    }
    asked.abort();
    drop(hostile);
    cluster.start_node("observer-1");
    wait_until("the observer that does read catches up", || {
        let height = |name| cluster.status(name).map(|status| status["height"].clone());
        height("observer-1").is_some() && height("observer-1") == height("adliya")
    });
}

#[test]
fn a_frozen_agency_holds_nobody_up_and_comes_back() {
    let mut cluster = Cluster::start(0);
    let others = ["adliya", "kadastr", "qurilish"];
    cluster.signal("soliq", "STOP");
    anchor_many(&cluster, 3000, "frozen");
    for name in others {
        assert!(cluster.is_alive(name));
        assert!(cluster.resident_bytes(name) < RESIDENT_BYTES_MAX);
    }
    cluster.signal("soliq", "CONT");
    wait_until("the agency that was frozen catches up", || {
        let height = |name| cluster.status(name).map(|status| status["height"].clone());
        height("soliq").is_some() && height("soliq") == height("adliya")
    });
    assert_well(&mut cluster, &AGENCIES, "Z-1");
    // Ended and started again, over and over: found again each time, by all.
    for number in 0..5 {
        cluster.kill("soliq");
        cluster.start_node("soliq");
        let since = Instant::now();
        for name in AGENCIES {
            wait_until("all reach one another again", || {
                cluster
                    .status(name)
                    .is_some_and(|status| status["reached"] == 4)
            });
        }
        println!("return {number} took {:?}", since.elapsed());
    }
    assert_well(&mut cluster, &AGENCIES, "Z-2");
}
