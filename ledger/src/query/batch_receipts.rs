//! The receipts of one whole batch at once, as whoever handed it in asks for them.

use std::collections::BTreeSet;

use protocol::{
    batch::WholeBatch, batch_receipts::BatchReceipts, entry::Entry, hash::IndexKey,
    height::LeafIndex,
};

use super::{NoAnswer, clerk, present, registry, tiles::Tiles};
use crate::{fault::Fault, ledger::Ledger};

impl Ledger {
    /// The receipts of the batch whose leaf stands at `index`.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn batch_receipts(&self, index: LeafIndex) -> Result<BatchReceipts, NoAnswer> {
        let published = self.covering(index)?;
        let head = &published.head;
        let leaf = present(&self.store, index)?;
        if !WholeBatch::is_start(&leaf) {
            return Err(NoAnswer::NotFound);
        }
        let batch = protocol::batch::Batch::parse(&leaf)
            .map_err(|error| Fault::damaged(format!("leaf {index}: {error}")))?;
        let first = index.get().saturating_add(1);
        let until = first.saturating_add(batch.statement.count);
        let (mut keyed, mut registries) = (Vec::new(), BTreeSet::new());
        for (at, bytes) in (first..).zip(self.store.leaves(first, until)?) {
            let entry = Entry::parse(&bytes)
                .map_err(|error| Fault::damaged(format!("leaf {at}: {error}")))?;
            let statement = &entry.statement;
            keyed.push(statement.index_key());
            registries.insert(entry.statement.registry);
        }
        let records = keyed
            .iter()
            .map(|key| self.record_at(head, key)?.ok_or_else(missing))
            .collect::<Result<Vec<_>, Fault>>()?;
        let mut sorted: Vec<IndexKey> = keyed;
        sorted.sort_unstable();
        let proof = head.index().multiproof(&sorted)?.ok_or_else(missing)?;
        let (clerk, clerk_proof) = clerk(&published, &batch.statement.author)?;
        let height = self.store.height_of(index)?;
        let height = height.ok_or_else(|| Fault::damaged("no block"))?;
        let newest = (height != head.height()).then(|| self.block_proof(&published, head.height()));
        let tiles = Tiles::of(self);
        let nodes = BatchReceipts::range(&batch, index, head.size()).proof_nodes();
        let path = nodes.into_iter().map(|(level, at)| tiles.node(level, at));
        Ok(BatchReceipts {
            clerk,
            clerk_proof,
            index,
            registries: registries
                .iter()
                .filter_map(|name| registry(&published, name).transpose())
                .collect::<Result<_, Fault>>()?,
            block: self.block_proof(&published, height)?,
            head: newest.transpose()?,
            records,
            proof,
            range_path: path.collect::<Result<_, Fault>>()?,
            checkpoint: published.note.to_string(),
            batch,
        })
    }
}

fn missing() -> Fault {
    Fault::damaged("a logged record is not in the index")
}
