//! One document that is named by its path: it is judged as those of a folder are (`bulk::documents`).
//!
//! What is anchored stands in the log for good, however it was named. Not here: names that say that a file of a folder
//! is no document, as `Thumbs.db`: whoever names it means it.

use std::path::Path;

use client::durable::{self, FileError};
use messages::UserMessage;
use protocol::hash::DocumentHash;

use super::{
    bulk::{
        documents::{self, FileState},
        folder,
    },
    open_files,
};
use crate::exit::{Failure, USAGE, in_file};

/// A document's hash; what is no document, or not whole, is refused before anything is signed.
pub(crate) fn hash(path: &Path) -> Result<DocumentHash, Failure> {
    hash_by(path, durable::hash, |_| false)
}

/// The hash of what a dispute rests on: proofs and other texts of Muhr's may be that, a secret key never.
pub(crate) fn hash_of_evidence(path: &Path) -> Result<DocumentHash, Failure> {
    hash_by(path, durable::hash, FileState::is_own_but_no_secret)
}

fn hash_by(
    path: &Path,
    hash: impl FnOnce(&Path) -> Result<DocumentHash, FileError>,
    is_taken: impl FnOnce(&FileState) -> bool,
) -> Result<DocumentHash, Failure> {
    let refused = |what: UserMessage| Failure::new(USAGE, in_file(path, what));
    // What a path leads to may change while it is read, a link too.
    let seen = || {
        path.canonicalize()
            .ok()
            .and_then(|path| folder::seen(&path))
    };
    let before = seen();
    if is_open(path) {
        return Err(refused(folder::OPEN).help(UserMessage::new("help-document-whole")));
    }
    let document = hash(path)?;
    let state = documents::state_of(durable::open_regular(path)?);
    let state = state.map_err(|error| FileError::unreadable(path, error))?;
    if before.is_none() || seen() != before {
        let what = UserMessage::new("file-changed");
        return Err(refused(what).help(UserMessage::new("help-again")));
    }
    match state {
        state if is_taken(&state) => Ok(document),
        FileState::Whole => Ok(document),
        FileState::NotYet(_, why) => {
            Err(refused(why).help(UserMessage::new("help-document-whole")))
        }
        FileState::Never { why, .. } => {
            let what = UserMessage::new("own-file-no-document").part("why", why);
            Err(refused(what).help(UserMessage::new("help-name-document")))
        }
    }
}

/// Returns whether a program has the file open for writing.
fn is_open(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let folder = path.parent();
    folder.is_some_and(|folder| open_files::written_in(folder).contains(&path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_a_folder_refuses_is_refused_by_its_path_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("permit.pdf");
        let code = |bytes: &[u8], hash: fn(&Path) -> Result<DocumentHash, Failure>| {
            fs::write(&path, bytes).unwrap();
            let failure = hash(&path).err();
            failure.map(|failure| {
                assert_eq!(failure.code, USAGE);
                let help = failure.help.as_ref().unwrap().code();
                (
                    failure.words().replace(&path.display().to_string(), "P"),
                    help,
                )
            })
        };
        let whole = "help-document-whole";
        let own = "help-name-document";
        for (bytes, document, evidence) in [
            (&b"permit"[..], None, None),
            (b"%PDF-1.7\nstartxref\n17\n%%EOF\n", None, None),
            (b"", Some(("P: it is empty", whole)), Some(whole)),
            (
                b"%PDF-1.7\n1 0 obj",
                Some(("P: a PDF without its end", whole)),
                Some(whole),
            ),
            (
                b"muhr-receipt/v1\n",
                Some(("P: it is a receipt, and no document", own)),
                None,
            ),
            (
                b"muhr-archive/v1\n",
                Some(("P: it is an archive of many receipts, and no document", own)),
                None,
            ),
            (
                b"log x\nquorum y\n",
                Some(("P: it is a trust file, and no document", own)),
                None,
            ),
            (
                b"muhr-key/v1\n",
                Some(("P: it is a secret key, and no document", own)),
                Some(own),
            ),
            (
                b"age-encryption.org/v1\n",
                Some(("P: it is a secret key, and no document", own)),
                Some(own),
            ),
        ] {
            let shown = bytes.escape_ascii();
            let found = code(bytes, hash);
            let found = found.as_ref().map(|(words, help)| (words.as_str(), *help));
            assert_eq!(found, document, "{shown}");
            let found = code(bytes, hash_of_evidence);
            assert_eq!(found.map(|(_, help)| help), evidence, "{shown}");
        }
    }

    #[test]
    fn a_document_that_changes_while_it_is_read_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("permit.txt");
        fs::write(&path, "one").unwrap();
        let changing = |path: &Path| {
            let hash = durable::hash(path);
            fs::write(path, "another").unwrap();
            hash
        };
        let failure = hash_by(&path, changing, |_| false).unwrap_err();
        assert!(failure.words().ends_with("changed while it was read"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_document_that_a_program_has_open_for_writing_is_not_taken() {
        use std::{
            io::{BufRead, BufReader},
            process::{Child, Command, Stdio},
        };
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let path = at("permit.txt");
        fs::write(&path, "the first page").unwrap();
        std::os::unix::fs::symlink(&path, at("link")).unwrap();
        // It ends when nobody writes to it any more.
        let start = |way: &str| -> Child {
            let words = format!("exec 3{way}\"$0\"; echo open; read -r _");
            let mut child = Command::new("/bin/sh")
                .args(["-c", &words])
                .arg(&path)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            let out = child.stdout.as_mut().unwrap();
            BufReader::new(out).read_line(&mut line).unwrap();
            assert_eq!(line, "open\n");
            child
        };
        let end = |mut child: Child| {
            drop(child.stdin.take());
            child.wait().unwrap();
        };
        let writer = start(">>");
        for path in [&path, &at("link")] {
            for hash in [hash, hash_of_evidence] {
                let failure = hash(path).unwrap_err();
                assert_eq!(failure.code, USAGE);
                let words = failure.words();
                assert!(words.contains("still has it open"), "{words}");
                assert_eq!(failure.help.unwrap().code(), "help-document-whole");
            }
        }
        end(writer);
        // Whoever only reads it keeps nobody from anchoring it.
        let reader = start("<");
        assert!(hash(&path).is_ok());
        end(reader);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_somebody_names_is_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "permit").unwrap();
        std::os::unix::fs::symlink(at("a"), at("b")).unwrap();
        assert_eq!(hash(&at("b")).unwrap(), hash(&at("a")).unwrap());
    }
}
