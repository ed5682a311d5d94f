//! An acceptance: an agency's word, by its admin key, that a genesis is the one it means to run.
//!
//! It is given after people have compared the eight words of the first trust file, which names the chain and
//! so covers the whole genesis. A node begins only where all agencies of its genesis have given theirs.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    chain_id::{NetworkId, NotSigned, SignedText},
    entry,
    genesis::Genesis,
    hash::{ChainId, TrustHash},
    key::{SecretKey, Signature},
    name::{AgencyName, Origin, is_peer_address},
    text::{self, Lines, Malformed},
};

/// The most bytes of one acceptance.
pub const ACCEPTANCE_BYTES_MAX: usize = 1024;
/// The most bytes of a node's file of them all.
pub const ACCEPTANCES_BYTES_MAX: usize = 32 * 1024;

const ACCEPTANCE: &str = "muhr-acceptance/v1";

/// The signed part of an acceptance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptanceStatement {
    /// The agency.
    pub agency: AgencyName,
    /// Name of the network.
    pub origin: Origin,
    /// Identity of the network: the leaf hash of its genesis.
    pub chain: ChainId,
    /// Hash of the first trust file, whose words were compared.
    pub trust: TrustHash,
    /// Where its node's peers connect, `host:port`.
    pub p2p: String,
}

/// An agency's word that it will run a network. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The signed part.
    pub statement: AcceptanceStatement,
    /// By the agency's admin key.
    pub signature: Signature,
}

/// Why acceptances do not let a network begin. `at` counts them from 0, as they were given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotAccepted {
    /// One is of another network, or of the same under another trust file.
    #[error("the acceptance of {agency} is of another genesis")]
    OtherGenesis {
        /// Its place.
        at: usize,
        /// Whose it is.
        agency: AgencyName,
    },
    /// One is of somebody who founds nothing here.
    #[error("{agency} is no agency of this genesis")]
    Stranger {
        /// Its place.
        at: usize,
        /// Whose it is.
        agency: AgencyName,
    },
    /// One that the admin key of the genesis did not sign.
    #[error(
        "the acceptance of {agency} was not signed by its admin key, or was changed since: {source}"
    )]
    NotSigned {
        /// Its place.
        at: usize,
        /// Whose it is.
        agency: AgencyName,
        /// What is wrong with the signature.
        source: NotSigned,
    },
    /// Two are of one agency.
    #[error("there are two acceptances of {agency}")]
    Doubled {
        /// Place of the first.
        first: usize,
        /// Place of the second.
        second: usize,
        /// Whose they are.
        agency: AgencyName,
    },
    /// Some have not given theirs.
    #[error("the acceptance of {} is missing", text::list(.agencies.iter().map(AgencyName::as_str)))]
    Missing {
        /// Who.
        agencies: Vec<AgencyName>,
    },
}

impl AcceptanceStatement {
    /// That `agency` accepts `genesis` and listens at `p2p`.
    #[must_use]
    pub fn of(genesis: &Genesis, agency: AgencyName, p2p: String) -> Self {
        Self {
            agency,
            origin: genesis.origin.clone(),
            chain: genesis.chain(),
            trust: genesis.network().trust,
            p2p,
        }
    }

    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "{ACCEPTANCE}\nagency {}\norigin {}\nchain {}\ntrust {}\np2p {}\n",
            self.agency,
            self.origin,
            self.chain.to_hex(),
            self.trust,
            self.p2p
        )
    }

    fn network(&self) -> NetworkId {
        NetworkId {
            origin: self.origin.clone(),
            chain: self.chain,
        }
    }

    /// Signs.
    #[must_use]
    pub fn sign(self, admin: &SecretKey) -> Acceptance {
        let message = SignedText::Acceptance.message(&self.network(), &self.write());
        let signature = admin.sign(&message);
        Acceptance {
            statement: self,
            signature,
        }
    }
}

impl Acceptance {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, ACCEPTANCE_BYTES_MAX)?;
        let acceptance = Self::read(&mut lines)?;
        lines.end()?;
        text::same(bytes, acceptance.write().as_bytes())?;
        Ok(acceptance)
    }

    fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        lines.exact(ACCEPTANCE)?;
        let statement = AcceptanceStatement {
            agency: lines.parsed("agency", "the name of an agency", AgencyName::parse)?,
            origin: lines.parsed(
                "origin",
                "a URL without scheme that ends in a number",
                Origin::parse,
            )?,
            chain: lines.parsed("chain", "64 hexadecimal digits", ChainId::from_hex)?,
            trust: lines.parsed("trust", "32 bytes in base64", TrustHash::from_base64)?,
            p2p: lines.parsed("p2p", "a host and a port", |value| {
                is_peer_address(value).then(|| value.to_owned())
            })?,
        };
        let signature = lines.value("signature")?;
        let signature = entry::signature(lines, signature)?;
        Ok(Self {
            statement,
            signature,
        })
    }
}

/// The file of all acceptances: one behind the other, in the order of the agencies' names.
#[must_use]
pub fn write_acceptances(acceptances: &[Acceptance]) -> String {
    let named = acceptances
        .iter()
        .map(|one| (&one.statement.agency, one.write()));
    named.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Reads a file of all acceptances. Who is missing, and what was signed, says [`check_acceptances`].
///
/// # Errors
///
/// [`Malformed`] names the first line that is not of the format.
pub fn read_acceptances(bytes: &[u8]) -> Result<Vec<Acceptance>, Malformed> {
    let mut lines = Lines::new(bytes, ACCEPTANCES_BYTES_MAX)?;
    let mut acceptances = Vec::new();
    while !lines.is_empty() {
        acceptances.push(Acceptance::read(&mut lines)?);
    }
    text::same(bytes, write_acceptances(&acceptances).as_bytes())?;
    Ok(acceptances)
}

/// Checks that every agency of `genesis`, and nobody else, has accepted it, each once.
///
/// # Errors
///
/// [`NotAccepted`]: what is wrong with the first that does not count, or who is missing.
pub fn check_acceptances(genesis: &Genesis, acceptances: &[Acceptance]) -> Result<(), NotAccepted> {
    let network = genesis.network_id();
    let trust = genesis.network().trust;
    let mut places: BTreeMap<&AgencyName, usize> = BTreeMap::new();
    for (at, acceptance) in acceptances.iter().enumerate() {
        let statement = &acceptance.statement;
        let agency = statement.agency.clone();
        if statement.network() != network || statement.trust != trust {
            return Err(NotAccepted::OtherGenesis { at, agency });
        }
        let founders = &mut genesis.agencies.iter();
        let Some(founder) = founders.find(|founder| founder.name == agency) else {
            return Err(NotAccepted::Stranger { at, agency });
        };
        let (key, signature) = (&founder.admin.key, &acceptance.signature);
        SignedText::Acceptance
            .check(&network, &statement.write(), key, signature)
            .map_err(|source| NotAccepted::NotSigned {
                at,
                agency: agency.clone(),
                source,
            })?;
        if let Some(first) = places.insert(&statement.agency, at) {
            return Err(NotAccepted::Doubled {
                first,
                second: at,
                agency,
            });
        }
    }
    let names = genesis.agencies.iter().map(|founder| &founder.name);
    let missing: Vec<AgencyName> = names
        .filter(|name| !places.contains_key(name))
        .cloned()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(NotAccepted::Missing { agencies: missing })
}
