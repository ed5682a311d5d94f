//! Opening a folder: everything in memory is rebuilt from the rows and compared with what the log's
//! own block leaf and the caller's tip say. A store that lost something does not open.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, RwLock},
};

use protocol::{
    block::BlockLeaf,
    genesis::Genesis,
    hash::{ChainId, IndexKey, RootHash, ValueHash},
    height::{Height, LeafIndex, LogSize},
    merkle::{self, tile_builder::TileBuilder},
    planted::{self, Bug},
    state::{RecordState, value_hash},
};

use super::{Ledger, Snapshot, values::Values};
use crate::{
    directory::Directory,
    execute,
    fault::Fault,
    head::Head,
    inbox::Inboxes,
    index::Tree,
    log::{self, tile_hashes},
    query,
    store::{
        Before, Store, Tail,
        schema::{FORMAT, PublishedRow, TipRow},
    },
    views::{Images, View, Views},
};

/// So many rows may be in no run after a folder was opened: more would be read at the next start too.
const ROWS_LEFT_MAX: usize = 512;

impl Ledger {
    /// Opens the folder of the network of `genesis`, or makes it. `expected` is the tip that the
    /// caller keeps elsewhere: the log must still extend it.
    ///
    /// # Errors
    /// If the store is damaged, another network's, in use, or behind its tip.
    pub fn open(
        path: &Path,
        genesis: &Genesis,
        expected: Option<(LogSize, RootHash)>,
    ) -> Result<Self, Fault> {
        Self::open_with(path, genesis, expected, Shorter::IsRefused)
    }

    /// Opens it as [`Self::open`] does, for a caller that says nothing before the log has grown to what it
    /// keeps elsewhere: the log may be shorter than that, or not there.
    ///
    /// # Errors
    /// As [`Self::open`], but for a log that only lacks its end.
    pub fn open_to_follow(
        path: &Path,
        genesis: &Genesis,
        expected: Option<(LogSize, RootHash)>,
    ) -> Result<Self, Fault> {
        Self::open_with(path, genesis, expected, Shorter::IsTaken)
    }

    fn open_with(
        path: &Path,
        genesis: &Genesis,
        expected: Option<(LogSize, RootHash)>,
        shorter: Shorter,
    ) -> Result<Self, Fault> {
        // Who follows in silence fetches a lost end again, so a torn one does not keep it from starting.
        let tail = if expected.is_some() || shorter == Shorter::IsTaken {
            Tail::MayBeTorn
        } else {
            Tail::Whole
        };
        let store = Store::open(path, tail)?;
        let (chain, format) = (genesis.chain(), store.format()?);
        match (format, store.tip()?) {
            (None, None) => {
                let executed = execute::genesis(genesis);
                if let Some((expected_size, expected_root)) = expected.filter(|(_, root)| {
                    shorter == Shorter::IsRefused && *root != executed.head().root()
                }) {
                    let (size, found) = (LogSize::ZERO, "nothing there".to_owned());
                    return Err(Fault::BehindItsTip {
                        expected_size,
                        expected_root,
                        size,
                        found,
                    });
                }
                let tiles = log::append(&mut TileBuilder::default(), &executed.hashes);
                store.create(chain, &executed, &tiles)?;
            }
            (Some(FORMAT), Some(_)) => store.restore_fresh()?,
            (Some(FORMAT), None) | (None, Some(_)) => {
                return Err(Fault::damaged(
                    "it has a format without a tip, or a tip without a format",
                ));
            }
            (Some(found), _) => {
                return Err(Fault::Format {
                    found,
                    expected: FORMAT,
                });
            }
        }
        check_chain(&store, chain)?;
        let tip = store
            .tip()?
            .ok_or_else(|| Fault::damaged("it has no tip"))?;
        let shared = load(&store, genesis, tip)?;
        let ledger = Self {
            store,
            batches: query::Batches::default(),
            trees: query::Trees::default(),
            writer: Mutex::new(()),
            shared: RwLock::new(shared),
        };
        let expected =
            expected.filter(|(size, _)| shorter == Shorter::IsRefused || *size <= tip.size);
        ledger.check_tip(expected, tip)?;
        // A crash may have come between the note of an epoch's block and its proof.
        ledger.keep_epoch_proof()?;
        ledger.write_run(ROWS_LEFT_MAX)?;
        Ok(ledger)
    }

