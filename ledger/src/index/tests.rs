//! The tree against the crate `jmt`, and its proofs against `protocol::index`.

use std::collections::BTreeMap;

use jmt::{KeyHash, Sha256Jmt, mock::MockTreeStore};
use proptest::{collection::vec, prelude::*};
use protocol::{hash::sha256, index::multiproof::Multiproof};

use super::*;

/// Values of a few bytes at keys that share long prefixes now and then.
fn history() -> impl Strategy<Value = Vec<BTreeMap<[u8; 32], Vec<u8>>>> {
    let key = prop_oneof![
        3 => any::<[u8; 32]>(),
        1 => (0u8..4, 0usize..32).prop_map(|(bits, at)| {
            let mut key = [0xa5; 32];
            key[at] ^= bits << 2;
            key
        }),
    ];
    let block = vec((key, vec(any::<u8>(), 1..4)), 0..40);
    vec(
        block.prop_map(|changes| changes.into_iter().collect()),
        1..8,
    )
}

fn value(bytes: &[u8]) -> ValueHash {
    ValueHash::new(sha256(&[bytes]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_root_is_that_of_jmt(history in history()) {
        let store = MockTreeStore::default();
        let oracle = Sha256Jmt::new(&store);
        let (mut tree, mut all) = (Tree::default(), BTreeMap::new());
        for (version, block) in (0..).zip(&history) {
            let set = block.iter().map(|(key, bytes)| (KeyHash(*key), Some(bytes.clone())));
            let (root, batch) = oracle.put_value_set(set, version).unwrap();
            store.write_tree_update_batch(batch).unwrap();
            let changes: BTreeMap<_, _> =
                block.iter().map(|(key, bytes)| (IndexKey::new(*key), value(bytes))).collect();
            tree = tree.update(&changes);
            prop_assert_eq!(*tree.root().as_bytes(), root.0);
            all.extend(changes);
        }
        let sorted: Vec<Leaf> = all.iter().map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(Tree::from_sorted(&sorted).root(), tree.root());
        for (key, value) in &all {
            prop_assert_eq!(tree.get(key), Some(*value));
        }
    }

    #[test]
    fn the_order_of_insertion_leaves_no_trace(mut leaves in vec(any::<([u8; 32], [u8; 32])>(), 1..60), seed: u64) {
        leaves.sort_unstable();
        leaves.dedup_by_key(|leaf| leaf.0);
        let sorted: Vec<Leaf> =
            leaves.iter().map(|(key, value)| (IndexKey::new(*key), ValueHash::new(*value))).collect();
        let mut shuffled = sorted.clone();
        shuffled.sort_by_key(|leaf| sha256(&[&seed.to_be_bytes(), leaf.0.as_bytes()]));
        let grown = shuffled.iter().fold(Tree::default(), |tree, leaf| tree.update(&BTreeMap::from([*leaf])));
        prop_assert_eq!(grown.root(), Tree::from_sorted(&sorted).root());
    }

    #[test]
    fn every_proof_holds_for_its_key_alone(history in history(), stranger: [u8; 32]) {
        let mut all = BTreeMap::new();
        let mut tree = Tree::default();
        for block in &history {
            let changes: BTreeMap<_, _> =
                block.iter().map(|(key, bytes)| (IndexKey::new(*key), value(bytes))).collect();
            tree = tree.update(&changes);
            all.extend(changes);
        }
        let root = tree.root();
        for (key, hash) in &all {
            let proof = tree.prove(key);
            prop_assert!(proof.verify_present(&root, key, hash).is_ok());
            prop_assert!(proof.verify_present(&root, key, &value(b"another")).is_err());
            prop_assert!(proof.verify_absent(&root, key).is_err());
        }
        let mut near = [0xa5; 32];
        near[31] ^= 1;
        for key in [IndexKey::new(stranger), IndexKey::new(near)] {
            if !all.contains_key(&key) {
                let proof = tree.prove(&key);
                prop_assert!(proof.verify_absent(&root, &key).is_ok());
                prop_assert!(proof.verify_present(&root, &key, &value(b"x")).is_err());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_proof_of_many_keys_is_the_proof_of_each(history in history(), some in vec(any::<bool>(), 1..64), bent: prop::sample::Index) {
        let mut all = BTreeMap::new();
        for block in &history {
            all.extend(block.iter().map(|(key, bytes)| (IndexKey::new(*key), value(bytes))));
        }
        let tree = Tree::default().update(&all);
        let mut picked = some.iter().cycle();
        let leaves: Vec<Leaf> =
            all.iter().map(|(key, value)| (*key, *value)).filter(|_| picked.next() == Some(&true)).collect();
        let keys: Vec<IndexKey> = leaves.iter().map(|leaf| leaf.0).collect();
        let proof = tree.multiproof(&keys).unwrap();
        let each: Vec<_> = keys.iter().map(|key| tree.prove(key)).collect();
        prop_assert_eq!(proof.unfold(&leaves).unwrap(), each);

        // Bent anywhere, it is either none or leads elsewhere.
        let root = tree.root();
        let holds = |proof: &Multiproof| proof.unfold(&leaves).is_some_and(|proofs| {
            proofs.iter().zip(&leaves).any(|(proof, leaf)| proof.verify_present(&root, &leaf.0, &leaf.1).is_ok())
        });
        let mut other = proof.clone();
        if let Some(at) = (!proof.siblings.is_empty()).then(|| bent.index(proof.siblings.len())) {
            other.siblings[at][0] ^= 1;
            prop_assert!(leaves.is_empty() || !holds(&other));
            other.siblings.remove(at);
            prop_assert!(!holds(&other));
        }
        if let Some(at) = (!leaves.is_empty()).then(|| bent.index(leaves.len())) {
            let mut other = proof.clone();
            other.depths[at] += 1;
            prop_assert!(!holds(&other));
            let mut other = proof.clone();
            other.siblings.push([0; 32]);
            prop_assert!(!holds(&other));
            let mut less = leaves.clone();
            less.remove(at);
            prop_assert!(proof.unfold(&less).is_none());
        }
    }

    #[test]
    fn what_is_not_there_has_no_proof_among_many(history in history(), stranger: [u8; 32]) {
        let mut all = BTreeMap::new();
        for block in &history {
            all.extend(block.iter().map(|(key, bytes)| (IndexKey::new(*key), value(bytes))));
        }
        let tree = Tree::default().update(&all);
        let mut keys: Vec<IndexKey> = all.keys().copied().collect();
        prop_assume!(!all.contains_key(&IndexKey::new(stranger)));
        keys.push(IndexKey::new(stranger));
        keys.sort_unstable();
        prop_assert_eq!(tree.multiproof(&keys), None);
    }
}

#[test]
fn an_update_leaves_the_tree_before_it_alone() {
    let change = |byte| BTreeMap::from([(IndexKey::new([byte; 32]), ValueHash::new([byte; 32]))]);
    let one = Tree::default().update(&change(1));
    let root = one.root();
    let two = one.update(&change(2));
    assert_eq!(one.root(), root);
    assert_ne!(two.root(), root);
    assert_eq!(one.get(&IndexKey::new([2; 32])), None);
    assert_eq!(Tree::default().root().as_bytes(), &EMPTY);
}
