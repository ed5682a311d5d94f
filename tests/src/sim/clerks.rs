//! Clerks: each brings an entry to some node, and does not rest until it has the receipt.
//!
//! A clerk stays with a node that has promised to look after the entry, and goes elsewhere when it
//! is away, has no room, or is one of the faulty ones. Some bring a batch, and want the receipt of its
//! last entry. Some bring two entries for one version to two nodes: then one is recorded and the other
//! refused.

use std::collections::BTreeSet;

use node::ingest::{Denial, IngestAnswer};
use protocol::{
    batch::WholeBatch,
    entry::{Entry, Operation},
    hash::{EntryId, LeafHash},
    merkle,
    policy::TrustPolicy,
};
use testkit::Random;
use verify::Verdict;

use super::{host::Host, invariants::Laws};
use crate::world::{agency_secret, statement};

/// How a clerk's errand stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody has answered for it yet.
    Open,
    /// A node has said that it waits.
    Waits,
    /// The clerk has a receipt that verifies.
    Done,
    /// Another entry has taken the version.
    Lost,
}

/// One entry on its way.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) id: EntryId,
    /// What is brought: the entry, or the batch in which it is the last.
    bytes: Vec<u8>,
    leaf: LeafHash,
    /// Which record it is of.
    pub(super) record: usize,
    /// The host to which it is brought next.
    to: usize,
    pub(super) state: State,
    /// Whether another clerk wants the same version.
    pub(super) has_rival: bool,
    asked_at_ms: u64,
    pub(super) began_ms: u64,
    pub(super) ended_ms: u64,
}

impl Errand {
    /// Whether nothing is left to do.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Lost)
    }
}

/// All clerks.
pub(super) struct Clerks {
    pub(super) errands: Vec<Errand>,
    trust: TrustPolicy,
    names: Vec<String>,
    pub(super) chance: Random,
    number: usize,
    /// Entries of a batch that fit into a block.
    batch_max: usize,
}

/// How long a clerk waits for an answer or a receipt before it goes to another node.
const PATIENCE_MS: u64 = 3_000;

impl Clerks {
    pub(super) fn new(
        trust: TrustPolicy,
        names: Vec<String>,
        batch_max: usize,
        chance: Random,
    ) -> Self {
        Self {
            batch_max,
            errands: Vec::new(),
            trust,
            names,
            chance,
            number: 0,
        }
    }

    /// A new entry of one agency, to be brought to the host `to`.
    pub(super) fn register(&mut self, agency: usize, to: usize, now_ms: u64) -> usize {
        self.number += 1;
        let record = format!("S-{}", self.number);
        let name = self.names[agency].clone();
        let one = statement(&name, &record, Operation::Register, None);
        if !self.chance.percent(25) {
            return self.push(to, now_ms, &self.sign(&name, one), false);
        }
        let mut all = vec![one];
        for more in 0..self.chance.index(self.batch_max.min(4)) {
            let record = format!("{record}-{more}");
            all.push(statement(&name, &record, Operation::Register, None));
        }
        let secret = agency_secret(&name, "clerk");
        let batch = WholeBatch::sign(all, &self.network(), &secret).unwrap();
        let last = batch.entries.last().unwrap().write().into_bytes();
        self.push_in(to, now_ms, (&last, batch.write().into_bytes()), false)
    }

    /// Two entries for one version, each to its own host.
    pub(super) fn rivals(&mut self, agency: usize, to: [usize; 2], now_ms: u64) -> [usize; 2] {
        self.number += 1;
        let record = format!("S-{}", self.number);
        let name = self.names[agency].clone();
        let mut height = 10_000;
        to.map(|to| {
            let mut statement = statement(&name, &record, Operation::Register, None);
            statement.expires = protocol::height::Height::new(height);
            height += 1;
            self.push(to, now_ms, &self.sign(&name, statement), true)
        })
    }

    fn sign(&self, name: &str, statement: protocol::entry::Statement) -> Entry {
        statement.sign(&self.network(), &agency_secret(name, "clerk"))
    }

