//! Batch receipts: the receipts of one whole batch under one checkpoint, with what they share written once.
//!
//! A means of transport, for whoever handed the batch in and so has its entries: from these and the batch
//! receipts follows the receipt of each, a file like any other, which is judged like any other
//! (`verify::receipt`). Nothing in batch receipts is believed.

use crate::{
    batch::Batch,
    checkpoint::Checkpoint,
    entry::Entry,
    hash::{IndexKey, ValueHash},
    height::{LeafIndex, LogSize},
    index::{IndexProof, multiproof::Multiproof},
    merkle::{
        Hash, leaf_hash,
        range::{LeafRange, RangeProof},
    },
    note::SignedNote,
    receipt::{self, BatchProof, BlockProof, Receipt, RegistryProof},
    state::{ClerkState, RecordState, value_hash},
    text::{self, Lines, Malformed},
    tlog_proof::TlogProof,
};

/// The most bytes of batch receipts: 1,024 records with their siblings, and what they share.
pub const BATCH_RECEIPTS_BYTES_MAX: usize = 8 << 20;
const FIRST: &str = "muhr-batch-receipts/v1";

/// The shared part of the receipts of a batch: all that they are made of, beside the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReceipts {
    /// The author's state in the index.
    pub clerk: ClerkState,
    /// Proof of the clerk's state under the head's index root.
    pub clerk_proof: IndexProof,
    /// The batch leaf.
    pub batch: Batch,
    /// Index of the batch leaf in the log; the entries follow it.
    pub index: LeafIndex,
    /// The states of those registries of the entries that have a policy.
    pub registries: Vec<RegistryProof>,
    /// The block leaf of the block that they stand in.
    pub block: BlockProof,
    /// The newest block leaf under the checkpoint, if it is another.
    pub head: Option<BlockProof>,
    /// The state of each entry's record, in the order of the entries.
    pub records: Vec<RecordState>,
    /// Their proof under the head's index root, in the order of their keys.
    pub proof: Multiproof,
    /// Proof that the batch stands in the log: the hashes of [`LeafRange::proof_nodes`].
    pub range_path: Vec<Hash>,
    /// The checkpoint, a signed note, verbatim.
    pub checkpoint: String,
}

impl BatchReceipts {
    /// The leaves of the batch and of its entries in the log.
    #[must_use]
    pub const fn range(batch: &Batch, index: LeafIndex, size: LogSize) -> LeafRange {
        LeafRange {
            first: index,
            count: batch.statement.count.saturating_add(1),
            size,
        }
    }

