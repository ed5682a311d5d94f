//! The rules of governance: who may propose what, who may say what of it, and what a node may say of
//! its keys. When a proposal is due, and whether its change is made then: [`due`].
//!
//! Every word is signed, and none counts twice: proposals and ballots are numbered, marks of readiness
//! name the time. Ballots of an epoch never reach the next: a change of agencies ends all proposals.

pub mod due;

use protocol::{
    agency::quorum,
    authentic::Leaf,
    governance::{
        APPROVAL_BYTES_MAX, Ballot, ChangeProposal, GovernanceLeaf, PROPOSAL_BYTES_MAX,
        ProposedChange, ReadyFor, ReadyMark, Stance, Withdrawal,
    },
    hash::{EntryId, IndexKey},
    height::TimeMs,
    key::PublicKey,
    name::AgencyName,
    planted::{self, Bug},
    state::{
        AgencyState, BallotState, DAY_MS, OpeningState, ProposalEnd, ProposalState, ReadyState,
        VoiceState,
    },
};

use super::{Position, Refusal, change};
use crate::directory::Directory;

/// Values of the index that a leaf sets.
type Values = Vec<(IndexKey, String)>;

/// The values of the index that a leaf of governance sets. `directory` is the one before the block with
/// what acts before it in the block have changed, and without proposals that ended when the block began.
///
/// # Errors
///
/// [`Refusal`] says why the leaf may not stand at `place`.
pub fn judge(
    directory: &Directory,
    leaf: Leaf<'_>,
    governance: &GovernanceLeaf,
    place: Position,
) -> Result<Values, Refusal> {
    match governance {
        GovernanceLeaf::Proposal(proposal) => propose(directory, leaf, proposal, place),
        GovernanceLeaf::Ballot(ballot) => vote(directory, leaf.key, ballot, place),
        GovernanceLeaf::Withdrawal(withdrawal) => withdraw(directory, leaf.key, withdrawal, place),
        GovernanceLeaf::Ready(mark) => ready(directory, leaf.key, mark, place),
    }
}

/// The earliest time, from `next` on, of a block that could take the leaf: a door knows no time but its
/// head's, which may be long ago.
#[must_use]
pub fn earliest(governance: &GovernanceLeaf, next: TimeMs) -> TimeMs {
    match governance {
        GovernanceLeaf::Ready(mark) => mark.statement.time.max(next),
        _ => next,
    }
}

/// The agency must run a validator, and have signed with its admin key.
fn governing<'a>(
    directory: &'a Directory,
    name: &AgencyName,
    key: &PublicKey,
) -> Result<&'a AgencyState, Refusal> {
    let agency = directory
        .agencies()
        .get(name)
        .ok_or_else(|| Refusal::UnknownAgency(name.clone()))?;
    if agency.admin != *key {
        return Err(Refusal::WrongAdminKey(name.clone()));
    }
    if !directory.network().validators.contains(name) {
        return Err(Refusal::NotGoverning(name.clone()));
    }
    Ok(agency)
}

fn propose(
    directory: &Directory,
    leaf: Leaf<'_>,
    proposal: &ChangeProposal,
    place: Position,
) -> Result<Values, Refusal> {
    let statement = &proposal.statement;
    let author = &statement.author;
    governing(directory, author, leaf.key)?;
    let rules = directory.network().governance;
    let voice = directory.voice(author);
    let next = voice.proposals.saturating_add(1);
    if statement.number != next {
        let number = statement.number;
        return Err(Refusal::ProposalNumber { number, next });
    }
    if let Some(ProposalState::Open { .. }) = directory.last_proposal(author) {
        return Err(Refusal::ProposalOpen(author.clone()));
    }
    let today = place.time.get() / DAY_MS;
    let count = match voice.day {
        (day, count) if day == today => count.saturating_add(1),
        _ => 1,
    };
    if count > rules.proposals_a_day {
        return Err(Refusal::TooManyProposals {
            agency: author.clone(),
            a_day: rules.proposals_a_day,
        });
    }
    let opens = statement.opens;
    let after = |wait: u64| TimeMs::new(place.time.get().saturating_add(wait));
    let (from, until) = (after(rules.notice_ms), after(rules.horizon_ms));
    if opens < from || opens > until {
        return Err(Refusal::OpensOutside { opens, from, until });
    }
    fits(directory, leaf, &statement.change)?;
    change::judge_unapproved(directory, &statement.change)?;
    let state = ProposalState::Open {
        id: leaf.id,
        proposal: Box::new(proposal.clone()),
        height: place.height,
        index: place.index,
    };
    let voice = VoiceState {
        proposals: next,
        day: (today, count),
        ..voice
    };
    Ok(vec![
        (ProposalState::index_key(author), state.write()),
        (VoiceState::index_key(author), voice.write()),
    ])
}

