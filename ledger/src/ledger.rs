//! The ledger as a node uses it: one writer, many readers, on any thread.
//!
//! Joins the pure parts with the store. Not here: answers with proofs (`query`), and how a folder is
//! opened and checked (`ledger::open`).

mod epochs;
mod open;
#[cfg(test)]
mod tests;
mod values;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use protocol::{
    authentic::{Authentic, Submission},
    checkpoint::Checkpoint,
    entry::Entry,
    hash::{BlockId, IndexKey, IndexRoot, LeafHash},
    height::{Height, LeafIndex},
    merkle::tile_builder::TileBuilder,
    planted::{self, Bug},
    state::{RecordState, value_hash},
};
use thiserror::Error;

pub use self::epochs::EpochOpening;
pub use crate::views::Published;
use crate::{
    execute::{self, BlockParameters, Built, Executed, Item, NotExecuted},
    fault::Fault,
    head::Head,
    inbox::Inboxes,
    log,
    query::{Batches, Trees},
    records::Records,
    rules::{self, Known, Position, Refusal},
    store::Store,
    views::{VIEWS_MAX, View, Views},
};

/// Number of times that the rules are asked anew because a block has come meanwhile.
const ADMIT_TRIES: u32 = 8;
/// Number of entries and records together that make a run. Fewer cost more merges, more cost memory.
const RUN_ROWS: usize = 32_768;
/// So many are kept in memory if nothing is published; opened after a crash, the folder then takes longer.
const RUN_ROWS_MAX: usize = 8 * RUN_ROWS;
/// Number of versions back at which a conflict looks for the entry that won.
const WINNER_STEPS_MAX: usize = 1024;

/// An entry that the rules allow after the head. They may not any more when its turn comes: execution
/// asks again.
#[derive(Clone, Debug)]
pub struct Admitted(Authentic);

impl Admitted {
    /// The entry.
    #[must_use]
    pub const fn entry(&self) -> &Authentic {
        &self.0
    }

    /// The entry.
    #[must_use]
    pub fn into_entry(self) -> Authentic {
        self.0
    }
}

/// Why an entry was not admitted.
#[derive(Debug, Error)]
pub enum NotAdmitted {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Blocks came faster than the rules could be asked; the entry may be handed in again.
    #[error("the ledger moves on too fast; hand the entry in again")]
    Moved,
    /// This machine could not find out.
    #[error(transparent)]
    Fault(Fault),
}

impl From<Fault> for NotAdmitted {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Moved(_) => Self::Moved,
            fault => Self::Fault(fault),
        }
    }
}

/// A ledger on disk.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) store: Store,
    pub(crate) batches: Batches,
    pub(crate) trees: Trees,
    writer: Mutex<()>,
    shared: RwLock<Snapshot>,
}

/// The state that readers see. Whoever writes replaces it in one step.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) head: Arc<Head>,
    pub(crate) edge: Arc<TileBuilder>,
    pub(crate) views: Views,
    pub(crate) asked: Inboxes,
}

/// The records as they were after one block.
#[derive(Clone, Copy, Debug)]
pub struct RecordsAt<'a> {
    ledger: &'a Ledger,
    head: &'a Head,
}

impl Records for RecordsAt<'_> {
    fn record(&self, key: &IndexKey) -> Result<Option<RecordState>, Fault> {
        self.ledger.record_at(self.head, key)
    }
}

impl Ledger {
    /// The state after the newest block on disk.
    #[must_use]
    pub fn head(&self) -> Arc<Head> {
        self.read(|shared| Arc::clone(&shared.head))
    }

    /// The newest published checkpoint; all proofs are made under it.
    #[must_use]
    pub fn published(&self) -> Option<Published> {
        self.read(|shared| shared.views.published().cloned())
    }

    /// The records as they were after `head`, one of the last heights.
    #[must_use]
    pub const fn records_at<'a>(&'a self, head: &'a Head) -> RecordsAt<'a> {
        RecordsAt { ledger: self, head }
    }

    /// Checks that the rules allow the entry in the next block.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`] for the rule that refuses it, and for a disk that cannot be read.
    pub fn admit(&self, entry: Authentic) -> Result<Admitted, NotAdmitted> {
        for _ in 0..ADMIT_TRIES {
            match self.admit_after_head(&entry) {
                Ok(()) => return Ok(Admitted(entry)),
                Err(NotAdmitted::Moved) => {}
                Err(no) => return Err(no),
            }
        }
        Err(NotAdmitted::Moved)
    }

