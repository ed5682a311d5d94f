//! Arguments of what makes a receipt show less.

use std::path::PathBuf;

use clap::Args;

/// `muhr receipt redact FILE`.
#[derive(Debug, Args)]
pub struct RedactArguments {
    /// The receipt
    pub file: PathBuf,
    /// The fields to show, joined by commas; may be repeated
    #[arg(long, required = true, value_name = "NAMES")]
    pub keep: Vec<String>,
    /// Where the copy goes; beside the receipt, as NAME.redacted.receipt, if not said
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `muhr receipt erase FILE...`.
#[derive(Debug, Args)]
pub struct EraseArguments {
    /// Receipts, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// Do it; without this, only says what would be erased
    #[arg(long)]
    pub yes: bool,
}
