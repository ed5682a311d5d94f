//! `muhr network create`: a genesis, its trust file, and a folder for each agency.
//!
//! For a pilot all keys are made in one place, plain: `muhr key passphrase` gives a person's key one.
//! Agencies that trust nobody make their own with `muhr key new` and bring the public halves with their
//! proofs.

use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use client::{
    durable::{self, FileError},
    formats,
};
use messages::UserMessage;
use protocol::{
    agency::{AGENCIES_MAX, AGENCIES_MIN, ProvenAgency, ProvenKey, quorum},
    entry::Operation,
    genesis::{GENESIS_BYTES_MAX, Genesis},
    hash::sha256,
    height::TimeMs,
    key::{Possession, SecretKey, Signature},
    keyfile::KeyFile,
    name::{AgencyName, ClerkName, Origin, RegistryName, is_reserved},
    record::CaseRule,
    sign_state,
    state::{ClerkState, Limits, RegistryState},
    words,
};
use views::{
    operator::network::{NetworkView, NewNode},
    shown::ShownTime,
};

use super::key::generate;
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

/// How many of `n` agencies get the publisher's key: one more than may be away, so that the log's own line
/// never lacks while the network goes on.
const fn publishers(n: usize) -> usize {
    n.saturating_sub(1) / 3 + 1
}

/// One folder in the making.
struct NewFolder {
    name: String,
    agency: Option<AgencyName>,
    p2p: SocketAddr,
    http: SocketAddr,
    keys: Vec<KeyFile>,
}

impl NewFolder {
    fn key(&self, purpose: &str) -> Option<&SecretKey> {
        self.keys
            .iter()
            .find(|key| key.purpose == purpose)
            .map(|key| &key.secret)
    }
}

pub(crate) fn run(arguments: &CreateArguments, output: &Output) -> Result<u8, Failure> {
    let origin = Origin::parse(&arguments.origin).ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("origin-invalid"))
            .help(UserMessage::new("help-origin"))
    })?;
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
    let publisher = generate()?;
    if let Some(unknown) = { arguments.capitals.iter() }
        .find(|name| !names.iter().any(|agency| agency.as_str() == *name))
    {
        let what = UserMessage::new("capitals-unknown").text("agency", unknown);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-capitals")));
    }
    let genesis = genesis(&origin, &folders, &arguments.capitals, &publisher)?;
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
        folder.keys.push(KeyFile {
            purpose: "publisher".to_owned(),
            holder: origin.to_string(),
            secret: publisher.clone(),
        });
    }
    write(&arguments.dir, &genesis, &folders)?;
    read_back(&arguments.dir, &genesis, &folders)?;
    output.view(&view(arguments, &genesis, &folders));
    Ok(DONE)
}

fn agencies(given: &[String]) -> Result<Vec<AgencyName>, Failure> {
    let mut names = BTreeSet::new();
    for text in given {
        let name = AgencyName::parse(text).ok_or_else(|| {
            Failure::new(
                USAGE,
                UserMessage::new("agency-name-invalid").text("name", text.escape_default()),
            )
            .help(if is_reserved(text) {
                UserMessage::new("help-reserved-name")
            } else {
                UserMessage::new("help-small-letters")
            })
        })?;
        if !names.insert(name) {
            return Err(Failure::new(
                USAGE,
                UserMessage::new("agency-twice").text("agency", text),
            ));
        }
    }
    if (AGENCIES_MIN..=AGENCIES_MAX).contains(&names.len()) {
        Ok(names.into_iter().collect())
    } else {
        Err(Failure::new(
            USAGE,
            UserMessage::new("agencies-count")
                .text("count", names.len())
                .text("agencies-min", AGENCIES_MIN)
                .text("agencies-max", AGENCIES_MAX),
        )
        .help(UserMessage::new("help-four-agencies")))
    }
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
    let mut keys = Vec::new();
    for purpose in ["peer", "vote", "cosign", "admin", "recovery"] {
        keys.push(KeyFile {
            purpose: purpose.to_owned(),
            holder: name.to_string(),
            secret: generate()?,
        });
    }
    keys.push(KeyFile {
        purpose: "clerk".to_owned(),
        holder: format!("{name}/clerk-1"),
        secret: generate()?,
    });
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
    let keys = vec![KeyFile {
        purpose: "peer".to_owned(),
        holder: name.clone(),
        secret: generate()?,
    }];
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
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    let year = ShownTime::of_ms(now)
        .iso()
        .chars()
        .take(4)
        .collect::<String>();
    let (mut agencies, mut registries, mut clerks) = (Vec::new(), Vec::new(), Vec::new());
    for folder in folders {
        let Some(name) = &folder.agency else { continue };
        agencies.push(agency_of(origin, folder, name, &year)?);
        let registry = RegistryName::parse(&format!("{name}.permits")).ok_or_else(bug)?;
        let has_capitals = capitals.iter().any(|one| one == name.as_str());
        registries.push(RegistryState {
            name: registry.clone(),
            owner: name.clone(),
            case_rule: if has_capitals {
                CaseRule::Capitals
            } else {
                CaseRule::AsWritten
            },
            policy: None,
        });
        clerks.push(clerk_of(origin, folder, name, registry)?);
    }
    let threshold = u64::try_from(quorum(agencies.len())).unwrap_or(u64::MAX);
    Ok(Genesis {
        origin: origin.clone(),
        time: TimeMs::new(now),
        limits: Limits::default(),
        recovery_threshold: threshold,
        publisher: prove(origin, origin.as_str(), "publisher", publisher),
        agencies,
        registries,
        clerks,
    })
}

