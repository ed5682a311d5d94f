//! Verdicts on receipts: every verdict there is, every broken proof, every byte changed or cut.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::large_enum_variant,
    reason = "tests fail by panicking, with the reason"
)]

#[path = "receipts/batches.rs"]
mod batches;
#[path = "receipts/dossiers.rs"]
mod dossiers;
#[path = "receipts/histories.rs"]
mod histories;
#[path = "receipts/pages.rs"]
mod pages;
#[path = "receipts/states.rs"]
mod states;
#[path = "receipts/together.rs"]
mod together;
#[allow(dead_code, reason = "the corpus asks more of the world")]
#[path = "receipts/world.rs"]
mod world;

use protocol::{
    entry::{Authorship, Operation},
    hash::DocumentHash,
    key::Signature,
    note::SignedNote,
    policy::TrustPolicy,
    receipt::Receipt,
    state::RecordStatus,
};
use verify::{checkpoint::ForkEvidence, receipt::judge, verdict::Verdict};
use world::{DOCUMENT, Leaf, OTHER_DOCUMENT, World, clerk_name, number};

const ORIGIN: &str = "muhr.example/test/1";
const ID: &str = "TSH-12";

/// What is put in place of a part, and its name.
type Swap<'a> = (&'a str, &'a dyn Fn(&mut Receipt));

fn verdict(trust: &TrustPolicy, receipt: &Receipt, document: Option<&DocumentHash>) -> Verdict {
    let judgement = judge(trust, receipt.write().as_bytes(), document);
    let failed = judgement.steps.iter().filter(|step| !step.is_ok()).count();
    let fine = judgement.verdict == Verdict::Authentic;
    assert_eq!(
        failed,
        usize::from(!fine),
        "one step fails, or none: {:?}",
        judgement.steps
    );
    judgement.verdict
}

/// A world with one registered record and some more around it.
fn registered() -> (World, u64) {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    let at = world.act(Operation::Register, ID);
    world.act(Operation::Register, "TSH-2");
    (world, at)
}

#[test]
fn a_record_in_force_is_authentic_with_and_without_its_document() {
    let (world, at) = registered();
    let receipt = world.receipt(at);
    assert!(receipt.head.is_some());
    let trust = world.trust();
    assert_eq!(verdict(&trust, &receipt, None), Verdict::Authentic);
    assert_eq!(
        verdict(&trust, &receipt, Some(&DOCUMENT)),
        Verdict::Authentic
    );
    let facts = judge(&trust, receipt.write().as_bytes(), None)
        .facts
        .unwrap();
    assert_eq!(facts.record.as_deref(), Some(ID));
    assert_eq!(facts.author, clerk_name().to_string());
    assert_eq!(
        (facts.index.get(), facts.height.get(), facts.latest.get()),
        (at, 2, 1)
    );
    let signers: Vec<&str> = facts.cosigners.iter().map(|(name, _)| &**name).collect();
    assert_eq!(signers, ["adliya", "iiv", "qurilish"]);
    assert!(facts.log_signed);
    let mut without = receipt.clone();
    without.proof.checkpoint = world.note(&[0, 1, 3]);
    let judged = judge(&trust, without.write().as_bytes(), None);
    assert_eq!(judged.verdict, Verdict::Authentic);
    assert!(!judged.facts.unwrap().log_signed);
}

#[test]
fn the_newest_block_needs_no_head_and_fields_show_what_they_hold() {
    let mut world = World::new(ORIGIN);
    let at = world.act_on(Operation::Register, ID, &DOCUMENT, true);
    let receipt = world.receipt(at);
    assert!(receipt.head.is_none());
    let judgement = judge(&world.trust(), receipt.write().as_bytes(), Some(&DOCUMENT));
    assert_eq!(judgement.verdict, Verdict::Authentic);
    let fields = judgement.facts.unwrap().fields;
    assert_eq!(
        fields[0],
        ("holder".to_owned(), "Karimov  A.\n(o'g'li)".to_owned())
    );
    assert_eq!(
        verdict(&world.trust(), &receipt, Some(&OTHER_DOCUMENT)),
        Verdict::Altered
    );
}

