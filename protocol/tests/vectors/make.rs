//! Makes the vectors of `tree.json`: proofs by `ct-merkle`, and each with everything about it spoilt that a
//! careless checker might not miss. Nothing of ours is asked, and nothing is taken from outside sets.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use serde_json::json;
use sha2::{Digest, Sha256, digest::Output};

/// Leaf `n` of every tree is the text `leaf n`.
pub(crate) fn leaf(index: u64) -> String {
    format!("leaf {index}")
}

/// (index, size) of proofs of inclusion: alone, first, last, left and right of the spine, large.
const INCLUSIONS: [(u64, u64); 10] = [
    (0, 1),
    (0, 2),
    (1, 3),
    (2, 3),
    (3, 7),
    (6, 7),
    (5, 8),
    (10, 11),
    (64, 65),
    (77, 130),
];

/// (old, new) of proofs of consistency: perfect and ragged, neighbours and far.
const CONSISTENCIES: [(u64, u64); 10] = [
    (1, 2),
    (2, 3),
    (3, 7),
    (4, 8),
    (6, 8),
    (7, 8),
    (8, 11),
    (63, 64),
    (64, 65),
    (65, 130),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Inclusion,
    Consistency,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inclusion => "inclusion",
            Self::Consistency => "consistency",
        }
    }
}

/// One vector. Hashes are bytes of any length, since a spoilt one may be short.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) kind: Kind,
    /// Index of the leaf, or size of the older tree.
    at: u64,
    size: u64,
    /// Hash of the leaf, or root of the older tree.
    first: Vec<u8>,
    root: Vec<u8>,
    path: Vec<Vec<u8>>,
    pub(crate) holds: bool,
}

impl Case {
    pub(crate) fn to_json(&self) -> String {
        let text = protocol::text::base64;
        let (at, first) = match self.kind {
            Kind::Inclusion => ("index", "leaf"),
            Kind::Consistency => ("old_size", "old_root"),
        };
        let path: Vec<String> = self.path.iter().map(|hash| text(hash)).collect();
        let (what, kind, size) = (self.what, self.kind.name(), self.size);
        json!({"what": what, "kind": kind, at: self.at, "size": size, first: text(&self.first),
            "root": text(&self.root), "path": path, "holds": self.holds})
        .to_string()
    }

    fn spoilt(&self, what: &'static str, change: impl FnOnce(&mut Self)) -> Self {
        let mut case = self.clone();
        change(&mut case);
        Self {
            what,
            holds: false,
            ..case
        }
    }
}

fn tree(size: u64) -> MemoryBackedTree<Sha256, String> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|index| tree.push(leaf(index)));
    tree
}

fn root(size: u64) -> Vec<u8> {
    tree(size).root().as_bytes().to_vec()
}

fn leaf_hash(text: &str) -> Vec<u8> {
    Sha256::new()
        .chain_update([0])
        .chain_update(text)
        .finalize()
        .to_vec()
}

/// 32 bytes that are the hash of nothing in any tree, the same each time.
fn foreign(salt: &str) -> Vec<u8> {
    Sha256::digest(format!("no node of a tree: {salt}")).to_vec()
}

fn hashes(proof: &[u8]) -> Vec<Vec<u8>> {
    proof.chunks(32).map(<[u8]>::to_vec).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, size) in INCLUSIONS {
        let proof = tree(size).prove_inclusion(usize::try_from(index).unwrap());
        let case = Case {
            what: "a valid proof",
            kind: Kind::Inclusion,
            at: index,
            size,
            first: leaf_hash(&leaf(index)),
            root: root(size),
            path: hashes(proof.as_bytes()),
            holds: true,
        };
        spoil(&case, &mut cases);
        cases.push(case);
    }
    for (old, size) in CONSISTENCIES {
        let proof = tree(size).prove_consistency(usize::try_from(size - old).unwrap());
        let case = Case {
            what: "a valid proof",
            kind: Kind::Consistency,
            at: old,
            size,
            first: root(old),
            root: root(size),
            path: hashes(proof.as_bytes()),
            holds: true,
        };
        spoil(&case, &mut cases);
        cases.push(case.spoilt("roots exchanged", |case| {
            std::mem::swap(&mut case.first, &mut case.root);
        }));
        cases.push(case);
    }
    edges(&mut cases);
    cases
}

