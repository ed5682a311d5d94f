//! Judging the complete history of a record, or the proof that there is none.
//!
//! The index says where the newest version stands; each version names the one before. A version that
//! is left out, put in or moved breaks the chain.

mod facts;

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    entry::{Authorship, Entry, Operation, Previous},
    hash::RecordKey,
    height::Version,
    history::History,
    key::{self, BadSignature, PublicKey},
    merkle,
    name::{ClerkName, RegistryName},
    policy::TrustPolicy,
    state::{ClerkState, RecordState, Status, value_hash},
};

use crate::{
    checkpoint::{self, Trusted, Trusts},
    place,
    steps::{Failed, Step, Steps},
    verdict::Verdict,
};

pub use self::facts::{Facts, ProvenVersion};

/// What is said of a history, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict on the record as of the checkpoint.
    pub verdict: Verdict,
    /// The checks in their order.
    pub steps: Vec<Step>,
    /// What is proven; none if a proof is broken.
    pub facts: Option<Facts>,
}

/// Judges what a node says is the history of `key` in `registry`.
#[must_use]
pub fn judge(
    trust: &TrustPolicy,
    history: &[u8],
    registry: &RegistryName,
    key: &RecordKey,
) -> Judgement {
    let mut steps = Steps::default();
    let mut facts = None;
    let verdict = walk(&mut steps, trust, history, (registry, key), &mut facts)
        .unwrap_or_else(|Failed(verdict)| verdict);
    Judgement {
        verdict,
        steps: steps.0,
        facts,
    }
}

fn walk(
    steps: &mut Steps,
    trust: &TrustPolicy,
    bytes: &[u8],
    (registry, key): (&RegistryName, &RecordKey),
    facts: &mut Option<Facts>,
) -> Result<Verdict, Failed> {
    let history = steps.proof("format", "a history of version 1", History::parse(bytes))?;
    let asked = history.registry == *registry && history.key == *key;
    steps.require(
        "question",
        asked,
        "it is of the record that was asked about",
    )?;
    let (trusts, head) = (Trusts::from(trust), &history.head);
    let trusted = checkpoint::trusted(steps, trusts, &history.checkpoint, head, None)?;
    checkpoint::head(steps, trusts, &trusted, head)?;
    let root = &history.head.leaf.index;
    let index_key = RecordState::index_key(registry, key);
    let Some((state, entries)) = &history.record else {
        let absent = history.record_proof.verify_absent(root, &index_key);
        steps.proof("record", "the index has no such record", absent)?;
        authors(steps, &trusted, &history, &[])?;
        *facts = Some(proven(&trusted, &history, None, Vec::new()));
        return Ok(Verdict::NotFound);
    };
    let present =
        history
            .record_proof
            .verify_present(root, &index_key, &value_hash(&state.write()));
    steps.proof("record", "the record's state is in the index", present)?;
    let versions = chain(steps, (registry, key), state, entries)?;
    steps.held(
        "chain",
        format!(
            "{} versions, down to the first, none left out",
            versions.len()
        ),
    );
    let walked = story(&versions);
    let author = entries.first().map(|entry| &entry.statement.author);
    let by_author = state.four_eyes().is_none_or(|clerk| Some(clerk) == author);
    steps.require(
        "story",
        walked == Some((state.status, state.content)) && by_author,
        "the versions lead to the record's status",
    )?;
    authors(steps, &trusted, &history, &versions)?;
    *facts = Some(proven(&trusted, &history, Some(state.clone()), versions));
    Ok(match state.status {
        Status::Active => Verdict::Authentic,
        Status::Suspended => Verdict::Suspended,
        Status::Revoked => Verdict::Revoked,
    })
}

