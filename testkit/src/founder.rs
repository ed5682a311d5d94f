//! A network's founding: its agencies, registries and clerks, with proofs that each holds its keys; and what
//! agencies give one another when they found it together.
//!
//! Not here: what they are called and which keys they have. Each world of tests says that itself.

use std::collections::BTreeSet;

use protocol::{
    agency::{ProvenAgency, ProvenKey, quorum},
    ceremony::{
        Acceptance, AcceptanceStatement, Contribution, ContributionStatement, FoundingPlan,
    },
    entry::Operation,
    genesis::Genesis,
    height::TimeMs,
    key::{SecretKey, Signature},
    name::{AgencyName, ClerkName, Origin, RegistryName},
    record::CaseRule,
    state::{ClerkState, Limits, RegistryState},
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

    /// What an agency of a plan contributes: a registry of permits, and one clerk for it.
    pub fn contribution(&self, plan: &FoundingPlan, name: &str) -> ContributionStatement {
        let permits = format!("{name}.permits");
        let clerk = self.clerk(&format!("{name}/clerk-1"), &[&permits], Operation::OF_OWNER);
        let is_first = plan.first_publisher().unwrap().as_str() == name;
        ContributionStatement {
            plan: plan.hash(),
            publisher: is_first.then(|| self.proven(self.origin, "publisher")),
            agency: self.agency(
                name,
                format!("https://{name}.example/"),
                format!("{}/{name}/2026", self.origin),
            ),
            registries: vec![registry(&permits, name)],
            clerks: vec![clerk],
            p2p: format!("{name}.example:7480"),
        }
    }

    /// The same of all agencies of a plan, each signed by its admin key.
    pub fn contributions(&self, plan: &FoundingPlan) -> Vec<Contribution> {
        let names = plan.agencies.iter().map(AgencyName::as_str);
        names
            .map(|name| {
                let admin = (self.secret)(name, "admin");
                self.contribution(plan, name).sign(&plan.origin, &admin)
            })
            .collect()
    }

    /// That all agencies accept a genesis, as their nodes' folders hold it.
    pub fn acceptances(&self, genesis: &Genesis) -> Vec<Acceptance> {
        let names = genesis.agencies.iter().map(|agency| &agency.name);
        names
            .map(|name| {
                let p2p = format!("{name}.example:7480");
                AcceptanceStatement::of(genesis, name.clone(), p2p)
                    .sign(&(self.secret)(name.as_str(), "admin"))
            })
            .collect()
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
    ProvenKey::of(&Origin::parse(origin).unwrap(), holder, purpose, secret)
}

/// Plan of a network of these agencies, with all that has a default.
#[must_use]
pub fn plan(origin: &str, time: TimeMs, agencies: &[&str]) -> FoundingPlan {
    let names = agencies.iter().map(|name| AgencyName::parse(name).unwrap());
    let agencies: BTreeSet<AgencyName> = names.collect();
    let count = agencies.len();
    FoundingPlan {
        origin: Origin::parse(origin).unwrap(),
        time,
        limits: Limits::default(),
        recovery_threshold: u64::try_from(quorum(count)).unwrap(),
        publishers: agencies
            .iter()
            .take(protocol::agency::publishers(count))
            .cloned()
            .collect(),
        agencies,
    }
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
