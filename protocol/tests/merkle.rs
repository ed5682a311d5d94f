//! The log's tree against another implementation (`ct-merkle`), at all small sizes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use std::collections::BTreeMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use protocol::{
    hash::LeafHash,
    height::{LeafIndex, LogSize},
    merkle::{
        Frontier, Hash, consistency, from_leaves, inclusion, leaf_hash, node_hash,
        range::{LeafRange, RangeProof},
        root_of,
        tiles::{TilePath, parse_bundle, subtree, width_at, write_bundle},
        verify_consistency, verify_inclusion,
    },
    text::Malformed,
};
use sha2::Sha256;

const SIZES: usize = 130;

fn leaves() -> Vec<LeafHash> {
    leaves_of(SIZES)
}

fn leaves_of(size: usize) -> Vec<LeafHash> {
    (0..size)
        .map(|at| leaf_hash(format!("leaf {at}").as_bytes()))
        .collect()
}

#[test]
fn roots_equal_those_of_another_implementation() {
    let (mut other, mut frontier, leaves) = (
        MemoryBackedTree::<Sha256, String>::new(),
        Frontier::default(),
        leaves(),
    );
    for (at, leaf) in leaves.iter().enumerate() {
        other.push(format!("leaf {at}"));
        frontier.push(*leaf);
        assert_eq!(
            frontier.root().as_bytes().as_slice(),
            other.root().as_bytes().as_slice(),
            "size {}",
            at + 1
        );
        let again = Frontier::at(frontier.size(), from_leaves(&leaves)).unwrap();
        assert_eq!(again, frontier);
    }
}

#[test]
fn proofs_equal_those_of_another_implementation_and_mutations_are_refused() {
    let (mut other, leaves) = (MemoryBackedTree::<Sha256, String>::new(), leaves());
    for size in 1..=SIZES {
        other.push(format!("leaf {}", size - 1));
        if size % 7 != 0 && !size.is_power_of_two() {
            continue;
        }
        let log_size = LogSize::new(size as u64);
        let root = Frontier::at(log_size, from_leaves(&leaves)).unwrap().root();
        for (index, leaf) in leaves.iter().enumerate().take(size) {
            let at = LeafIndex::new(index as u64);
            let path = inclusion(at, log_size, from_leaves(&leaves)).unwrap();
            assert_eq!(path.concat(), other.prove_inclusion(index).as_bytes());
            verify_inclusion(leaf, at, log_size, &path, &root).unwrap();
            assert!(
                verify_inclusion(
                    leaf,
                    LeafIndex::new(index as u64 ^ 1),
                    log_size,
                    &path,
                    &root
                )
                .is_err()
                    || size == 1
            );
            assert!(
                verify_inclusion(
                    leaf,
                    at,
                    log_size,
                    &[path.as_slice(), &[[0; 32]]].concat(),
                    &root
                )
                .is_err()
            );
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify_inclusion(leaf, at, log_size, shorter, &root).is_err());
            }
        }
        for old in 1..size {
            let old_size = LogSize::new(old as u64);
            let old_root = Frontier::at(old_size, from_leaves(&leaves)).unwrap().root();
            let path = consistency(old_size, log_size, from_leaves(&leaves)).unwrap();
            assert_eq!(
                path.concat(),
                other.prove_consistency(size - old).as_bytes(),
                "{old} to {size}"
            );
            verify_consistency(old_size, log_size, &path, &old_root, &root).unwrap();
            assert!(verify_consistency(old_size, log_size, &path, &root, &old_root).is_err());
        }
    }
}

#[test]
fn a_tile_of_another_length_proves_nothing() {
    let size = LogSize::new(40);
    let root = |bytes: usize| subtree::<Malformed>(5, 0, size, |_| Ok(vec![7; bytes]));
    assert!(root(40 * 32).is_ok());
    for bytes in [0, 39 * 32, 41 * 32, 40 * 32 + 1, 40 * 32 - 1] {
        assert!(root(bytes).is_err(), "{bytes}");
    }
}

