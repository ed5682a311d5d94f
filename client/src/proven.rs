//! Proofs that a node must give before anything is built on it: how a registry's numbers are written and which
//! policy it has, what a clerk may do, how far the log is.
//!
//! Every function here asks a node for one state of the index, or for the receipt of one entry, and gives it
//! only after its proof held under the trust file. Not here: records (`verify::history`).

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use messages::UserMessage;
use protocol::{
    entry::Statement,
    height::{Height, UnixSeconds},
    name::{ClerkName, RegistryName},
    opening::Opening,
    policy::TrustPolicy,
    receipt::Receipt,
    record::CaseRule,
    state::{ClerkState, NetworkState, RegistryState},
    text::Malformed,
};
use thiserror::Error;
use verify::{
    CheckStep, Verdict, receipt,
    state::{StateFacts, Unproven},
};

use crate::{
    coded::{Coded, failed_check},
    http::{Client, HttpError},
};

/// How many heights an entry may take to be decided.
pub const LIFETIME: u64 = 10_000;
/// Seconds after which a checkpoint is called old. Validators sign an idle log anew every few minutes.
const OLD_S: u64 = 3600;
/// How long a node may take to say that an entry is final.
const WAIT: Duration = Duration::from_secs(10);

/// Why nothing is built on what a node says.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum ProofError {
    /// The node gave nothing.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The proof of a state does not hold.
    Unproven(#[source] Box<Unproven>),
    /// It is proven that there is no such registry.
    NoRegistry(RegistryName),
    /// The entry has no receipt yet, as the node tells.
    NotFinal,
    /// The receipt cannot be read.
    NoReceipt(#[source] Malformed),
    /// The receipt is of another entry.
    OtherEntry,
    /// The receipt does not verify.
    Receipt {
        /// The verdict.
        verdict: Verdict,
        /// The check that failed.
        step: Option<Box<CheckStep>>,
    },
}

impl ProofError {
    /// Verdict that follows for the record or the network; none where nothing could be judged.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Some(match self {
            Self::Http(_) | Self::NoRegistry(_) => return None,
            Self::Unproven(unproven) => unproven.verdict,
            Self::NotFinal => Verdict::Pending,
            Self::NoReceipt(_) | Self::OtherEntry => Verdict::ProofBroken,
            Self::Receipt { verdict, .. } => *verdict,
        })
    }

    /// Returns whether the node is away, or gives no answer of this protocol: another one may do better.
    #[must_use]
    pub fn is_of_the_node(&self) -> bool {
        matches!(self, Self::Http(error) if error.is_of_the_node())
    }
}

impl Coded for ProofError {
    fn message(&self) -> UserMessage {
        match self {
            Self::Http(error) => error.message(),
            Self::Unproven(unproven) => UserMessage::new("state-unproven")
                .text("part", unproven.step.check.part())
                .part("check", failed_check(&unproven.step)),
            Self::NoRegistry(registry) => {
                UserMessage::new("registry-unknown").text("registry", registry)
            }
            Self::NotFinal => UserMessage::new("entry-not-final"),
            Self::NoReceipt(malformed) => {
                UserMessage::new("node-receipt-malformed").text("reason", malformed)
            }
            Self::OtherEntry => UserMessage::new("node-receipt-of-other-entry"),
            Self::Receipt {
                step: Some(step), ..
            } => UserMessage::new("receipt-does-not-hold").part("check", failed_check(step)),
            Self::Receipt { step: None, .. } => UserMessage::new("receipt-without-facts"),
        }
    }
}

/// The state of a registry, or that there is none.
///
/// # Errors
/// [`ProofError`].
pub fn registry(
    client: &Client,
    trust: &TrustPolicy,
    name: &RegistryName,
) -> Result<StateFacts<RegistryState>, ProofError> {
    let proof = client.registry_proof(name)?;
    verify::state::registry(trust, &proof, name)
        .map_err(|unproven| ProofError::Unproven(Box::new(unproven)))
}

/// How the numbers of a registry are written. A registry is never changed in this, and none is added to a
/// ledger, so an older proof is as good as a new one.
///
/// # Errors
/// [`ProofError`].
pub fn case_rule(
    client: &Client,
    trust: &TrustPolicy,
    name: &RegistryName,
) -> Result<CaseRule, ProofError> {
    let found = registry(client, trust, name)?;
    let state = found
        .state
        .ok_or_else(|| ProofError::NoRegistry(name.clone()))?;
    Ok(state.case_rule)
}

/// The state of a clerk, or that there is none.
///
/// # Errors
/// [`ProofError`].
pub fn clerk(
    client: &Client,
    trust: &TrustPolicy,
    name: &ClerkName,
) -> Result<StateFacts<ClerkState>, ProofError> {
    let proof = client.clerk_proof(name)?;
    verify::state::clerk(trust, &proof, name)
        .map_err(|unproven| ProofError::Unproven(Box::new(unproven)))
}

/// The state of the network, which is at least so far.
///
/// # Errors
/// [`ProofError`].
pub fn network(
    client: &Client,
    trust: &TrustPolicy,
) -> Result<StateFacts<NetworkState>, ProofError> {
    let proof = client.network_proof()?;
    verify::state::network(trust, &proof)
        .map_err(|unproven| ProofError::Unproven(Box::new(unproven)))
}

/// The last height of what is signed now. A node that shows an older log shortens the life of what is
/// signed; none can lengthen it.
pub fn last_height(network: &StateFacts<NetworkState>) -> Height {
    let limits = network.state.as_ref().map(|state| state.limits);
    let lifetime = limits.map_or(0, |limits| limits.lifetime_heights);
    let height = network.as_of_height.get();
    Height::new(height.saturating_add(LIFETIME.min(lifetime)))
}

/// Seconds since 1970 at which a checkpoint was signed, if that is long ago by this machine's clock. Half of
/// those who signed it must have done so lately: one validator that has stopped says nothing of the log.
#[must_use]
pub fn signed_long_ago(cosigners: &[(String, UnixSeconds)]) -> Option<UnixSeconds> {
    let mut times: Vec<u64> = cosigners.iter().map(|(_, seconds)| seconds.get()).collect();
    times.sort_unstable();
    let signed = *times.get(times.len() / 2)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| passed.as_secs());
    (signed.saturating_add(OLD_S) < now).then_some(UnixSeconds::new(signed))
}

/// The newest receipt of an entry that a node gives, with what is shown of it put in, and what it proves.
///
/// # Errors
/// [`ProofError`].
pub fn receipt(
    client: &Client,
    trust: &TrustPolicy,
    statement: &Statement,
    opening: Option<Opening>,
) -> Result<(Receipt, receipt::ReceiptFacts), ProofError> {
    let bytes = client.receipt(&statement.id().to_hex(), Instant::now() + WAIT)?;
    let bytes = bytes.ok_or(ProofError::NotFinal)?;
    let mut receipt = Receipt::parse(&bytes).map_err(ProofError::NoReceipt)?;
    if receipt.entry.statement != *statement {
        return Err(ProofError::OtherEntry);
    }
    receipt.opening = opening;
    let judged = verify::receipt::judge_read(trust, &receipt, None);
    let proves = judged.proves_entry();
    let step = judged.failure().cloned().map(Box::new);
    match judged.facts.filter(|_| proves) {
        Some(facts) => Ok((receipt, facts)),
        None => Err(ProofError::Receipt {
            verdict: judged.verdict,
            step,
        }),
    }
}
