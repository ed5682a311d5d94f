//! Policies of registries: whose confirmations make their versions effective, now and before.

use messages::counted;
use protocol::{name::AgencyName, standing::RegistryPolicy};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    CommandView, Line,
    auditor::basis::{Basis, Place},
    line::texts,
    shown::ShownTime,
};

const ROLE: &str = "those that run a validator when it is recorded";

/// What a registry asks of its versions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyTerms {
    /// Number of the policy, from 1.
    pub number: u64,
    /// How many must confirm.
    pub needed: u64,
    /// Within how many days, if there is an end.
    pub within_days: Option<u64>,
    /// Agencies by name of which they may be.
    pub agencies: Vec<String>,
    /// Whether all that run a validator when a version is recorded are among them.
    pub validators: bool,
    /// Whether a second clerk of the owner must confirm.
    pub four_eyes: bool,
}

impl From<&RegistryPolicy> for PolicyTerms {
    fn from(policy: &RegistryPolicy) -> Self {
        Self {
            number: policy.version,
            needed: policy.needed,
            within_days: policy.within_days,
            agencies: policy.agencies.iter().map(AgencyName::to_string).collect(),
            validators: policy.validators,
            four_eyes: policy.four_eyes,
        }
    }
}

impl PolicyTerms {
    /// What it asks; none if it asks nothing.
    fn asked(&self) -> Option<String> {
        if self.needed == 0 && !self.four_eyes {
            return None;
        }
        let role = self.validators.then_some(ROLE);
        let named = self.agencies.iter().map(String::as_str);
        let names: Vec<_> = role.into_iter().chain(named).collect();
        let others = (self.needed > 0).then(|| format!("{} of {}", self.needed, names.join(", ")));
        let second = self
            .four_eyes
            .then(|| "a second clerk of the agency".to_owned());
        let whom: Vec<String> = others.into_iter().chain(second).collect();
        let within = self.within_days.map_or_else(String::new, |days| {
            format!(" within {}", counted(days, "day", "days"))
        });
        Some(format!(
            "a version is effective once {} confirm it{within}",
            whom.join(" and ")
        ))
    }
}

/// What is asked of a version.
#[must_use]
pub fn in_words(policy: Option<&PolicyTerms>) -> String {
    let asked = policy.and_then(|policy| Some((policy.number, policy.asked()?)));
    asked.map_or_else(
        || "no confirmation is asked for".to_owned(),
        |(number, asked)| format!("policy {number}: {asked}"),
    )
}

/// `muhr registry policy show`: a registry as it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RegistryView {
    /// Its name.
    pub registry: String,
    /// The agency that owns it.
    pub owner: String,
    /// Its policy, if it has one.
    pub policy: Option<PolicyTerms>,
    /// As of which block that is so.
    pub as_of_height: u64,
    /// When that block was.
    pub as_of_time: ShownTime,
}

impl CommandView for RegistryView {
    const SCHEMA: &'static str = "muhr/registry/1";

    fn lines(&self) -> Vec<Line> {
        let (height, time) = (self.as_of_height, self.as_of_time.local());
        texts([
            format!("{} of {}", self.registry, self.owner),
            format!("  {}", in_words(self.policy.as_ref())),
            format!("  as of block {height}, {time}"),
        ])
    }
}

/// A policy that was set.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SetPolicy {
    /// Where its act stands in the log.
    pub place: Place,
    /// The policy.
    pub policy: PolicyTerms,
}

/// `muhr registry policy show --history`: every policy that a registry has had.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyHistoryView {
    /// What this rests on.
    pub basis: Basis,
    /// The registry.
    pub registry: String,
    /// The agency that owns it.
    pub owner: String,
    /// Its policies, the first first.
    pub policies: Vec<SetPolicy>,
}

impl CommandView for PolicyHistoryView {
    const SCHEMA: &'static str = "muhr/policy-history/1";

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![format!("{} of {}", self.registry, self.owner)];
        for SetPolicy { place, policy } in &self.policies {
            let nothing = || "no confirmation is asked for any more".to_owned();
            let asked = policy.asked().unwrap_or_else(nothing);
            lines.push(format!("  policy {}: {asked}", policy.number));
            lines.push(format!("    {}", place.words()));
        }
        if self.policies.is_empty() {
            lines.push("  it has never had a policy: no confirmation is asked for".to_owned());
        }
        lines.push(format!("  {}", self.basis.words()));
        texts(lines)
    }
}
