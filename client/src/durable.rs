//! Files of a desk: read within bounds, written whole or not at all, through no link.
//!
//! Not here: what is in them (`formats`, `keys`).

mod error;
mod part;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use messages::UserMessage;
use protocol::{
    hash::DocumentHash,
    kind::{self, Kind},
};
use sha2::{Digest, Sha256};

pub use self::{
    error::FileError,
    part::{PartFile, Readers, sweep},
};

/// The most bytes of a file's name that file systems take.
pub const NAME_BYTES_MAX: usize = 255;
/// The longest that stands behind the name of a document, in two steps, and the second of these.
const ENDING_BYTES: usize = ".receipt.pending".len();
const SECOND: &str = ".pending";

/// Reads a file of at most `bytes_max` bytes.
///
/// # Errors
/// [`FileError`].
pub fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(|error| FileError::unreadable(path, error))?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| FileError::unreadable(path, error))?;
    if bytes.len() > bytes_max {
        return Err(FileError::TooLong {
            path: path.to_owned(),
            bytes_max,
        });
    }
    Ok(bytes)
}

/// Overwrites parts of a file where they stand, down to the disk, as far as the file system goes along.
///
/// # Errors
/// [`FileError`].
pub fn overwrite(
    path: &Path,
    parts: impl IntoIterator<Item = Range<usize>>,
) -> Result<(), FileError> {
    let write = || {
        let mut file = open_unlinked(path, OpenOptions::new().write(true))?;
        for part in parts {
            file.seek(SeekFrom::Start(part.start as u64))?;
            file.write_all(&vec![b'x'; part.len()])?;
        }
        file.sync_all()
    };
    write().map_err(|error| FileError::unwritable(path, error))
}

/// SHA-256 of a document of any size: of a file, not of a pipe, which nobody could compare with later.
///
/// # Errors
/// [`FileError`].
pub fn hash(path: &Path) -> Result<DocumentHash, FileError> {
    hash_rest(path, &mut open_regular(path)?, Sha256::new())
}

/// Hash of a file in a folder that others write: a link that has come in its place is not followed.
///
/// # Errors
/// [`FileError`].
pub fn hash_unlinked(path: &Path) -> Result<DocumentHash, FileError> {
    let file = open_unlinked(path, OpenOptions::new().read(true));
    let mut file = file.map_err(|error| FileError::unreadable(path, error))?;
    hash_rest(path, &mut file, Sha256::new())
}

/// Hash of what was begun, and of what is left to be read.
///
/// # Errors
/// [`FileError`].
pub fn hash_rest(
    path: &Path,
    file: &mut File,
    mut hasher: Sha256,
) -> Result<DocumentHash, FileError> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(|error| FileError::unreadable(path, error))?;
        if count == 0 {
            return Ok(DocumentHash::new(hasher.finalize().into()));
        }
        hasher.update(&buffer[..count]);
    }
}

/// Opens what is a file, and waits for nobody: opening a pipe would, until somebody writes into it.
///
/// # Errors
/// [`FileError`].
pub fn open_regular(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let opened = options.open(path);
    let kind = opened.and_then(|file| file.metadata().map(|about| (file, about)));
    let (file, about) = kind.map_err(|error| FileError::unreadable(path, error))?;
    if about.is_file() {
        return Ok(file);
    }
    Err(FileError::NotAFile {
        path: path.to_owned(),
        is_folder: about.is_dir(),
    })
}

/// Writes a file so that a crash leaves the old one or the new one, never a part.
///
/// # Errors
/// [`FileError`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_whole(path, bytes, Readers::Umask, true)
        .map_err(|error| FileError::unwritable(path, error))
}

/// Writes a file that shows what is in a record: only its owner can read it.
///
/// # Errors
/// [`FileError`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_whole(path, bytes, Readers::Owner, true)
        .map_err(|error| FileError::unwritable(path, error))
}

/// Writes a file without waiting for the disk: one that can be made again.
///
/// # Errors
///
/// As the operating system says.
pub fn write_lazily(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    write_whole(path, bytes, readers, false)
}

fn write_whole(path: &Path, bytes: &[u8], readers: Readers, sync: bool) -> io::Result<()> {
    let mut part = PartFile::create(path, readers)?;
    part.write_all(bytes)?;
    part.put(sync)
}

