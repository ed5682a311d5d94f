//! Cosignatures: what this validator says to the world of its log, and what others say.
//!
//! A checkpoint is cosigned only after its block is decided and on disk, and only after the register
//! says so on disk: never a smaller size, never another root, whatever backup is restored. With a
//! quorum, and with the publisher's line where one is reached, it is published.

use std::{collections::BTreeMap, path::Path};

use protocol::{
    checkpoint::Checkpoint,
    codec,
    cosignature::{self, Cosigner as CosignerKey},
    genesis::Genesis,
    hash::{ChainId, RootHash},
    height::{LogSize, TimeMs},
    key::{SecretKey, Signature},
    name::AgencyName,
    note::SignedNote,
    planted::{self, Bug},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    durable::{self, Durable, Found},
    wire::{Cosign, LogLine},
};

/// Cosignatures of one agency that are kept for checkpoints that are not here.
const ROOTS_MAX: usize = 64;
/// Signature lines of a checkpoint, the log's own among them, that all tools read.
const LINES_MAX: usize = 16;
const REGISTER_VERSION: u8 = 1;
const REGISTER_BYTES_MAX: usize = 1024;

/// What the register holds: the last that was cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The network.
    pub chain: ChainId,
    /// The size.
    pub size: LogSize,
    /// The root.
    pub root: RootHash,
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Error)]
pub enum NotCosigned {
    /// It would contradict what was signed before.
    #[error(
        "size {size} with this root contradicts the register, which holds size {registered}; this node must not sign"
    )]
    Contradicts {
        /// The size asked for.
        size: LogSize,
        /// The size of the register.
        registered: LogSize,
    },
    /// The disk.
    #[error(transparent)]
    Fault(#[from] durable::Fault),
}

/// The file with what was last cosigned.
#[derive(Debug)]
pub struct Register {
    file: Durable,
    last: Option<Registered>,
}

impl Register {
    /// Opens the register of the network `chain`.
    pub fn open(path: &Path, chain: ChainId) -> Result<Self, String> {
        let opened = Durable::open(path).map_err(|fault| fault.to_string())?;
        Self::over(opened, path, chain)
    }

    /// The register in a file that is open already.
    pub fn over(opened: (Durable, Found), path: &Path, chain: ChainId) -> Result<Self, String> {
        let (file, found) = opened;
        let value = match found {
            Found::Nothing => None,
            Found::Value(value) => Some(value),
            Found::Doubtful(_) => {
                return Err(format!(
                    "{}: the newest entry of the cosign register cannot be read; this key must not sign again",
                    path.display()
                ));
            }
        };
        let last = value
            .map(|value| codec::decode::<Registered>(REGISTER_VERSION, &value, REGISTER_BYTES_MAX))
            .transpose()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        if last.is_some_and(|last| last.chain != chain) {
            return Err(format!(
                "{}: the register belongs to another network",
                path.display()
            ));
        }
        let last = last.filter(|_| !planted::is(Bug::RegisterIgnored));
        Ok(Self { file, last })
    }

    /// What was last cosigned.
    #[must_use]
    pub const fn last(&self) -> Option<Registered> {
        self.last
    }

