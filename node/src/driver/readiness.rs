//! What a node says in governance by itself: that its keys are at hand, twice before a change is due, and
//! once when an epoch has begun.
//!
//! It takes the directory and the time, and returns what to hand in; it reads no clock. Not here: whether the ledger
//! takes it (`ledger::rules::governance`), and what agencies say, who do that at their desks.

use std::collections::BTreeMap;

use ledger::Directory;
use protocol::{
    governance::{
        ChangeProposal, GovernanceLeaf, PROTOCOL, ProposedChange, ReadyFor, ReadyStatement,
    },
    hash::EntryId,
    height::{Height, TimeMs},
    key::{PublicKey, SecretKey},
    name::AgencyName,
};

/// A node's keys, of which the state names those in force.
#[derive(Debug, Default)]
pub(super) struct NodeKeys {
    agency: Option<AgencyName>,
    votes: BTreeMap<PublicKey, SecretKey>,
    cosigns: BTreeMap<PublicKey, SecretKey>,
}

impl NodeKeys {
    /// The keys of an agency's node.
    pub(super) fn new(
        agency: AgencyName,
        votes: impl IntoIterator<Item = SecretKey>,
        cosigns: impl IntoIterator<Item = SecretKey>,
    ) -> Self {
        let by_public = |key: SecretKey| (key.public(), key);
        Self {
            agency: Some(agency),
            votes: votes.into_iter().map(by_public).collect(),
            cosigns: cosigns.into_iter().map(by_public).collect(),
        }
    }

    /// Both secret keys, if they are at hand.
    fn both(&self, vote: &PublicKey, cosign: &PublicKey) -> Option<(&SecretKey, &SecretKey)> {
        Some((self.votes.get(vote)?, self.cosigns.get(cosign)?))
    }
}

/// What was said already.
#[derive(Debug)]
pub(super) struct Readiness {
    keys: NodeKeys,
    said: BTreeMap<(EntryId, ReadyFor), TimeMs>,
    /// Up to when it was looked what is due.
    looked: TimeMs,
}

impl Readiness {
    /// Nothing was said yet.
    pub(super) const fn new(keys: NodeKeys) -> Self {
        Self {
            keys,
            said: BTreeMap::new(),
            looked: TimeMs::ZERO,
        }
    }

    /// The next time at which something may be due: a mark, or a change.
    pub(super) fn next(&self, directory: &Directory) -> Option<TimeMs> {
        let times = directory.open_proposals().flat_map(|(_, proposal)| {
            let [first, second] = moments(directory, proposal);
            [first, second, proposal.statement.opens]
        });
        times.filter(|time| *time > self.looked).min()
    }

    /// What to say now about open proposals. Each is said once: what gets lost comes again with the second.
    pub(super) fn due(&mut self, directory: &Directory, now: TimeMs) -> Vec<String> {
        self.looked = now;
        let mut due = Vec::new();
        for (id, proposal) in directory.open_proposals() {
            let opens = proposal.statement.opens;
            let passed = moments(directory, proposal);
            let passed = passed.into_iter().filter(|moment| *moment <= now).max();
            let Some(moment) = passed.filter(|_| now < opens) else {
                continue;
            };
            for ready_for in [ReadyFor::Present, ReadyFor::Next] {
                let said = self.said.get(&(id, ready_for));
                if said.is_some_and(|said| *said >= moment) {
                    continue;
                }
                due.extend(self.mark(directory, (id, Some(proposal)), ready_for, now));
                self.said.insert((id, ready_for), now);
            }
        }
        self.said
            .retain(|(id, _), _| directory.open_proposal(id).is_some());
        due
    }

    /// What makes the first block of an epoch, while none has been made: `next` is the height to be decided.
    pub(super) fn first_word(
        &self,
        directory: &Directory,
        next: Height,
        now: TimeMs,
    ) -> Option<String> {
        let opening = directory.opening()?;
        if opening.height.next() != next || opening.marked.is_some() {
            return None;
        }
        self.mark(directory, (opening.proposal, None), ReadyFor::Opened, now)
    }

    /// A mark for one of the sets, if this node's keys stand in it.
    fn mark(
        &self,
        directory: &Directory,
        (id, proposal): (EntryId, Option<&ChangeProposal>),
        ready_for: ReadyFor,
        now: TimeMs,
    ) -> Option<String> {
        let agency = self.keys.agency.as_ref()?;
        let (vote, cosign) = match ready_for {
            ReadyFor::Next => next_keys(proposal?, agency)?,
            ReadyFor::Present | ReadyFor::Opened => {
                let runs = directory.network().validators.contains(agency);
                let state = runs.then(|| directory.agencies().get(agency)).flatten()?;
                (state.vote, state.cosign)
            }
        };
        let (vote, cosign) = self.keys.both(&vote, &cosign)?;
        let statement = ReadyStatement {
            ready_for,
            proposal: id,
            time: earlier(now, directory),
            protocols: (PROTOCOL, PROTOCOL),
            agency: agency.clone(),
        };
        let mark = statement.sign(directory.network_id(), vote, cosign);
        Some(GovernanceLeaf::Ready(mark).write())
    }
}

/// The times at which a node says that it is ready: when a fifth of the window has passed, and when three have.
fn moments(directory: &Directory, proposal: &ChangeProposal) -> [TimeMs; 2] {
    let fifth = directory.network().governance.ready_ms / 5;
    let before = |fifths: u64| {
        let opens = proposal.statement.opens.get();
        TimeMs::new(opens.saturating_sub(fifth.saturating_mul(fifths)))
    };
    [before(4), before(2)]
}

/// A little before `now`: a mark that is dated after its block is refused, and the block's proposer has
/// another clock.
fn earlier(now: TimeMs, directory: &Directory) -> TimeMs {
    let allowance = (directory.network().governance.ready_ms / 10).min(1000);
    TimeMs::new(now.get().saturating_sub(allowance))
}

fn next_keys(proposal: &ChangeProposal, agency: &AgencyName) -> Option<(PublicKey, PublicKey)> {
    let ProposedChange::Epoch(change) = &proposal.statement.change else {
        return None;
    };
    let mut agencies = change.statement.agencies.iter();
    let state = agencies.find(|state| state.name == *agency)?;
    Some((state.vote.key, state.cosign.key))
}
