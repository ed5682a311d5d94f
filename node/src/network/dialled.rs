//! One peer as the connections' keeper sees it: whether it is there, when it is dialled next, and where.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use libp2p::{PeerId, swarm::DialError};
use libp2p_stream::Control;
use protocol::peer_address::PeerAddress;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{PeerEvent, PeerIndex, heard::Presence, swarm::in_words};
use crate::{address::look_up, shared::describe};

/// The first and the longest wait between two attempts to reach a peer.
pub(super) const DIAL_FIRST: Duration = Duration::from_millis(100);
const DIAL_LONGEST: Duration = Duration::from_secs(2);
/// A connection that ends sooner was refused by the other side, once it knew who called.
const SHORT: Duration = Duration::from_secs(1);
/// So many of them in a row are told of.
const SHORT_MAX: u32 = 3;

/// A peer's number, and when it was last heard.
type Numbered = (PeerIndex, Arc<Presence>);

/// Peers by the ids that libp2p has for them. Grows as peers come; one that is not let in opens no stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids(Arc<RwLock<HashMap<PeerId, Numbered>>>);

impl Ids {
    pub(super) fn add(&self, id: PeerId, number: PeerIndex, heard: Arc<Presence>) {
        let mut ids = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ids.insert(id, (number, heard));
    }

    pub(super) fn find(&self, id: &PeerId) -> Option<Numbered> {
        let ids = self.0.read().unwrap_or_else(PoisonError::into_inner);
        ids.get(id).cloned()
    }
}

/// One peer.
pub(super) struct Dialled {
    pub(super) number: PeerIndex,
    pub(super) name: String,
    pub(super) id: PeerId,
    /// Whether it may connect now.
    pub(super) is_listed: bool,
    pub(super) addresses: Vec<PeerAddress>,
    pub(super) connected: Arc<AtomicBool>,
    pub(super) heard: Arc<Presence>,
    pub(super) up: watch::Sender<Option<Control>>,
    pub(super) wait: Duration,
    pub(super) next: Instant,
    /// Since when it is connected.
    pub(super) since: Option<Instant>,
    /// How many of the last connections ended as soon as they were there.
    pub(super) short: u32,
    /// Until when it is not let in.
    pub(super) cut_until: Option<Instant>,
    /// Its names are being looked up.
    pub(super) is_looked_up: bool,
}

/// What a look-up has found: each address with what it stands for.
pub(super) struct Resolved {
    pub(super) number: PeerIndex,
    /// Whether names were looked up.
    pub(super) are_names: bool,
    answers: Vec<(PeerAddress, io::Result<Vec<SocketAddr>>)>,
}

impl Resolved {
    /// All that was found, each once; or why nothing was.
    pub(super) fn found(self) -> Result<Vec<SocketAddr>, String> {
        let (mut found, mut reasons) = (Vec::new(), Vec::new());
        for (address, answer) in self.answers {
            match answer {
                Ok(answers) if answers.is_empty() => {
                    reasons.push(format!("{address}: the name has no address"));
                }
                Ok(answers) => found.extend(answers),
                Err(error) => reasons.push(format!("{address}: {error}")),
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|address| seen.insert(*address));
        if found.is_empty() {
            return Err(reasons.join("; "));
        }
        Ok(found)
    }
}

impl Dialled {
    /// Whether it is away and may be let in.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_listed && (self.cut_until.is_some() || !self.connected.load(Ordering::Relaxed))
    }

    /// Notes why the peer is not reached, and says so once: it is tried again for ever.
    pub(super) fn is_away(&self, reason: String) {
        if !self.connected.load(Ordering::Relaxed) && self.heard.set_trouble(Some(reason.clone())) {
            tracing::info!(event = "not-reached", peer = self.name, reason);
        }
    }

    /// There is a connection with it, the first or another.
    pub(super) fn has_come(
        &mut self,
        control: &Control,
        events: &mpsc::UnboundedSender<PeerEvent>,
    ) {
        if !self.connected.swap(true, Ordering::Relaxed) {
            self.since = Some(Instant::now());
            let _news = self.heard.set_trouble(None);
            self.up.send_replace(Some(control.clone()));
            let _gone = events.send(PeerEvent::Connected(self.number));
        }
    }

    /// Its last connection has ended.
    pub(super) fn has_gone(
        &mut self,
        cause: Option<String>,
        events: &mpsc::UnboundedSender<PeerEvent>,
    ) {
        if !self.connected.swap(false, Ordering::Relaxed) {
            return;
        }
        self.up.send_replace(None);
        let _gone = events.send(PeerEvent::Disconnected(self.number));
        let lasted = self.since.take().is_some_and(|at| at.elapsed() >= SHORT);
        if self.is_listed {
            self.is_away(cause.unwrap_or_else(|| "the connection was closed".to_owned()));
        }
        if lasted {
            (self.short, self.wait) = (0, DIAL_FIRST);
        } else if self.cut_until.is_none() && self.is_listed {
            // The first dial sees the connection come up before the other side's refusal.
            self.short = self.short.saturating_add(1);
            if self.short == SHORT_MAX {
                let _gone = events.send(PeerEvent::NotKnown(self.number));
            }
        }
        self.next = Instant::now() + self.wait;
    }

    /// Asks for the addresses of a peer that is due. Numbers need no look-up, and come back the same way.
    pub(super) fn look_up(&mut self, local: &PeerId, finds: &mpsc::UnboundedSender<Resolved>) {
        let now = Instant::now();
        if !self.is_wanted() || self.cut_until.is_some() || now < self.next {
            return;
        }
        // The side with the greater id waits a little longer, so that two rarely dial at once.
        let patience = if *local > self.id { 2 } else { 1 };
        self.next = now + self.wait * patience;
        self.wait = (self.wait * 2).min(DIAL_LONGEST);
        let numbers = self.addresses.iter().filter_map(PeerAddress::ip);
        let numbers: Vec<_> = numbers
            .map(|ip| (PeerAddress::Ip(ip), Ok(vec![ip])))
            .collect();
        if !numbers.is_empty() {
            let _gone = finds.send(Resolved {
                number: self.number,
                are_names: false,
                answers: numbers,
            });
        }
        let names = self.addresses.iter().filter(|it| it.ip().is_none());
        let names: Vec<_> = names.cloned().collect();
        // One look-up at a time for each peer: the system's may take half a minute.
        if names.is_empty() || std::mem::replace(&mut self.is_looked_up, true) {
            return;
        }
        let (number, finds) = (self.number, finds.clone());
        tokio::spawn(async move {
            let answers = names.into_iter().map(|name| async move {
                let answer = look_up(&name).await;
                (name, answer)
            });
            let answers = join_all(answers).await;
            let _gone = finds.send(Resolved {
                number,
                are_names: true,
                answers,
            });
        });
    }
}

/// Why a connection has ended: the first cause of all. What stands before it tells of layers.
pub(super) fn plainly(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let said = causes
        .map(ToString::to_string)
        .filter(|said| !said.is_empty());
    said.last().unwrap_or_else(|| describe(error))
}

/// Why a peer was not reached, for its operator; none if that says nothing of the peer.
pub(super) fn reason(error: &DialError) -> Option<String> {
    match error {
        DialError::DialPeerConditionFalse(_) | DialError::Aborted => None,
        DialError::WrongPeerId { address, .. } => Some(format!(
            "{}: a node with another key than the network names answers there",
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
}
