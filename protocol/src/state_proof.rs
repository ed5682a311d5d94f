//! The proof of one state of the index: a registry, a clerk, or the network itself, as of a cosigned checkpoint.
//!
//! A client asks for it before it makes a record's key or signs: how a registry's numbers are written,
//! which policy is in force, how far the log is. Not here: the judgement (`verify::state`), and records,
//! whose states come with their histories.

use crate::{
    hash::IndexKey,
    index::IndexProof,
    receipt::BlockProof,
    text::{self, Lines, Malformed},
};

/// Length of the longest text, in bytes: a state, two paths and a note.
pub const STATE_PROOF_BYTES_MAX: usize = 256 << 10;

/// A node's claim about one place in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateProof {
    /// The place asked about.
    pub key: IndexKey,
    /// The state there, one line with its LF; none if there is none.
    pub state: Option<String>,
    /// Proof that this is what the index holds there.
    pub proof: IndexProof,
    /// The newest block leaf under the checkpoint.
    pub head: BlockProof,
    /// The cosigned checkpoint, verbatim.
    pub checkpoint: String,
}

impl StateProof {
    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("muhr-state/v1\nkey {}\n", self.key);
        if let Some(state) = &self.state {
            out += "state ";
            out += state;
        }
        self.proof.write(&mut out);
        out += "--- head\n";
        self.head.write(&mut out);
        out + "--- checkpoint\n" + &self.checkpoint
    }

    /// Reads the text.
    ///
    /// # Errors
    /// Anything that `write` would not give back.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, STATE_PROOF_BYTES_MAX)?;
        lines.exact("muhr-state/v1")?;
        let key = lines.parsed("key", "32 bytes in base64", IndexKey::from_base64)?;
        let state = lines.optional("state")?.map(|line| format!("{line}\n"));
        let proof = IndexProof::read(&mut lines)?;
        lines.exact("--- head")?;
        let head = BlockProof::read(&mut lines)?;
        lines.exact("--- checkpoint")?;
        let checkpoint = lines.rest().to_owned();
        let read = Self {
            key,
            state,
            proof,
            head,
            checkpoint,
        };
        text::same(bytes, read.write().as_bytes())?;
        Ok(read)
    }
}
