//! Cosignatures: what this validator says to the world of its log, and what others say.
//!
//! A checkpoint is cosigned only after its block is decided and on disk, and only after the cosign
//! state says so on disk (`cosign_state`). With a quorum, and with the publisher's line where one is
//! reached, it is published.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner as CosignerKey},
    hash::RootHash,
    height::{LogSize, TimeMs},
    key::{PublicKey, SecretKey, Signature},
    name::AgencyName,
    note::SignedNote,
    planted::{self, Bug},
};

use crate::{
    clocks::AHEAD_MS_MAX,
    cosign_state::{CosignState, Cosigned, NotCosigned},
    durable,
    epoch::EpochState,
    limits,
    wire::{Cosignature, LogLine},
};

/// Signature lines of a checkpoint, the log's own among them, that all tools read.
const LINES_MAX: usize = 16;

#[derive(Debug, Default)]
struct Collected {
    /// Whether this is the checkpoint of a block that is on disk here.
    is_here: bool,
    cosigns: BTreeMap<AgencyName, Cosignature>,
    log: Option<Signature>,
}

/// The keys with which a node cosigns and publishes, with what each has cosigned.
#[derive(Debug, Default)]
pub struct CosignKeys {
    /// The agency whose node it is.
    pub agency: Option<AgencyName>,
    /// Its cosign keys.
    pub secrets: Vec<SecretKey>,
    /// What each key has cosigned. An observer has one of its own: it says how much of the log was surely
    /// on its disk before a loss of power.
    pub states: BTreeMap<PublicKey, CosignState>,
    /// Keys of the log's own line.
    pub publishers: Vec<SecretKey>,
}

/// Signs, collects and assembles.
#[derive(Debug)]
pub struct CheckpointCosigner {
    epoch: Arc<EpochState>,
    /// The last size of the epoch before, whose keys it was cosigned with.
    before: Option<(LogSize, Arc<EpochState>)>,
    own: CosignKeys,
    last_time: u64,
    collected: BTreeMap<(LogSize, RootHash), Collected>,
}

/// What makes one note of a checkpoint better than another: all agencies, the log's own line, and
/// the minute of its newest cosignature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoteRank {
    all: bool,
    line: bool,
    minute: Option<u64>,
}

/// What came of a new signature.
#[derive(Debug, PartialEq, Eq)]
pub enum Collect {
    /// Nothing new.
    Ignored,
    /// Counted.
    Counted,
    /// It does not verify.
    Refused,
    /// It is dated too far ahead: readers would take a receipt for newer than it is.
    Early,
}

impl CheckpointCosigner {
    /// Starts in `epoch` with what this node's keys have cosigned.
    #[must_use]
    pub const fn new(epoch: Arc<EpochState>, own: CosignKeys) -> Self {
        Self {
            epoch,
            before: None,
            own,
            last_time: 0,
            collected: BTreeMap::new(),
        }
    }

    /// Judges by the keys of `epoch` from now on, and up to the size `last` by those of before: the block
    /// that opens an epoch is cosigned by the agencies that decided it.
    pub fn enter(&mut self, epoch: Arc<EpochState>, last: LogSize) {
        let before = std::mem::replace(&mut self.epoch, epoch);
        self.before = Some((last, before));
    }

    /// The epoch whose agencies cosign `size`.
    fn epoch_at(&self, size: LogSize) -> &Arc<EpochState> {
        let before = self.before.as_ref().filter(|(last, _)| size <= *last);
        before.map_or(&self.epoch, |(_, before)| before)
    }

    /// The key with which this node cosigns `size`: the one that the epoch of that size names for its
    /// agency, if it is here. So a block that ends an epoch is cosigned with the key that decided it, also
    /// after a start.
    fn acting_at(&self, size: LogSize) -> Option<(AgencyName, SecretKey)> {
        let agency = self.own.agency.as_ref()?;
        let named = self.epoch_at(size).agencies().get(agency)?;
        let mut secrets = self.own.secrets.iter();
        let secret = secrets.find(|secret| secret.public() == named.cosign)?;
        Some((agency.clone(), secret.clone()))
    }

