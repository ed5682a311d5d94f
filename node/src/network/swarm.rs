//! The swarm: one identity, its transport, and limits on everything that is not a known peer.
//!
//! A swarm has one key for as long as it lives. Whoever changes the key makes another (`keeper`).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, Transport,
    core::{transport::TransportError, upgrade::Version},
    identity::{self, Keypair},
    multiaddr::Protocol,
    noise,
    swarm::NetworkBehaviour,
    tcp, yamux,
};
use libp2p_allow_block_list::{AllowedPeers, Behaviour as AllowList};
use libp2p_connection_limits::{Behaviour as Limits, ConnectionLimits};
use libp2p_ping as ping;
use libp2p_stream as stream;
use protocol::key::{PublicKey, SecretKey};

use super::{
    NetworkFault,
    gate::{Gate, PeerHosts},
    watched::Watched,
};
use crate::{descriptors, limits};

/// Within this a connection is made, with all handshakes, or tried anew: a cut that ends is noticed soon.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How often each side of a connection asks the other whether it is there. Several may be lost before
/// the connection counts as silent.
const PING_EVERY: Duration = Duration::from_secs(2);
/// How long a connection may stay without streams before it is closed; peers always have some.
const IDLE: Duration = Duration::from_secs(60);

/// Why a transport is not secured.
type Unsecured = Box<dyn std::error::Error + Send + Sync>;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) allowed: AllowList<AllowedPeers>,
    limits: Limits,
    ping: ping::Behaviour,
    pub(super) streams: stream::Behaviour,
}

impl Behaviour {
    /// Bounds connections to what so many peers may have.
    pub(super) fn make_room(&mut self, peers: usize) {
        *self.limits.limits_mut() = limits_of(peers);
    }
}

/// How many handshakes come in is the gate's affair, which prefers the newcomer.
fn limits_of(peers: usize) -> ConnectionLimits {
    let total = u32::try_from(descriptors::peer_connections(peers)).unwrap_or(u32::MAX);
    ConnectionLimits::default()
        .with_max_pending_outgoing(Some(total))
        .with_max_established_per_peer(Some(descriptors::CONNECTIONS_A_PEER))
        .with_max_established(Some(total))
}

/// The id by which libp2p names the holder of `key`.
pub(super) fn peer_id(key: &PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// A swarm that lets nobody in yet and listens nowhere.
pub(super) fn make_swarm(
    secret: &SecretKey,
    hosts: &PeerHosts,
) -> Result<Swarm<Behaviour>, NetworkFault> {
    let mut seed = *secret.seed();
    let keypair = Keypair::ed25519_from_bytes(&mut seed)
        .map_err(|error| NetworkFault::Transport(Box::new(error)))?;
    let behaviour = Behaviour {
        allowed: AllowList::default(),
        limits: Limits::new(limits_of(0)),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY)),
        streams: stream::Behaviour::new(),
    };
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_other_transport(|keypair| -> Result<_, Unsecured> {
            let plain = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
            let secured = plain
                .map(|socket, _| Watched::new(socket))
                .upgrade(Version::V1Lazy)
                .authenticate(noise::Config::new(keypair)?)
                .multiplex(yamux::Config::default());
            Ok(Gate::new(
                secured,
                limits::PEER_HANDSHAKES_MAX,
                hosts.clone(),
            ))
        })
        .map_err(|error| NetworkFault::Transport(Box::new(error)))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| NetworkFault::Transport(Box::new(error)))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .with_connection_timeout(CONNECT_WITHIN)
        .build();
    Ok(swarm)
}

/// Listens, on IPv4 too if on any address of IPv6. The port is bound here first: the transport shares
/// ports, so a second node on this one would only be missed by its peers.
pub(super) fn listen(
    swarm: &mut Swarm<Behaviour>,
    address: SocketAddr,
) -> Result<SocketAddr, NetworkFault> {
    let fault = |source| NetworkFault::Listen { address, source };
    let bind = |address: SocketAddr| TcpListener::bind(address).and_then(|it| it.local_addr());
    let is_any = address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let v4 = |port: u16| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listening = match bind(address) {
        Err(error) if is_any && lacks_family(&error) => {
            tracing::warn!(event = "no-ipv6", %error, "this machine has no IPv6; peers can connect by IPv4 alone");
            bind(v4(address.port())).map_err(fault)?
        }
        bound => bound.map_err(fault)?,
    };
    let both = (is_any && listening.is_ipv6()).then(|| v4(listening.port()));
    for each in [Some(listening), both].into_iter().flatten() {
        swarm.listen_on(multiaddr(each)).map_err(|error| {
            fault(match error {
                TransportError::Other(error) => error,
                TransportError::MultiaddrNotSupported(_) => io::ErrorKind::Unsupported.into(),
            })
        })?;
    }
    Ok(listening)
}

/// Whether an address cannot be bound because the machine has none of its family.
fn lacks_family(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// `192.0.2.1:7480`, as people write addresses; as it is if it is none of those.
pub(super) fn in_words(address: &Multiaddr) -> String {
    let mut parts = address.iter();
    let ip: Option<IpAddr> = match parts.next() {
        Some(Protocol::Ip4(ip)) => Some(ip.into()),
        Some(Protocol::Ip6(ip)) => Some(ip.into()),
        _ => None,
    };
    match (ip, parts.next()) {
        (Some(ip), Some(Protocol::Tcp(port))) => SocketAddr::from((ip, port)).to_string(),
        _ => address.to_string(),
    }
}

pub(super) fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::empty()
        .with(address.ip().into())
        .with(Protocol::Tcp(address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_people_write_them() {
        for (address, said) in [
            ("/ip4/192.0.2.1/tcp/7480", "192.0.2.1:7480"),
            (
                "/ip6/2001:db8::1/tcp/7480/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
                "[2001:db8::1]:7480",
            ),
            (
                "/dns/node.example.uz/tcp/7480",
                "/dns/node.example.uz/tcp/7480",
            ),
        ] {
            assert_eq!(in_words(&address.parse().unwrap()), said);
        }
    }
}
