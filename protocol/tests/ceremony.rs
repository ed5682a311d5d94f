//! The founding ceremony: plans, contributions and acceptances, and the genesis that follows from them.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

#[path = "ceremony/acceptances.rs"]
mod acceptances;
#[path = "ceremony/plans.rs"]
mod plans;

use protocol::{
    ceremony::{
        Contribution, ContributionStatement, ContributionTrouble, FoundingPlan, KeyPlace,
        NotAssembled, assemble,
    },
    chain_id::{NetworkId, SignedText},
    entry::Operation,
    genesis::Genesis,
    hash::{ChainId, PlanHash, sha256},
    height::TimeMs,
    key::{KeyError, SecretKey, Signature},
    name::Origin,
};
use testkit::founder::{self, Founder, proven, registry};

const ORIGIN: &str = "muhr.example/test/1";
const NAMES: [&str; 4] = ["adliya", "iiv", "kadastr", "qurilish"];
const FOUNDER: Founder<'_, fn(&str, &str) -> SecretKey> = Founder {
    origin: ORIGIN,
    secret,
};

fn secret(holder: &str, purpose: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[holder.as_bytes(), b" ", purpose.as_bytes()]))
}

fn plan() -> FoundingPlan {
    founder::plan(ORIGIN, TimeMs::new(1_800_000_000_000), &NAMES)
}

fn origin() -> Origin {
    Origin::parse(ORIGIN).unwrap()
}

fn founded() -> Genesis {
    assemble(&plan(), &FOUNDER.contributions(&plan())).unwrap()
}

/// What is said of the contributions after one agency's was changed and signed again.
fn refusal(of: usize, change: impl FnOnce(&mut ContributionStatement)) -> NotAssembled {
    let mut contributions = FOUNDER.contributions(&plan());
    change(&mut contributions[of].statement);
    let admin = secret(NAMES[of], "admin");
    contributions[of] = contributions[of].statement.clone().sign(&origin(), &admin);
    assemble(&plan(), &contributions).expect_err("it was assembled")
}

/// The one contribution that is to blame, its line, and why.
fn blamed(refused: NotAssembled) -> (usize, usize, ContributionTrouble) {
    match refused {
        NotAssembled::Contribution { at, line, trouble } => (at, line, trouble),
        other => panic!("{other}"),
    }
}

#[test]
fn contributions_in_any_order_give_the_same_genesis() {
    let contributions = FOUNDER.contributions(&plan());
    let genesis = founded();
    let text = genesis.write();
    assert_eq!(Genesis::parse(text.as_bytes()).unwrap(), genesis);
    assert_eq!(genesis.time, plan().time);
    let mut orders = 0;
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| ![a, b].contains(c)) {
                let order = [a, b, c, 6 - a - b - c];
                let given = order.map(|at| contributions[at].clone());
                assert_eq!(
                    assemble(&plan(), &given).unwrap().write(),
                    text,
                    "{order:?}"
                );
                orders += 1;
            }
        }
    }
    assert_eq!(orders, 24);
    for contribution in &contributions {
        contribution.check_stands_in(&genesis).unwrap();
        let lines = contribution.write();
        let own = lines.lines().skip(2);
        for line in own.filter(|line| !line.starts_with("p2p ") && !line.starts_with("signature "))
        {
            assert!(text.contains(line), "{line}");
        }
    }
}

#[test]
fn a_contribution_for_another_plan_is_named() {
    let other = refusal(2, |one| one.plan = PlanHash::new([7; 32]));
    assert_eq!(blamed(other), (2, 2, ContributionTrouble::OtherPlan));
    // Of a network of another name the signature does not hold here either, and the plan is what is said.
    let mut contributions = FOUNDER.contributions(&plan());
    let begun_again = Founder {
        origin: "muhr.example/test/2",
        secret: FOUNDER.secret,
    };
    let theirs = FoundingPlan {
        origin: Origin::parse("muhr.example/test/2").unwrap(),
        ..plan()
    };
    contributions[1] = begun_again.contributions(&theirs).remove(1);
    let refused = assemble(&plan(), &contributions).unwrap_err();
    assert_eq!(blamed(refused), (1, 2, ContributionTrouble::OtherPlan));
}

