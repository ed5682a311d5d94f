//! A proposal: an effect, when it would come into force, and who proposes it.

use crate::{
    chain_id::{NetworkId, SignedText},
    entry::{self, Entry},
    epoch::CHANGE_BYTES_MAX,
    governance::ProposedChange,
    hash::EntryId,
    height::TimeMs,
    key::{SecretKey, Signature},
    name::AgencyName,
    text::{self, Lines, Malformed},
};

pub(super) const WORD: &str = "muhr-proposal/v1";
/// The most bytes of a proposal: the log's bundles count a leaf in 16 bits.
pub const PROPOSAL_BYTES_MAX: usize = CHANGE_BYTES_MAX;

/// The signed part of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeProposalStatement {
    /// The agency that proposes.
    pub author: AgencyName,
    /// One above the last proposal of the agency, from 1: none is taken twice.
    pub number: u64,
    /// Time of the earliest block in which the effect may stand; ballots count until then.
    pub opens: TimeMs,
    /// The effect, without approvals.
    pub change: ProposedChange,
}

/// A proposal with its signature, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeProposal {
    /// The signed part.
    pub statement: ChangeProposalStatement,
    /// By the agency's admin key.
    pub signature: Signature,
}

impl ChangeProposalStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "{WORD}\nauthor {}\nnumber {}\nopens {}\nchange\n{}",
            self.author,
            self.number,
            self.opens,
            self.change.write()
        )
    }

    /// Signs for a network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, admin: &SecretKey) -> ChangeProposal {
        let signature = admin.sign(&SignedText::Proposal.message(network, &self.write()));
        ChangeProposal {
            statement: self,
            signature,
        }
    }
}

impl ChangeProposal {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Identity of the proposal: what ballots and marks of readiness name.
    #[must_use]
    pub fn id(&self) -> EntryId {
        Entry::id_of_parsed(self.write().as_bytes())
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, PROPOSAL_BYTES_MAX)?;
        lines.exact(WORD)?;
        let author = lines.parsed("author", "the name of an agency", AgencyName::parse)?;
        let number = lines.number("number")?;
        let opens = TimeMs::new(lines.number("opens")?);
        lines.exact("change")?;
        let above = lines.line();
        // The signature is the last line; what stands between is the effect, whatever lines it has.
        let rest = lines.rest();
        let body = rest.strip_suffix('\n').unwrap_or(rest);
        let at = body.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let (body, last) = rest.split_at(at);
        let change = ProposedChange::parse(body.as_bytes()).map_err(|error| error.after(above))?;
        let last_line = above.saturating_add(change.write().lines().count());
        let mut last = Lines::new(last.as_bytes(), PROPOSAL_BYTES_MAX)
            .map_err(|error| error.after(last_line))?;
        let signature = last
            .value("signature")
            .map_err(|error| error.after(last_line))?;
        let signature =
            entry::signature(&last, signature).map_err(|error| error.after(last_line))?;
        let proposal = Self {
            statement: ChangeProposalStatement {
                author,
                number,
                opens,
                change,
            },
            signature,
        };
        text::same(bytes, proposal.write().as_bytes())?;
        Ok(proposal)
    }
}
