//! The inner nodes of the log, from tiles whose trees are made once for all paths that lead through them.
//!
//! Not here: paths (`protocol::merkle`), and the tiles that are served as they are (`files`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{
    height::LogSize,
    merkle::{Frontier, Hash, tile_builder::TileBuilder},
};

use crate::{
    fault::Fault,
    ledger::Ledger,
    log::{TILE_BYTES, levels, tile_hashes},
    store::Store,
};

/// Trees of tiles that are kept: each has at most 16 KiB of hashes.
const KEPT_MAX: usize = 256;

type Tree = Vec<Vec<Hash>>;

/// Trees that were asked for lately, by level, number and width of their tile.
#[derive(Debug, Default)]
pub(crate) struct Trees(Mutex<BTreeMap<(u8, u64, usize), Arc<Tree>>>);

impl Trees {
    fn of(
        &self,
        tile: (u8, u64, usize),
        make: impl FnOnce() -> Result<Tree, Fault>,
    ) -> Result<Arc<Tree>, Fault> {
        let found = |kept: &BTreeMap<_, Arc<Tree>>| kept.get(&tile).cloned();
        if let Some(tree) = found(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(tree);
        }
        let tree = Arc::new(make()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A log grows through its tiles, so those of one moment are soon of no use: all go at once.
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(tile, Arc::clone(&tree));
        Ok(tree)
    }
}

/// The tiles of one log, as it was at one moment.
pub(super) struct Tiles<'a> {
    store: &'a Store,
    edge: Arc<TileBuilder>,
    trees: &'a Trees,
}

impl<'a> Tiles<'a> {
    pub(super) fn of(ledger: &'a Ledger) -> Self {
        let edge = ledger.read(|shared| Arc::clone(&shared.edge));
        Self {
            store: &ledger.store,
            edge,
            trees: &ledger.trees,
        }
    }

    /// Root of the perfect subtree number `at` over 2^`level` leaves.
    pub(super) fn node(&self, level: u8, at: u64) -> Result<Hash, Fault> {
        let missing = || Fault::damaged(format!("node {level}/{at} of the log is missing"));
        let (tile_level, above) = (level / 8, level % 8);
        let nodes = 256u64 >> above;
        let (tile, number) = (
            at / nodes,
            usize::try_from(at % nodes).unwrap_or(usize::MAX),
        );
        let tree = match self.edge.partial(tile_level, tile) {
            Some(hashes) => self
                .trees
                .of((tile_level, tile, hashes.len()), || Ok(levels(hashes)))?,
            None => self.trees.of((tile_level, tile, 256), || {
                let bytes = self.store.tile(tile_level, tile)?;
                let bytes = bytes.filter(|bytes| bytes.len() == TILE_BYTES);
                Ok(levels(&tile_hashes(&bytes.ok_or_else(missing)?)))
            })?,
        };
        let nodes = tree.get(usize::from(above));
        nodes
            .and_then(|nodes| nodes.get(number).copied())
            .ok_or_else(missing)
    }
}

/// Hashes that are needed to go on appending after the log's first `size` leaves.
pub(crate) fn frontier(
    store: &Store,
    edge: &Arc<TileBuilder>,
    size: LogSize,
) -> Result<Frontier, Fault> {
    let tiles = Tiles {
        store,
        edge: Arc::clone(edge),
        trees: &Trees::default(),
    };
    Frontier::at(size, |level, at| tiles.node(level, at))
}
