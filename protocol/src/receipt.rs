//! The receipt: the file that a clerk gets, judged with the trust file alone.
//!
//! The entry as logged; the private opening, which may be removed; the clerk's authority and the
//! record's state with their proofs in the index; the block leaves that date them; and, verbatim at
//! the end, a `c2sp.org/tlog-proof@v1` that other people's tools read. Not here: the judgement
//! (`verify::receipt`). Nothing in a parsed receipt is believed yet.

use crate::{
    batch::Batch,
    block::BlockLeaf,
    entry::{Authorship, Entry},
    height::LeafIndex,
    index::IndexProof,
    opening::Opening,
    state::{ClerkState, RecordState, RegistryState},
    text::{self, Lines, Malformed},
    tlog_proof::TlogProof,
};

/// The most bytes that a receipt may have.
pub const RECEIPT_BYTES_MAX: usize = 256 * 1024;
/// Room for most of them, so that one is written in one place.
const BYTES_USUAL: usize = 8 * 1024;
/// The most hashes that one path may have.
pub const PATH_MAX: usize = 64;
/// First line of a receipt that shows all fields, or no opening.
const PLAIN: &str = "muhr-receipt/v1";
/// First line of a receipt that withholds fields.
const REDACTED: &str = "muhr-receipt/v1 redacted";

/// Everything that a receipt claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub entry: Entry,
    /// Opening of the entry's commitment, unless removed.
    pub opening: Option<Opening>,
    /// The author's state in the index.
    pub clerk: ClerkState,
    /// Proof of the clerk's state under the head's index root.
    pub clerk_proof: IndexProof,
    /// The batch whose signature covers the entry, if it has none of its own.
    pub batch: Option<BatchProof>,
    /// The record's state in the index.
    pub record: RecordState,
    /// Proof of the record's state under the head's index root.
    pub record_proof: IndexProof,
    /// The registry's state in the index, where it has a policy: what is asked of new versions now.
    pub registry: Option<RegistryProof>,
    /// The block leaf of the entry's own block.
    pub block: BlockProof,
    /// The newest block leaf under the checkpoint, if it is not the entry's own.
    pub head: Option<BlockProof>,
    /// For whoever holds a later trust file: consistency of the checkpoint with the last one of its
    /// epoch, which that file names.
    pub bridge: Option<Vec<[u8; 32]>>,
    /// The entry's inclusion and the cosigned checkpoint.
    pub proof: TlogProof,
}

/// A block leaf and its inclusion under the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockProof {
    /// The leaf.
    pub leaf: BlockLeaf,
    /// Index of the block leaf in the log.
    pub index: LeafIndex,
    /// Inclusion path to the checkpoint's root.
    pub path: Vec<[u8; 32]>,
}

/// The state of a registry and its proof under the head's index root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryProof {
    /// The state.
    pub state: RegistryState,
    /// Proof of the state under the head's index root.
    pub proof: IndexProof,
}

/// A batch leaf, its inclusion, and the entry's path to the batch's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchProof {
    /// The leaf.
    pub leaf: Batch,
    /// Index of the batch leaf in the log; its entries follow it.
    pub index: LeafIndex,
    /// Inclusion path of the batch leaf to the checkpoint's root.
    pub path: Vec<[u8; 32]>,
    /// The entry's path to the batch's root.
    pub entry_path: Vec<[u8; 32]>,
}

impl Receipt {
    /// The newest block leaf under the checkpoint: the one whose index root the proofs are under.
    #[must_use]
    pub fn newest(&self) -> &BlockProof {
        self.head.as_ref().unwrap_or(&self.block)
    }

    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(BYTES_USUAL);
        let _entry = write_head(&mut out, &self.entry.write(), self.opening.as_ref());
        out += "--- clerk\n";
        out += &self.clerk.write();
        self.clerk_proof.write(&mut out);
        if let Some(batch) = &self.batch {
            out += "--- batch\n";
            out += &batch.leaf.write();
            out += &format!("batch-index {}\n", batch.index);
            write_path(&mut out, "batch-path", &batch.path);
            write_path(&mut out, "entry-path", &batch.entry_path);
        }
        out += "--- record\n";
        out += &self.record.write();
        self.record_proof.write(&mut out);
        if let Some(registry) = &self.registry {
            out += "--- registry\n";
            registry.write(&mut out);
        }
        out += "--- block\n";
        self.block.write(&mut out);
        if let Some(head) = &self.head {
            out += "--- head\n";
            head.write(&mut out);
        }
        if let Some(path) = &self.bridge {
            out += "--- bridge\n";
            write_path(&mut out, "bridge-path", path);
        }
        out += "--- proof\n";
        self.proof.write_to(&mut out);
        out
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (entry, opening, mut lines) = shown_lines(bytes)?;
        lines.exact("--- clerk")?;
        let clerk = lines.whole(ClerkState::parse, "the state of a clerk")?;
        let clerk_proof = IndexProof::read(&mut lines)?;
        let batch = read_section(&mut lines, "--- batch", BatchProof::read)?;
        if batch.is_some() != (entry.authorship == Authorship::Batched) {
            return Err(
                lines.malformed("a batch section belongs to a batched entry, and to no other")
            );
        }
        lines.exact("--- record")?;
        let record = lines.whole(RecordState::parse, "the state of a record")?;
        let record_proof = IndexProof::read(&mut lines)?;
        let registry = if lines.skip_if("--- registry") {
            Some(RegistryProof::read(&mut lines)?)
        } else {
            None
        };
        lines.exact("--- block")?;
        let block = BlockProof::read(&mut lines)?;
        let head = if lines.skip_if("--- head") {
            Some(BlockProof::read(&mut lines)?)
        } else {
            None
        };
        let bridge = if lines.skip_if("--- bridge") {
            Some(read_path(&mut lines, "bridge-path")?)
        } else {
            None
        };
        lines.exact("--- proof")?;
        let above = lines.line();
        let proof =
            TlogProof::parse(lines.rest().as_bytes()).map_err(|error| error.after(above))?;
        let receipt = Self {
            entry,
            opening,
            clerk,
            clerk_proof,
            batch,
            record,
            record_proof,
            registry,
            block,
            head,
            bridge,
            proof,
        };
        text::same(bytes, receipt.write().as_bytes())?;
        Ok(receipt)
    }
}

