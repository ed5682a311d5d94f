//! `muhr anchor bulk`: one record for each row of a table, every row accounted for.
//!
//! Rows are judged first, without the network; then chunks travel side by side: sign, keep in the
//! journal, send, wait, verify, write. A bad row never stops the others. Run again after any
//! interruption, the same rows send the same entries and get the same receipts.

mod rows;
mod travel;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use protocol::record::RecordId;
use serde_json::json;

use self::rows::{Row, Table};
use super::{
    journal::Journal,
    submission::{self, Clerk},
};
use crate::{
    arguments::BulkArguments,
    exit::{DONE, Failure, SOME_NOT_DONE},
    files,
    output::Output,
};

/// Rows that travel together.
const CHUNK_ROWS: usize = 128;
/// Chunks that travel at the same time.
const TRAVELLERS: usize = 4;

/// What became of a row.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) row: u64,
    pub(crate) record: Option<RecordId>,
    pub(crate) version: Option<u64>,
    pub(crate) status: &'static str,
    pub(crate) reason: String,
    pub(crate) receipt: Option<PathBuf>,
}

impl Outcome {
    pub(crate) const fn not_done(
        row: u64,
        record: Option<RecordId>,
        status: &'static str,
        reason: String,
    ) -> Self {
        Self {
            row,
            record,
            version: None,
            status,
            reason,
            receipt: None,
        }
    }
}

pub(crate) fn run(arguments: &BulkArguments, output: &Output) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let mut table = Table::open(&arguments.input, &arguments.record)?;
    let clerk = Clerk::open(&arguments.desk)?;
    let receipts = arguments.out.join("receipts");
    fs::create_dir_all(&receipts).map_err(|error| files::unwritable(&receipts, &error))?;
    let (journal, earlier) = Journal::open(&arguments.out.join("journal"))?;
    if !earlier.is_empty() {
        output.note(&format!(
            "continuing: {} rows were signed before",
            earlier.len()
        ));
    }
    let trip = travel::Trip {
        clerk,
        registry,
        receipts,
        journal,
        earlier,
        timeout: arguments.desk.timeout,
    };
    let bar = progress(output, table.rows_expected());
    let (rows, mut outcomes) = judge_rows(&mut table)?;
    bar.inc(outcomes.len() as u64);
    let stopped = send_all(&trip, rows, &mut outcomes, &bar);
    bar.finish_and_clear();
    outcomes.sort_by_key(|outcome| outcome.row);
    let result = arguments.out.join("result.csv");
    write_result(&result, &arguments.out, &outcomes)?;
    stopped?;
    Ok(summary(output, &result, &outcomes))
}

/// Every row is either fit to be sent or has its outcome already.
fn judge_rows(table: &mut Table) -> Result<(Vec<Row>, Vec<Outcome>), Failure> {
    let mut fit = Vec::new();
    let mut outcomes = Vec::new();
    let mut first_rows = std::collections::HashMap::new();
    while let Some(row) = table.next_row()? {
        match row {
            Err(outcome) => outcomes.push(outcome),
            Ok(row) => match first_rows.get(&row.record) {
                Some(first) => {
                    let reason = format!(
                        "the number of row {first} again; one row registers it, amend it to record another version"
                    );
                    outcomes.push(Outcome::not_done(
                        row.number,
                        Some(row.record),
                        "duplicate",
                        reason,
                    ));
                }
                None => {
                    first_rows.insert(row.record.clone(), row.number);
                    fit.push(row);
                }
            },
        }
    }
    Ok((fit, outcomes))
}

/// Sends chunks side by side. The first failure that is not a row's stops the rest; what was done stands.
fn send_all(
    trip: &travel::Trip,
    rows: Vec<Row>,
    outcomes: &mut Vec<Outcome>,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let mut rows = rows.into_iter();
    let chunks = Mutex::new(std::iter::from_fn(move || {
        let chunk: Vec<Row> = rows.by_ref().take(CHUNK_ROWS).collect();
        (!chunk.is_empty()).then_some(chunk)
    }));
    let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let mut failure = None;
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..TRAVELLERS {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some(chunk) = next() {
                    let done = trip.travel(chunk);
                    let failed = done.failure.is_some();
                    if sender.send(done).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for done in receiver {
            bar.inc(done.outcomes.len() as u64);
            outcomes.extend(done.outcomes);
            failure = failure.take().or(done.failure);
        }
    });
    // After a failure the rows that nobody took are named too: none is lost.
    while let Some(chunk) = next() {
        let reason = "not sent: the run stopped early; run the same command again".to_owned();
        outcomes.extend(
            chunk.into_iter().map(|row| {
                Outcome::not_done(row.number, Some(row.record), "pending", reason.clone())
            }),
        );
    }
    failure.map_or(Ok(()), Err)
}

fn progress(output: &Output, rows: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(rows),
        if output.json {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        },
    );
    let style = ProgressStyle::with_template("  [{bar:30}] {pos}/{len}  {per_sec}  {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn write_result(path: &Path, out: &Path, outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fault = |error: csv::Error| files::unwritable(path, &std::io::Error::other(error));
    writer
        .write_record(["row", "record", "version", "status", "reason", "receipt"])
        .map_err(fault)?;
    for outcome in outcomes {
        let receipt = outcome
            .receipt
            .as_deref()
            .map(|path| path.strip_prefix(out).unwrap_or(path));
        let record = [
            outcome.row.to_string(),
            outcome
                .record
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            outcome
                .version
                .map(|version| version.to_string())
                .unwrap_or_default(),
            outcome.status.to_owned(),
            outcome.reason.clone(),
            receipt
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
        ];
        writer.write_record(record).map_err(fault)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| files::unwritable(path, &std::io::Error::other(error.to_string())))?;
    files::write(path, &bytes)
}

fn summary(output: &Output, result: &Path, outcomes: &[Outcome]) -> u8 {
    let mut counts = std::collections::BTreeMap::<&str, u64>::new();
    for outcome in outcomes {
        *counts.entry(outcome.status).or_default() += 1;
    }
    let anchored = counts.get("anchored").copied().unwrap_or(0);
    let all = outcomes.len() as u64;
    output.data(&json!({"schema": "muhr/bulk/1", "rows": all, "counts": counts, "result": result.display().to_string()}));
    output.text(&format!(
        "✔ {anchored} of {all} rows anchored; every receipt verified"
    ));
    for (status, count) in counts.iter().filter(|(status, _)| **status != "anchored") {
        output.text(&format!("▲ {count} {status}"));
    }
    output.text(&format!(
        "  {} says of every row what became of it",
        result.display()
    ));
    if anchored == all { DONE } else { SOME_NOT_DONE }
}
