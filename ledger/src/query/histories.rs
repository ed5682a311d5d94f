//! Histories of records: whole where they are short, and in pages where they are long.
//!
//! A page is bounded in versions and in bytes, so no question costs more than a page, however many
//! versions a record has.

use std::collections::BTreeMap;

use protocol::{
    entry::Entry,
    hash::RecordKey,
    height::{LeafIndex, Version},
    history::History,
    name::{ClerkName, RegistryName},
    state::{ClerkState, RecordState},
};

use super::{NoAnswer, clerk};
use crate::{
    fault::Fault,
    ledger::{Ledger, Published},
};

/// Versions of one page.
const PAGE_VERSIONS: usize = 1_000;
/// Bytes of versions and authors after which a page is full.
const PAGE_BYTES: usize = 1 << 20;

/// Versions of one page with their authors, and whether it ends with the first version.
struct HistoryPage {
    versions: Vec<Entry>,
    authors: BTreeMap<ClerkName, (ClerkState, protocol::index::IndexProof)>,
    is_last: bool,
}

impl Ledger {
    /// Every version of a record, or the proof that it was never registered; of a long history the first
    /// page.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn history(&self, registry: &RegistryName, key: &RecordKey) -> Result<History, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        let state = self.record_at(&published.head, &RecordState::index_key(registry, key))?;
        let Some(state) = state else {
            return self.history_of(&published, (registry, key), None);
        };
        let newest = self.logged_entry(state.index, state.hash)?;
        let page = self.page(&published, newest)?;
        self.history_of(&published, (registry, key), Some((state, page)))
    }

    /// The page that begins with version `from`, of which the page before says that it stands at `index`.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no such thing under the published checkpoint, and if the disk cannot be read.
    pub fn history_from(
        &self,
        registry: &RegistryName,
        key: &RecordKey,
        (from, index): (Version, LeafIndex),
    ) -> Result<History, NoAnswer> {
        let published = self.covering(index)?;
        let leaf = self.store.leaf(index)?.ok_or(NoAnswer::NotFound)?;
        let newest = Entry::parse(&leaf).map_err(|_| NoAnswer::NotFound)?;
        let said = &newest.statement;
        let is_it = said.registry == *registry && said.key == *key && said.version == from;
        if !is_it || said.operation.is_attestation() {
            return Err(NoAnswer::NotFound);
        }
        let state = self.record_at(&published.head, &RecordState::index_key(registry, key))?;
        let state = state.ok_or(NoAnswer::NotFound)?;
        let page = self.page(&published, newest)?;
        self.history_of(&published, (registry, key), Some((state, page)))
    }

    fn history_of(
        &self,
        published: &Published,
        (registry, key): (&RegistryName, &RecordKey),
        record: Option<(RecordState, HistoryPage)>,
    ) -> Result<History, NoAnswer> {
        let index_key = RecordState::index_key(registry, key);
        let (record, clerks, from) = match record {
            None => (None, Vec::new(), None),
            Some((state, page)) => {
                let from = page.versions.first().map(|entry| entry.statement.version);
                let is_whole = page.is_last && from == Some(state.version);
                let clerks = page.authors.into_values().collect();
                let record = Some((state, page.versions));
                (record, clerks, from.filter(|_| !is_whole))
            }
        };
        Ok(History {
            registry: registry.clone(),
            key: *key,
            from,
            record,
            record_proof: published.head.index().prove(&index_key)?,
            clerks,
            head: self.block_proof(published, published.head.height())?,
            checkpoint: published.note.to_string(),
        })
    }

    /// Versions from `newest` down, each found by the hash that its successor names, until the page is
    /// full.
    fn page(&self, published: &Published, newest: Entry) -> Result<HistoryPage, Fault> {
        let mut page = HistoryPage {
            versions: Vec::new(),
            authors: BTreeMap::new(),
            is_last: true,
        };
        let (mut bytes, mut next) = (0_usize, Some(newest));
        while let Some(entry) = next.take() {
            let author = &entry.statement.author;
            if !page.authors.contains_key(author) {
                let proven = clerk(published, author)?;
                let mut text = proven.0.write();
                proven.1.write(&mut text);
                bytes = bytes.saturating_add(text.len());
                page.authors.insert(author.clone(), proven);
            }
            bytes = bytes.saturating_add(entry.write().len());
            let previous = entry.statement.previous;
            page.versions.push(entry);
            if let Some(previous) = previous {
                if page.versions.len() >= PAGE_VERSIONS || bytes >= PAGE_BYTES {
                    page.is_last = false;
                    break;
                }
                next = Some(self.logged_entry(previous.index, previous.hash)?);
            }
        }
        Ok(page)
    }
}
