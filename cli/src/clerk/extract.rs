//! `muhr receipt extract`: one receipt out of the archive of a bulk run. It is judged by `muhr verify`, not here.

use std::path::PathBuf;

use clap::Args;
use client::{durable, import::archive};
use messages::UserMessage;
use protocol::record::CaseRule;
use views::clerk::anchor::ExtractView;

use crate::{
    clerk::typed,
    exit::{CONFLICT, DONE, Failure, USAGE},
    output::Output,
};

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

pub(crate) fn run(arguments: &ReceiptExtractArguments, output: &Output) -> Result<u8, Failure> {
    let registry = typed::registry(&arguments.registry)?;
    let as_written = typed::record(&arguments.record, CaseRule::AsWritten, output)?;
    // No node is asked, so an archive of a registry of capitals is looked through for those too.
    let capitals = as_written.in_case(CaseRule::Capitals);
    let (mut record, mut found) = (as_written, None);
    for number in [record.clone(), capitals] {
        if found.is_none() {
            found = archive::extract(&arguments.archive, &number.key(&registry))?;
            record = number;
        }
    }
    let bytes = found.ok_or_else(|| {
        let archive = arguments.archive.display();
        let what = UserMessage::new("archive-lacks-receipt")
            .text("archive", archive)
            .text("record", &record)
            .text("registry", &registry);
        Failure::new(USAGE, what).help(UserMessage::new("help-check-archive"))
    })?;
    let name = || {
        PathBuf::from(format!(
            "{}.receipt",
            super::change::file_name(&record.to_string())
        ))
    };
    let path = arguments.out.clone().unwrap_or_else(name);
    if path.exists() && durable::read(&path, bytes.len()).ok().as_ref() != Some(&bytes) {
        let what = UserMessage::new("something-else-there").text("path", path.display());
        return Err(
            Failure::new(CONFLICT, what).help(UserMessage::new("help-move-away-or-other-out"))
        );
    }
    durable::write_private(&path, &bytes)?;
    output.view(&ExtractView {
        record: record.to_string(),
        registry: registry.to_string(),
        receipt: path.display().to_string(),
    });
    Ok(DONE)
}
