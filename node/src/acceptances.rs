//! The acceptances in a node's folder: the word of every agency of the genesis that it runs this network.
//!
//! A node whose ledger holds the genesis alone begins only with all of them. One that has blocks needs none:
//! a quorum has decided them. Not here: what an acceptance is (`protocol::ceremony`).

use std::{
    io,
    path::{Path, PathBuf},
};

use protocol::{
    ceremony::{
        ACCEPTANCES_BYTES_MAX, NotAccepted, check_acceptances, read_acceptances, write_acceptances,
    },
    genesis::Genesis,
    height::Height,
    settings::{ACCEPTANCES_FILE, GENESIS_FILE},
    text::Malformed,
};
use thiserror::Error;

use crate::files::read_regular;

/// Why a node does not begin. Each names the file and the way out.
#[derive(Debug, Error)]
pub enum AcceptanceFault {
    /// There is no such file.
    #[error(
        "{path}: the agencies' acceptances of this genesis are not there, and without all of them a network does not begin; put them there with muhr-node install, or take the file from a node that has it (GET /v1/genesis/acceptances)"
    )]
    Absent {
        /// Where it belongs.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{path}; let the user read it whom the node runs as")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is none of this format.
    #[error(
        "{path}: {source}; it was changed since: run muhr-node install again with the acceptances that the agencies gave, in a new folder with these keys"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where.
        source: Malformed,
    },
    /// Not all agencies have accepted this genesis.
    #[error(
        "{path}: {source}; compare {genesis} with what the other agencies have, and ask whoever is named for the acceptance of it"
    )]
    NotAccepted {
        /// The file.
        path: PathBuf,
        /// The genesis that was to be accepted.
        genesis: PathBuf,
        /// Whose acceptance lacks or does not count.
        source: NotAccepted,
    },
}

/// Text of the acceptances in a node's folder, if all agencies have accepted its genesis.
///
/// # Errors
/// [`AcceptanceFault`].
pub fn all_of(dir: &Path, genesis: &Genesis) -> Result<String, AcceptanceFault> {
    let path = dir.join(ACCEPTANCES_FILE);
    let bytes =
        read_regular(&path, ACCEPTANCES_BYTES_MAX).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => AcceptanceFault::Absent { path: path.clone() },
            _ => AcceptanceFault::Unreadable {
                path: path.clone(),
                source,
            },
        })?;
    let acceptances = read_acceptances(&bytes).map_err(|source| AcceptanceFault::Malformed {
        path: path.clone(),
        source,
    })?;
    check_acceptances(genesis, &acceptances).map_err(|source| AcceptanceFault::NotAccepted {
        genesis: dir.join(GENESIS_FILE),
        path,
        source,
    })?;
    Ok(write_acceptances(&acceptances))
}

/// What a node at `height` starts with and serves: all acceptances, or at a later height none.
///
/// # Errors
/// [`AcceptanceFault`] at the height of the genesis.
pub fn at_start(
    dir: &Path,
    genesis: &Genesis,
    height: Height,
) -> Result<Option<String>, AcceptanceFault> {
    match all_of(dir, genesis) {
        Err(fault) if height > Height::ZERO => {
            tracing::info!(
                event = "no-acceptances",
                reason = crate::shared::describe(&fault)
            );
            Ok(None)
        }
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        epoch::examples::{acceptances, genesis},
        shared::describe,
    };

    #[test]
    fn a_network_begins_with_all_acceptances_and_goes_on_without() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ACCEPTANCES_FILE);
        let at = |height: u64| at_start(dir.path(), &genesis(), Height::new(height));
        let refused = |says: &str| {
            let said = describe(&at(0).unwrap_err());
            assert!(said.contains(says), "{said}");
            assert!(said.contains(path.to_str().unwrap()), "{said}");
            assert_eq!(at(1).unwrap(), None);
        };
        refused("GET /v1/genesis/acceptances");
        let all = acceptances();
        for missing in 0..all.len() {
            let mut fewer = all.clone();
            let one = fewer.remove(missing);
            fs::write(&path, write_acceptances(&fewer)).unwrap();
            let says = format!("the acceptance of {} is missing", one.statement.agency);
            refused(&says);
        }
        let text = write_acceptances(&all);
        fs::write(&path, text.replacen("chain ", "chain x", 1)).unwrap();
        refused("line 4");
        fs::write(&path, &text).unwrap();
        for height in [0, 1] {
            assert_eq!(at(height).unwrap().as_ref(), Some(&text));
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused("it is a folder");
    }
}
