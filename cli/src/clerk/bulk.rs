//! `muhr anchor bulk`: one record for each row of a table or file of a folder, every one accounted for.
//!
//! A table is read whole once before anything is sent; then chunks travel side by side: sign, keep in
//! the journal, send, wait, verify, write. A bad row never stops the others. Run again after any
//! interruption, the same rows send the same entries and get the same receipts.

pub(super) mod documents;
mod feed;
pub(super) mod folder;
mod opening;
mod results;
mod send;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;
use client::{
    durable::{self, FileError},
    import::{self, Earlier, Journal, Receipts, RowOutcome, Uploader, Upsert},
    proven,
    table::{Row, Table, Wanted},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use messages::UserMessage;
use protocol::{name::RegistryName, record::CaseRule};
use views::clerk::bulk::BulkView;

pub(crate) use self::opening::{table, written};
use self::{
    documents::Selection,
    feed::Feed,
    folder::Folder,
    results::{Mixed, Results, Run},
    send::send_all,
};

use super::submission;
use crate::{
    arguments::{ClerkOptions, TableFormat},
    clerk::typed,
    exit::{CONFIGURATION, DONE, Failure, SOME_NOT_DONE, UNREACHABLE, USAGE},
    nodes,
    output::Output,
    terminal, trust_file,
};

/// `muhr anchor bulk INPUT`.
#[derive(Debug, Args)]
pub struct BulkArguments {
    /// The table: CSV or XLSX, names of the columns in the first row; or a folder of documents, whose names without extension are the numbers
    pub input: PathBuf,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// The column of the record's number, or several joined by commas
    #[arg(long, value_name = "COLUMN[,COLUMN]")]
    pub record: Option<String>,
    /// The column of the date from which the record is in force, as 2026-11-23 or 23.11.2026
    #[arg(long, value_name = "COLUMN")]
    pub effective: Option<String>,
    /// Folder for result.csv, the rows to mend, the receipts and the journal
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How the table is written
    #[command(flatten)]
    pub written: TableFormat,
    /// Amends what is registered with other content, and skips what is unchanged
    #[arg(long, requires = "reason")]
    pub upsert: bool,
    /// Why records are amended, as a code like C02
    #[arg(long, value_name = "CODE", requires = "upsert")]
    pub reason: Option<String>,
    /// Folder or archive with receipts of earlier runs, without which changed and unchanged cannot be told apart; may be repeated
    #[arg(long, value_name = "PATH", requires = "upsert")]
    pub earlier: Vec<PathBuf>,
    /// Of a folder, takes only files of such names, with * and ?, and those too that are else left out; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Of a folder, takes no files of such names, with * and ?; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Puts the receipts into one file, receipts.archive; muhr receipt extract takes one out
    #[arg(long)]
    pub archive: bool,
    /// Judges every row by what is in the table and sends nothing. Whether a number is registered already is not asked:
    /// that the real run tells, row by row
    #[arg(long)]
    pub dry_run: bool,
    /// Goes on without asking how the table is written
    #[arg(long)]
    pub yes: bool,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// Numbers that earlier runs left of which each is named.
const LEFT_NAMED: usize = 20;

pub(crate) fn run(arguments: &BulkArguments, output: &Output) -> Result<u8, Failure> {
    let registry = typed::registry(&arguments.registry)?;
    let upsert = upsert(arguments, output)?;
    let input = open(arguments, output)?;
    let clerk = (!arguments.dry_run)
        .then(|| submission::open(&arguments.options, output))
        .transpose()?;
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|error| FileError::unwritable(out, error))?;
    // The journal also keeps two runs, and a try and a run, from working in one folder: it comes before all
    // else there.
    let (journal, earlier) = Journal::open(&out.join("journal"))?;
    durable::sweep(out);
    durable::sweep(&import::folder(out));
    let run = if arguments.dry_run {
        Run::Try
    } else {
        Run::Real
    };
    let mut results = Results::open(out, &arguments.input, input.columns(), run)?;
    if earlier > 0 && !arguments.dry_run {
        output.note(&UserMessage::new("note-continuing").text("rows", earlier));
    }
    let mut journal = Some(journal);
    let uploader = clerk
        .zip(journal.take_if(|_| !arguments.dry_run))
        .map(|(clerk, journal)| {
            Ok::<_, Failure>(Uploader {
                clerk,
                registry: registry.clone(),
                receipts: Receipts::open(out, arguments.archive)?,
                journal,
                upsert,
                timeout: arguments.options.timeout,
            })
        })
        .transpose()?;
    let bar = progress(output, input.rows());
    let unlike = input.unlike();
    let case_rule = case_rule(arguments, uploader.as_ref(), &registry, output)?;
    let feed = Feed::new(input, registry, case_rule);
    let stopped = match &uploader {
        None => {
            let places = (!arguments.archive).then(|| import::folder(out));
            try_all(feed, places.as_deref(), &mut results, &bar)
        }
        Some(uploader) => send_all(uploader, feed, &mut results, &bar),
    };
    bar.finish_and_clear();
    let left = match &uploader {
        Some(uploader) if stopped.is_ok() => left_behind(uploader, output),
        _ => 0,
    };
    let (counts, mixed) = (results.counts.clone(), results.mixed.clone());
    // What the result says is there, is on disk before it is said.
    let kept = uploader
        .as_ref()
        .map_or(Ok(()), |uploader| uploader.receipts.finish());
    let written = results.finish()?;
    stopped?;
    kept?;
    let view = view(arguments, &written, counts, (mixed, unlike), left > 0);
    output.view(&view);
    Ok(if view.is_done() { DONE } else { SOME_NOT_DONE })
}

/// Brings what earlier runs left that no row asks for any more; where that cannot be told, it is not done.
fn left_behind(uploader: &Uploader, output: &Output) -> usize {
    let found = match uploader.bring_left_behind() {
        Ok(found) => found,
        Err(error) => {
            let what = UserMessage::new("left-behind-unknown");
            let why = Failure::from(error).what;
            output.note(
                &UserMessage::new("note-run-again")
                    .part("what", what)
                    .part("why", why),
            );
            return 1;
        }
    };
    for left in found.iter().take(LEFT_NAMED) {
        let receipt = match &left.receipt {
            Ok(place) => UserMessage::new("left-behind-receipt").text("path", place.display()),
            Err(why) => why.clone(),
        };
        output.note(
            &UserMessage::new("note-left-behind")
                .text("record", &left.record)
                .text("version", left.version)
                .part("receipt", receipt),
        );
    }
    if found.len() > LEFT_NAMED {
        let more = found.len() - LEFT_NAMED;
        output.note(&UserMessage::new("note-left-behind-more").text("more", more));
    }
    found.len()
}

/// How the registry's numbers are written. A try goes on without a node: it can say less then.
fn case_rule(
    arguments: &BulkArguments,
    uploader: Option<&Uploader>,
    registry: &RegistryName,
    output: &Output,
) -> Result<CaseRule, Failure> {
    if let Some(uploader) = uploader {
        return typed::case_rule(&uploader.clerk, registry);
    }
    let options = &arguments.options;
    let proven = || -> Result<CaseRule, Failure> {
        let node = nodes::connect(&options.node)?;
        let trust = trust_file::of_nodes(&options.trust, &node, output)?;
        Ok(proven::case_rule(&node, &trust, registry)?)
    };
    match proven() {
        // A registry that is proven not to be there, or a liar, is not for a try to pass over.
        Err(failure) if failure.code != UNREACHABLE && failure.code != CONFIGURATION => {
            Err(failure)
        }
        Err(_) => {
            output.note(&UserMessage::new("note-case-unknown"));
            Ok(CaseRule::AsWritten)
        }
        known => known,
    }
}

/// Needs of amending, if that is asked for.
fn upsert(arguments: &BulkArguments, output: &Output) -> Result<Option<Upsert>, Failure> {
    let Some(reason) = arguments.reason.as_deref() else {
        return Ok(None);
    };
    let reason = typed::reason(reason)?;
    let earlier = Earlier::open(&arguments.earlier)?;
    let count = earlier.records();
    output.note(&UserMessage::new("note-earlier-receipts").text("count", count));
    Ok(Some(Upsert { reason, earlier }))
}

/// Source of rows.
enum RowSource {
    Table(Box<Table>),
    Folder(Folder),
}

impl RowSource {
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

    /// How many numbers are unlike all others.
    fn unlike(&self) -> usize {
        match self {
            Self::Table(table) => table.unlike().len(),
            Self::Folder(_) => 0,
        }
    }

    fn next_row(&mut self) -> Result<Option<Result<Row, RowOutcome>>, Failure> {
        match self {
            Self::Table(table) => Ok(match table.next_row()? {
                Some(Ok(row)) => Some(Ok(row)),
                Some(Err(unfit)) => Some(Err(unfit.into())),
                None => None,
            }),
            Self::Folder(folder) => Ok(folder.next_row()),
        }
    }
}

/// Finds out how the input is written, says so, and asks if somebody can answer.
fn open(arguments: &BulkArguments, output: &Output) -> Result<RowSource, Failure> {
    let path = &arguments.input;
    let shown = path.display();
    let answers = terminal::answers(output);
    if path.is_dir() {
        if let Some(option) = of_tables(arguments) {
            let what = UserMessage::new("option-without-table")
                .text("option", option)
                .text("path", shown);
            return Err(Failure::new(USAGE, what).help(UserMessage::new("help-anchor-table")));
        }
        if arguments.out.canonicalize().ok() == path.canonicalize().ok() {
            let what = UserMessage::new("out-is-documents");
            return Err(
                Failure::new(USAGE, what).help(UserMessage::new("help-choose-other-out-folder"))
            );
        }
        let selection = Selection {
            include: arguments.include.clone(),
            exclude: arguments.exclude.clone(),
        };
        let (folder, others) = Folder::open(path, &selection)?;
        opening::left_out(&others, output);
        if let Some(twins) = folder.twins() {
            output.note(&twins);
        }
        let rows = folder.rows();
        if rows == 0 {
            let what = UserMessage::new("folder-without-documents").text("path", shown);
            return Err(Failure::new(USAGE, what).help(UserMessage::new("help-folder-meant")));
        }
        output.note(
            &UserMessage::new("note-folder")
                .text("path", shown)
                .text("rows", rows),
        );
        confirm(arguments, output, answers)?;
        return Ok(RowSource::Folder(folder));
    }
    if let Err(error) = std::fs::metadata(path) {
        return Err(FileError::unreadable(path, error).into());
    }
    let Some(record) = arguments.record.as_deref() else {
        return Err(Failure::new(
            USAGE,
            UserMessage::new("record-column-missing"),
        ));
    };
    let wanted = Wanted {
        record,
        effective: arguments.effective.as_deref(),
    };
    let table = table(path, wanted, &arguments.written, output)?;
    confirm(arguments, output, answers)?;
    Ok(RowSource::Table(Box::new(table)))
}

/// An option that was given and says something of tables alone. A column of the number is no such: a folder
/// says aloud where it takes numbers from.
fn of_tables(arguments: &BulkArguments) -> Option<&'static str> {
    let BulkArguments {
        effective, written, ..
    } = arguments;
    let given = [
        ("--effective", effective.is_some()),
        ("--encoding", written.encoding.is_some()),
        ("--delimiter", written.delimiter.is_some()),
        ("--sheet", written.sheet.is_some()),
        ("--hidden", written.hidden),
        ("--strict-numbers", written.strict_numbers.is_some()),
    ];
    let first = given.into_iter().find(|(_, is_given)| *is_given);
    first.map(|(option, _)| option)
}

