//! `--rests-on kadastr.parcels:NUMBER@VERSION`: records that a new version rests on. Unless that is said,
//! it rests on what the version before does: a change of the text is no change of the parcel.

use client::submit::Clerk;
use messages::UserMessage;
use protocol::{
    entry::{REFERENCES_MAX, Reference},
    height::Version,
    name::RegistryName,
};

use verify::history::HistoryFacts;

use super::submission;
use crate::{
    clerk::typed,
    exit::{Failure, USAGE},
    output::Output,
};

/// The word for no other record.
const NONE: &str = "none";

/// How a new version came to what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rests {
    /// As was said on the command line, if anything.
    AsSaid,
    /// As an earlier version does.
    As(Version),
    /// On nothing, though an earlier version does rest on others.
    NoMore(Version),
}

/// Records that the next version of a record rests on.
pub(super) fn of_next(
    clerk: &Clerk,
    arguments: &[String],
    history: &HistoryFacts,
    output: &Output,
) -> Result<(Vec<Reference>, Rests), Failure> {
    let mut said = history
        .versions
        .iter()
        .map(|version| &version.entry.statement);
    // What only takes a record out of force, or puts it back, says nothing of what it rests on.
    let before = said.find(|said| said.operation.has_content());
    let before = before.filter(|before| !before.references.is_empty());
    Ok(match (arguments, before) {
        ([], Some(before)) => (before.references.clone(), Rests::As(before.version)),
        ([none], Some(before)) if none == NONE => (Vec::new(), Rests::NoMore(before.version)),
        ([none], None) if none == NONE => (Vec::new(), Rests::AsSaid),
        _ => (find(clerk, arguments, output)?, Rests::AsSaid),
    })
}

/// Reads the arguments; a version that is not named is the latest, by the record's proven history.
pub(super) fn find(
    clerk: &Clerk,
    arguments: &[String],
    output: &Output,
) -> Result<Vec<Reference>, Failure> {
    if arguments.len() > REFERENCES_MAX {
        let what = UserMessage::new("too-many-references").text("references-max", REFERENCES_MAX);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-no-more-records")));
    }
    (1..)
        .zip(arguments)
        .map(|(at, argument)| one(clerk, at, argument, output))
        .collect()
}

fn one(clerk: &Clerk, at: usize, argument: &str, output: &Output) -> Result<Reference, Failure> {
    let wrong = || {
        Failure::new(
            USAGE,
            UserMessage::new("reference-invalid").text("number", at),
        )
        .help(UserMessage::new("help-reference-form"))
    };
    let (registry, number) = argument.split_once(':').ok_or_else(wrong)?;
    let registry = RegistryName::parse(registry).ok_or_else(wrong)?;
    let (number, version) = match number.rsplit_once('@') {
        Some((number, version)) => match version.parse() {
            Ok(version) => (number, Some(Version::new(version))),
            Err(_) => return Err(wrong()),
        },
        None => (number, None),
    };
    let case_rule = typed::case_rule(clerk, &registry)?;
    let record = typed::record(number, case_rule, output)?;
    let key = record.key(&registry);
    let version = match version {
        Some(version) => version,
        None => submission::latest_of(clerk, &registry, &record)?.0.version,
    };
    Ok(Reference {
        registry,
        key,
        version,
    })
}
