//! A peer that keeps no rules: it speaks the transport, and above it whatever a test wants.
//!
//! With an allowed peer's key it gets in as that peer would; with another it is a stranger.

use std::{net::SocketAddr, sync::Mutex, time::Duration};

use futures::{AsyncReadExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
    identity::{self, Keypair},
    multiaddr::Protocol,
    noise,
    swarm::{
        NetworkBehaviour, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};
use libp2p_ping as ping;
use libp2p_stream::{self as stream, Control, IncomingStreams};
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
/// How often it asks whoever it is connected with whether that is there.
const PING_EVERY: Duration = Duration::from_secs(2);

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

/// It shows that it is there: a node ends a connection through which nothing comes.
#[derive(NetworkBehaviour)]
struct Behaviour {
    streams: stream::Behaviour,
    ping: ping::Behaviour,
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

/// A message as it goes over a lane: its length, then its bytes.
#[must_use]
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

/// The next message of a lane, whatever its length.
///
/// # Errors
///
/// As the stream, when it ends.
pub async fn read_frame(stream: &mut Stream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
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
        .with_behaviour(|_| Behaviour {
            streams: stream::Behaviour::new(),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY)),
        })
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

/// A transport that turns.
struct Begun {
    events: UnboundedReceiver<Event>,
    dials: UnboundedSender<DialOpts>,
    control: Control,
}

/// Turns a transport on the runtime of the caller.
fn begin(secret: &SecretKey, listen: Option<SocketAddr>) -> Begun {
    let mut swarm = make_swarm(secret);
    if let Some(address) = listen {
        let _id = swarm.listen_on(multiaddr(address)).unwrap();
    }
    let control = swarm.behaviour().streams.new_control();
    let (dials, to_dial) = mpsc::unbounded_channel();
    let (told, events) = mpsc::unbounded_channel();
    drop(tokio::spawn(turn(swarm, to_dial, told)));
    Begun {
        events,
        dials,
        control,
    }
}

impl Hostile {
    /// Takes a key and listens if asked to.
    #[must_use]
    pub fn start(secret: &SecretKey, listen: Option<SocketAddr>) -> Self {
        let runtime = Runtime::new().unwrap();
        let begun = {
            let _inside = runtime.enter();
            begin(secret, listen)
        };
        Self {
            runtime,
            events: Mutex::new(begun.events),
            dials: begun.dials,
            control: ControlBox(begun.control),
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

    /// What lets a task keep a connection to whoever is at `address`, who should be `peer`.
    #[must_use]
    pub fn dialler(&self, address: SocketAddr, peer: PeerId) -> Dialler {
        Dialler {
            dials: self.dials.clone(),
            control: self.control(),
            address,
            peer,
        }
    }

    /// Takes whatever peers send on any lane, and forgets it.
    pub fn swallow(&self) {
        for lane in LANES {
            let mut streams = self.accept(lane);
            drop(self.runtime.spawn(async move {
                while let Some((_, mut stream)) = streams.next().await {
                    drop(tokio::spawn(async move {
                        let mut bytes = vec![0; 64 << 10];
                        while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
                    }));
                }
            }));
        }
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
    ///
    /// # Errors
    ///
    /// In words, if the peer does not take it.
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

/// Dials one peer and opens streams to it, from any task.
#[derive(Clone)]
pub struct Dialler {
    dials: UnboundedSender<DialOpts>,
    control: Control,
    address: SocketAddr,
    peer: PeerId,
}

impl std::fmt::Debug for Dialler {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Dialler to {}", self.address)
    }
}

impl Dialler {
    /// Takes a key, and turns the transport on the runtime of the caller.
    #[must_use]
    pub fn start(secret: &SecretKey, address: SocketAddr, peer: PeerId) -> Self {
        let begun = begin(secret, None);
        let dialler = Self {
            dials: begun.dials,
            control: begun.control,
            address,
            peer,
        };
        dialler.dial();
        dialler
    }

    /// Connects, unless there is a connection or one is being made.
    pub fn dial(&self) {
        let options = DialOpts::peer_id(self.peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(vec![multiaddr(self.address)])
            .build();
        let _over = self.dials.send(options);
    }

    /// A stream, if there is a connection and the other side takes it.
    pub async fn open(&mut self, lane: StreamProtocol) -> Option<Stream> {
        self.control.open_stream(self.peer, lane).await.ok()
    }
}