#[test]
fn an_agency_too_many_too_few_or_twice_is_named() {
    let contributions = FOUNDER.contributions(&plan());
    let stranger = FOUNDER.contribution(&plan(), "soliq");
    let stranger = stranger.sign(&origin(), &secret("soliq", "admin"));
    let given = [&contributions[..], &[stranger]].concat();
    let (at, line, trouble) = blamed(assemble(&plan(), &given).unwrap_err());
    assert_eq!((at, line), (4, 3));
    assert_eq!(trouble.to_string(), "the plan does not name soliq");
    for missing in 0..4 {
        let mut fewer = contributions.clone();
        drop(fewer.remove(missing));
        let refused = assemble(&plan(), &fewer).unwrap_err();
        let said = format!("the contribution of {} is missing", NAMES[missing]);
        assert_eq!(refused.to_string(), said);
    }
    let none = assemble(&plan(), &[]).unwrap_err().to_string();
    assert!(none.contains("adliya,iiv,kadastr,qurilish"), "{none}");
    let again = [&contributions[..], &contributions[1..2]].concat();
    let same = assemble(&plan(), &again).unwrap_err();
    assert!(
        matches!(
            same,
            NotAssembled::Doubled {
                first: 1,
                second: 4,
                differ: None,
                ..
            }
        ),
        "{same}"
    );
    let mut other = contributions[1].statement.clone();
    "iiv.example:7481".clone_into(&mut other.p2p);
    let other = other.sign(&origin(), &secret("iiv", "admin"));
    let (last, both) = (
        other.write().lines().count() - 1,
        [&contributions[..], &[other]].concat(),
    );
    let differ = assemble(&plan(), &both).unwrap_err();
    assert!(
        matches!(differ, NotAssembled::Doubled { differ: Some(line), .. } if line == last),
        "{differ:?}"
    );
}

#[test]
fn keys_that_are_not_held_or_stand_twice_are_named_with_their_lines() {
    // The lines of a contribution: 3 the agency, 6 to 10 its keys, 12 the clerk; the first publisher's has one more.
    for (at, (purpose, line)) in [("peer", 6), ("vote", 7), ("cosign", 8), ("recovery", 10)]
        .into_iter()
        .enumerate()
    {
        let refused = refusal(1, |one| {
            let keys = [
                &mut one.agency.peer,
                &mut one.agency.vote,
                &mut one.agency.cosign,
                &mut one.agency.recovery,
            ];
            keys.into_iter().nth(at).unwrap().proof = Signature::new([9; 64]);
        });
        let error = KeyError::NotHeld;
        let holder = "iiv".to_owned();
        let trouble = ContributionTrouble::Key {
            purpose,
            holder,
            error,
        };
        assert_eq!(blamed(refused), (1, line, trouble));
    }
    let refused = refusal(3, |one| one.clerks[0].1 = Signature::new([9; 64]));
    let (at, line, trouble) = blamed(refused);
    assert_eq!((at, line), (3, 12));
    assert!(
        trouble.to_string().contains("qurilish/clerk-1"),
        "{trouble}"
    );
    let refused = refusal(0, |one| {
        one.publisher.as_mut().unwrap().proof = Signature::new([9; 64])
    });
    assert_eq!(blamed(refused).1, 3);

    let place = |at: usize, line: usize, purpose: &'static str, holder: &str| {
        let holder = holder.to_owned();
        Box::new(KeyPlace {
            at,
            line,
            purpose,
            holder,
        })
    };
    // Within one contribution, between two, and a clerk's; each use is proven.
    let own = refusal(1, |one| {
        one.agency.recovery = proven(ORIGIN, "iiv", "recovery", &secret("iiv", "vote"));
    });
    let first = place(1, 7, "vote", "iiv");
    let second = place(1, 10, "recovery", "iiv");
    assert_eq!(own, NotAssembled::KeyTwice { first, second });
    let others = refusal(2, |one| {
        one.agency.vote = proven(ORIGIN, "kadastr", "vote", &secret("adliya", "cosign"));
    });
    let first = place(0, 9, "cosign", "adliya");
    let second = place(2, 7, "vote", "kadastr");
    assert_eq!(others, NotAssembled::KeyTwice { first, second });
    let clerks = refusal(3, |one| {
        let key = proven(
            ORIGIN,
            "qurilish/clerk-1",
            "clerk",
            &secret("iiv/clerk-1", "clerk"),
        );
        one.clerks[0].0.key = key.key;
        one.clerks[0].1 = key.proof;
    });
    assert!(clerks.to_string().contains("iiv/clerk-1"), "{clerks}");
}

#[test]
fn names_that_are_not_the_agency_s_own_are_named_with_their_lines() {
    let clerk = |name: &str, registry: &str| FOUNDER.clerk(name, &[registry], Operation::OF_OWNER);
    let said = |of, change: fn(&mut ContributionStatement)| {
        let (at, line, trouble) = blamed(refusal(of, change));
        assert_eq!(at, of);
        (line, trouble.to_string())
    };
    let (line, outside) = said(1, |one| one.registries[0] = registry("permits", "iiv"));
    assert_eq!(line, 11);
    assert_eq!(
        outside,
        "registry permits does not begin with iiv. and belong to it"
    );
    let (line, outside) = said(1, |one| one.registries[0] = registry("iivx.permits", "iiv"));
    assert_eq!((line, outside.contains("iivx.permits")), (11, true));
    let (line, _) = said(1, |one| {
        one.registries[0] = registry("iiv.permits", "adliya")
    });
    assert_eq!(line, 11);
    let refused = refusal(1, |one| one.clerks[0] = clerk("adliya/x", "iiv.permits"));
    let trouble = blamed(refused);
    assert_eq!(
        (trouble.1, trouble.2.to_string().contains("adliya/x")),
        (12, true)
    );
    let refused = refusal(1, |one| one.clerks[0] = clerk("iiv/x", "adliya.permits"));
    assert_eq!(blamed(refused).1, 12);
    let (line, name) = said(1, |one| {
        "muhr.example/test/1/adliya/2026".clone_into(&mut one.agency.cosigner)
    });
    assert_eq!((line, name.contains("muhr.example/test/1/iiv/")), (5, true));
    // The publisher's key is the first publisher's, and nobody else's.
    let (line, said) = said(0, |one| one.publisher = None);
    assert_eq!((line, said.contains("which adliya makes")), (3, true));
    let refused = refusal(2, |one| {
        one.publisher = Some(FOUNDER.proven(ORIGIN, "publisher"))
    });
    let (at, line, trouble) = blamed(refused);
    assert_eq!((at, line), (2, 3));
    assert!(trouble.to_string().contains("and nobody else"), "{trouble}");
}

