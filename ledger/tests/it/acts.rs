//! Acts of agencies: who may decide what about clerks and registries, and from when it holds.

use std::collections::BTreeSet;

use ledger::Refusal;
use protocol::{
    act::{ActStatement, Decision},
    authentic::{Authentic, Submission},
    entry::Operation,
    height::{Height, TimeMs},
    key::{PublicKey, SecretKey},
    name::{AgencyName, ClerkName, Date, ReasonCode},
    standing::RegistryPolicy,
    state::ClerkState,
};

use crate::world::{
    self, ANNA, BOB, Chain, LICENCES, LOLA, PARCELS, PERMITS, network, register, registry, secret,
    sign,
};

/// What `agency` says.
pub fn act(agency: &str, decision: Decision) -> ActStatement {
    ActStatement {
        decision,
        author: AgencyName::parse(agency).unwrap(),
        expires: Height::new(1000),
    }
}

pub fn clerk_state(name: &str, registries: &[&str], operations: &[Operation]) -> ClerkState {
    ClerkState {
        name: ClerkName::parse(name).unwrap(),
        key: secret(&format!("{name} clerk")).public(),
        until: None,
        registries: registries.iter().map(|name| registry(name)).collect(),
        operations: operations.iter().copied().collect::<BTreeSet<_>>(),
        revoked: None,
    }
}

pub fn add_clerk(name: &str, registries: &[&str], operations: &[Operation]) -> Decision {
    Decision::AddClerk(Box::new(clerk_state(name, registries, operations)))
}

pub fn add_clerk_with(name: &str, key: PublicKey) -> Decision {
    let state = clerk_state(name, &[], &[]);
    Decision::AddClerk(Box::new(ClerkState { key, ..state }))
}

pub fn revoke_clerk(name: &str, compromised: Option<u64>) -> Decision {
    Decision::RevokeClerk {
        clerk: ClerkName::parse(name).unwrap(),
        reason: ReasonCode::parse("K01").unwrap(),
        compromised: compromised.map(TimeMs::new),
    }
}

pub fn policy(name: &str, text: &str) -> Decision {
    Decision::SetPolicy {
        registry: registry(name),
        policy: RegistryPolicy::parse(text).unwrap(),
    }
}

/// Signed with that key, or with the admin key of the agency that it names.
pub fn sign_act(said: ActStatement, key: Option<&SecretKey>) -> Authentic {
    let admin = secret(&format!("{} admin", said.author));
    let key = key.unwrap_or(&admin);
    Submission::from(said.sign(&network(), key))
        .authenticate(&network(), &key.public())
        .unwrap()
}

fn decide(chain: &mut Chain, agency: &str, decision: Decision) {
    let executed = chain
        .execute(&[sign_act(act(agency, decision), None)])
        .unwrap();
    chain.append(&executed);
}

fn refused(chain: &Chain, agency: &str, decision: Decision) -> Refusal {
    chain
        .refusal(sign_act(act(agency, decision), None))
        .unwrap()
}

#[test]
fn a_new_clerk_acts_from_the_next_block_on_and_a_revoked_one_no_more() {
    let mut chain = Chain::new();
    let vera = "build/vera";
    let by_vera = |number| {
        let mut said = register(number);
        said.author = ClerkName::parse(vera).unwrap();
        sign(said)
    };
    let added = sign_act(
        act("build", add_clerk(vera, &[PERMITS], &[Operation::Register])),
        None,
    );
    // Not in the same block: nobody could have checked the signature before the block.
    assert!(chain.execute(&[added.clone(), by_vera(1)]).is_err());
    let executed = chain.execute(&[added]).unwrap();
    assert_eq!(executed.values().len(), 1);
    assert_eq!(executed.ids().len(), 1);
    chain.append(&executed);
    let executed = chain.execute(&[by_vera(1)]).unwrap();
    chain.append(&executed);
    // In the block of its revocation it still may.
    let since = chain.head.time().get() - 500;
    let revoked = sign_act(act("build", revoke_clerk(vera, Some(since))), None);
    let executed = chain.execute(&[revoked, by_vera(2)]).unwrap();
    chain.append(&executed);
    let state = chain
        .head
        .directory()
        .clerk(&ClerkName::parse(vera).unwrap());
    let revoked = state.unwrap().revoked.unwrap();
    assert_eq!(revoked.time, chain.head.time());
    assert_eq!(revoked.compromised, Some(TimeMs::new(since)));
    let refusal = chain.refusal(by_vera(3)).unwrap();
    assert_eq!(refusal.code(), "clerk-revoked");
    let replay = crate::replay::replayed(&chain);
    assert_eq!(replay.head().directory(), chain.head.directory());
}

/// Every state that a clerk can be in, on one chain whose next block is at height 3.
const CLERKS: [(&str, bool); 7] = [
    ("build/unknown", false),
    ("build/none-here", false),
    ("build/over", false),
    ("build/gone", false),
    ("land/foreign", false),
    ("build/only", true),
    ("build/last-day", true),
];