    fn network(&self) -> protocol::chain_id::NetworkId {
        self.trust.network_id().unwrap()
    }

    fn push(&mut self, to: usize, now_ms: u64, entry: &Entry, has_rival: bool) -> usize {
        let bytes = entry.write().into_bytes();
        self.push_in(to, now_ms, (&bytes, bytes.clone()), has_rival)
    }

    /// An entry, and what it is brought in.
    fn push_in(
        &mut self,
        to: usize,
        now_ms: u64,
        (entry, bytes): (&[u8], Vec<u8>),
        has_rival: bool,
    ) -> usize {
        self.errands.push(Errand {
            id: Entry::id_of_parsed(entry),
            leaf: merkle::leaf_hash(entry),
            bytes,
            record: self.number,
            to,
            state: State::Open,
            has_rival,
            asked_at_ms: 0,
            began_ms: now_ms,
            ended_ms: 0,
        });
        self.errands.len() - 1
    }

    /// A clerk looks after its errand. True if it has brought something to the host it names.
    pub(super) fn tend(
        &mut self,
        number: usize,
        hosts: &mut [Host],
        honest: &BTreeSet<usize>,
        laws: &mut Laws,
        now_ms: u64,
    ) -> Result<Option<usize>, String> {
        let errand = &mut self.errands[number];
        if errand.is_over() {
            return Ok(None);
        }
        let host = &mut hosts[errand.to];
        if let Some(life) = &host.life {
            let index = life.shared.ledger.entry(&errand.id);
            let receipt = match index.map_err(|fault| fault.to_string())? {
                Some(index) => life.shared.ledger.receipt(index).ok(),
                None => None,
            };
            if let Some(receipt) = receipt {
                let index = receipt.proof.index;
                let judged = verify::receipt::judge(&self.trust, receipt.write().as_bytes(), None);
                if judged.verdict != Verdict::Authentic {
                    return Err(format!("I7: a receipt is {:?}", judged.verdict));
                }
                errand.state = State::Done;
                errand.ended_ms = now_ms;
                laws.receipts.insert(errand.id, (index, errand.leaf));
                return Ok(None);
            }
        }
        let tired = now_ms >= errand.asked_at_ms + PATIENCE_MS;
        if errand.asked_at_ms != 0 && !tired {
            return Ok(None);
        }
        let stays = errand.state == State::Waits
            && honest.contains(&errand.to)
            && hosts[errand.to].life.is_some();
        if errand.asked_at_ms != 0 && !stays {
            errand.state = State::Open;
            errand.to = self.chance.index(hosts.len());
        }
        errand.asked_at_ms = now_ms;
        let host = &mut hosts[errand.to];
        if host.life.is_none() {
            return Ok(None);
        }
        host.submit(number, vec![errand.bytes.clone()]);
        Ok(Some(errand.to))
    }

    /// A node has answered. A refusal of what the rules allow breaks a promise.
    pub(super) fn hear(
        &mut self,
        number: usize,
        answers: &[IngestAnswer],
        now_ms: u64,
        is_honest: bool,
    ) -> Result<(), String> {
        let errand = &mut self.errands[number];
        match answers {
            [IngestAnswer::Pending(_) | IngestAnswer::Recorded(..)] => errand.state = State::Waits,
            [IngestAnswer::Refused(_, Denial::Busy)] => errand.asked_at_ms = 1,
            [IngestAnswer::Refused(_, Denial::Rules(_))] if errand.has_rival => {
                errand.state = State::Lost;
                errand.ended_ms = now_ms;
            }
            // The other one waits too: it is decided later which of them is first.
            [IngestAnswer::Refused(_, Denial::Contested(_))] if errand.has_rival => {}
            other if is_honest => return Err(format!("P12: refused without cause: {other:?}")),
            _ => {}
        }
        Ok(())
    }

    /// How many are still on their way.
    pub(super) fn open(&self) -> Vec<&Errand> {
        let open = |errand: &&Errand| !errand.is_over();
        self.errands.iter().filter(open).collect()
    }
}
