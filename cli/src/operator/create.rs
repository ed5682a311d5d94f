//! `muhr network create`: a genesis, its trust file, and a folder for each agency.
//!
//! For a pilot all keys are made in one place, plain: `muhr key passphrase` gives a person's key one.
//! Agencies that trust nobody make their own with `muhr key new` and bring the public halves with their
//! proofs.

use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use protocol::{
    agency::{AGENCIES_MAX, AGENCIES_MIN, ProvenAgency, ProvenKey, quorum},
    entry::Operation,
    genesis::Genesis,
    hash::sha256,
    height::TimeMs,
    key::{Possession, SecretKey},
    keyfile::KeyFile,
    name::{AgencyName, ClerkName, Origin, RegistryName},
    record::Letters,
    state::{ClerkState, Limits, RegistryState},
    words,
};
use serde_json::json;

use super::key::generate;
use crate::{
    arguments::CreateArguments,
    exit::{CONFIGURATION, DONE, Failure, USAGE},
    files,
    output::{Output, iso},
};

/// How many agencies get the publisher's key: two, so that one may be away.
const PUBLISHERS: usize = 2;

/// One folder in the making.
struct Folder {
    name: String,
    agency: Option<AgencyName>,
    p2p: SocketAddr,
    http: SocketAddr,
    keys: Vec<KeyFile>,
}

impl Folder {
    fn key(&self, purpose: &str) -> Option<&SecretKey> {
        self.keys
            .iter()
            .find(|key| key.purpose == purpose)
            .map(|key| &key.secret)
    }
}

pub(crate) fn run(arguments: &CreateArguments, output: &Output) -> Result<u8, Failure> {
    let origin = Origin::parse(&arguments.origin).ok_or_else(|| {
        Failure::new(USAGE, "--origin is not the name of a network")
            .help("a URL without scheme that ends in a number, as registry.example.uz/pilot/1")
    })?;
    let names = agencies(&arguments.agencies)?;
    if arguments
        .dir
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(Failure::new(
            CONFIGURATION,
            format!("{}: the folder is not empty", arguments.dir.display()),
        )
        .help("give a new folder; a network is never written over"));
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
        let what = format!("--capitals names \"{unknown}\", which is none of the agencies");
        return Err(Failure::new(USAGE, what).help("name agencies that --agencies names"));
    }
    let genesis = genesis(&origin, &folders, &arguments.capitals, &publisher)?;
    // The same check that every node makes: what it would refuse is not written.
    Genesis::parse(genesis.write().as_bytes())
        .map_err(|error| Failure::new(USAGE, error.to_string()))?;
    for folder in folders
        .iter_mut()
        .filter(|folder| folder.agency.is_some())
        .take(PUBLISHERS)
    {
        folder.keys.push(KeyFile {
            purpose: "publisher".to_owned(),
            holder: origin.to_string(),
            secret: publisher.clone(),
        });
    }
    write(&arguments.dir, &genesis, &folders)?;
    show(output, arguments, &genesis, &folders);
    Ok(DONE)
}

