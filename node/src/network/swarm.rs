//! The swarm: connections to known peers, dialled again for ever, limits on everything else.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport,
    core::{transport::TransportError, upgrade::Version},
    identity::{self, Keypair},
    multiaddr::Protocol,
    noise,
    swarm::{
        DialError, NetworkBehaviour, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};
use libp2p_allow_block_list::{AllowedPeers, Behaviour as AllowList};
use libp2p_connection_limits::{Behaviour as Limits, ConnectionLimits};
use libp2p_ping as ping;
use libp2p_stream as stream;
use protocol::key::PublicKey;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    CUT_FOR, Carrier, Lane, NetworkFault, PeerEvent, PeerIndex, Setup, carrier::Ends, gate::Gate,
    heard::Presence, lanes, watched::Watched,
};
use crate::{address::PeerAddress, descriptors, limits, shared::describe};

/// The first and the longest wait between two attempts to reach a peer.
const DIAL_FIRST: Duration = Duration::from_millis(100);
const DIAL_LONGEST: Duration = Duration::from_secs(2);
/// A connection that ends sooner was refused by the other side, once it knew who called.
const SHORT: Duration = Duration::from_secs(1);
/// So many of them in a row are told of.
const SHORT_MAX: u32 = 3;
/// Within this a connection is made, with all handshakes, or tried anew: a cut that ends is noticed soon.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Within this an interface has told its address; where none has, nobody can connect to this node.
const ADDRESS_WITHIN: Duration = Duration::from_secs(5);
/// How often each side of a connection asks the other whether it is there. Several may be lost before
/// the connection counts as silent.
const PING_EVERY: Duration = Duration::from_secs(2);
/// How long a connection may stay without streams before it is closed; peers always have some.
const IDLE: Duration = Duration::from_secs(60);

/// Why a transport is not secured.
type Unsecured = Box<dyn std::error::Error + Send + Sync>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    allowed: AllowList<AllowedPeers>,
    limits: Limits,
    ping: ping::Behaviour,
    streams: stream::Behaviour,
}