#[test]
fn a_life_goes_through_all_statuses() {
    let (mut world, first) = registered();
    let trust = world.trust();
    let judged = |world: &World, at: u64| verdict(&trust, &world.receipt(at), None);
    let second = world.act_on(Operation::Amend, ID, &OTHER_DOCUMENT, false);
    assert_eq!(judged(&world, first), Verdict::Superseded);
    assert_eq!(judged(&world, second), Verdict::Authentic);
    let third = world.act(Operation::Suspend, ID);
    for at in [first, second, third] {
        assert_eq!(judged(&world, at), Verdict::Suspended);
    }
    let fourth = world.act(Operation::Reinstate, ID);
    // What it said before the suspension it says again: the second version carries the content.
    assert_eq!(judged(&world, first), Verdict::Superseded);
    for at in [second, third, fourth] {
        assert_eq!(judged(&world, at), Verdict::Authentic);
    }
    let fifth = world.act(Operation::Revoke, ID);
    for at in [first, second, third, fourth, fifth] {
        assert_eq!(judged(&world, at), Verdict::Revoked);
    }
    assert_eq!(world.state_of(ID).status, RecordStatus::Revoked);
}

#[test]
fn a_receipt_from_before_a_change_says_as_of_when_it_holds() {
    let (mut world, at) = registered();
    let before = world.receipt(at);
    world.act(Operation::Revoke, ID);
    let judgement = judge(&world.trust(), before.write().as_bytes(), None);
    assert_eq!(judgement.verdict, Verdict::Authentic);
    let facts = judgement.facts.unwrap();
    assert_eq!(
        (facts.as_of_height, facts.size),
        (
            before.newest().leaf.height,
            protocol::height::LogSize::new(before.newest().index.get() + 1)
        )
    );
}

#[test]
fn another_document_number_or_salt_is_altered() {
    let (world, at) = registered();
    let trust = world.trust();
    let receipt = world.receipt(at);
    assert_eq!(
        verdict(&trust, &receipt, Some(&OTHER_DOCUMENT)),
        Verdict::Altered
    );
    let mut other = receipt.clone();
    other.opening.as_mut().unwrap().record = number("TSH-13");
    assert_eq!(verdict(&trust, &other, None), Verdict::Altered);
    let mut other = receipt.clone();
    other.opening.as_mut().unwrap().content = None;
    assert_eq!(verdict(&trust, &other, None), Verdict::Altered);
    let mut other = receipt;
    other.opening = world.receipt(2).opening;
    assert_eq!(
        verdict(&trust, &other, Some(&DOCUMENT)),
        Verdict::Altered,
        "the opening of another record"
    );
}

#[test]
fn without_the_private_part_the_entry_holds_and_a_document_cannot_be_judged() {
    let (world, at) = registered();
    let mut receipt = world.receipt(at);
    receipt.opening = None;
    let trust = world.trust();
    assert_eq!(verdict(&trust, &receipt, None), Verdict::Authentic);
    assert_eq!(
        verdict(&trust, &receipt, Some(&DOCUMENT)),
        Verdict::CannotDecide
    );
}

#[test]
fn an_entry_without_a_document_says_nothing_of_one() {
    let (mut world, _) = registered();
    let at = world.act(Operation::Suspend, ID);
    world.act(Operation::Reinstate, ID);
    assert_eq!(
        verdict(&world.trust(), &world.receipt(at), Some(&DOCUMENT)),
        Verdict::CannotDecide
    );
}

#[test]
fn another_network_is_told_and_a_forged_one_is_broken() {
    let (world, at) = registered();
    let receipt = world.receipt(at);
    let other = World::new("muhr.example/test/2");
    assert_eq!(
        verdict(&other.trust(), &receipt, None),
        Verdict::WrongNetwork
    );
    // The same name with other keys: nobody that is trusted signed.
    let trust = world.genesis.trust_file();
    let theirs = other.genesis.trust_file();
    let swapped: String = trust
        .lines()
        .zip(theirs.lines())
        .map(|(our, their)| {
            let line = if our.starts_with("witness ") {
                their
            } else {
                our
            };
            format!("{line}\n")
        })
        .collect();
    let swapped = TrustPolicy::parse(swapped.as_bytes()).unwrap();
    assert_eq!(verdict(&swapped, &receipt, None), Verdict::ProofBroken);
}

#[test]
fn a_trust_file_that_the_log_does_not_name_cannot_decide() {
    let (world, at) = registered();
    let text = world.genesis.trust_file() + "# a word more\n";
    let trust = TrustPolicy::parse(text.as_bytes()).unwrap();
    assert_eq!(
        verdict(&trust, &world.receipt(at), None),
        Verdict::CannotDecide
    );
}

