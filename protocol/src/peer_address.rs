//! Where a node is: addresses as people write them, and the note by which a node tells its own.
//!
//! A note is signed by the peer key, which the state names; where a node listens is not governed, so a
//! machine that moves asks nobody. Of two notes of one key the one with the greater number counts. Not
//! here: how a name is looked up, and which notes a node keeps.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, SocketAddr},
};

use thiserror::Error;

use crate::{
    chain_id::{NetworkId, NotSigned, SignedText},
    entry,
    key::{PublicKey, SecretKey, Signature},
    text::{self, Lines, Malformed},
};

/// The longest name in the DNS.
const NAME_BYTES_MAX: usize = 253;
/// The most addresses of one note: a machine with two ways into it, each with IPv4 and IPv6.
pub const ADDRESSES_MAX: usize = 4;
/// The most bytes of a note.
pub const ADDRESS_NOTE_BYTES_MAX: usize = 2048;

const NOTE: &str = "muhr-address/v1";

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// [`BadAddress`] with the text, if it is neither an IP address of one machine nor a name, with a port.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        if let Ok(address) = text.parse::<SocketAddr>() {
            return if address.port() == 0 || !is_one_machine(address.ip()) {
                Err(bad())
            } else {
                Ok(Self::Ip(address))
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .parse::<u16>()
            .ok()
            .filter(|port| is_number && *port > 0);
        let port = port.ok_or_else(bad)?;
        if !is_name(host) {
            return Err(bad());
        }
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
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(out),
            Self::Name(name, port) => write!(out, "{name}:{port}"),
        }
    }
}

/// Whether a connection to it can lead to one machine: not to all of them, and not to any of its own.
fn is_one_machine(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}

/// Labels of letters, digits and hyphens between dots; not all digits, which would be a misspelt IP.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= NAME_BYTES_MAX
        && host.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where the node with a peer key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressNote {
    /// The node's peer key.
    pub peer: PublicKey,
    /// The greatest number of a key counts.
    pub number: u64,
    /// One to [`ADDRESSES_MAX`] addresses, each once; all of them are tried.
    pub addresses: Vec<PeerAddress>,
    /// By the peer key.
    pub signature: Signature,
}

/// Text of a note up to and without the signature line.
fn unsigned(peer: &PublicKey, number: u64, addresses: &[PeerAddress]) -> String {
    let mut text = format!("{NOTE}\npeer ed25519 {peer}\nnumber {number}\n");
    for address in addresses {
        text += &format!("address {address}\n");
    }
    text
}

impl AddressNote {
    /// Signs for a network. The caller gives one to [`ADDRESSES_MAX`] addresses, each once.
    #[must_use]
    pub fn sign(
        network: &NetworkId,
        secret: &SecretKey,
        number: u64,
        addresses: Vec<PeerAddress>,
    ) -> Self {
        let peer = secret.public();
        let text = unsigned(&peer, number, &addresses);
        Self {
            peer,
            number,
            addresses,
            signature: secret.sign(&SignedText::Address.message(network, &text)),
        }
    }

    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let text = unsigned(&self.peer, self.number, &self.addresses);
        text + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a note. Nothing in it is believed yet.
    ///
    /// # Errors
    /// Anything that [`Self::write`] would not give back is refused, and so are more than
    /// [`ADDRESSES_MAX`] addresses, none, and one that stands there twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, ADDRESS_NOTE_BYTES_MAX)?;
        lines.exact(NOTE)?;
        let peer = lines.parsed("peer", "ed25519 and a key in base64", |value| {
            PublicKey::from_base64(value.strip_prefix("ed25519 ")?).ok()
        })?;
        let number = lines.number("number")?;
        let mut addresses = Vec::new();
        while let Some(text) = lines.optional("address")? {
            let address = PeerAddress::parse(text);
            addresses.push(address.map_err(|_| lines.malformed("no host and port"))?);
        }
        let each: BTreeSet<_> = addresses.iter().collect();
        if !(1..=ADDRESSES_MAX).contains(&addresses.len()) || each.len() != addresses.len() {
            let what = format!("not 1 to {ADDRESSES_MAX} addresses, each once");
            return Err(lines.malformed(what));
        }
        let signature = lines.value("signature")?;
        let signature = entry::signature(&lines, signature)?;
        lines.end()?;
        let note = Self {
            peer,
            number,
            addresses,
            signature,
        };
        text::same(bytes, note.write().as_bytes())?;
        Ok(note)
    }

    /// Whether its key has signed it for this network.
    ///
    /// # Errors
    /// As [`SignedText::check`].
    pub fn check(&self, network: &NetworkId) -> Result<(), NotSigned> {
        let text = unsigned(&self.peer, self.number, &self.addresses);
        SignedText::Address.check(network, &text, &self.peer, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hash::ChainId, name::Origin};

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
            "0.0.0.0:7480",
            "[::]:7480",
            "224.0.0.1:7480",
            "[ff02::1]:7480",
            "255.255.255.255:7480",
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

    fn network(chain: u8) -> NetworkId {
        NetworkId {
            origin: Origin::parse("registry.example.uz/test/1").unwrap(),
            chain: ChainId::new([chain; 32]),
        }
    }

    fn addresses(texts: &[&str]) -> Vec<PeerAddress> {
        let texts = texts.iter();
        texts
            .map(|text| PeerAddress::parse(text).unwrap())
            .collect()
    }

    #[test]
    fn a_note_holds_for_its_network_key_number_and_addresses_alone() {
        let secret = SecretKey::from_seed(&[5; 32]);
        let at = addresses(&["node.example.uz:7480", "[2001:db8::7]:7480"]);
        let note = AddressNote::sign(&network(1), &secret, 7, at);
        let text = note.write();
        assert_eq!(text, include_str!("../fuzz/corpus/address_note/two"));
        assert_eq!(AddressNote::parse(text.as_bytes()), Ok(note.clone()));
        note.check(&network(1)).unwrap();
        assert!(note.check(&network(2)).is_err());
        let spoilt = [
            AddressNote {
                number: 8,
                ..note.clone()
            },
            AddressNote {
                addresses: addresses(&["node.example.uz:7480"]),
                ..note.clone()
            },
            AddressNote {
                peer: SecretKey::from_seed(&[6; 32]).public(),
                ..note
            },
        ];
        for spoilt in spoilt {
            assert!(spoilt.check(&network(1)).is_err(), "{spoilt:?}");
        }
    }

    #[test]
    fn what_no_note_says_is_refused() {
        let secret = SecretKey::from_seed(&[5; 32]);
        let at = addresses(&["node.example.uz:7480"]);
        let text = AddressNote::sign(&network(1), &secret, 7, at).write();
        let line = "address node.example.uz:7480\n";
        let many: String = (1..=5)
            .map(|port| format!("address a.uz:{port}\n"))
            .collect();
        for (from, to) in [
            (line, ""),
            (line, many.as_str()),
            (line, &line.repeat(2)),
            (line, "address NODE.example.uz:7480\n"),
            (line, "address 0.0.0.0:7480\n"),
            ("number 7", "number 07"),
            ("muhr-address/v1", "muhr-address/v2"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(AddressNote::parse(changed.as_bytes()).is_err(), "{to}");
        }
    }
}
