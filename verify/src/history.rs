//! Judging the complete history of a record, or the proof that there is none.
//!
//! The index says where the newest version stands; each version names the one before. A version that
//! is left out, put in or moved breaks the chain.

mod facts;

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    chain_id::NotSigned,
    entry::{Authorship, Entry, EntryRef, Operation},
    hash::RecordKey,
    height::Version,
    history::History,
    key::{BadSignature, PublicKey},
    kind::Kind,
    merkle,
    name::{ClerkName, RegistryName},
    policy::TrustPolicy,
    state::{ClerkState, RecordState, RecordStatus, value_hash},
};

use crate::{
    check::Check,
    checkpoint::{self, Trusted, Trusts},
    judgement::Judgement,
    place,
    steps::{Failed, Steps},
    unread,
    verdict::Verdict,
};

pub use self::facts::{HistoryFacts, ProvenVersion};

/// Judges what a node says is the history of `key` in `registry`, in one piece.
#[must_use]
pub fn judge(
    trust: &TrustPolicy,
    history: &[u8],
    registry: &RegistryName,
    key: &RecordKey,
) -> Judgement<HistoryFacts> {
    judge_pages(trust, &[history], registry, key)
}

/// Judges a history that came in pages, newest versions first. The checkpoint of the first page is that
/// of the verdict; the later ones prove their authors under checkpoints of their own.
#[must_use]
pub fn judge_pages(
    trust: &TrustPolicy,
    pages: &[impl AsRef<[u8]>],
    registry: &RegistryName,
    key: &RecordKey,
) -> Judgement<HistoryFacts> {
    let mut steps = Steps::default();
    let mut facts = None;
    let verdict = walk(&mut steps, trust, pages, (registry, key), &mut facts)
        .unwrap_or_else(|Failed(verdict)| verdict);
    Judgement {
        verdict,
        steps: steps.0,
        facts,
    }
}

/// One page with what was proven of it.
struct JudgedPage {
    trusted: Trusted,
    history: History,
    versions: Vec<ProvenVersion>,
}

fn walk(
    steps: &mut Steps,
    trust: &TrustPolicy,
    bytes: &[impl AsRef<[u8]>],
    (registry, key): (&RegistryName, &RecordKey),
    facts: &mut Option<HistoryFacts>,
) -> Result<Verdict, Failed> {
    let mut chain = Chain::default();
    let mut pages: Vec<JudgedPage> = Vec::new();
    for page in bytes {
        let page = page.as_ref();
        let history = History::parse(page).map_err(|error| {
            let reads = |bytes: &[u8]| History::parse(bytes).is_ok();
            let asked = (Check::HistoryFormat, Kind::History);
            unread::failed(steps, asked, page, error, reads)
        })?;
        steps.held(Check::HistoryFormat);
        let asked = history.registry == *registry && history.key == *key;
        steps.require(Check::RecordAsked, asked)?;
        let (trusts, head) = (Trusts::from(trust), &history.head);
        let trusted = checkpoint::trusted(steps, trusts, &history.checkpoint, head, None)?;
        checkpoint::head(steps, trusts, &trusted, head)?;
        let root = &history.head.leaf.index;
        let index_key = RecordState::index_key(registry, key);
        let Some((state, entries)) = &history.record else {
            let absent = history.record_proof.verify_absent(root, &index_key);
            steps.proof(Check::RecordAbsent, absent)?;
            steps.require(Check::AbsenceInOnePage, bytes.len() == 1)?;
            authors(steps, trusts, &trusted, &history, &[])?;
            *facts = Some(proven(&trusted, &history, None, Vec::new()));
            return Ok(Verdict::NotFound);
        };
        let present =
            history
                .record_proof
                .verify_present(root, &index_key, &value_hash(&state.write()));
        steps.proof(Check::RecordIncluded, present)?;
        if pages.is_empty() {
            chain.expected = Some((state.version, state.place()));
        }
        chain.begins(steps, history.from)?;
        let versions = chain.follow(steps, (registry, key), entries)?;
        pages.push(JudgedPage {
            trusted,
            history,
            versions,
        });
    }
    chain.ends(steps, pages.last())?;
    conclude(steps, Trusts::from(trust), &pages, facts)
}

/// Joins the versions of all pages, and checks that their authors made them.
fn conclude(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    pages: &[JudgedPage],
    facts: &mut Option<HistoryFacts>,
) -> Result<Verdict, Failed> {
    let versions: Vec<&ProvenVersion> = pages.iter().flat_map(|page| &page.versions).collect();
    let first = pages.first();
    let known = first.and_then(|page| Some((page, page.history.record.as_ref()?)));
    let Some((first, (state, _))) = known else {
        return Err(steps.failed(Check::HistoryShown, Verdict::ProofBroken));
    };
    steps.held(Check::ChainComplete {
        versions: versions.len(),
    });
    let walked = story(&versions);
    let author = versions
        .first()
        .map(|version| &version.entry.statement.author);
    let by_author = state.four_eyes().is_none_or(|clerk| Some(clerk) == author);
    let reached = walked == Some((state.status, state.content)) && by_author;
    steps.require(Check::StatusReached, reached)?;
    for page in pages {
        authors(steps, trusts, &page.trusted, &page.history, &page.versions)?;
    }
    let all = pages.iter().flat_map(|page| page.versions.iter().cloned());
    let (trusted, history) = (&first.trusted, &first.history);
    *facts = Some(proven(trusted, history, Some(state.clone()), all.collect()));
    Ok(Verdict::of_status(state.status))
}

