//! Receipts of one batch judged together: never another answer than each of them has alone, whatever a node bends and
//! whatever a quorum let pass.

use protocol::{
    batch::BatchStatement,
    batch_receipts::BatchReceipts,
    entry::{Authorship, Entry, EntryRef, Operation, Statement},
    hash::{IndexKey, LeafHash},
    height::{Height, LeafIndex, LogSize, TimeMs, Version},
    index::{bit, multiproof::Multiproof},
    merkle,
    name::ClerkName,
    opening::{Content, Opening},
    policy::TrustPolicy,
    receipt::Receipt,
    state::{RecordState, RecordStatus},
};
use verify::{
    receipt::{ProvenBatch, judge_read},
    verified_cache::VerifiedCache,
};

use super::{
    ORIGIN,
    world::{DOCUMENT, Leaf, OTHER_DOCUMENT, World, clerk_name, key_of, registry},
};

const IDS: [&str; 5] = ["TSH-1", "TSH-2", "TSH-3", "TSH-4", "TSH-5"];

/// The batch receipts of a world's batch, made from its receipts one by one.
fn gathered(world: &World, batch: u64) -> (BatchReceipts, Vec<Receipt>) {
    let singles: Vec<Receipt> = (batch + 1..=batch + 5)
        .map(|at| world.receipt(at))
        .collect();
    let first = &singles[0];
    let proof = first.batch.clone().unwrap();
    let range = BatchReceipts::range(&proof.leaf, proof.index, LogSize::new(world.size()));
    let mut keyed: Vec<(IndexKey, usize)> = (0..)
        .zip(&singles)
        .map(|(number, one)| {
            let statement = &one.entry.statement;
            let key = RecordState::index_key(&statement.registry, &statement.key);
            (key, number)
        })
        .collect();
    keyed.sort_unstable();
    let mut multiproof = Multiproof {
        depths: Vec::new(),
        siblings: Vec::new(),
    };
    fold(&keyed, &singles, None, 0, &mut multiproof);
    let shared = BatchReceipts {
        clerk: first.clerk.clone(),
        clerk_proof: first.clerk_proof.clone(),
        batch: proof.leaf,
        index: proof.index,
        registries: first.registry.iter().cloned().collect(),
        block: first.block.clone(),
        head: first.head.clone(),
        records: singles.iter().map(|one| one.record.clone()).collect(),
        proof: multiproof,
        range_path: range
            .proof_nodes()
            .into_iter()
            .map(|(level, at)| world.node(level, at))
            .collect(),
        checkpoint: first.proof.checkpoint.clone(),
    };
    (shared, singles)
}

/// Adds to the multiproof what lies below one node; `sibling` is the node's hash, where that has none of the keys.
fn fold(
    keys: &[(IndexKey, usize)],
    singles: &[Receipt],
    sibling: Option<[u8; 32]>,
    depth: usize,
    to: &mut Multiproof,
) {
    let path = |(_, number): &(IndexKey, usize)| &singles[*number].record_proof.siblings;
    match keys {
        [] => to.siblings.push(sibling.unwrap()),
        [one] if path(one).len() == depth => to.depths.push(u16::try_from(depth).unwrap()),
        [one, ..] => {
            let beside = Some(path(one)[depth]);
            let (left, right) = keys.split_at(keys.partition_point(|(key, _)| !bit(key, depth)));
            fold(left, singles, beside, depth + 1, to);
            fold(right, singles, beside, depth + 1, to);
        }
    }
}

/// What is said of a batch together, and of each of its receipts alone: whether all prove their entries, and whether
/// they still do with these openings.
fn both_ways(
    trust: &TrustPolicy,
    shared: &BatchReceipts,
    entries: &[Entry],
    openings: &[Opening],
) -> [Option<(bool, bool)>; 2] {
    let unfolded = shared.unfold(entries);
    let together = unfolded.as_ref().map(|unfolded| {
        let proven = ProvenBatch::judge(trust, unfolded);
        let opens = proven.as_ref().is_some_and(|proven| {
            let mut numbered = openings.iter().enumerate();
            numbered.all(|(number, opening)| proven.opens(number, opening))
        });
        (proven.is_some(), opens)
    });
    let memory = VerifiedCache::new(trust);
    let alone = shared.receipts(entries).map(|receipts| {
        let receipts: Vec<Receipt> = receipts.collect();
        let all = receipts.len() == entries.len();
        let proves = |receipt: &Receipt| judge_read(&memory, receipt, None).proves_entry();
        let bare = all && receipts.iter().all(proves);
        let opened = receipts
            .into_iter()
            .zip(openings)
            .all(|(mut receipt, opening)| {
                receipt.opening = Some(opening.clone());
                proves(&receipt)
            });
        (bare, all && opened)
    });
    [together, alone]
}

/// Compares both, and gives what they say; none where there is nothing to judge.
fn judged(
    trust: &TrustPolicy,
    shared: &BatchReceipts,
    entries: &[Entry],
    openings: &[Opening],
    what: &str,
) -> (bool, bool) {
    let [together, alone] = both_ways(trust, shared, entries, openings);
    // Where no receipts can be made, nothing is proven.
    let together = together.unwrap_or_default();
    assert_eq!(together, alone.unwrap_or_default(), "{what}");
    together
}

