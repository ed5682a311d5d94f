//! `muhr anchor bulk`: one record for each row of a table or file of a folder, every one accounted for.
//!
//! A table is read whole once before anything is sent; then chunks travel side by side: sign, keep in
//! the journal, send, wait, verify, write. A bad row never stops the others. Run again after any
//! interruption, the same rows send the same entries and get the same receipts.

mod batches;
pub(crate) mod earlier;
mod encoding;
mod feed;
pub(super) mod folder;
mod letters;
mod receipts;
mod results;
mod rows;
mod serials;
mod source;
mod spoilt;
mod travel;
mod upsert;
mod workbook;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use protocol::{
    name::RegistryName,
    record::{Letters, RecordId},
};
use serde_json::json;

pub(crate) use self::rows::{Row, Table, Values, Wanted};
use self::{
    earlier::Earlier,
    encoding::Encoding,
    feed::Feed,
    folder::Folder,
    receipts::Receipts,
    results::{Mixed, Results, Run},
    source::{Delimiter, Form},
    upsert::Upsert,
};
use super::{
    journal::Journal,
    submission::{self, Clerk},
};
use crate::{
    arguments::{BulkArguments, Written},
    client::Client,
    exit::{DONE, Failure, SOME_NOT_DONE, USAGE},
    files,
    output::Output,
    terminal,
};

/// Chunks that travel at the same time.
const TRAVELLERS: usize = 4;

/// What becomes of a row with which nothing more is to be done.
const GOOD: [&str; 4] = ["anchored", "amended", "unchanged", "fit"];

/// What became of a row.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) row: u64,
    pub(crate) record: Option<RecordId>,
    pub(crate) version: Option<u64>,
    pub(crate) status: &'static str,
    /// Why, as one stable word; the status where there is no better one.
    pub(crate) code: Cow<'static, str>,
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
            code: Cow::Borrowed(status),
            reason,
            receipt: None,
            column: String::new(),
            cells: Vec::new(),
        }
    }

    /// The same with the code of its reason.
    pub(crate) fn coded(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = code.into();
        self
    }
}

pub(crate) fn run(arguments: &BulkArguments, output: &Output) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let upsert = upsert(arguments, output)?;
    let input = open(arguments, output)?;
    let clerk = (!arguments.dry_run)
        .then(|| Clerk::open(&arguments.desk, output))
        .transpose()?;
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|error| files::unwritable(out, &error))?;
    // The journal also keeps two runs, and a try and a run, from working in one folder: it comes before all
    // else there.
    let (journal, earlier) = Journal::open(&out.join("journal"))?;
    let run = if arguments.dry_run {
        Run::Try
    } else {
        Run::Real
    };
    let mut results = Results::open(out, &arguments.input, input.columns(), run)?;
    if earlier > 0 && !arguments.dry_run {
        output.note(&format!("continuing: {earlier} rows were signed before"));
    }
    let mut journal = Some(journal);
    let trip = clerk
        .zip(journal.take_if(|_| !arguments.dry_run))
        .map(|(clerk, journal)| {
            Ok(travel::Trip {
                clerk,
                registry: registry.clone(),
                receipts: Receipts::open(out, arguments.archive)?,
                journal,
                upsert,
                timeout: arguments.desk.timeout,
            })
        })
        .transpose()?;
    let bar = progress(output, input.rows());
    let letters = letters(arguments, trip.as_ref(), &registry, output)?;
    let feed = Feed::new(input, registry, letters);
    let stopped = match &trip {
        None => try_all(feed, &mut results, &bar),
        Some(trip) => send_all(trip, feed, &mut results, &bar),
    };
    bar.finish_and_clear();
    let (counts, mixed) = (results.counts.clone(), results.mixed.clone());
    // What the result says is there, is on disk before it is said.
    let kept = trip.as_ref().map_or(Ok(()), |trip| trip.receipts.finish());
    let written = results.finish()?;
    stopped.and(kept)?;
    Ok(summary(arguments, output, &written, &counts, &mixed))
}

