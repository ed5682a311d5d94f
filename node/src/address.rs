//! Where a peer is: a host and a port, as its operator wrote it. Names are looked up at every dial.
//!
//! A name is looked up anew each time, and all its answers are tried: whoever moves a node changes one
//! record in the DNS, and nobody's settings.

use std::{fmt, io, net::SocketAddr};

use protocol::name::is_peer_address;
use serde::Deserialize;
use thiserror::Error;

/// Answers of one look-up that are tried.
const ANSWERS_MAX: usize = 8;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// An IP address and a port, as `192.0.2.7:7480` or `[2001:db8::7]:7480`.
    Ip(SocketAddr),
    /// A name and a port, as `node.example.uz:7480`.
    Name(String, u16),
}

/// Not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is no address of a peer; write a host and a port, as \"node.example.uz:7480\", \"192.0.2.7:7480\" or \"[2001:db8::7]:7480\""
)]
pub struct BadAddress(String);

impl PeerAddress {
    /// Reads `host:port`.
    ///
    /// # Errors
    /// [`BadAddress`] with the text, if it is neither an IP address nor a name with a port.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        if !is_peer_address(text) {
            return Err(bad());
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().map_err(|_| bad())?;
        Ok(Self::Name(host.to_ascii_lowercase(), port))
    }

    /// The IP address, if no name has to be looked up.
    #[must_use]
    pub const fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Name(..) => None,
        }
    }

    /// All that the name stands for now, in the system's order.
    ///
    /// # Errors
    /// What the system said, if it knows no such name.
    pub async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Ip(address) => Ok(vec![*address]),
            Self::Name(name, port) => {
                let found = tokio::net::lookup_host((name.as_str(), *port)).await?;
                Ok(found.take(ANSWERS_MAX).collect())
            }
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(out),
            Self::Name(name, port) => write!(out, "{name}:{port}"),
        }
    }
}

impl<'de> Deserialize<'de> for PeerAddress {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read_and_all_else_is_refused() {
        for text in [
            "192.0.2.7:7480",
            "[2001:db8::7]:7480",
            "localhost:7480",
            "node.example.uz:7480",
            "muhr_node-1:1",
            "3com.example:65535",
        ] {
            assert_eq!(PeerAddress::parse(text).unwrap().to_string(), text);
        }
        let big = PeerAddress::parse("NODE.Example.UZ:7480").unwrap();
        assert_eq!(big.to_string(), "node.example.uz:7480");
        for text in [
            "",
            ":",
            ":7480",
            "node.example.uz",
            "node.example.uz:",
            "node.example.uz:0",
            "192.0.2.7:0",
            "node.example.uz:65536",
            "node.example.uz:http",
            "192.0.2:7480",
            "300.1.1.1:7480",
            "2001:db8::7:7480",
            "http://node.example.uz:7480",
            "node..uz:7480",
            "-node.uz:7480",
            "no de.uz:7480",
            "node.uz:+80",
            "нод.uz:7480",
        ] {
            let refused = PeerAddress::parse(text).unwrap_err().to_string();
            assert!(refused.contains("host and a port"), "{text}: {refused}");
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up() {
        let found = PeerAddress::parse("localhost:7480")
            .unwrap()
            .look_up()
            .await
            .unwrap();
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|it| it.ip().is_loopback() && it.port() == 7480)
        );
    }
}
