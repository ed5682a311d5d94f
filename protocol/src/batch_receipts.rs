//! Batch receipts: the receipts of one whole batch under one checkpoint, with what they share written once.
//!
//! A means of transport, for whoever handed the batch in and so has its entries: from these and the batch
//! receipts follows the receipt of each, a file like any other, which is judged like any other
//! (`verify::receipt`). Nothing in batch receipts is believed.

use crate::{
    batch::Batch,
    checkpoint::Checkpoint,
    entry::Entry,
    hash::{IndexKey, LeafHash, ValueHash},
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
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Option<impl Iterator<Item = Receipt> + 'a> {
        self.unfold(entries)?.receipts()
    }

    /// The trees over the entries, which are those of the batch in their order. None if they are not as many.
    #[must_use]
    pub fn unfold<'a>(
        &'a self,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Option<UnfoldedBatch<'a>> {
        UnfoldedBatch::of(self, entries.into_iter().collect())
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

/// Batch receipts with the entries of their batch, and the trees over these.
#[derive(Debug)]
pub struct UnfoldedBatch<'a> {
    shared: &'a BatchReceipts,
    entries: Vec<&'a Entry>,
    leaves: Vec<LeafHash>,
    in_log: RangeProof,
    in_batch: RangeProof,
    /// What stands in the index for each entry, in the order of the keys; and the place of each entry there.
    sorted: Vec<(IndexKey, ValueHash)>,
    places: Vec<usize>,
}

impl<'a> UnfoldedBatch<'a> {
    fn of(shared: &'a BatchReceipts, entries: Vec<&'a Entry>) -> Option<Self> {
        if entries.len() != shared.records.len() {
            return None;
        }
        let texts = entries.iter().map(|entry| entry.write());
        let leaves: Vec<LeafHash> = texts.map(|text| leaf_hash(text.as_bytes())).collect();
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        let own = leaf_hash(shared.batch.write().as_bytes());
        let all = std::iter::once(*own.as_bytes()).chain(hashes.iter().copied());
        let note = SignedNote::parse(&shared.checkpoint).ok()?;
        let size = Checkpoint::parse(&note.text).ok()?.size;
        let range = BatchReceipts::range(&shared.batch, shared.index, size);
        let in_log = RangeProof::new(range, all.collect(), &shared.range_path)?;
        let alone = LeafRange {
            first: LeafIndex::ZERO,
            count: shared.batch.statement.count,
            size: LogSize::new(shared.batch.statement.count),
        };
        let in_batch = RangeProof::new(alone, hashes, &[])?;
        let records = entries.iter().zip(&shared.records);
        let mut keyed: Vec<(usize, (IndexKey, ValueHash))> = records
            .map(|(entry, record)| {
                let statement = &entry.statement;
                let key = statement.index_key();
                (key, value_hash(&record.write()))
            })
            .enumerate()
            .collect();
        keyed.sort_unstable_by_key(|(_, (key, _))| *key);
        let mut places = vec![0; entries.len()];
        for (place, (number, _)) in keyed.iter().enumerate() {
            *places.get_mut(*number)? = place;
        }
        Some(Self {
            shared,
            entries,
            leaves,
            in_log,
            in_batch,
            sorted: keyed.into_iter().map(|(_, leaf)| leaf).collect(),
            places,
        })
    }

    /// Number of an entry in the order of the keys.
    fn place(&self, number: usize) -> Option<usize> {
        self.places.get(number).copied()
    }

    /// The batch receipts.
    #[must_use]
    pub const fn shared(&self) -> &'a BatchReceipts {
        self.shared
    }

    /// The entries, each with its leaf hash and the state of its record.
    pub fn rows(&self) -> impl Iterator<Item = (&'a Entry, LeafHash, &'a RecordState)> {
        let entries = self.entries.iter().copied();
        let leaves = entries.zip(self.leaves.iter().copied());
        let records = self.shared.records.iter();
        leaves
            .zip(records)
            .map(|((entry, leaf), record)| (entry, leaf, record))
    }

    /// One entry, by its number in the batch.
    #[must_use]
    pub fn entry(&self, number: usize) -> Option<&'a Entry> {
        self.entries.get(number).copied()
    }

    /// The state of an entry's registry, if the batch receipts show one.
    #[must_use]
    pub fn registry(&self, entry: &Entry) -> Option<&'a RegistryProof> {
        let name = &entry.statement.registry;
        let mut registries = self.shared.registries.iter();
        registries.find(|found| found.state.name == *name)
    }

    /// Index of an entry in the log, by its number in the batch.
    #[must_use]
    pub fn index(&self, number: usize) -> Option<LeafIndex> {
        let number = u64::try_from(number).ok()?.checked_add(1)?;
        let index = self.shared.index.get().checked_add(number)?;
        Some(LeafIndex::new(index))
    }

    /// The receipts of all entries, in their order; made together, each costs far less than alone.
    pub fn receipts(self) -> Option<impl Iterator<Item = Receipt> + 'a> {
        let proofs = self.shared.proof.unfold(&self.sorted)?;
        let mut proofs: Vec<Option<IndexProof>> = proofs.into_iter().map(Some).collect();
        let numbers = 0..self.entries.len();
        Some(numbers.map_while(move |number| {
            let proof = proofs.get_mut(self.place(number)?)?.take()?;
            self.receipt_with(number, proof)
        }))
    }

    /// The receipt of one entry, by its number in the batch.
    #[must_use]
    pub fn receipt(&self, number: usize) -> Option<Receipt> {
        let proof = self
            .shared
            .proof
            .proof_of(&self.sorted, self.place(number)?)?;
        self.receipt_with(number, proof)
    }

    fn receipt_with(&self, number: usize, record_proof: IndexProof) -> Option<Receipt> {
        let (shared, entry) = (self.shared, self.entry(number)?);
        let index = self.index(number)?;
        let batch = BatchProof {
            leaf: shared.batch.clone(),
            index: shared.index,
            path: self.in_log.path(shared.index)?,
            entry_path: self
                .in_batch
                .path(LeafIndex::new(u64::try_from(number).ok()?))?,
        };
        Some(Receipt {
            registry: self.registry(entry).cloned(),
            entry: entry.clone(),
            opening: None,
            clerk: shared.clerk.clone(),
            clerk_proof: shared.clerk_proof.clone(),
            batch: Some(batch),
            record: shared.records.get(number)?.clone(),
            record_proof,
            block: shared.block.clone(),
            head: shared.head.clone(),
            bridge: None,
            proof: TlogProof {
                index,
                path: self.in_log.path(index)?,
                checkpoint: shared.checkpoint.clone(),
            },
        })
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
