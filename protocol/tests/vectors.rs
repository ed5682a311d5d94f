//! Proofs of the log's tree, valid and spoilt, as vectors that stand in this folder for every language.
//!
//! `corpus/vectors/tree.json` is made by `vectors/make.rs` over an independent implementation (`ct-merkle`) and
//! frozen: a test makes it again and compares. `MUHR_BLESS=1` writes it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

#[path = "vectors/make.rs"]
mod make;

use std::{collections::BTreeMap, fs, path::PathBuf};

use protocol::{
    hash::{LeafHash, RootHash},
    height::{LeafIndex, LogSize},
    merkle::{Hash, verify_consistency, verify_inclusion},
    text,
};
use serde_json::Value;

use make::{Case, Kind};

/// Fewer cases than this, and the file has lost some.
const CASES_MIN: usize = 190;

fn file() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../corpus/vectors/tree.json")
}

fn stored() -> Vec<Value> {
    serde_json::from_slice(&fs::read(file()).unwrap()).unwrap()
}

#[test]
fn the_stored_vectors_are_those_that_the_generator_makes() {
    let lines: Vec<String> = make::cases().iter().map(Case::to_json).collect();
    let made = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("MUHR_BLESS").is_some() {
        fs::write(file(), &made).unwrap();
    }
    assert_eq!(fs::read_to_string(file()).unwrap(), made);
}

/// `ct-merkle` was not asked about cases that its types cannot hold: those are few, and counted.
#[test]
fn the_independent_implementation_agrees_with_every_expectation() {
    let cases = make::cases();
    let mut unasked = BTreeMap::<&str, usize>::new();
    for case in &cases {
        match make::oracle(case) {
            Some(holds) => assert_eq!(holds, case.holds, "{}", case.to_json()),
            None => *unasked.entry(case.what).or_default() += 1,
        }
    }
    println!("not expressible in ct-merkle: {unasked:?}");
    let unasked: usize = unasked.values().sum();
    assert!(unasked * 3 < cases.len(), "{unasked} of {}", cases.len());
}

#[test]
fn every_stored_proof_is_judged_as_expected() {
    let cases = stored();
    assert!(cases.len() >= CASES_MIN, "only {} cases", cases.len());
    let count = |kind: &str, holds: bool| {
        let is = |case: &&Value| case["kind"] == kind && case["holds"] == holds;
        cases.iter().filter(is).count()
    };
    for kind in ["inclusion", "consistency"] {
        assert!(count(kind, true) >= 10 && count(kind, false) >= 80);
    }
    for case in &cases {
        // A hash of another length cannot even be written in our types: it fails as it is read.
        assert_eq!(judge(case).unwrap_or(false), case["holds"], "{case}");
    }
}

fn judge(case: &Value) -> Option<bool> {
    let hash = |value: &Value| -> Option<Hash> { text::base64_array(value.as_str()?) };
    let path = case["path"].as_array()?;
    let path = path.iter().map(hash).collect::<Option<Vec<Hash>>>()?;
    let root = RootHash::new(hash(&case["root"])?);
    let size = LogSize::new(case["size"].as_u64()?);
    Some(if case["kind"] == Kind::Inclusion.name() {
        let leaf = LeafHash::new(hash(&case["leaf"])?);
        let index = LeafIndex::new(case["index"].as_u64()?);
        verify_inclusion(&leaf, index, size, &path, &root).is_ok()
    } else {
        let old_root = RootHash::new(hash(&case["old_root"])?);
        let old = LogSize::new(case["old_size"].as_u64()?);
        verify_consistency(old, size, &path, &old_root, &root).is_ok()
    })
}
