//! The place where a receipt is to go: what is found there, and whether it answers what a clerk wants now.
//!
//! A request that comes twice gets the same receipt. A request that comes after something else has happened to the
//! record is another request, however alike its words: the receipt of the first must neither answer for it
//! nor be lost.

use std::path::Path;

use messages::UserMessage;
use protocol::{
    entry::{Entry, Statement},
    merkle,
    opening::Opening,
    pending::Pending,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};
use verify::receipt::ReceiptFacts;

use super::{Clerk, InTheWay, SubmitError, same_content};
use crate::durable;

/// Comparison of what was signed before with what is wanted now.
#[derive(Debug, PartialEq, Eq)]
enum Match {
    /// The very act.
    Same,
    /// An act of the same words at an earlier point of the record's history.
    Earlier,
    /// Something else, and by what it differs.
    Other(UserMessage),
}

/// An entry on its way that was found on disk.
pub(super) struct LeftOver {
    pub(super) pending: Pending,
    /// It is not what is wanted now, though it says the same: something has happened in between.
    pub(super) is_earlier: bool,
}

/// Returns whether what was signed before says what is wanted now, and nothing has happened in between.
pub(super) fn is_same(found: &Pending, statement: &Statement, opening: &Opening) -> bool {
    compare(&found.entry, Some(&found.opening), statement, opening) == Match::Same
}

/// Facts of the receipt at `path`, if it is of the very act that is wanted; any other is in the way. None
/// where nothing is there.
///
/// # Errors
/// [`SubmitError::InTheWay`], [`SubmitError::EarlierReceipt`], [`SubmitError::NotAFile`].
pub fn existing_receipt(
    clerk: &Clerk,
    path: &Path,
    statement: &Statement,
    opening: &Opening,
) -> Result<Option<ReceiptFacts>, SubmitError> {
    let Some(bytes) = what_is_there(path)? else {
        return Ok(None);
    };
    let in_the_way = |what| in_the_way(path, what);
    let judged = verify::receipt::judge(&clerk.trust, &bytes, None);
    let holds = judged.proves_entry();
    let (Ok(found), Some(facts)) = (Receipt::parse(&bytes), judged.facts.filter(|_| holds)) else {
        return Err(in_the_way(InTheWay::NoReceipt));
    };
    match compare(&found.entry, found.opening.as_ref(), statement, opening) {
        Match::Same => Ok(Some(facts)),
        Match::Earlier => Err(SubmitError::EarlierReceipt {
            path: path.to_owned(),
            operation: facts.operation,
            version: facts.version,
        }),
        Match::Other(what) => Err(in_the_way(InTheWay::OtherReceipt(what))),
    }
}

/// The bytes of what is at `path`; none where nothing is. A place that holds no file is refused: nothing there is
/// read, since a pipe would be waited for, and a device has no end.
fn what_is_there(path: &Path) -> Result<Option<Vec<u8>>, SubmitError> {
    if !path.exists() {
        return Ok(None);
    }
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let path = path.to_owned();
        return Err(SubmitError::NotAFile { path });
    }
    Ok(Some(durable::read(path, RECEIPT_BYTES_MAX)?))
}

fn in_the_way(path: &Path, what: InTheWay) -> SubmitError {
    let path = path.to_owned();
    SubmitError::InTheWay { path, what }
}

/// Entry that a try before this one has signed and not brought to its receipt.
pub(super) fn left_over(
    path: &Path,
    statement: &Statement,
    opening: &Opening,
) -> Result<Option<LeftOver>, SubmitError> {
    let Some(bytes) = what_is_there(path)? else {
        return Ok(None);
    };
    let in_the_way = |what| in_the_way(path, what);
    let pending = Pending::parse(&bytes).map_err(|error| in_the_way(InTheWay::NoPending(error)))?;
    let is_earlier = match compare(&pending.entry, Some(&pending.opening), statement, opening) {
        Match::Same => false,
        Match::Earlier => true,
        Match::Other(what) => {
            return Err(in_the_way(InTheWay::OtherPending {
                what,
                statement: Box::new(pending.entry.statement),
                record: pending.opening.record,
            }));
        }
    };
    Ok(Some(LeftOver {
        pending,
        is_earlier,
    }))
}

