//! This node's own keys: all that its folder holds, and which of them the network names now.
//!
//! A node loads every `vote*.key`, `cosign*.key`, `peer*.key` and `publisher*.key`, and signs with those
//! that the state names for its agency; with none it observes. They are read at the start, so a key that is
//! to come into force lies in the folder at some start before; when it does, nothing is started. Not here: what these keys have
//! signed (`sign_state`), and when they are looked for again (the driver).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use protocol::{
    key::{PublicKey, SecretKey},
    name::AgencyName,
};

use crate::{
    config::{BadConfig, NO_KEY, key_file},
    epoch::EpochState,
};

/// The keys by which a validator acts.
#[derive(Clone, Debug)]
pub struct ValidatorKeys {
    /// The agency.
    pub agency: AgencyName,
    /// Signs votes and proposals.
    pub vote: SecretKey,
    /// Cosigns checkpoints.
    pub cosign: SecretKey,
}

/// All keys of a node's folder, each kind in the order of the files' names.
#[derive(Clone, Debug)]
pub struct OwnKeys {
    /// The first that may name it on the wire: where the state names none of them, this one does.
    pub peer: SecretKey,
    /// More of them.
    pub other_peers: Vec<SecretKey>,
    /// Keys that may vote; none on an observer.
    pub vote: Vec<SecretKey>,
    /// Keys that may cosign; none on an observer.
    pub cosign: Vec<SecretKey>,
    /// Keys of the log's own line, on nodes that publish.
    pub publisher: Vec<SecretKey>,
}

/// What a key is for, of those that the network names for an agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyUse {
    /// Names a node on the wire.
    Peer,
    /// Votes.
    Vote,
    /// Cosigns.
    Cosign,
    /// Makes the log's own line.
    Publisher,
}

impl KeyUse {
    /// The word of files and messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Vote => "vote",
            Self::Cosign => "cosign",
            Self::Publisher => "publisher",
        }
    }
}

/// The keys by which a node acts while an epoch is in force.
#[derive(Clone, Debug)]
pub struct KeysInForce {
    /// Those of its validator; none of a node that observes.
    pub validator: Option<ValidatorKeys>,
    /// The one that names it on the wire.
    pub peer: SecretKey,
    /// Whether its agency is one of those that run a validator.
    pub is_named: bool,
    /// Uses for which the network names a key that is not here: of its agency's keys all, of the
    /// publisher's where others are here.
    pub lacking: Vec<KeyUse>,
}

/// A key of this folder that the network names for another agency: two nodes would speak with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnothersKey {
    /// What it is for.
    pub of: KeyUse,
    /// Whose it is.
    pub agency: AgencyName,
}

fn find(keys: &[SecretKey], wanted: &PublicKey) -> Option<SecretKey> {
    keys.iter().find(|key| key.public() == *wanted).cloned()
}

impl OwnKeys {
    /// Reads the keys in `folder`. With an agency there has to be one to vote and one to cosign.
    ///
    /// # Errors
    /// [`BadConfig`] for a key that cannot be read, that others may read, or that is missing.
    pub fn read(folder: &Path, agency: Option<&AgencyName>) -> Result<Self, BadConfig> {
        let missing = |of: KeyUse| BadConfig::Read {
            path: folder.join(format!("{}.key", of.word())),
            way_out: NO_KEY,
            source: std::io::ErrorKind::NotFound.into(),
        };
        let all = |of: KeyUse| read_all(folder, of.word());
        let mut peers = all(KeyUse::Peer)?.into_iter();
        let keys = Self {
            peer: peers.next().ok_or_else(|| missing(KeyUse::Peer))?,
            other_peers: peers.collect(),
            vote: all(KeyUse::Vote)?,
            cosign: all(KeyUse::Cosign)?,
            publisher: read_all(folder, "publisher")?,
        };
        for (of, found) in [(KeyUse::Vote, &keys.vote), (KeyUse::Cosign, &keys.cosign)] {
            if found.is_empty() && agency.is_some() {
                return Err(missing(of));
            }
        }
        Ok(keys)
    }

    /// All that may name it on the wire.
    pub fn peers(&self) -> impl Iterator<Item = &SecretKey> {
        std::iter::once(&self.peer).chain(&self.other_peers)
    }