#[test]
fn a_leaf_that_is_not_there_has_no_path() {
    let leaves = leaves();
    for size in [0, 1, 2, 3, 100] {
        let path = inclusion(
            LeafIndex::new(size),
            LogSize::new(size),
            from_leaves(&leaves),
        );
        assert_eq!(path.unwrap(), Vec::<Hash>::new(), "size {size}");
    }
}

#[test]
fn paths_of_tiles_read_back() {
    for (path, tile) in [
        (
            "/tile/0/000",
            TilePath::Hashes {
                level: 0,
                index: 0,
                width: 256,
            },
        ),
        (
            "/tile/3/x001/x234/067.p/8",
            TilePath::Hashes {
                level: 3,
                index: 1_234_067,
                width: 8,
            },
        ),
        (
            "/tile/entries/x001/000",
            TilePath::Entries {
                index: 1000,
                width: 256,
            },
        ),
    ] {
        assert_eq!(TilePath::parse(path).unwrap(), tile);
        assert_eq!(tile.to_string(), path);
    }
    for path in [
        "/tile/0/0",
        "/tile/64/000",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/x000/000",
        "/tile/00/000",
        "/tile/0/000/",
        "/tile/0/-01",
    ] {
        assert!(TilePath::parse(path).is_err(), "{path}");
    }
    let width = |level, index| width_at(level, index, LogSize::new(70_000));
    assert_eq!(
        (
            width(0, 273),
            width(0, 274),
            width(1, 1),
            width(2, 0),
            width(3, 0)
        ),
        (Some(112), None, Some(17), Some(1), None)
    );
}