    /// Makes it certain on disk that `checkpoint` is the newest that may be signed. The caller's log
    /// only ever grows, so a larger size extends the last one.
    pub(crate) fn advance(
        &mut self,
        chain: ChainId,
        checkpoint: &Checkpoint,
    ) -> Result<(), NotCosigned> {
        let next = Registered {
            chain,
            size: checkpoint.size,
            root: checkpoint.root,
        };
        if let Some(last) = self.last {
            if next == last {
                return Ok(());
            }
            if next.size <= last.size {
                return Err(NotCosigned::Contradicts {
                    size: next.size,
                    registered: last.size,
                });
            }
        }
        if !planted::is(Bug::CosignFirst) {
            self.file.write(&codec::encode(REGISTER_VERSION, &next))?;
        }
        self.last = Some(next);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Collected {
    /// Whether this is the checkpoint of a block that is on disk here.
    is_here: bool,
    cosigns: BTreeMap<AgencyName, Cosign>,
    log: Option<Signature>,
}

/// Signs, collects and assembles.
#[derive(Debug)]
pub struct Cosigner {
    chain: ChainId,
    origin: String,
    quorum: usize,
    keys: BTreeMap<AgencyName, CosignerKey>,
    publisher_key: CosignerKey,
    mine: Option<(AgencyName, SecretKey)>,
    publisher: Option<SecretKey>,
    register: Register,
    last_time: u64,
    collected: BTreeMap<(LogSize, RootHash), Collected>,
}

/// What makes one note of a checkpoint better than another: all agencies, the log's own line, and
/// the minute of its newest cosignature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worth {
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
}

impl Cosigner {
    /// Starts with the register of this node.
    #[must_use]
    pub fn new(
        genesis: &Genesis,
        mine: Option<(AgencyName, SecretKey)>,
        publisher: Option<SecretKey>,
        register: Register,
    ) -> Self {
        let keys = genesis.agencies.iter().map(|agency| {
            (
                agency.name.clone(),
                CosignerKey::validator(agency.cosigner.clone(), agency.cosign.key),
            )
        });
        Self {
            chain: genesis.chain(),
            origin: genesis.origin.to_string(),
            quorum: genesis.quorum(),
            keys: keys.collect(),
            publisher_key: CosignerKey::log(genesis.origin.to_string(), genesis.publisher.key),
            mine,
            publisher,
            register,
            last_time: 0,
            collected: BTreeMap::new(),
        }
    }

