//! What is found where a receipt is to go, and whether it answers what a clerk wants now.
//!
//! The same wish twice gets the same receipt. A wish that comes after something else has happened to the
//! record is another wish, however alike its words: the receipt of the first must neither answer for it
//! nor be lost.

use std::path::Path;

use protocol::{
    entry::{Entry, Statement},
    merkle,
    opening::Opening,
    pending::Pending,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};
use verify::{Verdict, receipt::Facts};

use super::submission::{Clerk, same_content};
use crate::{
    exit::{CONFLICT, Failure},
    files,
};

/// What was signed before, beside what is wanted now.
#[derive(Debug, PartialEq, Eq)]
enum Kin {
    /// The very act.
    Same,
    /// The same act at an earlier point of the record's history.
    Earlier,
    /// Something else, and by what it differs.
    Other(&'static str),
}

/// An entry on its way that was found on disk.
pub(super) struct LeftOver {
    pub(super) pending: Pending,
    /// It is not what is wanted now, though it says the same: something has happened in between.
    pub(super) is_earlier: bool,
}

/// A receipt of the very act is the answer; any other is in the way.
pub(super) fn receipt(
    clerk: &Clerk,
    path: &Path,
    statement: &Statement,
    opening: &Opening,
) -> Result<Option<Facts>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read(path, RECEIPT_BYTES_MAX)?;
    let name = path.display();
    let judged = verify::receipt::judge(&clerk.trust, &bytes, None);
    let holds = !matches!(judged.verdict, Verdict::Altered | Verdict::CannotDecide);
    let (Ok(found), Some(facts)) = (Receipt::parse(&bytes), judged.facts.filter(|_| holds)) else {
        let what = format!("{name}: something is there that is no receipt of this network");
        return Err(in_the_way(what));
    };
    match kin(&found.entry, found.opening.as_ref(), statement, opening) {
        Kin::Same => Ok(Some(facts)),
        Kin::Earlier => Err(Failure::new(
            CONFLICT,
            format!(
                "{name}: the receipt of an earlier {} is there, of version {}, and more has happened to the record since",
                facts.operation.word(),
                facts.version
            ),
        )
        .help("name another file with --out: the earlier receipt stays, and this is signed as an act of its own")),
        Kin::Other(what) => {
            Err(in_the_way(format!("{name}: a receipt of something else is there: {what}")))
        }
    }
}

fn in_the_way(what: String) -> Failure {
    Failure::new(CONFLICT, what).help("move it away first, or name another file with --out")
}

/// What a try before this one has signed and not brought to its receipt.
pub(super) fn left_over(
    path: &Path,
    statement: &Statement,
    opening: &Opening,
) -> Result<Option<LeftOver>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read(path, RECEIPT_BYTES_MAX)?;
    let found = Pending::parse(&bytes).map_err(|error| format!("no such entry: {error}"));
    let found = found.and_then(|pending| {
        let is_earlier = match kin(&pending.entry, Some(&pending.opening), statement, opening) {
            Kin::Same => false,
            Kin::Earlier => true,
            Kin::Other(what) => return Err(what.to_owned()),
        };
        Ok(LeftOver {
            pending,
            is_earlier,
        })
    });
    found.map(Some).map_err(|what| {
        let name = path.display();
        Failure::new(CONFLICT, format!("{name}: an entry for something else is on its way: {what}"))
            .help("finish that one first with the command that it was for, or remove the file to give it up")
    })
}

/// The earlier act has its receipt by now; what was wanted now is not signed yet.
pub(super) fn finished_earlier(receipt: &Path, facts: &Facts) -> Failure {
    let what = format!(
        "{}: the receipt of an earlier {}, of version {}, which was on its way; more has happened to the record since, and nothing else was signed",
        receipt.display(),
        facts.operation.word(),
        facts.version
    );
    Failure::new(CONFLICT, what)
        .help("run the command again with another file for --out to sign this as an act of its own")
}

