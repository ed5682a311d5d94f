//! Settings that are read again while the node runs: who and where peers are, and what is logged.
//!
//! The rest takes a start, and is named if it has changed: a setting that silently does nothing would
//! be believed.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc};

use protocol::{hash::ChainId, key::PublicKey, name::AgencyName};
use tokio::sync::watch;

use crate::{
    config::{BadConfig, Config, Places},
    logging::Levels,
    shared::{Shared, describe},
};

/// What a node started with and keeps until it ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    agency: Option<AgencyName>,
    chain: ChainId,
    p2p: SocketAddr,
    http: SocketAddr,
    keys: BTreeSet<PublicKey>,
    places: Places,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            agency: config.agency.clone(),
            chain: config.genesis.chain(),
            p2p: config.p2p,
            http: config.http,
            keys: config.keys.all(),
            places: config.places.clone(),
        }
    }

    /// Names of the settings that differ.
    fn changed(&self, other: &Self) -> Vec<&'static str> {
        let all = [
            ("agency", self.agency == other.agency),
            ("genesis", self.chain == other.chain),
            ("p2p", self.p2p == other.p2p),
            ("http", self.http == other.http),
            ("the keys", self.keys == other.keys),
            ("[places]", self.places == other.places),
        ];
        let changed = all.into_iter().filter(|(_, same)| !same);
        changed.map(|(name, _)| name).collect()
    }
}

/// Reads the settings again whenever it is told to.
#[derive(Debug)]
pub(super) struct Reread {
    pub(super) dir: PathBuf,
    pub(super) fixed: Fixed,
    pub(super) shared: Arc<Shared>,
    pub(super) levels: Levels,
}

impl Reread {
    pub(super) async fn work(self, mut told: watch::Receiver<u64>) {
        while told.changed().await.is_ok() {
            // On a thread of its own: a file may be on a disk that does not answer, and whoever serves
            // clients and hears signals must not wait for it.
            let dir = self.dir.clone();
            let read = tokio::task::spawn_blocking(move || Config::read(&dir));
            match read.await {
                Ok(read) => self.take(read),
                Err(error) => tracing::error!(event = "settings-refused", %error),
            }
        }
    }

    /// Settings that do not hold change nothing.
    fn take(&self, read: Result<Config, BadConfig>) {
        let config = match read {
            Ok(config) => config,
            Err(error) => {
                let error = describe(&error);
                tracing::error!(
                    event = "settings-refused",
                    error,
                    "the node goes on with the settings that it has"
                );
                return;
            }
        };
        let changed = self.fixed.changed(&Fixed::of(&config));
        if !changed.is_empty() {
            tracing::warn!(
                event = "settings-need-a-start",
                changed = changed.join(", "),
                "these settings have changed and hold only when the node is started again"
            );
        }
        self.levels.set(config.log.as_deref());
        let read = config.peer_settings();
        let (peers, observers) = (read.seeds.len(), read.observers.len());
        // Whose node it is takes a start; who its peers are is the driver's to carry out.
        self.shared.settings.send_modify(|settings| {
            settings.addresses = read.addresses;
            settings.seeds = read.seeds;
            settings.observers = read.observers;
        });
        tracing::info!(
            event = "settings-read",
            peers,
            observers,
            log = config.log.as_deref().unwrap_or("info"),
            "addresses of peers, observers and the level of the log were read again"
        );
    }
}
