//! Verdicts on one state of the index: what is there, what is not, and every way to say otherwise.

use protocol::{
    entry::Operation,
    height::Height,
    name::{ClerkName, RegistryName},
    policy::TrustPolicy,
    record::CaseRule,
    state::{ClerkState, NetworkState, RegistryState},
    state_proof::StateProof,
};
use verify::{Verdict, state};

use super::{
    ORIGIN,
    world::{World, clerk_name, registry},
};

fn world() -> World {
    let mut world = World::new(ORIGIN);
    world.act(Operation::Register, "TSH-1");
    world
}

fn nowhere() -> RegistryName {
    RegistryName::parse("qurilish.nowhere").unwrap()
}

fn of_registry(world: &World) -> StateProof {
    world.state_proof(RegistryState::index_key(&registry()))
}

fn verdict(trust: &TrustPolicy, proof: &StateProof) -> Result<(), Verdict> {
    let judged = state::registry(trust, proof.write().as_bytes(), &registry());
    judged.map(drop).map_err(|unproven| unproven.verdict)
}

#[test]
fn what_is_there_and_what_is_not_is_proven() {
    let world = world();
    let trust = world.trust();
    let text = of_registry(&world).write();
    let facts = state::registry(&trust, text.as_bytes(), &registry()).unwrap();
    assert_eq!(facts.state.unwrap().case_rule, CaseRule::AsWritten);
    assert_eq!(facts.as_of_height, Height::new(1));
    assert_eq!(facts.size.get(), world.size());
    assert_eq!(facts.cosigners.len(), 3);
    let key = RegistryState::index_key(&nowhere());
    let text = world.state_proof(key).write();
    let facts = state::registry(&trust, text.as_bytes(), &nowhere()).unwrap();
    assert_eq!(facts.state, None);
    let text = world.state_proof(NetworkState::index_key()).write();
    let facts = state::network(&trust, text.as_bytes()).unwrap();
    assert_eq!(facts.state.unwrap().validators.len(), 4);
    let text = world
        .state_proof(ClerkState::index_key(&clerk_name()))
        .write();
    let facts = state::clerk(&trust, text.as_bytes(), &clerk_name()).unwrap();
    assert_eq!(facts.state.unwrap(), world.clerk_state());
    let stranger = ClerkName::parse("qurilish/nobody").unwrap();
    let text = world.state_proof(ClerkState::index_key(&stranger)).write();
    let facts = state::clerk(&trust, text.as_bytes(), &stranger).unwrap();
    assert_eq!(facts.state, None);
}

#[test]
fn whatever_else_is_said_is_noticed() {
    let world = world();
    let trust = world.trust();
    let honest = of_registry(&world);
    assert_eq!(verdict(&trust, &honest), Ok(()));
    let other = world.state_proof(RegistryState::index_key(&nowhere()));
    type Bend<'a> = &'a dyn Fn(&mut StateProof);
    let bends: [(&str, Bend<'_>); 7] = [
        ("capitals", &|proof| {
            let state = proof.state.as_ref().unwrap();
            proof.state = Some(state.replace('\n', " capitals\n"));
        }),
        ("another owner", &|proof| {
            let state = proof.state.as_ref().unwrap();
            proof.state = Some(state.replace("owner qurilish", "owner soliq"));
        }),
        ("that there is none", &|proof| proof.state = None),
        ("there is none, with the proof of another", &|proof| {
            proof.state = None;
            proof.proof = other.proof.clone();
        }),
        ("a path less", &|proof| {
            let _less = proof.proof.siblings.pop();
        }),
        ("another height", &|proof| {
            proof.head.leaf.height = Height::new(9)
        }),
        ("fewer cosigners", &|proof| {
            proof.checkpoint = world.note(&[0, 1])
        }),
    ];
    for (what, bend) in bends {
        let mut proof = honest.clone();
        bend(&mut proof);
        assert_eq!(verdict(&trust, &proof), Err(Verdict::ProofBroken), "{what}");
    }
    // A true answer to another question.
    assert_eq!(verdict(&trust, &other), Err(Verdict::ProofBroken));
    let foreign = World::new("muhr.example/test/2");
    let proof = of_registry(&foreign);
    assert_eq!(verdict(&trust, &proof), Err(Verdict::WrongNetwork));
}

#[test]
fn a_state_of_a_later_version_is_not_taken_for_none() {
    let mut world = world();
    let key = RegistryState::index_key(&registry());
    world.set_state(
        key,
        "registry qurilish.permits owner qurilish in verse\n".to_owned(),
    );
    world.act(Operation::Register, "TSH-2");
    let judged = verdict(&world.trust(), &of_registry(&world));
    assert_eq!(judged, Err(Verdict::CannotDecide));
}

#[test]
fn every_byte_changed_or_cut_is_noticed() {
    let world = world();
    let trust = world.trust();
    let text = of_registry(&world).write();
    let note = text.find("--- checkpoint\n").unwrap();
    for at in 0..text.len() {
        let cut = state::registry(&trust, &text.as_bytes()[..at], &registry());
        // The note may lose its last cosignature and still have a quorum; nothing else may go.
        assert!(cut.is_err() || at > note, "cut at {at}");
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let judged = state::registry(&trust, &changed, &registry());
        assert!(judged.is_err() || at > note, "changed at {at}");
        if let Ok(facts) = judged {
            assert_eq!(facts.state.unwrap().case_rule, CaseRule::AsWritten);
        }
    }
}
