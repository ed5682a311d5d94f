//! A role in a registry's policy: whoever has it when a version is recorded is asked for that version.

use protocol::{entry::Operation, standing::Endorsement};

use crate::{
    acts::{act, add_clerk, policy, sign_act},
    governance::{agree, change_threshold, epoch},
    world::{self, Chain, LOLA, PERMITS, attest, register},
};

/// Those run the validators once all have agreed and the time has come.
fn hand_over(chain: &mut Chain, names: &[&str]) {
    let agencies: Vec<_> = names.iter().map(|name| world::agency(name)).collect();
    let change = epoch(chain, agencies);
    let threshold = change_threshold(&change);
    let made = agree(chain, &change);
    let now = chain.head.directory().network();
    assert_eq!(made.block_leaf().epoch.next(), now.epoch);
    assert_eq!(now.recovery_threshold, threshold);
    assert_eq!(now.validators.len(), names.len());
}

fn set(chain: &mut Chain, text: &str) -> Result<(), &'static str> {
    let entry = sign_act(act("build", policy(PERMITS, text)), None);
    if let Some(refusal) = chain.refusal(entry.clone()) {
        return Err(refusal.code());
    }
    let executed = chain.execute(&[entry]).unwrap();
    chain.append(&executed);
    Ok(())
}

fn asked(chain: &Chain, number: u64) -> String {
    let terms = chain.state(number).unwrap().standing.unwrap().terms;
    let names: Vec<String> = terms
        .unwrap()
        .agencies
        .iter()
        .map(ToString::to_string)
        .collect();
    names.join(",")
}

fn now(chain: &Chain, number: u64) -> Endorsement {
    chain.state(number).unwrap().endorsement(chain.head.time())
}

#[test]
fn a_validator_that_came_later_is_asked_for_later_versions_and_for_none_before() {
    let mut chain = Chain::new();
    let too_many = set(&mut chain, "1 4 @validators ever");
    assert_eq!(too_many, Err("policy-unsatisfiable"));
    set(&mut chain, "1 3 @validators ever").unwrap();
    chain.block([register(1)]);
    assert_eq!(asked(&chain, 1), "court,land,tax");
    hand_over(&mut chain, &["build", "court", "land", "tax", "water"]);
    assert_eq!(asked(&chain, 1), "court,land,tax");
    chain.block([register(2)]);
    assert_eq!(asked(&chain, 2), "court,land,tax,water");
    chain.block([chain.next(Operation::Amend, 1)]);
    assert_eq!(asked(&chain, 1), "court,land,tax,water");
    // One that runs no validator any more is asked only where it is named.
    hand_over(&mut chain, &["build", "land", "tax", "water"]);
    chain.block([register(3)]);
    assert_eq!(asked(&chain, 3), "land,tax,water");
    set(&mut chain, "2 4 @validators,court,tax 30").unwrap();
    chain.block([register(4)]);
    assert_eq!(asked(&chain, 4), "court,land,tax,water");
    let replay = crate::replay::replayed(&chain);
    assert_eq!(replay.head().directory(), chain.head.directory());
    assert_eq!(replay.head().block(), chain.head.block());
}

#[test]
fn a_role_that_fewer_have_than_are_needed_lowers_nothing() {
    let mut chain = Chain::new();
    let attests = [Operation::Confirm, Operation::Withdraw];
    let clerks = ["court", "tax"].map(|agency| {
        let name = format!("{agency}/judge");
        sign_act(act(agency, add_clerk(&name, &[PERMITS], &attests)), None)
    });
    let executed = chain.execute(&clerks).unwrap();
    chain.append(&executed);
    hand_over(&mut chain, &["build", "court", "land", "tax", "water"]);
    set(&mut chain, "1 4 @validators ever").unwrap();
    hand_over(&mut chain, &["build", "court", "land", "tax"]);
    chain.block([register(1)]);
    assert_eq!(asked(&chain, 1), "court,land,tax");
    for author in ["court/judge", LOLA, "tax/judge"] {
        let said = attest(Operation::Confirm, 1, chain.state(1).as_ref(), author);
        chain.block([said]);
    }
    // All have confirmed who can, and the policy wants one more.
    assert_eq!(now(&chain, 1), Endorsement::Pending);
    let same_again = set(&mut chain, "2 4 @validators ever");
    assert_eq!(same_again, Err("policy-unsatisfiable"));
    set(&mut chain, "2 1 @validators ever").unwrap();
    assert_eq!(now(&chain, 1), Endorsement::Pending);
    chain.block([chain.next(Operation::Amend, 1)]);
    let said = attest(Operation::Confirm, 1, chain.state(1).as_ref(), LOLA);
    chain.block([said]);
    assert_eq!(now(&chain, 1), Endorsement::Effective(chain.head.time()));
}
