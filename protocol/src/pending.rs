//! An entry on its way: what a desk keeps on disk before it sends, so that no crash loses the opening
//! and a second try sends the very same entry.

use crate::{
    entry::Entry,
    opening::Opening,
    text::{self, Lines, Malformed},
};

/// First line of the text.
pub const FIRST: &str = "muhr-pending/v1";

/// A signed entry with its private part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The entry.
    pub entry: Entry,
    /// Opening of the entry's commitment.
    pub opening: Opening,
}

impl Pending {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{FIRST}\n--- entry\n{}--- opening\n", self.entry.write());
        self.opening.write(&mut out);
        out
    }

    /// Reads the text; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, crate::receipt::RECEIPT_BYTES_MAX)?;
        lines.exact(FIRST)?;
        lines.exact("--- entry")?;
        let (entry, _) = lines.section();
        let entry = Entry::parse(entry.as_bytes()).map_err(|error| error.after(2))?;
        lines.exact("--- opening")?;
        let (opening, line) = lines.section();
        let opening = Opening::read(opening, line)?;
        lines.end()?;
        let pending = Self { entry, opening };
        text::same(bytes, pending.write().as_bytes())?;
        Ok(pending)
    }
}