#[test]
fn bundles_read_back_and_cut_ones_are_refused() {
    let bundle = write_bundle(&["one", "", "three"]);
    assert_eq!(
        parse_bundle(&bundle).unwrap(),
        [b"one".to_vec(), Vec::new(), b"three".to_vec()]
    );
    assert!(parse_bundle(&bundle[..bundle.len() - 1]).is_err());
    assert!(parse_bundle(&[0; 2 * 257]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_sizes_agree_with_another_implementation(size in 0_usize..=600, one: prop::sample::Index, bit in 0_usize..256) {
        let texts: Vec<String> = (0..size).map(|at| format!("leaf {at}")).collect();
        let (mut other, leaves) = (MemoryBackedTree::<Sha256, String>::new(), leaves_of(size));
        texts.iter().cloned().for_each(|text| other.push(text));
        let root = root_of(texts.iter().map(String::as_bytes));
        prop_assert_eq!(root.as_bytes().to_vec(), other.root().as_bytes().to_vec());
        if size == 0 {
            return Ok(());
        }
        let (index, log_size) = (one.index(size), LogSize::new(size as u64));
        let (at, old_size) = (LeafIndex::new(index as u64), LogSize::new(index as u64 + 1));
        let path = inclusion(at, log_size, from_leaves(&leaves)).unwrap();
        prop_assert_eq!(path.concat(), other.prove_inclusion(index).as_bytes().to_vec());
        let old_root = root_of(texts[..=index].iter().map(String::as_bytes));
        let proof = consistency(old_size, log_size, from_leaves(&leaves)).unwrap();
        if index + 1 < size {
            prop_assert_eq!(proof.concat(), other.prove_consistency(size - index - 1).as_bytes().to_vec());
        }
        prop_assert_eq!(verify_inclusion(&leaves[index], at, log_size, &path, &root), Ok(()));
        prop_assert_eq!(verify_consistency(old_size, log_size, &proof, &old_root, &root), Ok(()));
        for changed in 0..path.len() {
            let mut path = path.clone();
            path[changed][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(&leaves[index], at, log_size, &path, &root).is_err());
        }
        for changed in 0..proof.len() {
            let mut proof = proof.clone();
            proof[changed][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_consistency(old_size, log_size, &proof, &old_root, &root).is_err());
        }
    }
}

/// All tiles of a log, full and partial, each level from the full tiles of the one below.
fn tiles_of(leaves: &[LeafHash]) -> BTreeMap<TilePath, Vec<u8>> {
    fn root(hashes: &[Hash]) -> Hash {
        match hashes {
            [hash] => *hash,
            _ => node_hash(
                &root(&hashes[..hashes.len() / 2]),
                &root(&hashes[hashes.len() / 2..]),
            ),
        }
    }
    let mut tiles = BTreeMap::new();
    let mut hashes: Vec<Hash> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
    for level in 0_u8.. {
        for (index, tile) in (0_u64..).zip(hashes.chunks(256)) {
            let width = u16::try_from(tile.len()).unwrap();
            assert_eq!(
                width_at(level, index, LogSize::new(leaves.len() as u64)),
                Some(width)
            );
            tiles.insert(
                TilePath::Hashes {
                    level,
                    index,
                    width,
                },
                tile.concat(),
            );
        }
        hashes = hashes.chunks_exact(256).map(root).collect();
        if hashes.is_empty() {
            break;
        }
    }
    tiles
}

#[test]
fn an_archive_of_tiles_proves_what_the_leaves_prove() {
    for size in [1_usize, 2, 255, 256, 257, 511, 512, 600, 65_536, 70_000] {
        let leaves = leaves_of(size);
        let tiles = tiles_of(&leaves);
        let log_size = LogSize::new(size as u64);
        let missing = || Malformed::new(1, "no such tile");
        let fetch = |path| tiles.get(&path).cloned().ok_or_else(missing);
        let node = |level, index| subtree(level, index, log_size, fetch);
        let root = Frontier::at(log_size, node).unwrap().root();
        assert_eq!(
            root,
            Frontier::at(log_size, from_leaves(&leaves)).unwrap().root()
        );
        for index in [0, size / 3, size / 2, size - 1] {
            let at = LeafIndex::new(index as u64);
            let path = inclusion(at, log_size, node).unwrap();
            verify_inclusion(&leaves[index], at, log_size, &path, &root).unwrap();
            let old = LogSize::new(index as u64 + 1);
            let old_root = Frontier::at(old, node).unwrap().root();
            let proof = consistency(old, log_size, node).unwrap();
            verify_consistency(old, log_size, &proof, &old_root, &root).unwrap();
        }
        assert!(node(0, size as u64).is_err(), "a leaf beyond the log");
        assert!(node(63, u64::MAX).is_err());
        let cut = |path| fetch(path).map(|bytes| bytes[1..].to_vec());
        assert!(subtree(0, 0, log_size, cut).is_err(), "a tile that is cut");
    }
}

/// Every run in every small log: its own leaves and what is path it give the path of each leaf.
#[test]
fn the_paths_of_a_run_are_those_of_its_leaves() {
    let leaves = leaves_of(23);
    for size in 1..=leaves.len() {
        let log_size = LogSize::new(size as u64);
        let mut nodes = from_leaves(&leaves[..size]);
        for first in 0..size {
            for end in first + 1..=size {
                let range = LeafRange {
                    first: LeafIndex::new(first as u64),
                    count: (end - first) as u64,
                    size: log_size,
                };
                let path: Vec<Hash> = range
                    .proof_nodes()
                    .into_iter()
                    .map(|(level, at)| nodes(level, at).unwrap())
                    .collect();
                assert!(path.len() <= 2 * 5, "{range:?} asks for {}", path.len());
                let own: Vec<Hash> = leaves[first..end]
                    .iter()
                    .map(|leaf| *leaf.as_bytes())
                    .collect();
                let proof = RangeProof::new(range, own.clone(), &path).unwrap();
                for index in (first..end).map(|at| LeafIndex::new(at as u64)) {
                    let path = inclusion(index, log_size, &mut nodes).unwrap();
                    assert_eq!(proof.path(index), Some(path), "{range:?} {index}");
                }
                assert!(RangeProof::new(range, own[1..].to_vec(), &path).is_none());
                assert!(RangeProof::new(range, own, &[&path[..], &[[0; 32]]].concat()).is_none());
            }
        }
    }
    for (first, count, size) in [
        (0, 0, 5),
        (3, 3, 5),
        (u64::MAX, 1, u64::MAX),
        (5, u64::MAX, 9),
    ] {
        let range = LeafRange {
            first: LeafIndex::new(first),
            count,
            size: LogSize::new(size),
        };
        assert!(range.proof_nodes().is_empty(), "{range:?} is in no log");
        assert!(RangeProof::new(range, vec![[0; 32]; 3], &[]).is_none());
    }
}
