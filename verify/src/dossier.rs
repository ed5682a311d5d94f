//! Judging a dossier: each receipt by itself, that each record which is named is there, down to a depth,
//! and that all of it is no older than the first. What a record rests on may have been ended since: its
//! own receipt says so, if it is as new as the first.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    dossier::Dossier,
    entry::Reference,
    hash::{DocumentHash, RecordKey},
    height::{LeafIndex, Version},
    kind::Kind,
    name::RegistryName,
    receipt::Receipt,
};

use crate::{
    check::Check,
    checkpoint::Trusts,
    judgement::Judgement,
    receipt,
    steps::{Failed, Steps},
    unread,
    verdict::Verdict,
};

/// A record of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Number of references from the first receipt to this one; 0 for the first itself.
    pub depth: usize,
    /// Judgement of the receipt.
    pub judgement: Judgement,
    /// `true` if the checkpoint is older than the first's: what became of the record since is hidden.
    pub is_older: bool,
    /// Another version of the same record leads to it: a circle over versions, which is legal.
    pub returns: bool,
    /// Versions that it names and that are not in the dossier, though the depth asks for them.
    pub missing: Vec<Reference>,
    /// Versions that it names and that the depth does not ask for.
    pub beyond: Vec<Reference>,
    /// Versions that it names and that stand behind it in the log: the rules let none of them in.
    pub later: Vec<Reference>,
}

type Place = (RegistryName, RecordKey, Version);

/// A receipt that the first one leads to.
struct Reached<'a> {
    depth: usize,
    receipt: &'a Receipt,
    /// References within the depth whose receipts are there.
    follows: Vec<&'a Reference>,
    missing: Vec<Reference>,
    beyond: Vec<Reference>,
}

/// Reads a dossier, or says what follows from its not being one.
///
/// # Errors
/// A judgement without facts: cannot decide for a file of another kind or a re-written one, else proof broken.
pub fn read(bytes: &[u8]) -> Result<Dossier, Box<Judgement>> {
    Dossier::parse(bytes).map_err(|error| {
        let mut steps = Steps::default();
        let reads = |bytes: &[u8]| Dossier::parse(bytes).is_ok();
        let asked = (Check::DossierFormat, Kind::Dossier);
        let Failed(verdict) = unread::failed(&mut steps, asked, bytes, error, reads);
        Box::new(Judgement {
            verdict,
            steps: steps.0,
            facts: None,
        })
    })
}

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
    let reached = reach(dossier, depth_max);
    let judgements: Vec<Judgement> = reached
        .iter()
        .map(|one| {
            let document = document.filter(|_| one.depth == 0);
            receipt::judge_read(trusts, one.receipt, document)
        })
        .collect();
    let indices: BTreeMap<Place, LeafIndex> = reached
        .iter()
        .zip(&judgements)
        .filter_map(|(one, its)| Some((place(one.receipt), its.facts.as_ref()?.index)))
        .collect();
    let first = judgements.first().and_then(|first| first.facts.as_ref());
    let as_of = first.map(|first| first.as_of_height);
    let returns = returns(&reached);
    reached
        .into_iter()
        .zip(judgements)
        .map(|(one, judgement)| {
            let facts = judgement.facts.as_ref();
            let index = facts.map(|facts| facts.index);
            let is_later = |named: &&&Reference| {
                let other = indices.get(&named_place(named));
                other.zip(index).is_some_and(|(other, own)| *other >= own)
            };
            Member {
                depth: one.depth,
                is_older: facts.is_some_and(|facts| Some(facts.as_of_height) < as_of),
                returns: returns.contains(&place(one.receipt)),
                later: one
                    .follows
                    .iter()
                    .filter(is_later)
                    .copied()
                    .cloned()
                    .collect(),
                missing: one.missing,
                beyond: one.beyond,
                judgement,
            }
        })
        .collect()
}

/// The gravest of all: a record stands no better than what it rests on, and what is missing or too old
/// cannot be decided.
#[must_use]
pub fn verdict(members: &[Member]) -> Verdict {
    let all = members.iter().flat_map(|member| {
        let undecided = member.is_older || !member.missing.is_empty();
        [
            Some(member.judgement.verdict),
            undecided.then_some(Verdict::CannotDecide),
            (!member.later.is_empty()).then_some(Verdict::ProofBroken),
        ]
    });
    all.flatten().fold(Verdict::Authentic, Verdict::graver)
}

/// Whatever the first leads to, each once, the nearest first: circles end where they began.
fn reach(dossier: &Dossier, depth_max: usize) -> Vec<Reached<'_>> {
    let by_place: BTreeMap<Place, &Receipt> = dossier
        .receipts
        .iter()
        .rev()
        .filter(|receipt| !receipt.entry.statement.operation.is_attestation())
        .map(|receipt| (place(receipt), receipt))
        .collect();
    let mut reached: Vec<Reached<'_>> = Vec::new();
    let mut seen: BTreeSet<Place> = BTreeSet::new();
    let first = dossier.receipts.first();
    let mut ahead: Vec<(usize, &Receipt)> = first.map(|one| (0, one)).into_iter().collect();
    let mut at = 0_usize;
    while let Some((depth, receipt)) = ahead.get(at).copied() {
        at = at.saturating_add(1);
        if !seen.insert(place(receipt)) {
            continue;
        }
        let mut one = Reached {
            depth,
            receipt,
            follows: Vec::new(),
            missing: Vec::new(),
            beyond: Vec::new(),
        };
        for reference in &receipt.entry.statement.references {
            match by_place.get(&named_place(reference)) {
                _ if depth >= depth_max => one.beyond.push(reference.clone()),
                Some(found) => {
                    ahead.push((depth.saturating_add(1), found));
                    one.follows.push(reference);
                }
                None => one.missing.push(reference.clone()),
            }
        }
        reached.push(one);
    }
    reached
}

/// The places to which another version of the same record leads, or they themselves do.
fn returns(reached: &[Reached<'_>]) -> BTreeSet<Place> {
    let leads_to: BTreeMap<Place, &[&Reference]> = reached
        .iter()
        .map(|one| (place(one.receipt), one.follows.as_slice()))
        .collect();
    let mut found = BTreeSet::new();
    for start in leads_to.keys() {
        let mut seen: BTreeSet<Place> = BTreeSet::new();
        let mut ahead = vec![start.clone()];
        while let Some(here) = ahead.pop() {
            for named in leads_to.get(&here).copied().unwrap_or_default() {
                let next = named_place(named);
                if seen.insert(next.clone()) {
                    ahead.push(next);
                }
            }
        }
        let (registry, key, _) = start;
        let same = seen.into_iter();
        found.extend(same.filter(|(other, its, _)| other == registry && its == key));
    }
    found
}

fn place(receipt: &Receipt) -> Place {
    let statement = &receipt.entry.statement;
    (statement.registry.clone(), statement.key, statement.version)
}

fn named_place(reference: &Reference) -> Place {
    (reference.registry.clone(), reference.key, reference.version)
}