/// Opens a plain file where it stands, and none behind a link: whoever may write to a folder may put one there.
///
/// # Errors
///
/// As the operating system says; also if the last part of the path is a link.
pub fn open_unlinked(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // Without waiting: what came in its place may be a pipe that nobody writes to.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let flags = i32::try_from(flags).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
    }
    let file = options.open(path);
    let is_link = || fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if file.is_err() && is_link() {
        return Err(io::Error::other(UserMessage::new("link-not-followed")));
    }
    let file = file?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other(UserMessage::new("no-file-there"))),
    }
}

/// Opens a file to go on with, or makes it: one that shows what is in records, so that only its owner may
/// read it, whoever made it.
///
/// # Errors
///
/// As the operating system says; also if the last part of the path is a link.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = open_unlinked(path, options.create(true).truncate(false))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(permissions.mode() & !0o077);
            file.set_permissions(permissions)?;
        }
    }
    Ok(file)
}

/// Makes a folder, and those that it lies in, unless it is there.
///
/// # Errors
/// [`FileError::Unwritable`].
pub fn make_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|error| FileError::unwritable(path, error))
}

/// Makes a folder that only its owner can look into, whoever made it before.
///
/// # Errors
/// [`FileError::Unwritable`].
pub fn private_folder(path: &Path) -> Result<(), FileError> {
    make_folder(path)?;
    close(path, 0o700)
}

/// Takes a file or folder out of everybody else's reach.
///
/// # Errors
/// [`FileError::Unwritable`].
pub fn close(path: &Path, mode: u32) -> Result<(), FileError> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
        .map_err(|error| FileError::unwritable(path, error))?;
    Ok(())
}

/// A file's name is durable only once its folder is.
///
/// # Errors
///
/// As the operating system says.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Brings all that was written within a folder to the disk, in one go.
///
/// # Errors
/// [`FileError`].
pub fn sync_within(folder: &Path) -> Result<(), FileError> {
    let sync = || {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(File::open(folder)?)?;
        #[cfg(not(target_os = "linux"))]
        for entry in fs::read_dir(folder)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(folder)?.sync_all()
    };
    sync().map_err(|error| FileError::unwritable(folder, error))
}

/// Keeps a file for this process, or says that another has it. It is free again once the file is closed.
///
/// # Errors
/// [`FileError`].
pub fn lock(path: &Path, file: &File) -> Result<(), FileError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FileError::InUse {
            path: path.to_owned(),
        }),
        // A file system without locks keeps nobody out.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Refuses a path at which no file can be put, before anything is signed for it.
///
/// # Errors
/// [`FileError`].
pub fn must_have_room(path: &Path) -> Result<(), FileError> {
    let part = PartFile::create(path, Readers::Owner);
    part.map(drop)
        .map_err(|error| FileError::unwritable(path, error))
}

/// Writes a file as [`write()`] does, where nothing is.
///
/// # Errors
/// [`FileError`].
pub fn write_unless_there(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    must_be_new(path)?;
    write(path, bytes)
}

/// Refuses a path at which something is; writing finds out too, but only after questions were asked.
///
/// # Errors
/// [`FileError`].
pub fn must_be_new(path: &Path) -> Result<(), FileError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(FileError::unwritable(path, ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

/// A path at which nothing is: the given one, or the same with a number before its ending.
#[must_use]
pub fn unused(path: &Path) -> PathBuf {
    let mut free = path.to_owned();
    let mut number: u32 = 2;
    while fs::symlink_metadata(&free).is_ok() && number < u32::MAX {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        if let Some(ending) = path.extension() {
            name.push(".");
            name.push(ending);
        }
        free = path.with_file_name(name);
        number += 1;
    }
    free
}

/// Refuses a path at which something is that is not of `kind`: nobody's document or key is written over.
///
/// # Errors
/// [`FileError`].
pub fn must_be_new_or(path: &Path, kind: Kind) -> Result<(), FileError> {
    let is_of_kind = || {
        let mut head = Vec::new();
        let file = File::open(path).ok()?;
        let _length = file
            .take(kind::KIND_BYTES as u64 + 1)
            .read_to_end(&mut head)
            .ok()?;
        Some(kind::kind_of(&head) == kind)
    };
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    if is_file && is_of_kind() == Some(true) {
        return Ok(());
    }
    must_be_new(path)
}

/// Writes a new file that only its owner can read.
///
/// # Errors
/// [`FileError`].
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_new(path, bytes)
        .and_then(|()| sync_folder(path))
        .map_err(|error| FileError::unwritable(path, error))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// `path` with `suffix` behind its name. Of a name that would be too long for a file system the end gives way
/// to a digest of the whole, so that two long names stay two.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    let ending = if suffix == SECOND {
        SECOND.len()
    } else {
        ENDING_BYTES
    };
    let most = NAME_BYTES_MAX - ending;
    if name.len() > most {
        name = shortened(&name.to_string_lossy(), name.as_encoded_bytes(), most).into();
    }
    name.push(suffix);
    path.with_file_name(name)
}

