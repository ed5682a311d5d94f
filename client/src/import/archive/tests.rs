//! An archive as a run writes it, as a kill leaves it, and as somebody may have spoilt it.

use protocol::{
    batch_receipts::BatchReceipts,
    entry::Entry,
    height::LeafIndex,
    index::{bit, multiproof::Multiproof},
    opening::Opening,
    receipt::{self, Receipt},
    state::RecordState,
};

use super::*;

fn key(of: u8) -> RecordKey {
    RecordKey::new([of; 32])
}

#[test]
fn receipts_are_found_with_the_index_and_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.archive");
    let archive = Archive::open(&path).unwrap();
    for of in [7, 3, 9, 1, 5] {
        archive
            .keep(key(of), &vec![of; usize::from(of) * 100])
            .unwrap();
    }
    archive.keep(key(3), b"newer").unwrap();
    archive.finish().unwrap();
    drop(archive);
    let whole = std::fs::read(&path).unwrap();
    let look = || {
        for of in 0..=10 {
            let wanted = match of {
                3 => Some(b"newer".to_vec()),
                1 | 5 | 7 | 9 => Some(vec![of; usize::from(of) * 100]),
                _ => None,
            };
            assert_eq!(extract(&path, &key(of)).unwrap(), wanted, "{of}");
        }
    };
    look();
    // In the order in which they were kept, older ones too.
    let all = || {
        let found = contents(&path).unwrap().receipts.into_iter();
        let first = found.map(|found| take(&path, found.place).unwrap()[0]);
        first.collect::<Vec<_>>()
    };
    assert_eq!(all(), [7, 3, 9, 1, 5, b'n']);
    // The index is cut off at any byte: what is found does not change.
    let start = whole.len() - usize::try_from(5 * LINE_BYTES + LAST_BYTES).unwrap();
    for cut in [start, start + 1, start + 50, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        look();
        assert_eq!(all().len(), 6);
    }
    // A receipt is cut: it alone is gone, and can be written again.
    std::fs::write(&path, &whole[..start - 1]).unwrap();
    assert_eq!(extract(&path, &key(9)).unwrap(), Some(vec![9; 900]));
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.find(&key(3)), Some(vec![3; 300]));
    archive.keep(key(3), b"newer").unwrap();
    archive.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    // Opened and finished once more, it is the same file.
    Archive::open(&path).unwrap().finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[test]
fn what_is_no_archive_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"somebody's letter, longer than the head").unwrap();
    assert!(Archive::open(&path).is_err());
    assert!(extract(&path, &key(1)).is_err());
    assert!(std::fs::read(&path).unwrap().starts_with(b"somebody"));
    // A last line that lies about the index is not followed.
    let lie = format!("muhr-archive/v1\nindex {:016} {:016}\n", 16, u64::MAX / 100);
    std::fs::write(&path, lie).unwrap();
    assert_eq!(extract(&path, &key(1)).unwrap(), None);
}

/// Two entries of the corpus as if they were a batch: nothing in an archive is believed, so that nothing need hold.
struct Two {
    shared: BatchReceipts,
    entries: Vec<Entry>,
    openings: Vec<Opening>,
}

impl Two {
    fn of(names: [&str; 2]) -> Self {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let read = |name: &str| {
            let bytes = std::fs::read(root.join("../corpus/cases").join(name)).unwrap();
            Receipt::parse(&bytes).unwrap()
        };
        let receipts = names.map(read);
        let keys = receipts.each_ref().map(|receipt| {
            let statement = &receipt.entry.statement;
            RecordState::index_key(&statement.registry, &statement.key)
        });
        let shares = |depth: &usize| bit(&keys[0], *depth) == bit(&keys[1], *depth);
        let alike = (0..256).take_while(shares).count();
        let first = receipts[0].clone();
        let batch = first.batch.unwrap();
        let mut leaf = batch.leaf;
        leaf.statement.count = 2;
        let checkpoint = first.proof.checkpoint;
        let note = protocol::note::SignedNote::parse(&checkpoint).unwrap();
        let size = protocol::checkpoint::Checkpoint::parse(&note.text)
            .unwrap()
            .size;
        let index = LeafIndex::new(1);
        let nodes = BatchReceipts::range(&leaf, index, size).proof_nodes();
        let shared = BatchReceipts {
            clerk: first.clerk,
            clerk_proof: first.clerk_proof,
            batch: leaf,
            index,
            registries: first.registry.into_iter().collect(),
            block: first.block,
            head: first.head,
            records: receipts.each_ref().map(|one| one.record.clone()).into(),
            proof: Multiproof {
                depths: vec![u16::try_from(alike + 1).unwrap(); 2],
                siblings: vec![[4; 32]; alike],
            },
            range_path: vec![[5; 32]; nodes.len()],
            checkpoint,
        };
        Self {
            shared,
            entries: receipts.each_ref().map(|one| one.entry.clone()).into(),
            openings: receipts.map(|one| one.opening.unwrap()).into(),
        }
    }