/// The id by which libp2p names the holder of `key`.
pub(super) fn peer_id(key: &PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// One peer as the swarm's task sees it.
struct Dialled {
    name: String,
    id: PeerId,
    connected: Arc<AtomicBool>,
    heard: Arc<Presence>,
    up: watch::Sender<bool>,
    wait: Duration,
    next: Instant,
    /// Since when it is connected.
    since: Option<Instant>,
    /// How many of the last connections ended as soon as they were there.
    short: u32,
    /// Until when it is not let in.
    cut_until: Option<Instant>,
    /// Its name is being looked up.
    is_looked_up: bool,
}

/// What a look-up has found.
struct Resolved {
    number: usize,
    address: PeerAddress,
    answer: io::Result<Vec<SocketAddr>>,
}

impl Dialled {
    /// Notes why the peer is not reached, and says so once: it is tried again for ever.
    fn is_away(&self, reason: String) {
        if !self.connected.load(Ordering::Relaxed) && self.heard.set_trouble(Some(reason.clone())) {
            tracing::info!(event = "not-reached", peer = self.name, reason);
        }
    }

    /// There is a connection with it, the first or another.
    fn has_come(&mut self, number: PeerIndex, events: &mpsc::UnboundedSender<PeerEvent>) {
        if !self.connected.swap(true, Ordering::Relaxed) {
            self.since = Some(Instant::now());
            let _news = self.heard.set_trouble(None);
            self.up.send_replace(true);
            let _gone = events.send(PeerEvent::Connected(number));
        }
    }

    /// Its last connection has ended.
    fn has_gone(
        &mut self,
        number: PeerIndex,
        cause: Option<String>,
        events: &mpsc::UnboundedSender<PeerEvent>,
    ) {
        self.is_away(cause.unwrap_or_else(|| "the connection was closed".to_owned()));
        self.up.send_replace(false);
        let _gone = events.send(PeerEvent::Disconnected(number));
        let lasted = self.since.take().is_some_and(|at| at.elapsed() >= SHORT);
        if lasted {
            (self.short, self.wait) = (0, DIAL_FIRST);
        } else if self.cut_until.is_none() {
            // The first dial sees the connection come up before the other side's refusal.
            self.short = self.short.saturating_add(1);
            if self.short == SHORT_MAX {
                let _gone = events.send(PeerEvent::NotKnown(number));
            }
        }
        self.next = Instant::now() + self.wait;
    }
}

/// Listens, starts the lanes and the task that keeps connections; returns the address in use.
pub(super) async fn start(
    setup: Setup,
    ids: Vec<PeerId>,
    carrier: Carrier,
    addresses: watch::Receiver<Vec<Option<PeerAddress>>>,
) -> Result<SocketAddr, NetworkFault> {
    let Carrier {
        outgoing,
        inboxes,
        peers: events,
        cuts,
    } = carrier;
    let mut swarm = make_swarm(&setup, &ids)?;
    let listening = listen(&mut swarm, setup.listen)?;
    let mut control = swarm.behaviour().streams.new_control();
    let heard = outgoing.iter().map(|ends| Arc::clone(&ends.heard));
    let known = Arc::new(ids.iter().copied().zip(heard).collect::<Vec<_>>());
    for (lane, inbox) in Lane::ALL.into_iter().zip(inboxes) {
        let streams = control
            .accept(StreamProtocol::new(lane.name()))
            .map_err(|error| NetworkFault::Transport(Box::new(error)))?;
        let work = lanes::accept_lane(lane, streams, Arc::clone(&known), inbox);
        keep_alive(&events, lane.name(), work);
    }
    let mut dialled = Vec::new();
    for ((peer, id), ends) in setup.peers.iter().zip(&ids).zip(outgoing) {
        let Ends {
            connected,
            heard,
            lanes,
        } = ends;
        let (up, _) = watch::channel(false);
        for end in lanes {
            let name = end.lane.name();
            let work = lanes::send_lane(end, control.clone(), *id, up.subscribe());
            keep_alive(&events, name, work);
        }
        dialled.push(Dialled {
            name: peer.name.clone(),
            id: *id,
            connected,
            heard,
            up,
            wait: DIAL_FIRST,
            next: Instant::now(),
            since: None,
            short: 0,
            cut_until: None,
            is_looked_up: false,
        });
    }
    let work = keep(swarm, dialled, addresses, listening, events.clone(), cuts);
    keep_alive(&events, "connections", work);
    Ok(listening)
}

/// Turns a part for as long as the network is used. A panic inside must not be silent: the node stops
/// and its operator restarts it.
fn keep_alive(
    events: &mpsc::UnboundedSender<PeerEvent>,
    part: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let (events, work) = (events.clone(), tokio::spawn(work));
    tokio::spawn(async move {
        let source = work.await.err();
        // Nobody listens any more if the node is ending.
        let _gone = events.send(PeerEvent::Fault(NetworkFault::TaskEnded { part, source }));
    });
}

fn make_swarm(setup: &Setup, ids: &[PeerId]) -> Result<Swarm<Behaviour>, NetworkFault> {
    let mut seed = *setup.secret.seed();
    let keypair = Keypair::ed25519_from_bytes(&mut seed)
        .map_err(|error| NetworkFault::Transport(Box::new(error)))?;
    let mut allowed = AllowList::<AllowedPeers>::default();
    for id in ids {
        allowed.allow_peer(*id);
    }
    let total = u32::try_from(descriptors::peer_connections(ids.len())).unwrap_or(u32::MAX);
    // How many handshakes come in is the gate's affair, which prefers the newcomer.
    let connections = ConnectionLimits::default()
        .with_max_pending_outgoing(Some(total))
        .with_max_established_per_peer(Some(descriptors::CONNECTIONS_A_PEER))
        .with_max_established(Some(total));
    let behaviour = Behaviour {
        allowed,
        limits: Limits::new(connections),
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
            let known = setup
                .peers
                .iter()
                .filter_map(|peer| peer.address.as_ref()?.ip());
            let known = known.map(|address| address.ip().to_canonical()).collect();
            let gate = Gate::new(secured, limits::PEER_HANDSHAKES_MAX, known);
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(gate)
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
fn listen(swarm: &mut Swarm<Behaviour>, address: SocketAddr) -> Result<SocketAddr, NetworkFault> {
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
fn in_words(address: &Multiaddr) -> String {
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

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::empty()
        .with(address.ip().into())
        .with(Protocol::Tcp(address.port()))
}

/// Keeps the connections: dials who is away, notes who comes and goes.
async fn keep(
    mut swarm: Swarm<Behaviour>,
    mut peers: Vec<Dialled>,
    addresses: watch::Receiver<Vec<Option<PeerAddress>>>,
    listening: SocketAddr,
    events: mpsc::UnboundedSender<PeerEvent>,
    mut cuts: mpsc::UnboundedReceiver<PeerIndex>,
) {
    let local = *swarm.local_peer_id();
    let mut tick = tokio::time::interval(DIAL_FIRST);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (finds, mut found) = mpsc::unbounded_channel();
    let mut lonely = Box::pin(tokio::time::sleep(ADDRESS_WITHIN));
    // Whether an address of this machine is known, or it was said that there is none.
    let mut has_address = false;
    loop {
        let all_up = peers
            .iter()
            .all(|peer| peer.connected.load(Ordering::Relaxed) && peer.cut_until.is_none());
        tokio::select! {
            event = swarm.select_next_some() => {
                has_address |= matches!(event, SwarmEvent::NewListenAddr { .. });
                on_event(event, &mut peers, &events);
            }
            Some(peer) = cuts.recv() => cut(&mut swarm, &mut peers, peer),
            _ = tick.tick(), if !all_up => {
                let_in_again(&mut swarm, &mut peers);
                dial(&local, &mut peers, &addresses.borrow(), &finds);
            }
            Some(found) = found.recv() => dial_found(&mut swarm, &mut peers, found),
            () = &mut lonely, if !has_address => {
                has_address = true;
                tracing::warn!(event = "no-address", %listening, "no interface of this machine has an address for this port yet; until one has, peers cannot connect to this node");
            }
        }
        if events.is_closed() {
            return;
        }
    }
}

/// Closes a peer's connections and lets it in no more for a while.
fn cut(swarm: &mut Swarm<Behaviour>, peers: &mut [Dialled], peer: PeerIndex) {
    if let Some(peer) = peers.get_mut(peer.get()) {
        peer.cut_until = Some(Instant::now() + CUT_FOR);
        swarm.behaviour_mut().allowed.disallow_peer(peer.id);
    }
}

fn let_in_again(swarm: &mut Swarm<Behaviour>, peers: &mut [Dialled]) {
    let now = Instant::now();
    for peer in peers {
        if peer.cut_until.take_if(|until| *until <= now).is_some() {
            swarm.behaviour_mut().allowed.allow_peer(peer.id);
        }
    }
}

/// Asks for the addresses of those that are due. Numbers need no look-up, and come back the same way.
fn dial(
    local: &PeerId,
    peers: &mut [Dialled],
    addresses: &[Option<PeerAddress>],
    finds: &mpsc::UnboundedSender<Resolved>,
) {
    let now = Instant::now();
    for (number, (peer, address)) in peers.iter_mut().zip(addresses).enumerate() {
        let Some(address) = address.clone() else {
            continue;
        };
        let waits = peer.cut_until.is_some() || peer.is_looked_up || now < peer.next;
        if peer.connected.load(Ordering::Relaxed) || waits {
            continue;
        }
        // The side with the greater id waits a little longer, so that two rarely dial at once.
        let patience = if *local > peer.id { 2 } else { 1 };
        peer.next = now + peer.wait * patience;
        peer.wait = (peer.wait * 2).min(DIAL_LONGEST);
        if let Some(ip) = address.ip() {
            let answer = Ok(vec![ip]);
            let _gone = finds.send(Resolved {
                number,
                address,
                answer,
            });
            continue;
        }
        // One look-up at a time for each peer: the system's may take half a minute.
        peer.is_looked_up = true;
        let finds = finds.clone();
        tokio::spawn(async move {
            let answer = address.look_up().await;
            let _gone = finds.send(Resolved {
                number,
                address,
                answer,
            });
        });
    }
}

/// Dials all addresses that stand for a peer, one after the other.
fn dial_found(swarm: &mut Swarm<Behaviour>, peers: &mut [Dialled], found: Resolved) {
    let Some(peer) = peers.get_mut(found.number) else {
        return;
    };
    peer.is_looked_up = false;
    let addresses = match found.answer {
        Ok(addresses) if addresses.is_empty() => {
            return peer.is_away(format!("{}: the name has no address", found.address));
        }
        Ok(addresses) => addresses,
        Err(error) => return peer.is_away(format!("{}: {error}", found.address)),
    };
    let options = DialOpts::peer_id(peer.id)
        .condition(PeerCondition::DisconnectedAndNotDialing)
        .addresses(addresses.into_iter().map(multiaddr).collect())
        // From the port that it listens on, a node that was killed could not reach a peer for as long as the
        // system remembers its last connection between the two ports: up to a minute.
        .allocate_new_port()
        .build();
    if let Err(error) = swarm.dial(options) {
        tracing::debug!(event = "not-dialled", peer = peer.name, %error);
    }
}

fn on_event(
    event: SwarmEvent<BehaviourEvent>,
    peers: &mut [Dialled],
    events: &mpsc::UnboundedSender<PeerEvent>,
) {
    match event {
        SwarmEvent::ConnectionEstablished {
            peer_id,
            connection_id,
            endpoint,
            ..
        } => {
            if let Some((number, peer)) = find(peers, &peer_id) {
                let address = in_words(endpoint.get_remote_address());
                let connection = connection_id.to_string();
                peer.heard.set_address(connection, Some(address));
                peer.has_come(PeerIndex(number), events);
            }
        }
        SwarmEvent::ConnectionClosed {
            peer_id,
            connection_id,
            num_established,
            cause,
            ..
        } => {
            if let Some((number, peer)) = find(peers, &peer_id) {
                peer.heard.set_address(connection_id.to_string(), None);
                if num_established == 0 && peer.connected.swap(false, Ordering::Relaxed) {
                    let cause = cause.map(|cause| plainly(&cause));
                    peer.has_gone(PeerIndex(number), cause, events);
                }
            }
        }
        SwarmEvent::OutgoingConnectionError {
            peer_id: Some(peer_id),
            error,
            ..
        } => {
            if let Some((_, peer)) = find(peers, &peer_id)
                && let Some(reason) = reason(&error)
            {
                peer.is_away(reason);
            }
        }
        SwarmEvent::ListenerError { error, .. } => {
            tracing::warn!(event = "listener-error", %error);
        }
        SwarmEvent::ListenerClosed {
            reason: Err(error), ..
        } => {
            let _gone = events.send(PeerEvent::Fault(NetworkFault::PortClosed(error)));
        }
        SwarmEvent::IncomingConnectionError { error, .. } => {
            tracing::debug!(event = "refused-connection", %error)
        }
        _ => {}
    }
}

/// Why a connection has ended: the first cause of all. What stands before it tells of layers.
fn plainly(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let said = causes
        .map(ToString::to_string)
        .filter(|said| !said.is_empty());
    said.last().unwrap_or_else(|| describe(error))
}

/// Why a peer was not reached, for its operator; none if that says nothing of the peer.
fn reason(error: &DialError) -> Option<String> {
    match error {
        DialError::DialPeerConditionFalse(_) | DialError::Aborted => None,
        DialError::WrongPeerId { address, .. } => Some(format!(
            "{}: a node with another key than the genesis names answers there",
            in_words(address)
        )),
        DialError::Transport(failures) => {
            let each = failures
                .iter()
                .map(|(address, error)| format!("{}: {}", in_words(address), describe(error)));
            Some(each.collect::<Vec<_>>().join("; "))
        }
        other => Some(describe(other)),
    }
}

fn find<'a>(peers: &'a mut [Dialled], id: &PeerId) -> Option<(usize, &'a mut Dialled)> {
    peers
        .iter_mut()
        .enumerate()
        .find(|(_, peer)| peer.id == *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_connection_is_told_in_plain_words() {
        let silent = io::Error::new(io::ErrorKind::TimedOut, "nothing was heard for 8 s");
        let decoding = yamux_error(silent);
        let of_layers = io::Error::other(decoding);
        assert_ne!(of_layers.to_string(), "nothing was heard for 8 s");
        assert_eq!(plainly(&of_layers), "nothing was heard for 8 s");
    }

    /// As the multiplexer wraps what its socket says.
    fn yamux_error(source: io::Error) -> Layer {
        Layer(Inner(source))
    }

    #[derive(Debug, thiserror::Error)]
    #[error("decode error: {0}")]
    struct Layer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("i/o error: {0}")]
    struct Inner(#[source] io::Error);

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