/// A name of at most `bytes_max` bytes: the beginning of `name`, and a digest of what it stands for.
pub fn shortened(name: &str, whole: &[u8], bytes_max: usize) -> String {
    let digest = DocumentHash::new(Sha256::digest(whole).into()).to_hex();
    let digest = digest.get(..16).unwrap_or_default();
    let mut end = name.len().min(bytes_max.saturating_sub(digest.len() + 1));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}~{digest}", name.get(..end).unwrap_or_default())
}

/// 32 bytes from the system.
///
/// # Errors
/// [`FileError`].
pub fn random() -> Result<[u8; 32], FileError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| FileError::NoRandom(io::Error::other(error.to_string())))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_kept_unless_it_is_of_the_kind_that_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("key.pdf"), "a document").unwrap();
        fs::write(at("one.dossier"), "muhr-dossier/v1\n").unwrap();
        assert!(must_be_new_or(&at("none"), Kind::Dossier).is_ok());
        assert!(must_be_new_or(&at("one.dossier"), Kind::Dossier).is_ok());
        assert!(must_be_new_or(&at("key.pdf"), Kind::Dossier).is_err());
        assert!(must_be_new_or(folder.path(), Kind::Dossier).is_err());
        assert!(must_be_new(&at("one.dossier")).is_err());
        assert_eq!(unused(&at("none")), at("none"));
        assert_eq!(unused(&at("key.pdf")), at("key-2.pdf"));
        fs::write(at("key-2.pdf"), "another").unwrap();
        assert_eq!(unused(&at("key.pdf")), at("key-3.pdf"));
    }

    #[test]
    fn names_that_are_too_long_are_shortened_and_stay_apart() {
        let name = |path: &Path, suffix| {
            let name = beside(path, suffix);
            name.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name(Path::new("a/b.pdf"), ".receipt"), "b.pdf.receipt");
        let fits = "x".repeat(239);
        assert_eq!(
            name(Path::new(&fits), ".receipt"),
            format!("{fits}.receipt")
        );
        for letter in ["x", "\u{436}"] {
            let long = letter.repeat(248);
            let long = long.get(..248).unwrap();
            let short = name(Path::new(long), ".receipt");
            assert!(
                short.len() <= NAME_BYTES_MAX && short.len() > 240,
                "{short}"
            );
            assert!(short.ends_with(".receipt") && short.contains('~'));
            let other = format!("{}yy", long.get(..246).unwrap());
            assert_ne!(short, name(Path::new(&other), ".receipt"));
            // The same, however often it is asked, and with room for what is on its way to it.
            assert_eq!(short, name(Path::new(long), ".receipt"));
            let second = name(Path::new(&short), ".pending");
            assert_eq!(second, format!("{short}.pending"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_link_pipe_or_device_is_opened_in_place_of_a_file() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&file, "mine").unwrap();
        symlink(&file, &link).unwrap();
        let refused = open_private(&link, OpenOptions::new().append(true)).unwrap_err();
        assert_eq!(refused.to_string(), "link-not-followed");
        assert!(hash_unlinked(&link).is_err() && hash_unlinked(&file).is_ok());
        assert!(hash_unlinked(Path::new("/dev/null")).is_err());
        let dangling = folder.path().join("c");
        symlink(folder.path().join("nowhere"), &dangling).unwrap();
        assert!(open_private(&dangling, OpenOptions::new().append(true)).is_err());
        assert!(!folder.path().join("nowhere").exists());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
        let opened = open_private(&file, OpenOptions::new().append(true)).unwrap();
        let mode = opened.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