    fn keep(&self, archive: &Archive) {
        let heads: Vec<String> = { self.entries.iter().zip(&self.openings) }
            .map(|(entry, opening)| {
                let mut head = String::new();
                let _entry = receipt::write_head(&mut head, &entry.write(), Some(opening));
                head
            })
            .collect();
        let keys = self.entries.iter().map(|entry| entry.statement.key);
        let rows = keys.zip(heads.iter().map(String::as_bytes));
        archive
            .keep_batch(self.shared.write().as_bytes(), rows)
            .unwrap();
    }

    /// The receipts as they are given one by one.
    fn receipts(&self) -> Vec<(RecordKey, Vec<u8>)> {
        let receipts = self.shared.receipts(&self.entries).unwrap();
        { receipts.zip(&self.openings) }
            .map(|(mut receipt, opening)| {
                receipt.opening = Some(opening.clone());
                (receipt.entry.statement.key, receipt.write().into_bytes())
            })
            .collect()
    }
}

/// An archive with two batches and receipts between them, and each of its records with the receipt that is the newest.
fn mixed(path: &Path) -> Vec<(RecordKey, Vec<u8>)> {
    let one = Two::of(["batch-1.receipt", "batch-2.receipt"]);
    let other = Two::of(["batch-3.receipt", "batch-4.receipt"]);
    let archive = Archive::open(path).unwrap();
    let [first, last] = [1, 2].map(|of| (key(of), vec![of; 700]));
    archive.keep(first.0, &first.1).unwrap();
    one.keep(&archive);
    let (again, _) = one.receipts().remove(1);
    archive
        .keep(again, b"newer than that of its batch")
        .unwrap();
    other.keep(&archive);
    archive.keep(last.0, &last.1).unwrap();
    archive.finish().unwrap();
    let mut kept = vec![
        first,
        last,
        (again, b"newer than that of its batch".to_vec()),
    ];
    kept.push(one.receipts().remove(0));
    kept.extend(other.receipts());
    kept
}

#[test]
fn receipts_of_a_batch_are_those_that_are_given_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.archive");
    let kept = mixed(&path);
    let whole = std::fs::read(&path).unwrap();
    let start = whole.len() - usize::try_from(6 * LINE_BYTES + LAST_BYTES).unwrap();
    for bytes in [&whole[..], &whole[..start]] {
        std::fs::write(&path, bytes).unwrap();
        for (key, receipt) in &kept {
            assert_eq!(extract(&path, key).unwrap().as_ref(), Some(receipt));
        }
        assert_eq!(extract(&path, &key(9)).unwrap(), None);
    }
    let archive = Archive::open(&path).unwrap();
    for (key, receipt) in kept.iter().chain(kept.iter().rev()) {
        assert!(archive.holds(key));
        assert_eq!(archive.find(key).as_ref(), Some(receipt));
    }
    assert!(!archive.holds(&key(9)) && archive.find(&key(9)).is_none());
    drop(archive);
    // Whoever looks only for what is in the records finds it without making the receipts.
    let found = contents(&path).unwrap();
    assert!(!found.torn);
    assert_eq!(found.receipts.len(), 7);
    for found in found.receipts.iter().filter(|found| found.batch.is_some()) {
        let (entry, opening) = receipt::shown(&take(&path, found.place).unwrap()).unwrap();
        assert_eq!(entry.statement.key, found.key);
        assert!(opening.is_some());
    }
}

