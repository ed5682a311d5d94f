//! Plans and requests: read back as they were written, and refused with the line where they make no sense.

use protocol::{
    ceremony::{ClerkRequest, FoundingPlan, PLAN_DAYS, PlanAge},
    height::TimeMs,
    key::{KeyError, Signature},
    name::{ClerkName, Origin},
    text::Malformed,
};

use super::{ORIGIN, plan, secret};

#[test]
fn a_plan_reads_back_and_its_hash_is_of_its_text() {
    let text = plan().write();
    let expected = "muhr-plan/v1\norigin muhr.example/test/1\nprotocol 1\ntime 1800000000000\nlimits 4096 2048 1048576 1000000\nrecovery-threshold 3\nagencies adliya,iiv,kadastr,qurilish\npublishers adliya,iiv\n";
    assert_eq!(text, expected);
    assert_eq!(FoundingPlan::parse(text.as_bytes()).unwrap(), plan());
    let mut later = plan();
    later.time = TimeMs::new(1_800_000_000_001);
    assert_ne!(later.hash(), plan().hash());
}

#[test]
fn what_could_found_nothing_is_refused_with_its_line() {
    let good = plan().write();
    let refused = |from: &str, to: &str| -> Malformed {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        FoundingPlan::parse(changed.as_bytes()).expect_err(to)
    };
    for (from, to, line) in [
        ("muhr-plan/v1", "muhr-plan/v2", 1),
        ("origin muhr.example/test/1", "origin muhr.example", 2),
        ("protocol 1", "protocol 2", 3),
        ("time 1", "time 01", 4),
        ("limits 4096", "limits 4097", 5),
        ("limits 4096 2048", "limits 4096", 5),
        ("threshold 3", "threshold 2", 6),
        ("threshold 3", "threshold 5", 6),
        ("agencies adliya,iiv", "agencies iiv,adliya", 7),
        ("agencies adliya,iiv,kadastr,", "agencies iiv,kadastr,", 7),
        ("agencies adliya", "agencies all", 7),
        ("publishers adliya,iiv", "publishers adliya", 8),
        ("publishers adliya,iiv", "publishers adliya,adliya", 8),
        ("publishers adliya,iiv", "publishers adliya,soliq", 8),
        ("publishers adliya,iiv", "publishers adliya,iiv,kadastr", 8),
        ("publishers adliya,iiv\n", "publishers adliya,iiv\n\n", 9),
    ] {
        assert_eq!(refused(from, to).line, line, "{to}");
    }
    // Any order of those who publish is a plan: the first makes the key.
    let turned = good.replacen("publishers adliya,iiv", "publishers qurilish,adliya", 1);
    let turned = FoundingPlan::parse(turned.as_bytes()).unwrap();
    assert_eq!(turned.first_publisher().unwrap().as_str(), "qurilish");
}

#[test]
fn a_plan_lives_for_ninety_days() {
    let (plan, day) = (plan(), 86_400_000);
    let at = |ms: u64| plan.age(TimeMs::new(ms));
    let made = plan.time.get();
    assert_eq!(at(made), PlanAge::Alive);
    assert_eq!(at(made + PLAN_DAYS * day), PlanAge::Alive);
    assert_eq!(at(made + PLAN_DAYS * day + 1), PlanAge::Dead);
    assert_eq!(at(made - 600_000), PlanAge::Alive);
    assert_eq!(at(made - 600_001), PlanAge::Ahead);
}

#[test]
fn a_request_is_for_one_network_one_clerk_and_one_key() {
    let origin = || Origin::parse(ORIGIN).unwrap();
    let clerk = ClerkName::parse("iiv/aziza").unwrap();
    let request = ClerkRequest::of(origin(), clerk, &secret("iiv/aziza", "clerk"));
    let text = request.write();
    assert!(text.starts_with(
        "muhr-clerk-request/v1\norigin muhr.example/test/1\nclerk iiv/aziza\nkey ed25519 "
    ));
    assert_eq!(ClerkRequest::parse(text.as_bytes()).unwrap(), request);
    request.check().unwrap();
    let changes: [fn(&mut ClerkRequest); 4] = [
        |one| one.origin = Origin::parse("muhr.example/test/2").unwrap(),
        |one| one.clerk = ClerkName::parse("iiv/lola").unwrap(),
        |one| one.key.key = secret("other", "clerk").public(),
        |one| one.key.proof = Signature::new([9; 64]),
    ];
    for change in changes {
        let mut other = request.clone();
        change(&mut other);
        assert_eq!(other.check(), Err(KeyError::NotHeld), "{other:?}");
    }
}
