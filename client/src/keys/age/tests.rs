//! The published vectors of the format's scrypt recipients, and files that were cut short or changed.
//!
//! The vectors are those of C2SP's CCTV (age), as the crate age 0.12.1 ships them.

use std::{fs, path::PathBuf};

use sha2::{Digest, Sha256};

use super::*;

const PASSPHRASE: &str = "bahor yomg'iri 1404";

fn open(bytes: &[u8], passphrase: &str) -> Result<Vec<u8>, NotOpened> {
    let plain = AgeFile::parse(bytes)?.open(passphrase)?;
    Ok(plain.to_vec())
}

#[test]
fn every_published_vector_is_judged_as_published() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let mut judged = 0;
    for file in fs::read_dir(manifest.join("src/keys/age/vectors")).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let gap = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let head = std::str::from_utf8(&bytes[..gap]).unwrap();
        let value = |word: &str| {
            let mut values = head.lines().filter_map(|line| line.strip_prefix(word));
            values.next()
        };
        let found = open(&bytes[gap + 2..], value("passphrase: ").unwrap());
        match value("expect: ").unwrap() {
            "success" => {
                let hash = Sha256::digest(found.unwrap());
                assert_eq!(protocol::text::hex(&hash), value("payload: ").unwrap());
            }
            // To a recipient of another kind there is no match; "Scrypt" is one.
            "no match" => {
                let found = found.unwrap_err();
                let is_no_match = matches!(found, NotOpened::Passphrase | NotOpened::Recipient);
                assert!(is_no_match, "{}: {found:?}", path.display());
            }
            _ => {
                let found = found.unwrap_err();
                let is_header = matches!(found, NotOpened::Damaged | NotOpened::Work(23));
                assert!(is_header, "{}: {found:?}", path.display());
            }
        }
        judged += 1;
    }
    assert_eq!(judged, 24);
}

#[test]
fn what_is_sealed_opens_with_its_passphrase_and_no_other() {
    let sealed = seal_with(b"secret", PASSPHRASE, 4).unwrap();
    assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
    assert_eq!(open(&sealed, PASSPHRASE).unwrap(), b"secret");
    for wrong in ["", "bahor", "bahor yomg'iri 1404 ", "Bahor yomg'iri 1404"] {
        assert_eq!(open(&sealed, wrong), Err(NotOpened::Passphrase), "{wrong}");
    }
    // Nothing is used twice.
    assert_ne!(sealed, seal_with(b"secret", PASSPHRASE, 4).unwrap());
}

#[test]
fn a_file_cut_short_or_changed_anywhere_does_not_open() {
    let sealed = seal_with(b"secret", PASSPHRASE, 1).unwrap();
    for length in 0..sealed.len() {
        let found = open(&sealed[..length], PASSPHRASE);
        assert_eq!(found, Err(NotOpened::Damaged), "cut at {length}");
    }
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert!(open(&changed, PASSPHRASE).is_err(), "bit {bit} of {at}");
        }
    }
    let longer = [&sealed[..], b"x"].concat();
    assert_eq!(open(&longer, PASSPHRASE), Err(NotOpened::Damaged));
}

#[test]
fn a_file_that_asks_for_too_much_work_is_refused_before_any_is_done() {
    let sealed = seal_with(b"secret", PASSPHRASE, 4).unwrap();
    let asks_for = |work: &str| {
        let text = String::from_utf8_lossy(&sealed[..60]).into_owned();
        let line = text.lines().nth(1).unwrap().to_owned();
        let changed = format!("{} {work}", line.strip_suffix(" 4").unwrap());
        let rest = &sealed[VERSION.len() + line.len()..];
        let bytes = [VERSION, changed.as_bytes(), rest].concat();
        AgeFile::parse(&bytes).map(|sealed| sealed.work)
    };
    assert_eq!(asks_for("20"), Ok(20));
    assert_eq!(asks_for("21"), Err(NotOpened::Work(21)));
    assert_eq!(asks_for("63"), Err(NotOpened::Work(63)));
    for no_number in ["255", "0", "04", "+4", "-4", "0x4", ""] {
        assert_eq!(asks_for(no_number), Err(NotOpened::Damaged), "{no_number}");
    }
}

#[test]
fn files_for_others_are_told_apart_from_damaged_ones() {
    let native = b"age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n";
    assert_eq!(open(native, ""), Err(NotOpened::Recipient));
    assert!(is_one(native));
    let armoured = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n";
    assert_eq!(open(armoured, ""), Err(NotOpened::Armoured));
    assert!(is_one(armoured) && !is_one(b"muhr-key/v1\n"));
}