#[test]
fn two_of_four_are_no_quorum_however_often_they_sign() {
    let (world, at) = registered();
    let trust = world.trust();
    let mut receipt = world.receipt(at);
    for (signers, expected) in [
        (&[0_usize, 1, 2, 3][..], Verdict::Authentic),
        (&[3, 1, 2], Verdict::Authentic),
        (&[0, 1], Verdict::ProofBroken),
        (&[0, 1, 1], Verdict::ProofBroken),
        (&[0, 0, 0, 0, 1, 1], Verdict::ProofBroken),
        (&[0, 1, 1, 2], Verdict::Authentic),
        (&[2], Verdict::ProofBroken),
    ] {
        receipt.proof.checkpoint = world.note(signers);
        assert_eq!(verdict(&trust, &receipt, None), expected, "{signers:?}");
    }
    let body = world.checkpoint().write();
    receipt.proof.checkpoint = format!("{}{}", world.note(&[0, 1]), world.log_line(&body));
    assert_eq!(
        verdict(&trust, &receipt, None),
        Verdict::ProofBroken,
        "the log's own line is no cosignature"
    );
}

#[test]
fn a_bad_line_of_a_known_key_breaks_a_note_with_a_quorum() {
    let (world, at) = registered();
    let trust = world.trust();
    let mut receipt = world.receipt(at);
    let other = world.note(&[2]).replacen(ORIGIN, "muhr.example/test/2", 1);
    let body = world.checkpoint().write();
    let moved = world.line(2, other.split("\n\n").next().unwrap());
    let note = world.note(&[0, 1, 3]);
    receipt.proof.checkpoint = format!("{note}{moved}");
    assert_eq!(verdict(&trust, &receipt, None), Verdict::ProofBroken);
    receipt.proof.checkpoint = format!("{note}{}", world.line(2, &body));
    assert_eq!(verdict(&trust, &receipt, None), Verdict::Authentic);
    receipt.proof.checkpoint = format!("{note}{}", world.log_line(&(body.clone() + "x\n")));
    assert_eq!(verdict(&trust, &receipt, None), Verdict::ProofBroken);
    receipt.proof.checkpoint = format!("{note}{}", world.log_line(&body));
    assert_eq!(verdict(&trust, &receipt, None), Verdict::Authentic);
    receipt.proof.checkpoint = format!("{note}\u{2014} stranger.example AAAAAAAA\n");
    assert_eq!(
        verdict(&trust, &receipt, None),
        Verdict::Authentic,
        "unknown lines are ignored"
    );
}

#[test]
fn parts_of_another_receipt_do_not_fit() {
    let (mut world, first) = registered();
    let second = world.act_on(Operation::Amend, ID, &OTHER_DOCUMENT, false);
    let other = world.act(Operation::Register, "TSH-3");
    let trust = world.trust();
    let mine = world.receipt(second);
    let swaps: [Swap<'_>; 11] = [
        ("entry", &|to| to.entry = world.receipt(first).entry),
        ("path", &|to| to.proof.path = world.path(first)),
        ("index", &|to| {
            to.proof.index = world.receipt(first).proof.index
        }),
        ("place", &|to| {
            (to.proof.index, to.proof.path) = (world.receipt(first).proof.index, world.path(first))
        }),
        ("block", &|to| to.block = world.receipt(first).block),
        ("head", &|to| to.head = None),
        ("older head", &|to| {
            to.head = Some(world.receipt(first).block)
        }),
        ("record", &|to| to.record = world.receipt(other).record),
        ("record with its proof", &|to| {
            let other = world.receipt(other);
            (to.record, to.record_proof) = (other.record, other.record_proof);
        }),
        ("proof of the clerk", &|to| {
            to.clerk_proof = world.receipt(second).record_proof
        }),
        ("status", &|to| to.record.status = RecordStatus::Suspended),
    ];
    for (name, swap) in swaps {
        let mut receipt = mine.clone();
        swap(&mut receipt);
        assert_eq!(
            verdict(&trust, &receipt, None),
            Verdict::ProofBroken,
            "{name}"
        );
    }
}

