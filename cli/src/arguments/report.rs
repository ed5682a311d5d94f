//! What can be said to `muhr reconcile` and `muhr report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TableFormat;

/// Which log, up to where, and whom to trust.
#[derive(Debug, Args)]
pub struct Reading {
    /// Address of a node, or the folder of a mirror; of several nodes, joined by commas, the next is asked where one fails
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        required = true
    )]
    pub node: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// A checkpoint kept from before: the log is read as it was then
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// `muhr reconcile TABLE`.
#[derive(Debug, Args)]
pub struct ReconcileArguments {
    /// The agency's own table: CSV or XLSX, names of the columns in the first row
    pub table: PathBuf,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// The column of the record's number, or several joined by commas
    #[arg(long, value_name = "COLUMN[,COLUMN]")]
    pub record: String,
    /// Folder of receipts, archive, or folder of a bulk run: what changed is told only where they show what was anchored; may be repeated
    #[arg(long, value_name = "PATH")]
    pub receipts: Vec<PathBuf>,
    /// The column of the legal date; else the dates that the entries declare are used
    #[arg(long, value_name = "COLUMN")]
    pub date: Option<String>,
    /// Anchored more than so many days after the legal date is late; not judged if not said
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub late: Option<u32>,
    /// The column that says whether a record is in force; without it the table is taken to hold what is
    #[arg(long, value_name = "COLUMN")]
    pub status: Option<String>,
    /// What that column says for active, suspended or revoked, as revoked=bekor; may be repeated; else the words themselves
    #[arg(long = "status-word", value_name = "STATUS=WORD", requires = "status")]
    pub status_words: Vec<String>,
    /// Columns that are not compared, joined by commas
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// New folder for the report: findings.csv, report.json, report.html and the checkpoint
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Report key file that signs what is in the folder
    #[arg(long, value_name = "FILE", requires = "out")]
    pub sign: Option<PathBuf>,
    /// File with the passphrase of that key, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// How the table is written
    #[command(flatten)]
    pub written: TableFormat,
    /// Which log, up to where, and whom to trust
    #[command(flatten)]
    pub reading: Reading,
}

/// `muhr report`.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Lists what stands out in the log: late, ahead, in bursts, at odd hours, corrected, revoked
    Anomalies(AnomaliesArguments),
    /// Lists all that a clerk's key has signed, since it may have been in other hands
    CompromisedKey(CompromisedKeyArguments),
    /// Checks the signature on a report, and that its files are as they were signed
    Check(ReportCheckArguments),
}

/// `muhr report anomalies`.
#[derive(Debug, Args)]
pub struct AnomaliesArguments {
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "NAME")]
    pub registries: Vec<String>,
    /// Only what was decided since then: a date (its start, UTC) or a moment
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Late: decided more than so many days after the declared date
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub late: u32,
    /// Ahead: decided more than so many days before the declared date
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub ahead: u32,
    /// A burst: at least so many entries of one clerk in one registry ...
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub burst: u32,
    /// ... within so many minutes
    #[arg(long, default_value_t = 10, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=10_080))]
    pub within: u32,
    /// Hours of work in Tashkent (UTC+5), from the beginning of one to the beginning of the other
    #[arg(long, default_value = "8-20", value_name = "FROM-TO")]
    pub hours: String,
    /// Days without work, joined by commas; "none" for none
    #[arg(long, default_value = "sun", value_delimiter = ',', value_name = "DAYS", value_parser = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "none"])]
    pub rest: Vec<String>,
    /// Folder of receipts or archive, from which the numbers of records are known; may be repeated
    #[arg(long, value_name = "PATH")]
    pub receipts: Vec<PathBuf>,
    /// Also writes the lines as a table
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Which log, up to where, and whom to trust
    #[command(flatten)]
    pub reading: Reading,
}

/// `muhr report compromised-key CLERK`.
#[derive(Debug, Args)]
pub struct CompromisedKeyArguments {
    /// The clerk, as qurilish/aziza-2026
    pub clerk: String,
    /// Since when: a date (its start, UTC) or a moment; if not said, since the agency says that the key was compromised, else from the first
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Folder of receipts or archive, from which the numbers of records are known; may be repeated
    #[arg(long, value_name = "PATH")]
    pub receipts: Vec<PathBuf>,
    /// Also writes the entries as a table
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Which log, up to where, and whom to trust
    #[command(flatten)]
    pub reading: Reading,
}

/// `muhr report check FILE`.
#[derive(Debug, Args)]
pub struct ReportCheckArguments {
    /// The report.note of a report, with the report's files beside it
    pub file: PathBuf,
    /// Whose signature it must bear, as adliya+1a2b3c4d+AR...; muhr key show tells it
    #[arg(long, value_name = "VKEY")]
    pub signer: String,
}
