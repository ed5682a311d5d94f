//! Open files: the system's limit, what is kept back for disk and peers, and how many are in use.
//!
//! A node that has no descriptor left cannot open the database's next file, which ends it. So strangers'
//! connections get only what disk and peers leave over.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use crate::limits;

/// The system allows too few open files.
#[derive(Debug, Error)]
#[error(
    "only {allowed} files may be open at once, and {needed} are needed; raise the hard limit (LimitNOFILE= in a systemd unit, --ulimit nofile= of a container, ulimit -n in a shell)"
)]
pub struct TooFew {
    /// The hard limit.
    allowed: u64,
    /// What disk, peers and a few clients take.
    needed: u64,
}

/// Raises the soft limit to the hard one, and returns the limit that holds.
#[must_use]
pub fn raise() -> u64 {
    let found = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: found.maximum,
        maximum: found.maximum,
    };
    // Refused only where a sandbox forbids the call; what holds is asked for again either way.
    let _refused = setrlimit(Resource::Nofile, raised);
    allowed()
}

/// Raises the limit before anything takes a descriptor, and refuses one with which not even the threads of
/// a node start. What it needs in all is known once its peers are.
///
/// # Errors
/// [`TooFew`] when there are fewer than [`limits::DISK_OTHERS`].
pub fn enough_to_begin() -> Result<(), TooFew> {
    let allowed = raise();
    if allowed < limits::DISK_OTHERS as u64 {
        return Err(TooFew {
            allowed,
            needed: (kept_back(0) + limits::HTTP_CONNECTIONS_MIN) as u64,
        });
    }
    Ok(())
}

/// How many files may be open at once.
#[must_use]
pub fn allowed() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many are open now; none where the system does not say.
#[must_use]
pub fn used() -> Option<u64> {
    let folder = Path::new("/proc/self/fd");
    // Since Linux 6.2 the size is the number, which takes no descriptor to find out.
    let size = std::fs::metadata(folder).ok()?.len();
    if size > 0 {
        return Some(size);
    }
    let count = std::fs::read_dir(folder).ok()?.count();
    Some((count as u64).saturating_sub(1))
}

/// What a node with so many peers keeps back for disk and peers.
#[must_use]
pub const fn kept_back(peers: usize) -> usize {
    limits::DISK_TABLES_MAX
        + limits::DISK_OTHERS
        + limits::PEER_HANDSHAKES_MAX
        + peer_connections(peers)
}

/// Connections to and from one peer: two while both sides find one another, and one of a second node that
/// uses its key, which has to be heard to be told of.
pub const CONNECTIONS_A_PEER: u32 = 3;

/// Connections to and from so many peers, and a few that come and go.
#[must_use]
pub const fn peer_connections(peers: usize) -> usize {
    peers
        .saturating_mul(CONNECTIONS_A_PEER as usize)
        .saturating_add(4)
}

/// How many HTTP connections there may be, with `allowed` open files and `kept` of them kept back.
///
/// # Errors
/// [`TooFew`] when fewer than [`limits::HTTP_CONNECTIONS_MIN`] remain.
pub fn http_connections(allowed: u64, kept: usize) -> Result<usize, TooFew> {
    let left = allowed.saturating_sub(kept as u64);
    if left < limits::HTTP_CONNECTIONS_MIN as u64 {
        return Err(TooFew {
            allowed,
            needed: (kept + limits::HTTP_CONNECTIONS_MIN) as u64,
        });
    }
    Ok(
        usize::try_from(left).map_or(limits::HTTP_CONNECTIONS_MAX, |left| {
            left.min(limits::HTTP_CONNECTIONS_MAX)
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_disk_and_peers_leave_over() {
        let kept = kept_back(3);
        assert_eq!(http_connections(1024, kept).unwrap(), 1024 - kept);
        assert_eq!(
            http_connections(u64::MAX, kept).unwrap(),
            limits::HTTP_CONNECTIONS_MAX
        );
        let least = (kept + limits::HTTP_CONNECTIONS_MIN) as u64;
        assert_eq!(
            http_connections(least, kept).unwrap(),
            limits::HTTP_CONNECTIONS_MIN
        );
        let refused = http_connections(least - 1, kept).unwrap_err().to_string();
        assert!(refused.contains(&least.to_string()), "{refused}");
        assert!(refused.contains("LimitNOFILE"), "{refused}");
    }

    #[test]
    fn open_files_are_counted() {
        let before = used().unwrap();
        let held: Vec<_> = (0..40)
            .map(|_| std::fs::File::open("/dev/null").unwrap())
            .collect();
        // Other tests of this process open files too.
        assert!(used().unwrap() + 20 >= before + held.len() as u64);
    }
}
