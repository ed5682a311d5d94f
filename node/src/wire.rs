//! What nodes say to one another, in bincode through `protocol::codec`; never signed as such.
//!
//! Three lanes: consensus (small, must not wait), entries (flooding), sync (catch-up and fetching).
//! Every message has a bound in bytes and in items, checked before anything is believed.

use consensus::{Commit, Polka, SignedProposal, SignedVote};
use protocol::{
    codec::{self, DecodeError, byte_strings},
    hash::{BlockId, LeafHash, RootHash},
    height::{Height, LogSize, TimeMs},
    key::Signature,
    name::AgencyName,
};
use serde::{Deserialize, Serialize};

/// Version byte of all messages.
const VERSION: u8 = 1;
/// The most bytes of a message on the consensus lane: a proposal names at most 16,384 entries.
pub const CONSENSUS_BYTES_MAX: usize = 2 << 20;
/// The most bytes of a message on the entries lane.
pub const ENTRIES_BYTES_MAX: usize = 2 << 20;
/// The most bytes of a message on the sync lane.
pub const SYNC_BYTES_MAX: usize = 8 << 20;
/// The most blocks in one answer of the sync lane.
pub const BLOCKS_MAX: usize = 64;
/// The bytes of leaves after which an answer of the sync lane is full.
pub const BLOCKS_BYTES: usize = 4 << 20;

/// A block as a proposer describes it: everything but the entries themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Its height.
    pub height: Height,
    /// Its time.
    pub time: TimeMs,
    /// The agency that made it.
    pub proposer: String,
    /// The leaf hashes of its entries, in order.
    pub entries: Vec<LeafHash>,
}

impl Outline {
    /// The proposer's name, if it is one.
    #[must_use]
    pub fn proposer(&self) -> Option<AgencyName> {
        AgencyName::parse(&self.proposer)
    }
}

/// One validator's cosignature on the checkpoint after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cosign {
    /// The size of the checkpoint.
    pub size: LogSize,
    /// Its root.
    pub root: RootHash,
    /// When it was signed, in seconds since 1970.
    pub time: u64,
    /// The agency that signed.
    pub agency: String,
    /// Over the `cosignature/v1` message.
    pub signature: Signature,
}

/// The publisher's line for a checkpoint that has a quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The size of the checkpoint.
    pub size: LogSize,
    /// Its root.
    pub root: RootHash,
    /// Over the note text.
    pub signature: Signature,
}

/// The consensus lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ConsensusMessage {
    /// A proposal and the outline of its block.
    Proposal(SignedProposal, Outline),
    /// A vote.
    Vote(SignedVote),
    /// A polka certificate.
    Polka(Polka),
    /// A commit certificate, told to a peer that still votes at a decided height.
    Commit(Commit),
    /// A cosignature.
    Cosign(Cosign),
    /// The publisher's line.
    LogLine(LogLine),
}

/// The entries lane: entries that the sender was the first to receive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntriesMessage(#[serde(with = "byte_strings")] pub Vec<Vec<u8>>);

/// A decided block on its way to a node that lacks it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DecidedBlock {
    /// All its leaves, the block leaf last.
    #[serde(with = "byte_strings")]
    pub leaves: Vec<Vec<u8>>,
    /// Why it is decided.
    pub commit: Commit,
}

/// The sync lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SyncMessage {
    /// How far the sender is; on connecting and every few seconds.
    Status {
        /// Height of its last block.
        height: Height,
        /// Size of the newest checkpoint that it cosigned.
        cosigned: LogSize,
        /// The newest vote of the recipient that the sender has seen.
        yours: Option<Box<SignedVote>>,
    },
    /// Asks for decided blocks from a height on.
    GetBlocks {
        /// The first height.
        from: Height,
        /// At most so many.
        count: u32,
    },
    /// The answer, possibly fewer than asked for.
    Blocks(Vec<DecidedBlock>),
    /// Asks for waiting entries by leaf hash.
    GetEntries(Vec<LeafHash>),
    /// The answer: those that the sender has.
    Entries(#[serde(with = "byte_strings")] Vec<Vec<u8>>),
    /// Asks for the outline of a block that is being decided.
    GetOutline(BlockId),
    /// The answer.
    Outline(BlockId, Outline),
    /// Asks for the cosignatures that the sender has on a checkpoint.
    GetCosigns(LogSize),
    /// The answer.
    Cosigns(Vec<Cosign>, Option<LogLine>),
}

/// Writes a message.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    codec::encode(VERSION, message)
}

/// Reads a message of at most `bytes_max` bytes.
pub fn decode<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    bytes_max: usize,
) -> Result<T, DecodeError> {
    codec::decode(VERSION, bytes, bytes_max)
}
