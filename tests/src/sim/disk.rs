//! The disk of a simulated host. What was not synced is lost or kept, sector by sector, when the
//! power goes; and the power can go at any write or sync.
//!
//! The safety record and the cosign state lie on it. RocksDB is real and in a folder: there the end of
//! the write-ahead log that was not synced is cut off at any byte. Not shown: sectors of that log
//! written out of order, and files of RocksDB other than its log losing what it has synced.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Error, Result},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use node::{
    durable::{Medium, Storage},
    network::Handle,
};
use testkit::Random;

const SECTOR_BYTES: usize = 512;

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The power of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Power(Arc<Mutex<PowerState>>);

#[derive(Debug, Default)]
struct PowerState {
    is_off: bool,
    operations_left: Option<u64>,
    /// How long a sync takes at most, and what was taken since the last look.
    sync_us_max: u64,
    spent_us: u64,
    chance: Option<Random>,
    voice: Option<Handle>,
    /// What had been said when the power went.
    said_bytes: u64,
}

impl Power {
    /// Comes on. `voice` is where the node speaks.
    pub(super) fn switch_on(&self, voice: Handle, chance: Random, sync_us_max: u64) {
        *lock(&self.0) = PowerState {
            chance: Some(chance),
            voice: Some(voice),
            sync_us_max,
            ..PowerState::default()
        };
    }

    /// Goes off after so many more writes and syncs.
    pub(super) fn fail_after(&self, operations: u64) {
        lock(&self.0).operations_left = Some(operations);
    }

    /// Does not go off any more.
    pub(super) fn fail_never(&self) {
        lock(&self.0).operations_left = None;
    }

    pub(super) fn is_off(&self) -> bool {
        lock(&self.0).is_off
    }

    /// Whether the node has gone on speaking after a write or sync of its had failed.
    pub(super) fn spoke_after_failure(&self) -> bool {
        let state = lock(&self.0);
        let now = state.voice.as_ref().map_or(0, Handle::sent_bytes);
        state.is_off && now != state.said_bytes
    }

    /// The time that syncs have taken since this was last asked.
    pub(super) fn take_spent_us(&self) -> u64 {
        std::mem::take(&mut lock(&self.0).spent_us)
    }

