//! The directory: everything small that the rules read, held in memory.
//!
//! The network, its agencies, registries, clerks, last return marks and what they have said in governance, exactly as the index holds them. Records are not
//! here: there may be millions of them (`records`).

use std::collections::BTreeMap;

use protocol::{
    authentic::Author,
    chain_id::NetworkId,
    genesis::Genesis,
    governance::{ChangeProposal, ProposedChange, ReadyFor, Stance},
    hash::{EntryId, IndexKey},
    key::PublicKey,
    name::{AgencyName, ClerkName, Origin, RegistryName},
    state::{
        AgencyState, BallotState, ClerkState, Limits, NetworkState, OpeningState, ProposalState,
        ReadyState, RegistryState, ReturnState, VoiceState,
    },
};

use crate::rules::governance::due::BallotTally;

/// The permissions of all agencies and clerks, at one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    id: NetworkId,
    network: NetworkState,
    agencies: BTreeMap<AgencyName, AgencyState>,
    registries: BTreeMap<RegistryName, RegistryState>,
    clerks: BTreeMap<ClerkName, ClerkState>,
    returns: BTreeMap<AgencyName, ReturnState>,
    /// The last proposal of each agency.
    proposals: BTreeMap<AgencyName, ProposalState>,
    /// By proposer and voter.
    ballots: BTreeMap<(AgencyName, AgencyName), BallotState>,
    /// By proposer, agency and the set that the mark speaks for.
    ready: BTreeMap<(AgencyName, AgencyName, ReadyFor), ReadyState>,
    voices: BTreeMap<AgencyName, VoiceState>,
    opening: Option<OpeningState>,
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
            proposals: BTreeMap::new(),
            ballots: BTreeMap::new(),
            ready: BTreeMap::new(),
            voices: BTreeMap::new(),
            opening: None,
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
            "proposal" => {
                let state = ProposalState::parse(value)?;
                self.proposals.insert(state.author().clone(), state);
            }
            "ballot" => {
                let state = BallotState::parse(value)?;
                let names = (state.proposer.clone(), state.voter.clone());
                self.ballots.insert(names, state);
            }
            "ready" => {
                let state = ReadyState::parse(value)?;
                let (proposer, agency) = (state.proposer.clone(), state.agency.clone());
                self.ready
                    .insert((proposer, agency, state.ready_for), state);
            }
            "voice" => {
                let state = VoiceState::parse(value)?;
                self.voices.insert(state.agency.clone(), state);
            }
            "opening" => self.opening = Some(OpeningState::parse(value)?),
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
        for state in self.proposals.values() {
            values.insert(ProposalState::index_key(state.author()), state.write());
        }
        for state in self.ballots.values() {
            let key = BallotState::index_key(&state.proposer, &state.voter);
            values.insert(key, state.write());
        }
        for state in self.ready.values() {
            let key = ReadyState::index_key(&state.proposer, &state.agency, state.ready_for);
            values.insert(key, state.write());
        }
        for state in self.voices.values() {
            values.insert(VoiceState::index_key(&state.agency), state.write());
        }
        if let Some(state) = &self.opening {
            values.insert(OpeningState::index_key(), state.write());
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
            Author::Newcomer { agency, proposal } => {
                let change = &self.open_proposal(proposal)?.statement.change;
                let ProposedChange::Epoch(change) = change else {
                    return None;
                };
                let mut agencies = change.statement.agencies.iter();
                let agency = agencies.find(|state| state.name == **agency)?;
                Some(agency.vote.key)
            }
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

    /// The last proposal of each agency that has made one.
    #[must_use]
    pub const fn proposals(&self) -> &BTreeMap<AgencyName, ProposalState> {
        &self.proposals
    }

    /// The last proposal of an agency.
    #[must_use]
    pub fn last_proposal(&self, author: &AgencyName) -> Option<&ProposalState> {
        self.proposals.get(author)
    }

    /// Proposals that may still come into force, by the names of their authors.
    pub fn open_proposals(&self) -> impl Iterator<Item = (EntryId, &ChangeProposal)> {
        self.proposals.values().filter_map(|state| match state {
            ProposalState::Open { id, proposal, .. } => Some((*id, &**proposal)),
            ProposalState::Ended { .. } => None,
        })
    }

    /// One proposal that may still come into force.
    #[must_use]
    pub fn open_proposal(&self, id: &EntryId) -> Option<&ChangeProposal> {
        let mut proposals = self.open_proposals();
        proposals.find_map(|(open, proposal)| (open == *id).then_some(proposal))
    }

    /// The last ballot of `voter` about the last proposal of `proposer`, or about an earlier one.
    #[must_use]
    pub fn ballot(&self, proposer: &AgencyName, voter: &AgencyName) -> Option<&BallotState> {
        self.ballots.get(&(proposer.clone(), voter.clone()))
    }

    /// The ballots about a proposal of the agencies that run the network.
    #[must_use]
    pub fn tally(&self, proposal: &EntryId) -> BallotTally {
        let counted = self.ballots.values().filter(|ballot| {
            ballot.proposal == *proposal && self.network.validators.contains(&ballot.voter)
        });
        let mut tally = BallotTally::default();
        for ballot in counted {
            match ballot.stance {
                Stance::For(approval) => {
                    tally.approvals.insert(ballot.voter.clone(), approval);
                }
                Stance::Against => tally.against = tally.against.saturating_add(1),
            }
        }
        tally
    }

    /// The last mark of readiness of an agency about the last proposal of `proposer`, or about an earlier one.
    #[must_use]
    pub fn ready(
        &self,
        proposer: &AgencyName,
        agency: &AgencyName,
        ready_for: ReadyFor,
    ) -> Option<&ReadyState> {
        let names = (proposer.clone(), agency.clone(), ready_for);
        self.ready.get(&names)
    }

    /// The counters of an agency's words in governance.
    #[must_use]
    pub fn voice(&self, agency: &AgencyName) -> VoiceState {
        let voice = self.voices.get(agency).cloned();
        voice.unwrap_or_else(|| VoiceState::silent(agency.clone()))
    }

    /// The change by which the epoch in force has begun, if it is not the first.
    #[must_use]
    pub const fn opening(&self) -> Option<&OpeningState> {
        self.opening.as_ref()
    }

    /// One clerk.
    #[must_use]
    pub fn clerk(&self, name: &ClerkName) -> Option<&ClerkState> {
        self.clerks.get(name)
    }
}
