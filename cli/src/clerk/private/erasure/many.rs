//! Files of many receipts, without the openings of any: archives of bulk runs, and dossiers.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use client::{
    durable::{self, FileError, PartFile, Readers},
    import::archive::{self, Archive, Contents, Found},
};
use messages::UserMessage;
use protocol::{dossier::DOSSIER_BYTES_MAX, receipt::RECEIPT_BYTES_MAX, text::Malformed};

use super::cut::{Cut, shows};
use crate::exit::{Failure, USAGE};

const DOSSIER: &[u8] = b"muhr-dossier/v1\n";

/// How many receipts of an archive show something; one that a crash has cut short may.
pub(super) fn open_in_archive(path: &Path) -> Result<usize, Failure> {
    let Contents { receipts, torn, .. } = archive::contents(path)?;
    let mut file = File::open(path).map_err(|error| FileError::unreadable(path, error))?;
    let mut count = usize::from(torn);
    for found in receipts {
        count += usize::from(shows(&read(path, &mut file, &found)?));
    }
    Ok(count)
}

/// Writes another archive beside it, overwrites every opening where it stands, and puts the other in its
/// place: at every moment one of the two has all proofs.
pub(super) fn erase_archive(path: &Path) -> Result<(), Failure> {
    let path = &fs::canonicalize(path).map_err(|error| FileError::unreadable(path, error))?;
    not_in_use(path)?;
    let contents = archive::contents(path)?;
    let unreadable = |error: std::io::Error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let unwritable = |error: std::io::Error| FileError::unwritable(path, error);
    let part = PartFile::create(path, Readers::Owner).map_err(unwritable)?;
    let shorter = Archive::open(part.path())?;
    let mut openings = Vec::new();
    for of_batch in
        { contents.receipts }.chunk_by(|one, next| one.batch.is_some() && one.batch == next.batch)
    {
        let mut rests = Vec::with_capacity(of_batch.len());
        for found in of_batch {
            let bytes = read(path, &mut file, found)?;
            let cut = match found.batch {
                Some(_) => cut_row(&bytes)?,
                None => cut(&bytes)?,
            };
            rests.push(match cut {
                Some(Cut { opening, rest }) => {
                    let begin = usize::try_from(found.place.0).unwrap_or(usize::MAX);
                    openings.push(begin + opening.start..begin + opening.end);
                    rest
                }
                None => bytes,
            });
        }
        let keys = of_batch.iter().map(|found| found.key);
        let mut rests = keys.zip(rests.iter().map(Vec::as_slice));
        match of_batch.first().and_then(|found| found.batch) {
            Some(batch) => {
                let shared = archive::shared(path, batch).map_err(unreadable)?;
                shorter.keep_batch(&shared, rests)?;
            }
            None => rests.try_for_each(|(key, rest)| shorter.keep(key, rest))?,
        }
    }
    shorter.finish()?;
    if contents.torn {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        openings.push(place(contents.end)..place(length));
    }
    durable::overwrite(path, openings)?;
    Ok(part.put(true).map_err(unwritable)?)
}

/// A run that is writing to it would go on with the file that is replaced.
fn not_in_use(path: &Path) -> Result<(), Failure> {
    let Ok(journal) = File::open(path.with_file_name("journal")) else {
        return Ok(());
    };
    match journal.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(USAGE, UserMessage::new("bulk-run-writes")))
        }
        _ => Ok(()),
    }
}

fn read(path: &Path, file: &mut File, found: &Found) -> Result<Vec<u8>, Failure> {
    let (start, length) = found.place;
    let mut bytes = vec![0; length];
    let sought = file.seek(SeekFrom::Start(start));
    let done = sought.and_then(|_| file.read_exact(&mut bytes));
    done.map_err(|error| FileError::unreadable(path, error))?;
    Ok(bytes)
}

fn cut(bytes: &[u8]) -> Result<Option<Cut>, Failure> {
    Cut::of(bytes).map_err(unread)
}

/// The same of a row of a batch, which has no proofs of its own.
fn cut_row(bytes: &[u8]) -> Result<Option<Cut>, Failure> {
    Cut::of_row(bytes).map_err(unread)
}

fn unread(error: Malformed) -> Failure {
    Failure::new(
        USAGE,
        UserMessage::new("archive-receipt-malformed").text("reason", error),
    )
}

/// How many receipts of a dossier show something.
pub(super) fn open_in_dossier(path: &Path) -> Result<usize, Failure> {
    let bytes = durable::read(path, DOSSIER_BYTES_MAX)?;
    let receipts = receipts(&bytes)?.into_iter();
    Ok(receipts
        .filter(|place| bytes.get(place.clone()).is_some_and(shows))
        .count())
}

/// Overwrites the openings where they stand, and only then puts the shorter file in its place, as is
/// done with a receipt.
pub(super) fn erase_dossier(path: &Path) -> Result<(), Failure> {
    let path = &fs::canonicalize(path).map_err(|error| FileError::unreadable(path, error))?;
    let bytes = durable::read(path, DOSSIER_BYTES_MAX)?;
    let mut shorter = DOSSIER.to_vec();
    let mut openings = Vec::new();
    for place in receipts(&bytes)? {
        let whole = bytes.get(place.clone()).unwrap_or_default();
        let cut = cut(whole)?;
        let rest = cut.as_ref().map_or(whole, |cut| &cut.rest);
        shorter.extend(format!("receipt {}\n", rest.len()).into_bytes());
        shorter.extend_from_slice(rest);
        openings
            .extend(cut.map(|cut| place.start + cut.opening.start..place.start + cut.opening.end));
    }
    durable::overwrite(path, openings)?;
    Ok(durable::write_private(path, &shorter)?)
}

