//! The files of a mirror: read from a log into a folder beside them, and moved into place once they are
//! known to lead to the root of a trusted checkpoint.
//!
//! A crash before the first move leaves the mirror as it was; one amid the moves leaves some tiles more,
//! each of which is right, under the older checkpoint. Nothing that a liar gives is ever in its place. Not
//! here: the checkpoint, which comes last.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::{
    checkpoint::Checkpoint,
    height::LogSize,
    merkle::{
        Frontier, leaf_hash,
        tile_builder::TileBuilder,
        tiles::{self, TILE_WIDTH, TilePath},
    },
};

use super::{Log, LogError, leaves};
use crate::durable::{self, FileError, Readers};

/// Where files wait until they are known to be right. In the mirror's folder: to move is to rename.
const NEW: &str = ".new";

/// Brings the files of a mirror in `folder` up to a checkpoint; gives how many were written.
///
/// # Errors
/// [`LogError`]; the mirror then stays as it was, or has some tiles more, each of which is right.
pub fn bring(log: &Log, folder: &Path, checkpoint: &Checkpoint) -> Result<u64, LogError> {
    let done = bring_through(log, folder, checkpoint);
    let new = folder.join(NEW);
    if new.exists() {
        // What could not be believed, or the empty folders of what was moved.
        let removed = fs::remove_dir_all(&new);
        removed.map_err(|error| FileError::unwritable(&new, error))?;
    }
    done
}

fn bring_through(log: &Log, folder: &Path, checkpoint: &Checkpoint) -> Result<u64, LogError> {
    let mut read = Copy::read(log, folder, checkpoint.size, true)?;
    if read.frontier.root() != checkpoint.root && read.kept > 0 {
        // A file of the mirror may be spoilt: all of them again.
        read = Copy::read(log, folder, checkpoint.size, false)?;
    }
    if read.frontier.root() != checkpoint.root {
        return Err(LogError::MirrorRoot);
    }
    read.files.into_place()
}

/// One reading of the log.
struct Copy<'a> {
    files: NewFiles<'a>,
    frontier: Frontier,
    /// Bundles that were taken from the mirror itself.
    kept: u64,
}

impl<'a> Copy<'a> {
    /// Reads the first `size` leaves; full bundles that the mirror has are not asked for again if `keeps`.
    fn read(log: &Log, folder: &'a Path, size: LogSize, keeps: bool) -> Result<Self, LogError> {
        let written = Vec::new();
        let mut files = NewFiles { folder, written };
        let mut frontier = Frontier::default();
        let mut built = TileBuilder::default();
        let mut kept = 0;
        let own = Log::Folder(folder.to_owned());
        let mut index = 0;
        while let Some(width) = tiles::width_at(0, index, size) {
            let path = TilePath::Entries { index, width };
            let is_full = u64::from(width) == TILE_WIDTH;
            let bundle = if keeps && is_full && folder.join(relative(path)).exists() {
                kept += 1;
                own.tile(path)?
            } else {
                log.tile(path)?
            };
            let leaves = leaves(&bundle, index, width)?;
            files.put(path, &bundle)?;
            for leaf in leaves {
                let hash = leaf_hash(&leaf);
                frontier.push(hash);
                built.push(&hash, |path, hashes| files.put(path, &hashes.concat()))?;
            }
            index += 1;
        }
        for (path, hashes) in built.partials() {
            files.put(path, &hashes.concat())?;
        }
        Ok(Self {
            files,
            frontier,
            kept,
        })
    }
}

/// Files that wait for their places in a mirror.
struct NewFiles<'a> {
    folder: &'a Path,
    /// By their places.
    written: Vec<PathBuf>,
}

impl NewFiles<'_> {
    /// Lets a file wait, unless it is in its place with these bytes: tiles never change.
    fn put(&mut self, path: TilePath, bytes: &[u8]) -> Result<(), LogError> {
        let place = relative(path);
        if fs::read(self.folder.join(&place)).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        let file = self.folder.join(NEW).join(&place);
        make_folder(&file)?;
        durable::write_lazily(&file, bytes, Readers::Umask)
            .map_err(|error| FileError::unwritable(&file, error))?;
        self.written.push(place);
        Ok(())
    }

    /// Moves what waits to its places, once it is on the disk.
    fn into_place(self) -> Result<u64, LogError> {
        if self.written.is_empty() {
            return Ok(0);
        }
        let new = self.folder.join(NEW);
        durable::sync_within(&new)?;
        for place in &self.written {
            let file = self.folder.join(place);
            make_folder(&file)?;
            let moved = fs::rename(new.join(place), &file);
            moved.map_err(|error| FileError::unwritable(&file, error))?;
        }
        durable::sync_within(self.folder)?;
        Ok(self.written.len() as u64)
    }
}

fn relative(path: TilePath) -> PathBuf {
    PathBuf::from(path.to_string().trim_start_matches('/'))
}

fn make_folder(file: &Path) -> Result<(), LogError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    Ok(fs::create_dir_all(folder).map_err(|error| FileError::unwritable(folder, error))?)
}
