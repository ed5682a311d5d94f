//! A registry's policy: whose confirmations make a version of its records effective, as the owner sets it.
//!
//! Not here: what a version of a given day is asked (`Terms`), and whether the ledger takes the policy
//! (`ledger::rules::act`).

use std::collections::BTreeSet;

use super::{FOUR_EYES, Terms};
use crate::{
    agency::AGENCIES_MAX,
    height::TimeMs,
    name::{AgencyName, ClerkName},
    text,
};

/// The longest window that a policy may give, in days.
pub const WITHIN_DAYS_MAX: u64 = 3650;
/// The role of whoever runs a validator; no agency can have such a name.
pub const VALIDATORS: &str = "@validators";
pub(super) const DAY_MS: u64 = 86_400_000;

/// The policy of a registry: the confirmations that make a version of its records effective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPolicy {
    /// Number of the policy: 1 is the registry's first.
    pub version: u64,
    /// Number of agencies that must confirm; 0 if no more confirmation is due.
    pub needed: u64,
    /// Agencies whose confirmations count.
    pub agencies: BTreeSet<AgencyName>,
    /// `true` if the agencies that run a validator when a version is recorded count, too.
    pub validators: bool,
    /// In how many days after the version; none for no end.
    pub within_days: Option<u64>,
    /// `true` if a second clerk of the owner must confirm too.
    pub four_eyes: bool,
}

impl RegistryPolicy {
    /// `<version> <needed> <agencies|none> <days|ever>`, and ` four-eyes` if that is asked; the role stands
    /// before the agencies.
    #[must_use]
    pub fn write(&self) -> String {
        let role = self.validators.then_some(VALIDATORS);
        let named = self.agencies.iter().map(AgencyName::as_str);
        let names = text::list(role.into_iter().chain(named));
        let within = self
            .within_days
            .map_or_else(|| "ever".to_owned(), |days| days.to_string());
        let names = if names.is_empty() { "none" } else { &names };
        let four_eyes = if self.four_eyes { FOUR_EYES } else { "" };
        let Self {
            version, needed, ..
        } = self;
        format!("{version} {needed} {names} {within}{four_eyes}")
    }

    /// Reads what `write` writes.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (value_before, four_eyes) = value
            .strip_suffix(FOUR_EYES)
            .map_or((value, false), |before| (before, true));
        let words: Vec<&str> = value_before.split(' ').collect();
        let [version, needed, names, within] = words.as_slice() else {
            return None;
        };
        let (validators, names) = match names.strip_prefix(VALIDATORS) {
            Some("") => (true, "none"),
            Some(rest) => (true, rest.strip_prefix(',')?),
            None => (false, *names),
        };
        let policy = Self {
            version: text::number(version)?,
            needed: text::number(needed)?,
            agencies: match names {
                "none" => BTreeSet::new(),
                names => text::read_list(names, AgencyName::parse)?,
            },
            validators,
            within_days: match *within {
                "ever" => None,
                days => Some(text::number(days)?),
            },
            four_eyes,
        };
        (policy.write() == value).then_some(policy)
    }

    /// Returns whether the policy asks anything of a version.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.needed > 0 || self.four_eyes
    }

    /// Agencies whose confirmations count while those run the validators: never the owner's, whatever role it has.
    #[must_use]
    pub fn asked(
        &self,
        owner: &AgencyName,
        validators: &BTreeSet<AgencyName>,
    ) -> BTreeSet<AgencyName> {
        let by_role = validators
            .iter()
            .filter(|name| self.validators && *name != owner);
        self.agencies.iter().chain(by_role).cloned().collect()
    }

    /// Returns whether the policy could be satisfied while those run the validators: by agencies other
    /// than the owner, and by clerks of the owner.
    #[must_use]
    pub fn is_satisfiable(&self, owner: &AgencyName, validators: &BTreeSet<AgencyName>) -> bool {
        let others = u64::try_from(self.asked(owner, validators).len()).unwrap_or(u64::MAX);
        let bounded = self.agencies.len() <= AGENCIES_MAX
            && self
                .within_days
                .is_none_or(|days| (1..=WITHIN_DAYS_MAX).contains(&days));
        let nobody = self.agencies.is_empty() && !self.validators;
        if !self.asks() {
            return nobody && self.within_days.is_none();
        }
        let nobody_in_vain = self.needed > 0 || nobody;
        bounded && nobody_in_vain && self.needed <= others && !self.agencies.contains(owner)
    }

    /// Confirmations asked of a version that `author` recorded at `time`, while those ran the validators; none
    /// if no confirmation is due. A role that fewer have by now than are needed lowers nothing: the version
    /// waits, as it says, for confirmations that cannot come, until the owner sets another policy.
    #[must_use]
    pub fn terms(
        &self,
        time: TimeMs,
        author: &ClerkName,
        validators: &BTreeSet<AgencyName>,
    ) -> Option<Terms> {
        self.asks().then(|| Terms {
            policy: self.version,
            needed: self.needed,
            agencies: self.asked(&author.agency(), validators),
            until: self
                .within_days
                .map(|days| TimeMs::new(time.get().saturating_add(days.saturating_mul(DAY_MS)))),
            four_eyes: self.four_eyes.then(|| author.clone()),
        })
    }
}

#[cfg(test)]
mod tests;
