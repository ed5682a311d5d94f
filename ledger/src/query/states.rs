//! States of the index with their proofs: a registry, a clerk, or the network. Not here: records, which
//! come with their histories.

use protocol::{
    hash::IndexKey,
    name::{ClerkName, RegistryName},
    state::{ClerkState, NetworkState, RegistryState},
    state_proof::StateProof,
};

use super::NoAnswer;
use crate::ledger::{Ledger, Published};

impl Ledger {
    /// The state of a registry under the published checkpoint, or the proof that there is none.
    ///
    /// # Errors
    /// [`NoAnswer::NotYet`] while no checkpoint is published, and faults of the store.
    pub fn registry_proof(&self, name: &RegistryName) -> Result<StateProof, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        let state = published.head.directory().registries().get(name);
        let state = state.map(RegistryState::write);
        self.state_proof(&published, RegistryState::index_key(name), state)
    }

    /// The state of a clerk under the published checkpoint, or the proof that there is none.
    ///
    /// # Errors
    /// As of [`Self::registry_proof`].
    pub fn clerk_proof(&self, name: &ClerkName) -> Result<StateProof, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        let state = published.head.directory().clerk(name);
        let state = state.map(ClerkState::write);
        self.state_proof(&published, ClerkState::index_key(name), state)
    }

    /// The state of the network under the published checkpoint.
    ///
    /// # Errors
    /// As of [`Self::registry_proof`].
    pub fn network_proof(&self) -> Result<StateProof, NoAnswer> {
        let published = self.published().ok_or(NoAnswer::NotYet)?;
        let state = published.head.directory().network().write();
        self.state_proof(&published, NetworkState::index_key(), Some(state))
    }

    fn state_proof(
        &self,
        published: &Published,
        key: IndexKey,
        state: Option<String>,
    ) -> Result<StateProof, NoAnswer> {
        Ok(StateProof {
            key,
            state,
            proof: published.head.index().prove(&key)?,
            head: self.block_proof(published, published.head.height())?,
            checkpoint: published.note.to_string(),
        })
    }
}
