//! What must hold after every step, whatever happens: the invariants of the whole network.
//!
//! They are checked from outside: on what honest nodes say, on what their disks surely hold, on the
//! blocks that they commit and on the receipts that clerks were given. A broken law is a sentence.

mod blocks;
mod cosigned;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use consensus::{Evidence, Safety, SignedVote, ValidatorHistory, ValidatorSet, VoteKind};
use node::{
    clocks::AHEAD_MS_MAX,
    durable::{Durable, StoredValue, VALUE_BYTES_MAX},
    limits,
    network::{HEARD_WITHIN, Lane},
    sign_state::SafetyBody,
    wire::{ConsensusMessage, SyncMessage},
};
use protocol::{
    codec,
    hash::{BlockId, ChainId, EntryId, LeafHash, RootHash, sha256},
    height::{Height, LeafIndex, LogSize, Round},
    key::PublicKey,
    merkle::{Frontier, leaf_hash},
    note::SignedNote,
    sign_state::Owner,
};

use self::{blocks::Decided, cosigned::Cosignatures};
use super::{
    disk::{Image, SimFile},
    host::{Done, Host, Seats, Sent},
    words,
};

/// Version byte of what a node keeps in its own files.
const KEPT_VERSION: u8 = 1;

/// Broken, and how.
pub(super) type Broken = String;

type Place = (PublicKey, u8, Height, Round);

/// All that was seen so far, by somebody who sees everything.
#[derive(Debug)]
pub(super) struct Laws {
    chain: ChainId,
    validators: ValidatorSet,
    /// Keys of those that are faulty on purpose.
    faulty: BTreeSet<PublicKey>,
    faulty_names: BTreeSet<String>,
    /// How far an honest clock may be off.
    pub(super) skew_ms: u64,
    /// Observers that say nothing of how far they are, except where they must not speak.
    pub(super) unheard: BTreeSet<usize>,
    said: BTreeMap<Place, [u8; 32]>,
    precommitted: BTreeMap<(PublicKey, Height), (Round, BlockId)>,
    /// When a block was first proposed, truly.
    proposed: BTreeMap<BlockId, u64>,
    pub(super) decided: BTreeMap<Height, Decided>,
    ids: BTreeMap<EntryId, LeafIndex>,
    roots: BTreeMap<LogSize, RootHash>,
    /// What was cosigned, through all restarts and losses.
    pub(super) cosigned: Cosignatures,
    /// The log, from the leaves of the decided blocks alone.
    log: Frontier,
    /// The last height that each host was seen to have committed.
    seen: BTreeMap<usize, Height>,
    evidence: BTreeSet<PathBuf>,
    /// When a host last got something from a seat, truly.
    heard: BTreeMap<(usize, usize), u64>,
    pub(super) receipts: BTreeMap<EntryId, (LeafIndex, LeafHash)>,
    pub(super) rounds_max: u64,
}

fn ensure(holds: bool, law: &str, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(format!("{law}: {}", what()))
    }
}

impl Laws {
    pub(super) fn new(seats: &Seats, faulty: &BTreeSet<usize>) -> Self {
        let genesis = &seats.genesis;
        let agencies = || genesis.agencies.iter().enumerate();
        let guilty = || agencies().filter(|(seat, _)| faulty.contains(seat));
        let keys = agencies().map(|(_, agency)| agency.vote.key).collect();
        let first = ledger::genesis(genesis);
        let mut laws = Self {
            chain: genesis.chain(),
            validators: ValidatorSet::new(keys).unwrap(),
            faulty: guilty().map(|(_, agency)| agency.vote.key).collect(),
            faulty_names: guilty()
                .map(|(_, agency)| agency.name.to_string())
                .collect(),
            skew_ms: 0,
            unheard: BTreeSet::new(),
            said: BTreeMap::new(),
            precommitted: BTreeMap::new(),
            proposed: BTreeMap::new(),
            decided: BTreeMap::new(),
            ids: BTreeMap::new(),
            roots: BTreeMap::new(),
            cosigned: Cosignatures::default(),
            log: Frontier::default(),
            seen: BTreeMap::new(),
            evidence: BTreeSet::new(),
            heard: BTreeMap::new(),
            receipts: BTreeMap::new(),
            rounds_max: 0,
        };
        let block = first.head().block();
        laws.log_grows(Height::ZERO, block, first.leaves()).unwrap();
        laws
    }

    /// Looks at one step of an honest host. `true_ms` is the true time of day.
    pub(super) fn judge(&mut self, host: &Host, done: &Done, true_ms: u64) -> Result<(), Broken> {
        self.judge_words(host, done)?;
        self.judge_cosignatures(host, done)?;
        self.judge_blocks(host, true_ms)?;
        self.judge_evidence(host)?;
        self.judge_presence(host, true_ms)?;
        let Some(life) = &host.life else {
            return Ok(());
        };
        let waiting = life.shared.mempool().len();
        ensure(waiting <= limits::QUEUE_ENTRIES_MAX, "I10", || {
            format!("{waiting} entries wait at {}", host.name)
        })
    }

