//! Tests of the tile builder.

use std::{collections::BTreeMap, convert::Infallible};

use super::{super::leaf_hash, *};

fn leaves(count: u32) -> Vec<LeafHash> {
    (0..count).map(|at| leaf_hash(&at.to_be_bytes())).collect()
}

#[test]
fn full_tiles_come_as_they_fill_and_the_others_at_the_end() {
    let mut builder = TileBuilder::default();
    let mut found = Vec::new();
    for leaf in leaves(513) {
        let noted: Result<(), Infallible> = builder.push(&leaf, |path, hashes| {
            found.push((path.to_string(), hashes.len()));
            Ok(())
        });
        noted.unwrap();
    }
    let partials = builder.partials();
    found.extend(partials.map(|(path, hashes)| (path.to_string(), hashes.len())));
    let found: Vec<_> = found
        .iter()
        .map(|(path, width)| (path.as_str(), *width))
        .collect();
    let wanted = [
        ("/tile/0/000", 256),
        ("/tile/0/001", 256),
        ("/tile/0/002.p/1", 1),
        ("/tile/1/000.p/2", 2),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn an_edge_rebuilt_is_the_edge_that_grew() {
    let leaves = leaves(70_000);
    let mut builder = TileBuilder::default();
    let mut tiles = BTreeMap::new();
    let stops = [1, 255, 256, 257, 512, 1512, 61_512, 65_512, 65_536, 69_999];
    for (size, leaf) in (1_usize..).zip(&leaves) {
        let kept: Result<(), Infallible> = builder.push(leaf, |path, hashes| {
            tiles.insert(path, hashes.to_vec());
            Ok(())
        });
        kept.unwrap();
        if !stops.contains(&size) {
            continue;
        }
        let rebuilt: Result<TileBuilder, TilePath> = TileBuilder::rebuild(
            LogSize::new(size as u64),
            |at| Ok(*leaves[at as usize].as_bytes()),
            |level, index| {
                let width = 256;
                let path = TilePath::Hashes {
                    level,
                    index,
                    width,
                };
                tiles.get(&path).cloned().ok_or(path)
            },
        );
        let rebuilt = rebuilt.unwrap();
        assert!(rebuilt.partials().eq(builder.partials()), "size {size}");
        for (level, kept) in (0..).zip(&rebuilt.levels) {
            assert_eq!(kept.full, builder.levels[level].full, "size {size}");
        }
    }
}
