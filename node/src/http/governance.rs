//! What is proposed, who said what of it, and how far a change is: as the head has it. A hint for desks; what
//! binds is in the log, of which each leaf of governance is given word for word.

use std::sync::Arc;

use api::{
    BallotReport, EpochReport, GovernanceReport, ProposalProgress, ProposalReport, ReadinessReport,
    ReadyReport, RulesReport, VoiceReport,
};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use ledger::{Head, directory::Directory, query::NoAnswer};
use protocol::{
    agency::quorum,
    governance::{ChangeProposal, GovernanceLeaf, ProposedChange, ReadyFor},
    hash::EntryId,
    height::TimeMs,
    name::AgencyName,
    state::{NetworkState, OpeningState, ProposalState},
};

use super::{
    Serving,
    entries::entry_id,
    extract::Path,
    problem::{ProblemResponse, of_no_answer},
    reads::Class,
};
use crate::shared::Shared;

pub(super) async fn report(
    State(serving): State<Serving>,
) -> Result<Json<GovernanceReport>, ProblemResponse> {
    let asked = Arc::clone(&serving.shared);
    let make = move || governing(&asked);
    let report = serving.reads.run(Class::List, make).await?;
    let report = report.map_err(|answer| of_no_answer(&serving.shared, &answer))?;
    Ok(Json(report))
}

/// A leaf of governance as it stands in the log: a proposal, a ballot, a withdrawal or a mark of readiness.
pub(super) async fn leaf(
    State(serving): State<Serving>,
    Path(id): Path<String>,
) -> Result<Response, ProblemResponse> {
    let id = entry_id(&id)?;
    let asked = Arc::clone(&serving.shared);
    let make = move || leaf_of(&asked, &id);
    let found = serving.reads.run(Class::Proof, make).await?;
    let found = found.map_err(|answer| of_no_answer(&serving.shared, &answer))?;
    let leaf = found.ok_or_else(|| {
        ProblemResponse::not_found(
            "no proposal, ballot, withdrawal or mark of readiness has this id",
        )
    })?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    serving.reads.sent((headers, leaf).into_response()).await
}

fn leaf_of(shared: &Shared, id: &EntryId) -> Result<Option<Vec<u8>>, NoAnswer> {
    let Some(index) = shared.ledger.entry(id)? else {
        return Ok(None);
    };
    let leaf = shared.ledger.leaf(index)?;
    Ok(leaf.filter(|leaf| GovernanceLeaf::is_start(leaf)))
}

fn governing(shared: &Shared) -> Result<GovernanceReport, NoAnswer> {
    let held = shared.ledger.is_held()?;
    let head = shared.ledger.head();
    let directory = head.directory();
    let network = directory.network();
    let validators = network.validators.iter();
    let voices = validators.map(|agency| {
        let voice = directory.voice(agency);
        VoiceReport {
            agency: agency.to_string(),
            proposal: voice.proposals.saturating_add(1),
            ballot: voice.ballots.saturating_add(1),
        }
    });
    let proposals = directory.proposals().values();
    Ok(GovernanceReport {
        origin: directory.origin().to_string(),
        chain: network.chain.to_hex(),
        height: head.height().get(),
        time: head.time().get(),
        epoch: epoch(shared, &head, held),
        rules: rules(network),
        voices: voices.collect(),
        proposals: proposals.map(|state| proposal(directory, state)).collect(),
    })
}

fn epoch(shared: &Shared, head: &Head, held: bool) -> EpochReport {
    let directory = head.directory();
    let network = directory.network();
    let opening = directory.opening();
    let (needed, not_cosigned) = match opening {
        Some(opening) if held => cosigners_before(shared, opening),
        _ => (0, Vec::new()),
    };
    EpochReport {
        number: network.epoch.get(),
        trust: network.trust.to_hex(),
        quorum: quorum(network.validators.len()) as u64,
        validators: names(network.validators.iter()),
        proposal: opening.map(|opening| opening.proposal.to_hex()),
        opened_height: opening.map(|opening| opening.height.get()),
        marked: opening.and_then(|opening| opening.marked.as_ref().map(ToString::to_string)),
        held,
        cosigners_needed: needed as u64,
        not_cosigned,
    }
}

/// How many of the agencies before must cosign the block that opened the epoch, and who has not, as peers told.
fn cosigners_before(shared: &Shared, opening: &OpeningState) -> (usize, Vec<String>) {
    let before = shared.epochs.at(opening.height);
    let progress = shared.progress();
    let has_cosigned = |agency: &AgencyName| {
        if Some(agency) == shared.agency.as_ref() {
            return progress.not_voting.is_none();
        }
        let told = progress.peers.get(agency.as_str());
        told.is_some_and(|(_, cosigned)| *cosigned >= opening.size())
    };
    let agencies = before.agencies().keys();
    let missing = agencies.filter(|agency| !has_cosigned(agency));
    (before.quorum(), names(missing))
}