    /// The log must have had the expected root at the expected size.
    fn check_tip(&self, expected: Option<(LogSize, RootHash)>, tip: TipRow) -> Result<(), Fault> {
        let Some((expected_size, expected_root)) = expected else {
            return Ok(());
        };
        if planted::is(Bug::LogShortened) {
            return Ok(());
        }
        let found = if expected_size > tip.size {
            "fewer leaves".to_owned()
        } else {
            match self.root_at(expected_size)? {
                root if root == expected_root => return Ok(()),
                root => format!("root {root} at that size"),
            }
        };
        Err(Fault::BehindItsTip {
            expected_size,
            expected_root,
            size: tip.size,
            found,
        })
    }
}

fn check_chain(store: &Store, expected: ChainId) -> Result<(), Fault> {
    match store.chain()? {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(Fault::OtherChain { found, expected }),
        None => Err(Fault::damaged("it names no network")),
    }
}

/// The treatment of a log that is shorter than its caller remembers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shorter {
    IsRefused,
    IsTaken,
}

/// Rebuilds what is kept in memory, and compares it with the newest block leaf.
fn load(store: &Store, genesis: &Genesis, tip: TipRow) -> Result<Snapshot, Fault> {
    let size = tip.size.get();
    if store.leaf(LeafIndex::new(size))?.is_some() {
        return Err(Fault::damaged(format!(
            "a leaf follows the tip at size {size}"
        )));
    }
    let edge = Arc::new(TileBuilder::rebuild(
        tip.size,
        |at| Ok(*merkle::leaf_hash(&leaf(store, at)?).as_bytes()),
        |level, index| match store.tile(level, index)? {
            Some(bytes) => Ok(tile_hashes(&bytes)),
            None => Err(Fault::damaged(format!("tile {level}/{index} is missing"))),
        },
    )?);
    let loaded = Loaded {
        store,
        edge: &edge,
        genesis,
    };
    let published = store.published()?;
    let views = loaded.views(published.as_ref(), tip)?;
    let head = views.at(tip.height).map(|view| Arc::clone(&view.head));
    let head = head.ok_or_else(|| Fault::damaged("the tip has no block"))?;
    if head.root() != tip.root {
        return Err(Fault::damaged(format!(
            "the log has root {}, its tip {}",
            head.root(),
            tip.root
        )));
    }
    let asked = loaded.asked()?;
    Ok(Snapshot {
        head,
        edge,
        views,
        asked,
    })
}

struct Loaded<'a> {
    store: &'a Store,
    edge: &'a Arc<TileBuilder>,
    genesis: &'a Genesis,
}

