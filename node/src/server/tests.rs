//! What comes over the wire when there is no room: every answer that begins is whole.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::State,
    routing::{get, post},
};
use futures::FutureExt;
use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};

use super::*;
use crate::http::extract::{Bodies, BoundedBody};

const ONE_OF_EACH_ADDRESS: usize = 2;
/// More than is kept back of an answer at once, and a pipe that takes far less.
const LONG: usize = 20 << 10;
const PIPE: usize = 1 << 10;

#[derive(Clone)]
struct Bench {
    bodies: Arc<Budget>,
    is_in_hand: Arc<Notify>,
}

impl Bodies for Bench {
    fn bodies(&self) -> &Arc<Budget> {
        &self.bodies
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            bodies: Budget::new(1 << 20, Duration::ZERO, Gauge::default()),
            is_in_hand: Arc::default(),
        }
    }

    fn router(&self) -> Router {
        let never = |State(bench): State<Self>| async move {
            bench.is_in_hand.notify_one();
            std::future::pending::<()>().await;
        };
        Router::new()
            .route("/never", get(never))
            .route("/short", get(|| async { "short" }))
            .route("/long", get(|| async { vec![b'x'; LONG] }))
            .route("/body", post(|_: BoundedBody<1000>| async { "whole" }))
            .with_state(self.clone())
    }

    /// A port at which each address has one connection.
    fn serve(&self) -> (std::net::SocketAddr, watch::Sender<bool>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = watch::channel(false);
        let connections = Connections::new(ONE_OF_EACH_ADDRESS, Arc::default());
        drop(tokio::spawn(serve(
            listener,
            self.router(),
            connections,
            told,
        )));
        (address, tell)
    }
}

fn get_of(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

/// The head and body of the one answer of `bytes`; fails if the body is not what the head promises.
fn whole(bytes: &[u8]) -> (String, Vec<u8>) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let body = bytes[end + 4..].to_vec();
    let promised = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    assert_eq!(promised.unwrap().parse(), Ok(body.len()), "{head}");
    (head, body)
}

async fn all(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Who is told before it has asked is hung up on while it asks.
    let _ended = stream.read_to_end(&mut bytes).await;
    bytes
}

fn assert_busy(bytes: &[u8]) {
    let (head, body) = whole(bytes);
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("\r\nretry-after: 1"), "{head}");
    assert!(head.contains("application/problem+json"), "{head}");
    let problem: api::Problem = serde_json::from_slice(&body).unwrap();
    assert!(problem.is(api::Code::Busy), "{problem:?}");
}

#[tokio::test]
async fn whoever_finds_no_room_is_told_why() {
    let bench = Bench::new();
    let (address, _serving) = bench.serve();
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(&get_of("/never")).await.unwrap();
    bench.is_in_hand.notified().await;
    for number in 0..50 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Some have asked already when they are told, and some have not.
        if number % 2 == 0 {
            let _late = stream.write_all(&get_of("/short")).await;
        }
        assert_busy(&all(stream).await);
    }
}

#[tokio::test]
async fn a_body_that_is_awaited_makes_room_and_is_answered() {
    let bench = Bench::new();
    let (address, _serving) = bench.serve();
    let head =
        b"POST /body HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n";
    for _ in 0..20 {
        let mut waiting = TcpStream::connect(address).await.unwrap();
        waiting.write_all(head).await.unwrap();
        // Said when the body is awaited.
        let mut go_on = [0; 25];
        waiting.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        waiting.write_all(b"half").await.unwrap();
        let mut newcomer = TcpStream::connect(address).await.unwrap();
        newcomer
            .write_all(b"GET /short HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let (head, body) = whole(&all(newcomer).await);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(body, b"short");
        assert_busy(&all(waiting).await);
    }
}

#[tokio::test]
async fn what_was_handed_over_and_is_not_sent_is_not_cut_off() {
    let connections = Connections::new(ONE_OF_EACH_ADDRESS, Arc::default());
    let from = IpAddr::from([192, 0, 2, 7]);
    let Some(Admission::In(slot)) = connections.admit(from).now_or_never() else {
        panic!("there is room");
    };
    let (mut client, server) = tokio::io::duplex(PIPE);
    let (_tell, told) = watch::channel(false);
    let service = TowerToHyperService::new(Bench::new().router());
    drop(tokio::spawn(carry(server, slot, service, told)));
    client.write_all(&get_of("/long")).await.unwrap();
    let mut taken = Vec::new();
    loop {
        let mut piece = [0; PIPE];
        let read = client.read(&mut piece).await.unwrap();
        assert!(read > 0, "cut off after {} bytes", taken.len());
        taken.extend_from_slice(&piece[..read]);
        // The last of it may be in the pipe already.
        if taken.len() + 2 * PIPE > LONG {
            break;
        }
        let refused = connections.admit(from).now_or_never();
        assert!(matches!(refused, Some(Admission::Full)), "it makes room");
    }
    while !taken.ends_with(&[b'x'; LONG]) {
        taken.push(client.read_u8().await.unwrap());
    }
    assert_eq!(whole(&taken).1.len(), LONG);
    // Once it is sent, it does.
    assert!(matches!(connections.admit(from).await, Admission::In(_)));
}
