//! Strangers at an HTTP port. Each kind comes from addresses of its own, all of loopback.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

use super::{Tally, pace::Pace};

/// Connections that come from one address.
const OF_ONE_ADDRESS: usize = 100;
/// Whoever was turned away comes back after this.
const COME_BACK_AFTER: Duration = Duration::from_millis(200);
/// What is sent or taken in one step.
const STEP_BYTES: usize = 16 << 10;
/// Bytes of a body that does not end.
const BODY_BYTES: usize = (2 << 20) - 1;

/// Connects from an address of this kind; again and again, until it is let in.
async fn connect(to: SocketAddr, place: u8, kind: u8, count: usize, pace: &Pace) -> TcpStream {
    loop {
        pace.step().await;
        let last = u8::try_from(count / OF_ONE_ADDRESS + 2).unwrap();
        let from = Ipv4Addr::new(127, 1 + place, kind, last);
        let made = async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((from, 0)))?;
            socket.connect(to).await
        };
        if let Ok(stream) = made.await {
            Tally::add(&pace.tally.opened, 1);
            return stream;
        }
        Tally::add(&pace.tally.ended, 1);
        sleep(COME_BACK_AFTER).await;
    }
}

/// Waits until the other side ends the connection.
async fn await_end(mut stream: TcpStream, pace: &Pace) {
    let mut nothing = [0; 1024];
    while matches!(stream.read(&mut nothing).await, Ok(1..)) {}
    Tally::add(&pace.tally.ended, 1);
    sleep(COME_BACK_AFTER).await;
}

pub(super) async fn be_silent(to: SocketAddr, place: u8, count: usize, pace: Pace) {
    loop {
        let mut stream = connect(to, place, 1, count, &pace).await;
        if count.is_multiple_of(4) {
            let _half = stream
                .write_all(b"GET /checkpoint HTTP/1.1\r\nhost: x\r\nx-")
                .await;
        }
        await_end(stream, &pace).await;
    }
}

pub(super) async fn send_without_end(to: SocketAddr, place: u8, count: usize, pace: Pace) {
    let piece = vec![b'x'; STEP_BYTES];
    loop {
        let mut stream = connect(to, place, 2, count, &pace).await;
        let head = format!(
            "POST /v1/bundles HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            BODY_BYTES + 1
        );
        let mut left = BODY_BYTES;
        let mut going = stream.write_all(head.as_bytes()).await.is_ok();
        while going && left > 0 {
            pace.step().await;
            let part = &piece[..left.min(piece.len())];
            going = stream.write_all(part).await.is_ok();
            left -= part.len();
            Tally::add(&pace.tally.sent_bytes, part.len());
        }
        await_end(stream, &pace).await;
    }
}

pub(super) async fn ask_on(to: SocketAddr, place: u8, count: usize, question: String, pace: Pace) {
    loop {
        let mut stream = connect(to, place, 3, count, &pace).await;
        loop {
            pace.step().await;
            match ask_once(&mut stream, &question, &pace).await {
                Ok(200) => Tally::add(&pace.tally.answered, 1),
                Ok(503) => Tally::add(&pace.tally.busy, 1),
                Ok(_) => Tally::add(&pace.tally.odd, 1),
                Err(_) => break,
            }
        }
        Tally::add(&pace.tally.ended, 1);
        sleep(COME_BACK_AFTER).await;
    }
}

/// Asks and takes the whole answer; its status.
async fn ask_once(stream: &mut TcpStream, question: &str, pace: &Pace) -> io::Result<u16> {
    stream.write_all(question.as_bytes()).await?;
    let (head, rest) = read_head(stream).await?;
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let mut left = length(&head).ok_or_else(bad)? - rest.len();
    let mut bytes = vec![0; STEP_BYTES];
    while left > 0 {
        pace.step().await;
        let most = left.min(bytes.len());
        let read = stream.read(&mut bytes[..most]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= read;
    }
    status.ok_or_else(bad)
}

/// The content-length of a head; 0 without one.
pub(super) fn length(head: &str) -> Option<usize> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    found.map_or(Some(0), |(_, length)| length.trim().parse().ok())
}

/// Reads up to the empty line: the head, and what came behind it.
pub(super) async fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            let head = String::from_utf8(bytes).map_err(io::Error::other)?;
            return Ok((head, rest));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
