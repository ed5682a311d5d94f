//! The rules of another agency's word on a version: which it may say, and how it follows what it said before.
//!
//! It names the version, and the entry that it follows: the version's own, or the last that the agency
//! said of it. So none can be taken for a word on another version, and none handed in twice.

use protocol::{
    authentic::Leaf,
    entry::{Operation, Statement},
    standing::{Mark, Standing},
    state::{RecordState, RecordStatus},
};

use super::{Known, Position, Refusal, references};

/// The state of the record after the attestation. Its author and scope have been judged.
pub(super) fn judge(
    known: &Known,
    entry: Leaf<'_>,
    statement: &Statement,
    place: Position,
) -> Result<RecordState, Refusal> {
    let operation = statement.operation;
    let current = known
        .current
        .as_ref()
        .ok_or(Refusal::NotRegistered(operation))?;
    if statement.version != current.version {
        return Err(Refusal::NotLatest {
            version: statement.version,
            latest: current.version,
        });
    }
    let agency = statement.author.agency();
    let last = current.mark(&agency);
    if let Some(last) = last.filter(|last| last.place.hash == entry.hash) {
        return Err(Refusal::AlreadyThere {
            index: last.place.index,
        });
    }
    let expected = last.map_or_else(|| current.place(), |mark| mark.place);
    if statement.previous != Some(expected) {
        return Err(Refusal::WrongPrevious {
            expected: Some(expected),
        });
    }
    // Where an attestation is allowed at all, it leaves the status as it is.
    RecordStatus::after(Some(current.status), operation).ok_or(Refusal::WrongStatus {
        status: current.status,
        operation,
    })?;
    match (last.map(|mark| mark.said), operation) {
        (None | Some(Operation::Withdraw), Operation::Withdraw) => {
            return Err(Refusal::NothingToWithdraw);
        }
        (Some(said), _) if said == operation => return Err(Refusal::AlreadySaid(operation)),
        _ => {}
    }
    content(statement)?;
    references(known, statement)?;
    let mark = Mark {
        agency,
        said: operation,
        place: protocol::entry::EntryRef {
            index: place.index,
            hash: entry.hash,
            height: place.height,
            time: place.time,
        },
    };
    let standing = current.standing.as_deref().map_or_else(
        || Standing::default().marked(mark.clone()),
        |standing| standing.marked(mark.clone()),
    );
    Ok(RecordState {
        standing: Some(Box::new(standing)),
        ..current.clone()
    })
}

/// A confirmation says all by itself; the others say why, and a dispute may commit to its evidence.
fn content(statement: &Statement) -> Result<(), Refusal> {
    let operation = statement.operation;
    match (operation, &statement.reason) {
        (Operation::Confirm, Some(_)) => return Err(Refusal::ReasonNotDue(operation)),
        (Operation::Confirm, None) | (_, Some(_)) => {}
        (_, None) => return Err(Refusal::ReasonMissing(operation)),
    }
    if operation != Operation::Dispute && statement.commitment.is_some() {
        return Err(Refusal::CommitmentNotDue(operation));
    }
    Ok(())
}
