//! Random histories against a simple model: what the rules would allow, in thirty lines.

use std::collections::BTreeMap;

use protocol::{
    authentic::Authentic,
    entry::Operation,
    state::{RecordState, RecordStatus, value_hash},
};
use testkit::Random;

use crate::world::{self, Chain, PERMITS, key, next, registry, sign};

/// Version, content version and status of each record.
type Model = BTreeMap<u64, (u64, u64, RecordStatus)>;

fn model_allows(model: &mut Model, number: u64, operation: Operation) -> bool {
    use Operation::{Amend, Correct, Register, Reinstate, Revoke, Suspend};
    use RecordStatus::{Active, Revoked, Suspended};
    let before = model.get(&number).copied();
    let status = match (before.map(|record| record.2), operation) {
        (None, Register) => Active,
        (Some(Active), Amend | Correct) => Active,
        (Some(Active), Suspend) => Suspended,
        (Some(Suspended), Correct) => Suspended,
        (Some(Suspended), Reinstate) => Active,
        (Some(Active | Suspended), Revoke) => Revoked,
        _ => return false,
    };
    let (version, content, _) = before.unwrap_or((0, 0, status));
    let content = if operation.has_content() {
        version + 1
    } else {
        content
    };
    model.insert(number, (version + 1, content, status));
    true
}

/// One block of random candidates, each of another record; what of them the model allows.
pub fn random_block(
    random: &mut Random,
    model: &mut BTreeMap<u64, (u64, u64, RecordStatus)>,
    state: impl Fn(u64) -> Option<RecordState>,
) -> (Vec<Authentic>, Vec<bool>) {
    let count = 1 + random.below(12);
    let start = random.below(200);
    (0..count)
        .map(|step| {
            let number = start + step;
            let operation = Operation::ALL[random.below(6) as usize];
            let entry = sign(next(operation, number, state(number).as_ref()));
            (entry, model_allows(model, number, operation))
        })
        .unzip()
}

#[test]
fn random_histories_follow_the_model() {
    for seed in 1..20 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut model = Model::new();
        let mut chain = Chain::new();
        for _ in 0..40 {
            let (entries, allowed) = random_block(&mut random, &mut model, |n| chain.state(n));
            let built = chain.build(&entries);
            let wanted = entries
                .iter()
                .zip(&allowed)
                .filter(|(_, allowed)| **allowed);
            let wanted: Vec<_> = wanted.map(|(entry, _)| entry.id()).collect();
            let taken = built
                .executed
                .as_ref()
                .map_or(&[][..], |executed| executed.ids());
            assert_eq!(taken, wanted, "seed {seed}");
            if let Some(executed) = built.executed {
                chain.append(&executed);
            }
        }
        for (number, (version, content, status)) in &model {
            let state = chain.state(*number).unwrap();
            let found = (state.version.get(), state.content.get(), state.status);
            assert_eq!(
                found,
                (*version, *content, *status),
                "seed {seed} record {number}"
            );
            let at = RecordState::index_key(&registry(PERMITS), &key(*number));
            assert_eq!(
                chain.head.index().get(&at).unwrap(),
                Some(value_hash(&state.write()))
            );
        }
        let directory = chain.head.directory();
        for (at, value) in directory.values() {
            assert_eq!(
                chain.head.index().get(&at).unwrap(),
                Some(value_hash(&value))
            );
        }
        assert_eq!(
            *directory.as_ref(),
            ledger::Directory::genesis(&world::genesis())
        );
    }
}
