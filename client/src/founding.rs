//! The founding of a network at a desk: an agency's keys and lines, the files that agencies give one another,
//! and the genesis that follows from them.
//!
//! Nobody is asked anything here, and no key is written: whoever makes one says where it goes. Not here: what the
//! texts must be (`protocol::ceremony`), and the node's folder.

mod error;
mod files;

use std::{collections::BTreeSet, path::Path};

use messages::time::iso;
use protocol::{
    agency::{ProvenAgency, ProvenKey},
    ceremony::{
        Acceptance, AcceptanceStatement, Contribution, ContributionStatement, FoundingPlan,
        check_contribution,
    },
    entry::Operation,
    genesis::Genesis,
    hash::sha256,
    height::TimeMs,
    key::{SecretKey, Signature},
    keyfile::KeyFile,
    name::{AgencyName, ClerkName, Origin, RegistryName},
    record::CaseRule,
    state::{ClerkState, RegistryState},
    words,
};

pub use self::{
    error::{FoundingError, FoundingText, GenesisTrouble, KeyUse},
    files::{Sources, contribution, contributions, genesis, plan, request},
};
use crate::durable::{self, FileError};

/// Purposes of the keys that an agency's node opens.
pub const OF_NODE: [&str; 3] = ["peer", "vote", "cosign"];
/// Purposes of the keys that people of an agency keep.
pub const OF_PEOPLE: [&str; 2] = ["admin", "recovery"];

/// The secret keys of a folder in the making.
#[derive(Debug, Default)]
pub struct FolderKeys {
    keys: Vec<KeyFile>,
}

impl FolderKeys {
    /// New keys for every use that an agency has.
    ///
    /// # Errors
    /// [`FileError::NoRandom`].
    pub fn generate(agency: &AgencyName) -> Result<Self, FileError> {
        let mut made = Self::default();
        for purpose in OF_NODE.iter().chain(&OF_PEOPLE) {
            made.add(new_key(purpose, agency.as_str())?);
        }
        Ok(made)
    }

    /// Adds a key.
    pub fn add(&mut self, key: KeyFile) {
        self.keys.push(key);
    }

    /// All of them, each as its file holds it.
    #[must_use]
    pub fn files(&self) -> &[KeyFile] {
        &self.keys
    }

    /// The key for a purpose.
    #[must_use]
    pub fn secret(&self, purpose: &str) -> Option<&SecretKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.purpose == purpose)
            .map(|key| &key.secret)
    }

    /// The agency's lines of a genesis of that time, its cosigning key named after the year. None if a key is missing.
    #[must_use]
    pub fn agency(
        &self,
        origin: &Origin,
        time: TimeMs,
        name: &AgencyName,
        url: String,
    ) -> Option<ProvenAgency> {
        let proven = |purpose: &str| {
            let secret = self.secret(purpose)?;
            Some(ProvenKey::of(origin, name.as_str(), purpose, secret))
        };
        let year: String = iso(time.get())
            .chars()
            .take_while(|it| *it != '-')
            .collect();
        Some(ProvenAgency {
            name: name.clone(),
            url,
            cosigner: format!("{origin}/{name}/{year}"),
            peer: proven("peer")?,
            vote: proven("vote")?,
            cosign: proven("cosign")?,
            admin: proven("admin")?,
            recovery: proven("recovery")?,
        })
    }
}

/// A new key file.
///
/// # Errors
/// [`FileError::NoRandom`].
pub fn new_key(purpose: &str, holder: &str) -> Result<KeyFile, FileError> {
    Ok(KeyFile {
        purpose: purpose.to_owned(),
        holder: holder.to_owned(),
        secret: SecretKey::from_seed(&durable::random()?),
    })
}

/// A registry of an agency, without a policy.
#[must_use]
pub const fn registry(name: RegistryName, owner: AgencyName, has_capitals: bool) -> RegistryState {
    RegistryState {
        name,
        owner,
        case_rule: if has_capitals {
            CaseRule::Capitals
        } else {
            CaseRule::AsWritten
        },
        policy: None,
    }
}

/// A clerk who may do everything in registries of the agency.
#[must_use]
pub fn clerk(
    name: ClerkName,
    proven: ProvenKey,
    registries: BTreeSet<RegistryName>,
) -> (ClerkState, Signature) {
    let ProvenKey { key, proof } = proven;
    let state = ClerkState {
        name,
        key,
        until: None,
        registries,
        operations: BTreeSet::from(Operation::OF_OWNER),
        revoked: None,
    };
    (state, proof)
}

