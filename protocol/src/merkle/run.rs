//! A run of leaves that stand one after another in the log: with a few hashes from beside it, the path of
//! each of them follows from the run itself.
//!
//! What is beside it are the perfect subtrees that the paths of its first and its last leaf need and the
//! run does not hold; those of the leaves between need no others. Which they are follows from the places
//! alone, so only their hashes need to be told. Not here: whether a path leads to the log's root.

use std::{collections::BTreeMap, convert::Infallible};

use super::{Hash, inclusion, node_hash};
use crate::height::{LeafIndex, LogSize};

/// Levels that a log of 2^64 leaves has.
const LEVELS: u8 = 64;

/// Where a run stands: `count` leaves from `first` on, in a log of `size` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first leaf.
    pub first: LeafIndex,
    /// How many leaves it has.
    pub count: u64,
    /// How many leaves the log has.
    pub size: LogSize,
}

impl Place {
    const fn end(&self) -> u64 {
        self.first.get().saturating_add(self.count)
    }

    /// Whether all of it is in the log, and it is not empty.
    const fn is_in_the_log(&self) -> bool {
        self.count > 0
            && self.first.get().checked_add(self.count).is_some()
            && self.end() <= self.size.get()
    }

    /// How a perfect subtree lies to the run.
    const fn side(&self, level: u8, at: u64) -> Side {
        let width = 1u64.wrapping_shl(level as u32);
        let begin = at.saturating_mul(width);
        let end = begin.saturating_add(width);
        if end <= self.first.get() || begin >= self.end() {
            Side::Beside
        } else if begin >= self.first.get() && end <= self.end() {
            Side::Within
        } else {
            Side::Across
        }
    }

    /// The subtrees beside the run by level and number, in the order in which their hashes are told.
    #[must_use]
    pub fn beside(&self) -> Vec<(u8, u64)> {
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
            Side::Beside => found.push((level, at)),
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
    Beside,
    Within,
    Across,
}

const fn children(level: u8, at: u64) -> Option<((u8, u64), (u8, u64))> {
    let (Some(below), Some(left)) = (level.checked_sub(1), at.checked_mul(2)) else {
        return None;
    };
    Some(((below, left), (below, left.saturating_add(1))))
}

/// A run with its leaves and with what is beside it.
#[derive(Clone, Debug)]
pub struct Run {
    place: Place,
    /// The perfect subtrees within the run, level by level: number of the first, and their hashes.
    within: Vec<(u64, Vec<Hash>)>,
    /// Those beside and across it.
    others: BTreeMap<(u8, u64), Hash>,
}

impl Run {
    /// The run of `leaves` at `place`; none if these are not as many as the place says.
    #[must_use]
    pub fn new(place: Place, leaves: Vec<Hash>, beside: &[Hash]) -> Option<Self> {
        let places = place.beside();
        let is_whole = u64::try_from(leaves.len()) == Ok(place.count) && place.is_in_the_log();
        if !is_whole || places.len() != beside.len() {
            return None;
        }
        let mut run = Self {
            place,
            within: vec![(place.first.get(), leaves)],
            others: places.into_iter().zip(beside.iter().copied()).collect(),
        };
        while let Some((offset, hashes)) = run.within.last().filter(|(_, level)| level.len() > 1) {
            let first = offset.div_ceil(2);
            let skipped = usize::try_from(first.saturating_mul(2).saturating_sub(*offset)).ok()?;
            let pairs = hashes.get(skipped..)?.as_chunks().0.iter();
            let above = pairs.map(|[left, right]| node_hash(left, right)).collect();
            run.within.push((first, above));
        }
        for level in 1..LEVELS {
            let last = place.end().saturating_sub(1);
            for at in [place.first.get() >> level, last >> level] {
                if run.node(level, at).is_none()
                    && let Some((left, right)) = children(level, at)
                    && let Some(left) = run.node(left.0, left.1)
                    && let Some(right) = run.node(right.0, right.1)
                {
                    run.others.insert((level, at), node_hash(&left, &right));
                }
            }
        }
        Some(run)
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
        inclusion(index, self.place.size, |level, at| {
            self.node(level, at).ok_or(())
        })
        .ok()
    }
}
