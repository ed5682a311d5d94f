//! What the host knows of a height before it begins.

use protocol::{height::Height, key::PublicKey};

use crate::{safety::Safety, validators::ValidatorSet};

/// A height that begins: who decides it, who speaks here, and whether it waits. All of it follows from
/// the ledger's state after the block before and from this host's disk, so a restart finds the same.
#[derive(Clone, Debug)]
pub struct HeightParameters {
    /// The height.
    pub height: Height,
    /// Its validators, by the state after the block before.
    pub validators: ValidatorSet,
    /// Vote key that speaks for this host, which may be another than before. One that is not among the
    /// validators says nothing, and so does none.
    pub me: Option<PublicKey>,
    /// Record of that key on disk. While the key stays the same, the machine remembers what silences it
    /// at later heights, and needs no record again; another key comes with its own.
    pub record: Option<Safety>,
    /// `true` if the block before has changed the validators, and the note on it by a quorum of those of
    /// before and the proof of the epoch that it ended are not on this host's disk yet.
    pub is_held: bool,
}
