//! The swarm: connections to known peers, dialled again for ever, limits on everything else.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    identity::{self, Keypair},
    multiaddr::Protocol,
    noise,
    swarm::{
        NetworkBehaviour, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};
use libp2p_allow_block_list::{AllowedPeers, Behaviour as AllowList};
use libp2p_connection_limits::{Behaviour as Limits, ConnectionLimits};
use libp2p_memory_connection_limits::Behaviour as MemoryLimit;
use libp2p_stream as stream;
use protocol::key::PublicKey;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{Carrier, Fault, Lane, PeerEvent, PeerIndex, Setup, lanes};

/// Connections that are still shaking hands.
const PENDING_MAX: u32 = 16;
/// Memory of the whole process above which new connections are refused.
const MEMORY_BYTES_MAX: usize = 4 << 30;
/// The first and the longest wait between two attempts to reach a peer.
const DIAL_FIRST: Duration = Duration::from_millis(100);
const DIAL_LONGEST: Duration = Duration::from_secs(2);
/// How long a connection may stay without streams before it is closed; peers always have some.
const IDLE: Duration = Duration::from_secs(60);

#[derive(NetworkBehaviour)]
struct Behaviour {
    allowed: AllowList<AllowedPeers>,
    limits: Limits,
    memory: MemoryLimit,
    streams: stream::Behaviour,
}

/// The id by which libp2p names the holder of `key`.
pub(super) fn peer_id(key: &PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// One peer as the swarm's task sees it.
struct Dialled {
    id: PeerId,
    address: Option<Multiaddr>,
    connected: Arc<AtomicBool>,
    up: watch::Sender<bool>,
    wait: Duration,
    next: Instant,
}

/// Listens, starts the lanes and the task that keeps connections; returns the address in use.
pub(super) async fn start(
    setup: Setup,
    ids: Vec<PeerId>,
    carrier: Carrier,
) -> Result<SocketAddr, Fault> {
    let Carrier {
        outgoing,
        inboxes,
        peers: events,
    } = carrier;
    let mut swarm = make_swarm(&setup, &ids)?;
    let listening = listen(&mut swarm, setup.listen).await?;
    let mut control = swarm.behaviour().streams.new_control();
    let shared_ids = Arc::new(ids.clone());
    for (lane, inbox) in Lane::ALL.into_iter().zip(inboxes) {
        let streams = control
            .accept(StreamProtocol::new(lane.name()))
            .map_err(|error| Fault::Transport(error.to_string()))?;
        tokio::spawn(lanes::accept_lane(
            lane,
            streams,
            Arc::clone(&shared_ids),
            inbox,
        ));
    }
    let mut dialled = Vec::new();
    for ((peer, id), (connected, ends)) in setup.peers.iter().zip(&ids).zip(outgoing) {
        let (up, _) = watch::channel(false);
        for end in ends {
            tokio::spawn(lanes::send_lane(end, control.clone(), *id, up.subscribe()));
        }
        let address = peer.address.map(|address| {
            Multiaddr::empty()
                .with(address.ip().into())
                .with(Protocol::Tcp(address.port()))
        });
        dialled.push(Dialled {
            id: *id,
            address,
            connected,
            up,
            wait: DIAL_FIRST,
            next: Instant::now(),
        });
    }
    let failures = events.clone();
    let task = tokio::spawn(keep(swarm, dialled, events));
    tokio::spawn(async move {
        // A panic inside the transport must not be silent: the node stops and its operator restarts it.
        if let Err(error) = task.await {
            let _gone = failures.send(PeerEvent::Fault(format!("the network task ended: {error}")));
        }
    });
    Ok(listening)
}

fn make_swarm(setup: &Setup, ids: &[PeerId]) -> Result<Swarm<Behaviour>, Fault> {
    let transport = |error: &dyn std::fmt::Display| Fault::Transport(error.to_string());
    let mut seed = *setup.secret.seed();
    let keypair = Keypair::ed25519_from_bytes(&mut seed).map_err(|error| transport(&error))?;
    let mut allowed = AllowList::<AllowedPeers>::default();
    for id in ids {
        allowed.allow_peer(*id);
    }
    let total = u32::try_from(ids.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(2)
        .saturating_add(4);
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_MAX))
        .with_max_pending_outgoing(Some(total))
        .with_max_established_per_peer(Some(2))
        .with_max_established(Some(total));
    let behaviour = Behaviour {
        allowed,
        limits: Limits::new(limits),
        memory: MemoryLimit::with_max_bytes(MEMORY_BYTES_MAX),
        streams: stream::Behaviour::new(),
    };
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )
        .map_err(|error| transport(&error))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| transport(&error))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
        .build();
    Ok(swarm)
}

