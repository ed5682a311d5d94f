//! Genesis: the first leaf of the log, which names the network, its agencies with all their keys,
//! their registries and first clerks, and the limits.
//!
//! Reading one checks every key: canonical, of prime order, shown to be held, and used once. What
//! the index holds after it is derived here, so that a node and an auditor start from the same state.

use thiserror::Error;

use crate::{
    agency::{self, BadAgencies, ProvenAgency, ProvenKey, quorum},
    chain_id::NetworkId,
    hash::{ChainId, IndexKey, TrustHash, sha256},
    height::{Epoch, TimeMs},
    key::Signature,
    name::{AgencyName, Origin, RegistryName},
    policy::Term,
    standing::RegistryPolicy,
    state::{AgencyState, ClerkState, Limits, NetworkState, RegistryState},
    text::{self, Lines, Malformed},
};

/// The most bytes of a genesis: the log's bundles count a leaf in 16 bits.
pub const GENESIS_BYTES_MAX: usize = 65_535;
/// The most entries of one block that a genesis may allow.
pub const BLOCK_ENTRIES_MAX: usize = 16_384;
/// The protocol version that this code speaks.
pub const PROTOCOL: u64 = 1;

/// Why a text is no genesis.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadGenesis {
    /// Not in the format.
    #[error("genesis: {0}")]
    Malformed(#[from] Malformed),
    /// Agencies or keys that cannot run a network.
    #[error("genesis: {0}")]
    Agencies(#[from] BadAgencies),
    /// A statement that cannot be true.
    #[error("genesis: {0}")]
    Inconsistent(String),
}

/// A network at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Origin of the log.
    pub origin: Origin,
    /// Time at which the genesis was made, in milliseconds since 1970 (UTC).
    pub time: TimeMs,
    /// The bounds.
    pub limits: Limits,
    /// Number of recovery keys that must sign after a disaster.
    pub recovery_threshold: u64,
    /// The key that adds the log's own line to quorate checkpoints. It can forge nothing.
    pub publisher: ProvenKey,
    /// In the order of their names.
    pub agencies: Vec<ProvenAgency>,
    /// In the order of their names.
    pub registries: Vec<RegistryState>,
    /// In the order of their names, each with the proof that the key is held.
    pub clerks: Vec<(ClerkState, Signature)>,
}