    /// Says that the block of a checkpoint is on disk here: from now on everybody's cosignature on it has
    /// its place.
    pub fn hold(&mut self, checkpoint: &Checkpoint) {
        self.entry(checkpoint.size, checkpoint.root).is_here = true;
    }

    /// Cosigns the checkpoint of a block that is decided and on disk.
    ///
    /// # Errors
    /// If that would contradict what was cosigned before, or the disk fails.
    pub fn cosign(
        &mut self,
        checkpoint: &Checkpoint,
        now: TimeMs,
    ) -> Result<Option<Cosignature>, NotCosigned> {
        self.hold(checkpoint);
        let Some((agency, secret)) = self.acting_at(checkpoint.size) else {
            // Nothing is signed; an observer notes how much is on its disk.
            if self.own.secrets.is_empty() {
                for state in self.own.states.values_mut() {
                    state.advance(checkpoint)?;
                }
            }
            return Ok(None);
        };
        let Some(state) = self.own.states.get_mut(&secret.public()) else {
            return Ok(None);
        };
        state.advance(checkpoint)?;
        let now = now.get() / 1000;
        // Never back in time, unless a clock that was far ahead has been mended since.
        let is_near = self.last_time <= now.saturating_add(AHEAD_MS_MAX / 1000);
        let time = now.max(if is_near { self.last_time } else { 0 }).max(1);
        self.last_time = time;
        let signature = cosignature::sign(&secret, time, &checkpoint.write());
        let cosign = Cosignature {
            size: checkpoint.size,
            root: checkpoint.root,
            time,
            agency: agency.to_string(),
            signature,
        };
        self.entry(checkpoint.size, checkpoint.root)
            .cosigns
            .insert(agency, cosign.clone());
        Ok(Some(cosign))
    }

    fn entry(&mut self, size: LogSize, root: RootHash) -> &mut Collected {
        self.collected.entry((size, root)).or_default()
    }

    /// Takes a peer's cosignature if it verifies and is dated at most `AHEAD_MS_MAX` after `now`.
    pub fn collect(&mut self, cosign: Cosignature, now: TimeMs) -> Collect {
        let keys = self.epoch_at(cosign.size).cosigners();
        let Some((agency, key)) =
            AgencyName::parse(&cosign.agency).and_then(|name| keys.get_key_value(&name))
        else {
            return Collect::Refused;
        };
        let known = self
            .collected
            .get(&(cosign.size, cosign.root))
            .and_then(|found| found.cosigns.get(agency));
        if known.is_some_and(|known| known.time >= cosign.time)
            || self.is_one_too_many(agency, &cosign)
        {
            return Collect::Ignored;
        }
        let agency = agency.clone();
        let body = self.body(cosign.size, cosign.root);
        if key
            .verify_cosignature(&body, cosign.time, &cosign.signature)
            .is_err()
        {
            return Collect::Refused;
        }
        let latest = now.get().saturating_add(AHEAD_MS_MAX) / 1000;
        if cosign.time > latest && !planted::is(Bug::CosignedAhead) {
            return Collect::Early;
        }
        self.entry(cosign.size, cosign.root)
            .cosigns
            .insert(agency, cosign);
        Collect::Counted
    }

    /// Takes back what a published note holds, as a node does that starts anew: whoever asks it for the
    /// cosignatures of its head is answered as before, and a fork is met with what convicts.
    pub fn remember(&mut self, note: &str) {
        let Ok(note) = SignedNote::parse(note) else {
            return;
        };
        let Ok(Checkpoint { size, root, .. }) = Checkpoint::parse(&note.text) else {
            return;
        };
        self.entry(size, root).is_here = true;
        let line_of = |key: &CosignerKey| {
            let (name, id) = (&key.key().name, key.key().id());
            let mut lines = note.signatures.iter();
            lines.find(|line| line.name == *name && line.key_id == id)
        };
        let mut found = Vec::new();
        let epoch = self.epoch_at(size);
        for (agency, key) in epoch.cosigners() {
            let Some((time, rest)) =
                line_of(key).and_then(|line| line.blob.split_first_chunk::<8>())
            else {
                continue;
            };
            found.extend(rest.try_into().ok().map(|signature| Cosignature {
                size,
                root,
                time: u64::from_be_bytes(*time),
                agency: agency.to_string(),
                signature: Signature::new(signature),
            }));
        }
        let line = line_of(epoch.log_key()).and_then(|line| line.blob.as_slice().try_into().ok());
        // They were judged when they came; a clock that was set back since changes nothing of that.
        for cosign in found {
            self.collect(cosign, TimeMs::new(u64::MAX));
        }
        if let Some(signature) = line.map(Signature::new) {
            self.collect_line(&LogLine {
                size,
                root,
                signature,
            });
        }
    }

