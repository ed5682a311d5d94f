//! What an operator says: `node.toml`, which holds only what has no default, and the keys beside it.
//!
//! Unknown lines are errors: a misspelt setting must not be a silent default.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use protocol::{
    genesis::{BadGenesis, GENESIS_BYTES_MAX, Genesis},
    key::{PublicKey, SecretKey},
    keyfile::KeyFile,
    name::AgencyName,
    sign_state::{COSIGN_FILE, SAFETY_FILE},
};
use serde::Deserialize;
use thiserror::Error;

use crate::{
    address::PeerAddress,
    files::{quoted, read_regular},
    logging,
};

/// The most bytes of `node.toml`: a hundred observers take ten thousand.
const SETTINGS_BYTES_MAX: usize = 1 << 20;
/// The most bytes of a key file.
const KEY_BYTES_MAX: usize = 64 << 10;
/// Links that are followed, one to the next.
const LINKS_MAX: usize = 40;
/// What to do if a file is not there.
const NO_SETTINGS: &str = "; is this the folder of a node? `muhr network create` makes one";
const NO_GENESIS: &str = "; copy it from any other agency (GET /v1/genesis of its node), and compare its SHA-256 with what all of them have";
const NO_KEY: &str = "; a key that is lost cannot be made again: restore it from its safe copy";

/// Why a node cannot start from a folder. Each names the file and the way out.
#[derive(Debug, Error)]
pub enum BadConfig {
    /// A file that is not there or not readable.
    #[error("{path}: {source}{way_out}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What to do, behind a semicolon; nothing where the cause says it.
        way_out: &'static str,
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
    p2p: ListenText,
    http: ListenText,
    log: Option<String>,
    #[serde(default)]
    peers: BTreeMap<String, PeerAddress>,
    #[serde(default)]
    observers: BTreeMap<String, String>,
    #[serde(default)]
    places: PlacesText,
}

/// Where files lie that are not in the folder's `data`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PlacesText {
    ledger: Option<PathBuf>,
    safety: Option<PathBuf>,
    cosign_state: Option<PathBuf>,
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

/// Where a node listens: an address of this machine. A name could be looked up, and be another's.
#[derive(Debug)]
struct ListenText(SocketAddr);

impl<'de> Deserialize<'de> for ListenText {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        text.parse().map(Self).map_err(|_| {
            serde::de::Error::custom(format!(
                "\"{text}\" is no address to listen on; write an IP address and a port, as \"127.0.0.1:7481\", \"0.0.0.0:7480\" or \"[::]:7480\""
            ))
        })
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
    /// What is logged, unless the environment says otherwise.
    pub log: Option<String>,
    /// Where the other agencies' nodes are.
    pub peers: BTreeMap<AgencyName, PeerAddress>,
    /// Observers that may connect.
    pub observers: BTreeMap<String, PublicKey>,
    /// Where the ledger and what was signed lie.
    pub places: Places,
}

/// Where the ledger and what was signed lie: in `data`, unless `[places]` of `node.toml` says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The folder of the ledger.
    pub ledger: PathBuf,
    /// The file of the safety record.
    pub safety: PathBuf,
    /// The file of the cosign state.
    pub cosign_state: PathBuf,
}

impl Places {
    /// Where they lie in a node's folder, unless told otherwise. A relative path begins in the folder.
    fn of(dir: &Path, text: PlacesText) -> Self {
        let data = dir.join("data");
        let place = |given: Option<PathBuf>, name: &str| {
            given.map_or_else(|| data.join(name), |given| dir.join(given))
        };
        Self {
            ledger: place(text.ledger, "ledger"),
            safety: place(text.safety, SAFETY_FILE),
            cosign_state: place(text.cosign_state, COSIGN_FILE),
        }
    }

    /// Refuses places that are one: each file would write over the other.
    fn check(&self, settings: &Path) -> Result<(), BadConfig> {
        let places = [
            ("ledger", &self.ledger),
            (SAFETY_FILE, &self.safety),
            (COSIGN_FILE, &self.cosign_state),
        ];
        for (number, (one, path)) in places.iter().enumerate() {
            let mut others = places.iter().skip(number + 1);
            if let Some((other, _)) = others.find(|(_, other)| is_same(path, other)) {
                return Err(BadConfig::Toml {
                    path: settings.to_owned(),
                    detail: format!(
                        "[places] {one} and {other} lead to the same place, {}; give each a place of its own",
                        path.display()
                    ),
                });
            }
        }
        Ok(())
    }

    /// The places in a node's folder.
    #[must_use]
    pub fn in_folder(dir: &Path) -> Self {
        Self::of(dir, PlacesText::default())
    }
}

/// Whether two paths lead to one file or folder, or would once it is made.
fn is_same(one: &Path, other: &Path) -> bool {
    let found = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino())).ok();
    match (found(one), found(other)) {
        (Some(one), Some(other)) => one == other,
        _ => led_to(one, LINKS_MAX) == led_to(other, LINKS_MAX),
    }
}

/// Where a path leads whose last part may not be there yet.
fn led_to(path: &Path, links: usize) -> PathBuf {
    if let Ok(target) = path.read_link()
        && links > 0
    {
        let folder = path.parent().unwrap_or(Path::new("."));
        return led_to(&folder.join(target), links - 1);
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            folder.join(name)
        }
        _ => path.to_owned(),
    }
}

