//! The rules: what one entry does to one record, or why it may not.
//!
//! Admission asks them as a filter, execution again as the law. Pure: whatever they read is given to
//! them. Not here: whether the signature holds (`protocol::entry`), and limits of whole blocks
//! (`execute`).

pub mod change;
mod refusal;

use protocol::{
    entry::{Authentic, Operation, Previous, Statement},
    hash::IndexKey,
    height::{Height, LeafIndex, TimeMs, Version},
    planted::{self, Bug},
    state::{ClerkState, RecordState, Status},
};

pub use self::refusal::Refusal;
use crate::{directory::Directory, fault::Fault, records::Records};

/// Where an entry would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// Its own position in the log.
    pub index: LeafIndex,
}

/// What the ledger knows of the records that an entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where the record stands in the index.
    pub key: IndexKey,
    /// The record itself.
    pub current: Option<RecordState>,
    /// The latest version of each record it refers to, in the order of the references.
    pub referenced: Vec<Option<Version>>,
}

impl Known {
    /// Looks up what `statement` names.
    pub fn find(records: &impl Records, statement: &Statement) -> Result<Self, Fault> {
        let key = RecordState::index_key(&statement.registry, &statement.key);
        let current = records.record(&key)?;
        let referenced = statement
            .references
            .iter()
            .map(|reference| {
                let key = RecordState::index_key(&reference.registry, &reference.key);
                Ok(records.record(&key)?.map(|state| state.version))
            })
            .collect::<Result<_, Fault>>()?;
        Ok(Self {
            key,
            current,
            referenced,
        })
    }
}

/// The table: what `operation` makes of a record in `status`; none if it may not.
#[must_use]
pub const fn outcome(status: Option<Status>, operation: Operation) -> Option<Status> {
    match (status, operation) {
        (None, Operation::Register)
        | (Some(Status::Active), Operation::Amend | Operation::Correct)
        | (Some(Status::Suspended), Operation::Reinstate) => Some(Status::Active),
        (Some(Status::Active), Operation::Suspend)
        | (Some(Status::Suspended), Operation::Correct) => Some(Status::Suspended),
        (Some(Status::Active | Status::Suspended), Operation::Revoke) => Some(Status::Revoked),
        _ => None,
    }
}

/// The state of the record after `entry`, or why the entry may not stand at `place`.
pub fn judge(
    directory: &Directory,
    known: &Known,
    entry: &Authentic,
    place: Place,
) -> Result<RecordState, Refusal> {
    let statement = entry.statement();
    if let Some(current) = known.current.filter(|current| current.hash == entry.hash()) {
        return Err(Refusal::AlreadyThere {
            index: current.index,
        });
    }
    let bytes = u64::try_from(entry.bytes().len()).unwrap_or(u64::MAX);
    let bytes_max = directory.limits().entry_bytes;
    if bytes > bytes_max {
        return Err(Refusal::TooLarge { bytes, bytes_max });
    }
    let clerk = author(directory, entry, place.time)?;
    scope(directory, clerk, statement)?;
    lifetime(directory.limits().lifetime_heights, statement, place.height)?;
    let status = succession(known.current.as_ref(), statement)?;
    content(statement)?;
    references(known, statement)?;
    let content = match known.current {
        Some(current) if !statement.operation.has_content() => current.content,
        _ => statement.version,
    };
    Ok(RecordState {
        status,
        version: statement.version,
        content,
        index: place.index,
        hash: entry.hash(),
        height: place.height,
        time: place.time,
    })
}

/// The author must be a clerk, have signed with the clerk's one key, and not be past its last day.
fn author<'a>(
    directory: &'a Directory,
    entry: &Authentic,
    time: TimeMs,
) -> Result<&'a ClerkState, Refusal> {
    let name = &entry.statement().author;
    let clerk = directory
        .clerk(name)
        .ok_or_else(|| Refusal::UnknownClerk(name.clone()))?;
    if clerk.key != *entry.key() {
        return Err(Refusal::WrongKey(name.clone()));
    }
    match &clerk.until {
        Some(until) if planted::is(Bug::DayLonger) && time == until.last_ms().next() => Ok(clerk),
        Some(until) if time > until.last_ms() => Err(Refusal::ClerkEnded {
            clerk: name.clone(),
            until: until.clone(),
        }),
        _ => Ok(clerk),
    }
}

