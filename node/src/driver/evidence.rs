//! The evidence folder: proofs of misbehaviour, as files for people and for `muhr verify`.
//!
//! A disk that takes no file costs the proof and a line of the log, and stops nothing.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use consensus::Evidence;
use protocol::{codec, hash::sha256, text};

use super::SAFETY_VERSION;
use crate::{files::create_anew, wire::Cosignature};

/// Where proofs are kept.
#[derive(Debug)]
pub(super) struct EvidenceFolder(PathBuf);

impl EvidenceFolder {
    /// The folder of that path, which is made with the first proof.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        create_anew(&self.0.join(name))?.write_all(bytes)
    }

    /// Keeps what a validator has signed against the rules of consensus. Gives the name of its files.
    pub(super) fn keep_evidence(&self, evidence: &Evidence) -> String {
        let text = format!("{evidence:#?}\n");
        let name = text::hex(&sha256(&[text.as_bytes()])[..8]);
        let bytes = codec::encode(SAFETY_VERSION, evidence);
        let kept = self.keep(&format!("{name}.evidence"), &bytes);
        let kept = kept.and_then(|()| self.keep(&format!("{name}.txt"), text.as_bytes()));
        tell_lost(kept);
        name
    }

    /// Keeps the cosignature of an agency that has signed another root of that size too. False if one of
    /// that agency and size is there already.
    pub(super) fn keep_cosignature(&self, liar: &Cosignature) -> bool {
        let name = format!("cosign-{}-{}.txt", liar.agency, liar.size);
        let found = self.0.join(&name).symlink_metadata();
        if found.is_ok_and(|found| found.is_file()) {
            return false;
        }
        tell_lost(self.keep(&name, format!("{liar:#?}\n").as_bytes()));
        true
    }

    /// Keeps what is known of a fork; under another name if it convicts somebody. Gives the file's path.
    pub(super) fn keep_fork(&self, text: &str, convicts: bool) -> PathBuf {
        let name = if convicts {
            "fork.evidence"
        } else {
            "fork.txt"
        };
        tell_lost(self.keep(name, text.as_bytes()));
        self.0.join(name)
    }
}

fn tell_lost(kept: io::Result<()>) {
    if let Err(error) = kept {
        tracing::error!(event = "evidence-lost", %error);
    }
}

#[cfg(test)]
mod tests {
    use protocol::{hash::RootHash, height::LogSize, key::Signature};

    use super::*;

    #[test]
    fn one_proof_is_kept_of_an_agency_and_a_size_and_a_full_disk_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = EvidenceFolder::new(dir.path().join("evidence"));
        let liar = |size| Cosignature {
            size: LogSize::new(size),
            root: RootHash::new([1; 32]),
            time: 1,
            agency: "soliq".to_owned(),
            signature: Signature::new([2; 64]),
        };
        assert!(folder.keep_cosignature(&liar(5)) && !folder.keep_cosignature(&liar(5)));
        assert!(folder.keep_cosignature(&liar(6)));
        assert!(dir.path().join("evidence/cosign-soliq-6.txt").exists());
        let file = folder.keep_fork("both\n", true);
        assert_eq!(std::fs::read_to_string(file).unwrap(), "both\n");
        // A link that somebody has put there is not followed.
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "another's").unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join("evidence/fork.txt")).unwrap();
        let file = folder.keep_fork("half\n", false);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "half\n");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "another's");
        // A file stands where the folder would be.
        let no_folder = EvidenceFolder::new(dir.path().join("evidence/fork.evidence"));
        assert!(no_folder.keep_cosignature(&liar(5)));
        assert!(no_folder.keep_fork("", false).ends_with("fork.txt"));
    }
}
