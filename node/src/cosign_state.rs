//! The cosign state: size and root of the newest checkpoint that this node's key has cosigned.
//!
//! Written and synced before a cosignature leaves: never a smaller size, never another root, whatever
//! backup is restored. It outlives the ledger's folder, so it also tells how long the log must be.

use std::path::Path;

use protocol::{
    checkpoint::Checkpoint,
    codec,
    hash::RootHash,
    height::LogSize,
    key::PublicKey,
    planted::{self, Bug},
    sign_state::Owner,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    durable::{self, AtPath, Durable, StoredValue},
    witness,
};

const VERSION: u8 = 1;
const BYTES_MAX: usize = 1024;

/// The newest checkpoint that was cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cosigned {
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
        "size {size} with this root contradicts the cosign state, which holds size {cosigned}; this node must not sign"
    )]
    Contradicts {
        /// The size asked for.
        size: LogSize,
        /// The size of the cosign state.
        cosigned: LogSize,
    },
    /// The disk.
    #[error(transparent)]
    Fault(#[from] durable::DurableFault),
}

/// What the body of a cosign state says.
pub(crate) fn read(body: &[u8]) -> Result<Option<Cosigned>, codec::DecodeError> {
    (!body.is_empty())
        .then(|| codec::decode(VERSION, body, BYTES_MAX))
        .transpose()
}

/// The file, open, and what it says.
#[derive(Debug)]
pub struct CosignState {
    file: Durable,
    owner: Owner,
    last: Option<Cosigned>,
}

impl CosignState {
    /// The state in a file that is open and whose owner was compared. An empty body is a key that has
    /// cosigned nothing.
    ///
    /// # Errors
    /// If the body is none that this build writes.
    pub fn over(file: Durable, owner: Owner, body: &[u8]) -> Result<Self, codec::DecodeError> {
        let last = read(body)?.filter(|_| !planted::is(Bug::RegisterIgnored));
        Ok(Self { file, owner, last })
    }

    /// The state of a witness, which makes its file at its first start: nobody else makes its folder.
    pub(crate) fn of_witness(path: &Path, owner: Owner) -> Result<Self, witness::WitnessFault> {
        let place = AtPath(path.to_owned());
        let (file, value) = match Durable::open(&place)? {
            None => {
                let value = owner.value(b"");
                (Durable::make(&place, &value)?, value)
            }
            Some((file, StoredValue::Value(value))) => (file, value),
            Some((_, StoredValue::Doubtful(_))) => {
                return Err(witness::WitnessFault::Unreadable(path.to_owned()));
            }
        };
        match Owner::of_value(&value) {
            Some((found, body)) if found == owner => {
                Self::over(file, owner, body).map_err(|source| witness::WitnessFault::Unknown {
                    path: path.to_owned(),
                    source,
                })
            }
            _ => Err(witness::WitnessFault::Foreign(path.to_owned())),
        }
    }

    /// The file, for people and for whoever looks at its disk.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The key whose words it remembers.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.owner.key
    }

    /// The newest that was cosigned.
    #[must_use]
    pub const fn last(&self) -> Option<Cosigned> {
        self.last
    }

    /// Makes it certain on disk that `checkpoint` is the newest that may be signed. The caller's log
    /// only ever grows, so a larger size extends the last one.
    ///
    /// # Errors
    /// If it contradicts what was cosigned, or the disk fails.
    pub fn advance(&mut self, checkpoint: &Checkpoint) -> Result<(), NotCosigned> {
        let next = Cosigned {
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
                    cosigned: last.size,
                });
            }
        }
        Ok(self.write(next)?)
    }

    /// Takes over a greater size that this key is known to have cosigned, from its own signature or
    /// from a block behind which it must not sign.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn raise(&mut self, to: Cosigned) -> Result<(), durable::DurableFault> {
        if self.last.is_some_and(|last| last.size >= to.size) {
            return Ok(());
        }
        self.write(to)
    }

    fn write(&mut self, next: Cosigned) -> Result<(), durable::DurableFault> {
        if !planted::is(Bug::CosignFirst) {
            let body = codec::encode(VERSION, &next);
            self.file.write(&self.owner.value(&body))?;
        }
        self.last = Some(next);
        Ok(())
    }
}
