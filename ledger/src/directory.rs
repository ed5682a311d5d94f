//! The directory: everything small that the rules read, held in memory.
//!
//! The network, its agencies, registries, clerks and last return marks, exactly as the index holds them. Records are not
//! here: there may be millions of them (`records`).

use std::collections::BTreeMap;

use protocol::{
    authentic::Author,
    chain_id::NetworkId,
    genesis::Genesis,
    hash::IndexKey,
    key::PublicKey,
    name::{AgencyName, ClerkName, Origin, RegistryName},
    state::{AgencyState, ClerkState, Limits, NetworkState, RegistryState, ReturnState},
};

/// The permissions of all agencies and clerks, at one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    id: NetworkId,
    network: NetworkState,
    agencies: BTreeMap<AgencyName, AgencyState>,
    registries: BTreeMap<RegistryName, RegistryState>,
    clerks: BTreeMap<ClerkName, ClerkState>,
    returns: BTreeMap<AgencyName, ReturnState>,
}

impl Directory {
    /// The directory with which a network starts.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        let agencies = genesis
            .agencies
            .iter()
            .map(|agency| (agency.name.clone(), agency.state()));
        let registries = genesis
            .registries
            .iter()
            .map(|state| (state.name.clone(), state.clone()));
        let clerks = genesis
            .clerks
            .iter()
            .map(|(state, _)| (state.name.clone(), state.clone()));
        Self {
            id: genesis.network_id(),
            network: genesis.network(),
            agencies: agencies.collect(),
            registries: registries.collect(),
            clerks: clerks.collect(),
            returns: BTreeMap::new(),
        }
    }

    /// Takes over one value of the index; `None` if it is none that belongs here.
    pub fn set(&mut self, value: &str) -> Option<()> {
        match value.split(' ').next()? {
            "network" => self.network = NetworkState::parse(value)?,
            "agency" => {
                let state = AgencyState::parse(value)?;
                self.agencies.insert(state.name.clone(), state);
            }
            "registry" => {
                let state = RegistryState::parse(value)?;
                self.registries.insert(state.name.clone(), state);
            }
            "clerk" => {
                let state = ClerkState::parse(value)?;
                self.clerks.insert(state.name.clone(), state);
            }
            "return" => {
                let state = ReturnState::parse(value)?;
                self.returns.insert(state.agency.clone(), state);
            }
            _ => return None,
        }
        Some(())
    }

    /// All values with their places in the index.
    #[must_use]
    pub fn values(&self) -> BTreeMap<IndexKey, String> {
        let mut values = BTreeMap::from([(NetworkState::index_key(), self.network.write())]);
        for state in self.agencies.values() {
            values.insert(AgencyState::index_key(&state.name), state.write());
        }
        for state in self.registries.values() {
            values.insert(RegistryState::index_key(&state.name), state.write());
        }
        for state in self.clerks.values() {
            values.insert(ClerkState::index_key(&state.name), state.write());
        }
        for state in self.returns.values() {
            values.insert(ReturnState::index_key(&state.agency), state.write());
        }
        values
    }

    /// Values that the directory holds at these places of the index.
    #[must_use]
    pub fn present<'a>(
        &self,
        keys: impl Iterator<Item = &'a IndexKey>,
    ) -> BTreeMap<IndexKey, Option<String>> {
        let values = self.values();
        keys.map(|key| (*key, values.get(key).cloned())).collect()
    }

    /// The key that must have signed what this author says.
    #[must_use]
    pub fn key_of(&self, author: &Author<'_>) -> Option<PublicKey> {
        match author {
            Author::Clerk(name) => self.clerk(name).map(|clerk| clerk.key),
            Author::Agency(name) => self.agencies.get(*name).map(|agency| agency.admin),
            Author::Validator(name) => self.agencies.get(*name).map(|agency| agency.vote),
        }
    }

    /// Name of the network.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.id.origin
    }

    /// Identity of the network in signed messages.
    #[must_use]
    pub const fn network_id(&self) -> &NetworkId {
        &self.id
    }

    /// State of the whole network.
    #[must_use]
    pub const fn network(&self) -> &NetworkState {
        &self.network
    }

    /// The bounds in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.network.limits
    }

    /// All agencies, by name.
    #[must_use]
    pub const fn agencies(&self) -> &BTreeMap<AgencyName, AgencyState> {
        &self.agencies
    }

    /// All registries, by name.
    #[must_use]
    pub const fn registries(&self) -> &BTreeMap<RegistryName, RegistryState> {
        &self.registries
    }

    /// All clerks, by name.
    #[must_use]
    pub const fn clerks(&self) -> &BTreeMap<ClerkName, ClerkState> {
        &self.clerks
    }

    /// The last return mark of an agency's validator, if there was one.
    #[must_use]
    pub fn last_return(&self, agency: &AgencyName) -> Option<&ReturnState> {
        self.returns.get(agency)
    }

    /// One clerk.
    #[must_use]
    pub fn clerk(&self, name: &ClerkName) -> Option<&ClerkState> {
        self.clerks.get(name)
    }
}
