//! What this node's keys have signed, as it is found at a start: the safety record and the cosign state.
//!
//! Both files are written blank once, by whoever makes the keys, and name their key and network. So one
//! that is missing was lost, or its disk is not mounted, or the folder is another's: the node cannot tell
//! which, and asks. Only its operator can declare it lost. Then the vote key sends a return mark, and
//! neither key signs until a block that holds the mark lies behind (`driver::sign_state_recovery`).
//! What has signed nothing, an observer, needs no files and makes them by itself.

mod opening;
mod version_1;

use std::path::{Path, PathBuf};

use consensus::Safety;
use ledger::{Ledger, fault::Fault};
use protocol::{
    codec, genesis::Genesis, hash::ReturnNonce, height::Height, key::PublicKey, sign_state::Owner,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::opening::SignStateFiles;
use crate::{
    config::Config,
    cosign_state::CosignState,
    durable::{self, Durable, Storage},
    files::quoted,
};

/// Version of the safety record's body. Version 1 is read and becomes this one with the next word.
const VERSION: u8 = 2;

/// What the safety record's file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SafetyBody {
    /// The machine's own record; none if the key has voted nowhere.
    Record(Option<Box<Safety>>),
    /// What was signed is lost; the mark with this nonce is to come into a block.
    Returning(ReturnNonce),
    /// Another node signs with this key: it voted for the block of this height, which holds the mark.
    Twin(Height),
}

impl SafetyBody {
    /// Reads what stands in the file of a key; nothing stands in a blank one.
    ///
    /// # Errors
    /// If it is of a later version, or no body of a safety record.
    pub fn read(body: &[u8], key: PublicKey) -> Result<Self, codec::DecodeError> {
        match body {
            [] => Ok(Self::Record(None)),
            [version_1::VERSION, ..] => version_1::read(body, key),
            _ => codec::decode(VERSION, body, durable::VALUE_BYTES_MAX),
        }
    }
}

/// The safety record's file, open.
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

/// Both files, open, and what they say.
#[derive(Debug)]
pub struct SignState {
    /// What the vote key has said: the file.
    pub safety: SafetyFile,
    /// And what stood in it.
    pub body: SafetyBody,
    /// Whether a newer value stood there and cannot be read. What it said was said at the height of the
    /// readable one or later, and not above the height after the last block that was cosigned.
    pub is_doubtful: bool,
    /// What the cosign key has said.
    pub cosign: CosignState,
}

impl Keys {
    /// The keys by which the node of `config` signs.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let peer = config.peer.public();
        config.validator.as_ref().map_or(
            Self {
                safety: peer,
                cosign: peer,
                sign_nothing: true,
            },
            |keys| Self {
                safety: keys.vote.public(),
                cosign: keys.cosign.public(),
                sign_nothing: false,
            },
        )
    }
}

/// Opens the ledger to what was cosigned: it must have had that root at that size. A log that lacks its
/// end, or all of it, is taken: the node follows in silence until it has it again.
///
/// # Errors
/// If the store cannot be opened, or is another log than the one that was cosigned.
pub fn open_ledger(path: &Path, genesis: &Genesis, cosign: &CosignState) -> Result<Ledger, Fault> {
    let last = cosign.last().map(|last| (last.size, last.root));
    Ledger::open_to_follow(path, genesis, last)
}

/// Whose files are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The vote key; of an observer its peer key.
    pub safety: PublicKey,
    /// The cosign key; of an observer its peer key.
    pub cosign: PublicKey,
    /// Whether they are an observer's, which sign nothing.
    pub sign_nothing: bool,
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
        "{path}: the {what} is not there{link}, and this validator must not sign without it; is its disk mounted, and is this the right folder? Put the file back; if it is lost for good, run: muhr-node run --dir {folder} --sign-state-lost (the node then signs nothing until a block holds its return mark)",
        folder = quoted(.dir)
    )]
    Missing {
        /// Where it belongs.
        path: PathBuf,
        /// Which file.
        what: &'static str,
        /// Where a link leads that stands in its place, in words.
        link: String,
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
    /// A later program has written it.
    #[error(
        "{path}: this {what} is of version {found}, and this program knows versions up to {known}; a later release has written it; with that one, run: muhr-node run --dir {folder}",
        folder = quoted(.dir)
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Which file.
        what: &'static str,
        /// Its version.
        found: u8,
        /// The last version that this program knows.
        known: u8,
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

/// Opens both files, or says why the node must not start with them.
///
/// # Errors
/// See [`NotFit`].
pub fn open(
    safety: &dyn Storage,
    cosign: &dyn Storage,
    genesis: &Genesis,
    keys: Keys,
    asked: &Declared,
) -> Result<SignState, NotFit> {
    let owner = |key| Owner {
        chain: genesis.chain(),
        key,
    };
    let opening = SignStateFiles {
        safety,
        cosign,
        voter: owner(keys.safety),
        cosigner: owner(keys.cosign),
        genesis,
        asked,
    };
    opening.run(keys.sign_nothing)
}
