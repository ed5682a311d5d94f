//! A node's refusal of an entry that was signed, and what is made of it.
//!
//! A refusal is a node's word. Whoever took it for proof would throw away the only opening of an entry
//! that the node may yet hand in. So the refusal is compared with what the node can prove of the record
//! and of the clerk: an entry that can never be recorded is given up; any other stays on disk beside the
//! place of its receipt, and the same command takes it up again.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use api::Problem;
use protocol::{
    entry::{Entry, Operation, Statement},
    height::{TimeMs, Version},
    merkle,
    opening::Opening,
    pending::Pending,
    receipt::RECEIPT_BYTES_MAX,
    state::RecordState,
};
use verify::history::HistoryFacts;

use super::{Clerk, Never, SubmitError, resume};
use crate::{
    durable::{self, FileError},
    http::RefusalClass,
    proven::{self, ProofError},
};

/// How long a node may take to prove what it says of a record: it may have decided that, and wait for the
/// cosignatures.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);
/// Digits of an entry's id in the name of its file.
const DIGITS: usize = 8;

/// Proof about an entry that a node refuses.
#[derive(Debug, PartialEq, Eq)]
pub enum Proven {
    /// It stands in the log.
    Recorded,
    /// It can never be recorded, and why.
    Never(Never),
    /// Neither, as far as the node proves anything.
    Open,
}

/// Gives up the entry if it is proven that it can never be recorded, else keeps it. What is said is what is
/// proven, and where nothing is, that it is the node's word.
pub(super) fn settle(
    clerk: &Clerk,
    receipt: &Path,
    pending: &Pending,
    problem: Problem,
) -> SubmitError {
    let class = RefusalClass::of(&problem);
    let pending_path = durable::beside(receipt, ".pending");
    let until = (class == RefusalClass::Conflict).then_some(clerk.until);
    let (proven, state) = look(clerk, &pending.entry, until);
    let problem = Box::new(problem);
    match proven {
        Proven::Recorded => SubmitError::RefusedButRecorded { problem },
        Proven::Never(why) => {
            let _left = fs::remove_file(&pending_path);
            if why.class() == class {
                SubmitError::Refused { problem }
            } else {
                SubmitError::Never(why)
            }
        }
        Proven::Open => {
            let statement = &pending.entry.statement;
            let aside = aside(receipt, statement);
            let kept = match fs::rename(&pending_path, &aside) {
                Ok(()) => aside,
                Err(_) => pending_path,
            };
            let is_proven = match class {
                RefusalClass::Conflict => false,
                RefusalClass::NotPermitted => {
                    may_not(clerk, statement, state.as_ref()).unwrap_or(false)
                }
                _ => true,
            };
            SubmitError::ByWord {
                problem,
                is_proven,
                kept,
            }
        }
    }
}

/// Puts what was signed before, and refused by a node, back in its place if it is what is wanted now.
pub(super) fn take_up(
    receipt: &Path,
    statement: &Statement,
    opening: &Opening,
) -> Result<(), SubmitError> {
    let pending = durable::beside(receipt, ".pending");
    if pending.exists() {
        return Ok(());
    }
    // What one clerk may not say, another of the agency may: each signs for itself.
    let is_wanted = |found: Pending| {
        found.entry.statement.author == statement.author
            && resume::is_same(&found, statement, opening)
    };
    for path in set_aside(receipt) {
        let read = durable::read(&path, RECEIPT_BYTES_MAX).ok();
        let found = read.and_then(|bytes| Pending::parse(&bytes).ok());
        if found.is_some_and(is_wanted) {
            let back = fs::rename(&path, &pending);
            return Ok(back.map_err(|error| FileError::unwritable(&pending, error))?);
        }
    }
    Ok(())
}

/// Where an entry goes that a node refuses, without a proof that it can never be recorded.
fn aside(receipt: &Path, statement: &Statement) -> PathBuf {
    let id = statement.id().to_hex();
    let digits = id.get(..DIGITS).unwrap_or_default();
    durable::beside(receipt, &format!(".{digits}.refused"))
}

fn set_aside(receipt: &Path) -> Vec<PathBuf> {
    let folder = receipt.parent().filter(|folder| *folder != Path::new(""));
    let name = receipt.file_name().and_then(OsStr::to_str);
    let (Some(name), Ok(entries)) = (name, fs::read_dir(folder.unwrap_or(Path::new(".")))) else {
        return Vec::new();
    };
    let is_one = |path: &PathBuf| {
        let rest = path.file_name().and_then(OsStr::to_str);
        let rest = rest.and_then(|other| other.strip_prefix(name)?.strip_prefix('.'));
        let digits = rest.and_then(|rest| rest.strip_suffix(".refused"));
        digits.is_some_and(|digits| digits.len() == DIGITS)
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| receipt.with_file_name(entry.file_name()))
        .filter(is_one)
        .collect();
    found.sort();
    found
}

