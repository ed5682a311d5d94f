//! A change made of requests and wishes, out of what is in force. What could not be made is refused before anybody
//! signs it; what only the ledger knows, it refuses when it is proposed.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    agency::{ProvenAgency, ProvenKey},
    drafting::AgencyRequest,
    epoch::{BadChange, Change, ChangeStatement},
    governance::{ProposedChange, RulesChange, RulesStatement},
    name::AgencyName,
    policy::OpenedBy,
    state::{Governance, Limits, value_hash},
    text,
};

use super::{DraftTrouble, InForce};

/// What is wished of the agencies, their keys and the quorum of recovery keys.
#[derive(Clone, Debug, Default)]
pub struct EpochWishes {
    /// Agencies that are to run a validator and do not.
    pub added: Vec<AgencyRequest>,
    /// Agencies that go, each with the one that comes in its place.
    pub replaced: Vec<(AgencyName, AgencyRequest)>,
    /// Agencies that stay, with other keys or another address.
    pub rotated: Vec<AgencyRequest>,
    /// Agencies that go.
    pub removed: Vec<AgencyName>,
    /// Other addresses of agencies that stay.
    pub urls: Vec<(AgencyName, String)>,
    /// Another key for the log's own line.
    pub publisher: Option<ProvenKey>,
    /// Another number of recovery keys that must sign after a disaster.
    pub recovery_threshold: Option<u64>,
}

/// What is wished of the rules' numbers, as `name=number`.
#[derive(Clone, Debug, Default)]
pub struct RuleWishes {
    /// Bounds: `entry-bytes`, `block-entries`, `block-bytes`, `lifetime-heights`.
    pub limits: Vec<String>,
    /// Waits and quotas: `notice-ms`, `horizon-ms`, `ready-ms`, `grace-ms`, `retire-ms`, `return-ms`,
    /// `proposals-a-day`, `ballots`.
    pub governance: Vec<String>,
    /// Another version of the rules.
    pub protocol: Option<u64>,
}

impl EpochWishes {
    /// Returns whether nothing is wished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests().next().is_none()
            && self.removed.is_empty()
            && self.urls.is_empty()
            && self.publisher.is_none()
            && self.recovery_threshold.is_none()
    }

    /// All requests among them.
    pub fn requests(&self) -> impl Iterator<Item = &AgencyRequest> {
        let replaced = self.replaced.iter().map(|(_, request)| request);
        self.added.iter().chain(replaced).chain(&self.rotated)
    }
}

impl RuleWishes {
    /// Returns whether nothing is wished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.governance.is_empty() && self.protocol.is_none()
    }
}

/// The change of agencies that is wished, without approvals.
///
/// # Errors
/// [`DraftTrouble`] names the wish that cannot be fulfilled.
pub fn epoch_change(
    in_force: &InForce,
    wishes: &EpochWishes,
) -> Result<ProposedChange, DraftTrouble> {
    let mut agencies: BTreeMap<AgencyName, ProvenAgency> = in_force
        .agencies
        .iter()
        .map(|agency| (agency.name.clone(), agency.clone()))
        .collect();
    let mut named = BTreeSet::new();
    let mut once = |agency: &AgencyName| match named.insert(agency.clone()) {
        true => Ok(()),
        false => Err(DraftTrouble::Twice(agency.clone())),
    };
    let going = wishes.replaced.iter().map(|(agency, _)| agency);
    for agency in wishes.removed.iter().chain(going) {
        once(agency)?;
        let gone = agencies.remove(agency);
        let _gone = gone.ok_or_else(|| DraftTrouble::RunsNone(agency.clone()))?;
    }
    let coming = wishes.replaced.iter().map(|(_, request)| request);
    for request in wishes.added.iter().chain(coming) {
        let agency = read(in_force, request)?;
        once(&agency.name)?;
        if in_force.agency(&agency.name).is_some() {
            return Err(DraftTrouble::RunsAlready(agency.name.clone()));
        }
        agencies.insert(agency.name.clone(), agency.clone());
    }
    for request in &wishes.rotated {
        let agency = read(in_force, request)?;
        once(&agency.name)?;
        let before = agencies.insert(agency.name.clone(), agency.clone());
        let before = before.ok_or_else(|| DraftTrouble::RunsNone(agency.name.clone()))?;
        if before.cosign.key != agency.cosign.key && before.cosigner == agency.cosigner {
            return Err(DraftTrouble::CosignName {
                agency: agency.name.clone(),
                name: agency.cosigner.clone(),
            });
        }
    }
    for (agency, url) in &wishes.urls {
        once(agency)?;
        let found = agencies.get_mut(agency);
        let found = found.ok_or_else(|| DraftTrouble::RunsNone(agency.clone()))?;
        found.url.clone_from(url);
    }
    let statement = ChangeStatement {
        by: OpenedBy::Agencies,
        epoch: in_force.epoch.next(),
        before: in_force.trust,
        recovery_threshold: wishes
            .recovery_threshold
            .unwrap_or(in_force.recovery_threshold),
        publisher: wishes.publisher.unwrap_or(in_force.publisher),
        agencies: agencies.into_values().collect(),
    };
    finished(in_force, statement)
}

