//! The disks on which a node keeps what must last, and the room that is left on them.
//!
//! Not here: what is written there. A disk that is full ends the node with a sentence (`fault`); this is
//! how it is said while there is still time.

use std::path::PathBuf;

use rustix::fs::statvfs;

/// The places of the ledger, the safety records and the cosign states, which may be on disks of their own.
#[derive(Debug)]
pub struct Disks(Vec<PathBuf>);

impl Disks {
    /// Those where the ledger and these files lie.
    #[must_use]
    pub fn of(ledger: PathBuf, files: Vec<PathBuf>) -> Self {
        Self([vec![ledger], files].concat())
    }

    /// Bytes that may still be written to the one that has least; none where the system does not say.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        let free = self.0.iter().filter_map(|place| {
            // A part of a disk that is kept for root is no room for a node.
            let found = statvfs(place).ok()?;
            Some(found.f_bavail.saturating_mul(found.f_frsize))
        });
        free.min()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_disk_with_the_least_room_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let here = Disks(vec![dir.path().to_owned()]);
        let free = here.free_bytes().unwrap();
        assert!(free > 0);
        // It has no room at all, and is one of three.
        let mut places = vec![dir.path().to_owned(); 2];
        places.insert(1, Path::new("/proc").to_owned());
        assert_eq!(Disks(places).free_bytes(), Some(0));
        // What is not there says nothing of the others.
        let missing = vec![dir.path().join("nothing"), dir.path().to_owned()];
        assert!(Disks(missing).free_bytes().is_some());
        assert_eq!(Disks(Vec::new()).free_bytes(), None);
    }
}
