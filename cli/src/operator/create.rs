//! `muhr network create`: a genesis, its trust file, and a folder for each agency.
//!
//! For a pilot all keys are made in one place, plain: `muhr key passphrase` gives a person's key one.
//! Agencies that trust nobody found a network together (`ceremony`).

use std::{
    collections::BTreeSet,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use clap::Args;
use client::{
    durable, formats,
    founding::{self, FolderKeys, new_key},
};
use messages::UserMessage;
use protocol::{
    agency::{ProvenKey, publishers, quorum},
    ceremony::{AcceptanceStatement, write_acceptances},
    genesis::{GENESIS_BYTES_MAX, Genesis},
    key::SecretKey,
    keyfile::KeyFile,
    name::{AgencyName, ClerkName, Origin, RegistryName},
    settings::{
        ACCEPTANCES_FILE, DATA_FOLDER, GENESIS_FILE, KEYS_FOLDER, NodeSettings, SETTINGS_FILE,
    },
    sign_state::{COSIGN_FILE, Owner, SAFETY_FILE},
    state::Limits,
};
use views::operator::network::{NetworkView, NewNode};

use super::{
    bug,
    ceremony::now,
    names::{agencies, origin_invalid},
};
use crate::{
    arguments::trimmed,
    exit::{CONFIGURATION, DONE, Failure, UNEXPECTED, USAGE},
    output::Output,
};

/// `muhr network create`.
#[derive(Debug, Args)]
pub struct CreateArguments {
    /// Names of the agencies, joined by commas: 4 to 22
    #[arg(long, value_delimiter = ',', value_parser = trimmed, required = true, value_name = "NAMES")]
    pub agencies: Vec<String>,
    /// Name of the network: a URL without scheme that ends in a number
    #[arg(long, value_name = "ORIGIN")]
    pub origin: String,
    /// Those whose registry has its numbers in capitals: small letters mean the same; joined by commas
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAMES")]
    pub capitals: Vec<String>,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Address on which the nodes listen
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub host: std::net::IpAddr,
    /// First of the ports, two for each node; free ones are looked for if not said
    #[arg(long, value_name = "PORT")]
    pub base_port: Option<u16>,
    /// Folders of so many observers beside the agencies
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub observers: u8,
}

/// The most bytes of a plain key file.
const KEY_BYTES_MAX: usize = 4096;

/// One folder in the making.
struct NewFolder {
    name: String,
    agency: Option<AgencyName>,
    p2p: SocketAddr,
    http: SocketAddr,
    keys: FolderKeys,
}

pub(crate) fn run(arguments: &CreateArguments, output: &Output) -> Result<u8, Failure> {
    let origin = Origin::parse(&arguments.origin).ok_or_else(origin_invalid)?;
    let names = agencies(&arguments.agencies)?;
    if arguments
        .dir
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(Failure::new(
            CONFIGURATION,
            UserMessage::new("folder-not-empty").text("path", arguments.dir.display()),
        )
        .help(UserMessage::new("help-new-network-folder")));
    }
    let count = names.len() + usize::from(arguments.observers);
    let mut addresses = addresses(arguments, count)?.into_iter();
    let mut folders = Vec::new();
    for name in &names {
        folders.extend(
            addresses
                .next()
                .map(|pair| agency_folder(name, pair))
                .transpose()?,
        );
    }
    for number in 1..=arguments.observers {
        folders.extend(
            addresses
                .next()
                .map(|pair| observer_folder(number, pair))
                .transpose()?,
        );
    }
    let publisher = new_key("publisher", origin.as_str())?;
    if let Some(unknown) = { arguments.capitals.iter() }
        .find(|name| !names.iter().any(|agency| agency.as_str() == *name))
    {
        let what = UserMessage::new("capitals-unknown").text("agency", unknown);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-capitals")));
    }
    let genesis = genesis(&origin, &folders, &arguments.capitals, &publisher.secret)?;
    // The same check that every node makes: what it would refuse is not written.
    Genesis::parse(genesis.write().as_bytes()).map_err(|error| {
        Failure::new(
            USAGE,
            UserMessage::new("genesis-invalid").text("reason", error),
        )
    })?;
    for folder in folders
        .iter_mut()
        .filter(|folder| folder.agency.is_some())
        .take(publishers(names.len()))
    {
        folder.keys.add(publisher.clone());
    }
    write(&arguments.dir, &genesis, &folders)?;
    read_back(&arguments.dir, &genesis, &folders)?;
    output.view(&view(arguments, &genesis, &folders));
    Ok(DONE)
}

