//! `muhr anchor bulk`: one record for each row of a table, every row accounted for.
//!
//! The table is read whole once before anything is sent; then chunks travel side by side: sign, keep in
//! the journal, send, wait, verify, write. A bad row never stops the others. Run again after any
//! interruption, the same rows send the same entries and get the same receipts.

mod results;
mod rows;
mod source;
mod travel;

use std::{
    collections::{HashMap, hash_map::Entry},
    fs,
    io::IsTerminal,
    path::PathBuf,
    sync::{Mutex, PoisonError, mpsc},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use protocol::{name::RegistryName, record::RecordId};
use serde_json::json;

use self::{
    results::Results,
    rows::{Row, Table},
    source::{Delimiter, Encoding},
};
use super::{
    journal::Journal,
    submission::{self, Clerk},
};
use crate::{
    arguments::BulkArguments,
    exit::{DONE, Failure, SOME_NOT_DONE, USAGE},
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
    /// The column to look at, if it is one.
    pub(crate) column: String,
    /// The row itself, if somebody must mend it.
    pub(crate) cells: Vec<String>,
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
            column: String::new(),
            cells: Vec::new(),
        }
    }
}

pub(crate) fn run(arguments: &BulkArguments, output: &Output) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let table = open(arguments, output)?;
    let clerk = (!arguments.dry_run)
        .then(|| Clerk::open(&arguments.desk))
        .transpose()?;
    let receipts = arguments.out.join("receipts");
    fs::create_dir_all(&receipts).map_err(|error| files::unwritable(&receipts, &error))?;
    let trip = clerk
        .map(|clerk| {
            // The journal also keeps two runs from working in one folder: it comes before the results.
            let (journal, earlier) = Journal::open(&arguments.out.join("journal"))?;
            if earlier > 0 {
                output.note(&format!("continuing: {earlier} rows were signed before"));
            }
            Ok(travel::Trip {
                clerk,
                registry: registry.clone(),
                receipts,
                journal,
                timeout: arguments.desk.timeout,
            })
        })
        .transpose()?;
    let mut results = Results::open(
        &arguments.out,
        &arguments.input,
        table.columns(),
        !arguments.dry_run,
    )?;
    let bar = progress(output, table.rows());
    let feed = Feed::new(table, registry);
    let stopped = match &trip {
        None => try_all(feed, &mut results, &bar),
        Some(trip) => send_all(trip, feed, &mut results, &bar),
    };
    bar.finish_and_clear();
    let counts = results.counts.clone();
    let files = results.finish()?;
    stopped?;
    Ok(summary(output, arguments.dry_run, &files, &counts))
}

/// Finds out how the table is written, says so, and asks if somebody can answer.
fn open(arguments: &BulkArguments, output: &Output) -> Result<Table, Failure> {
    let path = &arguments.input;
    let answers = !output.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let told = arguments.encoding.as_deref().map(|name| match name {
        "utf-8" => Encoding::Utf8,
        _ => Encoding::Windows1251,
    });
    let found = Encoding::find(path)?;
    let encoding = match (told, found) {
        (Some(told), _) => told,
        (None, Some(found)) => found,
        // A guess is used only if somebody has agreed or is asked below; else the place is named.
        (None, None) if arguments.yes || answers => Encoding::Windows1251,
        (None, None) => Encoding::Utf8,
    };
    let delimiter = arguments.delimiter.as_deref().map(|name| match name {
        "semicolon" => Delimiter::Semicolon,
        "tab" => Delimiter::Tab,
        _ => Delimiter::Comma,
    });
    let table = Table::open(path, &arguments.record, encoding, delimiter)?;
    let guessed = if told.is_none() && found.is_none() {
        " (a guess)"
    } else {
        ""
    };
    output.note(&format!(
        "{}: {}{guessed}, {} between cells, {} rows; number from: {}; fields: {}",
        path.display(),
        encoding.name(),
        table.delimiter.name(),
        table.rows(),
        arguments.record,
        table.columns().join(", ")
    ));
    if answers && !arguments.yes && !arguments.dry_run {
        output.note("is that right? y and Enter goes on, anything else ends");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        if read.is_err() || !answer.trim().eq_ignore_ascii_case("y") {
            return Err(Failure::new(USAGE, "not confirmed; nothing was sent")
                .help("say how the table is written with --encoding and --delimiter"));
        }
    }
    Ok(table)
}

/// The table as chunks: rows that are fit, and what is wrong with the others.
struct Feed {
    table: Table,
    registry: RegistryName,
    /// Half of each key is enough to tell numbers apart, and a table may have millions.
    first_rows: HashMap<[u8; 16], u64>,
    next: u64,
    ended: bool,
}

struct Chunk {
    number: u64,
    rows: Vec<Row>,
    outcomes: Vec<Outcome>,
}

impl Feed {
    fn new(table: Table, registry: RegistryName) -> Self {
        Self {
            table,
            registry,
            first_rows: HashMap::new(),
            next: 0,
            ended: false,
        }
    }

