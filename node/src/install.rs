//! A node's folder after the ceremony: the keys are in it since the contribution; genesis, acceptances, settings
//! and the blank record of what the keys have signed are put beside them, once.
//!
//! What the keys have signed must never be forgotten, so the blank record is the first that is written, and
//! never where a genesis lies already: there it was lost. The settings are the last: without them no node
//! starts from here. Nothing is asked, and no key is made.

use std::{
    fs::{self, Permissions},
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use protocol::{
    ceremony::{
        ACCEPTANCE_BYTES_MAX, Acceptance, NotAccepted, check_acceptances, write_acceptances,
    },
    genesis::{GENESIS_BYTES_MAX, Genesis},
    hash::sha256,
    name::AgencyName,
    settings::{
        ACCEPTANCES_FILE, DATA_FOLDER, GENESIS_FILE, KEYS_FOLDER, NodeSettings, SETTINGS_FILE,
    },
    sign_state::{COSIGN_FILE, Owner, SAFETY_FILE},
    text::Malformed,
    words,
};
use thiserror::Error;

use crate::{
    config::{self, BadConfig, Config, ValidatorKeys},
    durable::{AtPath, Storage},
    files::{quoted, read_regular},
};

/// File name of the first trust file, for whoever verifies.
const TRUST_FILE: &str = "trust.policy";
/// Where clients connect unless it is said: behind the proxy that adds TLS.
const HTTP: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7481);

/// What is installed, and where.
#[derive(Debug)]
pub struct Install {
    /// The genesis.
    pub genesis: PathBuf,
    /// The acceptances of all agencies.
    pub acceptances: Vec<PathBuf>,
    /// The node's folder, with its keys.
    pub dir: PathBuf,
    /// Where it listens for peers, if not everywhere at the port of its address.
    pub p2p: Option<SocketAddr>,
    /// Where it listens for clients.
    pub http: Option<SocketAddr>,
}

/// What was installed.
#[derive(Debug)]
pub struct Installed {
    /// The agency whose node it is.
    pub agency: AgencyName,
    /// The words of the network's first trust file.
    pub words: String,
}

