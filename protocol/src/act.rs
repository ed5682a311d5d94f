//! An act: what an agency decides about its clerks and registries; one leaf of the log.
//!
//! Signed with the agency's admin key, which may stay offline: an act is a small text, made in one place
//! and handed in at another. It holds from the block after its own. Not here: whether the ledger allows
//! it (`ledger::rules::act`).

use crate::{
    chain_id::{NetworkId, SignedText},
    entry::{self, Operation},
    height::{Height, TimeMs},
    key::{self, BadSignature, PublicKey, SecretKey, Signature},
    name::{AgencyName, ClerkName, Date, ReasonCode, RegistryName},
    record::CaseRule,
    standing::RegistryPolicy,
    state::ClerkState,
    text::{self, Lines, Malformed},
};

/// The most bytes of an act.
pub const ACT_BYTES_MAX: usize = 4096;

const CLERK: &str = "muhr-clerk/v1";
const POLICY: &str = "muhr-policy/v1";
const REGISTRY: &str = "muhr-registry/v1";

/// A decision of an agency about its clerks or its registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A clerk key may act from now on: its state after that. A name is one key for good.
    AddClerk(Box<ClerkState>),
    /// A clerk key may act no more.
    RevokeClerk {
        /// The clerk.
        clerk: ClerkName,
        /// Why.
        reason: ReasonCode,
        /// Since when somebody else may have had the key, if that is feared.
        compromised: Option<TimeMs>,
    },
    /// Sets the policy of a registry: the agencies whose confirmations make a version effective, from now on.
    SetPolicy {
        /// The registry.
        registry: RegistryName,
        /// The policy; its version is the next.
        policy: RegistryPolicy,
    },
    /// A registry begins, owned by the author.
    AddRegistry {
        /// The registry.
        registry: RegistryName,
        /// Case rule of its numbers.
        case_rule: CaseRule,
    },
    /// A registry changes hands. Its policy and its records stay; clerks of the old owner act in it no more.
    TransferRegistry {
        /// The registry.
        registry: RegistryName,
        /// The agency that takes it.
        taker: AgencyName,
        /// By the admin key of the agency that takes it.
        taken: Signature,
    },
}

/// The signed part of an act of an agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActStatement {
    /// The decision.
    pub decision: Decision,
    /// The agency.
    pub author: AgencyName,
    /// The last height at which it may be decided.
    pub expires: Height,
}

/// An act with its signature, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The signed part.
    pub statement: ActStatement,
    /// By the agency's admin key.
    pub signature: Signature,
}

impl ActStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        let head = match &self.decision {
            Decision::AddClerk(state) => format!(
                "{CLERK} add\nclerk {}\nkey ed25519 {}\nuntil {}\nregistries {}\noperations {}\n",
                state.name,
                state.key,
                state.until.as_ref().map_or("never", Date::as_str),
                text::list(state.registries.iter().map(RegistryName::as_str)),
                text::list(state.operations.iter().map(|operation| operation.word())),
            ),
            Decision::RevokeClerk {
                clerk,
                reason,
                compromised,
            } => {
                let since = compromised.map(|time| format!("compromised {time}\n"));
                format!(
                    "{CLERK} revoke\nclerk {clerk}\nreason {reason}\n{}",
                    since.unwrap_or_default()
                )
            }
            Decision::SetPolicy { registry, policy } => {
                format!("{POLICY}\nregistry {registry}\npolicy {}\n", policy.write())
            }
            Decision::AddRegistry {
                registry,
                case_rule,
            } => format!(
                "{REGISTRY} add\nregistry {registry}\ncase {}\n",
                case_rule.word()
            ),
            Decision::TransferRegistry {
                registry,
                taker,
                taken,
            } => {
                let body = transfer(registry, taker);
                format!("{body}taken ed25519 {taken}\n")
            }
        };
        head + &format!("author {}\nexpires {}\n", self.author, self.expires)
    }

    /// The bytes that the agency signs: they name the network, so that no other takes the signature.
    #[must_use]
    pub fn message(&self, network: &NetworkId) -> Vec<u8> {
        SignedText::Act.message(network, &self.write())
    }

    /// Checks that the agency which a registry goes to has signed for it, if one does.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if `admin` did not take it for the network.
    pub fn check_taker(&self, network: &NetworkId, admin: &PublicKey) -> Result<(), BadSignature> {
        let Decision::TransferRegistry {
            registry,
            taker,
            taken,
        } = &self.decision
        else {
            return Ok(());
        };
        let from = (&self.author, self.expires);
        key::verify(admin, &taking(network, registry, taker, from), taken)
    }

    /// Signs for one network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, admin: &SecretKey) -> Act {
        let signature = admin.sign(&self.message(network));
        Act {
            statement: self,
            signature,
        }
    }

    fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        let decision = match lines.optional(CLERK)? {
            Some("add") => add_clerk(lines)?,
            Some("revoke") => Decision::RevokeClerk {
                clerk: clerk(lines)?,
                reason: lines.parsed("reason", "a reason code like C01", ReasonCode::parse)?,
                compromised: match lines.optional("compromised")? {
                    Some(value) => Some(TimeMs::new(text::number(value).ok_or_else(|| {
                        lines.malformed("\"compromised\" is not a time in milliseconds")
                    })?)),
                    None => None,
                },
            },
            Some(_) => {
                return Err(lines.malformed(format!("\"{CLERK}\" is neither add nor revoke")));
            }
            None => match lines.optional(REGISTRY)? {
                Some(word) => registry_decision(lines, word)?,
                None => set_policy(lines)?,
            },
        };
        Ok(Self {
            decision,
            author: lines.parsed("author", "the name of an agency", AgencyName::parse)?,
            expires: Height::new(lines.number("expires")?),
        })
    }
}