impl Genesis {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        let limits = &self.limits;
        let mut out = format!(
            "muhr-genesis/v1\norigin {}\nprotocol {PROTOCOL}\ntime {}\nlimits {} {} {} {}\nrecovery-threshold {}\n",
            self.origin,
            self.time,
            limits.entry_bytes,
            limits.block_entries,
            limits.block_bytes,
            limits.lifetime_heights,
            self.recovery_threshold
        );
        self.publisher.write("publisher", &mut out);
        for agency in &self.agencies {
            agency.write(&mut out);
        }
        for registry in &self.registries {
            out += &registry.write();
        }
        for (clerk, proof) in &self.clerks {
            out += &format!("{}proof {proof}\n", clerk.write());
        }
        out
    }

    /// Reads and checks a genesis: the format, every key and every name.
    ///
    /// # Errors
    ///
    /// [`BadGenesis`] for a text that is not of the format, and for one that can found no network.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadGenesis> {
        let mut lines = Lines::new(bytes, GENESIS_BYTES_MAX)?;
        lines.exact("muhr-genesis/v1")?;
        let origin = lines.parsed(
            "origin",
            "a URL without scheme that ends in a number",
            Origin::parse,
        )?;
        lines.parsed("protocol", "version 1", |value| {
            (text::number(value)? == PROTOCOL).then_some(())
        })?;
        let time = TimeMs::new(lines.number("time")?);
        let limits = lines.parsed("limits", "four numbers", limits)?;
        let recovery_threshold = lines.number("recovery-threshold")?;
        let publisher = ProvenKey::read(&mut lines, "publisher")?;
        let agencies = ProvenAgency::read_all(&mut lines)?;
        let mut registries = Vec::new();
        while lines.rest().starts_with("registry ") {
            registries.push(lines.whole(RegistryState::parse, "a registry and its owner")?);
        }
        let mut clerks = Vec::new();
        while lines.rest().starts_with("clerk ") {
            let clerk = lines.whole(ClerkState::parse, "a clerk")?;
            clerks.push((
                clerk,
                lines.parsed("proof", "64 bytes in base64", Signature::from_base64)?,
            ));
        }
        lines.end()?;
        let genesis = Self {
            origin,
            time,
            limits,
            recovery_threshold,
            publisher,
            agencies,
            registries,
            clerks,
        };
        text::same(bytes, genesis.write().as_bytes())?;
        genesis.check()?;
        Ok(genesis)
    }

    /// Identity of the network: the leaf hash of this text.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        ChainId::new(*crate::merkle::leaf_hash(self.write().as_bytes()).as_bytes())
    }

    /// Identity of the network in signed messages.
    #[must_use]
    pub fn network_id(&self) -> NetworkId {
        NetworkId {
            origin: self.origin.clone(),
            chain: self.chain(),
        }
    }

    /// Number of agencies that must agree: floor(2n/3)+1.
    #[must_use]
    pub fn quorum(&self) -> usize {
        quorum(self.agencies.len())
    }

    /// The first trust file.
    #[must_use]
    pub fn trust_file(&self) -> String {
        let term = Term {
            origin: &self.origin,
            chain: self.chain(),
            epoch: Epoch::ZERO,
            before: None,
            publisher: &self.publisher.key,
            agencies: &self.agencies,
            recovery_threshold: self.recovery_threshold,
        };
        term.trust_file()
    }

    /// State of the network at its start.
    #[must_use]
    pub fn network(&self) -> NetworkState {
        NetworkState {
            chain: self.chain(),
            protocol: PROTOCOL,
            limits: self.limits,
            recovery_threshold: self.recovery_threshold,
            epoch: Epoch::ZERO,
            trust: TrustHash::new(sha256(&[self.trust_file().as_bytes()])),
            validators: self
                .agencies
                .iter()
                .map(|agency| agency.name.clone())
                .collect(),
        }
    }

    /// Everything that the index holds after genesis.
    #[must_use]
    pub fn state(&self) -> Vec<(IndexKey, String)> {
        let mut state = vec![(NetworkState::index_key(), self.network().write())];
        state.extend(
            self.agencies
                .iter()
                .map(|agency| (AgencyState::index_key(&agency.name), agency.state().write())),
        );
        state.extend(
            self.registries
                .iter()
                .map(|registry| (RegistryState::index_key(&registry.name), registry.write())),
        );
        state.extend(
            self.clerks
                .iter()
                .map(|(clerk, _)| (ClerkState::index_key(&clerk.name), clerk.write())),
        );
        state
    }

    fn check(&self) -> Result<(), BadGenesis> {
        let mut ring = agency::check(
            &self.origin,
            &self.publisher,
            &self.agencies,
            self.recovery_threshold,
        )?;
        let clerks: Vec<_> = self.clerks.iter().map(|(clerk, _)| &clerk.name).collect();
        if !self.registries.is_sorted_by(|a, b| a.name < b.name)
            || !clerks.is_sorted_by(|a, b| a < b)
        {
            return no("registries and clerks stand in the order of their names, each once");
        }
        check_limits(&self.limits)?;
        self.check_registries()?;
        self.check_clerks()?;
        for (clerk, proof) in &self.clerks {
            ring.add(clerk.name.as_str(), "clerk", &clerk.key, proof)?;
        }
        Ok(())
    }

    fn is_agency(&self, name: &AgencyName) -> bool {
        self.agencies.iter().any(|agency| agency.name == *name)
    }

    /// Owners are agencies, and a policy is a first one that agencies here could satisfy.
    fn check_registries(&self) -> Result<(), BadGenesis> {
        for registry in &self.registries {
            let (name, owner) = (&registry.name, &registry.owner);
            if !self.is_agency(owner) {
                return no(format!(
                    "registry {name} is owned by {owner}, which is not an agency here"
                ));
            }
        }
        let names = self.agencies.iter().map(|agency| agency.name.clone());
        let validators = names.collect();
        for registry in &self.registries {
            let is_known = |policy: &RegistryPolicy| {
                policy.version == 1
                    && policy.is_satisfiable(&registry.owner, &validators)
                    && policy.agencies.iter().all(|name| self.is_agency(name))
            };
            if registry
                .policy
                .as_ref()
                .is_some_and(|policy| !is_known(policy))
            {
                return no(format!(
                    "the policy of registry {} is not a first one that agencies here could satisfy",
                    registry.name
                ));
            }
        }
        Ok(())
    }

    /// Clerks are of agencies here, act in registries here, and are not revoked.
    fn check_clerks(&self) -> Result<(), BadGenesis> {
        let is_registry = |name: &RegistryName| self.registries.iter().any(|one| one.name == *name);
        for (clerk, _) in &self.clerks {
            if clerk.revoked.is_some() {
                return no(format!("clerk {} is revoked from the start", clerk.name));
            }
            if !self.is_agency(&clerk.name.agency()) {
                return no(format!("clerk {} belongs to no agency here", clerk.name));
            }
            if let Some(unknown) = clerk.registries.iter().find(|name| !is_registry(name)) {
                return no(format!(
                    "clerk {} may act in {unknown}, which is not a registry here",
                    clerk.name
                ));
            }
        }
        Ok(())
    }
}

fn no<T>(what: impl Into<String>) -> Result<T, BadGenesis> {
    Err(BadGenesis::Inconsistent(what.into()))
}

fn check_limits(limits: &Limits) -> Result<(), BadGenesis> {
    let Limits {
        entry_bytes,
        block_entries,
        block_bytes,
        lifetime_heights,
    } = limits;
    if (1024..=4096).contains(entry_bytes)
        && (1..=BLOCK_ENTRIES_MAX as u64).contains(block_entries)
        && (65_536..=8 << 20).contains(block_bytes)
        && (1000..=1 << 40).contains(lifetime_heights)
    {
        return Ok(());
    }
    no("a limit is out of its bounds")
}

fn limits(value: &str) -> Option<Limits> {
    let numbers: Vec<u64> = value.split(' ').map(text::number).collect::<Option<_>>()?;
    let [entry_bytes, block_entries, block_bytes, lifetime_heights] = numbers.as_slice() else {
        return None;
    };
    Some(Limits {
        entry_bytes: *entry_bytes,
        block_entries: *block_entries,
        block_bytes: *block_bytes,
        lifetime_heights: *lifetime_heights,
    })
}
