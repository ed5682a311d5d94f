//! The rules: what one entry does to one record, or why it may not.
//!
//! Admission asks them as a filter, execution again as the law. Pure: whatever they read is given to
//! them. Not here: whether the signature holds (`protocol::entry`), and limits of whole blocks
//! (`execute`).

pub mod act;
mod attestation;
pub(crate) mod batch;
pub mod change;
pub mod governance;
mod refusal;
pub mod returns;

use protocol::{
    authentic::Leaf,
    entry::{Operation, Statement},
    hash::IndexKey,
    height::{Height, LeafIndex, TimeMs, Version},
    history::VERSIONS_MAX,
    name::ClerkName,
    planted::{self, Bug},
    standing::Standing,
    state::{ClerkState, RecordState, RecordStatus, RegistryState},
};

pub use self::refusal::Refusal;
use crate::{directory::Directory, fault::Fault, records::Records};

/// The position at which an entry would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// Index of the entry in the log.
    pub index: LeafIndex,
}

/// The ledger's knowledge of the records that an entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Place of the record in the index.
    pub key: IndexKey,
    /// The record itself.
    pub current: Option<RecordState>,
    /// The latest version of each record it refers to, in the order of the references.
    pub referenced: Vec<Option<Version>>,
}

impl Known {
    /// Looks up what `entry` names, which says `statement`.
    ///
    /// # Errors
    ///
    /// [`Fault`] if the records cannot be read.
    pub fn find(
        records: &impl Records,
        entry: Leaf<'_>,
        statement: &Statement,
    ) -> Result<Self, Fault> {
        let key = entry.index_key(statement);
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

/// The state of the record after `entry`, which says `statement`, or why the entry may not stand at `place`.
///
/// # Errors
///
/// [`Refusal`] says why.
pub fn judge(
    directory: &Directory,
    known: &Known,
    entry: Leaf<'_>,
    statement: &Statement,
    place: Position,
) -> Result<RecordState, Refusal> {
    let current = known.current.as_ref();
    if let Some(current) = current.filter(|current| current.hash == entry.hash) {
        return Err(Refusal::AlreadyThere {
            index: current.index,
        });
    }
    size(directory, entry)?;
    let clerk = author(directory, entry, &statement.author, place.time)?;
    let registry = scope(directory, clerk, statement, current)?;
    lifetime(
        directory.limits().lifetime_heights,
        statement.expires,
        place.height,
    )?;
    if statement.operation.is_attestation() {
        return attestation::judge(known, entry, statement, place);
    }
    let status = succession(current, statement)?;
    content(statement)?;
    references(known, statement)?;
    let content = match current {
        Some(current) if !statement.operation.has_content() => current.content,
        _ => statement.version,
    };
    // Whatever was said of the version before was not said of this one.
    let policy = registry.policy.as_ref();
    let policy = policy.filter(|_| status == RecordStatus::Active);
    // Roles become names here, so that nobody who checks the version needs to know who had them.
    let validators = &directory.network().validators;
    let terms = policy.and_then(|policy| policy.terms(place.time, &statement.author, validators));
    Ok(RecordState {
        status,
        version: statement.version,
        content,
        index: place.index,
        hash: entry.hash,
        height: place.height,
        time: place.time,
        standing: terms.map(|terms| {
            Box::new(Standing {
                terms: Some(terms),
                marks: Vec::new(),
            })
        }),
    })
}

fn size(directory: &Directory, leaf: Leaf<'_>) -> Result<(), Refusal> {
    let bytes = u64::try_from(leaf.bytes.len()).unwrap_or(u64::MAX);
    let bytes_max = directory.limits().entry_bytes;
    if bytes > bytes_max {
        return Err(Refusal::TooLarge { bytes, bytes_max });
    }
    Ok(())
}

/// The author must be a clerk, have signed with the clerk's one key, and not be past its last day.
fn author<'a>(
    directory: &'a Directory,
    entry: Leaf<'_>,
    name: &ClerkName,
    time: TimeMs,
) -> Result<&'a ClerkState, Refusal> {
    let clerk = directory
        .clerk(name)
        .ok_or_else(|| Refusal::UnknownClerk(name.clone()))?;
    if clerk.key != *entry.key {
        return Err(Refusal::WrongKey(name.clone()));
    }
    if clerk.revoked.is_some() {
        return Err(Refusal::ClerkRevoked(name.clone()));
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

/// Versions are made by the registry's owner, attestations by anybody else, and by a second clerk of the
/// owner where the version asks for one; and both the registry and the operation must be in the clerk's
/// scope.
fn scope<'a>(
    directory: &'a Directory,
    clerk: &ClerkState,
    statement: &Statement,
    current: Option<&RecordState>,
) -> Result<&'a RegistryState, Refusal> {
    let (registry, operation) = (&statement.registry, statement.operation);
    let found = directory
        .registries()
        .get(registry)
        .ok_or_else(|| Refusal::UnknownRegistry(registry.clone()))?;
    let is_owner = found.owner == clerk.name.agency();
    let (clerk_name, registry) = (clerk.name.clone(), registry.clone());
    if operation.is_attestation() && is_owner {
        match current.and_then(RecordState::four_eyes) {
            Some(author) if *author == clerk_name => return Err(Refusal::SameClerk(clerk_name)),
            Some(_) if operation != Operation::Dispute => {}
            _ => return Err(Refusal::OwnRecord(registry)),
        }
    }
    if !operation.is_attestation() && !is_owner {
        return Err(Refusal::ForeignRegistry {
            registry,
            owner: found.owner.clone(),
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
    Ok(found)
}

fn lifetime(heights_max: u64, expires: Height, height: Height) -> Result<(), Refusal> {
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
fn succession(
    current: Option<&RecordState>,
    statement: &Statement,
) -> Result<RecordStatus, Refusal> {
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
    // Its history must stay one that can be shown, and the record one that can be ended.
    let versions_max = u64::try_from(VERSIONS_MAX).unwrap_or(u64::MAX);
    let is_last = version.get() == versions_max && operation == Operation::Revoke;
    if version.get() >= versions_max && !is_last {
        return Err(Refusal::TooManyVersions { versions_max });
    }
    let expected = current.map(RecordState::place);
    if statement.previous != expected {
        return Err(Refusal::WrongPrevious { expected });
    }
    let status = current.map(|current| current.status);
    RecordStatus::after(status, operation).ok_or(match (status, operation) {
        (Some(RecordStatus::Active | RecordStatus::Suspended), Operation::Register) => {
            Refusal::AlreadyRegistered
        }
        (Some(status), _) => Refusal::WrongStatus { status, operation },
        (None, _) => Refusal::NotRegistered(operation),
    })
}

fn content(statement: &Statement) -> Result<(), Refusal> {
    let operation = statement.operation;
    match (operation, &statement.reason) {
        (Operation::Register, Some(_)) => return Err(Refusal::ReasonNotDue(operation)),
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
