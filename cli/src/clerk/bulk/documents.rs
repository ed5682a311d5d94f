//! Which files of a folder are documents, and which of those are whole.
//!
//! Whatever is anchored stands in the log for good, so what systems, sync programs, browsers and office
//! programs leave in folders is passed over, by kind and whatever its capitals. Links are none: what they
//! point to lies elsewhere. Not here: what becomes of a document (`folder`, `hot`).

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use client::{
    durable::{self, FileError},
    table::shown,
};
use messages::UserMessage;
use protocol::{
    kind::{KIND_BYTES, Kind, kind_of},
    record::is_invisible,
};

use crate::exit::{Failure, words};

/// A kind of files that are no documents: in words, by their whole names, and by their extensions.
struct NoDocument {
    words: UserMessage,
    names: &'static [&'static str],
    extensions: &'static [&'static str],
}

const KINDS: [NoDocument; 5] = [
    NoDocument {
        words: UserMessage::new("document-of-system"),
        names: &[
            "thumbs.db",
            "ehthumbs.db",
            "ehthumbs_vista.db",
            "desktop.ini",
            "folder.htt",
            "iconcache.db",
            "autorun.inf",
            "icon\r",
        ],
        extensions: &["lnk", "url", "website", "webloc", "desktop", "pif"],
    },
    NoDocument {
        words: UserMessage::new("document-transfer"),
        names: &[],
        extensions: &[
            "filepart",
            "part",
            "partial",
            "crdownload",
            "download",
            "opdownload",
            "aria2",
            "!ut",
            "!qb",
            "bc!",
            "!sync",
            "unfinished",
            "tmp",
            "temp",
        ],
    },
    NoDocument {
        words: UserMessage::new("document-in-cloud"),
        names: &[],
        extensions: &["gdoc", "gsheet", "gslides", "cloud", "cloudf"],
    },
    NoDocument {
        words: UserMessage::new("document-lock"),
        names: &[],
        extensions: &[
            "laccdb", "ldb", "dwl", "dwl2", "lck", "lock", "swp", "swo", "bak", "asd", "wbk",
            "xlk", "sv$", "ac$",
        ],
    },
    NoDocument {
        words: UserMessage::new("document-of-muhr"),
        names: &[],
        extensions: &["receipt", "pending", "refused"],
    },
];
/// Why else a file is none.
const LINK: UserMessage = UserMessage::new("document-link");
const FOLDER: UserMessage = UserMessage::new("document-folder");
const UNSEEN: UserMessage = UserMessage::new("document-name-unseen");
/// How the names of hidden files and of locks begin, and those of copies that editors keep end.
const STARTS: [char; 2] = ['.', '~'];
const END: char = '~';
/// How the texts of this program begin; of a later version's kinds no more is known here.
const OWN: &[u8] = b"muhr-";

/// Bytes at the start and end of a file that tell whether it is whole.
const START_BYTES: usize = 1024;
const END_BYTES: u64 = 1 << 17;

/// The list, for `--help`.
pub(crate) fn help() -> String {
    let mut text = "Never taken, whatever their capitals:\n".to_owned();
    for kind in KINDS {
        let names = kind.names.iter().map(|name| name.trim_end().to_owned());
        let extensions = kind.extensions.iter().map(|ending| format!("*.{ending}"));
        let all: Vec<String> = names.chain(extensions).collect();
        text += &format!("  {}: {}\n", words(&kind.words), all.join(" "));
    }
    text + "  names that begin with . or ~ or end with ~, links, folders, and muhr's own files by what is in them\n\
            An empty file, a PDF, picture or office file without its end, and one that a program still has open, wait."
}

/// Wishes of a user beyond that, as patterns of names with * and ?.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Nothing else, and what the list leaves out too.
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

/// Contents of a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// In the order of their names.
    pub(crate) documents: Vec<PathBuf>,
    /// Files that are none, and why.
    pub(crate) others: Vec<(PathBuf, UserMessage)>,
}

