//! The history of a record: every version there is, or the proof that there is none.
//!
//! The index under the checkpoint says which version is the latest and where it stands; each version
//! names the one before by leaf hash, height and time. So nothing can be left out, and no path per
//! version is needed. Not here: the judgement (`verify::history`).

use crate::{
    entry::Entry,
    hash::RecordKey,
    index::IndexProof,
    name::RegistryName,
    receipt::BlockProof,
    state::{ClerkState, RecordState},
    text::{self, Lines, Malformed},
};

/// The most bytes that a history may have.
pub const HISTORY_BYTES_MAX: usize = 64 << 20;
/// The most versions that one history may show.
pub const VERSIONS_MAX: usize = 100_000;

/// What a node claims of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The registry asked about.
    pub registry: RegistryName,
    /// The record asked about.
    pub key: RecordKey,
    /// The latest state and all versions, newest first; none if it was never registered.
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
        let mut out = format!(
            "muhr-history/v1\nregistry {}\nkey {}\n",
            self.registry, self.key
        );
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

    /// Reads the text; anything that `write` would not give back is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, HISTORY_BYTES_MAX)?;
        lines.exact("muhr-history/v1")?;
        let registry = lines.parsed("registry", "the name of a registry", RegistryName::parse)?;
        let key = lines.parsed("key", "32 bytes in base64", RecordKey::from_base64)?;
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
        let checkpoint = lines.rest().to_owned();
        if state.is_none() && !entries.is_empty() {
            return Err(lines.malformed("versions of a record that has no state"));
        }
        let record = state.map(|state| (state, entries));
        let history = Self {
            registry,
            key,
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
