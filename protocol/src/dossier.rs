//! A dossier: the receipt of a record together with those of the records that it rests on, in one file.
//!
//! Only a container: each receipt in it stands alone, and can be cut out by its length. Whether one rests
//! on another is judged elsewhere (`verify::dossier`).

use crate::{
    receipt::{RECEIPT_BYTES_MAX, Receipt},
    text::{self, Malformed},
};

/// The most receipts of a dossier.
pub const RECEIPTS_MAX: usize = 256;
/// The most bytes of a dossier.
pub const DOSSIER_BYTES_MAX: usize = 16 << 20;

const FIRST: &str = "muhr-dossier/v1\n";

/// The receipts: first the one that it is about. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier {
    /// At least one.
    pub receipts: Vec<Receipt>,
}

impl Dossier {
    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = FIRST.to_owned();
        for receipt in &self.receipts {
            let text = receipt.write();
            out += &format!("receipt {}\n{text}", text.len());
        }
        out
    }

    /// Reads the text; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > DOSSIER_BYTES_MAX {
            let what = format!("longer than {DOSSIER_BYTES_MAX} bytes");
            return Err(Malformed::new(1, what));
        }
        let mut line = 1_usize;
        let mut rest = bytes
            .strip_prefix(FIRST.as_bytes())
            .ok_or_else(|| Malformed::new(1, "not a dossier of version 1"))?;
        let mut receipts = Vec::new();
        while !rest.is_empty() {
            line = line.saturating_add(1);
            let (length, behind) =
                length(rest).ok_or_else(|| Malformed::new(line, "not \"receipt\" and a length"))?;
            let cut = behind.split_at_checked(length);
            let (text, behind) =
                cut.ok_or_else(|| Malformed::new(line, "the receipt ends too early"))?;
            let receipt = Receipt::parse(text).map_err(|error| error.after(line))?;
            receipts.push(receipt);
            if receipts.len() > RECEIPTS_MAX {
                return Err(Malformed::new(
                    line,
                    format!("more than {RECEIPTS_MAX} receipts"),
                ));
            }
            let lines = text.iter().filter(|byte| **byte == b'\n').count();
            line = line.saturating_add(lines);
            rest = behind;
        }
        if receipts.is_empty() {
            return Err(Malformed::new(2, "a dossier without a receipt"));
        }
        let dossier = Self { receipts };
        text::same(bytes, dossier.write().as_bytes())?;
        Ok(dossier)
    }
}

/// The length of the next receipt, and what follows its line.
fn length(rest: &[u8]) -> Option<(usize, &[u8])> {
    let end = rest.iter().take(32).position(|byte| *byte == b'\n')?;
    let (line, behind) = rest.split_at_checked(end)?;
    let line = std::str::from_utf8(line).ok()?;
    let length = text::number(line.strip_prefix("receipt ")?)?;
    let length = usize::try_from(length).ok()?;
    (length <= RECEIPT_BYTES_MAX).then_some((length, behind.get(1..)?))
}