fn bug() -> Failure {
    Failure::new(crate::exit::UNEXPECTED, UserMessage::new("key-missing-bug"))
}

/// A key with the proof that its holder has its secret.
fn prove(origin: &Origin, holder: &str, purpose: &str, secret: &SecretKey) -> ProvenKey {
    let key = secret.public();
    let possession = Possession {
        origin: origin.as_str(),
        holder,
        purpose,
    };
    let proof = secret.sign(&possession.message(&key));
    ProvenKey { key, proof }
}

/// An agency with all its keys, its cosigning key named after the year.
fn agency_of(
    origin: &Origin,
    folder: &NewFolder,
    name: &AgencyName,
    year: &str,
) -> Result<ProvenAgency, Failure> {
    let proven = |purpose: &str| {
        let secret = folder.key(purpose).ok_or_else(bug)?;
        Ok::<_, Failure>(prove(origin, name.as_str(), purpose, secret))
    };
    Ok(ProvenAgency {
        name: name.clone(),
        url: format!("http://{}/", folder.http),
        cosigner: format!("{origin}/{name}/{year}"),
        peer: proven("peer")?,
        vote: proven("vote")?,
        cosign: proven("cosign")?,
        admin: proven("admin")?,
        recovery: proven("recovery")?,
    })
}

/// The first clerk of an agency, who may do everything in its registry.
fn clerk_of(
    origin: &Origin,
    folder: &NewFolder,
    agency: &AgencyName,
    registry: RegistryName,
) -> Result<(ClerkState, Signature), Failure> {
    let name = ClerkName::parse(&format!("{agency}/clerk-1")).ok_or_else(bug)?;
    let secret = folder.key("clerk").ok_or_else(bug)?;
    let ProvenKey { key, proof } = prove(origin, name.as_str(), "clerk", secret);
    let state = ClerkState {
        name,
        key,
        until: None,
        registries: BTreeSet::from([registry]),
        operations: BTreeSet::from(Operation::OF_OWNER),
        revoked: None,
    };
    Ok((state, proof))
}

fn write(dir: &Path, genesis: &Genesis, folders: &[NewFolder]) -> Result<(), Failure> {
    let make =
        |path: &Path| fs::create_dir_all(path).map_err(|error| FileError::unwritable(path, error));
    make(dir)?;
    let genesis_text = genesis.write();
    for folder in folders {
        let path = dir.join(&folder.name);
        let keys = path.join("keys");
        make(&keys)?;
        #[cfg(unix)]
        {
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            fs::set_permissions(&keys, private)
                .map_err(|error| FileError::unwritable(&keys, error))?;
        }
        for key in &folder.keys {
            let file = keys.join(format!("{}.key", key.purpose));
            client::keys::write_plain(&file, key)?;
        }
        durable::write(&path.join("genesis"), genesis_text.as_bytes())?;
        durable::write(
            &path.join("node.toml"),
            node_toml(folder, folders).as_bytes(),
        )?;
        write_blank(&path.join("data"), genesis, folder)?;
    }
    durable::write(&dir.join("trust.policy"), genesis.trust_file().as_bytes())?;
    Ok(durable::write(
        &dir.join("genesis"),
        genesis_text.as_bytes(),
    )?)
}

/// Takes a file or folder out of everybody else's reach.
fn close(path: &Path, mode: u32) -> Result<(), Failure> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
        .map_err(|error| FileError::unwritable(path, error))?;
    Ok(())
}

/// Record of what the agency's vote and cosign keys have signed: nothing yet. Written once, here: where these files
/// are missing later, they were lost.
fn write_blank(data: &Path, genesis: &Genesis, folder: &NewFolder) -> Result<(), Failure> {
    let (Some(vote), Some(cosign)) = (folder.key("vote"), folder.key("cosign")) else {
        return Ok(());
    };
    fs::create_dir_all(data).map_err(|error| FileError::unwritable(data, error))?;
    close(data, 0o700)?;
    let files = sign_state::blank_files(genesis.chain(), &vote.public(), &cosign.public());
    for (name, bytes) in files {
        durable::write(&data.join(&name), &bytes)?;
        close(&data.join(&name), 0o600)?;
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
        let path = place.join("genesis");
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
        for key in &folder.keys {
            let path = dir.join(&folder.name).join("keys");
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

/// Only what has no default.
fn node_toml(folder: &NewFolder, folders: &[NewFolder]) -> String {
    let mut out = String::new();
    if let Some(agency) = &folder.agency {
        out += &format!("agency = \"{agency}\"\n");
    }
    out += &format!(
        "p2p = \"{}\"\nhttp = \"{}\"\n\n[peers]\n",
        folder.p2p, folder.http
    );
    for other in folders
        .iter()
        .filter(|other| other.agency.is_some() && other.name != folder.name)
    {
        out += &format!("{} = \"{}\"\n", other.name, other.p2p);
    }
    let observers: Vec<&NewFolder> = folders
        .iter()
        .filter(|other| other.agency.is_none())
        .collect();
    if folder.agency.is_some() && !observers.is_empty() {
        out += "\n[observers]\n";
        for observer in observers {
            let key = observer
                .key("peer")
                .map(|secret| secret.public().to_string())
                .unwrap_or_default();
            out += &format!("{} = \"{key}\"\n", observer.name);
        }
    }
    out
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
        words: words::fingerprint(&sha256(&[genesis.trust_file().as_bytes()])).join(" "),
        quorum: genesis.quorum(),
        nodes: folders.iter().map(node).collect(),
        agencies: genesis.agencies.len(),
        dir: arguments.dir.display().to_string(),
    }
}
