//! The newest checkpoint that a witness has signed, as a note beside its cosign state, for whoever watches it.
//!
//! It is no memory of what may be signed: that is the cosign state. Written after the cosign state and before the
//! answer, so a crash in between leaves the note of the checkpoint before, which was signed too.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    height::LogSize,
    note::{NOTE_BYTES_MAX, SignedNote},
    policy::TrustPolicy,
};

use crate::files::{create_anew, read_regular};

/// The most signature lines in the note, that all tools read.
const LINES_MAX: usize = 16;

/// The file and what is in it.
#[derive(Debug)]
pub(super) struct CheckpointFile {
    path: PathBuf,
    note: Option<String>,
}

impl CheckpointFile {
    /// Reads the note in `dir`. One that this key has not signed, or that is above what the cosign state
    /// says, is nobody's and is not served.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub(super) fn open(
        dir: &Path,
        key: &Cosigner,
        trust: &TrustPolicy,
        last: LogSize,
    ) -> io::Result<Self> {
        let path = dir.join("checkpoint");
        let bytes = match read_regular(&path, NOTE_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let is_ours = |note: &String| {
            let found = SignedNote::parse(note).ok()?;
            let checkpoint = Checkpoint::parse(&found.text).ok()?;
            let mine = found.signatures.iter().find(|line| key.key().is_of(line))?;
            cosignature::verify_line(key.key(), &found.text, mine).ok()?;
            let fits = checkpoint.origin.as_str() == trust.origin() && checkpoint.size <= last;
            fits.then_some(())
        };
        let note = String::from_utf8(bytes).ok();
        let note = note.filter(|note| is_ours(note).is_some());
        Ok(Self { path, note })
    }

    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Replaces the note, on disk first.
    ///
    /// # Errors
    ///
    /// The disk; the note of before is then still served.
    pub(super) fn replace(&mut self, note: String) -> io::Result<()> {
        let part = self.path.with_extension("part");
        let mut file = create_anew(&part)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &self.path)?;
        if let Some(dir) = self.path.parent() {
            File::open(dir)?.sync_all()?;
        }
        self.note = Some(note);
        Ok(())
    }
}

/// A note of the lines that hold: the log's own, then `own`, then those of the trust file's witnesses, as
/// many as all tools read. What strangers have put under it stays away: it would make the note unreadable
/// or longer than others take.
pub(super) fn lines_that_hold(trust: &TrustPolicy, note: &SignedNote, own: &str) -> String {
    let holds = |key: &protocol::note::NoteKey| {
        let mut lines = note.signatures.iter().filter(|line| key.is_of(line));
        lines
            .find(|line| cosignature::verify_line(key, &note.text, line).is_ok())
            .map(protocol::note::NoteSignature::write)
    };
    let log = trust.logs().filter_map(holds);
    let witnesses = trust.witnesses().iter().map(|witness| &witness.key);
    let lines = log
        .chain([own.to_owned()])
        .chain(witnesses.filter_map(holds));
    let lines: String = lines.take(LINES_MAX).collect();
    format!("{}\n{lines}", note.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_the_place_of_the_part_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        fs::write(&victim, "another's").unwrap();
        std::os::unix::fs::symlink(&victim, dir.path().join("checkpoint.part")).unwrap();
        let mut kept = CheckpointFile {
            path: dir.path().join("checkpoint"),
            note: None,
        };
        kept.replace("a note\n".to_owned()).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "another's");
        assert_eq!(fs::read_to_string(&kept.path).unwrap(), "a note\n");
        assert!(kept.path.symlink_metadata().unwrap().is_file());
    }
}
