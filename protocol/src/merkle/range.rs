//! Range proof: leaves that stand one after another in the log, and the few hashes from which, with the
//! leaves themselves, the inclusion path of each of them follows.
//!
//! These hashes are of the perfect subtrees that the paths of the range's first and last leaf need and
//! the range does not hold; those of the leaves between need no others. Which they are follows from the
//! places alone, so only their hashes need to be told. Not here: whether a path leads to the log's root.

use std::{collections::BTreeMap, convert::Infallible};

use super::{Hash, inclusion, node_hash};
use crate::height::{LeafIndex, LogSize};

/// Levels that a log of 2^64 leaves has.
const LEVELS: u8 = 64;

/// A range of the log: `count` leaves from `first` on, in a log of `size` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafRange {
    /// First leaf.
    pub first: LeafIndex,
    /// Number of leaves of the range.
    pub count: u64,
    /// Number of leaves of the log.
    pub size: LogSize,
}

impl LeafRange {
    const fn end(&self) -> u64 {
        self.first.get().saturating_add(self.count)
    }

    /// Returns whether the range is not empty and all of it is in the log.
    const fn is_in_the_log(&self) -> bool {
        self.count > 0
            && self.first.get().checked_add(self.count).is_some()
            && self.end() <= self.size.get()
    }

    /// Side of the range on which a perfect subtree lies.
    const fn side(&self, level: u8, at: u64) -> Side {
        let width = 1u64.wrapping_shl(level as u32);
        let begin = at.saturating_mul(width);
        let end = begin.saturating_add(width);
        if end <= self.first.get() || begin >= self.end() {
            Side::Outside
        } else if begin >= self.first.get() && end <= self.end() {
            Side::Within
        } else {
            Side::Across
        }
    }

    /// The subtrees outside the range whose hashes a proof holds, by level and number, in the order in
    /// which it holds them.
    #[must_use]
    pub fn proof_nodes(&self) -> Vec<(u8, u64)> {
        let mut found = Vec::new();
        if !self.is_in_the_log() {
            return found;
        }
        let last = LeafIndex::new(self.end().saturating_sub(1));
        for index in [self.first, last] {
            let _path = inclusion(index, self.size, |level, at| {
                self.look(level, at, &mut found);
                Ok::<_, Infallible>(Hash::default())
            });
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn look(&self, level: u8, at: u64, found: &mut Vec<(u8, u64)>) {
        match self.side(level, at) {
            Side::Outside => found.push((level, at)),
            Side::Within => {}
            Side::Across => {
                if let Some((left, right)) = children(level, at) {
                    self.look(left.0, left.1, found);
                    self.look(right.0, right.1, found);
                }
            }
        }
    }
}

enum Side {
    Outside,
    Within,
    Across,
}

const fn children(level: u8, at: u64) -> Option<((u8, u64), (u8, u64))> {
    let (Some(below), Some(left)) = (level.checked_sub(1), at.checked_mul(2)) else {
        return None;
    };
    Some(((below, left), (below, left.saturating_add(1))))
}

/// A range with its leaves and the hashes of [`LeafRange::proof_nodes`].
#[derive(Clone, Debug)]
pub struct RangeProof {
    range: LeafRange,
    /// The perfect subtrees within the range, level by level: number of the first, and their hashes.
    within: Vec<(u64, Vec<Hash>)>,
    /// Those outside and across it.
    others: BTreeMap<(u8, u64), Hash>,
}

impl RangeProof {
    /// The proof of `leaves` at `range`; none if these are not as many as the range says.
    #[must_use]
    pub fn new(range: LeafRange, leaves: Vec<Hash>, path: &[Hash]) -> Option<Self> {
        let nodes = range.proof_nodes();
        let is_whole = u64::try_from(leaves.len()) == Ok(range.count) && range.is_in_the_log();
        if !is_whole || nodes.len() != path.len() {
            return None;
        }
        let mut proof = Self {
            range,
            within: vec![(range.first.get(), leaves)],
            others: nodes.into_iter().zip(path.iter().copied()).collect(),
        };
        while let Some((offset, hashes)) = proof.within.last().filter(|(_, level)| level.len() > 1)
        {
            let first = offset.div_ceil(2);
            let skipped = usize::try_from(first.saturating_mul(2).saturating_sub(*offset)).ok()?;
            let pairs = hashes.get(skipped..)?.as_chunks().0.iter();
            let above = pairs.map(|[left, right]| node_hash(left, right)).collect();
            proof.within.push((first, above));
        }
        for level in 1..LEVELS {
            let last = range.end().saturating_sub(1);
            for at in [range.first.get() >> level, last >> level] {
                if proof.node(level, at).is_none()
                    && let Some((left, right)) = children(level, at)
                    && let Some(left) = proof.node(left.0, left.1)
                    && let Some(right) = proof.node(right.0, right.1)
                {
                    proof.others.insert((level, at), node_hash(&left, &right));
                }
            }
        }
        Some(proof)
    }

    fn node(&self, level: u8, at: u64) -> Option<Hash> {
        let within = self
            .within
            .get(usize::from(level))
            .and_then(|(offset, hashes)| {
                let number = usize::try_from(at.checked_sub(*offset)?).ok()?;
                hashes.get(number).copied()
            });
        within.or_else(|| self.others.get(&(level, at)).copied())
    }

    /// The path of one of its leaves to the log's root.
    #[must_use]
    pub fn path(&self, index: LeafIndex) -> Option<Vec<Hash>> {
        inclusion(index, self.range.size, |level, at| {
            self.node(level, at).ok_or(())
        })
        .ok()
    }
}