/// How the registry's numbers are written. A try goes on without a node: it can say less then.
fn letters(
    arguments: &BulkArguments,
    trip: Option<&travel::Trip>,
    registry: &RegistryName,
    output: &Output,
) -> Result<Letters, Failure> {
    if let Some(trip) = trip {
        return submission::letters(&trip.clerk.client, registry);
    }
    let told =
        Client::of(&arguments.desk.node).and_then(|client| submission::letters(&client, registry));
    Ok(told.unwrap_or_else(|_| {
        output.note("no node says how the registry's numbers are written: small letters are taken for other letters");
        Letters::AsWritten
    }))
}

/// What amending takes, if that is asked for.
fn upsert(arguments: &BulkArguments, output: &Output) -> Result<Option<Upsert>, Failure> {
    let Some(reason) = arguments.reason.as_deref() else {
        return Ok(None);
    };
    let reason = submission::reason(reason)?;
    let earlier = Earlier::open(&arguments.earlier)?;
    let count = earlier.len();
    output.note(&format!("receipts of {count} records of earlier runs"));
    Ok(Some(Upsert { reason, earlier }))
}

/// What rows are taken from.
enum Input {
    Table(Box<Table>),
    Folder(Folder),
}

impl Input {
    fn columns(&self) -> &[String] {
        match self {
            Self::Table(table) => table.columns(),
            Self::Folder(folder) => folder.columns(),
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Self::Table(table) => table.rows(),
            Self::Folder(folder) => folder.rows(),
        }
    }

    fn next_row(&mut self) -> Result<Option<Result<Row, Outcome>>, Failure> {
        match self {
            Self::Table(table) => table.next_row(),
            Self::Folder(folder) => Ok(folder.next_row()),
        }
    }
}

/// Finds out how the input is written, says so, and asks if somebody can answer.
fn open(arguments: &BulkArguments, output: &Output) -> Result<Input, Failure> {
    let path = &arguments.input;
    let shown = path.display();
    let answers = terminal::answers(output);
    if path.is_dir() {
        if arguments.effective.is_some() {
            let what = "--effective names a column, and a folder of documents has none";
            return Err(Failure::new(USAGE, what).help("anchor a table that lists them"));
        }
        if arguments.out.canonicalize().ok() == path.canonicalize().ok() {
            let what = "--out is the folder of the documents itself";
            return Err(Failure::new(USAGE, what).help("choose another folder with --out"));
        }
        let folder = Folder::open(path)?;
        let rows = folder.rows();
        output.note(&format!(
            "{shown}: a folder, {rows} documents; number from: the file's name"
        ));
        confirm(arguments, output, answers)?;
        return Ok(Input::Folder(folder));
    }
    let Some(record) = arguments.record.as_deref() else {
        return Err(Failure::new(
            USAGE,
            "--record is missing: the column of the record's number",
        ));
    };
    let wanted = Wanted {
        record,
        effective: arguments.effective.as_deref(),
    };
    let table = table(path, wanted, &arguments.written, output)?;
    confirm(arguments, output, answers)?;
    Ok(Input::Table(Box::new(table)))
}

/// Opens a table and says how it is written.
pub(crate) fn table(
    path: &Path,
    wanted: Wanted<'_>,
    written: &Written,
    output: &Output,
) -> Result<Table, Failure> {
    let (form, found) = if workbook::is_one(path) {
        let (sheet, sheets) = workbook::find(path, written.sheet.as_deref())?;
        (Form::Workbook(sheet), format!(" of {sheets}"))
    } else {
        form(path, wanted, written)?
    };
    let table = Table::open(path, wanted, form)?;
    let effective = wanted
        .effective
        .map(|name| format!("; in force from: {name}"));
    output.note(&format!(
        "{}: {}{found}, {} rows; number from: {}{}; fields: {}",
        path.display(),
        table.form,
        table.rows(),
        wanted.record,
        effective.unwrap_or_default(),
        table.columns().join(", ")
    ));
    Ok(table)
}