fn kin(found: &Entry, shown: Option<&Opening>, wanted: &Statement, opening: &Opening) -> Kin {
    let said = &found.statement;
    let shows_same = match shown {
        Some(shown) => same_content(shown, opening),
        // Erased: the key tells the record, and nothing was said of it.
        None => said.commitment.is_none() && opening.content.is_none(),
    };
    for (differs, what) in [
        (
            said.registry != wanted.registry,
            "it is of another registry",
        ),
        (said.key != wanted.key, "it is of another record"),
        (
            said.operation != wanted.operation,
            "it is of another operation",
        ),
        (
            said.author.agency() != wanted.author.agency(),
            "it is of another agency",
        ),
        (!shows_same, "it is of other content"),
        (
            said.effective != wanted.effective,
            "it declares another date",
        ),
        (said.reason != wanted.reason, "it gives another reason"),
        (
            said.references != wanted.references,
            "it names other records, or other versions of them, to rest on",
        ),
    ] {
        if differs {
            return Kin::Other(what);
        }
    }
    // Nothing has happened to the record since: what is wanted now would follow it directly.
    let is_last = wanted
        .previous
        .is_some_and(|previous| previous.hash == merkle::leaf_hash(found.write().as_bytes()));
    let is_next = said.version == wanted.version && said.previous == wanted.previous;
    if is_last || is_next {
        Kin::Same
    } else {
        Kin::Earlier
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        commitment::Secret,
        entry::{Authorship, Operation, Previous, Reference},
        hash::{DocumentHash, RecordKey},
        height::{Height, LeafIndex, TimeMs, Version},
        name::{ClerkName, Date, ReasonCode, RegistryName},
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

    fn after(text: &str, index: u64) -> Previous {
        Previous {
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

    fn of(wanted: &Statement) -> Kin {
        let found = entry(amendment());
        kin(&found, Some(&opening(1, 1)), wanted, &opening(1, 7))
    }

    #[test]
    fn the_same_wish_is_answered_before_and_after_it_was_decided() {
        // Signed and not decided: the wish follows the same version.
        let mut wanted = amendment();
        wanted.commitment = opening(1, 7).content.as_ref().map(Content::commit);
        wanted.expires = Height::new(99);
        wanted.author = ClerkName::parse("qurilish/botir").unwrap();
        assert_eq!(of(&wanted), Kin::Same);
        // Decided, and the latest: the wish would follow it.
        wanted.version = Version::new(3);
        wanted.previous = Some(after(&entry(amendment()).write(), 5));
        assert_eq!(of(&wanted), Kin::Same);
    }

    #[test]
    fn the_same_words_after_something_else_has_happened_are_another_wish() {
        let mut wanted = amendment();
        wanted.version = Version::new(4);
        wanted.previous = Some(after("version 3", 7));
        assert_eq!(of(&wanted), Kin::Earlier);
        // An attestation to the same version, after the agency has said something else of it.
        let mut confirmed = amendment();
        confirmed.operation = Operation::Confirm;
        let mut again = confirmed.clone();
        again.previous = Some(after("its dispute", 9));
        let opening = opening(1, 1);
        let found = entry(confirmed);
        assert_eq!(kin(&found, Some(&opening), &again, &opening), Kin::Earlier);
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
            (&|said| said.references = vec![parcel(2)], "rest on"),
        ];
        for (change, word) in changes {
            let mut wanted = amendment();
            change(&mut wanted);
            let Kin::Other(what) = of(&wanted) else {
                panic!("{word}")
            };
            assert!(what.contains(word), "{what}");
        }
        let (found, wanted) = (entry(amendment()), amendment());
        let other = kin(&found, Some(&opening(2, 1)), &wanted, &opening(1, 1));
        assert_eq!(other, Kin::Other("it is of other content"));
        let erased = kin(&found, None, &wanted, &opening(1, 1));
        assert_eq!(erased, Kin::Other("it is of other content"));
    }
}