/// Walks from the newest version to the first; each is bound by what the one after it names.
fn chain(
    steps: &mut Steps,
    (registry, key): (&RegistryName, &RecordKey),
    state: &RecordState,
    entries: &[Entry],
) -> Result<Vec<ProvenVersion>, Failed> {
    let mut expected = Some((state.version, state.place()));
    let mut newer: Option<Previous> = None;
    let mut versions: Vec<ProvenVersion> = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some((version, place)) = expected else {
            return Err(steps.failed(
                "chain",
                Verdict::ProofBroken,
                "there is a version below the first",
            ));
        };
        let statement = &entry.statement;
        let hash = merkle::leaf_hash(entry.write().as_bytes());
        let fits = statement.registry == *registry
            && statement.key == *key
            && statement.version == version
            && hash == place.hash;
        if !fits {
            return Err(steps.failed(
                "chain",
                Verdict::ProofBroken,
                format!("version {version} is not the one that the log names"),
            ));
        }
        if newer.is_some_and(|newer| !place::precedes(&place, &newer)) {
            return Err(steps.failed(
                "chain",
                Verdict::ProofBroken,
                format!("version {version} is not older than the next"),
            ));
        }
        newer = Some(place);
        versions.push(ProvenVersion {
            entry: entry.clone(),
            index: place.index,
            hash,
            height: place.height,
            time: place.time,
        });
        expected = match (&statement.previous, version.get().checked_sub(1)) {
            (Some(previous), Some(older)) if older > 0 => Some((Version::new(older), *previous)),
            (None, Some(0)) => None,
            _ => {
                return Err(steps.failed(
                    "chain",
                    Verdict::ProofBroken,
                    format!("version {version} does not name the one before"),
                ));
            }
        };
    }
    match expected {
        None => Ok(versions),
        Some((version, _)) => Err(steps.failed(
            "chain",
            Verdict::ProofBroken,
            format!("version {version} and all before it are missing"),
        )),
    }
}

/// The status to which operations lead, from the first version on; none if one is not allowed.
pub fn status_after(operations: impl IntoIterator<Item = Operation>) -> Option<Status> {
    let mut status = None;
    for operation in operations {
        status = Some(match (status, operation) {
            (None, Operation::Register)
            | (Some(Status::Active), Operation::Amend | Operation::Correct)
            | (Some(Status::Suspended), Operation::Reinstate) => Status::Active,
            (Some(Status::Active), Operation::Suspend)
            | (Some(Status::Suspended), Operation::Correct) => Status::Suspended,
            (Some(Status::Active | Status::Suspended), Operation::Revoke) => Status::Revoked,
            _ => return None,
        });
    }
    status
}

/// The status and content version to which the versions lead.
fn story(versions: &[ProvenVersion]) -> Option<(Status, Version)> {
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
    steps.require(
        "clerk",
        shown.into_iter().eq(wrote),
        "every author is shown, by name, and nobody else",
    )?;
    let root = &history.head.leaf.index;
    for (clerk, proof) in &history.clerks {
        let key = ClerkState::index_key(&clerk.name);
        let held = proof.verify_present(root, &key, &value_hash(&clerk.write()));
        steps.proof(
            "clerk",
            format!("the key of {} is in the index", clerk.name),
            held,
        )?;
    }
    let keys: BTreeMap<&ClerkName, &PublicKey> = history
        .clerks
        .iter()
        .map(|(clerk, _)| (&clerk.name, &clerk.key))
        .collect();
    let origin = &trusted.checkpoint().origin;
    for version in versions {
        let statement = &version.entry.statement;
        let (number, author) = (statement.version, &statement.author);
        let Authorship::Signed(signature) = &version.entry.authorship else {
            let detail = format!("version {number} is by batch, proven by its receipt");
            steps.held("signature", detail);
            continue;
        };
        let held = keys
            .get(author)
            .ok_or(BadSignature)
            .and_then(|key| key::verify(key, &statement.message(origin), signature));
        let detail = format!("version {number} is signed by {author}");
        steps.proof("signature", detail, held)?;
    }
    Ok(())
}

fn proven(
    trusted: &Trusted,
    history: &History,
    state: Option<RecordState>,
    versions: Vec<ProvenVersion>,
) -> Facts {
    Facts {
        versions,
        state,
        size: trusted.checkpoint().size,
        as_of_height: history.head.leaf.height,
        as_of_time: history.head.leaf.time,
        cosigners: trusted.cosigners().to_vec(),
    }
}
