//! `muhr receipt redact` and `erase`: what a receipt shows of its record, made less.
//!
//! Both work offline and on files alone. A redacted copy goes to a file of its own. An erasure cannot be
//! undone: the entry stays proven, and nobody can show again what it was to.

pub(crate) mod erasure;

use std::path::{Path, PathBuf};

use clap::Args;
use client::{durable, formats};
use protocol::{
    commitment::Fields,
    opening::{Content, Opening},
    receipt::Receipt,
};
use verify::Verdict;
use views::clerk::private::RedactView;

use crate::{
    exit::{CONFLICT, DONE, Failure, USAGE},
    output::Output,
};

pub(crate) use erasure::run as erase;

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

pub(crate) fn redact(arguments: &RedactArguments, output: &Output) -> Result<u8, Failure> {
    let file = &arguments.file;
    let mut receipt = formats::receipt(file)?;
    let wrong = |what: &str| Failure::new(USAGE, format!("{}: {what}", file.display()));
    let opening = receipt
        .opening
        .as_ref()
        .ok_or_else(|| wrong("the private part was removed, so nothing is left to show"))?;
    let content = fitting(&receipt, opening).ok_or_else(|| {
        let what = "the receipt does not show what was recorded";
        Failure::verdict(Verdict::Altered, format!("{}: {what}", file.display()))
    })?;
    let fields = content.and_then(Content::fields).ok_or_else(|| {
        wrong("it has no fields, of which some could be withheld")
            .help("give it whole, or a copy without its private part: see muhr receipt erase")
    })?;
    let keep = kept(fields, &arguments.keep)?;
    if keep.len() == fields.as_slice().len() {
        return Err(
            wrong("all of its fields are kept, so nothing would be withheld")
                .help("keep fewer, or give the receipt itself"),
        );
    }
    let shown: Vec<String> = keep.iter().map(ToString::to_string).collect();
    let shorter = content.map(|content| content.redact(&|name| keep.contains(&name)));
    let shorter = shorter.transpose();
    let shorter = shorter.map_err(|error| wrong(&error.to_string()))?;
    let withheld_max = match &shorter {
        Some(Content::Redacted(redacted)) => redacted.hidden(),
        _ => 0,
    };
    let record = opening.record.clone();
    receipt.opening = Some(Opening {
        record,
        content: shorter,
    });
    let out = arguments.out.clone();
    let out = out.unwrap_or_else(|| redacted_name(file));
    if out.exists() {
        return Err(
            Failure::new(CONFLICT, format!("{}: is there already", out.display()))
                .help("move it away, or name another file with --out"),
        );
    }
    durable::write_private(&out, receipt.write().as_bytes())?;
    output.view(&RedactView {
        file: file.display().to_string(),
        out: out.display().to_string(),
        shown,
        withheld_max,
    });
    Ok(DONE)
}

/// The content of an opening, if that is the entry's own.
fn fitting<'a>(receipt: &Receipt, opening: &'a Opening) -> Option<Option<&'a Content>> {
    let statement = &receipt.entry.statement;
    let content = opening.content.as_ref();
    let fits = opening.record.key(&statement.registry) == statement.key
        && statement.commitment == content.map(Content::commit);
    fits.then_some(content)
}

/// The chosen names in the order of the fields; an argument is one name, or several joined by commas.
fn kept<'a>(fields: &'a Fields, arguments: &[String]) -> Result<Vec<&'a str>, Failure> {
    let has = |name: &str| fields.get(name).is_some();
    let mut asked = Vec::new();
    for argument in arguments {
        if has(argument) {
            asked.push(argument.as_str());
        } else {
            asked.extend(argument.split(','));
        }
    }
    let names = fields.as_slice().iter().map(|(name, _)| name.as_str());
    if let Some(unknown) = asked.iter().find(|name| !has(name)) {
        let names: Vec<&str> = names.collect();
        return Err(
            Failure::new(USAGE, format!("the receipt shows no field \"{unknown}\""))
                .help(format!("its fields are: {}", names.join(", "))),
        );
    }
    Ok(names.filter(|name| asked.contains(name)).collect())
}

fn redacted_name(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".receipt").unwrap_or(&name);
    file.with_file_name(format!("{stem}.redacted.receipt"))
}
