//! What this node's keys have signed, as it is found at a start: a safety record for each vote key, a
//! cosign state for each cosign key.
//!
//! Each file is written blank once, by whoever makes the key, and names its key and network. So one that
//! is missing was lost, or its disk is not mounted, or the folder is another's: the node cannot tell
//! which, and asks, also for a key that is not in force yet. Only its operator can declare it lost. Then
//! the vote key sends a return mark, and neither key signs until a block that holds the mark lies behind
//! (`driver::sign_state_recovery`). A node without such keys, an observer, makes a cosign state for its
//! peer key by itself: it signs nothing, and knows by it how much of the log was surely on its disk.

mod opening;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use consensus::Safety;
use ledger::{Ledger, fault::Fault};
use protocol::{
    codec,
    genesis::Genesis,
    hash::ReturnNonce,
    height::Height,
    key::{PublicKey, SecretKey},
    sign_state::Owner,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::opening::SignStateFiles;
use crate::{
    cosign_state::{CosignState, Cosigned},
    durable::{self, Durable, Storage},
    files::quoted,
    keys::OwnKeys,
};

const VERSION: u8 = 1;

/// What a safety record's file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafetyBody {
    /// The machine's own record; none if the key has voted nowhere.
    Record(Option<Box<Safety>>),
    /// What was signed is lost; the mark with this nonce is to come into a block.
    Returning(ReturnNonce),
    /// Another node signs with this key: it voted for the block of this height, which holds the mark.
    Twin(Height),
}

/// A safety record's file, open.
#[derive(Debug)]
pub struct SafetyFile {
    file: Durable,
    owner: Owner,
}

impl SafetyFile {
    /// Over a file of the tests of other parts.
    #[cfg(test)]
    pub(crate) const fn over(file: Durable, owner: Owner) -> Self {
        Self { file, owner }
    }

    /// Makes `body` the newest value. Returns once it is on disk.
    ///
    /// # Errors
    /// If the disk fails: then nothing may be signed any more.
    pub fn write(&mut self, body: &SafetyBody) -> Result<(), durable::DurableFault> {
        let body = codec::encode(VERSION, body);
        self.file.write(&self.owner.value(&body))
    }

    /// The file, for its tail area.
    #[must_use]
    pub const fn file(&self) -> &Durable {
        &self.file
    }
}

/// What one vote key has said.
#[derive(Debug)]
pub struct SafetyRecord {
    /// The file.
    pub file: SafetyFile,
    /// And what stood in it.
    pub body: SafetyBody,
    /// Whether a newer value stood there and cannot be read. What it said was said at the height of the
    /// readable one or later, and not above the height after the last block that was cosigned.
    pub is_doubtful: bool,
}

/// What all keys of a node have signed.
#[derive(Debug, Default)]
pub struct SignState {
    /// By vote key.
    pub safety: BTreeMap<PublicKey, SafetyRecord>,
    /// By cosign key; of an observer by its peer key.
    pub cosign: BTreeMap<PublicKey, CosignState>,
}

impl SignState {
    /// Where the files lie.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let safety = self.safety.values().map(|record| record.file.file().path());
        let cosign = self.cosign.values().map(CosignState::path);
        safety.chain(cosign).map(Path::to_owned).collect()
    }

    /// The newest that any of the keys has cosigned.
    #[must_use]
    pub fn last_cosigned(&self) -> Option<Cosigned> {
        let states = self.cosign.values();
        states
            .filter_map(CosignState::last)
            .max_by_key(|last| last.size)
    }
}

/// Opens the ledger to what was cosigned: it must have had that root at that size. A log that lacks its
/// end, or all of it, is taken: the node follows in silence until it has it again.
///
/// # Errors
/// If the store cannot be opened, or is another log than the one that was cosigned.
pub fn open_ledger(path: &Path, genesis: &Genesis, found: &SignState) -> Result<Ledger, Fault> {
    let last = found.last_cosigned().map(|last| (last.size, last.root));
    Ledger::open_to_follow(path, genesis, last)
}

/// Whose files are looked for.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The vote keys.
    pub safety: Vec<PublicKey>,
    /// The cosign keys; of an observer its peer key.
    pub cosign: Vec<PublicKey>,
}

