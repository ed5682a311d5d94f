//! Files of a desk: read within bounds, written whole or not at all.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use protocol::{
    hash::DocumentHash,
    policy::TrustPolicy,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};
use sha2::{Digest, Sha256};

use crate::exit::{CONFIGURATION, Failure, UNEXPECTED, USAGE};

/// Reads a file of at most `bytes_max` bytes.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() > bytes_max {
        return Err(Failure::new(
            USAGE,
            format!("{}: longer than {bytes_max} bytes", path.display()),
        ));
    }
    Ok(bytes)
}

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(USAGE, format!("{}: {error}", path.display()))
        .help("check the path and who may read it")
}

/// Reads a receipt.
pub(crate) fn receipt(path: &Path) -> Result<Receipt, Failure> {
    let bytes = read(path, RECEIPT_BYTES_MAX)?;
    Receipt::parse(&bytes).map_err(|error| {
        Failure::new(USAGE, format!("{}: not a receipt: {error}", path.display()))
            .help("give the receipt's own file, as permit.pdf.receipt")
    })
}

/// Overwrites parts of a file where they stand, down to the disk, as far as the file system goes along.
pub(crate) fn overwrite(
    path: &Path,
    parts: impl IntoIterator<Item = Range<usize>>,
) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).open(path)?;
        for part in parts {
            file.seek(SeekFrom::Start(part.start as u64))?;
            file.write_all(&vec![b'x'; part.len()])?;
        }
        file.sync_all()
    };
    write().map_err(|error| unwritable(path, &error))
}

/// SHA-256 of a document of any size.
pub(crate) fn hash(path: &Path) -> Result<DocumentHash, Failure> {
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(|error| unreadable(path, &error))?;
        if count == 0 {
            return Ok(DocumentHash::new(hasher.finalize().into()));
        }
        hasher.update(&buffer[..count]);
    }
}

/// Writes a file so that a crash leaves the old one or the new one, never a part.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(path, bytes, true).map_err(|error| unwritable(path, &error))
}

/// The same without waiting for the disk: for files that can be made again.
pub(crate) fn write_lazily(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(path, bytes, false).map_err(|error| unwritable(path, &error))
}

pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        UNEXPECTED,
        format!("{}: cannot be written: {error}", path.display()),
    )
    .help("make room or choose another folder, then run the same command again: nothing is lost")
}

fn write_whole(path: &Path, bytes: &[u8], sync: bool) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_all()?;
    }
    fs::rename(&part, path)?;
    if sync { sync_folder(path) } else { Ok(()) }
}

/// A file's name is durable only once its folder is.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Brings all that was written within a folder to the disk, in one go.
pub(crate) fn sync_within(folder: &Path) -> Result<(), Failure> {
    let sync = || {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(File::open(folder)?)?;
        #[cfg(not(target_os = "linux"))]
        for entry in fs::read_dir(folder)? {
            File::open(entry?.path())?.sync_all()?;
        }
        File::open(folder)?.sync_all()
    };
    sync().map_err(|error| unwritable(folder, &error))
}

/// Keeps a file for this process, or says that another has it. It is free again once the file is closed.
pub(crate) fn lock(path: &Path, file: &File) -> Result<(), Failure> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let what = format!("{}: another run of muhr is using it", path.display());
            Err(Failure::new(USAGE, what)
                .help("wait until that one ends, or choose another folder"))
        }
        // A file system without locks keeps nobody out.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Refuses a path at which something is; writing finds out too, but only after questions were asked.
pub(crate) fn must_be_new(path: &Path) -> Result<(), Failure> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(unwritable(path, &ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_private(path, bytes)
        .and_then(|()| sync_folder(path))
        .map_err(|error| unwritable(path, &error))
}

/// Puts another file that only its owner can read in the place of one: the old one or the new, never a part.
pub(crate) fn replace_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = beside(path, ".part");
    let replace = || {
        // Left over from a crash; what counts is still in its place.
        let _left = fs::remove_file(&part);
        write_private(&part, bytes)?;
        fs::rename(&part, path)?;
        sync_folder(path)
    };
    replace().map_err(|error| unwritable(path, &error))
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads the trust file.
pub(crate) fn trust(path: &Path) -> Result<TrustPolicy, Failure> {
    let wrong = |what: String| Failure::new(CONFIGURATION, format!("{}: {what}", path.display()));
    let bytes = fs::read(path).map_err(|error| {
        wrong(error.to_string()).help("give the network's trust file with --trust")
    })?;
    TrustPolicy::parse(&bytes).map_err(|error| {
        wrong(format!("not a trust file: {error}")).help("get it again from an agency you trust")
    })
}

/// `path` with `suffix` behind its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// 32 bytes from the system.
pub(crate) fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            UNEXPECTED,
            format!("the system gives no random bytes: {error}"),
        )
    })?;
    Ok(bytes)
}
