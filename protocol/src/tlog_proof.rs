//! `c2sp.org/tlog-proof@v1`: one leaf's inclusion under a signed checkpoint, as other tools read it.

use crate::{
    checkpoint::Checkpoint,
    height::LeafIndex,
    merkle::Hash,
    note::NOTE_BYTES_MAX,
    text::{self, Lines, Malformed},
};

/// The most hashes of a path.
pub const PATH_MAX: usize = 64;

/// The proof. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Index of the leaf.
    pub index: LeafIndex,
    /// Inclusion path to the checkpoint's root.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note, verbatim.
    pub checkpoint: String,
}

impl TlogProof {
    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    /// Appends the text.
    pub(crate) fn write_to(&self, out: &mut String) {
        *out += &format!("c2sp.org/tlog-proof@v1\nindex {}\n", self.index);
        for hash in &self.path {
            text::end_with_hash(out, hash);
        }
        out.push('\n');
        *out += &self.checkpoint;
    }

    /// Reads the text. The line `extra`, which is not authenticated, is refused: we never write it.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, NOTE_BYTES_MAX.saturating_add(4096))?;
        lines.exact("c2sp.org/tlog-proof@v1")?;
        let index = LeafIndex::new(lines.number("index")?);
        let mut path = Vec::new();
        loop {
            let line = lines.any()?;
            if line.is_empty() {
                break;
            }
            path.push(
                text::base64_array(line)
                    .ok_or_else(|| lines.malformed("not a hash of 32 bytes in base64"))?,
            );
            if path.len() > PATH_MAX {
                return Err(lines.malformed(format!("more than {PATH_MAX} hashes")));
            }
        }
        let above = lines.line();
        let checkpoint = lines.rest().to_owned();
        let (note, _) = Checkpoint::parse_note(&checkpoint).map_err(|error| error.after(above))?;
        let proof = Self {
            index,
            path,
            checkpoint,
        };
        text::same(proof.checkpoint.as_bytes(), note.write().as_bytes())?;
        text::same(bytes, proof.write().as_bytes())?;
        Ok(proof)
    }
}
