//! A peer that keeps no rules: it speaks the transport, and above it whatever a test wants.
//!
//! With an allowed peer's key it gets in as that peer would; with another it is a stranger.

use std::{net::SocketAddr, sync::Mutex, time::Duration};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
    identity::{self, Keypair},
    multiaddr::Protocol,
    noise,
    swarm::{SwarmEvent, dial_opts::DialOpts},
    tcp, yamux,
};
use libp2p_stream::{Behaviour, Control, IncomingStreams};
use protocol::key::{PublicKey, SecretKey};
use tokio::{
    runtime::Runtime,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::timeout,
};

/// The three lanes of a node.
pub const LANES: [&str; 3] = ["/muhr/consensus/1", "/muhr/entries/1", "/muhr/sync/1"];
/// How long anything is waited for.
const WITHIN: Duration = Duration::from_secs(30);

/// What the transport says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A handshake was completed on this side; the other may still refuse.
    Connected(PeerId),
    /// A connection has ended.
    Closed(PeerId),
    /// A connection did not come about.
    Failed(String),
}

/// One such peer.
#[derive(Debug)]
pub struct Hostile {
    runtime: Runtime,
    events: Mutex<UnboundedReceiver<Event>>,
    dials: UnboundedSender<DialOpts>,
    control: ControlBox,
}

/// The control, which cannot show itself.
struct ControlBox(Control);

impl std::fmt::Debug for ControlBox {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Control")
    }
}

/// The id by which the transport names the holder of `key`.
#[must_use]
pub fn peer_id(key: &PublicKey) -> PeerId {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).unwrap();
    identity::PublicKey::from(key).to_peer_id()
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::empty()
        .with(address.ip().into())
        .with(Protocol::Tcp(address.port()))
}

fn make_swarm(secret: &SecretKey) -> Swarm<Behaviour> {
    let mut seed = *secret.seed();
    SwarmBuilder::with_existing_identity(Keypair::ed25519_from_bytes(&mut seed).unwrap())
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|_| Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(WITHIN))
        .build()
}

async fn turn(
    mut swarm: Swarm<Behaviour>,
    mut dials: UnboundedReceiver<DialOpts>,
    events: UnboundedSender<Event>,
) {
    loop {
        let event = tokio::select! {
            event = swarm.select_next_some() => event,
            dial = dials.recv() => {
                let Some(options) = dial else { return };
                if let Err(error) = swarm.dial(options) {
                    let _gone = events.send(Event::Failed(error.to_string()));
                }
                continue;
            }
        };
        let told = match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => Event::Connected(peer_id),
            SwarmEvent::ConnectionClosed { peer_id, .. } => Event::Closed(peer_id),
            SwarmEvent::OutgoingConnectionError { error, .. } => Event::Failed(error.to_string()),
            SwarmEvent::IncomingConnectionError { error, .. } => Event::Failed(error.to_string()),
            _ => continue,
        };
        let _gone = events.send(told);
    }
}

impl Hostile {
    /// Takes a key and listens if asked to.
    #[must_use]
    pub fn start(secret: &SecretKey, listen: Option<SocketAddr>) -> Self {
        let runtime = Runtime::new().unwrap();
        let swarm = {
            let _inside = runtime.enter();
            let mut swarm = make_swarm(secret);
            if let Some(address) = listen {
                let _id = swarm.listen_on(multiaddr(address)).unwrap();
            }
            swarm
        };
        let control = ControlBox(swarm.behaviour().new_control());
        let (dials, to_dial) = mpsc::unbounded_channel();
        let (told, events) = mpsc::unbounded_channel();
        drop(runtime.spawn(turn(swarm, to_dial, told)));
        Self {
            runtime,
            events: Mutex::new(events),
            dials,
            control,
        }
    }

    /// Where asynchronous parts of a test run.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Tries to connect to whoever is at `address`, who should be `peer`.
    pub fn dial(&self, address: SocketAddr, peer: PeerId) {
        let options = DialOpts::peer_id(peer)
            .addresses(vec![multiaddr(address)])
            .build();
        self.dials.send(options).unwrap();
    }

    /// Waits until something happens for which `wanted` holds.
    pub fn wait_for(&self, wanted: impl Fn(&Event) -> bool) -> Event {
        let mut events = self.events.lock().unwrap();
        let found = async {
            loop {
                let event = events.recv().await.unwrap();
                if wanted(&event) {
                    return event;
                }
            }
        };
        self.runtime
            .block_on(async { timeout(WITHIN, found).await })
            .expect("the transport says nothing of the kind")
    }

    /// What happens within a time.
    pub fn events_for(&self, within: Duration) -> Vec<Event> {
        let mut events = self.events.lock().unwrap();
        let mut found = Vec::new();
        self.runtime.block_on(async {
            let all = async {
                while let Some(event) = events.recv().await {
                    found.push(event);
                }
            };
            let _over = timeout(within, all).await;
        });
        found
    }

    /// What lets a test open and take streams.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.0.clone()
    }

    /// Takes the streams that peers open on a lane.
    pub fn accept(&self, lane: &'static str) -> IncomingStreams {
        self.control().accept(StreamProtocol::new(lane)).unwrap()
    }

    /// Opens a stream on a lane.
    pub fn open(&self, peer: PeerId, lane: &'static str) -> Result<Stream, String> {
        let mut control = self.control();
        let opened = async move {
            control
                .open_stream(peer, StreamProtocol::new(lane))
                .await
                .map_err(|error| error.to_string())
        };
        self.runtime
            .block_on(async { timeout(WITHIN, opened).await })
            .unwrap_or_else(|_| Err("nobody answers".to_owned()))
    }
}
