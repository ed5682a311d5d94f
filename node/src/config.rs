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
    peer_address::{ADDRESSES_MAX, PeerAddress},
    sign_state::{COSIGN_FILE, SAFETY_FILE, file_of},
};
use serde::Deserialize;
use thiserror::Error;

use crate::{
    address::AddressText,
    durable::AtPath,
    epoch::EpochState,
    files::{quoted, read_regular},
    keys::{OwnKeys, key_files},
    logging,
    peers::PeerSettings,
    sign_state::{FilePlaces, Shelf},
};

/// What to do if a key is not there.
pub(crate) const NO_KEY: &str =
    "; a key that is lost cannot be made again: restore it from its safe copy";

/// The most bytes of `node.toml`: a hundred observers take ten thousand.
const SETTINGS_BYTES_MAX: usize = 1 << 20;
/// The most bytes of a key file.
const KEY_BYTES_MAX: usize = 64 << 10;
/// Links that are followed, one to the next.
const LINKS_MAX: usize = 40;
/// What to do if a file is not there.
const NO_SETTINGS: &str = "; is this the folder of a node? `muhr network create` makes one";
const NO_GENESIS: &str = "; copy it from any other agency (GET /v1/genesis of its node), and compare its SHA-256 with what all of them have";

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
    #[serde(default, rename = "p2p-address")]
    p2p_address: Vec<AddressText>,
    http: ListenText,
    log: Option<String>,
    #[serde(default)]
    peers: BTreeMap<String, AddressText>,
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

/// Everything that a node starts from.
#[derive(Debug)]
pub struct Config {
    /// The folder.
    pub dir: PathBuf,
    /// The network.
    pub genesis: Genesis,
    /// The agency whose node this is; none of an observer. Whether it votes is the state's to say.
    pub agency: Option<AgencyName>,
    /// All keys of its folder.
    pub keys: OwnKeys,
    /// Where peers connect.
    pub p2p: SocketAddr,
    /// Where it is, for its peers: what they are told, and pass on.
    pub p2p_addresses: Vec<PeerAddress>,
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

/// Where the ledger and what was signed lie, each key's file under the place with the beginning of the key
/// behind it: in `data`, unless `[places]` of `node.toml` says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The folder of the ledger.
    pub ledger: PathBuf,
    /// The files of the safety records.
    pub safety: PathBuf,
    /// The files of the cosign states.
    pub cosign_state: PathBuf,
}

impl Shelf for Places {
    fn safety(&self, key: &PublicKey) -> FilePlaces {
        file_places(&self.safety, key)
    }

    fn cosign(&self, key: &PublicKey) -> FilePlaces {
        file_places(&self.cosign_state, key)
    }
}

fn file_places(place: &Path, key: &PublicKey) -> FilePlaces {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    FilePlaces {
        belongs: Box::new(AtPath(place.with_file_name(file_of(&name, key)))),
        before: Some(Box::new(AtPath(place.to_owned()))),
    }
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
    /// Compares the keys with those that the network names now. That it names others than these is no reason
    /// not to start: the log may be behind, and the node observes until it names them.
    ///
    /// # Errors
    /// [`BadConfig::Contradiction`] for a key of another agency: two nodes would speak with it.
    pub fn check_keys(&self, epoch: &EpochState) -> Result<(), BadConfig> {
        let Some(others) = self.keys.of_another(self.agency.as_ref(), epoch) else {
            return Ok(());
        };
        let (folder, purpose) = (self.dir.join("keys"), others.of.word());
        let whose = self.agency.as_ref();
        let whose = whose.map_or_else(|| "an observer".to_owned(), ToString::to_string);
        Err(BadConfig::Contradiction(format!(
            "{}: a {purpose} key in it is that of {}, and node.toml says that this is the node of {whose}; is this another agency's folder?",
            folder.display(),
            others.agency
        )))
    }

    /// What the settings and keys say of peers.
    #[must_use]
    pub fn peer_settings(&self) -> PeerSettings {
        PeerSettings {
            agency: self.agency.clone(),
            own: self.keys.peers().map(SecretKey::public).collect(),
            addresses: self.p2p_addresses.clone(),
            seeds: self.peers.clone(),
            observers: self.observers.clone(),
        }
    }

    /// Reads `dir/node.toml`, `dir/genesis` and `dir/keys`. Whether the keys are those that the network names
    /// is the state's to say ([`Self::check_keys`]).
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
        let (peers, observers) = addresses(&path, &file)?;
        let p2p_addresses = own_addresses(&path, &file)?;
        let keys = dir.join("keys");
        if file.agency.is_none() {
            signs_for_nobody(&keys, &path)?;
        }
        let agency = file.agency.map(|agency| agency.0);
        let keys = OwnKeys::read(&keys, agency.as_ref())?;
        let places = Places::of(dir, file.places);
        places.check(&path)?;
        Ok(Self {
            dir: dir.to_owned(),
            genesis,
            agency,
            keys,
            p2p: file.p2p.0,
            p2p_addresses,
            http: file.http.0,
            log: file.log,
            peers,
            observers,
            places,
        })
    }
}

/// Keys of a validator whose settings say that it is none: it would follow as an observer, and its agency
/// would miss a vote without a word.
fn signs_for_nobody(keys: &Path, settings: &Path) -> Result<(), BadConfig> {
    for purpose in ["vote", "cosign"] {
        if let Some(path) = key_files(keys, purpose)?.first() {
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

/// Where the file says that this node is.
fn own_addresses(path: &Path, file: &File) -> Result<Vec<PeerAddress>, BadConfig> {
    let mut addresses: Vec<PeerAddress> = Vec::new();
    for AddressText(address) in &file.p2p_address {
        if !addresses.contains(address) {
            addresses.push(address.clone());
        }
    }
    if addresses.len() > ADDRESSES_MAX {
        return Err(BadConfig::Toml {
            path: path.to_owned(),
            detail: format!("p2p-address: more than {ADDRESSES_MAX} addresses"),
        });
    }
    Ok(addresses)
}

/// What the file says of peers. Whether the network has such agencies is the state's to say, not the
/// settings' (`peers`).
fn addresses(path: &Path, file: &File) -> Result<Addresses, BadConfig> {
    let wrong = |detail: String| BadConfig::Toml {
        path: path.to_owned(),
        detail,
    };
    let mut peers = BTreeMap::new();
    for (name, address) in &file.peers {
        let agency = AgencyName::parse(name);
        let agency = agency.ok_or_else(|| wrong(format!("[peers] {name} is no agency's name")))?;
        peers.insert(agency, address.0.clone());
    }
    let mut observers = BTreeMap::new();
    for (name, key) in &file.observers {
        let key = PublicKey::from_base64(key)
            .map_err(|error| wrong(format!("[observers] {name}: {error}")))?;
        // For such a key anybody can sign.
        if !key.is_of_prime_order() {
            return Err(wrong(format!(
                "[observers] {name}: a key that nobody can have made; ask its holder for the right one"
            )));
        }
        observers.insert(name.clone(), key);
    }
    Ok((peers, observers))
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