    fn operate(&self, is_sync: bool) -> Result<()> {
        let mut state = lock(&self.0);
        if state.operations_left == Some(0) && !state.is_off {
            state.is_off = true;
            state.said_bytes = state.voice.as_ref().map_or(0, Handle::sent_bytes);
        }
        if state.is_off {
            return Err(Error::other("the power is off"));
        }
        state.operations_left = state.operations_left.map(|left| left - 1);
        let most = state.sync_us_max;
        if is_sync && let Some(chance) = &mut state.chance {
            let took = chance.between(0, most);
            state.spent_us += took;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Content {
    durable: Vec<u8>,
    present: Vec<u8>,
    dirty: BTreeSet<usize>,
    /// Whether there is a file at all.
    is_there: bool,
}

/// A file on the simulated disk. Cheap to clone: it is the same file.
#[derive(Clone, Debug)]
pub(super) struct SimFile {
    power: Power,
    content: Arc<Mutex<Content>>,
    /// Marked at each write: the block before it was synced.
    log: Option<Log>,
}

impl SimFile {
    /// A place with a file, or with none.
    pub(super) fn new(power: &Power, log: Option<Log>, file: Option<Vec<u8>>) -> Self {
        let is_there = file.is_some();
        let bytes = file.unwrap_or_default();
        Self {
            power: power.clone(),
            content: Arc::new(Mutex::new(Content {
                durable: bytes.clone(),
                present: bytes,
                dirty: BTreeSet::new(),
                is_there,
            })),
            log,
        }
    }

    /// What would be there if the power went now and nothing unsynced were kept.
    pub(super) fn durable(&self) -> Vec<u8> {
        lock(&self.content).durable.clone()
    }

    /// The file is gone.
    pub(super) fn remove(&self) {
        self.replace(Vec::new());
        lock(&self.content).is_there = false;
    }

    pub(super) fn is_there(&self) -> bool {
        lock(&self.content).is_there
    }

    /// Puts a whole content in the place of what is there, as a restored backup does.
    pub(super) fn replace(&self, bytes: Vec<u8>) {
        let mut content = lock(&self.content);
        content.durable.clone_from(&bytes);
        content.present = bytes;
        content.dirty.clear();
        content.is_there = true;
    }

    /// The power is gone: each unsynced sector is there or is not.
    pub(super) fn lose_unsynced(&self, chance: &mut Random) {
        let mut content = lock(&self.content);
        let kept_percent = *chance.pick(&[0, 50, 50, 100]);
        for sector in std::mem::take(&mut content.dirty) {
            if chance.percent(kept_percent) {
                content.keep(sector);
            }
        }
        content.present = content.durable.clone();
    }
}

impl Content {
    fn keep(&mut self, sector: usize) {
        let from = sector * SECTOR_BYTES;
        let until = (from + SECTOR_BYTES).min(self.present.len());
        if self.durable.len() < until {
            self.durable.resize(until, 0);
        }
        self.durable[from..until].copy_from_slice(&self.present[from..until]);
    }
}

impl Medium for SimFile {
    fn write_at(&self, bytes: &[u8], at: u64) -> Result<()> {
        self.power.operate(false)?;
        if let Some(log) = &self.log {
            log.mark();
        }
        let mut content = lock(&self.content);
        let from = usize::try_from(at).map_err(Error::other)?;
        let until = from + bytes.len();
        if content.present.len() < until {
            content.present.resize(until, 0);
        }
        content.present[from..until].copy_from_slice(bytes);
        let sectors = from / SECTOR_BYTES..until.div_ceil(SECTOR_BYTES);
        content.dirty.extend(sectors);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.power.operate(true)?;
        let mut content = lock(&self.content);
        for sector in std::mem::take(&mut content.dirty) {
            content.keep(sector);
        }
        Ok(())
    }

    fn read_from(&self, at: u64) -> Result<Vec<u8>> {
        let content = lock(&self.content);
        let from = usize::try_from(at).map_err(Error::other)?;
        Ok(content.present.get(from..).unwrap_or_default().to_vec())
    }
}

/// Where a file of a simulated disk belongs.
#[derive(Clone, Debug)]
pub(super) struct SimPlace {
    pub(super) path: PathBuf,
    pub(super) file: SimFile,
}

impl Storage for SimPlace {
    fn path(&self) -> &Path {
        &self.path
    }

    fn find(&self) -> Result<Option<Box<dyn Medium>>> {
        let found = self.file.is_there().then(|| self.file.clone());
        Ok(found.map(|file| Box::new(file) as Box<dyn Medium>))
    }

    /// Under another name until it is synced, so it is there whole or not at all.
    fn make(&self, bytes: &[u8]) -> Result<Box<dyn Medium>> {
        self.file.power.operate(true)?;
        self.file.replace(bytes.to_vec());
        Ok(Box::new(self.file.clone()))
    }
}

/// Bytes that are only looked at.
#[derive(Debug)]
pub(super) struct Image(pub(super) Vec<u8>);

impl Medium for Image {
    fn write_at(&self, _: &[u8], _: u64) -> Result<()> {
        Err(Error::other("an image is only looked at"))
    }

    fn sync(&self) -> Result<()> {
        Err(Error::other("an image is only looked at"))
    }

    fn read_from(&self, at: u64) -> Result<Vec<u8>> {
        let from = usize::try_from(at).map_err(Error::other)?;
        Ok(self.0.get(from..).unwrap_or_default().to_vec())
    }
}

/// The write-ahead log of a RocksDB folder: how much of it was surely synced. The node writes its
/// cosign state right after it has synced a block, so that is when to look.
#[derive(Clone, Debug)]
pub(super) struct Log {
    folder: PathBuf,
    synced: Arc<Mutex<BTreeMap<PathBuf, u64>>>,
}

impl Log {
    pub(super) fn new(ledger: &Path) -> Self {
        Self {
            folder: ledger.join("db"),
            synced: Arc::default(),
        }
    }

    fn lengths(&self) -> BTreeMap<PathBuf, u64> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let logs = files.filter(|file| file.path().extension().is_some_and(|end| end == "log"));
        logs.filter_map(|file| Some((file.path(), file.metadata().ok()?.len())))
            .collect()
    }

    /// All that is there now is synced.
    pub(super) fn mark(&self) {
        let lengths = self.lengths();
        *lock(&self.synced) = lengths;
    }

    /// The power is gone, and RocksDB is closed: cuts off part of what was not synced.
    pub(super) fn lose_unsynced(&self, chance: &mut Random) {
        let synced = lock(&self.synced).clone();
        for (path, length) in self.lengths() {
            let least = synced.get(&path).copied().unwrap_or(0);
            if length <= least {
                continue;
            }
            let kept = match chance.index(3) {
                0 => least,
                1 => length,
                _ => chance.between(least, length),
            };
            let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(kept).unwrap();
        }
    }
}