impl Loaded<'_> {
    /// All heights from the published one to the tip: the records as they were at the oldest, and
    /// forward from there by what the blocks changed. With nothing published, from the first height
    /// whose successors can all be undone.
    fn views(&self, published: Option<&PublishedRow>, tip: TipRow) -> Result<Views, Fault> {
        let mut undo = self
            .store
            .undo_after(published.map_or(Height::ZERO, |row| row.height))?;
        let oldest = match published {
            Some(row) => row.height,
            None if undo.is_empty() => tip.height,
            None => undo.remove(0).height,
        };
        let mut at_oldest = Images::new();
        for block in undo.iter().rev() {
            at_oldest.extend(block.records.clone());
        }
        let mut values = Values::at_each(self.genesis, self.store.values()?, &undo)?;
        let first = values.pop().unwrap_or_default();
        let mut index = self.index_at((oldest, tip), &at_oldest, &first)?;
        let mut directory = first.directory(self.genesis)?;
        let mut views = Views::default();
        views.push(View {
            head: Arc::new(self.head(oldest, &directory, index.clone())?),
            before: Arc::default(),
        });
        if let Some(row) = published {
            views.publish(row.height, &row.note);
        }
        for (at, block) in undo.iter().enumerate() {
            let later = undo.get(at.saturating_add(1)..).unwrap_or_default();
            let mut changes = self.changes(&block.records, later)?;
            let after = values.pop().unwrap_or_default();
            if !block.values.is_empty() {
                changes.extend(after.changed(block));
                directory = after.directory(self.genesis)?;
            }
            index = index.update(&changes)?;
            let head = Arc::new(self.head(block.height, &directory, index.clone())?);
            views.push(View {
                head,
                before: Arc::new(block.records.clone()),
            });
        }
        if views.at(tip.height).is_none() {
            return Err(Fault::damaged(
                "an undo row is missing between checkpoint and tip",
            ));
        }
        Ok(views)
    }

    /// The index at `oldest`: the outline that the last run came with, and on it what is in no run. Where that run
    /// is newer, because a crash has taken the published checkpoint up to which it was written, or because nothing
    /// was published for long, the whole is made anew.
    fn index_at(
        &self,
        (oldest, tip): (Height, TipRow),
        images: &Images,
        values: &Values,
    ) -> Result<Tree, Fault> {
        let base = match self.store.last_run()? {
            None => Tree::default(),
            Some(run) if run.height > tip.height => {
                let (run, tip) = (run.height, tip.height);
                let what =
                    format!("it holds what block {run} has added, and ends with block {tip}");
                return Err(Fault::damaged(what));
            }
            Some(run) if run.height <= oldest => {
                let index = Tree::of_outline(&run.outline, &self.store.leaves_in_runs());
                index.ok_or_else(|| Fault::damaged("the outline of the index is none"))?
            }
            Some(_) => return self.whole(images, values),
        };
        let mut changes = BTreeMap::new();
        for block in self.store.fresh_until(oldest) {
            changes.extend(block.index_leaves());
        }
        base.update(&changes)
    }

    /// The index over all records as they were, and all other values.
    fn whole(&self, images: &Images, values: &Values) -> Result<Tree, Fault> {
        let mut leaves: Vec<(IndexKey, ValueHash)> = values.hashes().collect();
        let mut add = |key: IndexKey, state: &RecordState| {
            leaves.push((key, value_hash(&state.write())));
        };
        self.store
            .each_record(|key, state| match images.get(&key) {
                None => add(key, &state),
                Some(Some(before)) => add(key, before),
                Some(None) => {}
            })?;
        leaves.sort_unstable_by_key(|leaf| leaf.0);
        Ok(Tree::from_sorted(&leaves))
    }

    /// The records that wait for the word of agencies.
    fn asked(&self) -> Result<Inboxes, Fault> {
        let mut asked = Inboxes::default();
        for key in self.store.waiting()? {
            let state = self.store.record(&key)?;
            let state = state.ok_or_else(|| Fault::damaged("a record that waits is missing"))?;
            asked.note(key, &state);
        }
        Ok(asked)
    }

    /// Values that a block gave to the records it changed: what the next block to change one found, or what
    /// the store has.
    fn changes(
        &self,
        images: &Images,
        later: &[Before],
    ) -> Result<BTreeMap<IndexKey, ValueHash>, Fault> {
        let mut changes = BTreeMap::new();
        for key in images.keys() {
            let state = match later.iter().find_map(|block| block.records.get(key)) {
                Some(state) => state.clone(),
                None => self.store.record(key)?,
            };
            let state = state.ok_or_else(|| Fault::damaged("a changed record is missing"))?;
            changes.insert(*key, value_hash(&state.write()));
        }
        Ok(changes)
    }

    /// The state after the block at `height`, compared with its block leaf and its row.
    fn head(&self, height: Height, directory: &Arc<Directory>, index: Tree) -> Result<Head, Fault> {
        let damaged = |what: &str| Fault::damaged(format!("block {height} {what}"));
        let row = self
            .store
            .block(height)?
            .ok_or_else(|| damaged("is missing"))?;
        let last = row
            .size
            .get()
            .checked_sub(1)
            .ok_or_else(|| damaged("is empty"))?;
        let leaf = BlockLeaf::parse(&leaf(self.store, last)?)
            .map_err(|error| damaged(&format!("has no block leaf: {error}")))?;
        if leaf.height != height || leaf.index != index.root() {
            return Err(damaged("does not agree with the records"));
        }
        let frontier = query::frontier(self.store, self.edge, row.size)?;
        let head = Head::new(leaf, frontier, Arc::clone(directory), index);
        if head.block() != row.block {
            return Err(damaged("does not agree with the log"));
        }
        Ok(head)
    }
}

fn leaf(store: &Store, index: u64) -> Result<Vec<u8>, Fault> {
    store
        .leaf(LeafIndex::new(index))?
        .ok_or_else(|| Fault::damaged(format!("leaf {index} is missing")))
}
