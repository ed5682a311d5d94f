//! A file while it is being written: under a name that nobody can guess, made anew, and put in its place whole.
//!
//! Folders may be written by others. Who could tell the name beforehand could put a link there, and have any
//! file of this user's overwritten; so no name is guessable, nothing that is there is opened, and what is
//! put in its place takes the place of a link, not of what it points to. A crash leaves the old file and
//! perhaps a part beside it, which counts for nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use messages::UserMessage;
use protocol::text::hex;

/// How the names of parts begin and end. What begins with a dot is no document.
const NAME: (&str, &str) = (".muhr-", ".part");
/// Random bytes of a name.
const NAME_BYTES: usize = 12;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody whom the user's umask lets.
    Umask,
    /// The owner alone: it shows what is in a record, or is a key.
    Owner,
}

/// A file that gets its name when it is whole.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    /// None once it is in its place.
    here: Option<PathBuf>,
    place: PathBuf,
}

impl PartFile {
    /// Begins a file that is to stand at `place`.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    pub fn create(place: &Path, readers: Readers) -> io::Result<Self> {
        match fs::symlink_metadata(place) {
            Ok(found) if !found.is_file() && !found.is_symlink() => {
                let what = UserMessage::new("folder-there-and-no-file");
                return Err(io::Error::new(ErrorKind::AlreadyExists, what));
            }
            // Such as a name that is too long: nothing could be put there.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut random = [0; NAME_BYTES];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("{}{}{}", NAME.0, hex(&random), NAME.1);
        let here = place.with_file_name(name);
        let mut options = OpenOptions::new();
        // Anew: a link that is there already is not followed.
        options.write(true).create_new(true);
        #[cfg(unix)]
        if readers == Readers::Owner {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        Ok(Self {
            file: options.open(&here)?,
            here: Some(here),
            place: place.to_owned(),
        })
    }

    /// Where it is until it is in its place.
    pub fn path(&self) -> &Path {
        self.here.as_deref().unwrap_or(&self.place)
    }

    /// Puts the file in its place, in that of whatever file or link is there. With `sync` no loss of power
    /// takes it away afterwards.
    ///
    /// # Errors
    ///
    /// As the operating system says.
    pub fn put(mut self, sync: bool) -> io::Result<()> {
        if sync {
            self.file.sync_all()?;
        }
        fs::rename(self.path(), &self.place)?;
        self.here = None;
        if sync {
            super::sync_folder(&self.place)
        } else {
            Ok(())
        }
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PartFile {
    /// A file that was not put in its place is taken away.
    fn drop(&mut self) {
        if let Some(here) = self.here.take() {
            let _gone = fs::remove_file(here);
        }
    }
}

/// Removes the parts that a crash has left in a folder which no other run is using.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let random = name
            .strip_prefix(NAME.0)
            .and_then(|name| name.strip_suffix(NAME.1));
        if random.is_some_and(|random| random.len() == 2 * NAME_BYTES) {
            let _gone = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_is_whole_in_its_place_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.receipt");
        for text in ["one", "two"] {
            let mut part = PartFile::create(&place, Readers::Umask).unwrap();
            part.write_all(text.as_bytes()).unwrap();
            part.put(text == "one").unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), text);
        }
        let mut given_up = PartFile::create(&place, Readers::Umask).unwrap();
        given_up.write_all(b"three").unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(given_up);
        assert_eq!(names(folder.path()), ["a.receipt"]);
        assert_eq!(fs::read_to_string(&place).unwrap(), "two");
        // A crash runs no destructor; the next run of the folder does.
        std::mem::forget(PartFile::create(&place, Readers::Umask).unwrap());
        fs::write(folder.path().join(".muhr-mine.part"), "somebody's").unwrap();
        sweep(folder.path());
        assert_eq!(names(folder.path()), [".muhr-mine.part", "a.receipt"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_replaced_and_never_written_through() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("authorized_keys");
        fs::write(&other, "mine").unwrap();
        let place = folder.path().join("a.receipt");
        for readers in [Readers::Umask, Readers::Owner] {
            let _gone = fs::remove_file(&place);
            symlink(&other, &place).unwrap();
            let mut part = PartFile::create(&place, readers).unwrap();
            part.write_all(b"receipt").unwrap();
            part.put(true).unwrap();
            assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
            let found = fs::symlink_metadata(&place).unwrap();
            assert!(found.is_file());
            if readers == Readers::Owner {
                assert_eq!(found.permissions().mode() & 0o777, 0o600);
            }
        }
        let refused = PartFile::create(folder.path(), Readers::Umask).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        let refused = PartFile::create(Path::new("/dev/null"), Readers::Umask).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    }
}
