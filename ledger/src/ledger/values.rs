//! The values of the index that are no records, as they were at each height that is kept.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    genesis::Genesis,
    hash::{IndexKey, ValueHash},
    state::value_hash,
};

use crate::{directory::Directory, fault::Fault, store::Before};

/// All of them after one block.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(Arc<BTreeMap<IndexKey, String>>);

impl Values {
    /// After each of the blocks, the newest first, and last what there was before all of them.
    pub(super) fn at_each(
        genesis: &Genesis,
        present: BTreeMap<IndexKey, String>,
        blocks: &[Before],
    ) -> Result<Vec<Self>, Fault> {
        let mut values = Self(Arc::new(present));
        // Whatever is none of ours is noticed even if no block changed it.
        values.directory(genesis)?;
        let mut all = vec![values.clone()];
        for block in blocks.iter().rev() {
            for (key, before) in &block.values {
                let map = Arc::make_mut(&mut values.0);
                match before {
                    Some(value) => map.insert(*key, value.clone()),
                    None => map.remove(key),
                };
            }
            all.push(values.clone());
        }
        Ok(all)
    }

    /// The directory that they make.
    pub(super) fn directory(&self, genesis: &Genesis) -> Result<Arc<Directory>, Fault> {
        let mut directory = Directory::genesis(genesis);
        for value in self.0.values() {
            let set = directory.set(value);
            set.ok_or_else(|| Fault::damaged("a value of the index is none of ours"))?;
        }
        Ok(Arc::new(directory))
    }

    /// The hashes of all.
    pub(super) fn hashes(&self) -> impl Iterator<Item = (IndexKey, ValueHash)> {
        self.0.iter().map(|(key, value)| (*key, value_hash(value)))
    }

    /// The hashes of those that `block` changed, as they are after it.
    pub(super) fn changed(&self, block: &Before) -> impl Iterator<Item = (IndexKey, ValueHash)> {
        block.values.iter().filter_map(|(key, _)| {
            let value = self.0.get(key)?;
            Some((*key, value_hash(value)))
        })
    }
}
