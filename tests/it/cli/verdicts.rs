//! What `muhr` says of files: as what they are judged, in which words, and with which exit code. No network
//! runs here: the files are those of the outside corpus.

mod files;
mod trust;

use std::{fs, path::PathBuf};

use tests::cluster::{Ran, muhr};

/// A folder with copies of files of the corpus.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Self { folder };
        desk.take("trust.policy", "trust.policy");
        desk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file of the corpus.
    fn corpus(name: &str) -> Vec<u8> {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        fs::read(root.join("../corpus/cases").join(name)).unwrap()
    }

    fn take(&self, name: &str, as_name: &str) {
        self.put(as_name, &Self::corpus(name));
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// `muhr verify` with files of the folder.
    fn verify(&self, words: &[&str]) -> Ran {
        self.verify_by("trust.policy", words)
    }

    fn verify_by(&self, trust: &str, words: &[&str]) -> Ran {
        let trust = self.path(trust);
        let words: Vec<String> = words
            .iter()
            .map(|word| {
                let is_option = word.starts_with("--");
                if is_option {
                    (*word).to_owned()
                } else {
                    self.path(word)
                }
            })
            .collect();
        let mut all = vec!["verify", "--trust", &trust];
        all.extend(words.iter().map(String::as_str));
        muhr(&all)
    }
}

/// The first line of what was said.
fn headline(ran: &Ran) -> &str {
    ran.stdout.lines().next().unwrap_or_default()
}
