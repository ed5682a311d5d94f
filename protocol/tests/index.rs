//! Proofs of the index, against a tree built here in the plainest way, and their lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use proptest::{collection, prelude::*};
use protocol::{
    hash::{IndexKey, IndexRoot, ValueHash, sha256},
    index::{EMPTY, Hash, IndexProof, ProofLeaf, SIBLINGS_MAX, bit, leaf_hash, node_hash},
    text::Lines,
};

type Leaf = (IndexKey, ValueHash);

fn split(leaves: &[Leaf], depth: usize) -> (Vec<Leaf>, Vec<Leaf>) {
    leaves.iter().partition(|(key, _)| !bit(key, depth))
}

/// Root over `leaves`, which agree in the bits above `depth`.
fn root(leaves: &[Leaf], depth: usize) -> Hash {
    match leaves {
        [] => EMPTY,
        [(key, value)] => leaf_hash(key, value),
        _ => {
            let (left, right) = split(leaves, depth);
            node_hash(&root(&left, depth + 1), &root(&right, depth + 1))
        }
    }
}

fn prove(leaves: &[Leaf], key: &IndexKey) -> IndexProof {
    let (mut leaves, mut siblings) = (leaves.to_vec(), Vec::new());
    while leaves.len() > 1 {
        let depth = siblings.len();
        let (left, right) = split(&leaves, depth);
        let (way, other) = if bit(key, depth) {
            (right, left)
        } else {
            (left, right)
        };
        siblings.push(root(&other, depth + 1));
        leaves = way;
    }
    let leaf = match leaves.first() {
        None => ProofLeaf::Empty,
        Some((found, _)) if found == key => ProofLeaf::Present,
        Some((other, value)) => ProofLeaf::Other(*other, *value),
    };
    IndexProof { leaf, siblings }
}

fn read(text: &str) -> Option<IndexProof> {
    let mut lines = Lines::new(text.as_bytes(), 64 * 1024).ok()?;
    let proof = IndexProof::read(&mut lines).ok()?;
    lines.end().ok()?;
    Some(proof)
}

fn write(proof: &IndexProof) -> String {
    let mut out = String::new();
    proof.write(&mut out);
    out
}

fn value(number: u8) -> ValueHash {
    ValueHash::new(sha256(&[&[number]]))
}

/// Keys of which many share their first bytes, and some all but the last bit.
fn keys() -> impl Strategy<Value = Vec<IndexKey>> {
    let key = prop_oneof![
        any::<[u8; 32]>(),
        (0_usize..256).prop_map(|at| {
            let mut key = [0x5a; 32];
            key[at / 8] ^= 0x80 >> (at % 8);
            key
        })
    ];
    collection::btree_set(key, 0..24).prop_map(|keys| keys.into_iter().map(IndexKey::new).collect())
}

#[test]
fn hashes_are_those_of_the_rules() {
    let (zero, high) = (IndexKey::new([0; 32]), IndexKey::new([0x80; 32]));
    let leaf = |key: &IndexKey| sha256(&[b"JMT::LeafNode", key.as_bytes(), &sha256(&[&[1]])]);
    assert_eq!(root(&[], 0), *b"SPARSE_MERKLE_PLACEHOLDER_HASH__");
    assert_eq!(root(&[(zero, value(1))], 0), leaf(&zero));
    let both = sha256(&[b"JMT::IntrnalNode", &leaf(&zero), &leaf(&high)]);
    assert_eq!(root(&[(zero, value(1)), (high, value(1))], 0), both);
}

#[test]
fn neighbours_in_the_last_bit_are_told_apart_by_256_siblings() {
    let (one, two) = (IndexKey::new([0; 32]), {
        let mut key = [0; 32];
        key[31] = 1;
        IndexKey::new(key)
    });
    let leaves = [(one, value(1)), (two, value(2))];
    let top = IndexRoot::new(root(&leaves, 0));
    let proof = prove(&leaves, &two);
    assert_eq!(proof.siblings.len(), SIBLINGS_MAX);
    assert_eq!(proof.verify_present(&top, &two, &value(2)), Ok(()));
    assert_eq!(read(&write(&proof)), Some(proof.clone()));
    let longer = IndexProof {
        siblings: [vec![EMPTY], proof.siblings.clone()].concat(),
        ..proof
    };
    assert!(longer.verify_present(&top, &two, &value(2)).is_err());
    assert_eq!(read(&write(&longer)), None);
}