/// Two addresses for each node. Free ports are held until all are found, so that none is given twice.
fn addresses(
    arguments: &CreateArguments,
    count: usize,
) -> Result<Vec<(SocketAddr, SocketAddr)>, Failure> {
    if let Some(base) = arguments.base_port {
        let port = |offset: usize| {
            u16::try_from(offset)
                .ok()
                .and_then(|offset| base.checked_add(offset))
        };
        let pairs = (0..count).map(|at| {
            Some((
                SocketAddr::new(arguments.host, port(2 * at)?),
                SocketAddr::new(arguments.host, port(2 * at + 1)?),
            ))
        });
        return pairs
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Failure::new(USAGE, UserMessage::new("base-port-no-room")));
    }
    let fault = |error: std::io::Error| {
        Failure::new(
            CONFIGURATION,
            UserMessage::new("no-free-port")
                .text("host", arguments.host)
                .text("reason", error),
        )
        .help(UserMessage::new("help-base-port"))
    };
    let mut held = Vec::new();
    for _ in 0..2 * count {
        held.push(TcpListener::bind(SocketAddr::new(arguments.host, 0)).map_err(fault)?);
    }
    let found = held
        .iter()
        .map(TcpListener::local_addr)
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault)?;
    Ok(found
        .chunks_exact(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .collect())
}

fn agency_folder(
    name: &AgencyName,
    (p2p, http): (SocketAddr, SocketAddr),
) -> Result<NewFolder, Failure> {
    let mut keys = FolderKeys::generate(name)?;
    keys.add(new_key("clerk", &format!("{name}/clerk-1"))?);
    Ok(NewFolder {
        name: name.to_string(),
        agency: Some(name.clone()),
        p2p,
        http,
        keys,
    })
}

fn observer_folder(
    number: u8,
    (p2p, http): (SocketAddr, SocketAddr),
) -> Result<NewFolder, Failure> {
    let name = format!("observer-{number}");
    let mut keys = FolderKeys::default();
    keys.add(new_key("peer", &name)?);
    Ok(NewFolder {
        name,
        agency: None,
        p2p,
        http,
        keys,
    })
}

fn genesis(
    origin: &Origin,
    folders: &[NewFolder],
    capitals: &[String],
    publisher: &SecretKey,
) -> Result<Genesis, Failure> {
    let time = now();
    let (mut agencies, mut registries, mut clerks) = (Vec::new(), Vec::new(), Vec::new());
    for folder in folders {
        let Some(name) = &folder.agency else { continue };
        let url = format!("http://{}/", folder.http);
        agencies.extend(folder.keys.agency(origin, time, name, url));
        let registry = RegistryName::parse(&format!("{name}.permits")).ok_or_else(bug)?;
        let has_capitals = capitals.iter().any(|one| one == name.as_str());
        let state = founding::registry(registry.clone(), name.clone(), has_capitals);
        registries.push(state);
        let clerk = ClerkName::parse(&format!("{name}/clerk-1")).ok_or_else(bug)?;
        let secret = folder.keys.secret("clerk").ok_or_else(bug)?;
        let proven = ProvenKey::of(origin, clerk.as_str(), "clerk", secret);
        clerks.push(founding::clerk(clerk, proven, BTreeSet::from([registry])));
    }
    let threshold = u64::try_from(quorum(agencies.len())).unwrap_or(u64::MAX);
    Ok(Genesis {
        origin: origin.clone(),
        time,
        limits: Limits::default(),
        recovery_threshold: threshold,
        publisher: ProvenKey::of(origin, origin.as_str(), "publisher", publisher),
        agencies,
        registries,
        clerks,
    })
}

/// All agencies accept the genesis: in a pilot the keys of all are here.
fn acceptances(genesis: &Genesis, folders: &[NewFolder]) -> Result<String, Failure> {
    let mut all = Vec::new();
    for folder in folders {
        let Some(name) = &folder.agency else { continue };
        let admin = folder.keys.secret("admin").ok_or_else(bug)?;
        let p2p = folder.p2p.to_string();
        all.push(AcceptanceStatement::of(genesis, name.clone(), p2p).sign(admin));
    }
    Ok(write_acceptances(&all))
}

fn write(dir: &Path, genesis: &Genesis, folders: &[NewFolder]) -> Result<(), Failure> {
    durable::make_folder(dir)?;
    let genesis_text = genesis.write();
    let accepted = acceptances(genesis, folders)?;
    for folder in folders {
        let path = dir.join(&folder.name);
        let keys = path.join(KEYS_FOLDER);
        durable::private_folder(&keys)?;
        for key in folder.keys.files() {
            let file = keys.join(format!("{}.key", key.purpose));
            client::keys::write_plain(&file, key)?;
        }
        durable::write(&path.join(GENESIS_FILE), genesis_text.as_bytes())?;
        durable::write(&path.join(ACCEPTANCES_FILE), accepted.as_bytes())?;
        let settings = settings(folder, folders).write();
        durable::write(&path.join(SETTINGS_FILE), settings.as_bytes())?;
        write_blank(&path.join(DATA_FOLDER), genesis, folder)?;
    }
    durable::write(&dir.join("trust.policy"), genesis.trust_file().as_bytes())?;
    Ok(durable::write(
        &dir.join(GENESIS_FILE),
        genesis_text.as_bytes(),
    )?)
}