    /// Remembers when blocks were first proposed, by whomever.
    pub(super) fn note_proposals(&mut self, sent: &[Sent], true_ms: u64) {
        for (_, lane, bytes) in sent {
            let message = (*lane == Lane::Consensus).then(|| words::consensus(bytes));
            if let Some(ConsensusMessage::Proposal(signed, _)) = message.flatten() {
                let block = signed.statement.block;
                self.proposed.entry(block).or_insert(true_ms);
            }
        }
    }

    fn judge_words(&mut self, host: &Host, done: &Done) -> Result<(), Broken> {
        for (to, lane, bytes) in &done.sent {
            if *lane == Lane::Sync && self.unheard.contains(to) {
                let asks = matches!(words::sync(bytes), Some(SyncMessage::GetBlocks { .. }));
                ensure(!asks, "I13", || {
                    format!("{} listens to an observer on the consensus lane", host.name)
                })?;
            }
            if *lane != Lane::Consensus {
                continue;
            }
            let message = words::consensus(bytes);
            let message = message.ok_or_else(|| format!("I10: {} speaks nonsense", host.name))?;
            let record = || record_of(&host.safety);
            match message {
                ConsensusMessage::Vote(vote) if self.is_honest(&vote.signer) => {
                    self.judge_vote(&vote, record)?;
                }
                ConsensusMessage::Proposal(signed, _) if self.is_honest(&signed.signer) => {
                    let proposal = &signed.statement;
                    let place = (signed.signer, 0, proposal.height, proposal.round);
                    self.says(place, &proposal.sign_bytes(&self.chain))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn is_honest(&self, key: &PublicKey) -> bool {
        !self.faulty.contains(key)
    }

    /// I4: one statement for a height, round and kind, through all restarts.
    fn says(&mut self, place: Place, bytes: &[u8]) -> Result<(), Broken> {
        let hash = sha256(&[bytes]);
        let first = *self.said.entry(place).or_insert(hash);
        ensure(first == hash, "I4", || {
            format!("two statements at {place:?}")
        })
    }

    fn judge_vote(
        &mut self,
        signed: &SignedVote,
        record: impl FnOnce() -> Result<Option<Safety>, Broken>,
    ) -> Result<(), Broken> {
        let vote = &signed.statement;
        let tag = match vote.kind {
            VoteKind::Prevote => 1,
            VoteKind::Precommit => 2,
        };
        let place = (signed.signer, tag, vote.height, vote.round);
        let is_new = !self.said.contains_key(&place);
        self.says(place, &vote.sign_bytes(&self.chain))?;
        if !is_new {
            return Ok(());
        }
        // I5: who has precommitted a block prevotes later only with a polka as new as that.
        let key = (signed.signer, vote.height);
        match (vote.kind, vote.block, self.precommitted.get(&key)) {
            (VoteKind::Precommit, Some(block), _) => {
                self.precommitted.insert(key, (vote.round, block));
            }
            (VoteKind::Prevote, Some(_), Some((locked, _))) if *locked < vote.round => {
                ensure(vote.valid_round >= Some(*locked), "I5", || {
                    format!("{vote:?} forgets the lock of round {locked}")
                })?;
            }
            _ => {}
        }
        // I11: what is said is on disk.
        let Some(record) = record()? else {
            return Err(format!("I11: {vote:?} was said without any record on disk"));
        };
        let kept = match vote.kind {
            VoteKind::Prevote => record.prevote,
            VoteKind::Precommit => record.precommit,
        };
        let later = (record.height, record.round) > (vote.height, vote.round);
        ensure(later || kept == Some(*vote), "I11", || {
            format!("{vote:?} was said, and the disk has {kept:?}")
        })
    }

    /// A host has another disk: it may have to catch up from any block on.
    pub(super) fn forget_height(&mut self, host: usize) {
        self.seen.remove(&host);
    }

    pub(super) fn one_root(&mut self, size: LogSize, root: RootHash) -> Result<(), Broken> {
        let first = *self.roots.entry(size).or_insert(root);
        ensure(first == root, "I6", || format!("two roots of size {size}"))
    }

    /// I12: evidence names nobody who is honest.
    fn judge_evidence(&mut self, host: &Host) -> Result<(), Broken> {
        let Some(life) = &host.life else {
            return Ok(());
        };
        if life.shared.metrics.evidence.get() == 0 {
            return Ok(());
        }
        let files = fs::read_dir(host.dir.join("evidence"));
        for file in files.into_iter().flatten().flatten() {
            let path = file.path();
            if !self.evidence.insert(path.clone()) {
                continue;
            }
            let name = file.file_name().to_string_lossy().into_owned();
            if path.extension().is_some_and(|end| end == "evidence") {
                let bytes = fs::read(&path).unwrap();
                let evidence: Evidence =
                    codec::decode(KEPT_VERSION, &bytes, codec::VALUE_BYTES_MAX)
                        .map_err(|error| format!("I12: {name}: {error}"))?;
                let guilty = evidence
                    .verify(&self.chain, &ValidatorHistory::new(self.validators.clone()))
                    .map_err(|error| format!("I12: {name}: {error}"))?;
                ensure(self.faulty.contains(&guilty), "I12", || {
                    format!("{} accuses an honest validator: {evidence:?}", host.name)
                })?;
            } else if let Some(rest) = name.strip_prefix("cosign-") {
                let is_guilty = self.faulty_names.iter().any(|name| rest.starts_with(name));
                ensure(is_guilty, "I12", || {
                    format!("{} accuses an honest cosigner: {name}", host.name)
                })?;
            }
        }
        Ok(())
    }

    /// I7: every receipt that a clerk was given can be made again by every honest node.
    pub(super) fn judge_receipts(&self, host: &Host) -> Result<(), Broken> {
        let Some(life) = &host.life else {
            return Ok(());
        };
        for (id, (index, leaf)) in &self.receipts {
            let receipt = life.shared.ledger.receipt(*index);
            let receipt =
                receipt.map_err(|no| format!("I7: {} has no receipt {index}: {no}", host.name))?;
            let same = leaf_hash(receipt.entry.write().as_bytes()) == *leaf;
            ensure(same, "I7", || {
                format!("{} has another entry in the place of {id}", host.name)
            })?;
        }
        Ok(())
    }

    /// Something from a seat reaches a host.
    pub(super) fn hears(&mut self, host: usize, seat: usize, true_ms: u64) {
        self.heard.insert((host, seat), true_ms);
    }

    /// I14: nobody is called reached of whom nothing was heard for long, whatever connections stand.
    fn judge_presence(&self, host: &Host, true_ms: u64) -> Result<(), Broken> {
        let Some(life) = &host.life else {
            return Ok(());
        };
        // A clock that runs slow by what is tolerated of clocks adds less than a tick.
        let within = u64::try_from(HEARD_WITHIN.as_millis()).unwrap_or(u64::MAX) + 10;
        let contacts = life.shared.network.contacts();
        for (name, contact) in contacts {
            let seat = host.seat_of(&name);
            let heard = self.heard.get(&(host.number, seat)).copied();
            let silent = true_ms.saturating_sub(heard.unwrap_or(0));
            ensure(!contact.is_reached || silent <= within, "I14", || {
                format!(
                    "{} calls seat {seat} reached, silent for {silent} ms",
                    host.name
                )
            })?;
        }
        Ok(())
    }

    /// I13: no cosignature that an honest node publishes is dated further ahead than is tolerated.
    pub(super) fn judge_dates(&self, host: &Host, true_ms: u64) -> Result<(), Broken> {
        let published = host
            .life
            .as_ref()
            .and_then(|life| life.shared.ledger.published());
        let Some(published) = published else {
            return Ok(());
        };
        let note = SignedNote::parse(&published.note).map_err(|error| format!("I13: {error}"))?;
        let latest = (true_ms + self.skew_ms + AHEAD_MS_MAX) / 1000;
        // The log's own line has no time.
        let dated = note
            .signatures
            .iter()
            .filter(|line| line.blob.len() == 8 + 64);
        for (time, line) in dated.filter_map(|line| Some((line.blob.first_chunk::<8>()?, line))) {
            let time = u64::from_be_bytes(*time);
            ensure(time <= latest, "I13", || {
                format!(
                    "{} publishes a line of {} dated {time}, at {latest}",
                    host.name, line.name
                )
            })?;
        }
        Ok(())
    }

    /// How many proofs of misbehaviour were kept.
    pub(super) fn accusations(&self) -> usize {
        self.evidence.len()
    }
}

/// The safety record that would be read if the power went now.
fn record_of(file: &SimFile) -> Result<Option<Safety>, Broken> {
    let (owner, body) = value_of(file)?;
    let read = SafetyBody::read(&body, owner.key);
    match read.map_err(|error| format!("I11: the safety record: {error}"))? {
        SafetyBody::Record(record) => Ok(record.map(|record| *record)),
        SafetyBody::Returning(_) | SafetyBody::Twin(_) => Ok(None),
    }
}

/// Whose a file is, and what it says; nothing if it is blank.
fn value_of(file: &SimFile) -> Result<(Owner, Vec<u8>), Broken> {
    let path = std::path::Path::new("an image");
    let opened = Durable::over(path, Box::new(Image(file.durable())));
    let value = match opened.map_err(|fault| format!("I11: {fault}"))?.1 {
        StoredValue::Value(value) => value,
        StoredValue::Doubtful(_) => return Err("I11: a synced value cannot be read".to_owned()),
    };
    let owned = Owner::of_value(&value).map(|(owner, body)| (owner, body.to_vec()));
    owned.ok_or_else(|| "I11: a file is nobody's".to_owned())
}
