//! The epoch: which agencies run the network, with which keys, and how many of them bind it.
//!
//! One value, made from the ledger's directory at a height and from the trust file in force, of which
//! the directory holds the hash alone. The driver replaces it at commit, and nobody else does; whoever
//! asks takes the value of that moment. Not here: who may open an epoch (`ledger`), where peers are
//! (`config`), and connections with agencies that join while the node runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use consensus::{SetError, ValidatorSet};
use ledger::{directory::Directory, execute::Executed};
use protocol::{
    agency,
    cosignature::Cosigner,
    epoch::Change,
    genesis::Genesis,
    hash::{TrustHash, sha256},
    height::Epoch,
    key::PublicKey,
    name::{AgencyName, Origin},
    state::AgencyState,
};
use thiserror::Error;

/// Why a directory and a trust file make no epoch.
#[derive(Debug, Error)]
pub enum EpochFault {
    /// The validators are no set that can vote.
    #[error(
        "epoch {epoch} has no validators that can vote; compare the genesis with the other agencies"
    )]
    Validators {
        /// Number of the epoch.
        epoch: Epoch,
        /// What is wrong with them.
        source: SetError,
    },
    /// A validator that is no agency.
    #[error(
        "the ledger names {0} a validator, and no agency: a bug; restart the node and report the log"
    )]
    NoAgency(AgencyName),
    /// The trust file is another one than the ledger names, or none.
    #[error(
        "the trust file of epoch {0} is not here, and this version starts in the first epoch alone; run one that knows later ones"
    )]
    NoTrustFile(Epoch),
}

/// What an epoch has beside the directory: the trust file and the publisher's key, from the leaf that
/// opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustText {
    text: String,
    publisher: PublicKey,
}

impl TrustText {
    /// Trust file of the first epoch.
    #[must_use]
    pub fn of_genesis(genesis: &Genesis) -> Self {
        Self {
            text: genesis.trust_file(),
            publisher: genesis.publisher.key,
        }
    }

    /// Trust file of the epoch that `change` opens.
    #[must_use]
    pub fn of_change(change: &Change) -> Self {
        Self {
            text: change.trust_file.clone(),
            publisher: change.statement.publisher.key,
        }
    }
}

/// Agencies, keys and quorum of one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochState {
    number: Epoch,
    origin: Origin,
    validators: ValidatorSet,
    /// Agencies that run a validator.
    agencies: BTreeMap<AgencyName, AgencyState>,
    /// Their names by voting key.
    by_vote: BTreeMap<PublicKey, AgencyName>,
    cosigners: BTreeMap<AgencyName, Cosigner>,
    log_key: Cosigner,
    trust_file: String,
}

impl EpochState {
    /// Epoch of a directory, whose trust file is `trust`.
    ///
    /// # Errors
    /// [`EpochFault`] if `trust` is not the file that the directory names, or the validators are no
    /// set that can vote.
    pub fn of(directory: &Directory, trust: TrustText) -> Result<Self, EpochFault> {
        let network = directory.network();
        if network.trust != TrustHash::new(sha256(&[trust.text.as_bytes()])) {
            return Err(EpochFault::NoTrustFile(network.epoch));
        }
        let state = |name: &AgencyName| {
            let state = directory.agencies().get(name);
            let state = state.ok_or_else(|| EpochFault::NoAgency(name.clone()))?;
            Ok((name.clone(), state.clone()))
        };
        let agencies = network.validators.iter().map(state);
        let agencies = agencies.collect::<Result<BTreeMap<_, _>, EpochFault>>()?;
        Self::with(network.epoch, directory.origin().clone(), agencies, trust)
    }

    /// First epoch of a network.
    ///
    /// # Errors
    /// [`EpochFault`] if the validators are no set that can vote.
    pub fn first(genesis: &Genesis) -> Result<Self, EpochFault> {
        let trust = TrustText::of_genesis(genesis);
        Self::of(&Directory::genesis(genesis), trust)
    }

    fn with(
        number: Epoch,
        origin: Origin,
        agencies: BTreeMap<AgencyName, AgencyState>,
        trust: TrustText,
    ) -> Result<Self, EpochFault> {
        let votes = agencies.values().map(|agency| agency.vote).collect();
        let validators = ValidatorSet::new(votes).map_err(|source| EpochFault::Validators {
            epoch: number,
            source,
        })?;
        let by_vote = agencies.values();
        let by_vote = by_vote.map(|agency| (agency.vote, agency.name.clone()));
        let cosigners = agencies.values().map(|agency| {
            let key = Cosigner::validator(agency.cosign_name.clone(), agency.cosign);
            (agency.name.clone(), key)
        });
        Ok(Self {
            number,
            validators,
            by_vote: by_vote.collect(),
            cosigners: cosigners.collect(),
            log_key: Cosigner::log(origin.to_string(), trust.publisher),
            trust_file: trust.text,
            agencies,
            origin,
        })
    }

    /// Number of the epoch, from 0.
    #[must_use]
    pub const fn number(&self) -> Epoch {
        self.number
    }

    /// Name of the network.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Voting keys, as consensus knows them.
    #[must_use]
    pub const fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// How many of the agencies must agree: floor(2n/3)+1.
    #[must_use]
    pub fn quorum(&self) -> usize {
        agency::quorum(self.agencies.len())
    }

    /// Agencies that run a validator, in the order of their names.
    #[must_use]
    pub const fn agencies(&self) -> &BTreeMap<AgencyName, AgencyState> {
        &self.agencies
    }