/// Eight words by which a network is known before it runs: those of its first trust file, which names the genesis.
#[must_use]
pub fn spoken(genesis: &Genesis) -> String {
    words::fingerprint(&trust_hash(genesis)).join(" ")
}

fn trust_hash(genesis: &Genesis) -> [u8; 32] {
    sha256(&[genesis.trust_file().as_bytes()])
}

/// Signs what an agency brings, after it was judged as everybody else will.
///
/// # Errors
/// [`FoundingError::Contribution`] names `path`, where it was to be written.
pub fn contribute(
    plan: &FoundingPlan,
    statement: ContributionStatement,
    admin: &SecretKey,
    path: &Path,
) -> Result<Contribution, FoundingError> {
    let contribution = statement.sign(&plan.origin, admin);
    check_contribution(plan, &contribution).map_err(|(line, trouble)| {
        FoundingError::Contribution {
            path: path.to_owned(),
            line,
            trouble,
        }
    })?;
    // What nobody could read is not given to anybody.
    files::reads_back(&contribution, path)?;
    Ok(contribution)
}

/// Signs that an agency accepts a genesis, in which its lines stand and whose words were compared; if the key is its
/// admin key there.
///
/// # Errors
/// [`GenesisTrouble::OtherKey`].
pub fn accept(
    (genesis, genesis_path): (&Genesis, &Path),
    mine: &Contribution,
    (admin, admin_path): (&SecretKey, &Path),
) -> Result<Acceptance, FoundingError> {
    let agency = mine.agency();
    let founder = genesis.agencies.iter().find(|one| one.name == *agency);
    if founder.is_none_or(|founder| founder.admin.key != admin.public()) {
        let trouble = GenesisTrouble::OtherKey {
            key: admin_path.to_owned(),
            agency: agency.clone(),
        };
        return Err(unacceptable(genesis_path, trouble));
    }
    let p2p = mine.statement.p2p.clone();
    Ok(AcceptanceStatement::of(genesis, agency.clone(), p2p).sign(admin))
}

/// Whether words that were read out are those of a genesis.
///
/// # Errors
/// [`GenesisTrouble::Words`] says which is not.
pub fn has_words((genesis, path): (&Genesis, &Path), said: &str) -> Result<(), FoundingError> {
    match words::first_wrong(&trust_hash(genesis), said) {
        None => Ok(()),
        Some(at) => Err(unacceptable(path, GenesisTrouble::Words { at })),
    }
}

/// Whether an agency's lines stand in a genesis as it contributed them.
///
/// # Errors
/// [`GenesisTrouble::OtherLines`] names the first that does not.
pub fn stands_in(
    (mine, mine_path): (&Contribution, &Path),
    (genesis, genesis_path): (&Genesis, &Path),
) -> Result<(), FoundingError> {
    mine.check_signature(&genesis.origin)
        .map_err(|_| FoundingError::NotSigned {
            path: mine_path.to_owned(),
            origin: genesis.origin.clone(),
        })?;
    mine.check_stands_in(genesis).map_err(|other| {
        let contribution = mine_path.to_owned();
        let line = other.line;
        let trouble = GenesisTrouble::OtherLines { contribution, line };
        unacceptable(genesis_path, trouble)
    })
}

/// Whether a genesis has the frame of a plan: all that is no agency's own.
///
/// # Errors
/// [`GenesisTrouble::OtherFrame`] says what differs.
pub fn has_frame_of(
    (genesis, genesis_path): (&Genesis, &Path),
    (plan, plan_path): (&FoundingPlan, &Path),
) -> Result<(), FoundingError> {
    let names = genesis.agencies.iter().map(|agency| &agency.name);
    let differs = if genesis.origin != plan.origin {
        "origin"
    } else if genesis.time != plan.time {
        "time"
    } else if genesis.limits != plan.limits {
        "limits"
    } else if genesis.recovery_threshold != plan.recovery_threshold {
        "recovery-threshold"
    } else if !names.eq(&plan.agencies) {
        "agencies"
    } else {
        return Ok(());
    };
    let plan = plan_path.to_owned();
    let trouble = GenesisTrouble::OtherFrame { plan, differs };
    Err(unacceptable(genesis_path, trouble))
}

fn unacceptable(path: &Path, trouble: GenesisTrouble) -> FoundingError {
    FoundingError::Unacceptable {
        path: path.to_owned(),
        trouble,
    }
}