fn agencies(given: &[String]) -> Result<Vec<AgencyName>, Failure> {
    let mut names = BTreeSet::new();
    for text in given {
        let name = AgencyName::parse(text).ok_or_else(|| {
            Failure::new(
                USAGE,
                format!("\"{}\" is not the name of an agency", text.escape_default()),
            )
            .help("small letters, digits and -, as kadastr")
        })?;
        if !names.insert(name) {
            return Err(Failure::new(USAGE, format!("agency {text} is named twice")));
        }
    }
    if (AGENCIES_MIN..=AGENCIES_MAX).contains(&names.len()) {
        Ok(names.into_iter().collect())
    } else {
        Err(Failure::new(
            USAGE,
            format!(
                "{} agencies; a network has {AGENCIES_MIN} to {AGENCIES_MAX}",
                names.len()
            ),
        )
        .help("with fewer than four, none could be lost"))
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
            .ok_or_else(|| Failure::new(USAGE, "--base-port leaves no room for two ports each"));
    }
    let fault = |error: std::io::Error| {
        Failure::new(
            CONFIGURATION,
            format!("no free port on {}: {error}", arguments.host),
        )
        .help("name the first of the ports with --base-port")
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
) -> Result<Folder, Failure> {
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
    Ok(Folder {
        name: name.to_string(),
        agency: Some(name.clone()),
        p2p,
        http,
        keys,
    })
}

fn observer_folder(number: u8, (p2p, http): (SocketAddr, SocketAddr)) -> Result<Folder, Failure> {
    let name = format!("observer-{number}");
    let keys = vec![KeyFile {
        purpose: "peer".to_owned(),
        holder: name.clone(),
        secret: generate()?,
    }];
    Ok(Folder {
        name,
        agency: None,
        p2p,
        http,
        keys,
    })
}

fn genesis(
    origin: &Origin,
    folders: &[Folder],
    capitals: &[String],
    publisher: &SecretKey,
) -> Result<Genesis, Failure> {
    let bug = || Failure::new(crate::exit::UNEXPECTED, "a key is missing: a bug");
    let prove = |holder: &str, purpose: &str, secret: &SecretKey| {
        let key = secret.public();
        ProvenKey {
            key,
            proof: secret.sign(
                &Possession {
                    origin: origin.as_str(),
                    holder,
                    purpose,
                }
                .message(&key),
            ),
        }
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    let year = iso(now).chars().take(4).collect::<String>();
    let (mut agencies, mut registries, mut clerks) = (Vec::new(), Vec::new(), Vec::new());
    for folder in folders {
        let Some(name) = &folder.agency else { continue };
        let proven = |purpose: &str| {
            folder
                .key(purpose)
                .map(|secret| prove(name.as_str(), purpose, secret))
                .ok_or_else(bug)
        };
        agencies.push(ProvenAgency {
            name: name.clone(),
            url: format!("http://{}/", folder.http),
            cosigner: format!("{origin}/{name}/{year}"),
            peer: proven("peer")?,
            vote: proven("vote")?,
            cosign: proven("cosign")?,
            admin: proven("admin")?,
            recovery: proven("recovery")?,
        });
        let registry = RegistryName::parse(&format!("{name}.permits")).ok_or_else(bug)?;
        let has_capitals = capitals.iter().any(|one| one == name.as_str());
        registries.push(RegistryState {
            name: registry.clone(),
            owner: name.clone(),
            letters: if has_capitals {
                Letters::Capitals
            } else {
                Letters::AsWritten
            },
            policy: None,
        });
        let clerk = ClerkName::parse(&format!("{name}/clerk-1")).ok_or_else(bug)?;
        let secret = folder.key("clerk").ok_or_else(bug)?;
        let ProvenKey { key, proof } = prove(clerk.as_str(), "clerk", secret);
        let state = ClerkState {
            name: clerk,
            key,
            until: None,
            registries: BTreeSet::from([registry]),
            operations: BTreeSet::from(Operation::OF_OWNER),
            revoked: None,
        };
        clerks.push((state, proof));
    }
    let threshold = u64::try_from(quorum(agencies.len())).unwrap_or(u64::MAX);
    Ok(Genesis {
        origin: origin.clone(),
        time: TimeMs::new(now),
        limits: Limits::default(),
        recovery_threshold: threshold,
        publisher: prove(origin.as_str(), "publisher", publisher),
        agencies,
        registries,
        clerks,
    })
}

fn write(dir: &Path, genesis: &Genesis, folders: &[Folder]) -> Result<(), Failure> {
    let make =
        |path: &Path| fs::create_dir_all(path).map_err(|error| files::unwritable(path, &error));
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
                .map_err(|error| files::unwritable(&keys, &error))?;
        }
        for key in &folder.keys {
            let file = keys.join(format!("{}.key", key.purpose));
            crate::keys::write_plain(&file, key)?;
        }
        files::write(&path.join("genesis"), genesis_text.as_bytes())?;
        files::write(
            &path.join("node.toml"),
            node_toml(folder, folders).as_bytes(),
        )?;
    }
    files::write(&dir.join("trust.policy"), genesis.trust_file().as_bytes())?;
    files::write(&dir.join("genesis"), genesis_text.as_bytes())
}

/// Only what has no default.
fn node_toml(folder: &Folder, folders: &[Folder]) -> String {
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
    let observers: Vec<&Folder> = folders
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

fn show(output: &Output, arguments: &CreateArguments, genesis: &Genesis, folders: &[Folder]) {
    let dir = arguments.dir.display();
    let nodes: Vec<_> = folders.iter().map(|folder| json!({"name": folder.name, "url": format!("http://{}", folder.http), "dir": arguments.dir.join(&folder.name).display().to_string()})).collect();
    let words = words::fingerprint(&sha256(&[genesis.trust_file().as_bytes()])).join(" ");
    output.data(&json!({"schema": "muhr/network/1", "origin": genesis.origin.as_str(), "genesis": genesis.chain().to_hex(), "words": words, "quorum": genesis.quorum(), "nodes": nodes}));
    output.text(&format!(
        "✔ network {} with {} agencies, {} of which must agree",
        genesis.origin,
        genesis.agencies.len(),
        genesis.quorum()
    ));
    output.text(&format!("  genesis {}", genesis.chain().to_hex()));
    for folder in folders {
        output.text(&format!(
            "  muhr-node run --dir {dir}/{}    http://{}",
            folder.name, folder.http
        ));
    }
    output.text(&format!(
        "  trust file for everybody who verifies: {dir}/trust.policy"
    ));
    output.text(&format!(
        "  its words, to be compared by telephone: {words}"
    ));
}
