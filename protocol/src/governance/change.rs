//! What a proposal would change: it begins an epoch with other agencies or keys, or sets other numbers
//! of the rules.

use std::collections::BTreeMap;

use crate::{
    chain_id::{NetworkId, NotSigned, SignedText},
    epoch::{self, CHANGE_BYTES_MAX, Change},
    hash::ValueHash,
    key::{PublicKey, Signature},
    name::AgencyName,
    policy::OpenedBy,
    state::{Governance, Limits},
    text::{self, Lines, Malformed},
};

const RULES: &str = "muhr-rules/v1";
/// Bytes of an approval's line, at most: the word, a name, the algorithm and a signature.
pub const APPROVAL_BYTES_MAX: usize = 200;

/// The approved part of a change of the rules' numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesStatement {
    /// Hash of the network's value in the index before. It names chain, epoch and trust file, so no
    /// approval fits after another change.
    pub before: ValueHash,
    /// Version of the rules: the same, or one more.
    pub protocol: u64,
    /// The bounds of entries and blocks.
    pub limits: Limits,
    /// The waits and quotas of governance.
    pub governance: Governance,
}

/// A change of the rules' numbers with its approvals, as it stands in the log. Nothing in it is
/// believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesChange {
    /// The approved part.
    pub statement: RulesStatement,
    /// In the order of the names.
    pub approvals: Vec<(AgencyName, Signature)>,
}

/// What a proposal would change, with or without approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposedChange {
    /// An epoch begins: other agencies, keys, addresses or quorum.
    Epoch(Box<Change>),
    /// Other numbers of the rules.
    Rules(RulesChange),
}

impl RulesStatement {
    fn write(&self) -> String {
        format!(
            "{RULES}\nbefore {}\nprotocol {}\nlimits {}\ngovernance {}\n",
            self.before,
            self.protocol,
            self.limits.write(),
            self.governance.write()
        )
    }
}

impl RulesChange {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = self.statement.write();
        for (agency, signature) in &self.approvals {
            out += &format!("approval {agency} ed25519 {signature}\n");
        }
        out
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, CHANGE_BYTES_MAX)?;
        lines.exact(RULES)?;
        let statement = RulesStatement {
            before: lines.parsed("before", "32 bytes in base64", ValueHash::from_base64)?,
            protocol: lines.number("protocol")?,
            limits: lines.parsed("limits", "four numbers", Limits::parse)?,
            governance: lines.parsed("governance", "eight numbers", Governance::parse)?,
        };
        let approvals = epoch::approvals(&mut lines)?;
        lines.end()?;
        let change = Self {
            statement,
            approvals,
        };
        text::same(bytes, change.write().as_bytes())?;
        Ok(change)
    }
}

impl ProposedChange {
    /// Returns whether a leaf begins as such a change does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        bytes.starts_with(b"muhr-epoch/") || bytes.starts_with(b"muhr-rules/")
    }

    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Epoch(change) => change.write(),
            Self::Rules(change) => change.write(),
        }
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.starts_with(b"muhr-rules/") {
            RulesChange::parse(bytes).map(Self::Rules)
        } else {
            Change::parse(bytes).map(Box::new).map(Self::Epoch)
        }
    }

    /// The change of agencies, if recovery keys make it after a disaster: nobody proposes such a one.
    #[must_use]
    pub fn recovery(&self) -> Option<&Change> {
        match self {
            Self::Epoch(change) if change.statement.by == OpenedBy::Recovery => Some(change),
            _ => None,
        }
    }

    /// Approvals in it: none of a change that is only proposed.
    #[must_use]
    pub fn approvals(&self) -> &[(AgencyName, Signature)] {
        match self {
            Self::Epoch(change) => &change.approvals,
            Self::Rules(change) => &change.approvals,
        }
    }

    /// The same change with these approvals, in the order of the names.
    #[must_use]
    pub fn with_approvals(&self, approvals: BTreeMap<AgencyName, Signature>) -> Self {
        let approvals = approvals.into_iter().collect();
        match self {
            Self::Epoch(change) => Self::Epoch(Box::new(Change {
                approvals,
                ..Change::clone(change)
            })),
            Self::Rules(change) => Self::Rules(RulesChange {
                statement: change.statement.clone(),
                approvals,
            }),
        }
    }

    /// The bytes that each approval signs: the change without approvals.
    #[must_use]
    pub fn message(&self, network: &NetworkId) -> Vec<u8> {
        self.kind().message(network, &self.unapproved())
    }

    /// Checks one approval.
    ///
    /// # Errors
    ///
    /// [`NotSigned`] if `key` did not make it for the network.
    pub fn check_approval(
        &self,
        network: &NetworkId,
        key: &PublicKey,
        approval: &Signature,
    ) -> Result<(), NotSigned> {
        self.kind()
            .check(network, &self.unapproved(), key, approval)
    }

    fn unapproved(&self) -> String {
        self.with_approvals(BTreeMap::new()).write()
    }

    const fn kind(&self) -> SignedText {
        match self {
            Self::Epoch(_) => SignedText::Epoch,
            Self::Rules(_) => SignedText::Rules,
        }
    }
}