    /// Cosigns the checkpoint of a block that is decided and on disk.
    pub fn cosign(
        &mut self,
        checkpoint: &Checkpoint,
        now: TimeMs,
    ) -> Result<Option<Cosign>, NotCosigned> {
        self.register.advance(self.chain, checkpoint)?;
        // From now on everybody's cosignature on it has its place.
        self.entry(checkpoint.size, checkpoint.root).is_here = true;
        let Some((agency, secret)) = self.mine.clone() else {
            return Ok(None);
        };
        let time = (now.get() / 1000).max(self.last_time).max(1);
        self.last_time = time;
        let signature = cosignature::sign(&secret, time, &checkpoint.write());
        let cosign = Cosign {
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

    /// Takes a peer's cosignature if it verifies.
    pub fn collect(&mut self, cosign: Cosign) -> Collect {
        let Some((agency, key)) =
            AgencyName::parse(&cosign.agency).and_then(|name| self.keys.get_key_value(&name))
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
        for (agency, key) in &self.keys {
            let Some((time, rest)) =
                line_of(key).and_then(|line| line.blob.split_first_chunk::<8>())
            else {
                continue;
            };
            found.extend(rest.try_into().ok().map(|signature| Cosign {
                size,
                root,
                time: u64::from_be_bytes(*time),
                agency: agency.to_string(),
                signature: Signature::new(signature),
            }));
        }
        let line =
            line_of(&self.publisher_key).and_then(|line| line.blob.as_slice().try_into().ok());
        for cosign in found {
            self.collect(cosign);
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
    fn is_one_too_many(&self, agency: &AgencyName, cosign: &Cosign) -> bool {
        if self.collected.contains_key(&(cosign.size, cosign.root)) {
            return false;
        }
        let elsewhere = self.collected.values().filter(|found| !found.is_here);
        let named = elsewhere.filter(|found| found.cosigns.contains_key(agency));
        named.count() >= ROOTS_MAX
    }

    /// Takes a publisher's line if it verifies.
    pub fn collect_line(&mut self, line: &LogLine) -> Collect {
        let body = self.body(line.size, line.root);
        if !self.collected.contains_key(&(line.size, line.root)) {
            return Collect::Ignored;
        }
        if self
            .publisher_key
            .verify_log(&body, &line.signature)
            .is_err()
        {
            return Collect::Refused;
        }
        self.entry(line.size, line.root).log = Some(line.signature);
        Collect::Counted
    }

    fn body(&self, size: LogSize, root: RootHash) -> String {
        format!("{}\n{size}\n{root}\n", self.origin)
    }

    /// How much is known of `checkpoint`: what is published grows with it.
    #[must_use]
    pub fn worth(&self, checkpoint: &Checkpoint) -> Worth {
        let found = self.collected.get(&(checkpoint.size, checkpoint.root));
        found.map_or_else(Worth::default, |found| Worth {
            all: found.cosigns.len() == self.keys.len(),
            line: found.log.is_some(),
            minute: found.cosigns.values().map(|cosign| cosign.time / 60).max(),
        })
    }

    /// The note for `checkpoint` if a quorum has cosigned it; and the publisher's line if this node
    /// has just made it.
    pub fn note(&mut self, checkpoint: &Checkpoint) -> Option<(String, Option<LogLine>)> {
        let quorum = if planted::is(Bug::ReceiptEarly) {
            1
        } else {
            self.quorum
        };
        let body = checkpoint.write();
        let publisher = self.publisher.clone();
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
            note += &self.publisher_key.log_line(signature);
        }
        for (agency, cosign) in found.cosigns.iter().take(LINES_MAX - 1) {
            if let Some(key) = self.keys.get(agency) {
                note += &key.cosignature_line(cosign.time, &cosign.signature);
            }
        }
        Some((note, line))
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
    pub fn known(&self, checkpoint: &Checkpoint) -> (Vec<Cosign>, Option<LogLine>) {
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
        for (agency, cosign) in found.iter().flat_map(|found| &found.cosigns) {
            if let Some(key) = self.keys.get(agency) {
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
    pub fn contradicting(&self, checkpoint: &Checkpoint) -> Vec<Cosign> {
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

    /// What was last cosigned.
    #[must_use]
    pub const fn registered(&self) -> Option<Registered> {
        self.register.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A validator that signs without end fills no memory, and drives out nobody.
    #[test]
    fn an_agency_has_room_for_so_many_roots_and_others_have_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let (chain, path) = (ChainId::new([1; 32]), dir.path().join("register"));
        let origin = "registry.example.uz/test/1";
        let names = ["adliya", "soliq"].map(|name| AgencyName::parse(name).unwrap());
        let secret = |agency: &AgencyName| SecretKey::from_seed(&[agency.as_str().len() as u8; 32]);
        let key = |agency: &AgencyName| {
            let key = CosignerKey::validator(format!("{origin}/{agency}"), secret(agency).public());
            (agency.clone(), key)
        };
        let publisher = SecretKey::from_seed(&[9; 32]).public();
        let mut cosigner = Cosigner {
            chain,
            origin: origin.to_owned(),
            quorum: 2,
            keys: names.iter().map(key).collect(),
            publisher_key: CosignerKey::log(origin.to_owned(), publisher),
            mine: None,
            publisher: None,
            register: Register::open(&path, chain).unwrap(),
            last_time: 0,
            collected: BTreeMap::new(),
        };
        let cosign = |agency: &AgencyName, size: u64, root: u64| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&root.to_be_bytes());
            let (size, root) = (LogSize::new(size), RootHash::new(bytes));
            let body = format!("{origin}\n{size}\n{root}\n");
            Cosign {
                size,
                root,
                time: 1,
                agency: agency.to_string(),
                signature: cosignature::sign(&secret(agency), 1, &body),
            }
        };
        for root in 0..200 {
            let _taken = cosigner.collect(cosign(&names[0], 5, root));
        }
        assert_eq!(cosigner.collected.len(), ROOTS_MAX);
        assert_eq!(
            cosigner.collect(cosign(&names[1], 5, 999)),
            Collect::Counted
        );
        let here = Checkpoint {
            origin: protocol::name::Origin::parse(origin).unwrap(),
            size: LogSize::new(7),
            root: cosign(&names[0], 7, 1).root,
        };
        cosigner.cosign(&here, TimeMs::new(1)).unwrap();
        assert_eq!(cosigner.collect(cosign(&names[0], 7, 1)), Collect::Counted);
        cosigner.forget_below(LogSize::new(7));
        assert_eq!(cosigner.collected.len(), 1);
    }
}
