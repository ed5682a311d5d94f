//! Views: the last few heights side by side, so that proofs agree with the checkpoint that is
//! published while newer blocks are being committed.
//!
//! The store holds only the present value of a record. A view's index says which value stood there
//! then (its hash), and the value itself is the present one or one of the images that later blocks
//! took before they changed it. Pure.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use protocol::{
    hash::{IndexKey, ValueHash},
    height::Height,
    state::{RecordState, value_hash},
};

use crate::head::Head;

/// Number of heights that are kept side by side.
pub(crate) const VIEWS_MAX: usize = 64;

/// The states of records before a block changed them.
pub(crate) type Images = BTreeMap<IndexKey, Option<RecordState>>;

/// One height.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) head: Arc<Head>,
    /// Values that the block changed, as they were before it.
    pub(crate) before: Arc<Images>,
}

/// The newest checkpoint that a quorum cosigned, with the state that it commits to.
#[derive(Clone, Debug)]
pub struct Published {
    /// The state after its last block.
    pub head: Arc<Head>,
    /// The signed note.
    pub note: Arc<str>,
}

/// The published height and those after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Views {
    published: Option<Published>,
    /// Oldest first; begins with the published height if there is one.
    ring: VecDeque<View>,
    /// Of the block that is being written to the store right now.
    pending: Option<Arc<Images>>,
}

impl Views {
    pub(crate) const fn published(&self) -> Option<&Published> {
        self.published.as_ref()
    }

    /// Before a block is written: from here on a reader may meet its values in the store.
    pub(crate) fn begin(&mut self, before: Arc<Images>) {
        self.pending = Some(before);
    }

    /// After the block was written.
    pub(crate) fn push(&mut self, view: View) {
        self.pending = None;
        self.ring.push_back(view);
        if self.ring.len() <= VIEWS_MAX {
            return;
        }
        if self.published.is_none() {
            self.ring.pop_front();
        } else if let Some(dropped) = self.ring.remove(1) {
            // The published view stays, and needs the images of the one that goes.
            if let Some(next) = self.ring.get_mut(1) {
                let mut images = Images::clone(&next.before);
                let older = dropped.before.iter();
                images.extend(older.map(|(key, state)| (*key, state.clone())));
                next.before = Arc::new(images);
            }
        }
    }

    /// The view of one height, if it is kept.
    pub(crate) fn at(&self, height: Height) -> Option<&View> {
        self.ring.iter().find(|view| view.head.height() == height)
    }

    /// Makes `height` the published one and lets go of those before it; false if it is not kept.
    pub(crate) fn publish(&mut self, height: Height, note: &str) -> bool {
        let Some(head) = self.at(height).map(|view| Arc::clone(&view.head)) else {
            return false;
        };
        while self
            .ring
            .front()
            .is_some_and(|view| view.head.height() < height)
        {
            self.ring.pop_front();
        }
        self.published = Some(Published {
            head,
            note: Arc::from(note),
        });
        true
    }

    /// The value of hash `wanted` that once stood at `key`, if a kept block changed it.
    pub(crate) fn image(&self, key: &IndexKey, wanted: ValueHash) -> Option<RecordState> {
        let kept = self.ring.iter().map(|view| &view.before);
        let images = self
            .pending
            .iter()
            .chain(kept)
            .filter_map(|images| images.get(key));
        images
            .flatten()
            .find(|state| value_hash(&state.write()) == wanted)
            .cloned()
    }
}
