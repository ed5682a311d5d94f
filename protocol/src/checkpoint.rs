//! A checkpoint: size and root of the log of one origin, the text of a C2SP signed note.

use crate::{
    hash::{BlockId, RootHash, sha256},
    height::LogSize,
    name::Origin,
    note::SignedNote,
    text::{self, Lines, Malformed},
};

/// The body of a checkpoint: origin, size and root of the log (C2SP tlog-checkpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Number of leaves.
    pub size: LogSize,
    /// Root over them.
    pub root: RootHash,
}

impl Checkpoint {
    /// The text that is signed: three lines, no extensions.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(body: &str) -> Result<Self, Malformed> {
        let mut lines = Lines::new(body.as_bytes(), 1024)?;
        let read = |lines: &mut Lines<'_>, what: &str| {
            lines
                .any()
                .map(|line| (line.to_owned(), lines.malformed(format!("not {what}"))))
        };
        let (origin, bad) = read(&mut lines, "an origin")?;
        let origin = Origin::parse(&origin).ok_or(bad)?;
        let (size, bad) = read(&mut lines, "a canonical decimal size")?;
        let size = LogSize::new(text::number(&size).ok_or(bad)?);
        let (root, bad) = read(&mut lines, "a root of 32 bytes in base64")?;
        let root = RootHash::from_base64(&root).ok_or(bad)?;
        lines.end()?;
        Ok(Self { origin, size, root })
    }

    /// Reads a signed note whose text is a checkpoint.
    ///
    /// # Errors
    /// [`Malformed`] where it is no note, or its text no checkpoint.
    pub fn parse_note(note: &str) -> Result<(SignedNote, Self), Malformed> {
        let note = SignedNote::parse(note)?;
        let checkpoint = Self::parse(&note.text)?;
        Ok((note, checkpoint))
    }

    /// Identity of the block after which this is the checkpoint: what validators vote on.
    #[must_use]
    pub fn block_id(&self) -> BlockId {
        BlockId::new(sha256(&[b"muhr/block/v1\0", self.write().as_bytes()]))
    }
}
