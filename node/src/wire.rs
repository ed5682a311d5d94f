//! What nodes say to one another, in bincode through `protocol::codec`; never signed as such.
//!
//! Three lanes: consensus (small, must not wait), entries (flooding), sync (catch-up and fetching).
//! Every message has a bound in bytes and in items, checked before anything is believed.

use consensus::{Commit, Polka, SignedProposal, SignedVote};
use protocol::{
    codec::{self, DecodeError, byte_strings},
    hash::{BlockId, ChainId, IndexRoot, LeafHash, RootHash, TrustHash},
    height::{Height, LogSize, TimeMs},
    key::Signature,
    name::AgencyName,
};
use serde::{Deserialize, Serialize};

/// Version byte of all messages.
const VERSION: u8 = 2;
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

/// A compact block: everything of a block but the entries themselves. Nobody signs it. It describes
/// the block whose id it makes together with its entries and the log before them, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactBlock {
    /// Height of the block.
    pub height: Height,
    /// Time of the block.
    pub time: TimeMs,
    /// Name of the agency that made the block.
    pub proposer: String,
    /// Root of the index after the block, as its maker says.
    pub index: IndexRoot,
    /// Leaf hashes of the entries, in order; of a batch, that of its first leaf.
    pub entries: Vec<LeafHash>,
}

impl CompactBlock {
    /// The proposer's name, if it is one.
    #[must_use]
    pub fn proposer(&self) -> Option<AgencyName> {
        AgencyName::parse(&self.proposer)
    }
}

/// One validator's cosignature on the checkpoint after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cosignature {
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
    /// A proposal and its compact block.
    Proposal(SignedProposal, CompactBlock),
    /// A vote.
    Vote(SignedVote),
    /// A polka certificate.
    Polka(Polka),
    /// A commit certificate, told to a peer that still votes at a decided height.
    Commit(Commit),
    /// A cosignature.
    Cosignature(Cosignature),
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

/// Why a validator is there and does not vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Silence {
    /// It has just started.
    Listening,
    /// It waits for a block with its return mark.
    SignStateLost,
    /// It has cosigned more than its log holds.
    LogBehind,
    /// An old copy, a damaged record, or a second node with its keys.
    UnknownWords,
    /// It has voted above the end of its log.
    RecordAhead,
    /// It has met what must not be.
    Halted,
}

impl Silence {
    /// For operators, behind "does not vote: ".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Listening => "it has just started and listens to the others first",
            Self::SignStateLost => {
                "its sign state is lost; it waits for a block with its return mark"
            }
            Self::LogBehind => "its log is shorter than what it has cosigned",
            Self::UnknownWords => "its key may have signed what its record does not know",
            Self::RecordAhead => "its own record of votes is ahead of its blocks",
            Self::Halted => "an alarm has stopped its voting",
        }
    }
}

/// The most bytes of a program's version that are told.
pub const VERSION_BYTES_MAX: usize = 32;

/// What a node says of itself on connecting, before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The network.
    pub chain: ChainId,
    /// Hash of its first trust file, whose words people know.
    pub trust: TrustHash,
    /// The lowest and the highest version of the rules that it knows.
    pub protocols: (u64, u64),
    /// Version of its program.
    pub version: String,
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
        /// The time of its clock, for comparison.
        time: TimeMs,
        /// When the sender's process began, by that clock: two that go on beside one another are two
        /// nodes with one key.
        began: TimeMs,
        /// Why the sender does not vote, if it is a validator and does not.
        silent: Option<Silence>,
        /// The newest vote of the recipient that the sender has seen.
        yours: Option<Box<SignedVote>>,
        /// The newest cosignature of the recipient that the sender knows.
        cosigned_by_you: Option<Box<Cosignature>>,
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
    /// Asks for the compact form of a block that is being decided.
    GetCompactBlock(BlockId),
    /// The answer; it counts only where it was asked for.
    CompactBlock(BlockId, CompactBlock),
    /// Asks for the cosignatures that the sender has on a checkpoint.
    GetCosigns(LogSize),
    /// The answer.
    Cosigns(Vec<Cosignature>, Option<LogLine>),
    /// Who the sender is; first on every connection.
    Hello(Hello),
}

/// Writes a message.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    codec::encode(VERSION, message)
}

/// Reads a message of at most `bytes_max` bytes.
///
/// # Errors
///
/// [`DecodeError`] for more bytes, and for bytes that are no `T`.
pub fn decode<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    bytes_max: usize,
) -> Result<T, DecodeError> {
    codec::decode(VERSION, bytes, bytes_max)
}
