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
            tree = tree.update(&changes).unwrap();
            prop_assert_eq!(*tree.root().as_bytes(), root.0);
            all.extend(changes);
        }
        let sorted: Vec<Leaf> = all.iter().map(|(key, value)| (*key, *value)).collect();
        prop_assert_eq!(Tree::from_sorted(&sorted).root(), tree.root());
        for (key, value) in &all {
            prop_assert_eq!(tree.get(key).unwrap(), Some(*value));
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
        let grown = shuffled.iter().fold(Tree::default(), |tree, leaf| tree.update(&BTreeMap::from([*leaf])).unwrap());
        prop_assert_eq!(grown.root(), Tree::from_sorted(&sorted).root());
    }

    #[test]
    fn every_proof_holds_for_its_key_alone(history in history(), stranger: [u8; 32]) {
        let mut all = BTreeMap::new();
        let mut tree = Tree::default();
        for block in &history {
            let changes: BTreeMap<_, _> =
                block.iter().map(|(key, bytes)| (IndexKey::new(*key), value(bytes))).collect();
            tree = tree.update(&changes).unwrap();
            all.extend(changes);
        }
        let root = tree.root();
        for (key, hash) in &all {
            let proof = tree.prove(key).unwrap();
            prop_assert!(proof.verify_present(&root, key, hash).is_ok());
            prop_assert!(proof.verify_present(&root, key, &value(b"another")).is_err());
            prop_assert!(proof.verify_absent(&root, key).is_err());
        }
        let mut near = [0xa5; 32];
        near[31] ^= 1;
        for key in [IndexKey::new(stranger), IndexKey::new(near)] {
            if !all.contains_key(&key) {
                let proof = tree.prove(&key).unwrap();
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
        let tree = Tree::default().update(&all).unwrap();
        let mut picked = some.iter().cycle();
        let leaves: Vec<Leaf> =
            all.iter().map(|(key, value)| (*key, *value)).filter(|_| picked.next() == Some(&true)).collect();
        let keys: Vec<IndexKey> = leaves.iter().map(|leaf| leaf.0).collect();
        let proof = tree.multiproof(&keys).unwrap().unwrap();
        let each: Vec<_> = keys.iter().map(|key| tree.prove(key).unwrap()).collect();
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
        let tree = Tree::default().update(&all).unwrap();
        let mut keys: Vec<IndexKey> = all.keys().copied().collect();
        prop_assume!(!all.contains_key(&IndexKey::new(stranger)));
        keys.push(IndexKey::new(stranger));
        keys.sort_unstable();
        prop_assert_eq!(tree.multiproof(&keys).unwrap(), None);
    }
}

#[test]
fn an_update_leaves_the_tree_before_it_alone() {
    let change = |byte| BTreeMap::from([(IndexKey::new([byte; 32]), ValueHash::new([byte; 32]))]);
    let one = Tree::default().update(&change(1)).unwrap();
    let root = one.root();
    let two = one.update(&change(2)).unwrap();
    assert_eq!(one.root(), root);
    assert_ne!(two.root(), root);
    assert_eq!(one.get(&IndexKey::new([2; 32])).unwrap(), None);
    assert_eq!(Tree::default().root().as_bytes(), &EMPTY);
}

/// Leaves in memory that stand for those of a folder; counts how often they are asked for.
#[derive(Debug)]
struct Kept(Vec<Leaf>, std::sync::atomic::AtomicUsize);

impl StoredLeaves for Kept {
    fn leaves(&self, prefix: &IndexKey, depth: usize) -> Result<Vec<Leaf>, Fault> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let below = |leaf: &&Leaf| (0..depth).all(|at| bit(&leaf.0, at) == bit(prefix, at));
        Ok(self.0.iter().filter(below).copied().collect())
    }
}

fn kept(leaves: &BTreeMap<IndexKey, ValueHash>) -> Arc<Kept> {
    let leaves = leaves.iter().map(|(key, value)| (*key, *value));
    Arc::new(Kept(leaves.collect(), 0.into()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_of_an_outline_is_the_tree(history in history(), depth in 0usize..12, deeper in 0usize..12) {
        let (mut tree, mut all) = (Tree::default(), BTreeMap::new());
        let blocks: Vec<BTreeMap<IndexKey, ValueHash>> = history
            .iter()
            .map(|block| block.iter().map(|(key, bytes)| (IndexKey::new(*key), value(bytes))).collect())
            .collect();
        let (last, first) = blocks.split_last().unwrap();
        for changes in first {
            tree = tree.update(changes).unwrap();
            all.extend(changes.clone());
        }
        let leaves: Arc<dyn StoredLeaves> = kept(&all);
        let outlined = Tree::of_outline(&tree.outline(depth), &leaves).unwrap();
        prop_assert_eq!(outlined.root(), tree.root());
        let again = Tree::of_outline(&outlined.outline(deeper), &leaves).unwrap();
        for outlined in [outlined, again] {
            let (now, later) = (outlined.update(last).unwrap(), tree.update(last).unwrap());
            prop_assert_eq!(now.root(), later.root());
            for key in all.keys().chain(last.keys()) {
                prop_assert_eq!(outlined.get(key).unwrap(), tree.get(key).unwrap());
                prop_assert_eq!(now.prove(key).unwrap(), later.prove(key).unwrap());
            }
            let keys: Vec<IndexKey> = all.keys().copied().collect();
            prop_assert_eq!(outlined.multiproof(&keys).unwrap(), tree.multiproof(&keys).unwrap());
            prop_assert_eq!(now.outline(depth), later.outline(depth));
        }
    }
}

#[test]
fn leaves_that_do_not_agree_with_an_outline_are_noticed() {
    let all: BTreeMap<IndexKey, ValueHash> = (0..100u32)
        .map(|number| (IndexKey::new(sha256(&[&number.to_be_bytes()])), value(b"1")))
        .collect();
    let tree = Tree::default().update(&all).unwrap();
    let mut lost = all.clone();
    let (gone, _) = lost.pop_first().unwrap();
    let kept = kept(&lost);
    let leaves: Arc<dyn StoredLeaves> = kept.clone();
    let outlined = Tree::of_outline(&tree.outline(3), &leaves).unwrap();
    assert_eq!(outlined.root(), tree.root());
    for damaged in [
        outlined.get(&gone).map(drop),
        outlined.prove(&gone).map(drop),
    ] {
        assert!(matches!(damaged, Err(Fault::Damaged(_))), "{damaged:?}");
    }
    // What is whole is read once.
    let before = kept.1.load(std::sync::atomic::Ordering::Relaxed);
    for _ in 0..3 {
        let (last, value) = all.last_key_value().unwrap();
        assert_eq!(outlined.get(last).unwrap(), Some(*value));
    }
    assert_eq!(
        kept.1.load(std::sync::atomic::Ordering::Relaxed),
        before + 1
    );
}

#[test]
fn what_is_no_outline_makes_no_tree() {
    let leaves: Arc<dyn StoredLeaves> = kept(&BTreeMap::new());
    for bytes in [
        &b""[..],
        b"\x01\x00",
        b"\x02short",
        b"\x00\x00",
        b"\x03",
        &[1; 300],
    ] {
        assert!(Tree::of_outline(bytes, &leaves).is_none(), "{bytes:?}");
    }
}