    /// Public halves of all of them.
    #[must_use]
    pub fn all(&self) -> BTreeSet<PublicKey> {
        let others = [&self.vote, &self.cosign, &self.publisher];
        let all = self.peers().chain(others.into_iter().flatten());
        all.map(SecretKey::public).collect()
    }

    /// By which of them the node of `agency` acts in `epoch`. It votes and cosigns, or does neither: a
    /// validator that only votes would keep the network from publishing.
    #[must_use]
    pub fn in_force(&self, agency: Option<&AgencyName>, epoch: &EpochState) -> KeysInForce {
        let named = agency.and_then(|name| epoch.agencies().get(name));
        let vote = named.and_then(|named| find(&self.vote, &named.vote));
        let cosign = named.and_then(|named| find(&self.cosign, &named.cosign));
        let peer = named.and_then(|named| self.peers().find(|key| key.public() == named.peer));
        let is_named = named.is_some();
        let log_key = epoch.log_key().key().key;
        let publishes = self.publisher.is_empty() || find(&self.publisher, &log_key).is_some();
        let uses = [
            (KeyUse::Peer, is_named && peer.is_none()),
            (KeyUse::Vote, is_named && vote.is_none()),
            (KeyUse::Cosign, is_named && cosign.is_none()),
            (KeyUse::Publisher, !publishes),
        ];
        let lacking = uses.into_iter().filter(|(_, lacks)| *lacks);
        let validator = agency.zip(vote.zip(cosign));
        KeysInForce {
            validator: validator.map(|(agency, (vote, cosign))| ValidatorKeys {
                agency: agency.clone(),
                vote,
                cosign,
            }),
            peer: peer.unwrap_or(&self.peer).clone(),
            is_named,
            lacking: lacking.map(|(of, _)| of).collect(),
        }
    }

    /// A key of these that `epoch` names for another agency than `agency`, if there is one.
    #[must_use]
    pub fn of_another(
        &self,
        agency: Option<&AgencyName>,
        epoch: &EpochState,
    ) -> Option<AnothersKey> {
        let others = epoch.agencies().values();
        let mut others = others.filter(|other| Some(&other.name) != agency);
        others.find_map(|other| {
            let of = if find(&self.vote, &other.vote).is_some() {
                KeyUse::Vote
            } else if find(&self.cosign, &other.cosign).is_some() {
                KeyUse::Cosign
            } else if self.peers().any(|key| key.public() == other.peer) {
                KeyUse::Peer
            } else {
                return None;
            };
            Some(AnothersKey {
                of,
                agency: other.name.clone(),
            })
        })
    }
}

/// Key files of one purpose in a folder (`vote*.key`), in the order of their names without the ending:
/// `vote.key`, `vote-2.key`, ...
///
/// # Errors
/// [`BadConfig::Read`] if the folder cannot be read.
pub fn key_files(folder: &Path, purpose: &str) -> Result<Vec<PathBuf>, BadConfig> {
    let unreadable = |source| BadConfig::Read {
        path: folder.to_owned(),
        way_out: NO_KEY,
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let text = name.to_str();
        if text.is_some_and(|name| name.starts_with(purpose) && name.ends_with(".key")) {
            found.push(folder.join(name));
        }
    }
    found.sort_by_key(|path| path.file_stem().map(std::ffi::OsStr::to_owned));
    Ok(found)
}