/// Proof about an entry, and the state of its record. Asks for the record's history until it says something of the entry. A node that says that something
/// else was there first is given time to prove it, which ends at `until`.
pub fn look(clerk: &Clerk, entry: &Entry, until: Option<Instant>) -> (Proven, Option<RecordState>) {
    let statement = &entry.statement;
    let until = until.map(|until| until.min(Instant::now() + PATIENCE));
    loop {
        let Ok(facts) = super::history(clerk, &statement.registry, &statement.key) else {
            return (Proven::Open, None);
        };
        let proven = judge(&facts, entry);
        let waits = until.is_some_and(|until| Instant::now() + PAUSE < until);
        if proven != Proven::Open || !waits {
            return (proven, facts.state);
        }
        thread::sleep(PAUSE);
    }
}

/// Proof that a record's history gives about an entry.
fn judge(facts: &HistoryFacts, entry: &Entry) -> Proven {
    let statement = &entry.statement;
    let state = facts.state.as_ref();
    let open = if statement.operation.is_attestation() {
        of_attestation(state, entry)
    } else {
        of_version(facts, statement)
    };
    if open == Proven::Open && facts.as_of_height >= statement.expires {
        return Proven::Never(Never::Expired {
            expires: statement.expires,
            height: facts.as_of_height,
        });
    }
    open
}

fn of_version(facts: &HistoryFacts, statement: &Statement) -> Proven {
    let id = statement.id();
    let mut versions = facts.versions.iter();
    if versions.any(|version| version.entry.statement.id() == id) {
        return Proven::Recorded;
    }
    let latest = facts.state.as_ref().map_or(0, |state| state.version.get());
    let wanted = statement.version.get();
    if latest >= wanted {
        return Proven::Never(Never::Taken(statement.version));
    }
    // An older history says nothing of what came since.
    if latest.saturating_add(1) < wanted {
        return Proven::Open;
    }
    let place = facts.state.as_ref().map(RecordState::place);
    let operations = facts.versions.iter().rev();
    let operations = operations.map(|version| version.entry.statement.operation);
    let after = verify::history::status_after(operations.chain([statement.operation]));
    if place != statement.previous || after.is_none() {
        return Proven::Never(Never::DoesNotFollow {
            operation: statement.operation,
            latest: Version::new(latest),
        });
    }
    Proven::Open
}

fn of_attestation(state: Option<&RecordState>, entry: &Entry) -> Proven {
    let statement = &entry.statement;
    let Some(state) = state.filter(|state| state.version >= statement.version) else {
        return Proven::Open;
    };
    let mark = state.mark(&statement.author.agency());
    let hash = merkle::leaf_hash(entry.write().as_bytes());
    if mark.is_some_and(|mark| mark.place.hash == hash) {
        return Proven::Recorded;
    }
    if state.version > statement.version {
        return Proven::Never(Never::NewerVersion);
    }
    let place = mark.map_or_else(|| state.place(), |mark| mark.place);
    let says_nothing = match mark {
        Some(mark) => mark.said == statement.operation,
        None => statement.operation == Operation::Withdraw,
    };
    if statement.previous != Some(place) || says_nothing {
        return Proven::Never(Never::SaysNothing);
    }
    Proven::Open
}

/// Returns whether it is proven that the clerk may not say this.
fn may_not(
    clerk: &Clerk,
    statement: &Statement,
    record: Option<&RecordState>,
) -> Result<bool, ProofError> {
    let (client, trust) = (&clerk.client, &clerk.trust);
    let Some(state) = proven::clerk(client, trust, &clerk.name)?.state else {
        return Ok(true);
    };
    let Some(registry) = proven::registry(client, trust, &statement.registry)?.state else {
        return Ok(true);
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    let ended = state.until.as_ref().map(protocol::name::Date::last_ms);
    let operation = statement.operation;
    // The second pair of eyes of the owner's own agency.
    let author = record.and_then(RecordState::four_eyes);
    let is_second = author.is_some_and(|author| *author != clerk.name);
    let owns = registry.owner == clerk.name.agency();
    let of_wrong_agency = if operation.is_attestation() {
        owns && (!is_second || operation == Operation::Dispute)
    } else {
        !owns
    };
    Ok(state.key != clerk.secret.public()
        || state.revoked.is_some()
        || ended.is_some_and(|ended| TimeMs::new(now) > ended)
        || !state.registries.contains(&statement.registry)
        || !state.operations.contains(&operation)
        || of_wrong_agency)
}
