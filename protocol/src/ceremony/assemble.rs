//! From a plan and contributions to the genesis: a pure function, whatever order they come in.
//!
//! What does not fit is named by its place among the contributions and its line, so that whoever assembles
//! can say whose file is wrong and where.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{Contribution, FoundingPlan};
use crate::{
    agency::ProvenKey,
    genesis::{BadGenesis, Genesis},
    key::{KeyError, Possession, PublicKey},
    name::{AgencyName, ClerkName, RegistryName},
    text,
};

/// Where a key stands among contributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// Place of the contribution, from 0.
    pub at: usize,
    /// Number of the line in it.
    pub line: usize,
    /// Purpose that the key is given for.
    pub purpose: &'static str,
    /// Holder that it is given for.
    pub holder: String,
}

/// Why a contribution does not fit its plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ContributionTrouble {
    /// It was made for another plan.
    #[error("it is for another plan")]
    OtherPlan,
    /// The plan does not name its agency.
    #[error("the plan does not name {0}")]
    Surplus(AgencyName),
    /// Its signature does not hold: something was changed since.
    #[error("its admin key did not sign this: something was changed since")]
    Altered,
    /// A key that may not be registered, or is not shown to be held.
    #[error("the {purpose} key of {holder}: {error}")]
    Key {
        /// Purpose of the key.
        purpose: &'static str,
        /// Holder of the key.
        holder: String,
        /// Reason of the refusal.
        error: KeyError,
    },
    /// The name of its cosigning key is not within its own name.
    #[error("the name of its cosigning key does not begin with {prefix}")]
    Cosigner {
        /// What it would begin with.
        prefix: String,
    },
    /// A registry whose name does not begin with that of its agency, or that another owns.
    #[error("registry {name} does not begin with {agency}. and belong to it")]
    Registry {
        /// The registry.
        name: RegistryName,
        /// The agency.
        agency: AgencyName,
    },
    /// A clerk of another agency, or for a registry that is not contributed here.
    #[error("clerk {0} is not the agency's own, or may act in a registry that is not")]
    Clerk(ClerkName),
    /// The publisher's key is not in the contribution of the plan's first publisher.
    #[error("it lacks the publisher's key, which {0} makes")]
    PublisherMissing(AgencyName),
    /// A publisher's key in another's contribution.
    #[error("it holds a publisher's key, which {0} makes and nobody else")]
    PublisherSurplus(AgencyName),
}

/// Why plan and contributions make no genesis.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAssembled {
    /// A contribution that does not fit the plan.
    #[error("contribution {at}, line {line}: {trouble}")]
    Contribution {
        /// Its place, from 0.
        at: usize,
        /// Number of the line that it is about.
        line: usize,
        /// What is wrong.
        trouble: ContributionTrouble,
    },
    /// Two contributions of one agency.
    #[error("contributions {first} and {second} are both of {agency}")]
    Doubled {
        /// Place of the first.
        first: usize,
        /// Place of the second.
        second: usize,
        /// Whose they are.
        agency: AgencyName,
        /// First line in which they differ; none if they are the same.
        differ: Option<usize>,
    },
    /// One key for two uses.
    #[error("the {} key of {} is also the {} key of {}", .second.purpose, .second.holder, .first.purpose, .first.holder)]
    KeyTwice {
        /// Where it stands first.
        first: Box<KeyPlace>,
        /// Where it stands again.
        second: Box<KeyPlace>,
    },
    /// Agencies whose contribution is not there.
    #[error("the contribution of {} is missing", text::list(.agencies.iter().map(AgencyName::as_str)))]
    Missing {
        /// Who.
        agencies: Vec<AgencyName>,
    },
    /// Each fits, and together they make no genesis.
    #[error(transparent)]
    Genesis(#[from] BadGenesis),
}

