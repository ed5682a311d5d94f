//! The rules of return marks: when the log takes the word of a validator that it lost what it signed.
//!
//! A mark changes nothing but what the index holds of the agency's last one. One per agency and hour, by
//! block time, so that whoever has a vote key cannot fill the log. On a network without entries an hour
//! does not pass: no block is made. Each expires later than the one before: else whoever has two old ones
//! could bring them in turn, hour by hour, and the validator would never be let in.

use protocol::{
    authentic::Leaf,
    hash::IndexKey,
    height::TimeMs,
    planted::{self, Bug},
    return_mark::ReturnMark,
    state::ReturnState,
};

use super::{Position, Refusal, lifetime, size};
use crate::directory::Directory;

/// Milliseconds of block time between two return marks of one agency, at least.
pub const RETURN_EVERY_MS: u64 = 3_600_000;

/// The value of the index that the mark sets.
///
/// # Errors
/// Why the mark may not stand at `place`. `directory` is the one before the block with what acts and
/// marks before it in the block have changed.
pub fn judge(
    directory: &Directory,
    leaf: Leaf<'_>,
    mark: &ReturnMark,
    place: Position,
) -> Result<(IndexKey, String), Refusal> {
    let statement = &mark.statement;
    let name = &statement.agency;
    size(directory, leaf)?;
    let agency = directory
        .agencies()
        .get(name)
        .ok_or_else(|| Refusal::UnknownAgency(name.clone()))?;
    if agency.vote != *leaf.key {
        return Err(Refusal::WrongVoteKey(name.clone()));
    }
    if agency.peer != statement.peer {
        return Err(Refusal::WrongPeerKey(name.clone()));
    }
    if !directory.network().validators.contains(name) {
        return Err(Refusal::NoValidator(name.clone()));
    }
    lifetime(
        directory.limits().lifetime_heights,
        statement.expires,
        place.height,
    )?;
    if let Some(last) = directory.last_return(name) {
        let (agency, height) = (name.clone(), last.height);
        if last.nonce == statement.nonce {
            return Err(Refusal::ReturnRepeated { agency, height });
        }
        if statement.expires <= last.expires && !planted::is(Bug::OldMarkAgain) {
            return Err(Refusal::ReturnOutdated {
                agency,
                height,
                last: last.expires,
                expires: statement.expires,
            });
        }
        let from = TimeMs::new(last.time.get().saturating_add(RETURN_EVERY_MS));
        if place.time < from {
            return Err(Refusal::ReturnTooSoon {
                agency,
                height,
                from,
            });
        }
    }
    let state = ReturnState {
        agency: name.clone(),
        nonce: statement.nonce,
        expires: statement.expires,
        height: place.height,
        time: place.time,
    };
    Ok((ReturnState::index_key(name), state.write()))
}
