//! The rules of a batch: all of its entries, or none. Each is judged by the state before the batch, so that
//! none rests on another of the same signature, and none can spoil what was already done.

use std::collections::BTreeSet;

use protocol::{authentic::Authentic, batch::WholeBatch, hash::IndexKey, state::RecordState};

use super::{Known, Position, Refusal, judge, lifetime};
use crate::{directory::Directory, fault::Fault, records::Records};

/// States that the entries give to their records, in their order; or why the batch may not stand with its own
/// leaf at `place`.
pub(crate) fn judge_all(
    directory: &Directory,
    records: &impl Records,
    batch: &Authentic,
    whole: &WholeBatch,
    place: Position,
) -> Result<Result<Vec<(Known, RecordState)>, Refusal>, Fault> {
    if let Err(refusal) = as_a_whole(directory, batch, whole, place) {
        return Ok(Err(refusal));
    }
    let mut named: BTreeSet<IndexKey> = BTreeSet::new();
    let mut states = Vec::with_capacity(whole.entries.len());
    let leaves = batch.leaves().skip(1);
    for (number, (leaf, entry)) in (1..).zip(leaves.zip(&whole.entries)) {
        let index = place.index.get().saturating_add(number);
        let place = Position {
            index: protocol::height::LeafIndex::new(index),
            ..place
        };
        let known = Known::find(records, leaf, &entry.statement)?;
        let judged = if named.insert(known.key) {
            judge(directory, &known, leaf, &entry.statement, place)
        } else {
            Err(Refusal::TwiceInBatch)
        };
        match judged {
            Ok(state) => states.push((known, state)),
            Err(refusal) => return Ok(Err(refusal.of_row(number))),
        }
    }
    Ok(Ok(states))
}

/// A batch that no block can hold would wait for ever, and one that has expired may not stand even if its
/// entries could.
fn as_a_whole(
    directory: &Directory,
    batch: &Authentic,
    whole: &WholeBatch,
    place: Position,
) -> Result<(), Refusal> {
    let limits = directory.limits();
    let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let (leaves, bytes) = (length(batch.count()), length(batch.bytes().len()));
    if leaves > limits.block_entries || bytes > limits.block_bytes {
        return Err(Refusal::BatchTooLarge {
            entries_max: limits.block_entries.saturating_sub(1),
            bytes_max: limits.block_bytes,
        });
    }
    lifetime(
        limits.lifetime_heights,
        whole.leaf.statement.expires,
        place.height,
    )
}
