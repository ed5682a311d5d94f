//! What can be said to `muhr anchor bulk`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Desk;

/// `muhr anchor bulk`.
#[derive(Debug, Subcommand)]
pub enum AnchorCommand {
    /// Registers one record for each row of a CSV file; safe to run again after any interruption
    Bulk(BulkArguments),
}

/// `muhr anchor bulk INPUT.csv`.
#[derive(Debug, Args)]
pub struct BulkArguments {
    /// The table: CSV, names of the columns in the first row (row 1)
    pub input: PathBuf,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// The column of the record's number, or several joined by commas
    #[arg(long, value_name = "COLUMN[,COLUMN]")]
    pub record: String,
    /// Folder for result.csv, the rows to mend, the receipts and the journal
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How letters are written; UTF-8 is recognised
    #[arg(long, value_name = "NAME", value_parser = ["utf-8", "windows-1251"])]
    pub encoding: Option<String>,
    /// What stands between cells, if the first row does not show it
    #[arg(long, value_name = "NAME", value_parser = ["comma", "semicolon", "tab"])]
    pub delimiter: Option<String>,
    /// Judges every row and sends nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Goes on without asking how the table is written
    #[arg(long)]
    pub yes: bool,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub desk: Desk,
}