    /// Agency that votes with `key`.
    #[must_use]
    pub fn agency_of(&self, key: &PublicKey) -> Option<&AgencyName> {
        self.by_vote.get(key)
    }

    /// Agency of that name, if it runs a validator. Names of observers are none.
    #[must_use]
    pub fn agency(&self, name: &str) -> Option<&AgencyState> {
        // They are few, and this is asked for every message of a peer.
        let mut agencies = self.agencies.values();
        agencies.find(|agency| agency.name.as_str() == name)
    }

    /// Whether an agency of that name runs a validator.
    #[must_use]
    pub fn is_validator(&self, name: &str) -> bool {
        self.agency(name).is_some()
    }

    /// Cosigning keys.
    #[must_use]
    pub const fn cosigners(&self) -> &BTreeMap<AgencyName, Cosigner> {
        &self.cosigners
    }

    /// Key of the log's own line.
    #[must_use]
    pub const fn log_key(&self) -> &Cosigner {
        &self.log_key
    }

    /// Text of the trust file in force.
    #[must_use]
    pub fn trust_file(&self) -> &str {
        &self.trust_file
    }
}

/// The epoch in force, for all parts of a node, and the leaf with which the network began.
#[derive(Debug)]
pub struct Epochs {
    first_leaf: String,
    now: RwLock<Arc<EpochState>>,
}

impl Epochs {
    /// Epoch in which a ledger with this genesis and this directory stands.
    ///
    /// # Errors
    /// [`EpochFault`], and [`EpochFault::NoTrustFile`] if that is not the first one: the genesis tells
    /// of no other.
    pub fn open(genesis: &Genesis, directory: &Directory) -> Result<Self, EpochFault> {
        let now = EpochState::of(directory, TrustText::of_genesis(genesis))?;
        Ok(Self {
            first_leaf: genesis.write(),
            now: RwLock::new(Arc::new(now)),
        })
    }

    /// The epoch in force.
    #[must_use]
    pub fn now(&self) -> Arc<EpochState> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Text of the genesis, for whoever asks for it.
    #[must_use]
    pub fn first_leaf(&self) -> &str {
        &self.first_leaf
    }

    /// Enters the epoch that a committed block opens; `None` if it opens none. To be called at commit,
    /// for each block in turn.
    ///
    /// # Errors
    /// [`EpochFault`]; the epoch then stays the one before.
    pub fn enter(&self, block: &Executed) -> Result<Option<Arc<EpochState>>, EpochFault> {
        let directory = block.head().directory();
        let number = directory.network().epoch;
        if number == self.now().number {
            return Ok(None);
        }
        let change = block.leaves().first().map(|leaf| Change::parse(leaf));
        let change = change.and_then(Result::ok);
        let change = change.ok_or(EpochFault::NoTrustFile(number))?;
        let next = Arc::new(EpochState::of(directory, TrustText::of_change(&change))?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        Ok(Some(next))
    }
}

/// Epochs of the tests of other parts.
#[cfg(test)]
pub(crate) mod examples {
    use protocol::{ceremony::Acceptance, height::TimeMs, key::SecretKey};
    use testkit::founder::Founder;

    use super::*;

    /// The agencies of [`genesis`].
    pub(crate) const AGENCIES: [&str; 4] = ["adliya", "kadastr", "qurilish", "soliq"];

    type Secrets = fn(&str, &str) -> SecretKey;

    const fn founder() -> Founder<'static, Secrets> {
        Founder {
            origin: "registry.example.uz/test/1",
            secret,
        }
    }

    /// A network of four, without registries and clerks.
    pub(crate) fn genesis() -> Genesis {
        let founder = founder();
        let agency = |name: &&str| {
            let url = format!("http://{name}.example/");
            founder.agency(name, url, format!("{}/{name}/2026", founder.origin))
        };
        let agencies = AGENCIES.iter().map(agency).collect();
        let time = TimeMs::new(1_795_430_400_000);
        founder.genesis(time, agencies, Vec::new(), Vec::new())
    }

    /// That all of them accept it.
    pub(crate) fn acceptances() -> Vec<Acceptance> {
        founder().acceptances(&genesis())
    }

    /// Secret key of an agency for one use.
    pub(crate) fn secret(agency: &str, purpose: &str) -> SecretKey {
        let seed = sha256(&[agency.as_bytes(), b" ", purpose.as_bytes()]);
        SecretKey::from_seed(&seed)
    }

    /// An epoch of these agencies, each of which cosigns as `<origin>/<name>`.
    pub(crate) fn epoch(number: u64, names: &[&str]) -> Arc<EpochState> {
        let origin = Origin::parse("registry.example.uz/test/1").unwrap();
        let agencies = names.iter().map(|name| {
            let key = |purpose| secret(name, purpose).public();
            let name = AgencyName::parse(name).unwrap();
            let state = AgencyState {
                peer: key("peer"),
                vote: key("vote"),
                cosign: key("cosign"),
                admin: key("admin"),
                recovery: key("recovery"),
                cosign_name: format!("{origin}/{name}"),
                url: format!("https://{name}.example.uz"),
                name: name.clone(),
            };
            (name, state)
        });
        let trust = TrustText {
            text: String::new(),
            publisher: secret("publisher", "log").public(),
        };
        let agencies = agencies.collect();
        Arc::new(EpochState::with(Epoch::new(number), origin.clone(), agencies, trust).unwrap())
    }
}
