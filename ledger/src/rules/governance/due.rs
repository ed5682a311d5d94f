//! What is due: which proposals end when a block of a time begins, and which change must then be made.
//!
//! A pure function of the state before the block and the block's time, so every node comes to the same
//! bytes from its own log, and nobody hands a change around.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    agency::quorum,
    governance::{ChangeProposal, ProposedChange, ReadyFor},
    hash::EntryId,
    height::TimeMs,
    key::Signature,
    name::AgencyName,
    planted::{self, Bug},
    state::ProposalEnd,
};

use crate::{directory::Directory, rules::change};

/// A change that a block must make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueChange {
    /// The agency that proposed it.
    pub author: AgencyName,
    /// The proposal.
    pub proposal: EntryId,
    /// The change with all approvals, by name.
    pub change: ProposedChange,
}

/// What is due when a block begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Proposals that end without their change, by their authors.
    pub ended: Vec<(AgencyName, ProposalEnd)>,
    /// The change that the block must make, alone.
    pub change: Option<DueChange>,
}

/// Votes about one proposal by the agencies that run the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BallotTally {
    /// Approvals, by name.
    pub approvals: BTreeMap<AgencyName, Signature>,
    /// Number of agencies against it.
    pub against: usize,
}

/// What is due in a block of `time`. Two changes that are due at once are made one block after another,
/// the earlier opening first; the second is judged anew.
#[must_use]
pub fn due(directory: &Directory, time: TimeMs) -> Due {
    let opening = |(_, proposal): &(EntryId, &ChangeProposal)| {
        let opens = proposal.statement.opens;
        let early = planted::is(Bug::OpensEarly) && opens.get() <= time.get().saturating_add(1000);
        opens <= time || early
    };
    let mut proposals: Vec<_> = directory
        .open_proposals()
        .filter(opening)
        .map(|(id, proposal)| (proposal.statement.opens, id, proposal))
        .collect();
    proposals.sort_by_key(|(opens, id, _)| (*opens, *id));
    let mut due = Due::default();
    for (_, id, proposal) in proposals {
        let author = proposal.statement.author.clone();
        match judge(directory, &id, proposal, time) {
            Ok(change) => {
                due.change = Some(DueChange {
                    author,
                    proposal: id,
                    change,
                });
                break;
            }
            Err(end) => due.ended.push((author, end)),
        }
    }
    due
}

/// Whether a block of `time` must make a change, whatever else waits.
#[must_use]
pub fn change_is_due(directory: &Directory, time: TimeMs) -> bool {
    due(directory, time).change.is_some()
}

/// The change of a proposal that is due, or how it ends.
fn judge(
    directory: &Directory,
    id: &EntryId,
    proposal: &ChangeProposal,
    time: TimeMs,
) -> Result<ProposedChange, ProposalEnd> {
    let statement = &proposal.statement;
    let network = directory.network();
    let grace = network.governance.grace_ms;
    if time.get() > statement.opens.get().saturating_add(grace) {
        return Err(ProposalEnd::TooLate);
    }
    change::judge_unapproved(directory, &statement.change).map_err(|_| ProposalEnd::Overtaken)?;
    let tally = directory.tally(id);
    if tally.approvals.len() < quorum(network.validators.len()) {
        return Err(ProposalEnd::TooFew);
    }
    if !planted::is(Bug::ReadyNotAsked) {
        ready(directory, id, proposal)?;
    }
    Ok(statement.change.with_approvals(tally.approvals))
}

/// A quorum of the set in force, which must cosign the block of the change, and one of the set that
/// would begin, with all that are new to it, must have said that their keys are at hand.
fn ready(
    directory: &Directory,
    id: &EntryId,
    proposal: &ChangeProposal,
) -> Result<(), ProposalEnd> {
    let statement = &proposal.statement;
    let network = directory.network();
    let protocol = match &statement.change {
        ProposedChange::Rules(rules) => rules.statement.protocol,
        ProposedChange::Epoch(_) => network.protocol,
    };
    let said = |agency: &AgencyName, ready_for: ReadyFor| {
        let mark = directory.ready(&statement.author, agency, ready_for);
        mark.is_some_and(|mark| {
            let (low, high) = mark.protocols;
            mark.proposal == *id && (low..=high).contains(&protocol)
        })
    };
    let present = network.validators.iter();
    let present = present.filter(|name| said(name, ReadyFor::Present));
    if present.count() < quorum(network.validators.len()) {
        return Err(ProposalEnd::PresentUnready);
    }
    let ProposedChange::Epoch(change) = &statement.change else {
        return Ok(());
    };
    let agencies = change.statement.agencies.iter();
    let names: BTreeSet<&AgencyName> = agencies.map(|agency| &agency.name).collect();
    let is_ready = |name: &&&AgencyName| said(name, ReadyFor::Next);
    let are_ready = names.iter().filter(is_ready).count();
    let newcomers = names
        .iter()
        .filter(|name| !network.validators.contains(**name));
    let all_new = newcomers.clone().filter(is_ready).count() == newcomers.count();
    if are_ready < quorum(names.len()) || !all_new {
        return Err(ProposalEnd::NextUnready);
    }
    Ok(())
}
