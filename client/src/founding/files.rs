//! The files of a ceremony, read within their bounds, and joined to a genesis.

use std::path::{Path, PathBuf};

use protocol::{
    ceremony::{
        CONTRIBUTION_BYTES_MAX, ClerkRequest, Contribution, FoundingPlan, NotAssembled,
        PLAN_BYTES_MAX, PlanAge, REQUEST_BYTES_MAX, assemble,
    },
    genesis::{GENESIS_BYTES_MAX, Genesis},
    height::TimeMs,
    rewritten,
};

use super::error::{FoundingError, FoundingText, KeyUse};
use crate::durable;

/// Reads a file as one of the ceremony's texts.
fn read<T, E: std::fmt::Display>(
    path: &Path,
    text: FoundingText,
    bytes_max: usize,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<T, FoundingError> {
    let bytes = durable::read(path, bytes_max)?;
    parse(&bytes).map_err(|error| FoundingError::NotA {
        path: path.to_owned(),
        text,
        reason: error.to_string(),
        is_rewritten: rewritten::is_rewritten(&bytes, |bytes| parse(bytes).is_ok()),
    })
}

/// Reads the plan at `path`, of which something may be made at `now`.
///
/// # Errors
/// [`FoundingError::NotA`], and [`FoundingError::Plan`] for one that is too old or dated ahead.
pub fn plan(path: &Path, now: TimeMs) -> Result<FoundingPlan, FoundingError> {
    let plan = read(
        path,
        FoundingText::Plan,
        PLAN_BYTES_MAX,
        FoundingPlan::parse,
    )?;
    match plan.age(now) {
        PlanAge::Alive => Ok(plan),
        age => Err(FoundingError::Plan {
            path: path.to_owned(),
            made: plan.time,
            age,
        }),
    }
}

/// Reads the contribution at `path`.
///
/// # Errors
/// [`FoundingError::NotA`].
pub fn contribution(path: &Path) -> Result<Contribution, FoundingError> {
    read(
        path,
        FoundingText::Contribution,
        CONTRIBUTION_BYTES_MAX,
        Contribution::parse,
    )
}

/// Reads contributions.
///
/// # Errors
/// [`FoundingError::NotA`].
pub fn contributions(paths: &[PathBuf]) -> Result<Vec<Contribution>, FoundingError> {
    paths.iter().map(|path| contribution(path)).collect()
}

/// Reads the genesis at `path`.
///
/// # Errors
/// [`FoundingError::NotA`].
pub fn genesis(path: &Path) -> Result<Genesis, FoundingError> {
    // It says itself that it is about a genesis, and so does the message.
    let parse = |bytes: &[u8]| {
        let read = Genesis::parse(bytes).map_err(|error| error.to_string());
        read.map_err(|said| said.trim_start_matches("genesis: ").to_owned())
    };
    read(path, FoundingText::Genesis, GENESIS_BYTES_MAX, parse)
}

/// Reads the request of a clerk at `path` for a network.
///
/// # Errors
/// [`FoundingError::NotA`] and [`FoundingError::Request`].
pub fn request(path: &Path, plan: &FoundingPlan) -> Result<ClerkRequest, FoundingError> {
    let request = read(
        path,
        FoundingText::Request,
        REQUEST_BYTES_MAX,
        ClerkRequest::parse,
    )?;
    if request.origin != plan.origin {
        return Err(FoundingError::OtherOrigin {
            path: path.to_owned(),
            origin: plan.origin.clone(),
        });
    }
    request.check().map_err(|error| FoundingError::Request {
        path: path.to_owned(),
        clerk: request.clerk.clone(),
        error,
    })?;
    Ok(request)
}

/// That a contribution reads back from its text as whoever gets it will read it.
pub(super) fn reads_back(contribution: &Contribution, path: &Path) -> Result<(), FoundingError> {
    let text = contribution.write();
    match Contribution::parse(text.as_bytes()) {
        Ok(read) if read == *contribution => Ok(()),
        Ok(_) => Err(not_written(path, String::new())),
        Err(error) => Err(not_written(path, error.to_string())),
    }
}

fn not_written(path: &Path, reason: String) -> FoundingError {
    FoundingError::NotA {
        path: path.to_owned(),
        text: FoundingText::Contribution,
        reason,
        is_rewritten: false,
    }
}

/// Where the parts of a genesis come from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// File of the plan.
    pub plan: &'a Path,
    /// Files of the contributions.
    pub contributions: &'a [PathBuf],
}

impl Sources<'_> {
    /// The genesis that follows from the files, in whatever order they are named.
    ///
    /// # Errors
    /// [`FoundingError`] names the file that does not fit, its line, or who is missing.
    pub fn assemble(&self, now: TimeMs) -> Result<Genesis, FoundingError> {
        let plan = plan(self.plan, now)?;
        let contributions = contributions(self.contributions)?;
        assemble(&plan, &contributions).map_err(|error| self.named(error))
    }

    /// The same error with the names of the files.
    fn named(&self, error: NotAssembled) -> FoundingError {
        let path = |at: usize| self.contributions.get(at).cloned().unwrap_or_default();
        match error {
            NotAssembled::Contribution { at, line, trouble } => FoundingError::Contribution {
                path: path(at),
                line,
                trouble,
            },
            NotAssembled::Doubled {
                first,
                second,
                agency,
                differ,
            } => FoundingError::Doubled {
                first: path(first),
                second: path(second),
                agency,
                differ,
            },
            NotAssembled::KeyTwice { first, second } => FoundingError::KeyTwice {
                first: KeyUse::of(*first, &path),
                second: KeyUse::of(*second, &path),
            },
            NotAssembled::Missing { agencies } => FoundingError::Missing {
                path: self.plan.to_owned(),
                agencies,
            },
            NotAssembled::Genesis(error) => FoundingError::NoGenesis(error.to_string()),
            other => FoundingError::NoGenesis(other.to_string()),
        }
    }
}