fn chain_of_clerks(operation: Operation) -> Chain {
    let mut chain = Chain::new();
    let until = |name: &str, date: &str, operation| {
        Decision::AddClerk(Box::new(ClerkState {
            until: Date::parse(date),
            ..clerk_state(name, &[PERMITS], &[operation])
        }))
    };
    let acts = [
        act(
            "build",
            add_clerk("build/none-here", &[LICENCES], &[operation]),
        ),
        act("build", until("build/over", "2026-11-22", operation)),
        act("build", add_clerk("build/gone", &[PERMITS], &[operation])),
        act("land", add_clerk("land/foreign", &[PERMITS], &[operation])),
        act("build", add_clerk("build/only", &[PERMITS], &[operation])),
        act("build", until("build/last-day", "2026-11-23", operation)),
    ];
    let acts: Vec<_> = acts.into_iter().map(|said| sign_act(said, None)).collect();
    let executed = chain.execute(&acts).unwrap();
    chain.append(&executed);
    decide(&mut chain, "build", revoke_clerk("build/gone", None));
    chain
}

#[test]
fn every_operation_needs_a_clerk_who_may_do_just_that_there() {
    // The record's status that each operation needs, and what leads to it.
    let before = |operation| match operation {
        Operation::Register => &[][..],
        Operation::Reinstate => &[Operation::Register, Operation::Suspend][..],
        _ => &[Operation::Register][..],
    };
    for operation in Operation::OF_OWNER {
        let mut chain = chain_of_clerks(operation);
        for step in before(operation) {
            chain.block([chain.next(*step, 1)]);
        }
        for (name, may) in CLERKS {
            for wanted in Operation::OF_OWNER {
                if before(wanted) != before(operation) {
                    continue;
                }
                let mut said = chain.next(wanted, 1);
                said.author = ClerkName::parse(name).unwrap();
                let refusal = chain.refusal(sign(said));
                let may = may && wanted == operation;
                assert_eq!(
                    refusal.is_none(),
                    may,
                    "{name} {wanted:?} {operation:?} {refusal:?}"
                );
            }
        }
    }
}

#[test]
fn an_act_handed_in_again_is_refused() {
    let mut chain = Chain::new();
    let vera = || add_clerk("build/vera", &[PERMITS], &[Operation::Register]);
    decide(&mut chain, "build", vera());
    decide(&mut chain, "build", revoke_clerk("build/vera", None));
    assert_eq!(refused(&chain, "build", vera()).code(), "clerk-exists");
    let again = revoke_clerk("build/vera", None);
    assert_eq!(refused(&chain, "build", again).code(), "clerk-revoked");
    decide(&mut chain, "build", policy(PERMITS, "1 1 land ever"));
    decide(&mut chain, "build", policy(PERMITS, "2 0 none ever"));
    let again = policy(PERMITS, "1 1 land ever");
    assert_eq!(
        refused(&chain, "build", again).code(),
        "wrong-policy-version"
    );
    // Two that exclude one another in one block: the second is refused.
    let other = Decision::AddClerk(Box::new(ClerkState {
        key: secret("court/vera clerk").public(),
        ..clerk_state("build/wera", &[PERMITS], &[Operation::Amend])
    }));
    let one = add_clerk("court/vera", &[PERMITS], &[Operation::Confirm]);
    let built = chain.build(&[
        sign_act(act("court", one), None),
        sign_act(act("build", other), None),
    ]);
    assert_eq!(built.refused.len(), 1);
    assert_eq!(built.refused[0].1.code(), "key-taken");
}

/// One example of every refusal that only acts meet; a hundred thousand clerks are left out.
pub fn refusals() -> Vec<Refusal> {
    let chain = Chain::new();
    let later = chain.head.time().get() + 1_000_000;
    let named = |key: &str| {
        Decision::AddClerk(Box::new(ClerkState {
            key: secret(key).public(),
            ..clerk_state("build/vera", &[PERMITS], &[Operation::Register])
        }))
    };
    let mut refusals = vec![
        refused(&chain, "nobody", named("a new key")),
        refused(&chain, "land", named("a new key")),
        refused(&chain, "land", revoke_clerk(ANNA, None)),
        refused(
            &chain,
            "build",
            add_clerk(BOB, &[PERMITS], &[Operation::Amend]),
        ),
        refused(&chain, "build", named("tax vote")),
        refused(&chain, "build", named(&format!("{LOLA} clerk"))),
        refused(
            &chain,
            "build",
            add_clerk("build/x", &["no.such"], &[Operation::Amend]),
        ),
        refused(&chain, "build", revoke_clerk("build/nobody", None)),
        refused(&chain, "build", revoke_clerk(ANNA, Some(later))),
        refused(&chain, "build", policy(PARCELS, "1 1 tax ever")),
        refused(&chain, "build", policy(PERMITS, "2 1 tax ever")),
        refused(&chain, "build", policy(PERMITS, "1 1 nobody ever")),
        refused(&chain, "build", policy(PERMITS, "1 3 land,tax ever")),
        refused(&chain, "build", policy(PERMITS, "1 1 build,tax ever")),
    ];
    let stolen = sign_act(
        act("build", named("a new key")),
        Some(&world::secret("a thief")),
    );
    refusals.push(chain.refusal(stolen).unwrap());
    let mut chain = Chain::new();
    decide(&mut chain, "build", revoke_clerk(ANNA, None));
    refusals.push(chain.refusal(sign(register(1))).unwrap());
    refusals
}
