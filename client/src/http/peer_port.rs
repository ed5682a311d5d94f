//! The port at which a node talks to its peers, given for the one at which it answers: told by its first words.
//!
//! Not here: anything of what peers say. Nothing is believed of it but the name of its protocol.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

/// The first words of either side where peers meet (multistream-select), with their length before them.
const HELLO: &[u8] = b"\x13/multistream/1.0.0\n";
/// How long is waited for them: nobody is to wait long for why something went wrong.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns whether peers are talked to at this address, at which a connection broke with this error. A server that
/// understands no HTTP hangs up; one that was not reached at all is asked nothing more.
pub(super) fn is_one(node: &str, error: &ureq::Error) -> bool {
    let ureq::Error::Io(error) = error else {
        return false;
    };
    let hung_up = matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    );
    hung_up && says_hello(node).unwrap_or(false)
}

fn says_hello(node: &str) -> Option<bool> {
    let place = node.strip_prefix("http://")?.split('/').next()?;
    let address = place.to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(HELLO).ok()?;
    let mut answer = [0; HELLO.len()];
    stream.read_exact(&mut answer).ok()?;
    Some(answer == HELLO)
}
