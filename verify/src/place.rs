//! Where versions stand: what it means for one to be older than another.

use protocol::{entry::EntryRef, hash::LeafHash, height::LeafIndex, receipt::BlockProof};

/// Returns whether `older` stands before `newer`. One block may hold two versions of a record; then both
/// have its time, and else the time grows with the height.
pub(crate) fn precedes(older: &EntryRef, newer: &EntryRef) -> bool {
    let same_block = older.height == newer.height && older.time == newer.time;
    let older_block = older.height < newer.height && older.time < newer.time;
    older.index < newer.index && (same_block || older_block)
}

/// Position of a leaf of `block`.
pub(crate) const fn within(block: &BlockProof, index: LeafIndex, hash: LeafHash) -> EntryRef {
    EntryRef {
        index,
        hash,
        height: block.leaf.height,
        time: block.leaf.time,
    }
}

/// Returns whether the leaf at `index` is one of the leaves that `block` counts as its own.
pub(crate) fn covers(block: &BlockProof, index: LeafIndex) -> bool {
    let end = block.index.get();
    end.checked_sub(block.leaf.entries)
        .is_some_and(|first| (first..end).contains(&index.get()))
}

#[cfg(test)]
mod tests {
    use protocol::{
        block::BlockLeaf,
        hash::{IndexRoot, TrustHash},
        height::{Epoch, Height, TimeMs},
    };

    use super::*;

    fn place(index: u64, height: u64, time: u64) -> EntryRef {
        EntryRef {
            index: LeafIndex::new(index),
            hash: LeafHash::new([0; 32]),
            height: Height::new(height),
            time: TimeMs::new(time),
        }
    }

    #[test]
    fn an_older_version_is_earlier_in_the_log_and_in_its_block_or_an_earlier_one() {
        let newer = place(9, 3, 300);
        assert!(precedes(&place(8, 2, 200), &newer));
        assert!(precedes(&place(8, 3, 300), &newer), "the same block");
        for (what, other) in [
            ("the same leaf", place(9, 2, 200)),
            ("a later leaf", place(10, 2, 200)),
            ("a later block", place(8, 4, 400)),
            ("one block with two times", place(8, 3, 200)),
            ("two blocks with one time", place(8, 2, 300)),
            ("an earlier block with a later time", place(8, 2, 301)),
        ] {
            assert!(!precedes(&other, &newer), "{what}");
        }
    }

    #[test]
    fn a_block_covers_the_leaves_before_its_own_and_no_others() {
        let block = |index, entries| BlockProof {
            leaf: BlockLeaf {
                height: Height::new(1),
                time: TimeMs::new(1),
                proposer: None,
                parent: None,
                entries,
                index: IndexRoot::new([0; 32]),
                epoch: Epoch::ZERO,
                trust: TrustHash::new([0; 32]),
            },
            index: LeafIndex::new(index),
            path: Vec::new(),
        };
        let covered = |block: &BlockProof| -> Vec<u64> {
            (0..12)
                .filter(|index| covers(block, LeafIndex::new(*index)))
                .collect()
        };
        assert_eq!(covered(&block(9, 3)), [6, 7, 8]);
        assert_eq!(covered(&block(3, 3)), [0, 1, 2]);
        assert!(covered(&block(9, 0)).is_empty());
        assert!(
            covered(&block(9, 10)).is_empty(),
            "more entries than leaves before it"
        );
        assert!(covered(&block(9, u64::MAX)).is_empty());
    }
}
