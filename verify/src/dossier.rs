//! Judging a dossier: each receipt by itself, and that each record which is named is there, down to a
//! depth. What a record rests on may have been ended since: its own receipt says so.

use std::collections::BTreeMap;

use protocol::{
    dossier::Dossier,
    entry::Reference,
    hash::{DocumentHash, RecordKey},
    height::Version,
    name::RegistryName,
    receipt::Receipt,
};

use crate::{
    checkpoint::Trusts,
    receipt::{self, Judgement},
    verdict::Verdict,
};

/// A record of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// How many references away from the first it is; 0 for the first itself.
    pub depth: usize,
    /// What its receipt proves.
    pub judgement: Judgement,
    /// Versions that it names and that are not in the dossier, though the depth asks for them.
    pub missing: Vec<Reference>,
}

type Place = (RegistryName, RecordKey, Version);

/// Judges the receipts that the first one leads to in at most `depth_max` references, in that order.
/// Receipts that nothing leads to are not judged: they are no part of what is claimed. The document, if
/// one is given, is the first one's.
#[must_use]
pub fn judge<'a>(
    trusts: impl Into<Trusts<'a>>,
    dossier: &Dossier,
    document: Option<&DocumentHash>,
    depth_max: usize,
) -> Vec<Member> {
    let trusts = trusts.into();
    let by_place: BTreeMap<Place, &Receipt> = dossier
        .receipts
        .iter()
        .rev()
        .filter(|receipt| !receipt.entry.statement.operation.is_attestation())
        .map(|receipt| (place(receipt), receipt))
        .collect();
    let mut members = Vec::new();
    let mut seen: Vec<Place> = Vec::new();
    let mut ahead: Vec<(usize, &Receipt)> = dossier
        .receipts
        .first()
        .map(|one| (0, one))
        .into_iter()
        .collect();
    let mut at = 0_usize;
    while let Some((depth, receipt)) = ahead.get(at).copied() {
        at = at.saturating_add(1);
        if seen.contains(&place(receipt)) {
            continue;
        }
        seen.push(place(receipt));
        let mut missing = Vec::new();
        if depth < depth_max {
            for reference in &receipt.entry.statement.references {
                let named = (reference.registry.clone(), reference.key, reference.version);
                match by_place.get(&named) {
                    Some(found) => ahead.push((depth.saturating_add(1), found)),
                    None => missing.push(reference.clone()),
                }
            }
        }
        let judgement = receipt::judge(
            trusts,
            receipt.write().as_bytes(),
            document.filter(|_| depth == 0),
        );
        members.push(Member {
            depth,
            judgement,
            missing,
        });
    }
    members
}

/// The gravest of all: a record stands no better than what it rests on, and something that is missing
/// cannot be decided.
#[must_use]
pub fn verdict(members: &[Member]) -> Verdict {
    let own = members.iter().map(|member| member.judgement.verdict);
    let missing = members.iter().filter(|member| !member.missing.is_empty());
    own.chain(missing.map(|_| Verdict::CannotDecide))
        .fold(Verdict::Authentic, Verdict::graver)
}

fn place(receipt: &Receipt) -> Place {
    let statement = &receipt.entry.statement;
    (statement.registry.clone(), statement.key, statement.version)
}
