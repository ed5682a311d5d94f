//! The store: the one place with I/O. RocksDB, one synced batch for each block.
//!
//! It knows bytes, rows and columns, and not the rules: what it reads back is compared with the log's
//! and the index's roots by its callers. After a failed write it refuses all others, because then
//! nobody knows what is on disk until it is opened again.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "here, and nowhere else, the ledger meets the disk"
)]

mod fresh;
mod interrupt;
mod leaf_rows;
mod options;
mod read;
mod runs;
pub(crate) mod schema;
mod write;

use std::{
    fs::{File, TryLockError},
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use protocol::height::{Height, LeafIndex, TimeMs};
use rocksdb::{ColumnFamily, DB, DBRecoveryMode, ErrorKind, Options};

use self::fresh::Fresh;
pub use self::interrupt::interrupt_opening;
pub use self::options::OPEN_FILES_MAX;
pub(crate) use self::read::Before;
use crate::fault::Fault;

/// A block as peers exchange it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlock {
    /// Position in the chain.
    pub height: Height,
    /// Position of its first leaf.
    pub first: LeafIndex,
    /// Time of the block, in milliseconds since 1970 (UTC).
    pub time: TimeMs,
    /// The bytes of its leaves, the block leaf last.
    pub leaves: Vec<Vec<u8>>,
    /// The commit certificate, as it was given at commit.
    pub certificate: Vec<u8>,
}

/// An open folder.
#[derive(Debug)]
pub(crate) struct Store {
    db: Arc<Database>,
    fresh: Fresh,
    /// Where a run is written before the database takes it over: on its disk.
    run: PathBuf,
    poisoned: AtomicBool,
}

/// The database, and our own lock for as long as it is open: fields drop in order.
#[derive(Debug)]
struct Database {
    db: DB,
    _lock: File,
}

impl Deref for Database {
    type Target = DB;

    fn deref(&self) -> &DB {
        &self.db
    }
}

/// The part that may be missing at the end of the write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing: the caller could not tell a torn write from a lost one.
    Whole,
    /// A write that a power cut tore; the caller compares what is left with a tip of its own.
    MayBeTorn,
}

impl Store {
    /// Opens the folder, or makes it.
    pub(crate) fn open(path: &Path, tail: Tail) -> Result<Self, Fault> {
        std::fs::create_dir_all(path).map_err(|error| {
            storage(&format!("cannot make the folder {}", path.display()), error)
        })?;
        let lock = lock(path)?;
        check_format(&path.join("db"))?;
        let open = |recovery| {
            DB::open_cf_descriptors(
                &options::database(recovery),
                path.join("db"),
                options::families(),
            )
        };
        let db = open(DBRecoveryMode::AbsoluteConsistency)
            .or_else(|error| match tail {
                Tail::Whole => Err(error),
                Tail::MayBeTorn => open(DBRecoveryMode::TolerateCorruptedTailRecords),
            })
            .map_err(|error| {
                // Its own lock, beside ours: a tool may have it open that knows nothing of ours.
                let is_held = ["While lock file", "lock hold by current process"]
                    .iter()
                    .any(|said| error.as_ref().contains(said));
                if error.kind() == ErrorKind::IOError && is_held {
                    return Fault::InUse(path.to_owned());
                }
                let what = format!(
                    "cannot open the database; make sure that its disk has room and may be written; \
                     if it is damaged, move {} away and start the node again: it fetches the blocks \
                     from its peers",
                    path.display()
                );
                storage(&what, error)
            })?;
        Ok(Self {
            db: Arc::new(Database { db, _lock: lock }),
            fresh: Fresh::default(),
            run: path.join("run"),
            poisoned: AtomicBool::new(false),
        })
    }

    fn family(&self, name: &'static str) -> Result<&ColumnFamily, Fault> {
        self.db
            .cf_handle(name)
            .ok_or_else(|| Fault::damaged(format!("column family {name} is missing")))
    }
}

/// Refuses a database of another format before anything in it is touched: it is left as it is, for the program that
/// wrote it. Of that format it has other families, too.
fn check_format(path: &Path) -> Result<(), Fault> {
    let Ok(names) = DB::list_cf(&Options::default(), path) else {
        // There is none, or none that can be read: whoever opens it says so.
        return Ok(());
    };
    if names.iter().all(|name| options::is_family(name)) {
        return Ok(());
    }
    let named = |error| storage("cannot read which format the database has", error);
    let db = DB::open_cf_for_read_only(&Options::default(), path, [schema::META], false);
    let db = db.map_err(named)?;
    let meta = db.cf_handle(schema::META);
    let meta = meta.ok_or_else(|| Fault::damaged("it names no format"))?;
    let found = db.get_cf(meta, schema::META_FORMAT).map_err(named)?;
    let found = found.and_then(|bytes| schema::decode(&bytes).ok());
    Err(match found {
        Some(found) if found != schema::FORMAT => Fault::Format {
            found,
            expected: schema::FORMAT,
        },
        _ => Fault::damaged("it has families that this program does not know"),
    })
}

fn lock(path: &Path) -> Result<File, Fault> {
    let name = path.join("lock");
    let named = |what: &str| format!("{what} {}", name.display());
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| storage(&named("cannot open the lock file"), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Fault::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(storage(&named("cannot lock"), error)),
    }
}

fn storage(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Storage {
        what: what.to_owned(),
        source: Box::new(source),
    }
}
