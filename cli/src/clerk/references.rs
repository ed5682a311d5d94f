//! `--rests-on kadastr.parcels:NUMBER@VERSION`: records that a new one rests on.

use protocol::{
    entry::{REFERENCES_MAX, Reference},
    height::Version,
    name::RegistryName,
};

use super::submission::{self, Clerk};
use crate::{
    exit::{Failure, USAGE},
    output::Output,
};

/// Reads the arguments; a version that is not named is the latest, by the record's proven history.
pub(super) fn find(
    clerk: &Clerk,
    arguments: &[String],
    output: &Output,
) -> Result<Vec<Reference>, Failure> {
    if arguments.len() > REFERENCES_MAX {
        let what = format!("--rests-on is given more than {REFERENCES_MAX} times");
        return Err(Failure::new(USAGE, what).help("an entry names no more records"));
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
            format!("--rests-on number {at} is not REGISTRY:NUMBER[@VERSION]"),
        )
        .help("write it as kadastr.parcels:10:01:02/3456@2")
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
    let record = submission::record(number, output)?;
    let key = record.key(&registry);
    let version = match version {
        Some(version) => version,
        None => submission::latest(clerk, &registry, &key)?.0.version,
    };
    Ok(Reference {
        registry,
        key,
        version,
    })
}