fn read_all(folder: &Path, purpose: &str) -> Result<Vec<SecretKey>, BadConfig> {
    let mut keys: Vec<SecretKey> = Vec::new();
    for path in key_files(folder, purpose)? {
        let secret = key_file(&path, purpose)?.secret;
        if find(&keys, &secret.public()).is_none() {
            keys.push(secret);
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use protocol::keyfile::KeyFile;

    use super::*;
    use crate::epoch::examples::{epoch, secret};

    const NAMES: [&str; 2] = ["adliya", "soliq"];

    fn agency(name: &str) -> AgencyName {
        AgencyName::parse(name).unwrap()
    }

    /// Soliq's keys: those that the examples name, and others beside them.
    fn keys(vote: &[&str], cosign: &[&str], peer: &[&str]) -> OwnKeys {
        let all = |purposes: &[&str]| -> Vec<SecretKey> {
            purposes.iter().map(|it| secret("soliq", it)).collect()
        };
        let mut peers = all(peer).into_iter();
        OwnKeys {
            peer: peers.next().unwrap(),
            other_peers: peers.collect(),
            vote: all(vote),
            cosign: all(cosign),
            publisher: Vec::new(),
        }
    }

    #[test]
    fn a_node_acts_with_the_keys_that_the_state_names_and_else_observes() {
        let soliq = agency("soliq");
        let (here, elsewhere) = (epoch(0, &NAMES), epoch(1, &["adliya", "kadastr"]));
        let own = keys(&["vote/2", "vote"], &["cosign"], &["peer/2", "peer"]);
        let found = own.in_force(Some(&soliq), &here);
        let validator = found.validator.unwrap();
        assert_eq!(validator.vote.public(), secret("soliq", "vote").public());
        assert_eq!(
            validator.cosign.public(),
            secret("soliq", "cosign").public()
        );
        assert_eq!(found.peer.public(), secret("soliq", "peer").public());
        assert_eq!((found.is_named, found.lacking), (true, Vec::new()));
        // Its agency is not in the set, or the node is nobody's: nothing is lacking, and it observes.
        for (agency, epoch) in [(Some(&soliq), &elsewhere), (None, &here)] {
            let found = own.in_force(agency, epoch);
            assert!(found.validator.is_none() && !found.is_named);
            assert_eq!(found.lacking, []);
            assert_eq!(found.peer.public(), secret("soliq", "peer/2").public());
        }
        // With one of the two it does neither.
        let own = keys(&["vote"], &["cosign/2"], &["peer/2"]);
        let found = own.in_force(Some(&soliq), &here);
        assert!(found.validator.is_none() && found.is_named);
        assert_eq!(found.lacking, [KeyUse::Peer, KeyUse::Cosign]);
        let own = OwnKeys {
            publisher: vec![secret("publisher", "old")],
            ..own
        };
        let lacking = own.in_force(None, &here).lacking;
        assert_eq!(lacking, [KeyUse::Publisher]);
    }

    #[test]
    fn keys_of_another_agency_are_found() {
        let (soliq, here) = (agency("soliq"), epoch(0, &NAMES));
        let own = keys(&["vote"], &["cosign"], &["peer"]);
        assert_eq!(own.of_another(Some(&soliq), &here), None);
        for agency in [Some(agency("adliya")), None] {
            let found = own.of_another(agency.as_ref(), &here).unwrap();
            assert_eq!((found.of, found.agency), (KeyUse::Vote, soliq.clone()));
        }
        let own = keys(&["vote/2"], &["cosign/2"], &["peer/2", "peer"]);
        let found = own.of_another(Some(&agency("adliya")), &here).unwrap();
        assert_eq!(found.of, KeyUse::Peer);
    }

    #[test]
    fn all_keys_of_a_folder_are_read_the_plain_name_first() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, purpose: &str, key: &str| {
            let file = KeyFile {
                holder: "soliq".to_owned(),
                purpose: purpose.to_owned(),
                secret: secret("soliq", key),
            };
            let path = dir.path().join(name);
            fs::write(&path, file.write().as_bytes()).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        let soliq = agency("soliq");
        let read = |agency: Option<&AgencyName>| OwnKeys::read(dir.path(), agency);
        let says = |agency, part: &str| {
            let refused = read(agency).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        };
        says(None, "peer.key");
        write("peer-2.key", "peer", "peer/2");
        write("peer.key", "peer", "peer");
        write("peer.txt", "peer", "peer/3");
        assert!(read(None).unwrap().vote.is_empty());
        says(Some(&soliq), "vote.key");
        write("vote-2.key", "vote", "vote/2");
        says(Some(&soliq), "cosign.key");
        write("cosign.key", "cosign", "cosign");
        write("cosign-copy.key", "cosign", "cosign");
        let found = read(Some(&soliq)).unwrap();
        let publics = |keys: &[SecretKey]| keys.iter().map(SecretKey::public).collect::<Vec<_>>();
        assert_eq!(found.peer.public(), secret("soliq", "peer").public());
        assert_eq!(
            publics(&found.other_peers),
            publics(&[secret("soliq", "peer/2")])
        );
        assert_eq!(publics(&found.vote), publics(&[secret("soliq", "vote/2")]));
        assert_eq!(found.cosign.len(), 1, "the same key twice is one");
        write("vote-3.key", "cosign", "cosign");
        says(Some(&soliq), "a cosign key where a vote key is needed");
    }
}