#[test]
fn absence_is_not_shown_by_a_leaf_from_elsewhere() {
    let leaves: Vec<Leaf> = [0x00, 0x40, 0x80, 0xc0]
        .map(|byte| (IndexKey::new([byte; 32]), value(byte)))
        .to_vec();
    let top = IndexRoot::new(root(&leaves, 0));
    for (present, _) in &leaves {
        for (other, hash) in &leaves {
            // The honest way to another leaf, shown as if it were the way to a key that is there.
            let way = prove(&leaves, other);
            let lie = IndexProof {
                leaf: ProofLeaf::Other(*other, *hash),
                ..way.clone()
            };
            assert!(lie.verify_absent(&top, present).is_err());
            let lie = IndexProof {
                leaf: ProofLeaf::Empty,
                ..way
            };
            assert!(lie.verify_absent(&top, present).is_err());
        }
        let inner = IndexProof {
            leaf: ProofLeaf::Empty,
            siblings: Vec::new(),
        };
        assert!(inner.verify_absent(&top, present).is_err());
    }
}

#[test]
fn lines_have_one_way_to_be_written() {
    let hash = ValueHash::new([9; 32]).to_string();
    let (leaf, path) = ("index-leaf present\n", format!("index-path {hash}\n"));
    for good in [
        leaf.to_owned(),
        format!("{leaf}{path}{path}"),
        format!("index-leaf empty\n{path}"),
        format!("index-leaf other {hash} {hash}\n{path}"),
    ] {
        assert_eq!(write(&read(&good).unwrap()), good);
    }
    for bad in [
        String::new(),
        path.clone(),
        format!("{leaf}{leaf}"),
        format!("{path}{leaf}"),
        format!("{leaf}\n{path}"),
        format!("{leaf}index-path  {hash}\n"),
        format!("{leaf}index-path {hash} \n"),
        format!("{leaf}index-path {}\n", &hash[1..]),
        format!("{leaf}index-path {}\n", hash.trim_end_matches('=')),
        "index-leaf Present\n".to_owned(),
        "index-leaf\n".to_owned(),
        "index-leaf none\n".to_owned(),
        format!("index-leaf other {hash}\n"),
        format!("index-leaf other {hash}  {hash}\n"),
        format!("index-leaf other {hash} {hash} \n"),
    ] {
        assert_eq!(read(&bad), None, "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proofs_hold_for_their_key_value_and_root_alone(keys in keys(), stranger: [u8; 32], spoil: prop::sample::Index) {
        let leaves: Vec<Leaf> = (0..).zip(&keys).map(|(number, key)| (*key, value(number))).collect();
        let top = IndexRoot::new(root(&leaves, 0));
        let other_root = IndexRoot::new(sha256(&[top.as_bytes()]));
        for (key, hash) in &leaves {
            let proof = prove(&leaves, key);
            prop_assert_eq!(read(&write(&proof)), Some(proof.clone()));
            prop_assert_eq!(proof.verify_present(&top, key, hash), Ok(()));
            prop_assert!(proof.verify_present(&top, key, &value(255)).is_err());
            prop_assert!(proof.verify_present(&other_root, key, hash).is_err());
            prop_assert!(proof.verify_absent(&top, key).is_err());
            let lie = IndexProof { leaf: ProofLeaf::Other(*key, *hash), ..proof };
            prop_assert!(lie.verify_absent(&top, key).is_err());
        }
        let near = keys.first().map_or([1; 32], |key| {
            let mut near = *key.as_bytes();
            near[spoil.index(32)] ^= 0x10;
            near
        });
        for key in [IndexKey::new(stranger), IndexKey::new(near)] {
            if keys.contains(&key) {
                continue;
            }
            let proof = prove(&leaves, &key);
            prop_assert_eq!(read(&write(&proof)), Some(proof.clone()));
            prop_assert_eq!(proof.verify_absent(&top, &key), Ok(()));
            prop_assert!(proof.verify_absent(&other_root, &key).is_err());
            prop_assert!(proof.verify_present(&top, &key, &value(0)).is_err());
            if !proof.siblings.is_empty() {
                let at = spoil.index(proof.siblings.len());
                let mut changed = proof.clone();
                changed.siblings[at][0] ^= 1;
                prop_assert!(changed.verify_absent(&top, &key).is_err());
                let mut shorter = proof;
                shorter.siblings.remove(at);
                prop_assert!(shorter.verify_absent(&top, &key).is_err());
            }
        }
    }
}
