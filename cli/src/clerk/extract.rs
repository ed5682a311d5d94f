//! `muhr receipt extract`: one receipt out of the archive of a bulk run. It is judged by `muhr verify`, not here.

use std::path::PathBuf;

use protocol::record::Letters;
use serde_json::json;

use super::{archive, submission};
use crate::{
    arguments::ReceiptExtractArguments,
    exit::{CONFLICT, DONE, Failure, USAGE},
    files,
    output::Output,
};

pub(crate) fn run(arguments: &ReceiptExtractArguments, output: &Output) -> Result<u8, Failure> {
    let registry = submission::registry(&arguments.registry)?;
    let as_written = submission::record(&arguments.record, Letters::AsWritten, output)?;
    // No node is asked, so an archive of a registry of capitals is looked through for those too.
    let capitals = as_written.in_letters(Letters::Capitals);
    let (mut record, mut found) = (as_written, None);
    for number in [record.clone(), capitals] {
        if found.is_none() {
            found = archive::extract(&arguments.archive, &number.key(&registry))?;
            record = number;
        }
    }
    let bytes = found.ok_or_else(|| {
        let archive = arguments.archive.display();
        let what = format!("{archive} holds no receipt of {record} in {registry}");
        Failure::new(USAGE, what)
            .help("check the number and the registry; result.csv of the run lists all rows")
    })?;
    let name = || {
        PathBuf::from(format!(
            "{}.receipt",
            super::change::file_name(&record.to_string())
        ))
    };
    let path = arguments.out.clone().unwrap_or_else(name);
    if path.exists() && files::read(&path, bytes.len()).ok().as_ref() != Some(&bytes) {
        let what = format!("{}: something else is there", path.display());
        return Err(Failure::new(CONFLICT, what)
            .help("move it away first, or name another file with --out"));
    }
    files::write(&path, &bytes)?;
    let shown = path.display().to_string();
    output.data(&json!({
        "schema": "muhr/extract/1", "record": record.to_string(), "registry": registry.as_str(), "receipt": shown,
    }));
    output.text(&format!("✔ {shown}"));
    Ok(DONE)
}
