//! The history of a record: every version there is, or the proof that there is none.
//!
//! The index under the checkpoint says which version is the latest and where it stands; each version
//! names the one before by leaf hash, height and time. So nothing can be left out, and no path per
//! version is needed. A long history comes in pages: each proves its authors and the record's latest
//! state under a checkpoint of its own, and its first version is the one that the last of the page before
//! names. Not here: the judgement (`verify::history`).

use crate::{
    checkpoint::Checkpoint,
    entry::Entry,
    hash::RecordKey,
    height::Version,
    index::IndexProof,
    name::RegistryName,
    receipt::BlockProof,
    state::{ClerkState, RecordState},
    text::{self, Lines, Malformed},
};

/// The most bytes that a history in one piece may have.
pub const HISTORY_BYTES_MAX: usize = 64 << 20;
/// The most bytes that a page may have.
pub const PAGE_BYTES_MAX: usize = 4 << 20;
/// The most versions that a record may have; the last of them can only be its revocation. The rules of
/// the ledger ask for it, so no history is longer.
pub const VERSIONS_MAX: usize = 10_000;

const WHOLE: &str = "muhr-history/v1";
const PAGE: &str = "muhr-history-page/v1";

/// A node's claim about one record: all its versions, or a page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The registry asked about.
    pub registry: RegistryName,
    /// The record asked about.
    pub key: RecordKey,
    /// The newest version shown, if this is a page of a long history; none if it is all of it.
    pub from: Option<Version>,
    /// The latest state and the versions shown, newest first; none if it was never registered. In a page
    /// they need not begin with the latest nor reach down to the first.
    pub record: Option<(RecordState, Vec<Entry>)>,
    /// Proof that this is what the index holds for the record.
    pub record_proof: IndexProof,
    /// The authors of the versions, in the order of their names, each with its proof in the index.
    pub clerks: Vec<(ClerkState, IndexProof)>,
    /// The newest block leaf under the checkpoint.
    pub head: BlockProof,
    /// The cosigned checkpoint, verbatim.
    pub checkpoint: String,
}

impl History {
    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let kind = if self.from.is_some() { PAGE } else { WHOLE };
        let mut out = format!("{kind}\nregistry {}\nkey {}\n", self.registry, self.key);
        if let Some(from) = self.from {
            out += &format!("from {from}\n");
        }
        if let Some((state, _)) = &self.record {
            out += &state.write();
        }
        self.record_proof.write(&mut out);
        for entry in self.record.iter().flat_map(|(_, entries)| entries) {
            out += &format!("--- version\n{}", entry.write());
        }
        for (clerk, proof) in &self.clerks {
            out += &format!("--- clerk\n{}", clerk.write());
            proof.write(&mut out);
        }
        out += "--- head\n";
        self.head.write(&mut out);
        out + "--- checkpoint\n" + &self.checkpoint
    }

    /// Returns whether the bytes begin as a page does.
    #[must_use]
    pub fn is_page(bytes: &[u8]) -> bool {
        let rest = bytes.strip_prefix(PAGE.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"\n"))
    }

    /// Reads the text; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, HISTORY_BYTES_MAX)?;
        let is_page = Self::is_page(bytes);
        lines.exact(if is_page { PAGE } else { WHOLE })?;
        let registry = lines.parsed("registry", "the name of a registry", RegistryName::parse)?;
        let key = lines.parsed("key", "32 bytes in base64", RecordKey::from_base64)?;
        let from = if is_page {
            Some(Version::new(lines.number("from")?))
        } else {
            None
        };
        let known = lines.rest().starts_with("record ");
        let state = if known {
            Some(lines.whole(RecordState::parse, "the state of a record")?)
        } else {
            None
        };
        let record_proof = IndexProof::read(&mut lines)?;
        let mut entries = Vec::new();
        while lines.skip_if("--- version") {
            let above = lines.line();
            let (section, _) = lines.section();
            entries.push(Entry::parse(section.as_bytes()).map_err(|error| error.after(above))?);
            if entries.len() > VERSIONS_MAX {
                return Err(lines.malformed(format!("more than {VERSIONS_MAX} versions")));
            }
        }
        let mut clerks = Vec::new();
        while lines.skip_if("--- clerk") {
            clerks.push((
                lines.whole(ClerkState::parse, "the state of a clerk")?,
                IndexProof::read(&mut lines)?,
            ));
            if clerks.len() > VERSIONS_MAX {
                return Err(lines.malformed(format!("more than {VERSIONS_MAX} clerks")));
            }
        }
        lines.exact("--- head")?;
        let head = BlockProof::read(&mut lines)?;
        lines.exact("--- checkpoint")?;
        let above = lines.line();
        let checkpoint = lines.rest().to_owned();
        let _note = Checkpoint::parse_note(&checkpoint).map_err(|error| error.after(above))?;
        if state.is_none() && !entries.is_empty() {
            return Err(lines.malformed("versions of a record that has no state"));
        }
        if is_page && entries.is_empty() {
            return Err(lines.malformed("a page without versions"));
        }
        let record = state.map(|state| (state, entries));
        let history = Self {
            registry,
            key,
            from,
            record,
            record_proof,
            clerks,
            head,
            checkpoint,
        };
        text::same(bytes, history.write().as_bytes())?;
        Ok(history)
    }
}
