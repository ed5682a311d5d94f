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
mod tests {
    use super::{super::Standing, *};

    fn agencies(names: &[&str]) -> BTreeSet<AgencyName> {
        names
            .iter()
            .map(|name| AgencyName::parse(name).unwrap())
            .collect()
    }

    #[test]
    fn a_policy_that_nobody_could_satisfy_is_none() {
        let owner = AgencyName::parse("own").unwrap();
        for (text, fits) in [
            ("1 2 a,b 30", true),
            ("1 1 a,b ever", true),
            ("2 0 none ever", true),
            ("1 3 a,b ever", false),
            ("1 0 a,b ever", false),
            ("1 0 none 30", false),
            ("1 1 none ever", false),
            ("1 1 a,own ever", false),
            ("1 1 a 0", false),
            ("1 1 a 3651", false),
            ("1 0 none ever four-eyes", true),
            ("1 0 none 30 four-eyes", true),
            ("1 2 a,b 30 four-eyes", true),
            ("1 0 a ever four-eyes", false),
            ("1 3 a,b ever four-eyes", false),
            ("1 1 own ever four-eyes", false),
            ("1 0 none 0 four-eyes", false),
            ("1 1 @validators ever", true),
            ("1 2 @validators 30 four-eyes", true),
            ("1 3 @validators ever", false),
            // Whoever is named and has the role counts once.
            ("1 3 @validators,c ever", false),
            ("1 3 @validators,d ever", true),
            ("1 0 @validators ever", false),
            ("1 0 @validators ever four-eyes", false),
            ("1 1 @validators,own ever", false),
        ] {
            let policy = RegistryPolicy::parse(text).unwrap();
            assert_eq!(policy.write(), text);
            let validators = agencies(&["b", "c", "own"]);
            assert_eq!(policy.is_satisfiable(&owner, &validators), fits, "{text}");
        }
        for text in [
            "",
            "1 1 b,a ever",
            "1 1 a,a ever",
            "1 1 a",
            "1 1 a ever 2",
            "01 1 a ever",
            "1 1 a four-eyes",
            "1 1 a ever four-eyes four-eyes",
            "1 1 a ever  four-eyes",
            "1 1 @validators, ever",
            "1 1 @validators,none ever",
            "1 1 a,none ever",
            "1 1 all ever",
            "1 1 validators ever",
            "1 1 a,@validators ever",
            "1 1 @validators,@validators ever",
            "1 1 @validator ever",
        ] {
            assert!(RegistryPolicy::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_role_stands_for_whoever_has_it_when_a_version_is_recorded_but_for_the_owner() {
        let policy = RegistryPolicy::parse("4 2 @validators,d ever").unwrap();
        let author = ClerkName::parse("own/anna").unwrap();
        let asked = |validators: &[&str]| {
            let terms = policy.terms(TimeMs::new(100), &author, &agencies(validators));
            let standing = Standing {
                terms,
                marks: Vec::new(),
            };
            standing.write()
        };
        assert_eq!(asked(&["a", "b", "own"]), " terms 4 2 a,b,d ever");
        assert_eq!(asked(&["a", "d", "e", "own"]), " terms 4 2 a,d,e ever");
        // Too few by now: the terms ask as many as ever.
        assert_eq!(asked(&["own"]), " terms 4 2 d ever");
    }
}