/// The walk from the newest version to the first; each is bound by what the one after it names.
#[derive(Default)]
struct Chain {
    /// The version that must come next, and where it stands; none behind the first.
    expected: Option<(Version, EntryRef)>,
    newer: Option<EntryRef>,
}

impl Chain {
    /// Checks that a page begins with the version that is due.
    fn begins(&self, steps: &mut Steps, from: Option<Version>) -> Result<(), Failed> {
        let due = self.expected.map(|(version, _)| version);
        match from {
            None => Ok(()),
            Some(from) if due == Some(from) => Ok(()),
            Some(version) => {
                Err(steps.failed(Check::PageFollows { version }, Verdict::CannotDecide))
            }
        }
    }

    fn follow(
        &mut self,
        steps: &mut Steps,
        (registry, key): (&RegistryName, &RecordKey),
        entries: &[Entry],
    ) -> Result<Vec<ProvenVersion>, Failed> {
        let mut versions: Vec<ProvenVersion> = Vec::with_capacity(entries.len());
        let mut broken = |check| steps.failed(check, Verdict::ProofBroken);
        for entry in entries {
            let Some((version, place)) = self.expected else {
                return Err(broken(Check::ChainEnds));
            };
            let statement = &entry.statement;
            let hash = merkle::leaf_hash(entry.write().as_bytes());
            let fits = statement.registry == *registry
                && statement.key == *key
                && statement.version == version
                && hash == place.hash;
            if !fits {
                return Err(broken(Check::VersionNamed { version }));
            }
            let is_older = |newer: EntryRef| place::precedes(&place, &newer);
            if !self.newer.is_none_or(is_older) {
                return Err(broken(Check::VersionOlder { version }));
            }
            self.newer = Some(place);
            versions.push(ProvenVersion {
                entry: entry.clone(),
                index: place.index,
                hash,
                height: place.height,
                time: place.time,
            });
            self.expected = match (&statement.previous, version.get().checked_sub(1)) {
                (Some(previous), Some(older)) if older > 0 => {
                    Some((Version::new(older), *previous))
                }
                (None, Some(0)) => None,
                _ => return Err(broken(Check::PreviousNamed { version })),
            };
        }
        Ok(versions)
    }

    /// Nothing may be missing below the last page.
    fn ends(&self, steps: &mut Steps, last: Option<&JudgedPage>) -> Result<(), Failed> {
        let Some((version, _)) = self.expected else {
            return Ok(());
        };
        // A page says of itself that it is a part.
        let is_part = last.is_some_and(|page| page.history.from.is_some());
        let verdict = if is_part {
            Verdict::CannotDecide
        } else {
            Verdict::ProofBroken
        };
        Err(steps.failed(Check::NoneMissing { version }, verdict))
    }
}

/// The status to which operations lead, from the first version on; none if one is not allowed.
pub fn status_after(operations: impl IntoIterator<Item = Operation>) -> Option<RecordStatus> {
    let mut status = None;
    for operation in operations {
        let makes_version = !operation.is_attestation();
        status = Some(RecordStatus::after(status, operation).filter(|_| makes_version)?);
    }
    status
}

/// The status and content version to which the versions lead.
fn story(versions: &[&ProvenVersion]) -> Option<(RecordStatus, Version)> {
    let statements = versions.iter().map(|version| &version.entry.statement);
    let status = status_after(statements.clone().rev().map(|said| said.operation))?;
    let content = statements
        .into_iter()
        .find(|said| said.operation.has_content())
        .map_or(Version::ZERO, |said| said.version);
    Some((status, content))
}

/// Every author's key is in the index and made its signatures. An entry of a batch is vouched for by
/// the quorum that let it in; its own receipt proves the signature.
fn authors(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    trusted: &Trusted,
    history: &History,
    versions: &[ProvenVersion],
) -> Result<(), Failed> {
    let shown: Vec<&ClerkName> = history
        .clerks
        .iter()
        .map(|(clerk, _)| &clerk.name)
        .collect();
    let wrote: BTreeSet<&ClerkName> = versions
        .iter()
        .map(|version| &version.entry.statement.author)
        .collect();
    steps.require(Check::AuthorsShown, shown.into_iter().eq(wrote))?;
    let root = &history.head.leaf.index;
    for (clerk, proof) in &history.clerks {
        let key = ClerkState::index_key(&clerk.name);
        let held = proof.verify_present(root, &key, &value_hash(&clerk.write()));
        let clerk = clerk.name.clone();
        steps.proof(Check::AuthorIncluded { clerk }, held)?;
    }
    let keys: BTreeMap<&ClerkName, &PublicKey> = history
        .clerks
        .iter()
        .map(|(clerk, _)| (&clerk.name, &clerk.key))
        .collect();
    for version in versions {
        let statement = &version.entry.statement;
        let (number, author) = (statement.version, &statement.author);
        let Authorship::Signed(signature) = &version.entry.authorship else {
            steps.held(Check::VersionBatched { version: number });
            continue;
        };
        let network = trusts.network_id(steps, trusted)?;
        let held = keys
            .get(author)
            .ok_or(NotSigned::Bad(BadSignature))
            .and_then(|key| statement.check(&network, key, signature));
        let check = Check::VersionSigned {
            version: number,
            clerk: author.clone(),
        };
        steps.proof(check, held)?;
    }
    Ok(())
}

fn proven(
    trusted: &Trusted,
    history: &History,
    state: Option<RecordState>,
    versions: Vec<ProvenVersion>,
) -> HistoryFacts {
    HistoryFacts {
        versions,
        state,
        size: trusted.checkpoint().size,
        as_of_height: history.head.leaf.height,
        as_of_time: history.head.leaf.time,
        cosigners: trusted.cosigners().to_vec(),
    }
}