/// Looks through a folder, by names alone.
pub(crate) fn list(folder: &Path, selection: &Selection) -> Result<Listing, Failure> {
    let unreadable = |error| FileError::unreadable(folder, error);
    let mut listing = Listing::default();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        match judge(&path, selection) {
            None => listing.documents.push(path),
            Some(why) => listing.others.push((path, why)),
        }
    }
    listing.documents.sort();
    listing.others.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(listing)
}

/// Note about a file that is no document.
pub(crate) fn left_out(path: &Path, why: &UserMessage) -> UserMessage {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    UserMessage::new("note-left-out")
        .text("name", shown(&name))
        .part("why", why.clone())
}

/// Returns whether nobody would look for the reason in a file's name: what people and programs leave in a folder on the
/// way to a document, and what this program writes there, is passed over in silence by whoever looks for long.
pub(crate) fn is_said_by_watch(why: &UserMessage) -> bool {
    [LINK, FOLDER, UNSEEN].contains(why)
}

/// Why a file is no document; none if it is one.
fn judge(path: &Path, selection: &Selection) -> Option<UserMessage> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Some(UserMessage::new("document-gone"));
    };
    if found.is_symlink() {
        return Some(LINK);
    }
    if !found.is_file() {
        return Some(FOLDER);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let matches = |patterns: &[String]| {
        let mut patterns = patterns.iter();
        patterns.any(|pattern| is_like(&pattern.to_lowercase(), &name))
    };
    if name.chars().any(is_invisible) {
        return Some(UNSEEN);
    }
    if matches(&selection.exclude) {
        return Some(UserMessage::new("document-excluded"));
    }
    let own = KINDS.into_iter().next_back().filter(|own| own.has(&name));
    if let Some(own) = own {
        return Some(own.words);
    }
    match selection.include.is_empty() {
        false if matches(&selection.include) => None,
        false => Some(UserMessage::new("document-not-included")),
        true if name.starts_with(STARTS) || name.ends_with(END) => {
            Some(UserMessage::new("document-hidden"))
        }
        true => KINDS
            .into_iter()
            .find(|kind| kind.has(&name))
            .map(|kind| kind.words),
    }
}

impl NoDocument {
    /// Returns whether a name, in small letters, is one of this kind.
    fn has(&self, name: &str) -> bool {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        self.names.contains(&name)
            || extension.is_some_and(|found| self.extensions.contains(&found))
    }
}