/// The agency of a request for this network, each of whose keys is shown to be held.
fn read<'a>(
    in_force: &InForce,
    request: &'a AgencyRequest,
) -> Result<&'a ProvenAgency, DraftTrouble> {
    let statement = &request.statement;
    if statement.network != in_force.network {
        return Err(DraftTrouble::OtherNetwork {
            agency: statement.agency.name.clone(),
            origin: statement.network.origin.to_string(),
        });
    }
    statement.check_keys().map_err(DraftTrouble::Key)?;
    Ok(&statement.agency)
}

fn finished(
    in_force: &InForce,
    statement: ChangeStatement,
) -> Result<ProposedChange, DraftTrouble> {
    let is_same = statement.agencies == in_force.agencies
        && statement.publisher == in_force.publisher
        && statement.recovery_threshold == in_force.recovery_threshold;
    if is_same {
        return Err(DraftTrouble::Nothing);
    }
    let change = Change {
        trust_file: statement.trust_file(&in_force.network),
        approvals: Vec::new(),
        statement,
    };
    // What is written must be read again by everybody: an address may have what no format takes.
    let read = Change::parse(change.write().as_bytes()).ok();
    let read = read
        .filter(|read| *read == change)
        .ok_or(DraftTrouble::Change(BadChange::WrongTrustFile))?;
    read.check(&in_force.network, in_force.epoch, &in_force.trust)
        .map_err(DraftTrouble::Change)?;
    Ok(ProposedChange::Epoch(Box::new(read)))
}

/// The change of the rules' numbers that is wished, without approvals.
///
/// # Errors
/// [`DraftTrouble`] names the number that is none, or out of its bounds.
pub fn rules_change(
    in_force: &InForce,
    wishes: &RuleWishes,
) -> Result<ProposedChange, DraftTrouble> {
    let state = &in_force.state;
    let (mut limits, mut governance) = (state.limits, state.governance);
    for given in &wishes.limits {
        let (place, number) = wished(given, |name| limit(&mut limits, name))?;
        *place = number;
    }
    for given in &wishes.governance {
        let (place, number) = wished(given, |name| wait_or_quota(&mut governance, name))?;
        *place = number;
    }
    if !limits.is_sensible() || !governance.is_sensible() {
        return Err(DraftTrouble::OutOfBounds);
    }
    let (now, wished) = (state.protocol, wishes.protocol.unwrap_or(state.protocol));
    if wished != now && Some(wished) != now.checked_add(1) {
        return Err(DraftTrouble::Protocol { wished, now });
    }
    if (limits, governance, wished) == (state.limits, state.governance, now) {
        return Err(DraftTrouble::Nothing);
    }
    let statement = RulesStatement {
        before: value_hash(&state.write()),
        protocol: wished,
        limits,
        governance,
    };
    Ok(ProposedChange::Rules(RulesChange {
        statement,
        approvals: Vec::new(),
    }))
}

fn wished<'a>(
    given: &str,
    place: impl FnOnce(&str) -> Option<&'a mut u64>,
) -> Result<(&'a mut u64, u64), DraftTrouble> {
    let found = given.split_once('=').and_then(|(name, number)| {
        let number = text::number(number.trim())?;
        Some((place(name.trim())?, number))
    });
    found.ok_or_else(|| DraftTrouble::Number {
        given: given.to_owned(),
    })
}

fn limit<'a>(limits: &'a mut Limits, name: &str) -> Option<&'a mut u64> {
    Some(match name {
        "entry-bytes" => &mut limits.entry_bytes,
        "block-entries" => &mut limits.block_entries,
        "block-bytes" => &mut limits.block_bytes,
        "lifetime-heights" => &mut limits.lifetime_heights,
        _ => return None,
    })
}

fn wait_or_quota<'a>(governance: &'a mut Governance, name: &str) -> Option<&'a mut u64> {
    Some(match name {
        "notice-ms" => &mut governance.notice_ms,
        "horizon-ms" => &mut governance.horizon_ms,
        "ready-ms" => &mut governance.ready_ms,
        "grace-ms" => &mut governance.grace_ms,
        "retire-ms" => &mut governance.retire_ms,
        "return-ms" => &mut governance.return_ms,
        "proposals-a-day" => &mut governance.proposals_a_day,
        "ballots" => &mut governance.ballots,
        _ => return None,
    })
}