    /// Whether there is no room for a cosignature: its checkpoint is not here, and its agency has
    /// named many such. An agency can sign as many roots as it likes.
    fn is_one_too_many(&self, agency: &AgencyName, cosign: &Cosignature) -> bool {
        if self.collected.contains_key(&(cosign.size, cosign.root)) {
            return false;
        }
        let elsewhere = self.collected.values().filter(|found| !found.is_here);
        let named = elsewhere.filter(|found| found.cosigns.contains_key(agency));
        named.count() >= limits::AGENCY_ROOTS_MAX
    }

    /// Takes a publisher's line if it verifies.
    pub fn collect_line(&mut self, line: &LogLine) -> Collect {
        let body = self.body(line.size, line.root);
        if !self.collected.contains_key(&(line.size, line.root)) {
            return Collect::Ignored;
        }
        if self
            .epoch_at(line.size)
            .log_key()
            .verify_log(&body, &line.signature)
            .is_err()
        {
            return Collect::Refused;
        }
        self.entry(line.size, line.root).log = Some(line.signature);
        Collect::Counted
    }

    fn body(&self, size: LogSize, root: RootHash) -> String {
        format!("{}\n{size}\n{root}\n", self.epoch.origin())
    }

    /// How much is known of `checkpoint`: what is published grows with it.
    #[must_use]
    pub fn worth(&self, checkpoint: &Checkpoint) -> NoteRank {
        let found = self.collected.get(&(checkpoint.size, checkpoint.root));
        found.map_or_else(NoteRank::default, |found| NoteRank {
            all: found.cosigns.len() == self.epoch_at(checkpoint.size).cosigners().len(),
            line: found.log.is_some(),
            minute: found.cosigns.values().map(|cosign| cosign.time / 60).max(),
        })
    }

    /// The note for `checkpoint` if a quorum has cosigned it; and the publisher's line if this node
    /// has just made it.
    pub fn note(&mut self, checkpoint: &Checkpoint) -> Option<(String, Option<LogLine>)> {
        let epoch = Arc::clone(self.epoch_at(checkpoint.size));
        let quorum = if planted::is(Bug::ReceiptEarly) {
            1
        } else {
            epoch.quorum()
        };
        let body = checkpoint.write();
        let log_key = epoch.log_key().key().key;
        let mut publishers = self.own.publishers.iter();
        let publisher = publishers.find(|secret| secret.public() == log_key);
        let publisher = publisher.cloned();
        let found = self
            .collected
            .get_mut(&(checkpoint.size, checkpoint.root))?;
        if found.cosigns.len() < quorum {
            return None;
        }
        let mut line = None;
        if let (None, Some(secret)) = (found.log, publisher) {
            let signature = secret.sign(body.as_bytes());
            found.log = Some(signature);
            line = Some(LogLine {
                size: checkpoint.size,
                root: checkpoint.root,
                signature,
            });
        }
        let mut note = format!("{body}\n");
        if let Some(signature) = &found.log {
            note += &epoch.log_key().log_line(signature);
        }
        for (agency, cosign) in found.cosigns.iter().take(LINES_MAX - 1) {
            if let Some(key) = epoch.cosigners().get(agency) {
                note += &key.cosignature_line(cosign.time, &cosign.signature);
            }
        }
        Some((note, line))
    }

    /// Agencies whose cosignature on `checkpoint` is not here.
    #[must_use]
    pub fn lacking(&self, checkpoint: &Checkpoint) -> Vec<AgencyName> {
        let found = self.collected.get(&(checkpoint.size, checkpoint.root));
        let has =
            |agency: &AgencyName| found.is_some_and(|found| found.cosigns.contains_key(agency));
        let agencies = self.epoch_at(checkpoint.size).cosigners().keys();
        agencies.filter(|agency| !has(agency)).cloned().collect()
    }