/// The registry must be the clerk's own agency's, and it and the operation in the clerk's scope.
fn scope(directory: &Directory, clerk: &ClerkState, statement: &Statement) -> Result<(), Refusal> {
    let (registry, operation) = (&statement.registry, statement.operation);
    let found = directory.registries().get(registry);
    let owner = &found
        .ok_or_else(|| Refusal::UnknownRegistry(registry.clone()))?
        .owner;
    let (clerk_name, registry) = (clerk.name.clone(), registry.clone());
    if *owner != clerk.name.agency() {
        return Err(Refusal::ForeignRegistry {
            registry,
            owner: owner.clone(),
            clerk: clerk_name,
        });
    }
    if !clerk.registries.contains(&registry) {
        return Err(Refusal::RegistryOutOfScope {
            clerk: clerk_name,
            registry,
        });
    }
    if !clerk.operations.contains(&operation) {
        return Err(Refusal::OperationOutOfScope {
            clerk: clerk_name,
            operation,
        });
    }
    Ok(())
}

fn lifetime(heights_max: u64, statement: &Statement, height: Height) -> Result<(), Refusal> {
    let expires = statement.expires;
    let expires_max = Height::new(height.get().saturating_add(heights_max));
    let late = planted::is(Bug::LivesLonger) && expires.next() == height;
    if expires < height && !late {
        return Err(Refusal::Expired { expires, height });
    }
    if expires > expires_max {
        return Err(Refusal::ExpiresTooLate {
            expires,
            expires_max,
        });
    }
    Ok(())
}

/// The version must be the next, name the one before, and be allowed by the table.
fn succession(current: Option<&RecordState>, statement: &Statement) -> Result<Status, Refusal> {
    let (version, operation) = (statement.version, statement.operation);
    if current.is_none() && operation != Operation::Register {
        return Err(Refusal::NotRegistered(operation));
    }
    let latest = current.map_or(Version::ZERO, |current| current.version);
    if let Some(current) = current.filter(|_| version != Version::ZERO && version <= latest) {
        return Err(Refusal::VersionTaken {
            version,
            latest,
            winner_version: latest,
            winner: current.index,
            winner_hash: current.hash,
        });
    }
    if version != latest.next() {
        return Err(Refusal::WrongVersion {
            version,
            next: latest.next(),
        });
    }
    let expected = current.map(previous);
    if statement.previous != expected {
        return Err(Refusal::WrongPrevious { expected });
    }
    let status = current.map(|current| current.status);
    outcome(status, operation).ok_or(match (status, operation) {
        (Some(Status::Active | Status::Suspended), Operation::Register) => {
            Refusal::AlreadyRegistered
        }
        (Some(status), _) => Refusal::WrongStatus { status, operation },
        (None, _) => Refusal::NotRegistered(operation),
    })
}

/// How the next version must name the present one.
#[must_use]
pub const fn previous(state: &RecordState) -> Previous {
    Previous {
        index: state.index,
        hash: state.hash,
        height: state.height,
        time: state.time,
    }
}

fn content(statement: &Statement) -> Result<(), Refusal> {
    let operation = statement.operation;
    match (operation, &statement.reason) {
        (Operation::Register, Some(_)) => return Err(Refusal::ReasonNotDue),
        (Operation::Register, None) | (_, Some(_)) => {}
        (_, None) => return Err(Refusal::ReasonMissing(operation)),
    }
    if operation.has_content() && statement.commitment.is_none() {
        return Err(Refusal::CommitmentMissing(operation));
    }
    Ok(())
}

fn references(known: &Known, statement: &Statement) -> Result<(), Refusal> {
    let latest = known
        .referenced
        .iter()
        .copied()
        .chain(std::iter::repeat(None));
    for (reference, latest) in statement.references.iter().zip(latest) {
        if reference.registry == statement.registry && reference.key == statement.key {
            return Err(Refusal::SelfReference);
        }
        let exists = reference.version != Version::ZERO
            && latest.is_some_and(|latest| reference.version <= latest);
        if !exists {
            let (registry, version) = (reference.registry.clone(), reference.version);
            return Err(Refusal::UnknownReference { registry, version });
        }
    }
    Ok(())
}