struct Honest {
    world: World,
    shared: BatchReceipts,
    singles: Vec<Receipt>,
}

impl Honest {
    fn new(later: bool) -> Self {
        let mut world = World::new(ORIGIN);
        world.act(Operation::Register, "TSH-0");
        let batch = world.batch(&IDS);
        if later {
            world.set_policy(&registry(), "2 0 none ever");
            world.act(Operation::Register, "TSH-6");
        }
        let (shared, singles) = gathered(&world, batch);
        Self {
            world,
            shared,
            singles,
        }
    }

    fn entries(&self) -> Vec<Entry> {
        self.singles.iter().map(|one| one.entry.clone()).collect()
    }

    fn openings(&self) -> Vec<Opening> {
        let openings = self.singles.iter().map(|one| one.opening.clone());
        openings.map(Option::unwrap).collect()
    }
}

#[test]
fn an_honest_batch_is_proven_and_is_that_of_its_receipts() {
    for later in [false, true] {
        let honest = Honest::new(later);
        let (entries, openings) = (honest.entries(), honest.openings());
        let made: Vec<Receipt> = honest.shared.receipts(&entries).unwrap().collect();
        let unfolded = honest.shared.unfold(&entries).unwrap();
        for (number, single) in honest.singles.iter().enumerate() {
            let bare = Receipt {
                opening: None,
                ..single.clone()
            };
            assert_eq!(made[number], bare);
            assert_eq!(unfolded.receipt(number).unwrap(), bare);
        }
        assert!(unfolded.receipt(5).is_none());
        let trust = honest.world.trust();
        let said = judged(&trust, &honest.shared, &entries, &openings, "honest");
        assert_eq!(said, (true, true));
        let proven = ProvenBatch::judge(&trust, &unfolded).unwrap();
        assert!(!proven.opens(5, &openings[0]), "there is no sixth");
    }
}

/// A node that bends any byte of what it gives.
#[test]
fn no_byte_of_batch_receipts_can_be_another() {
    for later in [false, true] {
        let honest = Honest::new(later);
        let (trust, entries, openings) =
            (honest.world.trust(), honest.entries(), honest.openings());
        let text = honest.shared.write().into_bytes();
        let mut read = 0;
        for at in 0..text.len() {
            for bit in [1, 2] {
                let mut bent = text.clone();
                bent[at] ^= bit;
                let Ok(bent) = BatchReceipts::parse(&bent) else {
                    continue;
                };
                read += 1;
                let what = format!("byte {at}");
                let (proves, _) = judged(&trust, &bent, &entries, &openings, &what);
                // Lines of the note that are nobody's may differ, and a registry that is no entry's is not shown.
                let is_shown = |bent: &BatchReceipts| {
                    let mut shown = bent.registries.iter();
                    shown.any(|shown| shown.state.name == registry())
                };
                let is_same = bent.checkpoint == honest.shared.checkpoint;
                let all = is_shown(&bent) == is_shown(&honest.shared);
                assert!(!(proves && is_same && all), "{what}");
            }
        }
        println!("{read} of {} bent texts were read", 2 * text.len());
        assert!(read > 500);
    }
}

