//! Files that an operator gives: regular ones, of a bounded length, opened without waiting. And files that
//! the node makes where others may write too: anew, whatever somebody has put in their place.
//!
//! Whoever opens a pipe waits until somebody writes into it, and a device has no end: in the place of a
//! file either would hold the node up for ever. What is in the files is not here.

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::Path,
};

use rustix::fs::OFlags;

/// Opens a regular file.
///
/// # Errors
/// What the system said, or what there is in its place.
pub(crate) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Before it is opened: with some devices that alone does something.
    must_be_regular(&path.metadata()?)?;
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let file = options.custom_flags(flags).open(path)?;
    must_be_regular(&file.metadata()?)?;
    Ok(file)
}

/// Makes a file of its own at a path. What stands there is taken away and not written into: a link that
/// somebody has put in its place leads to a file that is nobody's to change.
///
/// # Errors
/// What the system said; also when somebody puts something there in that very moment.
pub(crate) fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Reads a regular file of at most `bytes_max` bytes.
///
/// # Errors
/// As [`open_regular`], or that the file is longer.
pub(crate) fn read_regular(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    read_bounded(
        &open_regular(path, OpenOptions::new().read(true))?,
        bytes_max,
    )
}

/// Reads an open file from where it stands to its end, if that is not too far.
///
/// # Errors
/// What the system said, or that there is more.
pub(crate) fn read_bounded(file: &File, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take((bytes_max as u64).saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        let what = format!("it is longer than {bytes_max} bytes; is it another file?");
        return Err(io::Error::other(what));
    }
    Ok(bytes)
}

fn must_be_regular(found: &Metadata) -> io::Result<()> {
    let Some(what) = irregular(found.file_type()) else {
        return Ok(());
    };
    Err(io::Error::other(format!(
        "it is {what}, and only a regular file is read; put the file itself there"
    )))
}

/// What a thing is that is no regular file.
fn irregular(kind: FileType) -> Option<&'static str> {
    let kinds = [
        (kind.is_file(), None),
        (kind.is_dir(), Some("a folder")),
        (kind.is_fifo(), Some("a pipe")),
        (kind.is_socket(), Some("a socket")),
    ];
    let found = kinds.into_iter().find(|(is_so, _)| *is_so);
    found.map_or(Some("a device"), |(_, what)| what)
}

/// A path as a word of a command: in quotes where a shell would read it otherwise.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+,:@%=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn only_regular_files_within_bounds_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        mkfifoat(CWD, at("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        std::fs::write(at("file"), b"four").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("pipe"), at("link-to-pipe")).unwrap();
        assert_eq!(read_regular(&at("file"), 4).unwrap(), b"four");
        assert_eq!(read_regular(&at("link"), 4).unwrap(), b"four");
        for (path, said) in [
            (at("file"), "longer than 3 bytes"),
            (at("pipe"), "it is a pipe"),
            (at("link-to-pipe"), "it is a pipe"),
            (at("socket"), "it is a socket"),
            (dir.path().to_owned(), "it is a folder"),
            ("/dev/zero".into(), "it is a device"),
        ] {
            let error = read_regular(&path, 3).unwrap_err().to_string();
            assert!(error.contains(said), "{}: {error}", path.display());
            let mut options = OpenOptions::new();
            let open = open_regular(&path, options.read(true).write(true));
            assert_eq!(open.is_ok(), path == at("file"), "{}", path.display());
        }
    }

    #[test]
    fn a_file_is_made_anew_and_never_through_a_link() {
        use std::{io::Write, os::unix::fs::symlink};

        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("victim"), b"keys").unwrap();
        std::fs::write(at("other"), b"more").unwrap();
        symlink(at("victim"), at("new")).unwrap();
        std::fs::hard_link(at("other"), at("again")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        for name in ["new", "again", "dangling", "absent"] {
            create_anew(&at(name)).unwrap().write_all(b"ours").unwrap();
            assert_eq!(std::fs::read(at(name)).unwrap(), b"ours");
            assert!(at(name).symlink_metadata().unwrap().is_file(), "{name}");
        }
        assert_eq!(std::fs::read(at("victim")).unwrap(), b"keys");
        assert_eq!(std::fs::read(at("other")).unwrap(), b"more");
        assert!(!at("nothing").exists());
        std::fs::create_dir(at("folder")).unwrap();
        assert!(create_anew(&at("folder")).is_err());
    }

    #[test]
    fn paths_in_commands_are_one_word() {
        assert_eq!(quoted(Path::new("/srv/muhr-1/node")), "/srv/muhr-1/node");
        assert_eq!(quoted(Path::new("/srv/my node")), "'/srv/my node'");
        assert_eq!(quoted(Path::new("it's")), r"'it'\''s'");
    }
}