/// The change with everybody's approval must fit into a leaf and into a block, or it could be agreed on
/// and never be made.
fn fits(directory: &Directory, leaf: Leaf<'_>, change: &ProposedChange) -> Result<(), Refusal> {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let approvals = count(APPROVAL_BYTES_MAX) * count(directory.network().validators.len());
    let bytes = count(leaf.bytes.len()).max(count(change.write().len()) + approvals);
    let bytes_max = count(PROPOSAL_BYTES_MAX).min(directory.limits().block_bytes);
    if bytes > bytes_max {
        return Err(Refusal::ProposalTooLarge { bytes, bytes_max });
    }
    Ok(())
}

fn open<'a>(directory: &'a Directory, id: &EntryId) -> Result<&'a ChangeProposal, Refusal> {
    directory
        .open_proposal(id)
        .ok_or(Refusal::UnknownProposal(*id))
}

fn vote(
    directory: &Directory,
    key: &PublicKey,
    ballot: &Ballot,
    place: Position,
) -> Result<Values, Refusal> {
    let statement = &ballot.statement;
    let voter = &statement.author;
    let agency = governing(directory, voter, key)?;
    let proposal = open(directory, &statement.proposal)?;
    let voice = directory.voice(voter);
    let next = voice.ballots.saturating_add(1);
    if statement.number != next && !planted::is(Bug::BallotAgain) {
        let number = statement.number;
        return Err(Refusal::BallotNumber { number, next });
    }
    let proposer = &proposal.statement.author;
    let before = directory.ballot(proposer, voter);
    let before = before.filter(|last| last.proposal == statement.proposal);
    let count = before.map_or(0, |last| last.count).saturating_add(1);
    let ballots_max = directory.network().governance.ballots;
    if count > ballots_max {
        return Err(Refusal::TooManyBallots {
            agency: voter.clone(),
            ballots_max,
        });
    }
    if let Stance::For(approval) = &statement.stance {
        let id = directory.network_id();
        let change = &proposal.statement.change;
        change
            .check_approval(id, &agency.admin, approval)
            .map_err(|_| Refusal::BadApproval(voter.clone()))?;
    }
    let state = BallotState {
        proposer: proposer.clone(),
        voter: voter.clone(),
        proposal: statement.proposal,
        stance: statement.stance,
        count,
    };
    let voice = VoiceState {
        ballots: next,
        ..voice
    };
    let mut values = vec![
        (BallotState::index_key(proposer, voter), state.write()),
        (VoiceState::index_key(voter), voice.write()),
    ];
    let tally = directory.tally(&statement.proposal);
    let was_against = before.is_some_and(|last| last.stance == Stance::Against);
    let is_against = statement.stance == Stance::Against && !was_against;
    let against = tally.against + usize::from(is_against);
    let n = directory.network().validators.len();
    if against > n.saturating_sub(quorum(n)) {
        values.extend(ended(directory, proposer, ProposalEnd::Rejected, place));
    }
    Ok(values)
}

/// The value of a proposal that is over.
fn ended(
    directory: &Directory,
    author: &AgencyName,
    end: ProposalEnd,
    place: Position,
) -> Option<(IndexKey, String)> {
    let state = directory.last_proposal(author)?.ended(end, place.height);
    Some((ProposalState::index_key(author), state.write()))
}

fn withdraw(
    directory: &Directory,
    key: &PublicKey,
    withdrawal: &Withdrawal,
    place: Position,
) -> Result<Values, Refusal> {
    let statement = &withdrawal.statement;
    let author = &statement.author;
    governing(directory, author, key)?;
    let proposal = open(directory, &statement.proposal)?;
    if proposal.statement.author != *author {
        return Err(Refusal::ForeignProposal {
            agency: author.clone(),
            proposer: proposal.statement.author.clone(),
        });
    }
    let needed = quorum(directory.network().validators.len());
    if directory.tally(&statement.proposal).approvals.len() >= needed {
        return Err(Refusal::WithdrawnTooLate(author.clone()));
    }
    let ended = ended(directory, author, ProposalEnd::Withdrawn, place);
    Ok(ended.into_iter().collect())
}

