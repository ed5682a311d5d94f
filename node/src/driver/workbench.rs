//! A driver for the tests of its parts: a validator of a network of four, whole and not turning, on a
//! folder of its own. Not the simulation (`tests/src/sim`): nothing moves here but what a test calls.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use ledger::Ledger;
use protocol::{
    hash::ReturnNonce,
    key::{PublicKey, SecretKey},
    name::AgencyName,
    sign_state::blank_files,
};

use super::Driver;
use crate::{
    config::{Config, Places},
    epoch::{
        Epochs,
        examples::{AGENCIES, genesis, secret},
    },
    host::Host,
    keys::OwnKeys,
    network::{self, PeerIndex},
    peers::peers_of,
    run::{self, Assembled, OpenedFiles},
    sign_state::{self, Declared, Keys},
};

/// Whose node it is.
const MINE: &str = "soliq";

/// A driver and where it lies.
pub(super) struct Workbench {
    pub(super) driver: Driver,
    _folder: tempfile::TempDir,
}

/// The secret vote key of the agency with this public one.
pub(super) fn vote_secret(key: &PublicKey) -> SecretKey {
    let secrets = AGENCIES.map(|name| secret(name, "vote"));
    let mut secrets = secrets.into_iter();
    secrets.find(|secret| secret.public() == *key).unwrap()
}

/// A node whose parts are put together, and the folder where it lies.
pub(crate) fn assembled() -> (Assembled, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (dir, founded) = (folder.path(), genesis());
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        dir: dir.to_owned(),
        agency: AgencyName::parse(MINE),
        keys: OwnKeys {
            peer: secret(MINE, "peer"),
            other_peers: Vec::new(),
            vote: vec![secret(MINE, "vote")],
            cosign: vec![secret(MINE, "cosign")],
            publisher: Vec::new(),
        },
        p2p: nowhere,
        p2p_addresses: Vec::new(),
        http: nowhere,
        log: None,
        peers: BTreeMap::new(),
        observers: BTreeMap::new(),
        places: Places::in_folder(dir),
        genesis: founded.clone(),
    };
    fs::create_dir_all(dir.join("data")).unwrap();
    let (vote, cosign) = (
        secret(MINE, "vote").public(),
        secret(MINE, "cosign").public(),
    );
    for (name, bytes) in blank_files(founded.chain(), &vote, &cosign) {
        fs::write(dir.join("data").join(name), bytes).unwrap();
    }
    let asked = Declared {
        dir: dir.to_owned(),
        is_declared_lost: false,
        nonce: ReturnNonce::new([1; 32]),
    };
    let keys = Keys::of(&config.keys);
    let sign_state = sign_state::open(&config.places, &founded, &keys, &asked).unwrap();
    let ledger = Ledger::open_to_follow(&config.places.ledger, &founded, None).unwrap();
    let epochs = Epochs::open(&founded, ledger.head().directory()).unwrap();
    let host = Host::real();
    let peers = peers_of(ledger.head().directory(), &config.peer_settings(), &[]).peers;
    let (network, events, _carrier) = network::carried(&peers, &host).unwrap();
    let kept = OpenedFiles {
        ledger,
        sign_state,
        epochs,
    };
    let assembled = run::assemble(host, config, kept, (network, events)).unwrap();
    (assembled, folder)
}

impl Workbench {
    pub(super) fn new() -> Self {
        let (assembled, folder) = assembled();
        let (driver, _events) = Driver::new(assembled.start);
        Self {
            driver,
            _folder: folder,
        }
    }

    /// The peer that votes with a key; the node itself is none.
    pub(super) fn peer(&self, key: &PublicKey) -> Option<PeerIndex> {
        self.driver.peer_of(key)
    }
}