fn names<'a>(names: impl Iterator<Item = &'a AgencyName>) -> Vec<String> {
    names.map(ToString::to_string).collect()
}

fn rules(network: &NetworkState) -> RulesReport {
    let (limits, governance) = (&network.limits, &network.governance);
    RulesReport {
        protocol: network.protocol,
        entry_bytes: limits.entry_bytes,
        block_entries: limits.block_entries,
        block_bytes: limits.block_bytes,
        lifetime_heights: limits.lifetime_heights,
        notice_ms: governance.notice_ms,
        horizon_ms: governance.horizon_ms,
        ready_ms: governance.ready_ms,
        grace_ms: governance.grace_ms,
        retire_ms: governance.retire_ms,
        return_ms: governance.return_ms,
        proposals_a_day: governance.proposals_a_day,
        ballots: governance.ballots,
    }
}

fn proposal(directory: &Directory, state: &ProposalState) -> ProposalReport {
    let author = state.author().to_string();
    match state {
        ProposalState::Open {
            id,
            proposal,
            height,
            index,
        } => ProposalReport {
            id: id.to_hex(),
            author,
            state: "open".to_owned(),
            index: index.get(),
            height: height.get(),
            progress: Some(progress(directory, id, proposal)),
        },
        ProposalState::Ended {
            id,
            index,
            end,
            height,
            ..
        } => ProposalReport {
            id: id.to_hex(),
            author,
            state: end.word().to_owned(),
            index: index.get(),
            height: height.get(),
            progress: None,
        },
    }
}

fn progress(directory: &Directory, id: &EntryId, proposal: &ChangeProposal) -> ProposalProgress {
    let statement = &proposal.statement;
    let network = directory.network();
    let governance = &network.governance;
    let opens = statement.opens;
    let validators: Vec<&AgencyName> = network.validators.iter().collect();
    let ballots = validators.iter().filter_map(|voter| {
        let ballot = directory.ballot(&statement.author, voter)?;
        (ballot.proposal == *id).then(|| BallotReport {
            agency: voter.to_string(),
            stance: ballot.stance.word().to_owned(),
            count: ballot.count,
        })
    });
    let (kind, next) = match &statement.change {
        ProposedChange::Rules(_) => ("rules", None),
        ProposedChange::Epoch(change) => {
            let agencies = change.statement.agencies.iter();
            (
                "epoch",
                Some(agencies.map(|agency| &agency.name).collect::<Vec<_>>()),
            )
        }
    };
    let readiness = |set: &[&AgencyName], ready_for| {
        readiness(directory, (id, &statement.author), set, ready_for)
    };
    ProposalProgress {
        kind: kind.to_owned(),
        number: statement.number,
        opens: opens.get(),
        ready_from: opens.get().saturating_sub(governance.ready_ms),
        until: opens.get().saturating_add(governance.grace_ms),
        needed: quorum(validators.len()) as u64,
        ballots: ballots.collect(),
        present: readiness(&validators, ReadyFor::Present),
        next: next.map(|set| readiness(&set, ReadyFor::Next)),
    }
}

/// Who of a set has said that its keys are at hand, for one proposal of an author.
fn readiness(
    directory: &Directory,
    (id, author): (&EntryId, &AgencyName),
    set: &[&AgencyName],
    ready_for: ReadyFor,
) -> ReadinessReport {
    let mark = |agency: &AgencyName| {
        let mark = directory.ready(author, agency, ready_for);
        mark.filter(|mark| mark.proposal == *id)
    };
    let validators = &directory.network().validators;
    let is_new =
        |agency: &&&AgencyName| ready_for == ReadyFor::Next && !validators.contains(**agency);
    let ready = set.iter().filter_map(|agency| {
        let mark = mark(agency)?;
        let (protocol_low, protocol_high) = mark.protocols;
        Some(ReadyReport {
            agency: agency.to_string(),
            time: TimeMs::get(mark.time),
            protocol_low,
            protocol_high,
        })
    });
    let silent = set.iter().filter(|agency| mark(agency).is_none());
    ReadinessReport {
        needed: quorum(set.len()) as u64,
        newcomers: names(set.iter().filter(is_new).copied()),
        ready: ready.collect(),
        silent: names(silent.copied()),
    }
}
