//! The corpus in `corpus/cases`: files and the one right verdict on each, for every verifier.
//!
//! The files are made here, from a world of its own, with the verdict that each must have; the test
//! fails if `verify` says otherwise, or if what is stored is not what is made. To store it anew:
//! `MUHR_WRITE_CORPUS=1 cargo test -p muhr-verify --release --locked --test corpus`. The shape of
//! `cases.json` is described in `checkers/README.md`.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests fail by panicking, with the reason"
)]

#[path = "corpus/attestations.rs"]
mod attestations;
#[path = "corpus/cases.rs"]
mod cases;
#[path = "corpus/chains.rs"]
mod chains;
#[path = "corpus/epochs.rs"]
mod epochs;
#[path = "corpus/erring.rs"]
mod erring;
#[path = "corpus/forks.rs"]
mod forks;
#[path = "corpus/histories.rs"]
mod histories;
#[path = "corpus/malformed.rs"]
mod malformed;
#[path = "corpus/orders.rs"]
mod orders;
#[path = "corpus/parts.rs"]
mod parts;
#[path = "corpus/receipts.rs"]
mod receipts;
#[path = "corpus/redacted.rs"]
mod redacted;
#[path = "corpus/rewritten.rs"]
mod rewritten;
#[path = "corpus/signatures.rs"]
mod signatures;
#[path = "corpus/spoilt.rs"]
mod spoilt;
#[path = "corpus/trust.rs"]
mod trust;
#[allow(
    dead_code,
    reason = "the world of the receipts, of which this needs a part"
)]
#[path = "receipts/world.rs"]
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use cases::Book;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../corpus/cases")
}

fn made() -> Book {
    let mut book = Book::default();
    receipts::write(&mut book);
    redacted::write(&mut book);
    spoilt::write(&mut book);
    parts::write(&mut book);
    erring::write(&mut book);
    signatures::write(&mut book);
    trust::write(&mut book);
    epochs::write(&mut book);
    orders::write(&mut book);
    forks::write(&mut book);
    histories::write(&mut book);
    malformed::write(&mut book);
    attestations::write(&mut book);
    rewritten::write(&mut book);
    chains::write(&mut book);
    assert!(book.wrong.is_empty(), "{}", book.wrong.join("\n"));
    assert!(book.len() >= 300, "only {} cases", book.len());
    book
}

#[test]
fn the_stored_corpus_is_the_one_that_is_made_here() {
    let book = made();
    let cases = book.json().into_bytes();
    let mut files: BTreeMap<String, Vec<u8>> = book.files;
    files.insert("cases.json".to_owned(), cases);
    if std::env::var_os("MUHR_WRITE_CORPUS").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for entry in fs::read_dir(folder()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, bytes) in &files {
            fs::write(folder().join(name), bytes).unwrap();
        }
    }
    for (name, bytes) in &files {
        let stored = fs::read(folder().join(name)).unwrap_or_default();
        assert!(stored == *bytes, "{name} is not what is made here");
    }
    let stored = fs::read_dir(folder()).unwrap();
    let stored: BTreeSet<String> = stored
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(stored, files.keys().cloned().collect());
    let bytes: usize = files.values().map(Vec::len).sum();
    assert!(bytes < 2_000_000, "the corpus has {bytes} bytes");
}
