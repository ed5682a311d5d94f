//! What peers do wrong: counted, told in at most one line a second for each peer, and in the end cut off.
//!
//! A line for every bad message would let a peer fill this machine's disk. Nothing here is proof: only
//! what came over a peer's own connection is counted, and it says nothing to others. Proofs of
//! misbehaviour are `evidence`, and are kept elsewhere.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    host::Moment, limits::PEER_BAD_MESSAGES_MAX, metrics::PeerBreach, network::PeerIndex,
    shared::Shared,
};

/// A peer is told of at most once in so long.
const LINE_EVERY: Duration = Duration::from_secs(1);
/// Characters of a detail that are told.
const DETAIL_MAX: usize = 200;

/// A kind of bad message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// No message of its lane.
    Malformed,
    /// A signature or a certificate that does not hold.
    Rejected,
    /// From an observer, on the lane of the validators.
    NotItsLane,
    /// Another validator's proposal.
    NotTheProposer,
    /// An answer that nobody asked for.
    Unasked,
    /// A compact block that makes another block than the one it came for.
    CompactBlock,
    /// A decided block that does not hold.
    Block,
    /// An entry that is none, or is not signed by its author.
    Entry,
}

impl Breach {
    /// The stable word of logs and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Rejected => "rejected",
            Self::NotItsLane => "not-its-lane",
            Self::NotTheProposer => "not-the-proposer",
            Self::Unasked => "unasked",
            Self::CompactBlock => "compact-block",
            Self::Block => "block",
            Self::Entry => "entry",
        }
    }
}

/// What one peer did.
#[derive(Debug, Default)]
struct Account {
    /// Bad messages that no line has told of yet.
    untold: BTreeMap<Breach, u64>,
    detail: String,
    told_at: Option<Moment>,
    all: u64,
    in_a_row: u32,
}

impl Account {
    /// The line that is due, if one is.
    fn line(&mut self, now: Moment) -> Option<(u64, String, String)> {
        let early = |at: Moment| now.since(at) < LINE_EVERY;
        if self.untold.is_empty() || self.told_at.is_some_and(early) {
            return None;
        }
        self.told_at = Some(now);
        let count = self.untold.values().sum();
        let kinds = self.untold.iter();
        let kinds: Vec<_> = kinds
            .map(|(breach, count)| format!("{} {count}", breach.word()))
            .collect();
        self.untold.clear();
        Some((count, kinds.join(", "), std::mem::take(&mut self.detail)))
    }
}

/// The accounts of peers, opened with the first bad message of each.
#[derive(Debug, Default)]
pub struct Breaches(Mutex<BTreeMap<PeerIndex, Account>>);

impl Breaches {
    fn all(&self) -> MutexGuard<'_, BTreeMap<PeerIndex, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bad messages have come from the peer.
    #[must_use]
    pub fn count(&self, peer: PeerIndex) -> u64 {
        self.all().get(&peer).map_or(0, |account| account.all)
    }
}

impl Shared {
    /// Counts a bad message. One peer's flood of them costs a line a second, and then its connection.
    pub fn breach(&self, peer: PeerIndex, breach: Breach, detail: &dyn Display) {
        let name = self.network.name(peer).unwrap_or_else(|| "?".into());
        let labels = PeerBreach {
            peer: name.to_string(),
            kind: breach.word(),
        };
        self.metrics.breaches.get_or_create(&labels).inc();
        let mut accounts = self.breaches.all();
        let account = accounts.entry(peer).or_default();
        account.all = account.all.saturating_add(1);
        account.in_a_row = account.in_a_row.saturating_add(1);
        if account.untold.is_empty() {
            account.detail = detail.to_string().chars().take(DETAIL_MAX).collect();
        }
        *account.untold.entry(breach).or_default() += 1;
        if account.in_a_row >= PEER_BAD_MESSAGES_MAX {
            account.in_a_row = 0;
            self.metrics.count_cut(&name);
            self.network.cut(peer);
            tracing::warn!(
                event = "peer-cut",
                peer = &*name,
                count = PEER_BAD_MESSAGES_MAX,
                first = account.detail,
                "a peer sent nothing but bad messages; its connection is cut for a while"
            );
        }
        let line = account.line(self.host.moment());
        drop(accounts);
        tell(&name, line);
    }

    /// Notes that a message was handled, and was a good one if nothing was counted since `count`.
    pub fn heard(&self, peer: PeerIndex, count: u64) {
        if let Some(account) = self.breaches.all().get_mut(&peer)
            && account.all == count
        {
            account.in_a_row = 0;
        }
    }

    /// Tells what has been counted and not told. Called every few seconds.
    pub fn tell_breaches(&self) {
        let now = self.host.moment();
        let mut accounts = self.breaches.all();
        let lines = accounts.iter_mut();
        let lines: Vec<_> = lines
            .map(|(peer, account)| (*peer, account.line(now)))
            .collect();
        drop(accounts);
        for (peer, line) in lines {
            tell(self.network.name(peer).as_deref().unwrap_or("?"), line);
        }
    }
}

fn tell(peer: &str, line: Option<(u64, String, String)>) {
    if let Some((count, kinds, first)) = line {
        tracing::warn!(
            event = "bad-messages",
            peer,
            count,
            kinds,
            first,
            "bad messages of a peer were dropped"
        );
    }
}