/// Where the receipts of a dossier stand. By their lengths alone: of an erasure that was cut short they
/// are no receipts.
fn receipts(bytes: &[u8]) -> Result<Vec<Range<usize>>, Failure> {
    let mut places = Vec::new();
    let mut at = DOSSIER.len();
    if !bytes.starts_with(DOSSIER) {
        return Err(Failure::new(
            USAGE,
            UserMessage::new("dossier-not-version-1"),
        ));
    }
    while at < bytes.len() {
        let next = length(bytes.get(at..).unwrap_or_default()).and_then(|(line, length)| {
            let start = at + line;
            (start + length <= bytes.len()).then_some(start..start + length)
        });
        let place =
            next.ok_or_else(|| Failure::new(USAGE, UserMessage::new("dossier-not-whole")))?;
        at = place.end;
        places.push(place);
    }
    Ok(places)
}

/// The bytes of the line before a receipt, and those of the receipt.
fn length(rest: &[u8]) -> Option<(usize, usize)> {
    let end = rest.iter().take(32).position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(rest.get(..end)?).ok()?;
    let length = line.strip_prefix("receipt ")?.parse().ok()?;
    (length <= RECEIPT_BYTES_MAX).then_some((end + 1, length))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use protocol::{dossier::Dossier, hash::RecordKey, receipt::Receipt};

    use super::*;

    /// Receipts of the corpus of the outside checkers: two that show all, one that shows a part.
    fn stored() -> Vec<Receipt> {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let names = ["fields.receipt", "composite.receipt", "redacted.receipt"];
        let names = names.map(|name| root.join("../corpus/cases").join(name));
        let read = |path| Receipt::parse(&fs::read(path).unwrap()).unwrap();
        names.map(read).into()
    }

    fn bare() -> Vec<Receipt> {
        let mut bare = stored();
        bare.iter_mut().for_each(|receipt| receipt.opening = None);
        bare
    }

    fn archive(path: &Path, receipts: &[Receipt]) {
        let archive = Archive::open(path).unwrap();
        for (at, receipt) in (0..).zip(receipts) {
            archive
                .keep(RecordKey::new([at; 32]), receipt.write().as_bytes())
                .unwrap();
        }
        archive.finish().unwrap();
    }

    #[test]
    fn an_erased_archive_is_the_archive_of_the_erased_receipts() {
        let folder = tempfile::tempdir().unwrap();
        let [path, expected] = ["one", "other"].map(|name| folder.path().join(name));
        archive(&path, &stored());
        archive(&expected, &bare());
        assert_eq!(open_in_archive(&path).unwrap(), 3);
        erase_archive(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), fs::read(&expected).unwrap());
        assert_eq!(open_in_archive(&path).unwrap(), 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    /// A crash after the overwriting, or while the last receipt was being written.
    #[test]
    fn an_archive_that_was_left_half_done_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let [path, expected] = ["one", "other"].map(|name| folder.path().join(name));
        archive(&path, &stored());
        let places = archive::contents(&path).unwrap().receipts;
        let (start, length) = places[2].place;
        let whole = fs::read(&path).unwrap();
        let opened = cut(&stored()[0].write().into_bytes()).unwrap().unwrap();
        let mut half = whole[..usize::try_from(start).unwrap() + length / 2].to_vec();
        let first = usize::try_from(places[0].place.0).unwrap();
        half[first + opened.opening.start..first + opened.opening.end].fill(b'x');
        fs::write(&path, &half).unwrap();
        assert_eq!(open_in_archive(&path).unwrap(), 3);
        erase_archive(&path).unwrap();
        archive(&expected, &bare()[..2]);
        assert_eq!(fs::read(&path).unwrap(), fs::read(&expected).unwrap());
    }

    #[test]
    fn an_archive_in_use_or_spoilt_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipts.archive");
        archive(&path, &stored());
        let whole = fs::read(&path).unwrap();
        let journal = File::create(folder.path().join("journal")).unwrap();
        journal.lock().unwrap();
        let refused = erase_archive(&path).unwrap_err();
        assert_eq!(refused.what.code(), "bulk-run-writes");
        drop(journal);
        let mut spoilt = whole.clone();
        let at = whole.len() / 2;
        spoilt[at] ^= 0x55;
        fs::write(&path, &spoilt).unwrap();
        let _refused = erase_archive(&path).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), spoilt);
    }

    #[test]
    fn an_erased_dossier_is_the_dossier_of_the_erased_receipts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.dossier");
        let whole = Dossier { receipts: stored() }.write().into_bytes();
        let expected = Dossier { receipts: bare() }.write().into_bytes();
        fs::write(&path, &whole).unwrap();
        assert_eq!(open_in_dossier(&path).unwrap(), 3);
        erase_dossier(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), expected);
        // Half done: the openings are gone, and the shorter file is not there yet.
        let places = receipts(&whole).unwrap();
        let mut half = whole.clone();
        for place in places {
            let opened = cut(&whole[place.clone()]).unwrap().unwrap().opening;
            half[place.start + opened.start..place.start + opened.end].fill(b'x');
        }
        fs::write(&path, half).unwrap();
        erase_dossier(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), expected);
        for spoilt in [&whole[..whole.len() - 1], &whole[1..]] {
            fs::write(&path, spoilt).unwrap();
            let _refused = erase_dossier(&path).unwrap_err();
            assert_eq!(fs::read(&path).unwrap(), spoilt);
        }
    }
}