/// Checks one contribution by itself: it is for this plan, of one of its agencies, as its admin key signed it; every
/// key is shown to be held, and every name is the agency's own.
///
/// # Errors
///
/// The number of the line that is wrong, and why.
pub fn check_contribution(
    plan: &FoundingPlan,
    contribution: &Contribution,
) -> Result<(), (usize, ContributionTrouble)> {
    let mine = &contribution.statement;
    let name = contribution.agency();
    let line = |start: &str| contribution.line_of(start);
    if contribution.check_signature(&plan.origin).is_err() {
        // Of another network it is also of another plan, which is the plainer word.
        let is_others = mine.plan != plan.hash();
        let (start, trouble) = if is_others {
            ("plan ", ContributionTrouble::OtherPlan)
        } else {
            ("signature ", ContributionTrouble::Altered)
        };
        return Err((line(start), trouble));
    }
    if mine.plan != plan.hash() {
        return Err((line("plan "), ContributionTrouble::OtherPlan));
    }
    if !plan.agencies.contains(name) {
        return Err((line("agency "), ContributionTrouble::Surplus(name.clone())));
    }
    check_publisher(plan, contribution)?;
    let prefix = format!("{}/{name}/", plan.origin);
    if !mine.agency.cosigner.starts_with(&prefix) {
        return Err((line("cosigner "), ContributionTrouble::Cosigner { prefix }));
    }
    check_names(contribution)?;
    for (place, key) in keys(plan, 0, contribution) {
        let claim = Possession {
            origin: plan.origin.as_str(),
            holder: &place.holder,
            purpose: place.purpose,
        };
        key.key
            .check_registrable(&claim, &key.proof)
            .map_err(|error| {
                let (purpose, holder) = (place.purpose, place.holder);
                let trouble = ContributionTrouble::Key {
                    purpose,
                    holder,
                    error,
                };
                (place.line, trouble)
            })?;
    }
    Ok(())
}

/// The publisher's key stands with the plan's first publisher and nowhere else.
fn check_publisher(
    plan: &FoundingPlan,
    contribution: &Contribution,
) -> Result<(), (usize, ContributionTrouble)> {
    let Some(first) = plan.first_publisher() else {
        return Ok(());
    };
    let is_first = contribution.agency() == first;
    match (&contribution.statement.publisher, is_first) {
        (None, true) => {
            let trouble = ContributionTrouble::PublisherMissing(first.clone());
            Err((contribution.line_of("agency "), trouble))
        }
        (Some(_), false) => {
            let trouble = ContributionTrouble::PublisherSurplus(first.clone());
            Err((contribution.line_of("publisher "), trouble))
        }
        (Some(_), true) | (None, false) => Ok(()),
    }
}

/// Registries and clerks are the agency's own.
fn check_names(contribution: &Contribution) -> Result<(), (usize, ContributionTrouble)> {
    let mine = &contribution.statement;
    let agency = contribution.agency();
    let within = format!("{agency}.");
    for registry in &mine.registries {
        let name = &registry.name;
        if registry.owner != *agency || !name.as_str().starts_with(&within) {
            let trouble = ContributionTrouble::Registry {
                name: name.clone(),
                agency: agency.clone(),
            };
            return Err((contribution.line_of(&format!("registry {name} ")), trouble));
        }
    }
    let own: BTreeSet<&RegistryName> = mine.registries.iter().map(|one| &one.name).collect();
    for (clerk, _) in &mine.clerks {
        let name = &clerk.name;
        let is_own = clerk.registries.iter().all(|name| own.contains(name));
        if name.agency() != *agency || !is_own {
            let trouble = ContributionTrouble::Clerk(name.clone());
            return Err((contribution.line_of(&format!("clerk {name} ")), trouble));
        }
    }
    Ok(())
}