/// Record of what the agency's vote and cosign keys have signed: nothing yet. Written once, here: where these files
/// are missing later, they were lost.
fn write_blank(data: &Path, genesis: &Genesis, folder: &NewFolder) -> Result<(), Failure> {
    for (purpose, name) in [("vote", SAFETY_FILE), ("cosign", COSIGN_FILE)] {
        let Some(secret) = folder.keys.secret(purpose) else {
            continue;
        };
        durable::private_folder(data)?;
        let owner = Owner {
            chain: genesis.chain(),
            key: secret.public(),
        };
        durable::write(&data.join(name), &owner.blank_file())?;
        durable::close(&data.join(name), 0o600)?;
    }
    Ok(())
}

/// Reads everything back and judges it as whoever gets it will: a file that others refuse is found here,
/// not by the first citizen who verifies.
fn read_back(dir: &Path, genesis: &Genesis, folders: &[NewFolder]) -> Result<(), Failure> {
    let wrong = |path: &Path, what: UserMessage| {
        Failure::new(
            UNEXPECTED,
            UserMessage::new("written-otherwise")
                .text("path", path.display())
                .part("what", what),
        )
        .help(UserMessage::new("help-network-unusable"))
    };
    let path = dir.join("trust.policy");
    let trust = formats::trust(&path)?;
    let named = trust.witnesses().iter().map(|witness| &witness.name);
    let agencies = genesis.agencies.iter().map(|agency| agency.name.as_str());
    if trust.network_id() != Some(genesis.network_id()) || !named.eq(agencies) {
        return Err(wrong(&path, UserMessage::new("written-no-trust-file")));
    }
    let places = folders.iter().map(|folder| dir.join(&folder.name));
    for place in places.chain([dir.to_owned()]) {
        let path = place.join(GENESIS_FILE);
        let read = Genesis::parse(&durable::read(&path, GENESIS_BYTES_MAX)?).map_err(|error| {
            wrong(
                &path,
                UserMessage::new("written-refused").text("reason", error),
            )
        })?;
        if read != *genesis {
            return Err(wrong(&path, UserMessage::new("written-other-genesis")));
        }
    }
    for folder in folders {
        for key in folder.keys.files() {
            let path = dir.join(&folder.name).join(KEYS_FOLDER);
            let path = path.join(format!("{}.key", key.purpose));
            let read = KeyFile::parse(&durable::read(&path, KEY_BYTES_MAX)?).map_err(|error| {
                wrong(
                    &path,
                    UserMessage::new("written-refused").text("reason", error),
                )
            })?;
            if read.secret.seed() != key.secret.seed() || read.holder != key.holder {
                return Err(wrong(&path, UserMessage::new("written-other-key")));
            }
        }
    }
    Ok(())
}

/// Settings of a node among the others that were made with it.
fn settings(folder: &NewFolder, folders: &[NewFolder]) -> NodeSettings {
    let others = folders.iter().filter(|other| other.name != folder.name);
    let peers = others.filter(|other| other.agency.is_some());
    let mut settings = NodeSettings {
        agency: folder.agency.as_ref().map(ToString::to_string),
        p2p: folder.p2p.to_string(),
        http: folder.http.to_string(),
        peers: peers
            .map(|other| (other.name.clone(), other.p2p.to_string()))
            .collect(),
        observers: Vec::new(),
    };
    if folder.agency.is_some() {
        let observers = folders.iter().filter(|other| other.agency.is_none());
        settings.observers = observers
            .filter_map(|observer| {
                let key = observer.keys.secret("peer")?.public();
                Some((observer.name.clone(), key.to_string()))
            })
            .collect();
    }
    settings
}

fn view(arguments: &CreateArguments, genesis: &Genesis, folders: &[NewFolder]) -> NetworkView {
    let node = |folder: &NewFolder| NewNode {
        name: folder.name.clone(),
        url: format!("http://{}", folder.http),
        dir: arguments.dir.join(&folder.name).display().to_string(),
    };
    NetworkView {
        origin: genesis.origin.to_string(),
        genesis: genesis.chain().to_hex(),
        words: founding::spoken(genesis),
        quorum: genesis.quorum(),
        nodes: folders.iter().map(node).collect(),
        agencies: genesis.agencies.len(),
        dir: arguments.dir.display().to_string(),
    }
}
