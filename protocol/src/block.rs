//! The block leaf: the last leaf of every block, by which a checkpoint commits to more than entries.

use crate::{
    hash::{BlockId, IndexRoot, TrustHash},
    height::{Epoch, Height, TimeMs},
    name::AgencyName,
    text::{self, Lines, Malformed},
};

/// Height, time, proposer and the state after one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLeaf {
    /// Position in the chain.
    pub height: Height,
    /// Time that the proposer set and a quorum found timely; above the parent's.
    pub time: TimeMs,
    /// The agency that first proposed it; none for genesis.
    pub proposer: Option<AgencyName>,
    /// Identity of the block before; none for genesis.
    pub parent: Option<BlockId>,
    /// Number of leaves between the parent's block leaf and this one.
    pub entries: u64,
    /// Root of the index after this block.
    pub index: IndexRoot,
    /// Number of the trust file in force.
    pub epoch: Epoch,
    /// Hash of the trust file.
    pub trust: TrustHash,
}

impl BlockLeaf {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        let proposer = self.proposer.as_ref().map_or("none", AgencyName::as_str);
        let parent = self
            .parent
            .map_or_else(|| "none".to_owned(), |parent| parent.to_string());
        format!(
            "muhr-block/v1\nheight {}\ntime {}\nproposer {proposer}\nparent {parent}\nentries {}\nindex {}\nepoch {}\ntrust {}\n",
            self.height, self.time, self.entries, self.index, self.epoch, self.trust
        )
    }

    /// Reads a leaf.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, 1024)?;
        let leaf = Self::read(&mut lines)?;
        lines.end()?;
        text::same(bytes, leaf.write().as_bytes())?;
        Ok(leaf)
    }

    pub(crate) fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        fn or_none<T>(parse: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Option<T>> {
            move |value| {
                if value == "none" {
                    Some(None)
                } else {
                    parse(value).map(Some)
                }
            }
        }
        lines.exact("muhr-block/v1")?;
        Ok(Self {
            height: Height::new(lines.number("height")?),
            time: TimeMs::new(lines.number("time")?),
            proposer: lines.parsed("proposer", "an agency or none", or_none(AgencyName::parse))?,
            parent: lines.parsed(
                "parent",
                "32 bytes in base64 or none",
                or_none(BlockId::from_base64),
            )?,
            entries: lines.number("entries")?,
            index: lines.parsed("index", "32 bytes in base64", IndexRoot::from_base64)?,
            epoch: Epoch::new(lines.number("epoch")?),
            trust: lines.parsed("trust", "32 bytes in base64", TrustHash::from_base64)?,
        })
    }
}