/// All keys of a contribution, with where they stand.
fn keys(plan: &FoundingPlan, at: usize, contribution: &Contribution) -> Vec<(KeyPlace, ProvenKey)> {
    let mine = &contribution.statement;
    let place = |start: &str, purpose: &'static str, holder: &str| KeyPlace {
        at,
        line: contribution.line_of(start),
        purpose,
        holder: holder.to_owned(),
    };
    let mut found = Vec::new();
    if let Some(publisher) = mine.publisher {
        let place = place("publisher ", "publisher", plan.origin.as_str());
        found.push((place, publisher));
    }
    for (purpose, key) in mine.agency.keys() {
        let place = place(&format!("{purpose} "), purpose, mine.agency.name.as_str());
        found.push((place, *key));
    }
    for (clerk, proof) in &mine.clerks {
        let name = clerk.name.as_str();
        let (key, proof) = (clerk.key, *proof);
        let place = place(&format!("clerk {name} "), "clerk", name);
        found.push((place, ProvenKey { key, proof }));
    }
    found
}

/// The genesis that follows from a plan and the contributions of all its agencies, in whatever order they are given.
///
/// # Errors
///
/// [`NotAssembled`]: the first contribution that does not fit, two that contradict, or who is missing.
pub fn assemble(
    plan: &FoundingPlan,
    contributions: &[Contribution],
) -> Result<Genesis, NotAssembled> {
    let mut of_agency: BTreeMap<&AgencyName, usize> = BTreeMap::new();
    for (at, contribution) in contributions.iter().enumerate() {
        check_contribution(plan, contribution)
            .map_err(|(line, trouble)| NotAssembled::Contribution { at, line, trouble })?;
        let agency = contribution.agency();
        if let Some(first) = of_agency.insert(agency, at) {
            return Err(NotAssembled::Doubled {
                first,
                second: at,
                agency: agency.clone(),
                differ: contributions
                    .get(first)
                    .and_then(|one| first_difference(one, contribution)),
            });
        }
    }
    let mut seen: BTreeMap<PublicKey, KeyPlace> = BTreeMap::new();
    for (at, contribution) in contributions.iter().enumerate() {
        for (place, key) in keys(plan, at, contribution) {
            if let Some(first) = seen.insert(key.key, place.clone()) {
                return Err(NotAssembled::KeyTwice {
                    first: Box::new(first),
                    second: Box::new(place),
                });
            }
        }
    }
    let missing: Vec<AgencyName> = plan
        .agencies
        .iter()
        .filter(|name| !of_agency.contains_key(name))
        .cloned()
        .collect();
    let publishers = contributions.iter();
    let publisher = publishers.filter_map(|one| one.statement.publisher).next();
    let Some(publisher) = publisher.filter(|_| missing.is_empty()) else {
        return Err(NotAssembled::Missing { agencies: missing });
    };
    let genesis = joined(plan, publisher, contributions);
    // The same check that every node makes.
    Ok(Genesis::parse(genesis.write().as_bytes())?)
}

fn joined(plan: &FoundingPlan, publisher: ProvenKey, contributions: &[Contribution]) -> Genesis {
    let parts = || contributions.iter().map(|one| &one.statement);
    let mut agencies: Vec<_> = parts().map(|part| part.agency.clone()).collect();
    let mut registries: Vec<_> = parts().flat_map(|part| part.registries.clone()).collect();
    let mut clerks: Vec<_> = parts().flat_map(|part| part.clerks.clone()).collect();
    agencies.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    registries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    clerks.sort_unstable_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    Genesis {
        origin: plan.origin.clone(),
        time: plan.time,
        limits: plan.limits,
        recovery_threshold: plan.recovery_threshold,
        publisher,
        agencies,
        registries,
        clerks,
    }
}

/// Number of the first line in which two contributions differ.
fn first_difference(one: &Contribution, other: &Contribution) -> Option<usize> {
    let (one, other) = (one.write(), other.write());
    let (mut these, mut those) = (one.lines(), other.lines());
    let mut line: usize = 1;
    loop {
        match (these.next(), those.next()) {
            (None, None) => return None,
            (this, that) if this != that => return Some(line),
            _ => line = line.saturating_add(1),
        }
    }
}
