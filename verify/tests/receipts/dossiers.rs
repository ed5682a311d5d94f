//! Verdicts on dossiers: what is missing, too far, too old or in a circle; and that no forgery has an end
//! of its own.

use protocol::{
    dossier::Dossier,
    entry::{Operation, Reference},
    height::Version,
    receipt::Receipt,
};
use verify::{
    dossier::{Member, judge, verdict},
    verdict::Verdict,
};

use super::{
    ORIGIN,
    world::{DOCUMENT, Leaf, OTHER_DOCUMENT, World, key_of, registry},
};

fn version(id: &str, version: u64) -> Reference {
    Reference {
        registry: registry(),
        key: key_of(id),
        version: Version::new(version),
    }
}

/// A block with one entry that rests on these; gives its leaf index.
fn rests(world: &mut World, operation: Operation, id: &str, on: &[(&str, u64)]) -> u64 {
    let mut statement = world.statement(operation, id, &DOCUMENT, false);
    statement.references = on.iter().map(|(id, at)| version(id, *at)).collect();
    let (entry, at) = (world.sign(statement), world.size());
    world.block(vec![Leaf::Entry(entry)]);
    at
}

fn register(world: &mut World, id: &str, on: &[(&str, u64)]) -> u64 {
    rests(world, Operation::Register, id, on)
}

fn judged(world: &World, receipts: Vec<Receipt>, depth: usize) -> (Verdict, Vec<Member>) {
    let members = judge(&world.trust(), &Dossier { receipts }, None, depth);
    (verdict(&members), members)
}

/// A permit on a parcel on a street.
fn permit() -> (World, [u64; 3]) {
    let mut world = World::new(ORIGIN);
    let street = register(&mut world, "street", &[]);
    let parcel = register(&mut world, "parcel", &[("street", 1)]);
    let permit = register(&mut world, "permit", &[("parcel", 1)]);
    (world, [permit, parcel, street])
}

#[test]
fn each_record_is_proven_down_to_the_depth_and_what_is_not_followed_is_said() {
    let (mut world, leaves) = permit();
    let stranger = register(&mut world, "stranger", &[]);
    let all = || {
        leaves
            .iter()
            .map(|at| world.receipt(*at))
            .collect::<Vec<_>>()
    };
    let (whole, members) = judged(&world, [all(), vec![world.receipt(stranger)]].concat(), 16);
    assert_eq!(whole, Verdict::Authentic);
    let depths: Vec<usize> = members.iter().map(|member| member.depth).collect();
    assert_eq!(
        depths,
        [0, 1, 2],
        "a receipt that nothing leads to is no part"
    );
    let facts = members[0].judgement.facts.as_ref().unwrap();
    assert_eq!(facts.references, [version("parcel", 1)]);
    assert!(members.iter().all(|member| member.beyond.is_empty()));

    let (less, members) = judged(&world, all(), 1);
    assert_eq!((less, members.len()), (Verdict::Authentic, 2));
    assert_eq!(members[1].beyond, [version("street", 1)]);

    let (missing, members) = judged(&world, all()[..2].to_vec(), 16);
    assert_eq!(missing, Verdict::CannotDecide);
    assert_eq!(members[1].missing, [version("street", 1)]);

    // The document is the first one's and nobody else's.
    let dossier = Dossier { receipts: all() };
    for (document, stands) in [
        (DOCUMENT, Verdict::Authentic),
        (OTHER_DOCUMENT, Verdict::Altered),
    ] {
        let members = judge(&world.trust(), &dossier, Some(&document), 16);
        assert_eq!(verdict(&members), stands);
        assert_eq!(members[2].judgement.verdict, Verdict::Authentic);
    }
}

#[test]
fn a_proof_older_than_the_first_hides_no_revocation() {
    let (mut world, [permit, parcel, street]) = permit();
    let before = [world.receipt(parcel), world.receipt(street)];
    world.act(Operation::Revoke, "parcel");
    let first = world.receipt(permit);
    let (hidden, members) = judged(
        &world,
        [std::slice::from_ref(&first), &before[..]].concat(),
        16,
    );
    assert_eq!(hidden, Verdict::CannotDecide);
    let older: Vec<bool> = members.iter().map(|member| member.is_older).collect();
    assert_eq!(older, [false, true, true]);
    let fresh = [first, world.receipt(parcel), world.receipt(street)];
    assert_eq!(judged(&world, fresh.to_vec(), 16).0, Verdict::Revoked);
}

#[test]
fn the_others_may_be_proven_later_than_the_first() {
    let (mut world, [permit, parcel, street]) = permit();
    let first = world.receipt(permit);
    world.act(Operation::Register, "another");
    let later = [first, world.receipt(parcel), world.receipt(street)];
    assert_eq!(judged(&world, later.to_vec(), 16).0, Verdict::Authentic);
}

#[test]
fn a_circle_over_versions_is_legal_and_said_and_ends() {
    let mut world = World::new(ORIGIN);
    let first = register(&mut world, "A", &[]);
    let other = register(&mut world, "B", &[("A", 1)]);
    let second = rests(&mut world, Operation::Amend, "A", &[("B", 1)]);
    let receipts = [second, other, first].map(|at| world.receipt(at));
    let (stands, members) = judged(&world, receipts.to_vec(), 16);
    assert_eq!(
        stands,
        Verdict::Superseded,
        "its version 1 was replaced since"
    );
    let returns: Vec<bool> = members.iter().map(|member| member.returns).collect();
    assert_eq!(returns, [false, false, true]);
    assert!(members.iter().all(|member| member.later.is_empty()));
}

#[test]
fn versions_that_rest_on_one_another_prove_nothing_even_if_a_quorum_erred() {
    let mut world = World::new(ORIGIN);
    let one = register(&mut world, "A", &[("B", 1)]);
    let two = register(&mut world, "B", &[("A", 1)]);
    let receipts = [one, two].map(|at| world.receipt(at));
    let (stands, members) = judged(&world, receipts.to_vec(), 16);
    assert_eq!((stands, members.len()), (Verdict::ProofBroken, 2));
    assert_eq!(members[0].later, [version("B", 1)]);
    assert!(members[1].later.is_empty());
    assert!(members.iter().all(|member| member.returns));
}

#[test]
fn a_forged_circle_ends_and_is_a_broken_proof() {
    let (world, [permit, parcel, street]) = permit();
    let mut receipts: Vec<Receipt> = [permit, parcel, street]
        .iter()
        .map(|at| world.receipt(*at))
        .collect();
    // The street is made to rest on all three, itself among them.
    receipts[2].entry.statement.references = vec![
        version("permit", 1),
        version("parcel", 1),
        version("street", 1),
    ];
    let twice = [&receipts[..], &receipts].concat();
    let (stands, members) = judged(&world, twice, usize::MAX);
    assert_eq!((stands, members.len()), (Verdict::ProofBroken, 3));
    assert!(members.iter().all(|member| member.returns));
    assert_eq!(members[2].judgement.facts, None);
    // The receipt of a word on a record does not stand for the record.
    let mut world = world;
    let word = world.act(Operation::Confirm, "parcel");
    let receipts = [permit, word].map(|at| world.receipt(at));
    let (stands, members) = judged(&world, receipts.to_vec(), 16);
    assert_eq!(stands, Verdict::CannotDecide);
    assert_eq!(members[0].missing, [version("parcel", 1)]);
}
