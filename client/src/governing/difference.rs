//! How a change differs from what is in force: who comes, who goes, whose keys change and who asked for it.
//!
//! Keys of an agency that change without its own word are what whoever signs must see: they may be anybody's.

use protocol::{
    agency::{ProvenAgency, quorum},
    drafting::{AgencyRequest, NodeHealth, NodePoll},
    epoch::Change,
    governance::RulesChange,
    hash::{TrustHash, sha256},
    name::AgencyName,
    state::{Governance, Limits},
};

use super::InForce;

/// Who asked for the lines of an agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The agency, with the admin key in force.
    ByAdmin,
    /// An agency that is new, with the admin key that it brings.
    ByItself,
    /// Whoever holds the keys, and no admin key has signed it.
    Unsigned,
    /// Nobody, as far as the draft shows.
    ByNobody,
}

/// What changes of one agency that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyDifference {
    /// The agency.
    pub name: AgencyName,
    /// Purposes of the keys that change.
    pub keys: Vec<&'static str>,
    /// The address before and after, if it changes.
    pub url: Option<(String, String)>,
    /// Who asked for it.
    pub asked: Asked,
}

/// A set of agencies in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetNumbers {
    /// Number of agencies.
    pub agencies: usize,
    /// Number of them that must agree.
    pub quorum: usize,
    /// Number of them that may fail while the network goes on.
    pub may_fail: usize,
    /// Number of recovery keys that must sign after a disaster.
    pub recovery_threshold: u64,
}

/// How a change of agencies differs from what is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochDifference {
    /// Those who come, and who asked for it.
    pub comes: Vec<(AgencyName, Asked)>,
    /// Those who go.
    pub goes: Vec<AgencyName>,
    /// Those who stay and change.
    pub changes: Vec<AgencyDifference>,
    /// Whether the key for the log's own line changes.
    pub publisher: bool,
    /// The set before and after.
    pub before: SetNumbers,
    /// The set afterwards.
    pub after: SetNumbers,
    /// Hash of the next trust file.
    pub trust: TrustHash,
    /// Nodes of the next set that were well when they were asked.
    pub well: usize,
}

/// How a change of the rules' numbers differs from what is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesDifference {
    /// Version of the rules before and after.
    pub protocol: (u64, u64),
    /// Bounds before and after.
    pub limits: (Limits, Limits),
    /// Waits and quotas before and after.
    pub governance: (Governance, Governance),
}

impl SetNumbers {
    /// So many agencies, of whose recovery keys so many must sign after a disaster.
    #[must_use]
    pub const fn of(agencies: usize, recovery_threshold: u64) -> Self {
        let quorum = quorum(agencies);
        Self {
            agencies,
            quorum,
            may_fail: agencies.saturating_sub(quorum),
            recovery_threshold,
        }
    }
}

impl EpochDifference {
    /// How `change`, for which there are these requests, differs from what is in force.
    #[must_use]
    pub fn of(
        in_force: &InForce,
        change: &Change,
        requests: &[AgencyRequest],
        poll: &NodePoll,
    ) -> Self {
        let next = &change.statement.agencies;
        let stays = |name: &AgencyName| next.iter().any(|agency| agency.name == *name);
        let new = next
            .iter()
            .filter(|agency| in_force.agency(&agency.name).is_none());
        let changes = next.iter().filter_map(|agency| {
            let before = in_force.agency(&agency.name)?;
            changed(before, agency, asked(Some(before), agency, requests))
        });
        let gone = in_force.agencies.iter().map(|agency| &agency.name);
        let well = next
            .iter()
            .filter(|agency| poll.nodes.get(&agency.name) == Some(&NodeHealth::Well));
        Self {
            comes: new
                .map(|agency| (agency.name.clone(), asked(None, agency, requests)))
                .collect(),
            goes: gone.filter(|name| !stays(name)).cloned().collect(),
            changes: changes.collect(),
            publisher: change.statement.publisher.key != in_force.publisher.key,
            before: SetNumbers::of(in_force.agencies.len(), in_force.recovery_threshold),
            after: SetNumbers::of(next.len(), change.statement.recovery_threshold),
            trust: TrustHash::new(sha256(&[change.trust_file.as_bytes()])),
            well: well.count(),
        }
    }

    /// Takes a proposal by `author`, whose signature holds, for its own word on its own lines.
    pub fn asked_by(&mut self, author: &AgencyName) {
        let own = self
            .changes
            .iter_mut()
            .find(|change| change.name == *author);
        if let Some(own) = own {
            own.asked = Asked::ByAdmin;
        }
    }

    /// Returns whether the next set would have a quorum of nodes that were well when they were asked.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.well >= self.after.quorum
    }

    /// Agencies whose keys change, or that come, without their own signed word.
    pub fn unasked(&self) -> impl Iterator<Item = &AgencyName> {
        let is_own = |asked: Asked| matches!(asked, Asked::ByAdmin | Asked::ByItself);
        let new = self.comes.iter();
        let new = new.filter(move |(_, asked)| !is_own(*asked));
        let changed = self.changes.iter();
        let changed = changed.filter(move |it| !it.keys.is_empty() && !is_own(it.asked));
        new.map(|(name, _)| name).chain(changed.map(|it| &it.name))
    }
}

impl RulesDifference {
    /// How `change` differs from what is in force.
    #[must_use]
    pub const fn of(in_force: &InForce, change: &RulesChange) -> Self {
        let (now, next) = (&in_force.state, &change.statement);
        Self {
            protocol: (now.protocol, next.protocol),
            limits: (now.limits, next.limits),
            governance: (now.governance, next.governance),
        }
    }
}

fn changed(before: &ProvenAgency, after: &ProvenAgency, asked: Asked) -> Option<AgencyDifference> {
    let keys = before.keys().into_iter().zip(after.keys());
    let keys: Vec<&'static str> = keys
        .filter(|((_, old), (_, new))| old.key != new.key)
        .map(|((purpose, _), _)| purpose)
        .collect();
    let url = (before.url != after.url).then(|| (before.url.clone(), after.url.clone()));
    (!keys.is_empty() || url.is_some()).then(|| AgencyDifference {
        name: after.name.clone(),
        keys,
        url,
        asked,
    })
}

/// Who asked for these very lines.
fn asked(before: Option<&ProvenAgency>, after: &ProvenAgency, requests: &[AgencyRequest]) -> Asked {
    let mut requests = requests.iter();
    let Some(request) = requests.find(|request| request.statement.agency == *after) else {
        return Asked::ByNobody;
    };
    let (admin, own) = match before {
        Some(before) => (&before.admin.key, Asked::ByAdmin),
        None => (&after.admin.key, Asked::ByItself),
    };
    match request.check_signature(admin) {
        Ok(()) => own,
        Err(_) => Asked::Unsigned,
    }
}