/// Why nothing was installed. Each names the file and the way out.
#[derive(Debug, Error)]
pub enum InstallFault {
    /// Settings or keys that do not hold.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// A file that cannot be read.
    #[error("{path}; check the path and who may read it")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is no acceptance.
    #[error("{path}: no acceptance: {source}; ask the agency for the file again, by another way")]
    NoAcceptance {
        /// The file.
        path: PathBuf,
        /// Where.
        source: Malformed,
    },
    /// An acceptance that does not count.
    #[error("{path}: {source}; {way_out}")]
    NotAccepted {
        /// Its file; that of the genesis where one is missing.
        path: PathBuf,
        /// Why.
        source: NotAccepted,
        /// What to do.
        way_out: &'static str,
    },
    /// The folder has settings.
    #[error(
        "{path}: there is a node here already; run: muhr-node run --dir {}",
        quoted(.dir)
    )]
    Installed {
        /// The settings.
        path: PathBuf,
        /// The folder.
        dir: PathBuf,
    },
    /// A record that is not blank, or that is gone from a folder that was installed.
    #[error(
        "{path}: {what}; a record is written blank once, and never again for the same keys: put back the files of this folder that are missing"
    )]
    Record {
        /// The record.
        path: PathBuf,
        /// What there is.
        what: &'static str,
    },
    /// A file that cannot be written.
    #[error("{path}; make sure that its disk has room and may be written, then run the same again")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Install {
    /// Puts all that a node starts from into its folder, after it was judged.
    ///
    /// # Errors
    /// [`InstallFault`]; the folder then has no settings, so that no node starts from it.
    pub fn run(&self) -> Result<Installed, InstallFault> {
        let settings_path = self.dir.join(SETTINGS_FILE);
        if settings_path.symlink_metadata().is_ok() {
            let (path, dir) = (settings_path, self.dir.clone());
            return Err(InstallFault::Installed { path, dir });
        }
        let genesis = self.genesis()?;
        let acceptances = self.acceptances(&genesis)?;
        let keys = config::validator_of(&self.dir.join(KEYS_FOLDER), &genesis)?;
        let settings = self.settings(&keys.agency, &acceptances);
        self.write_records(&genesis, &keys)?;
        for (name, text) in [
            (ACCEPTANCES_FILE, write_acceptances(&acceptances)),
            (TRUST_FILE, genesis.trust_file()),
            (GENESIS_FILE, genesis.write()),
            (SETTINGS_FILE, settings.write()),
        ] {
            make(&self.dir.join(name), text.as_bytes())?;
        }
        // As the node will read it.
        let _config = Config::read(&self.dir)?;
        Ok(Installed {
            agency: keys.agency,
            words: words::fingerprint(&sha256(&[genesis.trust_file().as_bytes()])).join(" "),
        })
    }

    fn genesis(&self) -> Result<Genesis, InstallFault> {
        let path = self.genesis.clone();
        let bytes = read_regular(&path, GENESIS_BYTES_MAX).map_err(|source| {
            let path = path.clone();
            InstallFault::Unreadable { path, source }
        })?;
        Genesis::parse(&bytes).map_err(|source| BadConfig::Genesis { path, source }.into())
    }

    /// The acceptances of all agencies of the genesis.
    fn acceptances(&self, genesis: &Genesis) -> Result<Vec<Acceptance>, InstallFault> {
        let read = |path: &PathBuf| {
            let path = path.clone();
            match read_regular(&path, ACCEPTANCE_BYTES_MAX) {
                Err(source) => Err(InstallFault::Unreadable { path, source }),
                Ok(bytes) => Acceptance::parse(&bytes)
                    .map_err(|source| InstallFault::NoAcceptance { path, source }),
            }
        };
        let found = self.acceptances.iter().map(read);
        let found = found.collect::<Result<Vec<_>, _>>()?;
        check_acceptances(genesis, &found).map_err(|source| self.not_accepted(source))?;
        Ok(found)
    }

    fn not_accepted(&self, source: NotAccepted) -> InstallFault {
        let (at, way_out) = match &source {
            NotAccepted::OtherGenesis { at, .. } => (
                Some(*at),
                "compare the words of the genesis with that agency by telephone: one of you has another",
            ),
            NotAccepted::Stranger { at, .. } => (Some(*at), "leave it out"),
            NotAccepted::NotSigned { at, .. } => (
                Some(*at),
                "ask the agency for the file again, by another way",
            ),
            NotAccepted::Doubled { second, .. } => (Some(*second), "give one of each agency"),
            NotAccepted::Missing { .. } => (
                None,
                "wait for it: a network begins with the acceptances of all",
            ),
        };
        let path = at.and_then(|at| self.acceptances.get(at));
        let path = path.unwrap_or(&self.genesis).clone();
        InstallFault::NotAccepted {
            path,
            source,
            way_out,
        }
    }

    /// The others where they said that they are; this node at the port where it said so.
    fn settings(&self, mine: &AgencyName, acceptances: &[Acceptance]) -> NodeSettings {
        let said = |acceptance: &Acceptance| {
            let statement = &acceptance.statement;
            (statement.agency.to_string(), statement.p2p.clone())
        };
        let (own, mut peers): (Vec<_>, Vec<_>) = acceptances
            .iter()
            .map(said)
            .partition(|(name, _)| name == mine.as_str());
        peers.sort_unstable();
        let port = own.first().and_then(|(_, p2p)| {
            let (_, port) = p2p.rsplit_once(':')?;
            port.parse().ok()
        });
        let everywhere = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let p2p = self.p2p.unwrap_or_else(|| everywhere(port.unwrap_or(7480)));
        NodeSettings {
            agency: Some(mine.to_string()),
            p2p: p2p.to_string(),
            http: self.http.unwrap_or(HTTP).to_string(),
            peers,
            observers: Vec::new(),
        }
    }

    /// Record of what the keys have signed: nothing yet. A folder with a genesis had them, and they may say more.
    fn write_records(&self, genesis: &Genesis, keys: &ValidatorKeys) -> Result<(), InstallFault> {
        let data = self.dir.join(DATA_FOLDER);
        let was_installed = self.dir.join(GENESIS_FILE).symlink_metadata().is_ok();
        fs::create_dir_all(&data)
            .and_then(|()| fs::set_permissions(&data, Permissions::from_mode(0o700)))
            .map_err(|source| InstallFault::Unwritable {
                path: data.clone(),
                source,
            })?;
        for (key, name) in [(&keys.vote, SAFETY_FILE), (&keys.cosign, COSIGN_FILE)] {
            let owner = Owner {
                chain: genesis.chain(),
                key: key.public(),
            };
            write_record(&data.join(name), &owner.blank_file(), was_installed)?;
        }
        Ok(())
    }
}

fn write_record(path: &Path, blank: &[u8], was_installed: bool) -> Result<(), InstallFault> {
    let no = |what| InstallFault::Record {
        path: path.to_owned(),
        what,
    };
    match fs::read(path) {
        Ok(found) if found == blank => return Ok(()),
        Ok(_) => return Err(no("this record is not blank")),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !was_installed => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(no("the record is gone from a folder that has a genesis"));
        }
        Err(source) => {
            let path = path.to_owned();
            return Err(InstallFault::Unreadable { path, source });
        }
    }
    make(path, blank)?;
    let closed = fs::set_permissions(path, Permissions::from_mode(0o600));
    closed.map_err(|source| InstallFault::Unwritable {
        path: path.to_owned(),
        source,
    })
}

/// Writes a file whole, in the place of one that a broken-off attempt has left.
fn make(path: &Path, bytes: &[u8]) -> Result<(), InstallFault> {
    let place = AtPath(path.to_owned());
    let made = place.make(bytes);
    made.map(drop).map_err(|source| InstallFault::Unwritable {
        path: path.to_owned(),
        source,
    })
}
