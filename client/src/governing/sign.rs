//! What an agency says in governance, signed with its admin key: proposals, ballots, withdrawals and requests.
//!
//! Pure: the key was opened, what is in force is proven, and whoever signs has read it. Not here: handing in.

use protocol::{
    chain_id::SignedText,
    drafting::{AgencyRequest, ChangeDraft},
    governance::{
        Ballot, BallotStatement, ChangeProposal, ChangeProposalStatement, Stance, Withdrawal,
        WithdrawalStatement,
    },
    key::SecretKey,
    name::AgencyName,
};

use super::{GoverningError, InForce};

/// An agency's admin key.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The agency.
    pub agency: AgencyName,
    /// The key.
    pub secret: SecretKey,
}

impl Admin {
    /// The key must be the one in force of an agency that runs a validator: no other governs.
    fn must_govern(&self, in_force: &InForce) -> Result<(), GoverningError> {
        let agency = in_force.agency(&self.agency);
        let agency = agency.ok_or_else(|| GoverningError::NotGoverning(self.agency.clone()))?;
        if agency.admin.key == self.secret.public() {
            Ok(())
        } else {
            Err(GoverningError::OtherAdminKey(self.agency.clone()))
        }
    }
}

/// Checks that a proposal was signed by the agency that it names, which runs a validator.
///
/// # Errors
/// [`GoverningError::ProposalAuthor`] and [`GoverningError::ProposalSignature`].
pub fn check_proposal(in_force: &InForce, proposal: &ChangeProposal) -> Result<(), GoverningError> {
    let author = &proposal.statement.author;
    let agency = in_force.agency(author);
    let agency = agency.ok_or_else(|| GoverningError::ProposalAuthor(author.clone()))?;
    let text = proposal.statement.write();
    SignedText::Proposal
        .check(
            &in_force.network,
            &text,
            &agency.admin.key,
            &proposal.signature,
        )
        .map_err(|source| GoverningError::ProposalSignature {
            author: author.clone(),
            source,
        })
}

/// The proposal of a draft that nobody has proposed.
///
/// # Errors
/// [`GoverningError`] where the key may not govern, or its next number is not known.
pub fn propose(
    in_force: &InForce,
    draft: &ChangeDraft,
    admin: &Admin,
) -> Result<ChangeProposal, GoverningError> {
    admin.must_govern(in_force)?;
    let numbers = draft.numbers.get(&admin.agency);
    let numbers = numbers.ok_or_else(|| GoverningError::NoNumber(admin.agency.clone()))?;
    let statement = ChangeProposalStatement {
        author: admin.agency.clone(),
        number: numbers.proposal,
        opens: draft.drafted.opens(),
        change: draft.drafted.change().clone(),
    };
    Ok(statement.sign(&in_force.network, &admin.secret))
}

/// A ballot about the proposal of a draft: for it with the approval that its effect needs, or against it.
///
/// # Errors
/// As of [`propose`].
pub fn vote(
    in_force: &InForce,
    draft: &ChangeDraft,
    proposal: &ChangeProposal,
    admin: &Admin,
    is_for: bool,
) -> Result<Ballot, GoverningError> {
    admin.must_govern(in_force)?;
    let numbers = draft.numbers.get(&admin.agency);
    let numbers = numbers.ok_or_else(|| GoverningError::NoNumber(admin.agency.clone()))?;
    let change = &proposal.statement.change;
    let stance = if is_for {
        Stance::For(admin.secret.sign(&change.message(&in_force.network)))
    } else {
        Stance::Against
    };
    let statement = BallotStatement {
        stance,
        proposal: proposal.id(),
        number: numbers.ballot,
        author: admin.agency.clone(),
    };
    Ok(statement.sign(&in_force.network, &admin.secret))
}

/// A withdrawal of the agency's own proposal.
///
/// # Errors
/// [`GoverningError`] where the key may not govern, or the proposal is another agency's.
pub fn withdraw(
    in_force: &InForce,
    proposal: &ChangeProposal,
    admin: &Admin,
) -> Result<Withdrawal, GoverningError> {
    admin.must_govern(in_force)?;
    let author = &proposal.statement.author;
    if *author != admin.agency {
        return Err(GoverningError::OtherAuthor {
            agency: admin.agency.clone(),
            author: author.clone(),
        });
    }
    let statement = WithdrawalStatement {
        proposal: proposal.id(),
        author: author.clone(),
    };
    Ok(statement.sign(&in_force.network, &admin.secret))
}

/// A request under the agency's admin key. Whether that is the one in force, whoever drafts sees.
///
/// # Errors
/// [`GoverningError::OtherAuthor`] where the key is another agency's.
pub fn sign_request(
    request: AgencyRequest,
    admin: &Admin,
) -> Result<AgencyRequest, GoverningError> {
    let asked = &request.statement.agency;
    if asked.name != admin.agency {
        return Err(GoverningError::OtherAuthor {
            agency: admin.agency.clone(),
            author: asked.name.clone(),
        });
    }
    Ok(request.statement.sign(&admin.secret))
}
