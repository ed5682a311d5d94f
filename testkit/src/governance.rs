//! Words of agencies in governance, signed: proposals, ballots and marks of readiness. Not a test.

use protocol::{
    authentic::{Authentic, Submission},
    chain_id::NetworkId,
    governance::{
        BallotStatement, ChangeProposal, ChangeProposalStatement, GovernanceLeaf, ProposedChange,
        ReadyFor, ReadyStatement, Stance, WithdrawalStatement,
    },
    hash::EntryId,
    height::TimeMs,
    key::SecretKey,
    name::AgencyName,
};

/// An agency at its desk, or its node.
#[derive(Debug)]
pub struct Speaker<'a> {
    /// The network that it speaks in.
    pub network: &'a NetworkId,
    /// Its name.
    pub agency: AgencyName,
}

impl Speaker<'_> {
    /// Proposes a change; gives back the proposal too, which others have to read.
    #[must_use]
    pub fn propose(
        &self,
        admin: &SecretKey,
        number: u64,
        opens: TimeMs,
        change: ProposedChange,
    ) -> (ChangeProposal, Authentic) {
        let statement = ChangeProposalStatement {
            author: self.agency.clone(),
            number,
            opens,
            change,
        };
        let proposal = statement.sign(self.network, admin);
        let leaf = GovernanceLeaf::Proposal(Box::new(proposal.clone()));
        (proposal, self.believed(leaf, admin))
    }

    /// Votes for a proposal.
    #[must_use]
    pub fn approve(&self, admin: &SecretKey, number: u64, proposal: &ChangeProposal) -> Authentic {
        let change = &proposal.statement.change;
        let stance = Stance::For(admin.sign(&change.message(self.network)));
        self.vote(admin, number, proposal.id(), stance)
    }

    /// Votes as it is told.
    #[must_use]
    pub fn vote(
        &self,
        admin: &SecretKey,
        number: u64,
        proposal: EntryId,
        stance: Stance,
    ) -> Authentic {
        let statement = BallotStatement {
            stance,
            proposal,
            number,
            author: self.agency.clone(),
        };
        let leaf = GovernanceLeaf::Ballot(statement.sign(self.network, admin));
        self.believed(leaf, admin)
    }

    /// Takes its proposal back.
    #[must_use]
    pub fn withdraw(&self, admin: &SecretKey, proposal: EntryId) -> Authentic {
        let author = self.agency.clone();
        let statement = WithdrawalStatement { proposal, author };
        let leaf = GovernanceLeaf::Withdrawal(statement.sign(self.network, admin));
        self.believed(leaf, admin)
    }

    /// Says that its keys are at hand.
    #[must_use]
    pub fn ready(
        &self,
        (vote, cosign): (&SecretKey, &SecretKey),
        ready_for: ReadyFor,
        proposal: EntryId,
        time: TimeMs,
    ) -> Authentic {
        let statement = ReadyStatement {
            ready_for,
            proposal,
            time,
            protocols: (1, 1),
            agency: self.agency.clone(),
        };
        let mark = statement.sign(self.network, vote, cosign);
        self.believed(GovernanceLeaf::Ready(mark), vote)
    }

    fn believed(&self, leaf: GovernanceLeaf, key: &SecretKey) -> Authentic {
        let said = Submission::from(leaf).authenticate(self.network, &key.public());
        said.unwrap()
    }
}