/// Whatever byte is changed on the way, that contribution is named.
#[test]
fn no_byte_of_a_contribution_can_be_changed_unnoticed() {
    let contributions = FOUNDER.contributions(&plan());
    let text = contributions[1].write().into_bytes();
    let mut by_signature = 0;
    for at in 0..text.len() {
        for change in [0x01, 0x20] {
            let mut changed = text.clone();
            changed[at] ^= change;
            let Ok(read) = Contribution::parse(&changed) else {
                continue;
            };
            let mut given = contributions.clone();
            given[1] = read;
            let (blamed, line, trouble) = blamed(assemble(&plan(), &given).unwrap_err());
            assert_eq!(blamed, 1, "byte {at}");
            let is_plan = line == 2 && trouble == ContributionTrouble::OtherPlan;
            assert!(
                is_plan || trouble == ContributionTrouble::Altered,
                "{trouble}"
            );
            by_signature += 1;
        }
    }
    assert!(by_signature > 500, "{by_signature}");
}

/// What an admin key signs for a contribution is nothing else that it ever signs, and the other way round.
#[test]
fn a_contribution_s_signature_is_of_no_other_kind() {
    let contribution = FOUNDER.contributions(&plan()).remove(1);
    let (text, admin) = (contribution.statement.write(), secret("iiv", "admin"));
    let network = NetworkId {
        origin: origin(),
        chain: ChainId::new([3; 32]),
    };
    for kind in [
        SignedText::Entry,
        SignedText::Batch,
        SignedText::Act,
        SignedText::Epoch,
        SignedText::Return,
        SignedText::Acceptance,
    ] {
        let held = kind.check(&network, &text, &admin.public(), &contribution.signature);
        assert!(held.is_err(), "{kind:?}");
        let theirs = Contribution {
            signature: admin.sign(&kind.message(&network, &text)),
            ..contribution.clone()
        };
        assert!(theirs.check_signature(&origin()).is_err(), "{kind:?}");
    }
    assert!(contribution.check_signature(&origin()).is_ok());
    let other = Origin::parse("muhr.example/test/2").unwrap();
    assert!(contribution.check_signature(&other).is_err());
}

/// A genesis in which an agency's lines are not as it gave them is told by the line.
#[test]
fn lines_that_do_not_stand_as_they_were_contributed_are_named() {
    let mine = FOUNDER.contributions(&plan()).remove(1);
    let check = |change: fn(&mut Genesis)| {
        let mut genesis = founded();
        change(&mut genesis);
        mine.check_stands_in(&genesis).map_err(|other| other.line)
    };
    assert_eq!(check(|_| ()), Ok(()));
    // What is others' is their business.
    assert_eq!(
        check(|genesis| genesis.agencies[2].url = "http://x/".to_owned()),
        Ok(())
    );
    assert_eq!(check(|genesis| drop(genesis.agencies.remove(1))), Err(3));
    assert_eq!(
        check(|genesis| genesis.agencies[1].url = "http://x/".to_owned()),
        Err(4)
    );
    let key = |purpose| proven(ORIGIN, "iiv", purpose, &secret("thief", purpose));
    let mut genesis = founded();
    genesis.agencies[1].vote = key("vote");
    assert_eq!(mine.check_stands_in(&genesis).unwrap_err().line, 7);
    assert_eq!(check(|genesis| drop(genesis.registries.remove(1))), Err(11));
    assert_eq!(check(|genesis| drop(genesis.clerks.remove(1))), Err(12));
    let more = |genesis: &mut Genesis| genesis.registries.insert(2, registry("iiv.titles", "iiv"));
    assert_eq!(check(more), Err(12));
    let mut genesis = founded();
    genesis
        .clerks
        .push(FOUNDER.clerk("iiv/mole", &["iiv.permits"], Operation::OF_OWNER));
    assert_eq!(mine.check_stands_in(&genesis).unwrap_err().line, 14);
    let first = FOUNDER.contributions(&plan()).remove(0);
    let mut genesis = founded();
    genesis.publisher = proven(ORIGIN, ORIGIN, "publisher", &secret("thief", "publisher"));
    assert_eq!(first.check_stands_in(&genesis).unwrap_err().line, 3);
}