/// A kill may cut the file anywhere: what was whole is found, and what was not can be added again.
#[test]
fn an_archive_that_is_cut_anywhere_holds_what_was_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.archive");
    let kept = mixed(&path);
    let whole = std::fs::read(&path).unwrap();
    let all = contents(&path).unwrap();
    let ends: Vec<u64> = { all.receipts.iter().enumerate() }
        .map(|(at, found)| {
            // A row is whole where its batch is, of which it is the first or the second.
            let next = all
                .receipts
                .get(at + 1)
                .filter(|next| next.batch == found.batch);
            let last = next.filter(|next| next.batch.is_some()).unwrap_or(found);
            last.place.0 + last.place.1 as u64
        })
        .collect();
    for cut in (HEAD.len()..whole.len()).step_by(5) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let cut = cut as u64;
        let there = ends.iter().filter(|end| **end <= cut).count();
        let found = contents(&path).unwrap();
        assert_eq!(found.receipts.len(), there, "cut at {cut}");
        if cut.is_multiple_of(9) {
            let archive = Archive::open(&path).unwrap();
            let is_there = |key: &RecordKey| found.receipts.iter().any(|one| one.key == *key);
            for (key, _) in &kept {
                assert_eq!(archive.holds(key), is_there(key));
                assert_eq!(archive.find(key).is_some(), is_there(key));
            }
        }
    }
    let cut = usize::try_from(ends[1]).unwrap() - 1;
    std::fs::write(&path, &whole[..cut]).unwrap();
    assert!(contents(&path).unwrap().torn);
    mixed(&path);
    for (key, receipt) in &kept {
        assert_eq!(extract(&path, key).unwrap().as_ref(), Some(receipt));
    }
}

#[test]
fn an_archive_whose_bytes_are_others_gives_no_receipt_as_that_of_another_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.archive");
    let kept = mixed(&path);
    let whole = std::fs::read(&path).unwrap();
    for at in (HEAD.len()..whole.len()).step_by(13) {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1;
        std::fs::write(&path, &spoilt).unwrap();
        for (key, _) in &kept {
            // A damaged batch is said to be one, and what is no receipt is judged as what it is.
            let Ok(Some(found)) = extract(&path, key) else {
                continue;
            };
            if let Ok(read) = Receipt::parse(&found) {
                assert_eq!(read.entry.statement.key, *key, "byte {at}");
            }
        }
    }
}

#[test]
fn an_archive_of_version_1_is_read_and_goes_on_as_one_of_version_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipts.archive");
    let mut old = HEAD_V1.to_vec();
    let (mut start, mut index) = (0, String::new());
    for of in [7, 3] {
        old.extend(format!("receipt {} 40\n", key(of).to_hex()).into_bytes());
        start = old.len();
        old.extend([of; 40]);
        index = format!("{} {start:016} {:08}\n", key(of).to_hex(), 40) + &index;
    }
    assert!(start > 0);
    let end = old.len();
    old.extend(format!("{index}index {end:016} {:016}\n", 2).into_bytes());
    std::fs::write(&path, &old).unwrap();
    let look = || {
        for of in [3, 7] {
            assert_eq!(extract(&path, &key(of)).unwrap(), Some(vec![of; 40]));
        }
        assert_eq!(extract(&path, &key(5)).unwrap(), None);
    };
    look();
    assert_eq!(contents(&path).unwrap().receipts.len(), 2);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        old,
        "reading changes nothing"
    );
    let two = Two::of(["batch-1.receipt", "batch-2.receipt"]);
    let archive = Archive::open(&path).unwrap();
    two.keep(&archive);
    archive.finish().unwrap();
    look();
    for (key, receipt) in two.receipts() {
        assert_eq!(extract(&path, &key).unwrap(), Some(receipt));
    }
    assert!(std::fs::read(&path).unwrap().starts_with(HEAD));
    // A batch in an archive that says that it is of version 1 is none.
    let mut turned = std::fs::read(&path).unwrap();
    turned[..HEAD_V1.len()].copy_from_slice(HEAD_V1);
    std::fs::write(&path, &turned).unwrap();
    assert_eq!(contents(&path).unwrap().receipts.len(), 2);
}
