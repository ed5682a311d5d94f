//! How entries are handed in: up to 1,024 under one signature. A batch is taken whole or not at all, so a
//! row that is refused is put aside and the rest is signed again; where many are, each goes by itself.
//!
//! Nothing of a batch is kept: an entry has one identity whatever covers it, so whatever is sent twice, in
//! whichever batch, is recorded once.

use std::{collections::BTreeMap, time::Duration};

use api::{BUNDLE_ENTRIES_MAX, EntryState, Problem};
use protocol::{
    authentic::Said,
    batch::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, WholeBatch},
    entry::Entry,
};

use super::travel::{Convoy, EXPIRED, Traveller, Trip, refused};
use crate::exit::{Failure, UNEXPECTED};

/// So many rows of a batch may be refused before the others go each by itself.
const REFUSED_MAX: usize = 16;
/// Bytes of a batch that are left to its own leaf.
const LEAF_BYTES: usize = 1024;

/// Rows that were handed in under one signature.
pub(super) struct Sent {
    /// The batch, as the node names it.
    pub(super) id: String,
    /// Its entries in their order.
    pub(super) entries: Vec<Entry>,
    /// The rows of these entries.
    pub(super) travellers: Vec<Traveller>,
}

impl Trip {
    /// Hands in all who wait; whoever is refused gets an outcome.
    pub(super) fn hand_in(&self, convoy: &mut Convoy, patience: Duration) -> Result<(), Failure> {
        let mut rest = pieces(std::mem::take(&mut convoy.waiting)).into_iter();
        let mut result = Ok(());
        for piece in rest.by_ref() {
            result = self.hand_in_piece(piece, convoy, patience);
            if result.is_err() {
                break;
            }
        }
        // Nobody is lost by a failure: whoever was not sent waits for the next run.
        convoy.waiting.extend(rest.flatten());
        result
    }

    fn hand_in_piece(
        &self,
        mut piece: Vec<Traveller>,
        convoy: &mut Convoy,
        patience: Duration,
    ) -> Result<(), Failure> {
        for _ in 0..REFUSED_MAX {
            if piece.len() <= 1 {
                break;
            }
            let statements = piece.iter().map(|one| one.pending.entry.statement.clone());
            let (origin, secret) = (&self.clerk.origin, &self.clerk.secret);
            let batch = WholeBatch::sign(statements.collect(), origin, secret);
            let sent = batch
                .ok_or_else(|| Failure::new(UNEXPECTED, "rows that make no batch"))
                .and_then(|batch| {
                    let text = batch.write();
                    let problem = self.clerk.client.submit_batch(&text, patience)?;
                    let id = Said::id_of_parsed(text.as_bytes()).to_hex();
                    Ok((problem, id, batch.entries))
                });
            let problem = match sent {
                Ok((Some(problem), ..)) => problem,
                Ok((None, id, entries)) => {
                    convoy.batches.push(Sent {
                        id,
                        entries,
                        travellers: piece,
                    });
                    return Ok(());
                }
                Err(failure) => {
                    convoy.waiting.append(&mut piece);
                    return Err(failure);
                }
            };
            let place = problem
                .row
                .and_then(|row| usize::try_from(row).ok()?.checked_sub(1));
            match place.filter(|place| *place < piece.len()) {
                Some(place) => settle(piece.remove(place), problem, convoy),
                // Some of it wait in an earlier batch: what comes of that is seen first.
                None if problem.code == "contested" => {
                    convoy.waiting.append(&mut piece);
                    return Ok(());
                }
                None if problem.code == EXPIRED => {
                    convoy.stale.append(&mut piece);
                    return Ok(());
                }
                None => break,
            }
        }
        self.hand_in_singly(piece, convoy, patience)
    }

    fn hand_in_singly(
        &self,
        mut piece: Vec<Traveller>,
        convoy: &mut Convoy,
        patience: Duration,
    ) -> Result<(), Failure> {
        while !piece.is_empty() {
            let rest = piece.split_off(piece.len().min(BUNDLE_ENTRIES_MAX));
            let some = std::mem::replace(&mut piece, rest);
            let (origin, secret) = (&self.clerk.origin, &self.clerk.secret);
            let sign = |one: &Traveller| one.pending.entry.statement.clone().sign(origin, secret);
            let entries: Vec<String> = some.iter().map(|one| sign(one).write()).collect();
            let answers = match self.clerk.client.submit_many(&entries, patience) {
                Ok(answers) => answers,
                Err(failure) => {
                    convoy.waiting.extend(some);
                    convoy.waiting.append(&mut piece);
                    return Err(failure);
                }
            };
            for (traveller, answer) in some.into_iter().zip(answers) {
                match (answer.state, answer.problem) {
                    (EntryState::Refused, Some(problem)) => {
                        settle(traveller, problem, convoy);
                    }
                    _ => convoy.waiting.push(traveller),
                }
            }
        }
        Ok(())
    }
}

/// What is to be done with a row whose entry was not taken.
fn settle(traveller: Traveller, problem: Problem, convoy: &mut Convoy) {
    match problem.code.as_str() {
        // It is there already, or waits in a batch of an earlier run: its receipt is asked for.
        "already-there" | "contested" => convoy.waiting.push(traveller),
        EXPIRED => convoy.stale.push(traveller),
        _ => convoy.outcomes.push(refused(&traveller, problem)),
    }
}

/// Those that one signature may cover: a batch and its entries have one last height.
fn pieces(travellers: Vec<Traveller>) -> Vec<Vec<Traveller>> {
    let entries_max = usize::try_from(BATCH_ENTRIES_MAX).unwrap_or(usize::MAX);
    let mut by_height: BTreeMap<_, Vec<Vec<Traveller>>> = BTreeMap::new();
    let mut last_bytes = BTreeMap::new();
    for traveller in travellers {
        let entry = &traveller.pending.entry;
        let (height, length) = (entry.statement.expires, entry.write().len());
        let pieces = by_height.entry(height).or_default();
        let bytes: &mut usize = last_bytes.entry(height).or_default();
        match pieces.last_mut() {
            Some(last)
                if last.len() < entries_max && *bytes + length + LEAF_BYTES <= BATCH_BYTES_MAX =>
            {
                *bytes += length;
                last.push(traveller);
            }
            _ => {
                *bytes = length;
                pieces.push(vec![traveller]);
            }
        }
    }
    by_height.into_values().flatten().collect()
}
