//! The 196 RFC 6962 proofs of transparency-dev/merkle, valid and mutated, where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::{
    hash::{LeafHash, RootHash},
    height::{LeafIndex, LogSize},
    merkle::{Hash, verify_consistency, verify_inclusion},
    text,
};
use serde_json::Value;

fn files(folder: &Path, found: &mut Vec<Value>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(serde_json::from_slice(&fs::read(path).unwrap()).unwrap());
        }
    }
}

/// A hash that is not 32 bytes fails as it is read.
fn hash(value: &Value) -> Option<Hash> {
    text::base64_array(value.as_str().unwrap_or_default())
}

fn path(case: &Value) -> Option<Vec<Hash>> {
    case["proof"]
        .as_array()
        .map_or(Some(Vec::new()), |proof| proof.iter().map(hash).collect())
}

fn holds(case: &Value) -> Option<bool> {
    let path = path(case)?;
    Some(if case.get("leafIdx").is_some() {
        let (leaf, root) = (
            LeafHash::new(hash(&case["leafHash"])?),
            RootHash::new(hash(&case["root"])?),
        );
        let (index, size) = (
            LeafIndex::new(case["leafIdx"].as_u64()?),
            LogSize::new(case["treeSize"].as_u64()?),
        );
        verify_inclusion(&leaf, index, size, &path, &root).is_ok()
    } else {
        let (old, new) = (
            LogSize::new(case["size1"].as_u64()?),
            LogSize::new(case["size2"].as_u64()?),
        );
        let (old_root, new_root) = (
            RootHash::new(hash(&case["root1"])?),
            RootHash::new(hash(&case["root2"])?),
        );
        verify_consistency(old, new, &path, &old_root, &new_root).is_ok()
    })
}

#[test]
fn all_published_vectors_are_judged_as_expected() {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../../shared/vectors/rfc6962");
    if !folder.is_dir() {
        println!(
            "{} is not here: the published vectors are skipped",
            folder.display()
        );
        return;
    }
    let mut cases = Vec::new();
    files(&folder, &mut cases);
    assert_eq!(cases.len(), 196);
    // A hash of another length cannot even be written in our types: such a case fails as it is read.
    let (read, unreadable): (Vec<&Value>, Vec<&Value>) =
        cases.iter().partition(|case| holds(case).is_some());
    println!(
        "{} judged, {} refused as they are read",
        read.len(),
        unreadable.len()
    );
    for case in read {
        let expected = case["wantErr"] == false;
        // From an empty log everything is consistent, and nobody needs a proof of it: it is refused.
        let from_nothing = case["size1"] == 0;
        assert_eq!(holds(case), Some(expected && !from_nothing), "{case}");
    }
}