impl Keys {
    /// The keys of a node that may have signed something, now or once they are in force.
    #[must_use]
    pub fn of(keys: &OwnKeys) -> Self {
        let all = |keys: &[SecretKey]| keys.iter().map(SecretKey::public).collect();
        let is_observer = keys.vote.is_empty();
        Self {
            safety: all(&keys.vote),
            cosign: if is_observer {
                vec![keys.peer.public()]
            } else {
                all(&keys.cosign)
            },
        }
    }

    /// Whether they are an observer's, which sign nothing.
    #[must_use]
    pub fn sign_nothing(&self) -> bool {
        self.safety.is_empty()
    }
}

/// Where the file of a key may be.
#[derive(Debug)]
pub struct FilePlaces {
    /// Where it belongs.
    pub belongs: Box<dyn Storage>,
    /// Where it lay before each key had a file of its own.
    pub before: Option<Box<dyn Storage>>,
}

/// Where the files of keys are.
pub trait Shelf {
    /// The safety record of a vote key.
    fn safety(&self, key: &PublicKey) -> FilePlaces;
    /// The cosign state of a cosign key.
    fn cosign(&self, key: &PublicKey) -> FilePlaces;
}

/// What the operator and this start bring.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The node's folder, for the commands that are named.
    pub dir: PathBuf,
    /// Whether the operator has declared lost what is not there.
    pub is_declared_lost: bool,
    /// Random, made at this start: the nonce of a return that begins now.
    pub nonce: ReturnNonce,
}

/// Why a node does not start with the files that it finds. Each names the file and the way out.
#[derive(Debug, Error)]
pub enum NotFit {
    /// A file is not there.
    #[error(
        "{path}: the {what} is not there{instead}, and this validator must not sign without it; is its disk mounted, and is this the right folder? Put the file back; if it is lost for good, run: muhr-node run --dir {folder} --sign-state-lost (the node then signs nothing until a block holds its return mark)",
        folder = quoted(.dir)
    )]
    Missing {
        /// Where it belongs.
        path: PathBuf,
        /// Which file.
        what: &'static str,
        /// What is there instead, in words.
        instead: String,
        /// The node's folder.
        dir: PathBuf,
    },
    /// A file is there and no value in it can be read.
    #[error(
        "{path}: nothing in the {what} can be read, and this validator must not sign without it; if there is no better copy of this very file, run: muhr-node run --dir {folder} --sign-state-lost (the node then signs nothing until a block holds its return mark)",
        folder = quoted(.dir)
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Which file.
        what: &'static str,
        /// The node's folder.
        dir: PathBuf,
    },
    /// A file remembers what another key has signed.
    #[error(
        "{path}: this {what} is that of {whose}; put this node's own file there; if that is lost for good, move this one away and run: muhr-node run --dir {folder} --sign-state-lost",
        folder = quoted(.dir)
    )]
    Another {
        /// The file.
        path: PathBuf,
        /// Which file.
        what: &'static str,
        /// Whose it is.
        whose: String,
        /// The node's folder.
        dir: PathBuf,
    },
    /// Declared lost, and everything is there.
    #[error(
        "{path}: --sign-state-lost was given, and the safety record and the cosign state are here; run: muhr-node run --dir {folder} (a flag that stays would take the next disk that is not mounted for a loss; if these files are an old copy, move them away first)",
        folder = quoted(.dir)
    )]
    NothingLost {
        /// The safety record.
        path: PathBuf,
        /// The node's folder.
        dir: PathBuf,
    },
    /// Another node signs with the keys.
    #[error(
        "{path}: another node signs with this validator's key: it voted at height {height} while this one was silent; stop that node for good, then run: muhr-node run --dir {folder} --sign-state-lost",
        folder = quoted(.dir)
    )]
    Twin {
        /// The safety record.
        path: PathBuf,
        /// Where it voted.
        height: Height,
        /// The node's folder.
        dir: PathBuf,
    },
    /// The disk.
    #[error(transparent)]
    Fault(#[from] durable::DurableFault),
}

/// Opens the files of all keys, or says why the node must not start with them.
///
/// # Errors
/// See [`NotFit`].
pub fn open(
    shelf: &dyn Shelf,
    genesis: &Genesis,
    keys: &Keys,
    asked: &Declared,
) -> Result<SignState, NotFit> {
    let opening = SignStateFiles {
        shelf,
        keys,
        genesis,
        asked,
    };
    opening.run()
}
