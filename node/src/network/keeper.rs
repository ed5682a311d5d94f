//! The keeper of the connections: dials known peers for ever, and lets in nobody else.
//!
//! It does what the node orders: other peers, another identity, a peer that is to be cut off. The lanes
//! of a peer are made once and outlive its connections, its leaves of absence and the swarm itself.

use std::{net::SocketAddr, time::Duration};

use futures::StreamExt;
use libp2p::{
    PeerId, StreamProtocol, Swarm,
    swarm::{
        SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use libp2p_stream::IncomingStreams;
use protocol::{
    key::SecretKey,
    planted::{self, Bug},
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    CUT_FOR, Carrier, Lane, NetworkFault, PeerEvent, PeerIndex,
    carrier::{CarrierOrder, Ends, PeerListing},
    dialled::{DIAL_FIRST, Dialled, Ids, Resolved, plainly, reason},
    gate::PeerHosts,
    lanes,
    swarm::{self, Behaviour, BehaviourEvent, in_words, multiaddr},
};

/// Within this an interface has told its address; where none has, nobody can connect to this node.
const ADDRESS_WITHIN: Duration = Duration::from_secs(5);

/// The keeper and what it keeps.
struct Keeper {
    swarm: Swarm<Behaviour>,
    listening: SocketAddr,
    /// All peers that were ever listed, by their numbers.
    peers: Vec<Dialled>,
    ids: Ids,
    hosts: PeerHosts,
    /// Where the streams of each lane are accepted.
    accepts: Vec<(Lane, mpsc::UnboundedSender<IncomingStreams>)>,
    events: mpsc::UnboundedSender<PeerEvent>,
    finds: mpsc::UnboundedSender<Resolved>,
}

/// Listens, starts the lanes and the task that keeps connections; returns the address in use.
pub(super) fn start(
    secret: &SecretKey,
    listen: SocketAddr,
    carrier: Carrier,
) -> Result<SocketAddr, NetworkFault> {
    let Carrier {
        inboxes,
        peers: events,
        orders,
        ..
    } = carrier;
    let (ids, hosts) = (Ids::default(), PeerHosts::default());
    let mut swarm = swarm::make_swarm(secret, &hosts)?;
    let listening = swarm::listen(&mut swarm, listen)?;
    let mut accepts = Vec::new();
    for (lane, inbox) in Lane::ALL.into_iter().zip(inboxes) {
        let (tell, told) = mpsc::unbounded_channel();
        let work = lanes::accept_lane(lane, told, ids.clone(), inbox);
        keep_alive(&events, lane.name(), work);
        accepts.push((lane, tell));
    }
    let (finds, found) = mpsc::unbounded_channel();
    let mut keeper = Keeper {
        swarm,
        listening,
        peers: Vec::new(),
        ids,
        hosts,
        accepts,
        events: events.clone(),
        finds,
    };
    keeper.accept_streams()?;
    keep_alive(&events, "connections", keeper.keep(orders, found));
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

impl Keeper {
    /// Keeps the connections: dials who is away, notes who comes and goes, does what it is ordered.
    async fn keep(
        mut self,
        mut orders: mpsc::UnboundedReceiver<CarrierOrder>,
        mut found: mpsc::UnboundedReceiver<Resolved>,
    ) {
        let mut tick = tokio::time::interval(DIAL_FIRST);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut lonely = Box::pin(tokio::time::sleep(ADDRESS_WITHIN));
        // Whether an address of this machine is known, or it was said that there is none.
        let mut has_address = false;
        loop {
            let any_away = self.peers.iter().any(Dialled::is_wanted);
            tokio::select! {
                event = self.swarm.select_next_some() => {
                    has_address |= matches!(event, SwarmEvent::NewListenAddr { .. });
                    self.on_event(event);
                }
                Some(order) = orders.recv() => self.obey(order),
                _ = tick.tick(), if any_away => {
                    self.let_in_again();
                    let local = *self.swarm.local_peer_id();
                    for peer in &mut self.peers {
                        peer.look_up(&local, &self.finds);
                    }
                }
                Some(found) = found.recv() => self.dial(found),
                () = &mut lonely, if !has_address => {
                    has_address = true;
                    tracing::warn!(event = "no-address", listening = %self.listening, "no interface of this machine has an address for this port yet; until one has, peers cannot connect to this node");
                }
            }
            if self.events.is_closed() {
                return;
            }
        }
    }

    fn obey(&mut self, order: CarrierOrder) {
        match order {
            CarrierOrder::Peers(listings) => self.set_peers(listings),
            CarrierOrder::Cut(peer) => self.cut(peer),
            CarrierOrder::Identity(secret) => {
                if let Err(fault) = self.change_identity(&secret) {
                    let _gone = self.events.send(PeerEvent::Fault(fault));
                }
            }
        }
    }

    /// These may connect and nobody else.
    fn set_peers(&mut self, listings: Vec<PeerListing>) {
        let mut gone: Vec<bool> = self.peers.iter().map(|peer| peer.is_listed).collect();
        let count = listings.len();
        for listing in listings {
            if let Some(gone) = gone.get_mut(listing.number.get()) {
                *gone = false;
            }
            self.list(listing);
        }
        let gone = gone.into_iter().zip(&mut self.peers);
        for (_, peer) in gone.filter(|(gone, _)| *gone) {
            if planted::is(Bug::RemovedPeerStays) {
                continue;
            }
            peer.is_listed = false;
            peer.addresses.clear();
            self.hosts.forget(peer.number);
            // The list closes its connections; their ends are told as all others are.
            self.swarm.behaviour_mut().allowed.disallow_peer(peer.id);
            let _news = peer.heard.set_trouble(None);
        }
        self.swarm.behaviour_mut().make_room(count);
    }

    /// A peer may connect from now on, or still, perhaps by another name or elsewhere.
    fn list(&mut self, listing: PeerListing) {
        let PeerListing {
            number,
            id,
            peer,
            ends,
        } = listing;
        if let Some(ends) = ends {
            self.add(number, id, ends);
        }
        let numbers = peer.addresses.iter().filter_map(|address| address.ip());
        self.hosts.set(number, numbers.map(|address| address.ip()));
        let Some(known) = self.peers.get_mut(number.get()) else {
            return;
        };
        known.name = peer.name;
        if known.addresses != peer.addresses {
            known.addresses = peer.addresses;
            (known.wait, known.next) = (DIAL_FIRST, Instant::now());
        }
        let was_listed = std::mem::replace(&mut known.is_listed, true);
        // Whoever was cut off a moment ago is let in when its time has come, not by leaving and returning.
        if !was_listed && known.cut_until.is_none() {
            self.swarm.behaviour_mut().allowed.allow_peer(id);
        }
    }

    /// A peer that was never known: its lanes begin.
    fn add(&mut self, number: PeerIndex, id: PeerId, ends: Ends) {
        let Ends {
            connected,
            heard,
            lanes,
        } = ends;
        let (up, _) = watch::channel(None);
        for end in lanes {
            let name = end.lane.name();
            keep_alive(
                &self.events,
                name,
                lanes::send_lane(end, id, up.subscribe()),
            );
        }
        self.ids.add(id, number, heard.clone());
        self.peers.push(Dialled {
            number,
            name: String::new(),
            id,
            is_listed: false,
            addresses: Vec::new(),
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

    /// Streams of this swarm are accepted from now on.
    fn accept_streams(&mut self) -> Result<(), NetworkFault> {
        let mut control = self.swarm.behaviour().streams.new_control();
        for (lane, tell) in &self.accepts {
            let streams = control
                .accept(StreamProtocol::new(lane.name()))
                .map_err(|error| NetworkFault::Transport(Box::new(error)))?;
            let _gone = tell.send(streams);
        }
        Ok(())
    }

    /// A swarm with another key takes the place of this one, whose connections and port end with it.
    fn change_identity(&mut self, secret: &SecretKey) -> Result<(), NetworkFault> {
        let next = swarm::make_swarm(secret, &self.hosts)?;
        if next.local_peer_id() == self.swarm.local_peer_id() {
            return Ok(());
        }
        drop(std::mem::replace(&mut self.swarm, next));
        let ended = "this node has another key on the wire now";
        for peer in &mut self.peers {
            peer.heard.forget_addresses();
            peer.has_gone(Some(ended.to_owned()), &self.events);
            (peer.short, peer.wait, peer.next) = (0, DIAL_FIRST, Instant::now());
        }
        let listed = self.peers.iter().filter(|peer| peer.is_listed);
        self.swarm.behaviour_mut().make_room(listed.count());
        for peer in &self.peers {
            if peer.is_listed && peer.cut_until.is_none() {
                self.swarm.behaviour_mut().allowed.allow_peer(peer.id);
            }
        }
        let _same = swarm::listen(&mut self.swarm, self.listening)?;
        self.accept_streams()?;
        let id = self.swarm.local_peer_id();
        tracing::info!(event = "identity-changed", %id, "this node has another key on the wire");
        Ok(())
    }

    /// Closes a peer's connections and lets it in no more for a while.
    fn cut(&mut self, peer: PeerIndex) {
        if let Some(peer) = self.peers.get_mut(peer.get()) {
            peer.cut_until = Some(Instant::now() + CUT_FOR);
            self.swarm.behaviour_mut().allowed.disallow_peer(peer.id);
        }
    }

    fn let_in_again(&mut self) {
        let now = Instant::now();
        for peer in &mut self.peers {
            let is_over = peer.cut_until.take_if(|until| *until <= now).is_some();
            if is_over && peer.is_listed {
                self.swarm.behaviour_mut().allowed.allow_peer(peer.id);
            }
        }
    }

    /// Dials all addresses that stand for a peer, one beside the other.
    fn dial(&mut self, found: Resolved) {
        let Some(peer) = self.peers.get_mut(found.number.get()) else {
            return;
        };
        let are_names = found.are_names;
        if are_names {
            peer.is_looked_up = false;
        }
        if !peer.is_listed {
            return;
        }
        let addresses = match found.found() {
            Ok(addresses) => addresses,
            Err(reason) => return peer.is_away(reason),
        };
        if are_names {
            let numbers = peer.addresses.iter().filter_map(|address| address.ip());
            let all = numbers.chain(addresses.iter().copied());
            self.hosts.set(peer.number, all.map(|address| address.ip()));
        }
        // What a name stands for is tried also while a number is, which may lead nowhere.
        let condition = if are_names {
            PeerCondition::Disconnected
        } else {
            PeerCondition::DisconnectedAndNotDialing
        };
        let options = DialOpts::peer_id(peer.id)
            .condition(condition)
            .addresses(addresses.into_iter().map(multiaddr).collect())
            // From the port that it listens on, a node that was killed could not reach a peer for as long as
            // the system remembers its last connection between the two ports: up to a minute.
            .allocate_new_port()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            tracing::debug!(event = "not-dialled", peer = peer.name, %error);
        }
    }

    fn find(&mut self, id: &PeerId) -> Option<&mut Dialled> {
        let (number, _) = self.ids.find(id)?;
        self.peers.get_mut(number.get())
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let events = self.events.clone();
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                let control = self.swarm.behaviour().streams.new_control();
                if let Some(peer) = self.find(&peer_id) {
                    let address = in_words(endpoint.get_remote_address());
                    let connection = connection_id.to_string();
                    peer.heard.set_address(connection, Some(address));
                    peer.has_come(&control, &events);
                }
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                num_established,
                cause,
                ..
            } => {
                if let Some(peer) = self.find(&peer_id) {
                    peer.heard.set_address(connection_id.to_string(), None);
                    if num_established == 0 {
                        let cause = cause.map(|cause| plainly(&cause));
                        peer.has_gone(cause, &events);
                    }
                }
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer_id),
                error,
                ..
            } => {
                if let Some(peer) = self.find(&peer_id)
                    && peer.is_listed
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
}