/// Appends a receipt as far as it says what was recorded: its first line, the entry of this text, and the opening.
/// Gives where the entry begins.
pub fn write_head(out: &mut String, entry: &str, opening: Option<&Opening>) -> usize {
    let redacted = opening.is_some_and(Opening::is_redacted);
    *out += if redacted { REDACTED } else { PLAIN };
    *out += "\n--- entry\n";
    let begin = out.len();
    *out += entry;
    if let Some(opening) = opening {
        *out += "--- opening\n";
        opening.write(out);
    }
    begin
}

/// The entry of a receipt and its opening, and nothing of its proofs. Enough where
/// the entry is proven otherwise, as by the whole log.
///
/// # Errors
///
/// [`Malformed`] names the first line that is not of the format.
pub fn shown(bytes: &[u8]) -> Result<(Entry, Option<Opening>), Malformed> {
    shown_lines(bytes).map(|(entry, opening, _)| (entry, opening))
}

fn shown_lines(bytes: &[u8]) -> Result<(Entry, Option<Opening>, Lines<'_>), Malformed> {
    let mut lines = Lines::new(bytes, RECEIPT_BYTES_MAX)?;
    // That the line fits the opening is seen when the receipt is written again.
    if !lines.skip_if(REDACTED) {
        lines.exact(PLAIN)?;
    }
    lines.exact("--- entry")?;
    let (entry, _) = lines.section();
    let entry = Entry::parse(entry.as_bytes()).map_err(|error| error.after(2))?;
    let opening = read_section(&mut lines, "--- opening", |section, line| {
        Opening::read(section, line)
    })?;
    Ok((entry, opening, lines))
}

impl RegistryProof {
    pub(crate) fn write(&self, out: &mut String) {
        *out += &self.state.write();
        self.proof.write(out);
    }

    pub(crate) fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            state: lines.whole(RegistryState::parse, "the state of a registry")?,
            proof: IndexProof::read(lines)?,
        })
    }
}

impl BlockProof {
    pub(crate) fn write(&self, out: &mut String) {
        *out += &self.leaf.write();
        *out += &format!("block-index {}\n", self.index);
        write_path(out, "block-path", &self.path);
    }

    pub(crate) fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            leaf: BlockLeaf::read(lines)?,
            index: LeafIndex::new(lines.number("block-index")?),
            path: read_path(lines, "block-path")?,
        })
    }
}

impl BatchProof {
    fn read(section: &str, first_line: usize) -> Result<Self, Malformed> {
        let mut lines = Lines::within(section, first_line);
        let proof = Self {
            leaf: Batch::read(&mut lines)?,
            index: LeafIndex::new(lines.number("batch-index")?),
            path: read_path(&mut lines, "batch-path")?,
            entry_path: read_path(&mut lines, "entry-path")?,
        };
        lines.end()?;
        Ok(proof)
    }
}

fn read_section<T>(
    lines: &mut Lines<'_>,
    marker: &str,
    read: impl FnOnce(&str, usize) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    if !lines.skip_if(marker) {
        return Ok(None);
    }
    let (section, line) = lines.section();
    read(section, line).map(Some)
}

pub(crate) fn write_path(out: &mut String, word: &str, path: &[[u8; 32]]) {
    for hash in path {
        out.push_str(word);
        out.push(' ');
        text::end_with_hash(out, hash);
    }
}

pub(crate) fn read_path(lines: &mut Lines<'_>, word: &str) -> Result<Vec<[u8; 32]>, Malformed> {
    let mut path = Vec::new();
    while let Some(value) = lines.optional(word)? {
        path.push(
            text::base64_array(value)
                .ok_or_else(|| lines.malformed(format!("\"{word}\" is not 32 bytes in base64")))?,
        );
        if path.len() > PATH_MAX {
            return Err(lines.malformed(format!("more than {PATH_MAX} hashes in one path")));
        }
    }
    Ok(path)
}