#[test]
fn a_clerk_or_state_that_the_present_index_does_not_hold_is_refused() {
    let (mut world, at) = registered();
    let before = world.receipt(at);
    world.act(Operation::Revoke, ID);
    let trust = world.trust();
    let mut receipt = world.receipt(at);
    receipt.record = before.record;
    receipt.record_proof = before.record_proof;
    assert_eq!(
        verdict(&trust, &receipt, None),
        Verdict::ProofBroken,
        "the state from before the revocation"
    );
    let mut receipt = world.receipt(at);
    receipt.clerk.key = World::new("muhr.example/test/2").clerk_state().key;
    assert_eq!(verdict(&trust, &receipt, None), Verdict::ProofBroken);
}

#[test]
fn an_older_block_cannot_pass_for_the_newest_to_hide_a_revocation() {
    let (mut world, at) = registered();
    let before = world.receipt(at);
    world.act(Operation::Revoke, ID);
    let mut receipt = world.receipt(at);
    assert_eq!(verdict(&world.trust(), &receipt, None), Verdict::Revoked);
    // All of it is true and proven under the present checkpoint, and none of it is the present.
    let mut head = before.head.unwrap();
    head.path = world.path(head.index.get());
    receipt.head = Some(head);
    receipt.record = before.record;
    receipt.record_proof = before.record_proof;
    receipt.clerk_proof = before.clerk_proof;
    let judgement = judge(&world.trust(), receipt.write().as_bytes(), None);
    assert_eq!(judgement.verdict, Verdict::ProofBroken);
    assert_eq!(judgement.steps.last().unwrap().check.part(), "head");
}

#[test]
fn an_entry_is_dated_by_its_own_block_and_by_no_other() {
    let (mut world, at) = registered();
    world.act(Operation::Amend, ID);
    // No longer the latest version, so the record's state says nothing of its date.
    let mine = world.receipt(at);
    assert_eq!(verdict(&world.trust(), &mine, None), Verdict::Superseded);
    for place in [0, 1, 3] {
        let mut receipt = mine.clone();
        receipt.block = world.block_proof(place);
        let judgement = judge(&world.trust(), receipt.write().as_bytes(), None);
        assert_eq!(judgement.verdict, Verdict::ProofBroken, "block {place}");
        assert_eq!(judgement.steps.last().unwrap().check.part(), "block");
    }
}

#[test]
fn the_authority_of_another_clerk_does_not_vouch_for_an_entry() {
    let mut world = World::new(ORIGIN);
    let other = protocol::key::SecretKey::from_seed(&[3; 32]);
    let mut clerk = world.clerk_state();
    clerk.name = protocol::name::ClerkName::parse("qurilish/other").unwrap();
    clerk.key = other.public();
    world.set_clerk(&clerk);
    let statement = world.statement(Operation::Register, ID, &DOCUMENT, false);
    let entry = statement.sign(&world.genesis.network_id(), &other);
    world.block(vec![Leaf::Entry(entry)]);
    let mut receipt = world.receipt(2);
    receipt.clerk_proof = world.prove(&protocol::state::ClerkState::index_key(&clerk.name));
    receipt.clerk = clerk;
    let judgement = judge(&world.trust(), receipt.write().as_bytes(), None);
    assert_eq!(judgement.verdict, Verdict::ProofBroken);
    assert_eq!(judgement.steps.last().unwrap().check.part(), "clerk");
}

#[test]
fn a_signature_that_a_quorum_let_in_wrongly_is_still_refused() {
    let mut world = World::new(ORIGIN);
    let statement = world.statement(Operation::Register, ID, &DOCUMENT, false);
    let mut entry = world.sign(statement);
    entry.authorship = Authorship::Signed(Signature::new([7; 64]));
    world.block(vec![Leaf::Entry(entry)]);
    assert_eq!(
        verdict(&world.trust(), &world.receipt(2), None),
        Verdict::ProofBroken
    );
    // A signature for another network is none here.
    let mut world = World::new(ORIGIN);
    let statement = world.statement(Operation::Register, ID, &DOCUMENT, false);
    let other = protocol::chain_id::NetworkId {
        origin: protocol::name::Origin::parse("muhr.example/test/2").unwrap(),
        ..world.genesis.network_id()
    };
    let clerk = protocol::key::SecretKey::from_seed(&protocol::hash::sha256(&[
        b"verify tests",
        format!("{ORIGIN} clerk").as_bytes(),
    ]));
    world.block(vec![Leaf::Entry(statement.sign(&other, &clerk))]);
    assert_eq!(
        verdict(&world.trust(), &world.receipt(2), None),
        Verdict::ProofBroken
    );
}