fn confirm(arguments: &BulkArguments, output: &Output, answers: bool) -> Result<(), Failure> {
    let asks = answers && !arguments.yes && !arguments.dry_run;
    if asks {
        let does = if arguments.upsert {
            UserMessage::new("registered-or-amended")
        } else {
            UserMessage::new("registered")
        };
        output.note(
            &UserMessage::new("note-each-is")
                .part("does", does)
                .text("registry", &arguments.registry)
                .text("nodes", arguments.options.node.join(", ")),
        );
    }
    let question = UserMessage::new("ask-right");
    if asks && !terminal::agrees(&question, output) {
        return Err(
            Failure::new(USAGE, UserMessage::new("not-confirmed-not-sent"))
                .help(UserMessage::new("help-say-how-written")),
        );
    }
    Ok(())
}

/// Judges every row and sends none.
fn try_all(
    mut feed: Feed,
    places: Option<&Path>,
    results: &mut Results,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    while let Some(mut chunk) = feed.next()? {
        let fit = chunk.rows.into_iter().map(|row| {
            match places.and_then(|folder| import::refuses(folder, &row.name)) {
                Some(why) => import::unplaced(&row, why),
                None => RowOutcome::not_done(row.number, Some(row.record), "fit", None),
            }
        });
        chunk.outcomes.extend(fit);
        bar.inc(chunk.outcomes.len() as u64);
        results.take(chunk.number, chunk.outcomes)?;
    }
    Ok(())
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

fn view(
    arguments: &BulkArguments,
    written: &results::RunFiles,
    counts: BTreeMap<&'static str, u64>,
    (mixed, unlike): (Mixed, usize),
    is_more_left: bool,
) -> BulkView {
    let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    BulkView {
        rows: counts.values().sum(),
        counts,
        dry_run: arguments.dry_run,
        look_alikes: mixed.count,
        unlike_numbers: unlike,
        result: shown(&written.result),
        errors: shown(&written.errors),
        mixed: mixed.shown,
        is_folder: arguments.input.is_dir(),
        is_more_left,
    }
}