/// Returns whether a name is like a pattern: `*` stands for any letters, `?` for one.
fn is_like(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut here) = (0, 0);
    // Where the last star stands, and how far it reaches by now.
    let mut star: Option<(usize, usize)> = None;
    while here < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == name.get(here) => {
                at += 1;
                here += 1;
            }
            _ => match star {
                Some((place, reach)) => {
                    star = Some((place, reach + 1));
                    (at, here) = (place + 1, reach + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileState {
    Whole,
    /// A code, and why.
    NotYet(&'static str, UserMessage),
    /// It is no document, by what is in it: of which kind it is, and why that is none.
    Never {
        kind: Kind,
        why: UserMessage,
    },
}

impl FileState {
    /// Returns whether it is a file of this program that anybody may be shown.
    pub(crate) const fn is_own_but_no_secret(&self) -> bool {
        const fn holds_secrets(kind: Kind) -> bool {
            matches!(kind, Kind::Key | Kind::Pending | Kind::Journal)
        }
        matches!(self, Self::Never { kind, .. } if !holds_secrets(*kind))
    }
}

/// Tells by its content whether a document of a folder is whole.
pub(crate) fn state(path: &Path) -> io::Result<FileState> {
    state_of(durable::open_unlinked(path, File::options().read(true))?)
}

/// Tells by its content whether a document is whole.
pub(crate) fn state_of(mut file: File) -> io::Result<FileState> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(FileState::NotYet(
            "empty-file",
            UserMessage::new("document-empty"),
        ));
    }
    let mut start = Vec::new();
    let _count = Read::by_ref(&mut file)
        .take(KIND_BYTES as u64 + 1)
        .read_to_end(&mut start)?;
    if let Some(kind) = own(&start) {
        let why = of_kind(kind);
        return Ok(FileState::Never { kind, why });
    }
    start.truncate(START_BYTES);
    let _place = file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
    let mut end = Vec::new();
    let _count = file.take(END_BYTES).read_to_end(&mut end)?;
    let last = |count: usize| {
        end.get(end.len().saturating_sub(count)..)
            .unwrap_or_default()
    };
    let what = if find(&start, b"%PDF-").is_some() && !ends_pdf(last(2 * START_BYTES)) {
        UserMessage::new("document-pdf-cut")
    } else if start.starts_with(b"PK\x03\x04") && find(&end, b"PK\x05\x06").is_none() {
        UserMessage::new("document-office-cut")
    } else if start.starts_with(b"\x89PNG\r\n\x1a\n") && find(last(START_BYTES), b"IEND").is_none()
        || start.starts_with(b"\xff\xd8\xff") && find(&end, b"\xff\xd9").is_none()
    {
        UserMessage::new("document-picture-cut")
    } else {
        return Ok(FileState::Whole);
    };
    Ok(FileState::NotYet("unfinished-file", what))
}

/// The reason why a file of this program is no document.
fn of_kind(kind: Kind) -> UserMessage {
    UserMessage::new("document-own").text("own-kind", kind.word())
}

/// Kind of a file of this program, whatever it is called; none if it may be a document.
fn own(start: &[u8]) -> Option<Kind> {
    match kind_of(start) {
        Kind::Unknown if start.starts_with(OWN) => Some(Kind::OtherText),
        Kind::Pdf | Kind::Zip | Kind::Html | Kind::Picture | Kind::Empty | Kind::Unknown => None,
        kind => Some(kind),
    }
}

/// Returns whether a PDF ends here. The first part of one made for the web ends so too, and says that the rest begins
/// at 0; one that does not say where it begins is as its program wrote it.
fn ends_pdf(end: &[u8]) -> bool {
    let text = String::from_utf8_lossy(end);
    let Some((before, _)) = text.rsplit_once("%%EOF") else {
        return false;
    };
    let place = before
        .rsplit_once("startxref")
        .map(|(_, place)| place.trim());
    place.is_none_or(|place| place != "0")
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).rposition(|seen| seen == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(name: &str, selection: &Selection) -> Option<UserMessage> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, "x").unwrap();
        judge(&path, selection)
    }

    #[test]
    fn what_programs_leave_behind_is_no_document_whatever_its_capitals() {
        let all = Selection::default();
        for name in [
            "Thumbs.db",
            "THUMBS.DB",
            "desktop.ini",
            "Q-1.pdf.filepart",
            "Q-1.PDF.CRDOWNLOAD",
            "Q-1.lnk",
            "Q-1.pdf.receipt",
            "Q-1.pdf.Receipt",
            "Q-1.pdf.receipt.pending",
            "~$Q-1.docx",
            ".~lock.Q-1.odt#",
            "Q-1.docx~",
            "Q-1.dwl2",
            "Q-1.sv$",
            "Q-1.tmp",
            "Q-1.TMP",
            ".DS_Store",
            "Q-1.gdoc",
            "Icon\r",
            "Q\u{202e}fdp.exe",
            "a\nb.pdf",
        ] {
            assert!(why(name, &all).is_some(), "{name:?}");
        }
        for name in [
            "Q-1.pdf",
            "Q-1",
            "Q-1.part.pdf",
            "tmp",
            "Q-1.docx",
            "Рухсатнома.PDF",
            "thumbs.db.pdf",
        ] {
            assert_eq!(why(name, &all), None, "{name}");
        }
        for kind in KINDS {
            assert!(help().contains(&words(&kind.words)));
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_folders_are_no_documents() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.pdf"), "x").unwrap();
        std::os::unix::fs::symlink(at("a.pdf"), at("b.pdf")).unwrap();
        fs::create_dir(at("c.pdf")).unwrap();
        let listing = list(folder.path(), &Selection::default()).unwrap();
        assert_eq!(listing.documents, [at("a.pdf")]);
        let others: Vec<_> = listing.others.iter().map(|(_, why)| why.clone()).collect();
        assert_eq!(others, [LINK, FOLDER]);
        assert!(state(&at("b.pdf")).is_err());
    }

    #[test]
    fn patterns_choose_by_names() {
        for (pattern, name, is) in [
            ("*.pdf", "a.pdf", true),
            ("*.pdf", "a.pdf.x", false),
            ("q-??.*", "q-12.pdf", true),
            ("q-??.*", "q-1.pdf", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab", true),
            ("*ab", "aab", true),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("ж?", "жж", true),
        ] {
            assert_eq!(is_like(pattern, name), is, "{pattern} {name}");
        }
        let of = |include: &[&str], exclude: &[&str]| {
            let own = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect();
            Selection {
                include: own(include),
                exclude: own(exclude),
            }
        };
        assert_eq!(why("a.PDF", &of(&["*.pdf"], &[])), None);
        assert_eq!(
            why("a.txt", &of(&["*.pdf"], &[])),
            Some(UserMessage::new("document-not-included"))
        );
        assert_eq!(why("a.bak", &of(&["*.bak"], &[])), None);
        assert_eq!(
            why("a.pdf", &of(&[], &["A*"])),
            Some(UserMessage::new("document-excluded"))
        );
        // Its own files are never taken.
        assert!(why("a.pdf.receipt", &of(&["*"], &[])).is_some());
    }

    #[test]
    fn a_file_is_whole_by_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let state = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            state(&path).unwrap()
        };
        let pdf = b"%PDF-1.7\n1 0 obj\nendobj\nxref\nstartxref\n17\n%%EOF\n";
        let web = b"%PDF-1.7\nxref\nstartxref\n0\n%%EOF\n1 0 obj";
        for whole in [
            &b"x"[..],
            b"permit",
            pdf,
            b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF\n",
            b"\x89PNG\r\n\x1a\n..IEND\xaeB`\x82",
            b"\xff\xd8\xff..\xff\xd9",
            b"PK\x03\x04..PK\x05\x06..",
        ] {
            assert_eq!(state(whole), FileState::Whole);
        }
        assert!(matches!(state(b""), FileState::NotYet("empty-file", _)));
        for half in [
            &pdf[..20],
            &web[..],
            &web[..web.len() - 8],
            b"\x89PNG\r\n\x1a\n..",
            b"\xff\xd8\xff..",
            b"PK\x03\x04..",
        ] {
            assert!(
                matches!(state(half), FileState::NotYet("unfinished-file", _)),
                "{half:?}"
            );
        }
        for (own, shown) in [
            (&b"muhr-receipt/v1\n"[..], "a receipt"),
            (b"muhr-pending/v1\n", "an entry on its way"),
            (
                b"\xef\xbb\xbfmuhr:row,muhr:column",
                "a table of rows to mend",
            ),
            (b"age-encryption.org/v1\n", "a secret key"),
            (b"muhr-key/v1\n", "a secret key"),
            (b"muhr-archive/v1\n", "an archive of many receipts"),
            (b"# of 2026\nlog x\nquorum y\n", "a trust file"),
            (b"muhr-of-a-later-version/v9\n", "another text of Muhr's"),
        ] {
            let FileState::Never { why, .. } = state(own) else {
                panic!("{shown}")
            };
            assert_eq!(words(&why), shown);
        }
        // Such words deep in a long document say nothing of what it is.
        let long = [&vec![b'x'; KIND_BYTES][..], b"\nlog x\nquorum y\n"].concat();
        assert_eq!(state(&long), FileState::Whole);
    }
}