/// How a table is written, in the words of the options that say so.
pub(crate) fn written(table: &Table) -> Vec<(&'static str, String)> {
    match &table.form {
        Form::Text(encoding, delimiter) => vec![
            ("encoding", encoding.name().to_lowercase()),
            ("delimiter", delimiter.name().to_owned()),
        ],
        Form::Workbook(sheet) => vec![("sheet", sheet.clone())],
    }
}

/// How a text is written, and what is to be said if its letters alone say so.
fn form(path: &Path, wanted: Wanted<'_>, written: &Written) -> Result<(Form, String), Failure> {
    let told = written.encoding.as_deref().map(|name| match name {
        "utf-8" => Encoding::Utf8,
        _ => Encoding::Windows1251,
    });
    let found = match told {
        Some(_) => told,
        None => Encoding::find(path)?,
    };
    // Where nothing tells what the letters are, the first that is not UTF-8 is refused by its place.
    let encoding = found.unwrap_or(Encoding::Utf8);
    let delimiter = match written.delimiter.as_deref() {
        Some("semicolon") => Delimiter::Semicolon,
        Some("tab") => Delimiter::Tab,
        Some(_) => Delimiter::Comma,
        None => rows::find_delimiter(path, wanted, encoding)?,
    };
    let by_its_letters = match (told, encoding) {
        (None, Encoding::Windows1251) => " (told by its letters)",
        _ => "",
    };
    Ok((Form::Text(encoding, delimiter), by_its_letters.to_owned()))
}

fn confirm(arguments: &BulkArguments, output: &Output, answers: bool) -> Result<(), Failure> {
    let asks = answers && !arguments.yes && !arguments.dry_run;
    if asks {
        let does = if arguments.upsert {
            "registered or amended"
        } else {
            "registered"
        };
        output.note(&format!(
            "each is {does} in {}, handed to {}, and stands in the log for good",
            arguments.registry,
            arguments.desk.node.join(", ")
        ));
    }
    let question = "is that right? y and Enter goes on, anything else ends";
    if asks && !terminal::agrees(question, output) {
        return Err(Failure::new(USAGE, "not confirmed; nothing was sent")
            .help("say how the table is written with --encoding, --delimiter and --sheet"));
    }
    Ok(())
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
    arguments: &BulkArguments,
    output: &Output,
    written: &results::Written,
    counts: &BTreeMap<&'static str, u64>,
    mixed: &Mixed,
) -> u8 {
    let is_good = |status: &str| GOOD.contains(&status);
    let good = counts.iter().filter(|(status, _)| is_good(status));
    let done: u64 = good.map(|(_, count)| count).sum();
    let all: u64 = counts.values().sum();
    let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    output.data(&json!({
        "schema": "muhr/bulk/1", "rows": all, "counts": counts, "dry_run": arguments.dry_run,
        "look_alikes": mixed.count, "result": shown(&written.result), "errors": shown(&written.errors),
    }));
    output.text(&if arguments.dry_run {
        format!("✔ {done} of {all} rows are fit to be anchored; nothing was sent")
    } else {
        format!("✔ {done} of {all} rows anchored; every receipt verified")
    });
    for (status, count) in counts {
        let mark = if is_good(status) { "✔" } else { "▲" };
        output.text(&format!("{mark} {count} {status}"));
    }
    if mixed.count > 0 {
        let count = mixed.count;
        output.text(&format!(
            "▲ {count} of the numbers mix alphabets; check that they were typed as meant:"
        ));
        for line in &mixed.shown {
            output.text(&format!("  {line}"));
        }
    }
    if let Some(result) = shown(&written.result) {
        output.text(&format!("  {result} says of every row what became of it"));
    }
    if let Some(errors) = shown(&written.errors) {
        let advice = if arguments.input.is_dir() {
            "names the files to mend: mend or rename them, and run the same command again"
        } else {
            "holds the rows to mend: mend it, and anchor it like a table, with another --out"
        };
        output.text(&format!("  {errors} {advice}"));
    }
    if done == all { DONE } else { SOME_NOT_DONE }
}