/// A node that gives another number of things, or those of others.
#[test]
fn nothing_of_batch_receipts_can_be_left_out_or_be_of_others() {
    let honest = Honest::new(true);
    let other = Honest::new(false);
    let (trust, entries, openings) = (honest.world.trust(), honest.entries(), honest.openings());
    type Bend<'a> = &'a dyn Fn(&mut BatchReceipts);
    let bends: [(&str, Bend<'_>); 13] = [
        ("a sibling less", &|to| to.proof.siblings.truncate(1)),
        ("a sibling more", &|to| to.proof.siblings.push([0; 32])),
        ("a depth more", &|to| to.proof.depths[2] += 1),
        ("a depth of nothing", &|to| to.proof.depths[0] = 0),
        ("depths of others", &|to| to.proof.depths.rotate_left(1)),
        ("a path less", &|to| to.range_path.truncate(1)),
        ("no path", &|to| to.range_path.clear()),
        ("records of others", &|to| to.records.swap(0, 1)),
        ("no head", &|to| to.head = None),
        ("another block", &|to| to.block = to.head.clone().unwrap()),
        ("another index", &|to| {
            to.index = LeafIndex::new(to.index.get() + 1)
        }),
        ("another size", &|to| {
            to.checkpoint = other.shared.checkpoint.clone()
        }),
        ("a policy that is none", &|to| {
            to.registries[0].state.policy = None;
        }),
    ];
    for (what, bend) in bends {
        let mut bent = honest.shared.clone();
        bend(&mut bent);
        let said = judged(&trust, &bent, &entries, &openings, what);
        assert_eq!(said, (false, false), "{what}");
    }
    // What a receipt need not show may be left out of all of them.
    let mut bare = honest.shared.clone();
    bare.registries.clear();
    assert_eq!(
        judged(&trust, &bare, &entries, &openings, "bare"),
        (true, true)
    );
    // Entries that are not those of the batch.
    let mut swapped = entries.clone();
    swapped.swap(1, 3);
    let mut signed = entries.clone();
    signed[4] = honest.world.sign(entries[4].statement.clone());
    for (what, entries) in [("swapped", swapped), ("signed alone", signed)] {
        let said = judged(&trust, &honest.shared, &entries, &openings, what);
        assert_eq!(said, (false, false), "{what}");
    }
    // Openings of others, and one that shows something else.
    let mut swapped = openings.clone();
    swapped.swap(0, 4);
    let mut altered = openings.clone();
    if let Some(Content::Document { document, .. }) = &mut altered[3].content {
        *document = OTHER_DOCUMENT;
    }
    let mut renamed = openings.clone();
    renamed[2].record = openings[1].record.clone();
    for (what, openings) in [
        ("of others", swapped),
        ("altered", altered),
        ("renamed", renamed),
    ] {
        let said = judged(&trust, &honest.shared, &entries, &openings, what);
        assert_eq!(said, (true, false), "{what}");
    }
}

/// What a quorum recorded against its own rules: every proof leads to its root, and one of five tells no story.
#[test]
fn what_is_wrong_with_one_entry_is_seen_among_others() {
    let stranger = ClerkName::parse("qurilish/bobur").unwrap();
    let nowhere = EntryRef {
        index: LeafIndex::new(0),
        hash: LeafHash::new([7; 32]),
        height: Height::new(0),
        time: TimeMs::new(1),
    };
    type Bend<'a> = &'a dyn Fn(&mut Statement);
    let statements: [(&str, bool, Bend<'_>); 6] = [
        ("nothing", true, &|_| {}),
        ("version", false, &|to| to.version = Version::new(2)),
        ("operation", false, &|to| to.operation = Operation::Amend),
        ("previous", false, &|to| to.previous = Some(nowhere)),
        ("author", false, &|to| to.author = stranger.clone()),
        ("suspends", false, &|to| to.operation = Operation::Suspend),
    ];
    type Turn<'a> = &'a dyn Fn(&mut RecordState);
    let records: [(&str, bool, Turn<'_>); 7] = [
        ("status", true, &|to| to.status = RecordStatus::Revoked),
        ("later", false, &|to| to.version = Version::new(2)),
        ("content", false, &|to| to.content = Version::new(2)),
        ("place", false, &|to| to.index = LeafIndex::new(1)),
        ("hash", false, &|to| to.hash = LeafHash::new([1; 32])),
        ("height", false, &|to| to.height = Height::new(9)),
        ("time", false, &|to| to.time = TimeMs::new(9)),
    ];
    for wrong in 0..5 {
        for (what, holds, bend) in statements {
            let world = world_of(wrong, bend, |_| {}, 6);
            assert_eq!(said(&world, what), (holds, holds), "{what} of {wrong}");
        }
        for (what, is_told, turn) in records {
            let world = world_of(wrong, &|_| {}, turn, 6);
            // A revoked record that was never revoked is no story either.
            let holds = is_told && what != "status";
            assert_eq!(said(&world, what), (holds, holds), "{what} of {wrong}");
        }
    }
    // A block that counts fewer entries as its own.
    for count in 1..6 {
        let world = world_of(0, &|_| {}, |_| {}, count);
        assert_eq!(said(&world, "count"), (false, false), "{count}");
    }
}

/// A world with a batch of which one statement and one record are bent before it is signed and sealed.
fn world_of(
    wrong: usize,
    bend: &dyn Fn(&mut Statement),
    turn: impl Fn(&mut RecordState),
    count: u64,
) -> (World, u64) {
    let mut world = World::new(ORIGIN);
    let mut entries: Vec<Entry> = IDS
        .iter()
        .map(|id| Entry {
            statement: world.statement(Operation::Register, id, &DOCUMENT, false),
            authorship: Authorship::Batched,
        })
        .collect();
    bend(&mut entries[wrong].statement);
    let texts: Vec<String> = entries.iter().map(Entry::write).collect();
    let batch = world.sign_batch(BatchStatement {
        author: clerk_name(),
        count: 5,
        root: merkle::root_of(texts.iter().map(String::as_bytes)),
        expires: Height::new(1000),
    });
    let at = world.size();
    let mut leaves = vec![(batch.write(), Leaf::Batch(batch))];
    let entries = entries.into_iter().map(Leaf::Entry);
    leaves.extend(texts.into_iter().zip(entries));
    world.turned_block(leaves, count, |world| {
        let mut state = world.state_of(IDS[wrong]);
        turn(&mut state);
        world.set_record(&key_of(IDS[wrong]), state);
    });
    (world, at)
}

fn said((world, batch): &(World, u64), what: &str) -> (bool, bool) {
    let (shared, singles) = gathered(world, *batch);
    let entries: Vec<Entry> = singles.iter().map(|one| one.entry.clone()).collect();
    let openings = singles.iter().map(|one| one.opening.clone());
    let openings: Vec<Opening> = openings.map(Option::unwrap).collect();
    judged(&world.trust(), &shared, &entries, &openings, what)
}
