//! What a history proves, and what follows from it for an earlier height or date.

use protocol::{
    entry::{Authorship, Entry},
    hash::LeafHash,
    height::{Height, LeafIndex, LogSize, TimeMs, UnixSeconds},
    state::RecordState,
};

/// The facts that a history proves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryFacts {
    /// All versions, the newest first; none if the record was never registered.
    pub versions: Vec<ProvenVersion>,
    /// The record's state; none if it was never registered.
    pub state: Option<RecordState>,
    /// Size of the log under the checkpoint.
    pub size: LogSize,
    /// Height of the newest block under the checkpoint.
    pub as_of_height: Height,
    /// Time of the checkpoint's newest block, in milliseconds since 1970 (UTC).
    pub as_of_time: TimeMs,
    /// Cosigners, and the times at which they signed.
    pub cosigners: Vec<(String, UnixSeconds)>,
}

/// One version with where and when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvenVersion {
    /// The entry.
    pub entry: Entry,
    /// Index of the entry in the log.
    pub index: LeafIndex,
    /// Leaf hash of the entry.
    pub hash: LeafHash,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
}

impl ProvenVersion {
    /// Returns whether the author signed a batch and not this entry: then a quorum vouches for the authorship
    /// here, and the version's own receipt proves it.
    #[must_use]
    pub const fn by_batch(&self) -> bool {
        matches!(self.entry.authorship, Authorship::Batched)
    }
}

/// Both answer for moments up to the checkpoint alone: after it nothing is proven, and the answer is
/// none, as it is before the record was registered. `as_of_time` and `as_of_height` tell the two apart.
impl HistoryFacts {
    /// The version that was the latest at `time`.
    #[must_use]
    pub fn at_time(&self, time: TimeMs) -> Option<&ProvenVersion> {
        let mut versions = self.versions.iter();
        versions.find(|version| version.time <= time && time <= self.as_of_time)
    }

    /// The version that was the latest after the block of `height`.
    #[must_use]
    pub fn at_height(&self, height: Height) -> Option<&ProvenVersion> {
        let mut versions = self.versions.iter();
        versions.find(|version| version.height <= height && height <= self.as_of_height)
    }
}
