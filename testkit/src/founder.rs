//! A network's founding: its agencies, registries and clerks, with proofs that each holds its keys.
//!
//! Not here: what they are called and which keys they have. Each world of tests says that itself.

use std::collections::BTreeSet;

use protocol::{
    agency::{ProvenAgency, ProvenKey, quorum},
    entry::Operation,
    genesis::Genesis,
    height::TimeMs,
    key::{Possession, SecretKey, Signature},
    name::{AgencyName, ClerkName, Origin, RegistryName},
    record::CaseRule,
    state::{ClerkState, Governance, Limits, RegistryState},
};

/// Whoever founds a network. `secret` gives the secret key of a holder for a purpose.
#[derive(Debug)]
pub struct Founder<'a, F> {
    /// Name of the network.
    pub origin: &'a str,
    /// Secret key of a holder (an agency, a clerk, or the origin) for a purpose (`vote`, `clerk`, …).
    pub secret: F,
}

impl<F: Fn(&str, &str) -> SecretKey> Founder<'_, F> {
    /// Public key of a holder for a purpose, with the proof that somebody has its secret key.
    pub fn proven(&self, holder: &str, purpose: &str) -> ProvenKey {
        proven(
            self.origin,
            holder,
            purpose,
            &(self.secret)(holder, purpose),
        )
    }

    /// Agency with all its keys; `cosigner` is the name in its cosignature lines.
    pub fn agency(&self, name: &str, url: String, cosigner: String) -> ProvenAgency {
        ProvenAgency {
            name: AgencyName::parse(name).unwrap(),
            url,
            cosigner,
            peer: self.proven(name, "peer"),
            vote: self.proven(name, "vote"),
            cosign: self.proven(name, "cosign"),
            admin: self.proven(name, "admin"),
            recovery: self.proven(name, "recovery"),
        }
    }

    /// Clerk who may do `operations` in `registries` until revoked, with the proof for the key.
    pub fn clerk(
        &self,
        name: &str,
        registries: &[&str],
        operations: impl IntoIterator<Item = Operation>,
    ) -> (ClerkState, Signature) {
        let ProvenKey { key, proof } = self.proven(name, "clerk");
        let registries = registries.iter();
        let state = ClerkState {
            name: ClerkName::parse(name).unwrap(),
            key,
            until: None,
            registries: registries
                .map(|name| RegistryName::parse(name).unwrap())
                .collect::<BTreeSet<_>>(),
            operations: operations.into_iter().collect(),
            revoked: None,
        };
        (state, proof)
    }

    /// Genesis with the default limits and a quorum of `agencies` for a recovery. It is not checked:
    /// a test may want one that does not hold.
    pub fn genesis(
        &self,
        time: TimeMs,
        agencies: Vec<ProvenAgency>,
        registries: Vec<RegistryState>,
        clerks: Vec<(ClerkState, Signature)>,
    ) -> Genesis {
        Genesis {
            origin: Origin::parse(self.origin).unwrap(),
            time,
            limits: Limits::default(),
            governance: Governance::default(),
            recovery_threshold: u64::try_from(quorum(agencies.len())).unwrap(),
            publisher: self.proven(self.origin, "publisher"),
            agencies,
            registries,
            clerks,
        }
    }
}

/// Public key of `secret`, with the proof that `holder` has it for a purpose in the network `origin`.
#[must_use]
pub fn proven(origin: &str, holder: &str, purpose: &str, secret: &SecretKey) -> ProvenKey {
    let key = secret.public();
    let claim = Possession {
        origin,
        holder,
        purpose,
    };
    let proof = secret.sign(&claim.message(&key));
    ProvenKey { key, proof }
}

/// Registry of an agency, without a policy; its record numbers are kept as they are written.
#[must_use]
pub fn registry(name: &str, owner: &str) -> RegistryState {
    RegistryState {
        case_rule: CaseRule::AsWritten,
        name: RegistryName::parse(name).unwrap(),
        owner: AgencyName::parse(owner).unwrap(),
        policy: None,
    }
}
