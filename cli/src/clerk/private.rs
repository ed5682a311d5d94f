//! `muhr receipt redact` and `erase`: what a receipt shows of its record, made less.
//!
//! Both work offline and on files alone. A redacted copy goes to a file of its own. An erasure cannot be
//! undone: the entry stays proven, and nobody can show again what it was to.

pub(crate) mod erasure;

use std::path::{Path, PathBuf};

use clap::Args;
use client::{durable, formats};
use messages::UserMessage;
use protocol::{
    commitment::Fields,
    opening::{Content, Opening},
    receipt::Receipt,
};
use verify::Verdict;
use views::clerk::private::RedactView;

use crate::{
    exit::{CONFLICT, DONE, Failure, USAGE, in_file},
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
    let wrong = |what: UserMessage| Failure::new(USAGE, in_file(file, what));
    let opening = receipt
        .opening
        .as_ref()
        .ok_or_else(|| wrong(UserMessage::new("private-part-removed")))?;
    let content = fitting(&receipt, opening).ok_or_else(|| {
        let what = UserMessage::new("receipt-shows-other");
        Failure::verdict(Verdict::Altered, in_file(file, what))
    })?;
    let fields = content.and_then(Content::fields).ok_or_else(|| {
        wrong(UserMessage::new("receipt-without-fields"))
            .help(UserMessage::new("help-give-whole-or-erased"))
    })?;
    let keep = kept(fields, &arguments.keep)?;
    if keep.len() == fields.as_slice().len() {
        return Err(
            wrong(UserMessage::new("nothing-withheld")).help(UserMessage::new("help-keep-fewer"))
        );
    }
    let shown: Vec<String> = keep.iter().map(ToString::to_string).collect();
    let shorter = content.map(|content| content.redact(&|name| keep.contains(&name)));
    let shorter = shorter.transpose();
    let shorter = shorter
        .map_err(|error| wrong(UserMessage::new("redaction-invalid").text("reason", error)))?;
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
        return Err(Failure::new(
            CONFLICT,
            UserMessage::new("out-exists").text("path", out.display()),
        )
        .help(UserMessage::new("help-move-away-or-name-other")));
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
            // After the comma of a list people write a blank; a name may begin with one all the same.
            let named = argument.split(',');
            asked.extend(named.map(|name| if has(name) { name } else { name.trim() }));
        }
    }
    let names = fields.as_slice().iter().map(|(name, _)| name.as_str());
    if let Some(unknown) = asked.iter().find(|name| !has(name)) {
        let names: Vec<&str> = names.collect();
        return Err(Failure::new(
            USAGE,
            UserMessage::new("receipt-shows-no-field").text("field", unknown),
        )
        .help(UserMessage::new("help-fields-are").text("fields", names.join(", "))));
    }
    Ok(names.filter(|name| asked.contains(name)).collect())
}

fn redacted_name(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".receipt").unwrap_or(&name);
    file.with_file_name(format!("{stem}.redacted.receipt"))
}