    fn admit_after_head(&self, entry: &Authentic) -> Result<(), NotAdmitted> {
        let head = self.head();
        let (height, index) = (head.height().next(), LeafIndex::new(head.size().get()));
        let place = Position {
            height,
            time: head.time(),
            index,
        };
        let judged = match entry.submission() {
            Submission::Entry(submission) => {
                let known = Known::find(
                    &self.records_at(&head),
                    entry.first(),
                    &submission.statement,
                )?;
                let statement = &submission.statement;
                rules::judge(head.directory(), &known, entry.first(), statement, place).map(drop)
            }
            Submission::Act(act) => {
                rules::act::judge(head.directory(), entry.first(), act, place).map(drop)
            }
            Submission::Return(mark) => {
                // The earliest that the next block can be: an hour may have passed by then.
                let time = head.time().next();
                let place = Position { time, ..place };
                rules::returns::judge(head.directory(), entry.first(), mark, place).map(drop)
            }
            Submission::Governance(governance) => {
                let time = rules::governance::earliest(governance, head.time().next());
                let place = Position { time, ..place };
                rules::governance::judge(head.directory(), entry.first(), governance, place)
                    .map(drop)
            }
            Submission::Batch(batch) => {
                let records = self.records_at(&head);
                let judged =
                    rules::batch::judge_all(head.directory(), &records, entry, batch, place)?;
                judged.map(drop)
            }
        };
        match judged {
            Ok(()) => Ok(()),
            Err(Refusal::SelfReference) if planted::is(Bug::LaxDoor) => Ok(()),
            Err(refusal) => {
                let there = self.already_there(entry)?;
                Err(there
                    .map_or_else(|| self.name_the_winner(refusal), Ok)?
                    .into())
            }
        }
    }

    /// The first of its leaves that is in the log. The rules refuse whatever comes a second time, if not
    /// always with this reason, so what they allow need not be looked for.
    fn already_there(&self, entry: &Authentic) -> Result<Option<Refusal>, Fault> {
        for (row, leaf) in (0..).zip(entry.leaves()) {
            if let Some(index) = self.entry(&leaf.id)? {
                let refusal = Refusal::AlreadyThere { index };
                return Ok(Some(if row == 0 {
                    refusal
                } else {
                    refusal.of_row(row)
                }));
            }
        }
        Ok(None)
    }