/// Everything about one valid proof, spoilt in turn: numbers, hashes, and the path.
fn spoil(case: &Case, cases: &mut Vec<Case>) {
    let mut add = |what, change: &dyn Fn(&mut Case)| cases.push(case.spoilt(what, change));
    if case.at > 0 {
        add("index or older size less one", &|case| case.at -= 1);
    }
    add("index or older size and one", &|case| case.at += 1);
    add("index or older size with bit 1 turned", &|case| {
        case.at ^= 2
    });
    add("size doubled", &|case| case.size *= 2);
    add("size halved", &|case| case.size /= 2);
    add("another leaf or older root", &|case| {
        case.first = leaf_hash("no leaf")
    });
    add("a foreign leaf or older root", &|case| {
        case.first = foreign("first")
    });
    add("leaf or older root empty", &|case| case.first.clear());
    add("root of another tree", &|case| {
        case.root = root(case.size + 1)
    });
    add("a foreign root", &|case| case.root = foreign("odd"));
    add("root empty", &|case| case.root.clear());
    add("root and leaf or older root empty", &|case| {
        case.root.clear();
        case.first.clear();
    });
    add("31 bytes behind the path", &|case| {
        case.path.push(vec![7; 31])
    });
    add("31 bytes before the path", &|case| {
        case.path.insert(0, vec![7; 31])
    });
    add("a foreign hash behind the path", &|case| {
        case.path.push(foreign("path"))
    });
    add("a foreign hash before the path", &|case| {
        case.path.insert(0, foreign("path"))
    });
    add("root behind the path", &|case| {
        case.path.push(case.root.clone())
    });
    add("root before the path", &|case| {
        case.path.insert(0, case.root.clone())
    });
    add("leaf or older root behind the path", &|case| {
        case.path.push(case.first.clone())
    });
    add("leaf or older root before the path", &|case| {
        case.path.insert(0, case.first.clone())
    });
    spoil_path(case, cases);
}

fn spoil_path(case: &Case, cases: &mut Vec<Case>) {
    let mut add = |what, change: &dyn Fn(&mut Case)| cases.push(case.spoilt(what, change));
    let Some(last) = case.path.len().checked_sub(1) else {
        return;
    };
    add("path without its last hash", &|case| drop(case.path.pop()));
    add("path empty", &|case| case.path.clear());
    add("first hash of the path twice", &|case| {
        case.path.insert(0, case.path[0].clone())
    });
    for at in 0..=last.min(2) {
        add("one bit of the path turned", &|case| {
            case.path[at][at * 9] ^= 8
        });
    }
    if last > 0 {
        add("a hash of the path left out", &|case| {
            drop(case.path.remove(last / 2))
        });
        add("a hash put into the path", &|case| {
            case.path.insert(1, foreign("inside"))
        });
        add("path turned round", &|case| case.path.reverse());
    }
}

/// Sizes that are equal, zero, or the wrong way round: kind, index or older size, size, leaf or older root,
/// root, path, whether it holds, and what it is. `one` and `two` are roots of logs of that many leaves.
const EDGES: &str = "\
inclusion 0 1 one one - true a log of one leaf, whose root is the leaf
inclusion 0 0 one nothing - false a leaf in a log of nothing
inclusion 0 0 one one - false a leaf of a log of nothing that is its root
inclusion 2 2 two two - false an index at the size
inclusion 18446744073709551615 2 one two extra false an index far behind the size
consistency 2 2 two two - true equal sizes and roots
consistency 1 1 one one - true equal sizes of one, equal roots
consistency 2 2 two odd - false equal sizes, other roots
consistency 1 1 one odd - false equal sizes of one, other roots
consistency 2 2 two two extra false equal sizes and a path
consistency 1 2 one two - false unequal sizes without a path
consistency 2 1 two one - false an older log that is longer
consistency 2 1 two one extra false an older log that is longer, with a path
consistency 0 2 nothing two - false from a log of nothing, which proves nothing
consistency 0 2 nothing two extra false from a log of nothing, with a path
consistency 0 0 nothing odd - false both logs of nothing, other roots
consistency 0 0 nothing nothing extra false both logs of nothing, and a path
consistency 0 0 nothing nothing - false both logs of nothing";

fn edges(cases: &mut Vec<Case>) {
    let hash = |name: &str| match name {
        "one" => root(1),
        "two" => root(2),
        "nothing" => Sha256::digest([]).to_vec(),
        name => foreign(name),
    };
    for line in EDGES.lines() {
        let words: Vec<&'static str> = line.splitn(8, ' ').collect();
        let &[kind, at, size, first, root, path, holds, what] = words.as_slice() else {
            panic!("{line}");
        };
        let kinds = [Kind::Inclusion, Kind::Consistency];
        cases.push(Case {
            what,
            kind: kinds.into_iter().find(|one| one.name() == kind).unwrap(),
            at: at.parse().unwrap(),
            size: size.parse().unwrap(),
            first: hash(first),
            root: hash(root),
            path: (path != "-").then(|| foreign("path")).into_iter().collect(),
            holds: holds == "true",
        });
    }
}

/// What `ct-merkle` says of a case, or `None` if its types cannot hold it: hashes of another length, the hash
/// of a leaf whose text nobody knows.
pub(crate) fn oracle(case: &Case) -> Option<bool> {
    let hash = |bytes: &Vec<u8>| Output::<Sha256>::try_from(bytes.as_slice()).ok();
    let root = RootHash::<Sha256>::new(hash(&case.root)?, case.size);
    let path = case.path.iter().map(hash).collect::<Option<Vec<_>>>()?;
    match case.kind {
        Kind::Inclusion => {
            let mut known = (0..140).map(leaf).chain(["no leaf".to_owned()]);
            let text = known.find(|text| leaf_hash(text) == case.first)?;
            let proof = InclusionProof::<Sha256>::from_digests(&path);
            Some(root.verify_inclusion(&text, case.at, &proof).is_ok())
        }
        Kind::Consistency => {
            let proof = ConsistencyProof::<Sha256>::from_digests(&path);
            let older = RootHash::<Sha256>::new(hash(&case.first)?, case.at);
            Some(root.verify_consistency(&older, &proof).is_ok())
        }
    }
}