impl Config {
    /// Reads `dir/node.toml`, `dir/genesis` and `dir/keys`, and checks them against each other.
    ///
    /// # Errors
    ///
    /// [`BadConfig`] names the file, and what is wrong with it.
    pub fn read(dir: &Path) -> Result<Self, BadConfig> {
        let path = dir.join("node.toml");
        let text = read(&path, SETTINGS_BYTES_MAX, NO_SETTINGS)?;
        let file: File =
            toml::from_str(&String::from_utf8_lossy(&text)).map_err(|error| BadConfig::Toml {
                path: path.clone(),
                detail: error.to_string(),
            })?;
        let genesis_path = dir.join("genesis");
        let genesis = Genesis::parse(&read(&genesis_path, GENESIS_BYTES_MAX, NO_GENESIS)?)
            .map_err(|source| BadConfig::Genesis {
                path: genesis_path,
                source,
            })?;
        if let Some(log) = &file.log {
            logging::check_filter(log).map_err(|error| BadConfig::Toml {
                path: path.clone(),
                detail: format!("log: {error}"),
            })?;
        }
        let (peers, observers) = addresses(&path, &file, &genesis)?;
        let keys = dir.join("keys");
        if file.agency.is_none() {
            signs_for_nobody(&keys, &path)?;
        }
        let peer = key(&keys.join("peer.key"), "peer")?;
        let validator = file
            .agency
            .map(|agency| validator(&keys, agency.0, &genesis, &peer))
            .transpose()?;
        let publisher = publisher(&keys, &genesis)?;
        let places = Places::of(dir, file.places);
        places.check(&path)?;
        Ok(Self {
            dir: dir.to_owned(),
            genesis,
            validator,
            peer,
            publisher,
            p2p: file.p2p.0,
            http: file.http.0,
            log: file.log,
            peers,
            observers,
            places,
        })
    }
}

/// The key of the log's own line, where it is.
fn publisher(keys: &Path, genesis: &Genesis) -> Result<Option<SecretKey>, BadConfig> {
    let path = keys.join("publisher.key");
    if !path.exists() {
        return Ok(None);
    }
    let secret = key(&path, "publisher")?;
    if secret.public() != genesis.publisher.key {
        return Err(BadConfig::Contradiction(format!(
            "{}: not the publisher key that the genesis names",
            path.display()
        )));
    }
    Ok(Some(secret))
}

/// Keys of a validator whose settings say that it is none: it would follow as an observer, and its agency
/// would miss a vote without a word.
fn signs_for_nobody(keys: &Path, settings: &Path) -> Result<(), BadConfig> {
    for name in ["vote.key", "cosign.key"] {
        let path = keys.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(BadConfig::Contradiction(format!(
                "{}: it names no agency, and {} is a validator's key; write agency = \"NAME\" into the settings, or move the validator's keys away if this is to be an observer",
                settings.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

type Addresses = (
    BTreeMap<AgencyName, PeerAddress>,
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
        peers.insert(agency.name.clone(), address.clone());
    }
    let mut observers = BTreeMap::new();
    for (name, key) in &file.observers {
        let key = PublicKey::from_base64(key)
            .map_err(|error| wrong(format!("[observers] {name}: {error}")))?;
        // Who votes is told by name and key, so an observer must not pass for an agency.
        let agency = genesis
            .agencies
            .iter()
            .find(|agency| agency.name.as_str() == name || agency.peer.key == key);
        if let Some(agency) = agency {
            return Err(wrong(format!(
                "[observers] {name} has the name or the key of agency {}; give the observer a name and a key of its own",
                agency.name
            )));
        }
        observers.insert(name.clone(), key);
    }
    Ok((peers, observers))
}

/// The keys of the validator whose folder of keys this is, as a genesis names them.
pub(crate) fn validator_of(keys: &Path, genesis: &Genesis) -> Result<ValidatorKeys, BadConfig> {
    let path = keys.join("peer.key");
    let peer = key_file(&path, "peer")?;
    let agency = AgencyName::parse(&peer.holder).ok_or_else(|| BadConfig::Key {
        path,
        detail: "its holder is no agency; a validator's keys are made by muhr network contribute"
            .to_owned(),
    })?;
    let _agrees = publisher(keys, genesis)?;
    validator(keys, agency, genesis, &peer.secret)
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
            "agency {agency} is not in the genesis; is it that of another network?"
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

fn read(path: &Path, bytes_max: usize, if_absent: &'static str) -> Result<Vec<u8>, BadConfig> {
    read_regular(path, bytes_max).map_err(|source| BadConfig::Read {
        path: path.to_owned(),
        way_out: match source.kind() {
            io::ErrorKind::NotFound => if_absent,
            io::ErrorKind::PermissionDenied => "; let the user read it whom the node runs as",
            _ => "",
        },
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
    let bytes = read(path, KEY_BYTES_MAX, NO_KEY)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)
            .map_err(|source| BadConfig::Read {
                path: path.to_owned(),
                way_out: "",
                source,
            })?
            .permissions()
            .mode();
        // A mounted secret belongs to the system, is 0440 and cannot be changed; its group is the node's
        // own. Any other key that a group may read has been left open by mistake.
        if mode & 0o777 != 0o440 && mode & 0o077 != 0 {
            return Err(wrong(format!(
                "others may read or change this key (mode {:o}); run: chmod 600 {} (a mounted secret may be 0440)",
                mode & 0o777,
                quoted(path)
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
