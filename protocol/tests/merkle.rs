//! The log's tree against another implementation (`ct-merkle`), at all small sizes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use protocol::{
    hash::LeafHash,
    height::{LeafIndex, LogSize},
    merkle::{
        Frontier, consistency, from_leaves, inclusion, leaf_hash,
        tiles::{TilePath, parse_bundle, width_at, write_bundle},
        verify_consistency, verify_inclusion,
    },
};
use sha2::Sha256;

const SIZES: usize = 130;

fn leaves() -> Vec<LeafHash> {
    (0..SIZES)
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
