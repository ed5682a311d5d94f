//! A ballot: what one agency says of a proposal; and the word by which a proposer takes its own back.

use crate::{
    chain_id::{NetworkId, SignedText},
    entry,
    hash::EntryId,
    key::{SecretKey, Signature},
    name::AgencyName,
    text::{self, Lines, Malformed},
};

/// The most bytes of a ballot or a withdrawal.
const BYTES_MAX: usize = 1024;
pub(super) const BALLOT: &str = "muhr-ballot/v1";
pub(super) const WITHDRAWAL: &str = "muhr-withdraw/v1";

/// For or against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// For it, with the approval that the effect needs: a signature over the effect's own message.
    For(Signature),
    /// Against it.
    Against,
}

impl Stance {
    /// The word in a ballot.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::For(_) => "for",
            Self::Against => "against",
        }
    }

    /// The approval, if it is for the proposal.
    #[must_use]
    pub const fn approval(self) -> Option<Signature> {
        match self {
            Self::For(approval) => Some(approval),
            Self::Against => None,
        }
    }
}

/// The signed part of a ballot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BallotStatement {
    /// For or against.
    pub stance: Stance,
    /// The proposal.
    pub proposal: EntryId,
    /// One above the last ballot of the agency, from 1: the last counts, and none is taken twice.
    pub number: u64,
    /// The agency that votes.
    pub author: AgencyName,
}

/// A ballot with its signature, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The signed part.
    pub statement: BallotStatement,
    /// By the agency's admin key.
    pub signature: Signature,
}

/// The signed part of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalStatement {
    /// The proposal.
    pub proposal: EntryId,
    /// The agency that proposed it.
    pub author: AgencyName,
}

/// A withdrawal with its signature, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The signed part.
    pub statement: WithdrawalStatement,
    /// By the agency's admin key.
    pub signature: Signature,
}

impl BallotStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        let approval = self.stance.approval();
        let approval = approval.map(|approval| format!("approval ed25519 {approval}\n"));
        format!(
            "{BALLOT} {}\nproposal {}\nnumber {}\n{}author {}\n",
            self.stance.word(),
            self.proposal,
            self.number,
            approval.unwrap_or_default(),
            self.author
        )
    }

    /// Signs for a network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, admin: &SecretKey) -> Ballot {
        let signature = admin.sign(&SignedText::Ballot.message(network, &self.write()));
        Ballot {
            statement: self,
            signature,
        }
    }
}

impl Ballot {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, BYTES_MAX)?;
        let is_for = lines.parsed(BALLOT, "for or against", |word| match word {
            "for" => Some(true),
            "against" => Some(false),
            _ => None,
        })?;
        let proposal = lines.parsed("proposal", "32 bytes in base64", EntryId::from_base64)?;
        let number = lines.number("number")?;
        let stance = if is_for {
            let approval = lines.value("approval")?;
            Stance::For(entry::signature(&lines, approval)?)
        } else {
            Stance::Against
        };
        let statement = BallotStatement {
            stance,
            proposal,
            number,
            author: lines.parsed("author", "the name of an agency", AgencyName::parse)?,
        };
        let signature = last_signature(&mut lines)?;
        let ballot = Self {
            statement,
            signature,
        };
        text::same(bytes, ballot.write().as_bytes())?;
        Ok(ballot)
    }
}

impl WithdrawalStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "{WITHDRAWAL}\nproposal {}\nauthor {}\n",
            self.proposal, self.author
        )
    }

    /// Signs for a network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, admin: &SecretKey) -> Withdrawal {
        let signature = admin.sign(&SignedText::Withdrawal.message(network, &self.write()));
        Withdrawal {
            statement: self,
            signature,
        }
    }
}

impl Withdrawal {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, BYTES_MAX)?;
        lines.exact(WITHDRAWAL)?;
        let statement = WithdrawalStatement {
            proposal: lines.parsed("proposal", "32 bytes in base64", EntryId::from_base64)?,
            author: lines.parsed("author", "the name of an agency", AgencyName::parse)?,
        };
        let signature = last_signature(&mut lines)?;
        let withdrawal = Self {
            statement,
            signature,
        };
        text::same(bytes, withdrawal.write().as_bytes())?;
        Ok(withdrawal)
    }
}

fn last_signature(lines: &mut Lines<'_>) -> Result<Signature, Malformed> {
    let signature = lines.value("signature")?;
    let signature = entry::signature(lines, signature)?;
    lines.end()?;
    Ok(signature)
}