fn ready(
    directory: &Directory,
    key: &PublicKey,
    mark: &ReadyMark,
    place: Position,
) -> Result<Values, Refusal> {
    let statement = &mark.statement;
    let agency = &statement.agency;
    if statement.time > place.time {
        return Err(Refusal::ReadyInFuture {
            time: statement.time,
            block: place.time,
        });
    }
    if statement.ready_for == ReadyFor::Opened {
        return opened(directory, key, mark, place);
    }
    let proposal = open(directory, &statement.proposal)?;
    let keys = match statement.ready_for {
        ReadyFor::Present | ReadyFor::Opened => present(directory, agency),
        ReadyFor::Next => next(&proposal.statement.change, agency),
    };
    let (vote, cosign) = keys.ok_or_else(|| Refusal::NoValidator(agency.clone()))?;
    signed(directory, mark, key, (vote, cosign))?;
    let opens = proposal.statement.opens;
    let from = opens
        .get()
        .saturating_sub(directory.network().governance.ready_ms);
    let from = TimeMs::new(from);
    let time = statement.time;
    if (time < from || time >= opens) && !planted::is(Bug::StaleReadyCounts) {
        return Err(Refusal::ReadyOutside {
            time,
            from,
            until: opens,
        });
    }
    let proposer = &proposal.statement.author;
    let last = directory.ready(proposer, agency, statement.ready_for);
    let last = last.filter(|last| last.proposal == statement.proposal);
    if let Some(last) = last.filter(|last| last.time >= time) {
        return Err(Refusal::ReadyAgain {
            agency: agency.clone(),
            last: last.time,
        });
    }
    let state = ReadyState {
        proposer: proposer.clone(),
        agency: agency.clone(),
        ready_for: statement.ready_for,
        proposal: statement.proposal,
        time,
        protocols: statement.protocols,
    };
    let key = ReadyState::index_key(proposer, agency, statement.ready_for);
    Ok(vec![(key, state.write())])
}

/// The mark that makes the first block of an epoch, so that the new set is seen at work at once. It
/// holds in that block alone, and one is enough.
fn opened(
    directory: &Directory,
    key: &PublicKey,
    mark: &ReadyMark,
    place: Position,
) -> Result<Values, Refusal> {
    let agency = &mark.statement.agency;
    let keys = present(directory, agency).ok_or_else(|| Refusal::NoValidator(agency.clone()))?;
    signed(directory, mark, key, keys)?;
    let opening = directory.opening();
    let opening = opening.filter(|opening| {
        opening.proposal == mark.statement.proposal
            && opening.height.next() == place.height
            && opening.marked.is_none()
    });
    let Some(opening) = opening else {
        return Err(Refusal::NothingOpened(agency.clone()));
    };
    let state = OpeningState {
        marked: Some(agency.clone()),
        ..opening.clone()
    };
    Ok(vec![(OpeningState::index_key(), state.write())])
}

/// Vote and cosigning key of an agency's validator in force.
fn present(directory: &Directory, agency: &AgencyName) -> Option<(PublicKey, PublicKey)> {
    let runs = directory.network().validators.contains(agency);
    let state = runs.then(|| directory.agencies().get(agency)).flatten()?;
    Some((state.vote, state.cosign))
}

/// Vote and cosigning key that a change would give the agency.
fn next(change: &ProposedChange, agency: &AgencyName) -> Option<(PublicKey, PublicKey)> {
    let ProposedChange::Epoch(change) = change else {
        return None;
    };
    let mut agencies = change.statement.agencies.iter();
    let agency = agencies.find(|state| state.name == *agency)?;
    Some((agency.vote.key, agency.cosign.key))
}

fn signed(
    directory: &Directory,
    mark: &ReadyMark,
    key: &PublicKey,
    (vote, cosign): (PublicKey, PublicKey),
) -> Result<(), Refusal> {
    let agency = &mark.statement.agency;
    if vote != *key {
        return Err(Refusal::WrongVoteKey(agency.clone()));
    }
    mark.check_cosigner(directory.network_id(), &cosign)
        .map_err(|_| Refusal::WrongCosignKey(agency.clone()))
}