    /// The next rows; none at the end of the table.
    fn next(&mut self) -> Result<Option<Chunk>, Failure> {
        let mut chunk = Chunk {
            number: self.next,
            rows: Vec::new(),
            outcomes: Vec::new(),
        };
        while !self.ended && chunk.rows.len() + chunk.outcomes.len() < CHUNK_ROWS {
            match self.table.next_row() {
                Ok(Some(Ok(row))) => match self.repeated(&row) {
                    Some(outcome) => chunk.outcomes.push(outcome),
                    None => chunk.rows.push(row),
                },
                Ok(Some(Err(outcome))) => chunk.outcomes.push(outcome),
                Ok(None) => self.ended = true,
                Err(failure) => {
                    self.ended = true;
                    return Err(failure);
                }
            }
        }
        self.next += 1;
        Ok((!chunk.rows.is_empty() || !chunk.outcomes.is_empty()).then_some(chunk))
    }

    fn repeated(&mut self, row: &Row) -> Option<Outcome> {
        let key = row.record.key(&self.registry);
        let mut short = [0; 16];
        short.copy_from_slice(&key.as_bytes()[..16]);
        match self.first_rows.entry(short) {
            Entry::Vacant(place) => {
                let _first = place.insert(row.number);
                None
            }
            Entry::Occupied(first) => {
                let reason = format!(
                    "the number of row {} again; one row registers it, amend it to record another version",
                    first.get()
                );
                let record = Some(row.record.clone());
                Some(Outcome {
                    cells: cells(&row.fields),
                    ..Outcome::not_done(row.number, record, "duplicate", reason)
                })
            }
        }
    }
}

fn cells(fields: &protocol::commitment::Fields) -> Vec<String> {
    let values = fields.as_slice().iter();
    values.map(|(_, value)| value.clone()).collect()
}

/// Judges every row and sends none.
fn try_all(mut feed: Feed, results: &mut Results, bar: &ProgressBar) -> Result<(), Failure> {
    while let Some(mut chunk) = feed.next()? {
        let fit = chunk
            .rows
            .into_iter()
            .map(|row| Outcome::not_done(row.number, Some(row.record), "fit", String::new()));
        chunk.outcomes.extend(fit);
        bar.inc(chunk.outcomes.len() as u64);
        results.take(chunk.number, chunk.outcomes)?;
    }
    Ok(())
}

/// Sends chunks side by side. The first failure that is not a row's stops the rest; what was done stands.
fn send_all(
    trip: &travel::Trip,
    feed: Feed,
    results: &mut Results,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let feed = Mutex::new((feed, false));
    let next = |after_a_failure: bool| {
        let mut feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
        if feed.1 && !after_a_failure {
            return Ok(None);
        }
        feed.0.next()
    };
    let stop = || feed.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
    let mut failure = None;
    std::thread::scope(|scope| {
        // A traveller that finds no room waits: results are written as fast as they come.
        let (sender, receiver) = mpsc::sync_channel(TRAVELLERS);
        for _ in 0..TRAVELLERS {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let (number, done) = match next(false) {
                        Ok(Some(chunk)) => {
                            let mut done = trip.travel(chunk.rows);
                            done.outcomes.extend(chunk.outcomes);
                            (Some(chunk.number), done)
                        }
                        Ok(None) => return,
                        Err(failure) => (None, travel::Done::failed(failure)),
                    };
                    let failed = done.failure.is_some();
                    if failed {
                        stop();
                    }
                    if sender.send((number, done)).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (number, done) in receiver {
            bar.inc(done.outcomes.len() as u64);
            failure = failure.take().or(done.failure);
            let written = number.map_or(Ok(()), |number| results.take(number, done.outcomes));
            if let Err(unwritable) = written {
                stop();
                failure = failure.take().or(Some(unwritable));
            }
        }
    });
    // After a failure the rows that nobody took are named too: none is lost.
    while let Some(mut chunk) = next(true)? {
        let reason = "not sent: the run stopped early; run the same command again".to_owned();
        chunk.outcomes.extend(
            chunk.rows.into_iter().map(|row| {
                Outcome::not_done(row.number, Some(row.record), "pending", reason.clone())
            }),
        );
        results.take(chunk.number, chunk.outcomes)?;
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

fn summary(
    output: &Output,
    dry_run: bool,
    (result, errors): &(Option<PathBuf>, Option<PathBuf>),
    counts: &std::collections::BTreeMap<&'static str, u64>,
) -> u8 {
    let good = if dry_run { "fit" } else { "anchored" };
    let done = counts.get(good).copied().unwrap_or(0);
    let all: u64 = counts.values().sum();
    let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    output.data(&json!({
        "schema": "muhr/bulk/1", "rows": all, "counts": counts, "dry_run": dry_run,
        "result": shown(result), "errors": shown(errors),
    }));
    output.text(&if dry_run {
        format!("✔ {done} of {all} rows are fit to be anchored; nothing was sent")
    } else {
        format!("✔ {done} of {all} rows anchored; every receipt verified")
    });
    for (status, count) in counts.iter().filter(|(status, _)| **status != good) {
        output.text(&format!("▲ {count} {status}"));
    }
    if let Some(result) = shown(result) {
        output.text(&format!("  {result} says of every row what became of it"));
    }
    if let Some(errors) = shown(errors) {
        output.text(&format!(
            "  {errors} holds the rows to mend: mend it, and anchor it like a table, with another --out"
        ));
    }
    if done == all { DONE } else { SOME_NOT_DONE }
}
