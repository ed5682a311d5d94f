//! `muhr govern show`: what a draft would change, compared with what is in force. Needs no network.

use std::path::{Path, PathBuf};

use clap::Args;
use client::{
    formats,
    governing::{AgencyDifference, Asked, EpochDifference, RulesDifference, SetNumbers},
};
use protocol::{
    drafting::{DraftedChange, NodePoll},
    governance::ProposedChange,
};
use views::{
    auditor::trust::spoken,
    govern::change::{
        ChangeView, ChangedAgency, ChangedNumber, ComingAgency, PolledNode, RequestOrigin,
        ShownEpochChange, ShownProposal, ShownSet,
    },
};

use super::open::{self, OpenedDraft};
use crate::{
    exit::{DONE, Failure},
    output::Output,
};

/// `muhr govern show`.
#[derive(Debug, Args)]
pub struct GovernShowArguments {
    /// The draft, or the proposal that was signed
    pub file: PathBuf,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

pub(crate) fn run(arguments: &GovernShowArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.trust)?;
    let opened = open::draft(&arguments.file, &trust)?;
    output.view(&view(&opened, &arguments.file));
    output.warn_if_old(&opened.in_force.cosigners);
    Ok(DONE)
}

/// What a draft would change.
pub(super) fn view(opened: &OpenedDraft, path: &Path) -> ChangeView {
    let OpenedDraft { draft, in_force } = opened;
    let proposal = match &draft.drafted {
        DraftedChange::Unsigned { .. } => None,
        DraftedChange::Proposed(proposal) => Some(ShownProposal {
            author: proposal.statement.author.to_string(),
            number: proposal.statement.number,
            id: proposal.id().to_hex(),
        }),
    };
    let epoch = opened.difference();
    let rules = match draft.drafted.change() {
        ProposedChange::Epoch(_) => None,
        ProposedChange::Rules(change) => Some(numbers(&RulesDifference::of(in_force, change))),
    };
    ChangeView {
        file: path.display().to_string(),
        origin: in_force.network.origin.to_string(),
        proposal,
        opens: draft.drafted.opens().into(),
        epoch: epoch.map(|difference| shown(&difference, in_force.epoch.next().get())),
        rules,
        nodes: polled(&draft.poll),
        polled: draft.poll.time.into(),
        epoch_in_force: in_force.epoch.get(),
        as_of_height: in_force.as_of_height.get(),
        as_of_time: in_force.as_of_time.into(),
    }
}

fn shown(difference: &EpochDifference, epoch: u64) -> ShownEpochChange {
    let comes = difference.comes.iter().map(|(agency, asked)| ComingAgency {
        agency: agency.to_string(),
        asked: origin(*asked),
    });
    let changes = difference.changes.iter().map(|change| {
        let AgencyDifference {
            name,
            keys,
            url,
            asked,
        } = change;
        let (url_before, url_after) = url.clone().unzip();
        ChangedAgency {
            agency: name.to_string(),
            keys: keys.clone(),
            url_before,
            url_after,
            asked: origin(*asked),
        }
    });
    ShownEpochChange {
        epoch,
        comes: comes.collect(),
        goes: difference.goes.iter().map(ToString::to_string).collect(),
        changes: changes.collect(),
        unasked: difference.unasked().map(ToString::to_string).collect(),
        publisher: difference.publisher,
        before: set(&difference.before),
        after: set(&difference.after),
        words: spoken(difference.trust.as_bytes()),
        trust: difference.trust.to_hex(),
        live: difference.is_live(),
    }
}

const fn origin(asked: Asked) -> RequestOrigin {
    match asked {
        Asked::ByAdmin => RequestOrigin::AdminKey,
        Asked::ByItself => RequestOrigin::OwnKey,
        Asked::Unsigned => RequestOrigin::Unsigned,
        Asked::ByNobody => RequestOrigin::Nobody,
    }
}

/// A set in numbers.
pub(super) const fn set(numbers: &SetNumbers) -> ShownSet {
    ShownSet {
        agencies: numbers.agencies,
        quorum: numbers.quorum,
        may_fail: numbers.may_fail,
        recovery_threshold: numbers.recovery_threshold,
    }
}

/// How nodes were.
pub(super) fn polled(poll: &NodePoll) -> Vec<PolledNode> {
    let node = |(agency, health): (&_, &protocol::drafting::NodeHealth)| PolledNode {
        agency: protocol::name::AgencyName::to_string(agency),
        health: health.word(),
    };
    poll.nodes.iter().map(node).collect()
}

/// The numbers that change, with their names on the command line.
fn numbers(difference: &RulesDifference) -> Vec<ChangedNumber> {
    let (limits, next_limits) = &difference.limits;
    let (waits, next_waits) = &difference.governance;
    let all = [
        ("protocol", difference.protocol.0, difference.protocol.1),
        ("entry-bytes", limits.entry_bytes, next_limits.entry_bytes),
        (
            "block-entries",
            limits.block_entries,
            next_limits.block_entries,
        ),
        ("block-bytes", limits.block_bytes, next_limits.block_bytes),
        (
            "lifetime-heights",
            limits.lifetime_heights,
            next_limits.lifetime_heights,
        ),
        ("notice-ms", waits.notice_ms, next_waits.notice_ms),
        ("horizon-ms", waits.horizon_ms, next_waits.horizon_ms),
        ("ready-ms", waits.ready_ms, next_waits.ready_ms),
        ("grace-ms", waits.grace_ms, next_waits.grace_ms),
        ("retire-ms", waits.retire_ms, next_waits.retire_ms),
        ("return-ms", waits.return_ms, next_waits.return_ms),
        (
            "proposals-a-day",
            waits.proposals_a_day,
            next_waits.proposals_a_day,
        ),
        ("ballots", waits.ballots, next_waits.ballots),
    ];
    let changed = all.into_iter().filter(|(_, before, after)| before != after);
    changed
        .map(|(name, before, after)| ChangedNumber {
            name,
            before,
            after,
        })
        .collect()
}
