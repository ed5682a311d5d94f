//! The rules of return marks: when the log takes the word of a validator that it lost what it signed.
//!
//! A mark changes nothing but what the index holds of the agency's last one. One per agency in so long as the
//! network says, by block time, so that whoever has a vote key cannot fill the log. On a network without entries no time
//! passes: no block is made.

use protocol::{
    authentic::Leaf, hash::IndexKey, height::TimeMs, return_mark::ReturnMark, state::ReturnState,
};

use super::{Position, Refusal, lifetime, size};
use crate::directory::Directory;

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
        let every = directory.network().governance.return_ms;
        let from = TimeMs::new(last.time.get().saturating_add(every));
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
        height: place.height,
        time: place.time,
    };
    Ok((ReturnState::index_key(name), state.write()))
}
