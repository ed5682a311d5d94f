//! What an operator says: `node.toml`, which holds only what has no default, and the keys beside it.
//!
//! Unknown lines are errors: a misspelt setting must not be a silent default.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use protocol::{
    genesis::{BadGenesis, Genesis},
    key::{PublicKey, SecretKey},
    keyfile::KeyFile,
    name::AgencyName,
};
use serde::Deserialize;
use thiserror::Error;

/// Why a node cannot start from a folder. Each names the file and the way out.
#[derive(Debug, Error)]
pub enum BadConfig {
    /// A file that is not there or not readable.
    #[error("{path}: {source}; the folder of a node is made by `muhr network create`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `node.toml` is not what it should be.
    #[error("{path}: {detail}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What and where.
        detail: String,
    },
    /// The genesis does not hold.
    #[error("{path}: {source}")]
    Genesis {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BadGenesis,
    },
    /// A key file that others may read, or that is no key file.
    #[error("{path}: {detail}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What and the way out.
        detail: String,
    },
    /// The files contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    agency: Option<AgencyText>,
    p2p: SocketAddr,
    http: SocketAddr,
    #[serde(default)]
    peers: BTreeMap<String, SocketAddr>,
    #[serde(default)]
    observers: BTreeMap<String, String>,
}

#[derive(Debug)]
struct AgencyText(AgencyName);

impl<'de> Deserialize<'de> for AgencyText {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        AgencyName::parse(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not the name of an agency"))
    }
}

/// The keys by which a validator acts.
#[derive(Debug)]
pub struct ValidatorKeys {
    /// The agency.
    pub agency: AgencyName,
    /// Signs votes and proposals.
    pub vote: SecretKey,
    /// Cosigns checkpoints.
    pub cosign: SecretKey,
}

/// Everything that a node starts from.
#[derive(Debug)]
pub struct Config {
    /// The folder.
    pub dir: PathBuf,
    /// The network.
    pub genesis: Genesis,
    /// Set on a validator; an observer has none.
    pub validator: Option<ValidatorKeys>,
    /// Names this node to its peers.
    pub peer: SecretKey,
    /// Adds the log's own line to checkpoints, on the nodes that publish.
    pub publisher: Option<SecretKey>,
    /// Where peers connect.
    pub p2p: SocketAddr,
    /// Where clients connect.
    pub http: SocketAddr,
    /// Where the other agencies' nodes are.
    pub peers: BTreeMap<AgencyName, SocketAddr>,
    /// Observers that may connect.
    pub observers: BTreeMap<String, PublicKey>,
}

impl Config {
    /// Reads `dir/node.toml`, `dir/genesis` and `dir/keys`, and checks them against each other.
    pub fn read(dir: &Path) -> Result<Self, BadConfig> {
        let path = dir.join("node.toml");
        let text = read(&path)?;
        let file: File =
            toml::from_str(&String::from_utf8_lossy(&text)).map_err(|error| BadConfig::Toml {
                path: path.clone(),
                detail: error.to_string(),
            })?;
        let genesis_path = dir.join("genesis");
        let genesis =
            Genesis::parse(&read(&genesis_path)?).map_err(|source| BadConfig::Genesis {
                path: genesis_path,
                source,
            })?;
        let (peers, observers) = addresses(&path, &file, &genesis)?;
        let keys = dir.join("keys");
        let peer = key(&keys.join("peer.key"), "peer")?;
        let validator = file
            .agency
            .map(|agency| validator(&keys, agency.0, &genesis, &peer))
            .transpose()?;
        let publisher_path = keys.join("publisher.key");
        let publisher = publisher_path
            .exists()
            .then(|| key(&publisher_path, "publisher"))
            .transpose()?;
        if publisher
            .as_ref()
            .is_some_and(|secret| secret.public() != genesis.publisher.key)
        {
            return Err(BadConfig::Contradiction(format!(
                "{}: not the publisher key that the genesis names",
                publisher_path.display()
            )));
        }
        Ok(Self {
            dir: dir.to_owned(),
            genesis,
            validator,
            peer,
            publisher,
            p2p: file.p2p,
            http: file.http,
            peers,
            observers,
        })
    }
}

type Addresses = (
    BTreeMap<AgencyName, SocketAddr>,
    BTreeMap<String, PublicKey>,
);

fn addresses(path: &Path, file: &File, genesis: &Genesis) -> Result<Addresses, BadConfig> {
    let wrong = |detail: String| BadConfig::Toml {
        path: path.to_owned(),
        detail,
    };
    let mut peers = BTreeMap::new();
    for (name, address) in &file.peers {
        let agency = genesis
            .agencies
            .iter()
            .find(|agency| agency.name.as_str() == name);
        let agency = agency
            .ok_or_else(|| wrong(format!("[peers] {name} is not an agency of the genesis")))?;
        peers.insert(agency.name.clone(), *address);
    }
    let mut observers = BTreeMap::new();
    for (name, key) in &file.observers {
        let key = PublicKey::from_base64(key)
            .map_err(|error| wrong(format!("[observers] {name}: {error}")))?;
        observers.insert(name.clone(), key);
    }
    Ok((peers, observers))
}

fn validator(
    keys: &Path,
    agency: AgencyName,
    genesis: &Genesis,
    peer: &SecretKey,
) -> Result<ValidatorKeys, BadConfig> {
    let known = genesis.agencies.iter().find(|known| known.name == agency);
    let known = known.ok_or_else(|| {
        BadConfig::Contradiction(format!(
            "agency {agency} of node.toml is not in the genesis"
        ))
    })?;
    let vote = key(&keys.join("vote.key"), "vote")?;
    let cosign = key(&keys.join("cosign.key"), "cosign")?;
    for (name, found, expected) in [
        ("peer", peer, &known.peer),
        ("vote", &vote, &known.vote),
        ("cosign", &cosign, &known.cosign),
    ] {
        if found.public() != expected.key {
            return Err(BadConfig::Contradiction(format!(
                "{}/{name}.key is not the {name} key that the genesis names for {agency}; is this another agency's folder?",
                keys.display()
            )));
        }
    }
    Ok(ValidatorKeys {
        agency,
        vote,
        cosign,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, BadConfig> {
    std::fs::read(path).map_err(|source| BadConfig::Read {
        path: path.to_owned(),
        source,
    })
}

fn key(path: &Path, purpose: &str) -> Result<SecretKey, BadConfig> {
    key_file(path, purpose).map(|file| file.secret)
}

/// Reads a key file that nobody else may read, of one purpose.
pub(crate) fn key_file(path: &Path, purpose: &str) -> Result<KeyFile, BadConfig> {
    let wrong = |detail: String| BadConfig::Key {
        path: path.to_owned(),
        detail,
    };
    let bytes = read(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)
            .map_err(|source| BadConfig::Read {
                path: path.to_owned(),
                source,
            })?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(wrong(format!(
                "others may read this key (mode {:o}); run: chmod 600 {}",
                mode & 0o777,
                path.display()
            )));
        }
    }
    if bytes.starts_with(b"age-encryption.org/") {
        let detail =
            "this key has a passphrase, which a node cannot be asked for: it needs a plain one";
        return Err(wrong(detail.to_owned()));
    }
    let file = KeyFile::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    if file.purpose != purpose {
        return Err(wrong(format!(
            "a {} key where a {purpose} key is needed",
            file.purpose
        )));
    }
    Ok(file)
}
