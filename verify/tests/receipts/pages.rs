//! Histories that come in pages: joined they are judged as the whole is, and no page that is missing,
//! moved, doubled, foreign or changed goes unnoticed.

use protocol::{entry::Operation, history::History};
use verify::{
    Judgement,
    history::{HistoryFacts, judge, judge_pages},
    verdict::Verdict,
};

use super::{
    ORIGIN,
    world::{DOCUMENT, OTHER_DOCUMENT, World, key_of, registry},
};

const ID: &str = "TSH-12";

/// A record with nine versions, among others.
fn lived() -> World {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    world.act(Operation::Register, ID);
    for round in 0..4 {
        let document = if round % 2 == 0 {
            &OTHER_DOCUMENT
        } else {
            &DOCUMENT
        };
        world.act_on(Operation::Amend, ID, document, true);
        world.act_on(Operation::Amend, "TSH-1", document, true);
        world.act(Operation::Correct, ID);
    }
    world
}

/// The versions of a history in pages of `length`.
fn split(whole: &History, length: usize) -> Vec<History> {
    let (state, versions) = whole.record.clone().unwrap();
    let pages = versions.chunks(length).map(|shown| History {
        from: shown.first().map(|entry| entry.statement.version),
        record: Some((state.clone(), shown.to_vec())),
        ..whole.clone()
    });
    pages.collect()
}

fn judged(world: &World, pages: &[History]) -> Judgement<HistoryFacts> {
    let pages: Vec<String> = pages.iter().map(History::write).collect();
    judge_pages(&world.trust(), &pages, &registry(), &key_of(ID))
}

fn refused(world: &World, pages: &[History], what: &str) -> Verdict {
    let judgement = judged(world, pages);
    assert!(judgement.facts.is_none(), "{what}: facts");
    assert!(judgement.steps.iter().any(|step| !step.is_ok()), "{what}");
    judgement.verdict
}

#[test]
fn pages_are_written_back_as_they_were_read() {
    let world = lived();
    for page in split(&world.history(ID), 2) {
        let text = page.write();
        assert!(text.starts_with("muhr-history-page/v1\n"));
        assert!(History::is_page(text.as_bytes()));
        assert_eq!(History::parse(text.as_bytes()).unwrap(), page);
        // A checkpoint is kept as it came; what stands in it is judged later.
        let judged = text.find("--- checkpoint\n").unwrap();
        for cut in 0..judged {
            assert!(
                History::parse(&text.as_bytes()[..cut]).is_err(),
                "cut at {cut}"
            );
        }
    }
    let empty = History {
        record: split(&world.history(ID), 2)[0]
            .record
            .clone()
            .map(|(state, _)| (state, Vec::new())),
        ..split(&world.history(ID), 2)[0].clone()
    };
    assert!(History::parse(empty.write().as_bytes()).is_err());
}

#[test]
fn pages_of_any_length_prove_what_the_whole_proves() {
    let world = lived();
    let whole = world.history(ID);
    let one = judge(
        &world.trust(),
        whole.write().as_bytes(),
        &registry(),
        &key_of(ID),
    );
    assert_eq!(one.verdict, Verdict::Authentic);
    for length in 1..=10 {
        let joined = judged(&world, &split(&whole, length));
        assert_eq!(joined.verdict, one.verdict, "pages of {length}");
        assert_eq!(joined.facts, one.facts, "pages of {length}");
    }
}

/// The log grows between two pages: the later ones are proven under newer checkpoints, and the verdict is
/// as of the first.
#[test]
fn pages_may_come_from_different_moments() {
    let mut world = lived();
    let first = split(&world.history(ID), 4).remove(0);
    let size = world.size();
    world.act(Operation::Suspend, ID);
    world.act(Operation::Register, "TSH-3");
    let later = world.history(ID);
    let (state, versions) = later.record.clone().unwrap();
    let below = &versions[5..];
    let mut second = History {
        from: Some(below[0].statement.version),
        record: Some((state, below.to_vec())),
        ..later
    };
    let joined = judged(&world, &[first.clone(), second.clone()]);
    assert_eq!(joined.verdict, Verdict::Authentic, "{:?}", joined.steps);
    let facts = joined.facts.unwrap();
    assert_eq!((facts.versions.len(), facts.size.get()), (9, size));
    // A page that is proven by nothing is worth nothing.
    second.checkpoint = world.note(&[0]);
    let verdict = refused(&world, &[first, second], "without a quorum");
    assert_ne!(verdict, Verdict::Authentic);
}

#[test]
fn a_page_alone_is_a_part_and_says_so() {
    let world = lived();
    for (number, page) in split(&world.history(ID), 3).iter().enumerate() {
        let verdict = refused(&world, std::slice::from_ref(page), "alone");
        assert_eq!(verdict, Verdict::CannotDecide, "page {number}");
    }
}

#[test]
fn a_page_that_is_missing_moved_doubled_or_foreign_is_noticed() {
    let world = lived();
    let pages = split(&world.history(ID), 2);
    let count = pages.len();
    for at in 0..count {
        let mut without = pages.clone();
        without.remove(at);
        refused(&world, &without, &format!("without page {at}"));
        refused(&world, &pages[..at], &format!("the first {at}"));
        let mut twice = pages.clone();
        twice.insert(at, pages[at].clone());
        refused(&world, &twice, &format!("page {at} twice"));
        for other in 0..at {
            let mut swapped = pages.clone();
            swapped.swap(at, other);
            refused(&world, &swapped, &format!("{at} and {other}"));
        }
        let mut foreign = pages.clone();
        foreign[at] = split(&world.history("TSH-1"), 2)[at.min(1)].clone();
        refused(&world, &foreign, &format!("another record's as page {at}"));
    }
}

#[test]
fn a_version_that_is_changed_within_a_page_is_noticed() {
    let world = lived();
    let pages = split(&world.history(ID), 3);
    for at in 0..pages.len() {
        let spoilt = |change: &dyn Fn(&mut Vec<protocol::entry::Entry>)| {
            let mut spoilt = pages.clone();
            change(&mut spoilt[at].record.as_mut().unwrap().1);
            refused(&world, &spoilt, &format!("page {at}"))
        };
        spoilt(&|versions| versions.swap(1, 2));
        spoilt(&|versions| drop(versions.pop()));
        spoilt(&|versions| drop(versions.remove(1)));
        spoilt(&|versions| versions.insert(1, versions[1].clone()));
        let nobody = |pages: &mut Vec<History>| pages[at].clerks.clear();
        let mut unproven = pages.clone();
        nobody(&mut unproven);
        refused(&world, &unproven, "no author is proven");
        let mut renumbered = pages.clone();
        let from = renumbered[at].from.unwrap();
        renumbered[at].from = Some(from.next());
        refused(&world, &renumbered, "another number of the first version");
    }
}

#[test]
fn an_absence_has_one_page() {
    let world = lived();
    let absent = world.history("TSH-99");
    let text = absent.write();
    let pages = [text.clone(), text];
    let judgement = judge_pages(&world.trust(), &pages, &registry(), &key_of("TSH-99"));
    assert_eq!(judgement.verdict, Verdict::ProofBroken);
    let none: [&[u8]; 0] = [];
    let judgement = judge_pages(&world.trust(), &none, &registry(), &key_of("TSH-99"));
    assert_ne!(judgement.verdict, Verdict::NotFound);
}