async fn listen(swarm: &mut Swarm<Behaviour>, address: SocketAddr) -> Result<SocketAddr, Fault> {
    let fault = |reason: String| Fault::Listen { address, reason };
    let wanted = Multiaddr::empty()
        .with(address.ip().into())
        .with(Protocol::Tcp(address.port()));
    swarm
        .listen_on(wanted)
        .map_err(|error| fault(error.to_string()))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address: found, .. } => {
                let port = found.iter().find_map(|part| {
                    if let Protocol::Tcp(port) = part {
                        Some(port)
                    } else {
                        None
                    }
                });
                return Ok(SocketAddr::new(
                    address.ip(),
                    port.unwrap_or(address.port()),
                ));
            }
            SwarmEvent::ListenerClosed { reason, .. } => return Err(fault(format!("{reason:?}"))),
            SwarmEvent::ListenerError { error, .. } => return Err(fault(error.to_string())),
            _ => {}
        }
    }
}

/// Keeps the connections: dials who is away, notes who comes and goes.
async fn keep(
    mut swarm: Swarm<Behaviour>,
    mut peers: Vec<Dialled>,
    events: mpsc::UnboundedSender<PeerEvent>,
) {
    let mut tick = tokio::time::interval(DIAL_FIRST);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let all_up = peers
            .iter()
            .all(|peer| peer.address.is_none() || peer.connected.load(Ordering::Relaxed));
        tokio::select! {
            event = swarm.select_next_some() => on_event(event, &mut peers, &events),
            _ = tick.tick(), if !all_up => dial(&mut swarm, &mut peers),
        }
        if events.is_closed() {
            return;
        }
    }
}

fn dial(swarm: &mut Swarm<Behaviour>, peers: &mut [Dialled]) {
    let now = Instant::now();
    let local = *swarm.local_peer_id();
    for peer in peers {
        let Some(address) = &peer.address else {
            continue;
        };
        if peer.connected.load(Ordering::Relaxed) || now < peer.next {
            continue;
        }
        let options = DialOpts::peer_id(peer.id)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(vec![address.clone()])
            .build();
        if let Err(error) = swarm.dial(options) {
            tracing::debug!(event = "not-dialled", peer = %peer.id, %error);
        }
        // The side with the greater id waits a little longer, so that two rarely dial at once.
        let patience = if local > peer.id { 2 } else { 1 };
        peer.next = now + peer.wait * patience;
        peer.wait = (peer.wait * 2).min(DIAL_LONGEST);
    }
}

fn on_event(
    event: SwarmEvent<BehaviourEvent>,
    peers: &mut [Dialled],
    events: &mpsc::UnboundedSender<PeerEvent>,
) {
    match event {
        SwarmEvent::ConnectionEstablished { peer_id, .. } => {
            if let Some((number, peer)) = find(peers, &peer_id)
                && !peer.connected.swap(true, Ordering::Relaxed)
            {
                peer.wait = DIAL_FIRST;
                peer.up.send_replace(true);
                let _gone = events.send(PeerEvent::Connected(PeerIndex(number)));
            }
        }
        SwarmEvent::ConnectionClosed {
            peer_id,
            num_established: 0,
            ..
        } => {
            if let Some((number, peer)) = find(peers, &peer_id)
                && peer.connected.swap(false, Ordering::Relaxed)
            {
                peer.next = Instant::now() + DIAL_FIRST;
                peer.up.send_replace(false);
                let _gone = events.send(PeerEvent::Disconnected(PeerIndex(number)));
            }
        }
        SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
            tracing::debug!(event = "not-reached", ?peer_id, %error)
        }
        SwarmEvent::IncomingConnectionError { error, .. } => {
            tracing::debug!(event = "refused-connection", %error)
        }
        _ => {}
    }
}

fn find<'a>(peers: &'a mut [Dialled], id: &PeerId) -> Option<(usize, &'a mut Dialled)> {
    peers
        .iter_mut()
        .enumerate()
        .find(|(_, peer)| peer.id == *id)
}