    /// Makes the next block of the candidates that the rules allow.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the disk cannot be read, or holds what cannot be.
    pub fn build<'a>(
        &self,
        proposal: BlockParameters,
        candidates: impl IntoIterator<Item = &'a Authentic>,
    ) -> Result<Built, Fault> {
        let head = self.head();
        execute::build(&head, &self.records_at(&head), proposal, candidates)
    }

    /// Executes a proposed next block.
    ///
    /// # Errors
    ///
    /// [`NotExecuted`] for the rule that the block breaks, and for a disk that cannot be read.
    pub fn execute<'a>(
        &self,
        proposal: BlockParameters,
        items: impl IntoIterator<Item = impl Into<Item<'a>>>,
    ) -> Result<Executed, NotExecuted> {
        let head = self.head();
        execute::execute(&head, &self.records_at(&head), proposal, items)
    }

    /// The id of the next block that a description makes, whether or not the rules allow it.
    #[must_use]
    pub fn described<'a>(
        &self,
        by: BlockParameters,
        index: IndexRoot,
        items: impl IntoIterator<Item = &'a Authentic>,
    ) -> BlockId {
        execute::described(&self.head(), by, index, items)
    }

    /// Puts a decided block on disk, with its certificate. When this returns, it is there for good.
    /// After a fault all further commits are refused.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the block is not on disk for certain.
    pub fn commit(&self, executed: &Executed, certificate: &[u8]) -> Result<Arc<Head>, Fault> {
        let _writer = self.writer();
        let head = self.head();
        if executed.block_leaf().parent != Some(head.block()) {
            let what = "the block does not follow the head";
            return Err(Fault::OutOfOrder {
                height: executed.height(),
                what,
            });
        }
        let before = Arc::new(executed.before.clone());
        let mut edge = self.read(|shared| TileBuilder::clone(&shared.edge));
        let tiles = log::append(&mut edge, &executed.hashes);
        self.write(|shared| shared.views.begin(Arc::clone(&before)));
        self.store.commit(
            executed,
            &tiles,
            certificate,
            self.too_old(executed.height()),
        )?;
        let head = Arc::clone(executed.head());
        self.write(|shared| {
            shared.edge = Arc::new(edge);
            shared.head = Arc::clone(&head);
            for (key, state) in executed.records() {
                shared.asked.note(*key, state);
            }
            shared.views.push(View {
                head: Arc::clone(&head),
                before,
            });
        });
        if self.store.rows_in_no_run() >= RUN_ROWS_MAX {
            self.store.write_run(&head, RUN_ROWS)?;
        }
        Ok(head)
    }

    /// Takes over the checkpoint of `height` once a quorum has cosigned it. The caller has verified
    /// its signatures.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the checkpoint is not on disk for certain.
    pub fn publish(&self, note: &str, height: Height) -> Result<(), Fault> {
        let _writer = self.writer();
        let no = |what| Err(Fault::OutOfOrder { height, what });
        let last = self.published().map(|published| published.head.height());
        if last.is_some_and(|last| last > height) {
            return no("a later checkpoint is already published");
        }
        let view = self.read(|shared| shared.views.at(height).cloned());
        let Some(view) = view else {
            return no("the height is not among the last ones");
        };
        if !is_note_of(note, &view.head.checkpoint()) {
            return no("the note is not that height's checkpoint");
        }
        let from = last.map_or_else(
            || height.get().saturating_sub(count(VIEWS_MAX)),
            Height::get,
        );
        self.store
            .publish(height, note, (from..=height.get()).map(Height::new))?;
        self.write(|shared| shared.views.publish(height, note));
        self.keep_epoch_proof()?;
        self.write_run(RUN_ROWS)
    }

    /// Makes a run of what is in none up to the published height, if there are as many rows as `at_least`: when the
    /// folder is opened anew, the index of that height is the oldest that is needed.
    fn write_run(&self, at_least: usize) -> Result<(), Fault> {
        match self.published() {
            Some(published) if self.store.rows_in_no_run() >= at_least => {
                self.store.write_run(&published.head, at_least)
            }
            _ => Ok(()),
        }
    }

    /// The undo row that nobody will need after the block at `height`: as long as nothing is
    /// published, only the last heights can be.
    fn too_old(&self, height: Height) -> Option<Height> {
        let old = height.get().checked_sub(count(VIEWS_MAX)).map(Height::new);
        old.filter(|_| self.published().is_none())
    }

    /// Replaces the latest version by the very one that took the place, if it is not too far back.
    fn name_the_winner(&self, refusal: Refusal) -> Result<Refusal, Fault> {
        if let Refusal::InBatch { row, why } = refusal {
            return Ok(self.name_the_winner(*why)?.of_row(row));
        }
        let Refusal::VersionTaken {
            version,
            latest,
            winner_version,
            winner,
            winner_hash,
        } = refusal
        else {
            return Ok(refusal);
        };
        let (mut at, mut hash, mut found) = (winner, winner_hash, winner_version);
        for _ in 0..WINNER_STEPS_MAX {
            if found <= version {
                break;
            }
            let entry = self.logged_entry(at, hash)?;
            let Some(previous) = entry.statement.previous else {
                break;
            };
            (at, hash) = (previous.index, previous.hash);
            found = protocol::height::Version::new(found.get().saturating_sub(1));
        }
        let (winner_version, winner, winner_hash) = (found, at, hash);
        Ok(Refusal::VersionTaken {
            version,
            latest,
            winner_version,
            winner,
            winner_hash,
        })
    }

    /// The entry at `index`, which must have that hash.
    pub(crate) fn logged_entry(&self, index: LeafIndex, hash: LeafHash) -> Result<Entry, Fault> {
        let bytes = self.store.leaf(index)?;
        let bytes = bytes.ok_or_else(|| Fault::damaged(format!("leaf {index} is missing")))?;
        if protocol::merkle::leaf_hash(&bytes) != hash {
            return Err(Fault::damaged(format!(
                "leaf {index} has another hash than its record says"
            )));
        }
        Entry::parse(&bytes).map_err(|error| Fault::damaged(format!("leaf {index}: {error}")))
    }

    /// The record at `key` after `head`. Reads the store first and the images then: a block that is
    /// being written has shown its images before its values.
    pub(crate) fn record_at(
        &self,
        head: &Head,
        key: &IndexKey,
    ) -> Result<Option<RecordState>, Fault> {
        let Some(wanted) = head.index().get(key)? else {
            return Ok(None);
        };
        let present = self.store.record(key)?;
        if let Some(state) = present.filter(|state| value_hash(&state.write()) == wanted) {
            return Ok(Some(state));
        }
        let height = head.height();
        let (image, is_kept) = self.read(|shared| {
            let image = shared.views.image(key, wanted);
            (image, shared.views.at(height).is_some())
        });
        if image.is_none() && !is_kept {
            return Err(Fault::Moved(height));
        }
        image.map(Some).ok_or_else(|| {
            Fault::damaged(format!(
                "the index of height {height} has a record that the store has not"
            ))
        })
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.shared.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Snapshot) -> T) -> T {
        change(&mut self.shared.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn writer(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_note_of(note: &str, checkpoint: &Checkpoint) -> bool {
    note.strip_prefix(&checkpoint.write())
        .is_some_and(|rest| rest.starts_with('\n'))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