/// The earlier act has its receipt by now; what was wanted now is not signed yet.
pub(super) fn finished_earlier(receipt: &Path, facts: &ReceiptFacts) -> SubmitError {
    SubmitError::FinishedEarlier {
        path: receipt.to_owned(),
        operation: facts.operation,
        version: facts.version,
    }
}

fn compare(found: &Entry, shown: Option<&Opening>, wanted: &Statement, opening: &Opening) -> Match {
    let said = &found.statement;
    let shows_same = match shown {
        Some(shown) => same_content(shown, opening),
        // Erased: the key tells the record, and nothing was said of it.
        None => said.commitment.is_none() && opening.content.is_none(),
    };
    for (differs, what) in [
        (
            said.registry != wanted.registry,
            UserMessage::new("differs-in-registry"),
        ),
        (
            said.key != wanted.key,
            UserMessage::new("differs-in-record"),
        ),
        (
            said.operation != wanted.operation,
            UserMessage::new("differs-in-operation"),
        ),
        (
            said.author.agency() != wanted.author.agency(),
            UserMessage::new("differs-in-agency"),
        ),
        (!shows_same, UserMessage::new("differs-in-content")),
        (
            said.effective != wanted.effective,
            UserMessage::new("differs-in-date"),
        ),
        (
            said.reason != wanted.reason,
            UserMessage::new("differs-in-reason"),
        ),
        (
            said.references != wanted.references,
            UserMessage::new("differs-in-references"),
        ),
    ] {
        if differs {
            return Match::Other(what);
        }
    }
    // Nothing has happened to the record since: what is wanted now would follow it directly.
    let is_last = wanted
        .previous
        .is_some_and(|previous| previous.hash == merkle::leaf_hash(found.write().as_bytes()));
    let is_next = said.version == wanted.version && said.previous == wanted.previous;
    if is_last || is_next {
        Match::Same
    } else {
        Match::Earlier
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        chain_id::{ChainId, NetworkId},
        commitment::Secret,
        entry::{Authorship, EntryRef, Operation, Reference},
        hash::{DocumentHash, RecordKey},
        height::{Height, LeafIndex, TimeMs, Version},
        key::SecretKey,
        name::{ClerkName, Date, Origin, ReasonCode, RegistryName},
        opening::Content,
        record::RecordId,
    };

    use super::*;

    fn registry(name: &str) -> RegistryName {
        RegistryName::parse(name).unwrap()
    }

    fn opening(document: u8, salt: u8) -> Opening {
        Opening {
            record: RecordId::parse("P-1").unwrap(),
            content: Some(Content::Document {
                document: DocumentHash::new([document; 32]),
                salt: Secret::new([salt; 32]),
            }),
        }
    }

    /// An amendment that made version 2.
    fn amendment() -> Statement {
        let opening = opening(1, 1);
        let registry = registry("qurilish.permits");
        Statement {
            operation: Operation::Amend,
            key: opening.record.key(&registry),
            registry,
            version: Version::new(2),
            previous: Some(after("version 1", 3)),
            effective: Date::parse("2026-11-23"),
            reason: ReasonCode::parse("C01"),
            references: vec![parcel(1)],
            commitment: opening.content.as_ref().map(Content::commit),
            author: ClerkName::parse("qurilish/aziza").unwrap(),
            expires: Height::new(10),
        }
    }

    fn parcel(version: u64) -> Reference {
        Reference {
            registry: registry("kadastr.parcels"),
            key: RecordKey::new([9; 32]),
            version: Version::new(version),
        }
    }

    fn after(text: &str, index: u64) -> EntryRef {
        EntryRef {
            index: LeafIndex::new(index),
            hash: merkle::leaf_hash(text.as_bytes()),
            height: Height::new(index),
            time: TimeMs::new(index),
        }
    }

    fn entry(statement: Statement) -> Entry {
        Entry {
            statement,
            authorship: Authorship::Batched,
        }
    }

    fn of(wanted: &Statement) -> Match {
        let found = entry(amendment());
        compare(&found, Some(&opening(1, 1)), wanted, &opening(1, 7))
    }

    #[test]
    fn the_same_wish_is_answered_before_and_after_it_was_decided() {
        // Signed and not decided: the wish follows the same version.
        let mut wanted = amendment();
        wanted.commitment = opening(1, 7).content.as_ref().map(Content::commit);
        wanted.expires = Height::new(99);
        wanted.author = ClerkName::parse("qurilish/botir").unwrap();
        assert_eq!(of(&wanted), Match::Same);
        // Decided, and the latest: the wish would follow it.
        wanted.version = Version::new(3);
        wanted.previous = Some(after(&entry(amendment()).write(), 5));
        assert_eq!(of(&wanted), Match::Same);
    }

    #[test]
    fn the_same_words_after_something_else_has_happened_are_another_wish() {
        let mut wanted = amendment();
        wanted.version = Version::new(4);
        wanted.previous = Some(after("version 3", 7));
        assert_eq!(of(&wanted), Match::Earlier);
        // An attestation to the same version, after the agency has said something else of it.
        let mut confirmed = amendment();
        confirmed.operation = Operation::Confirm;
        let mut again = confirmed.clone();
        again.previous = Some(after("its dispute", 9));
        let opening = opening(1, 1);
        let found = entry(confirmed);
        assert_eq!(
            compare(&found, Some(&opening), &again, &opening),
            Match::Earlier
        );
    }

    #[test]
    fn an_entry_on_its_way_is_finished_and_never_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("P-1.receipt.pending");
        let left = |bytes: &str, wanted: u8| {
            std::fs::write(&path, bytes).unwrap();
            left_over(&path, &amendment(), &opening(wanted, 7)).map(|found| found.is_some())
        };
        let secret = SecretKey::from_seed(&[5; 32]);
        let network = NetworkId {
            origin: Origin::parse("muhr.example/1").unwrap(),
            chain: ChainId::new([1; 32]),
        };
        let pending = Pending {
            entry: amendment().sign(&network, &secret),
            opening: opening(1, 1),
        };
        assert!(left(&pending.write(), 1).unwrap());
        let way = |refused: Result<bool, SubmitError>| match refused {
            Err(SubmitError::InTheWay { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        let other = way(left(&pending.write(), 2));
        let InTheWay::OtherPending {
            statement, record, ..
        } = other
        else {
            panic!("{other:?}")
        };
        assert_eq!(
            (*statement, record.to_string()),
            (amendment(), "P-1".to_owned())
        );
        assert!(matches!(
            way(left("half of one", 1)),
            InTheWay::NoPending(_)
        ));
        assert!(
            path.exists(),
            "it may hold the only secret of a recorded entry"
        );
    }

    type Change<'a> = &'a dyn Fn(&mut Statement);

    #[test]
    fn whatever_differs_is_named() {
        let changes: [(Change<'_>, &str); 7] = [
            (
                &|said| said.registry = registry("soliq.permits"),
                "registry",
            ),
            (&|said| said.key = RecordKey::new([1; 32]), "record"),
            (&|said| said.operation = Operation::Correct, "operation"),
            (
                &|said| said.author = ClerkName::parse("soliq/a").unwrap(),
                "agency",
            ),
            (&|said| said.effective = None, "date"),
            (&|said| said.reason = ReasonCode::parse("C02"), "reason"),
            (&|said| said.references = vec![parcel(2)], "references"),
        ];
        for (change, word) in changes {
            let mut wanted = amendment();
            change(&mut wanted);
            let Match::Other(what) = of(&wanted) else {
                panic!("{word}")
            };
            assert_eq!(what.code(), format!("differs-in-{word}"));
        }
        let (found, wanted) = (entry(amendment()), amendment());
        let other = compare(&found, Some(&opening(2, 1)), &wanted, &opening(1, 1));
        assert_eq!(other, Match::Other(UserMessage::new("differs-in-content")));
        let erased = compare(&found, None, &wanted, &opening(1, 1));
        assert_eq!(erased, Match::Other(UserMessage::new("differs-in-content")));
    }
}