/// Where a line about whose meaning nothing is said may change: it is ignored, as notes allow.
fn ignored(text: &str, marker: &str) -> std::ops::Range<usize> {
    let start = text.rfind(marker).unwrap();
    start..text.len()
}

#[test]
fn no_changed_byte_gives_authentic() {
    let (world, at) = registered();
    let mut batched = World::new(ORIGIN);
    let batch = batched.batch(&["TSH-1", "TSH-2", "TSH-3"]);
    for (world, mut receipt) in [
        (&world, world.receipt(at)),
        (&batched, batched.receipt(batch + 2)),
    ] {
        let trust = world.trust();
        // The log's own line would be a stranger's once its name is changed, and be ignored.
        receipt.proof.checkpoint = world.note(&[0, 1, 3]);
        let bytes = receipt.write().into_bytes();
        assert_eq!(judge(&trust, &bytes, None).verdict, Verdict::Authentic);
        for at in 0..bytes.len() {
            for change in [0x01, 0x02, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                let verdict = judge(&trust, &changed, Some(&DOCUMENT)).verdict;
                assert_ne!(
                    verdict,
                    Verdict::Authentic,
                    "byte {at} ^ {change:#x}: {}",
                    String::from_utf8_lossy(&changed)
                );
            }
        }
    }
}

#[test]
fn only_an_ignored_line_may_change() {
    let (world, at) = registered();
    let trust = world.trust();
    let mut receipt = world.receipt(at);
    receipt.proof.checkpoint += "\u{2014} stranger.example AAAAAAAA\n";
    let text = receipt.write();
    let free = ignored(&text, "\u{2014} stranger");
    let bytes = text.into_bytes();
    let mut still = 0;
    for at in free.start.saturating_sub(200)..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let verdict = judge(&trust, &changed, None).verdict;
        if verdict == Verdict::Authentic {
            assert!(free.contains(&at), "byte {at}");
            still += 1;
        }
    }
    assert!(still > 10, "the stranger's line was not ignored");
}

#[test]
fn no_cut_gives_authentic() {
    let (world, at) = registered();
    let trust = world.trust();
    let bytes = world.receipt(at).write().into_bytes();
    for end in 0..bytes.len() {
        let verdict = judge(&trust, &bytes[..end], None).verdict;
        // Of the first line too little is left to know a receipt; and without its last line feed, or with a
        // last line that could be a shorter one, it may be another program's work.
        let undecided = end < "muhr-receipt/".len() || !bytes[end - 1..].starts_with(b"\n");
        let fits =
            verdict == Verdict::ProofBroken || (undecided && verdict == Verdict::CannotDecide);
        assert!(fits, "cut at {end}: {verdict:?}");
    }
    for (more, expected) in [
        (&b"\n"[..], Verdict::CannotDecide),
        (b" ", Verdict::CannotDecide),
        (b"\0", Verdict::ProofBroken),
        (b"x", Verdict::ProofBroken),
        (b"\r\n", Verdict::CannotDecide),
    ] {
        let longer = [bytes.as_slice(), more].concat();
        assert_eq!(judge(&trust, &longer, None).verdict, expected);
    }
}

#[test]
fn a_fork_names_who_signed_both() {
    let (mut one, _) = registered();
    let mut other = one.clone();
    one.act(Operation::Revoke, ID);
    other.act(Operation::Suspend, ID);
    assert_ne!(one.block_id(), other.block_id());
    let trust = one.trust();
    let names = verify::checkpoint::fork(&trust, &one.note(&[0, 1, 2]), &other.note(&[1, 2, 3]));
    assert_eq!(names, ["iiv", "kadastr"]);
    let evidence = ForkEvidence {
        one: one.note(&[0]),
        other: other.note(&[0]),
        prefix: None,
    };
    let read = ForkEvidence::parse(&evidence.write()).unwrap();
    assert_eq!(read.convicted(&trust), ["adliya"]);
    assert!(verify::checkpoint::fork(&trust, &read.one, &read.one).is_empty());
    assert!(SignedNote::parse(&read.one).is_ok());
    other.act(Operation::Register, "TSH-9");
    let mut sizes = ForkEvidence {
        other: other.note(&[0]),
        ..evidence
    };
    assert!(
        sizes.convicted(&trust).is_empty(),
        "logs of different sizes may both be true"
    );
    sizes.prefix = Some(other.prefix(one.size()));
    assert_eq!(sizes.convicted(&trust), ["adliya"]);
}
