//! What can be said to `muhr anchor bulk`, `muhr anchor watch` and `muhr receipt extract`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ClerkOptions;

/// `muhr anchor bulk`.
#[allow(clippy::large_enum_variant, reason = "one for each run of the program")]
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    /// Registers one record for each row of a table or each file of a folder; safe to run again after any interruption
    #[command(after_help = crate::clerk::no_documents())]
    Bulk(BulkArguments),
    /// Registers each document that appears in a folder, and writes the receipt beside it
    #[command(after_help = crate::clerk::no_documents())]
    Watch(HotArguments),
}

/// `muhr anchor watch DIR`.
#[derive(Debug, Args)]
pub struct HotArguments {
    /// The folder; a file's name without extension is the record's number
    pub dir: PathBuf,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// Takes only files of such names, with * and ?, and those too that are else left out; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Takes no files of such names, with * and ?; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Seconds between two looks; a file that changed between them is not whole yet
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub every: u64,
    /// End after so many looks; for ever if not said
    #[arg(long, value_name = "COUNT")]
    pub rounds: Option<u64>,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// `muhr receipt extract ARCHIVE NUMBER`.
#[derive(Debug, Args)]
pub struct ReceiptExtractArguments {
    /// The archive, as muhr anchor bulk --archive writes it
    pub archive: PathBuf,
    /// The record's number
    pub record: String,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// Where the receipt goes, if not NUMBER.receipt
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How a table is written.
#[derive(Debug, Args)]
pub struct TableFormat {
    /// How letters are written; UTF-8 is recognised, and Windows-1251 by its letters
    #[arg(long, value_name = "NAME", value_parser = ["utf-8", "windows-1251"])]
    pub encoding: Option<String>,
    /// What stands between cells, if the first row does not show it
    #[arg(long, value_name = "NAME", value_parser = ["comma", "semicolon", "tab"])]
    pub delimiter: Option<String>,
    /// The sheet of a workbook, if not the first
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Reads hidden rows, columns and sheets of a workbook too; they are refused otherwise
    #[arg(long)]
    pub hidden: bool,
    /// What every number is like, as a regular expression for the whole of it; other rows are to be mended
    #[arg(long, value_name = "PATTERN")]
    pub strict_numbers: Option<String>,
}

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
