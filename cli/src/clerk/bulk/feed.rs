//! The input as chunks: rows that are fit, what is wrong with the others, and which number came before.
//!
//! Not here: how a row is read (`rows`, `folder`), and what becomes of a chunk (`send`).

use std::collections::{BTreeMap, btree_map::Entry};

use client::{
    import::{RowOutcome, cells},
    table::{Row, RowContent},
};
use messages::UserMessage;
use protocol::{name::RegistryName, record::CaseRule};

use super::RowSource;
use crate::exit::Failure;

/// Rows that travel together, under one signature where they can: two such batches, each with its own
/// leaf, fill a block of the usual 2,048 entries.
const CHUNK_ROWS: usize = 1023;
/// The bytes of cells after which a chunk is full: rows may be long, and several chunks travel at a time.
const CHUNK_BYTES: usize = 4 << 20;

/// The table as chunks: rows that are fit, and what is wrong with the others.
pub(super) struct Feed {
    input: RowSource,
    registry: RegistryName,
    case_rule: CaseRule,
    /// Half of each key is enough to tell numbers apart, and a table may have millions: a tree takes no
    /// more room than they need while it grows.
    first_rows: BTreeMap<[u8; 16], u64>,
    next: u64,
    ended: bool,
    /// Why nothing more can be read.
    failure: Option<Failure>,
}

pub(super) struct RowChunk {
    pub(super) number: u64,
    pub(super) rows: Vec<Row>,
    pub(super) outcomes: Vec<RowOutcome>,
}

impl Feed {
    pub(super) fn new(input: RowSource, registry: RegistryName, case_rule: CaseRule) -> Self {
        Self {
            input,
            registry,
            case_rule,
            first_rows: BTreeMap::new(),
            next: 0,
            ended: false,
            failure: None,
        }
    }

    /// The next rows; none at the end of the table. What was read before a failure is handed out first.
    pub(super) fn next(&mut self) -> Result<Option<RowChunk>, Failure> {
        let mut chunk = RowChunk {
            number: self.next,
            rows: Vec::new(),
            outcomes: Vec::new(),
        };
        let mut bytes = 0;
        while !self.ended
            && chunk.rows.len() + chunk.outcomes.len() < CHUNK_ROWS
            && bytes < CHUNK_BYTES
        {
            match self.input.next_row() {
                Ok(Some(Ok(mut row))) => {
                    row.record = row.record.in_case(self.case_rule);
                    bytes += bytes_of(&row);
                    match self.repeated(&row) {
                        Some(outcome) => chunk.outcomes.push(outcome),
                        None => chunk.rows.push(row),
                    }
                }
                Ok(Some(Err(outcome))) => {
                    bytes += outcome.cells.iter().map(String::len).sum::<usize>();
                    chunk.outcomes.push(outcome);
                }
                Ok(None) => self.ended = true,
                Err(failure) => {
                    self.ended = true;
                    self.failure = Some(failure);
                }
            }
        }
        let is_empty = chunk.rows.is_empty() && chunk.outcomes.is_empty();
        if is_empty && let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.next += 1;
        Ok((!is_empty).then_some(chunk))
    }

    fn repeated(&mut self, row: &Row) -> Option<RowOutcome> {
        let key = row.record.key(&self.registry);
        let mut short = [0; 16];
        short.copy_from_slice(&key.as_bytes()[..16]);
        match self.first_rows.entry(short) {
            Entry::Vacant(place) => {
                let _first = place.insert(row.number);
                None
            }
            Entry::Occupied(first) => {
                let reason = UserMessage::new("row-number-again").text("row", first.get());
                let record = Some(row.record.clone());
                Some(RowOutcome {
                    cells: match &row.content {
                        RowContent::Fields(fields) => cells(fields),
                        RowContent::Document(_) => vec![row.name.clone()],
                    },
                    ..RowOutcome::not_done(row.number, record, "duplicate", Some(reason))
                })
            }
        }
    }
}

fn bytes_of(row: &Row) -> usize {
    match &row.content {
        RowContent::Fields(fields) => {
            let fields = fields.as_slice().iter();
            fields.map(|(name, value)| name.len() + value.len()).sum()
        }
        RowContent::Document(_) => row.name.len(),
    }
}