    /// Whether the checkpoint has the log's own line.
    #[must_use]
    pub fn has_line(&self, checkpoint: &Checkpoint) -> bool {
        self.collected
            .get(&(checkpoint.size, checkpoint.root))
            .is_some_and(|found| found.log.is_some())
    }

    /// What is known of `size`, for a peer that asks.
    #[must_use]
    pub fn known(&self, checkpoint: &Checkpoint) -> (Vec<Cosignature>, Option<LogLine>) {
        let found = self.collected.get(&(checkpoint.size, checkpoint.root));
        let cosigns = found
            .map(|found| found.cosigns.values().cloned().collect())
            .unwrap_or_default();
        let line = found.and_then(|found| found.log).map(|signature| LogLine {
            size: checkpoint.size,
            root: checkpoint.root,
            signature,
        });
        (cosigns, line)
    }

    /// The note over a checkpoint of this size with all lines that are known, quorum or not.
    #[must_use]
    pub fn lines(&self, size: LogSize, root: RootHash) -> String {
        let mut note = format!("{}\n", self.body(size, root));
        let found = self.collected.get(&(size, root));
        let keys = self.epoch_at(size).cosigners();
        for (agency, cosign) in found.iter().flat_map(|found| &found.cosigns) {
            if let Some(key) = keys.get(agency) {
                note += &key.cosignature_line(cosign.time, &cosign.signature);
            }
        }
        note
    }

    /// Whether an agency's cosignature on `checkpoint` is known.
    #[must_use]
    pub fn has_signed(&self, checkpoint: &Checkpoint, agency: &str) -> bool {
        let found = self.collected.get(&(checkpoint.size, checkpoint.root));
        found.is_some_and(|found| found.cosigns.keys().any(|name| name.as_str() == agency))
    }

    /// Other roots of the size of `checkpoint` that somebody has cosigned.
    #[must_use]
    pub fn other_roots(&self, checkpoint: &Checkpoint) -> Vec<RootHash> {
        let same_size = self
            .collected
            .keys()
            .filter(|(size, root)| *size == checkpoint.size && *root != checkpoint.root);
        same_size.map(|(_, root)| *root).collect()
    }

    /// Who signed another root for the size of `checkpoint`. Whoever signed that too has lied.
    #[must_use]
    pub fn contradicting(&self, checkpoint: &Checkpoint) -> Vec<Cosignature> {
        let same_size = self
            .collected
            .iter()
            .filter(|((size, root), _)| *size == checkpoint.size && *root != checkpoint.root);
        same_size
            .flat_map(|(_, found)| found.cosigns.values().cloned())
            .collect()
    }

    /// Forgets what is older than `size`.
    pub fn forget_below(&mut self, size: LogSize) {
        self.collected.retain(|(old, _), _| *old >= size);
    }

    /// The newest that this node has cosigned, with whichever of its keys.
    #[must_use]
    pub fn cosigned(&self) -> Option<Cosigned> {
        let states = self.own.states.values();
        states
            .filter_map(CosignState::last)
            .max_by_key(|last| last.size)
    }

    /// The newest cosignature of an agency that is known.
    #[must_use]
    pub fn newest_of(&self, agency: &AgencyName) -> Option<&Cosignature> {
        let all = self.collected.values().rev();
        all.filter_map(|found| found.cosigns.get(agency)).next()
    }

    /// What a cosignature says that somebody tells this node was made with its own key; none if it was
    /// not made with it.
    #[must_use]
    pub fn own_word(&self, cosign: &Cosignature) -> Option<Cosigned> {
        let (agency, _) = self.acting_at(cosign.size)?;
        let key = self.epoch_at(cosign.size).cosigners().get(&agency)?;
        let body = self.body(cosign.size, cosign.root);
        key.verify_cosignature(&body, cosign.time, &cosign.signature)
            .ok()?;
        Some(Cosigned {
            size: cosign.size,
            root: cosign.root,
        })
    }

    /// Takes over a greater size as the newest that was cosigned, whichever key acts there.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn raise(&mut self, to: Cosigned) -> Result<(), durable::DurableFault> {
        let mut states = self.own.states.values_mut();
        states.try_for_each(|state| state.raise(to))
    }
}

#[cfg(test)]
mod tests;