    /// The receipts of the entries, which are those of the batch in their order. None if they are not, or
    /// if something is missing here; whether a receipt holds is for `verify` to say.
    pub fn receipts<'a>(
        &'a self,
        entries: &'a [Entry],
    ) -> Option<impl Iterator<Item = Receipt> + 'a> {
        if entries.len() != self.records.len() {
            return None;
        }
        let texts = entries
            .iter()
            .map(|entry| leaf_hash(entry.write().as_bytes()));
        let hashes: Vec<Hash> = texts.map(|hash| *hash.as_bytes()).collect();
        let own = leaf_hash(self.batch.write().as_bytes());
        let leaves = std::iter::once(*own.as_bytes()).chain(hashes.iter().copied());
        let note = SignedNote::parse(&self.checkpoint).ok()?;
        let size = Checkpoint::parse(&note.text).ok()?.size;
        let range = Self::range(&self.batch, self.index, size);
        let in_log = RangeProof::new(range, leaves.collect(), &self.range_path)?;
        let alone = LeafRange {
            first: LeafIndex::ZERO,
            count: self.batch.statement.count,
            size: LogSize::new(self.batch.statement.count),
        };
        let in_batch = RangeProof::new(alone, hashes, &[])?;
        let mut proofs = self.index_proofs(entries)?;
        let batch_path = in_log.path(self.index)?;
        let numbered = (0..).zip(entries.iter().zip(&self.records));
        Some(numbered.map_while(move |(number, (entry, record))| {
            let index = LeafIndex::new(self.index.get().checked_add(number)?.checked_add(1)?);
            let batch = BatchProof {
                leaf: self.batch.clone(),
                index: self.index,
                path: batch_path.clone(),
                entry_path: in_batch.path(LeafIndex::new(number))?,
            };
            let registries = self.registries.iter();
            let registry = &entry.statement.registry;
            Some(Receipt {
                registry: { registries }
                    .find(|found| found.state.name == *registry)
                    .cloned(),
                entry: entry.clone(),
                opening: None,
                clerk: self.clerk.clone(),
                clerk_proof: self.clerk_proof.clone(),
                batch: Some(batch),
                record: record.clone(),
                record_proof: proofs.get_mut(usize::try_from(number).ok()?)?.take()?,
                block: self.block.clone(),
                head: self.head.clone(),
                bridge: None,
                proof: TlogProof {
                    index,
                    path: in_log.path(index)?,
                    checkpoint: self.checkpoint.clone(),
                },
            })
        }))
    }

    /// The index proof of each entry's record, in the order of the entries.
    fn index_proofs(&self, entries: &[Entry]) -> Option<Vec<Option<IndexProof>>> {
        let records = entries.iter().zip(&self.records);
        let mut leaves: Vec<(usize, (IndexKey, ValueHash))> = records
            .map(|(entry, record)| {
                let statement = &entry.statement;
                let key = RecordState::index_key(&statement.registry, &statement.key);
                (key, value_hash(&record.write()))
            })
            .enumerate()
            .collect();
        leaves.sort_unstable_by_key(|(_, (key, _))| *key);
        let sorted: Vec<(IndexKey, ValueHash)> = leaves.iter().map(|(_, leaf)| *leaf).collect();
        let mut proofs: Vec<Option<IndexProof>> = vec![None; entries.len()];
        for ((number, _), proof) in leaves.iter().zip(self.proof.unfold(&sorted)?) {
            *proofs.get_mut(*number)? = Some(proof);
        }
        Some(proofs)
    }

    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{FIRST}\n--- clerk\n{}", self.clerk.write());
        self.clerk_proof.write(&mut out);
        out += &format!(
            "--- batch\n{}batch-index {}\n",
            self.batch.write(),
            self.index
        );
        for registry in &self.registries {
            out += "--- registry\n";
            registry.write(&mut out);
        }
        out += "--- block\n";
        self.block.write(&mut out);
        if let Some(head) = &self.head {
            out += "--- head\n";
            head.write(&mut out);
        }
        out += "--- records\n";
        for record in &self.records {
            out += &record.write();
        }
        for depth in &self.proof.depths {
            out += &format!("depth {depth}\n");
        }
        receipt::write_path(&mut out, "sibling", &self.proof.siblings);
        receipt::write_path(&mut out, "range-path", &self.range_path);
        out += "--- checkpoint\n";
        out += &self.checkpoint;
        out
    }

    /// Reads the text; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, BATCH_RECEIPTS_BYTES_MAX)?;
        lines.exact(FIRST)?;
        lines.exact("--- clerk")?;
        let clerk = lines.whole(ClerkState::parse, "the state of a clerk")?;
        let clerk_proof = IndexProof::read(&mut lines)?;
        lines.exact("--- batch")?;
        let batch = Batch::read(&mut lines)?;
        let index = LeafIndex::new(lines.number("batch-index")?);
        let mut registries = Vec::new();
        while lines.skip_if("--- registry") {
            registries.push(RegistryProof::read(&mut lines)?);
        }
        lines.exact("--- block")?;
        let block = BlockProof::read(&mut lines)?;
        let head = if lines.skip_if("--- head") {
            Some(BlockProof::read(&mut lines)?)
        } else {
            None
        };
        lines.exact("--- records")?;
        let (mut records, mut depths) = (Vec::new(), Vec::new());
        for _ in 0..batch.statement.count {
            records.push(lines.whole(RecordState::parse, "the state of a record")?);
        }
        for _ in 0..batch.statement.count {
            depths.push(lines.parsed("depth", "a number up to 256", |depth| {
                text::number(depth).and_then(|depth| u16::try_from(depth).ok())
            })?);
        }
        let siblings = read_hashes(&mut lines, "sibling")?;
        let range_path = read_hashes(&mut lines, "range-path")?;
        lines.exact("--- checkpoint")?;
        let above = lines.line();
        let checkpoint = lines.rest().to_owned();
        SignedNote::parse(&checkpoint).map_err(|error| error.after(above))?;
        let read = Self {
            clerk,
            clerk_proof,
            batch,
            index,
            registries,
            block,
            head,
            records,
            proof: Multiproof { depths, siblings },
            range_path,
            checkpoint,
        };
        text::same(bytes, read.write().as_bytes())?;
        Ok(read)
    }
}

/// No bound of its own: each line is one of a text that has one.
fn read_hashes(lines: &mut Lines<'_>, word: &str) -> Result<Vec<Hash>, Malformed> {
    let mut hashes = Vec::new();
    while let Some(value) = lines.optional(word)? {
        let hash = text::base64_array(value);
        hashes.push(
            hash.ok_or_else(|| lines.malformed(format!("\"{word}\" is not 32 bytes in base64")))?,
        );
    }
    Ok(hashes)
}