/// What an agency signs that takes a registry over.
fn transfer(registry: &RegistryName, taker: &AgencyName) -> String {
    format!("{REGISTRY} transfer\nregistry {registry}\ntaker {taker}\n")
}

/// Signature by which an agency takes a registry over from its owner. It holds for this owner and until
/// this height alone.
#[must_use]
pub fn take_registry(
    network: &NetworkId,
    registry: &RegistryName,
    taker: &AgencyName,
    from: (&AgencyName, Height),
    admin: &SecretKey,
) -> Signature {
    admin.sign(&taking(network, registry, taker, from))
}

fn taking(
    network: &NetworkId,
    registry: &RegistryName,
    taker: &AgencyName,
    (owner, expires): (&AgencyName, Height),
) -> Vec<u8> {
    let text = transfer(registry, taker) + &format!("author {owner}\nexpires {expires}\n");
    SignedText::Taking.message(network, &text)
}

fn set_policy(lines: &mut Lines<'_>) -> Result<Decision, Malformed> {
    lines.exact(POLICY)?;
    Ok(Decision::SetPolicy {
        registry: lines.parsed("registry", "the name of a registry", RegistryName::parse)?,
        policy: lines.parsed(
            "policy",
            "a version, a number of agencies, their names, and within how many days",
            RegistryPolicy::parse,
        )?,
    })
}

fn registry_decision(lines: &mut Lines<'_>, word: &str) -> Result<Decision, Malformed> {
    let is_new = match word {
        "add" => true,
        "transfer" => false,
        _ => return Err(lines.malformed(format!("\"{REGISTRY}\" is neither add nor transfer"))),
    };
    let registry = lines.parsed("registry", "the name of a registry", RegistryName::parse)?;
    if is_new {
        let case_rule = lines.parsed("case", "as-written or capitals", CaseRule::parse)?;
        return Ok(Decision::AddRegistry {
            registry,
            case_rule,
        });
    }
    let taker = lines.parsed("taker", "the name of an agency", AgencyName::parse)?;
    let taken = lines.value("taken")?;
    let taken = entry::signature(lines, taken)?;
    Ok(Decision::TransferRegistry {
        registry,
        taker,
        taken,
    })
}

fn clerk(lines: &mut Lines<'_>) -> Result<ClerkName, Malformed> {
    lines.parsed(
        "clerk",
        "the name of a clerk like agency/name",
        ClerkName::parse,
    )
}

fn add_clerk(lines: &mut Lines<'_>) -> Result<Decision, Malformed> {
    let state = ClerkState {
        name: clerk(lines)?,
        key: lines.parsed(
            "key",
            "ed25519 and a key of prime order in base64",
            |value| {
                let key = PublicKey::from_base64(value.strip_prefix("ed25519 ")?).ok()?;
                // Under any other, whoever made it can craft signatures that tools disagree about.
                key.is_of_prime_order().then_some(key)
            },
        )?,
        until: lines.parsed(
            "until",
            "a date like 2026-11-23, or never",
            |value| match value {
                "never" => Some(None),
                date => Date::parse(date).map(Some),
            },
        )?,
        registries: lines.parsed("registries", "names of registries", |value| {
            text::read_list(value, RegistryName::parse)
        })?,
        operations: lines.parsed("operations", "operations", |value| {
            text::read_list(value, Operation::parse)
        })?,
        revoked: None,
    };
    Ok(Decision::AddClerk(Box::new(state)))
}

impl Act {
    /// Returns whether a leaf begins as an act does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        let starts: [&[u8]; 3] = [b"muhr-clerk/", b"muhr-policy/", b"muhr-registry/"];
        starts.iter().any(|start| bytes.starts_with(start))
    }

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
        let mut lines = Lines::new(bytes, ACT_BYTES_MAX)?;
        let statement = ActStatement::read(&mut lines)?;
        let signature = lines.value("signature")?;
        let signature = entry::signature(&lines, signature)?;
        lines.end()?;
        let act = Self {
            statement,
            signature,
        };
        text::same(bytes, act.write().as_bytes())?;
        Ok(act)
    }
}
