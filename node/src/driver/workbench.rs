//! A driver for the tests of its parts: a validator of a network of four, whole and not turning, on a
//! folder of its own. Not the simulation (`tests/src/sim`): nothing moves here but what a test calls.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use ledger::Ledger;
use protocol::{
    hash::ReturnNonce,
    key::{PublicKey, SecretKey},
    name::AgencyName,
    sign_state::Owner,
};

use super::Driver;
use crate::{
    config::{Config, Places, ValidatorKeys},
    durable::AtPath,
    epoch::{
        Epochs,
        examples::{AGENCIES, genesis, secret},
    },
    host::Host,
    network::{self, PeerIndex},
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
        validator: Some(ValidatorKeys {
            agency: AgencyName::parse(MINE).unwrap(),
            vote: secret(MINE, "vote"),
            cosign: secret(MINE, "cosign"),
        }),
        peer: secret(MINE, "peer"),
        publisher: None,
        p2p: nowhere,
        http: nowhere,
        log: None,
        peers: BTreeMap::new(),
        observers: BTreeMap::new(),
        places: Places::in_folder(dir),
        genesis: founded.clone(),
    };
    fs::create_dir_all(dir.join("data")).unwrap();
    let blank = |place: &std::path::Path, purpose: &str| {
        let owner = Owner {
            chain: founded.chain(),
            key: secret(MINE, purpose).public(),
        };
        fs::write(place, owner.blank_file()).unwrap();
        AtPath(place.to_owned())
    };
    let safety = blank(&config.places.safety, "vote");
    let cosign = blank(&config.places.cosign_state, "cosign");
    let asked = Declared {
        dir: dir.to_owned(),
        is_declared_lost: false,
        nonce: ReturnNonce::new([1; 32]),
    };
    let sign_state =
        sign_state::open(&safety, &cosign, &founded, Keys::of(&config), &asked).unwrap();
    let ledger = Ledger::open_to_follow(&config.places.ledger, &founded, None).unwrap();
    let epochs = Epochs::open(&founded, ledger.head().directory()).unwrap();
    let host = Host::real();
    let peers = run::peers(&config, &epochs.now()).len();
    let (network, events, _carrier) = network::carried(peers, &host);
    let kept = OpenedFiles {
        ledger,
        sign_state,
        epochs,
        acceptances: None,
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
