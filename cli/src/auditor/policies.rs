//! `muhr registry policy show --history`: every policy that a registry has had, from the whole log, each
//! with the place of its act. Not here: the policy in force, as a node tells it (`agency::policy`).

use messages::UserMessage;
use protocol::{
    act::Decision,
    height::{Height, LeafIndex},
    name::RegistryName,
    standing::RegistryPolicy,
};
use views::agency::policy::{PolicyHistoryView, SetPolicy};

use super::{
    replayed_log,
    report::{EntryPosition, basis},
};
use crate::{
    arguments::Reading,
    exit::{DONE, Failure, USAGE},
    output::Output,
};

pub(crate) fn history(
    registry: &RegistryName,
    reading: &Reading,
    output: &Output,
) -> Result<u8, Failure> {
    let mut set: Vec<(EntryPosition, RegistryPolicy)> = Vec::new();
    let (whole, _) = replayed_log::of(reading, output, &mut |block| {
        for (index, statement) in block.acts() {
            if let Decision::SetPolicy {
                registry: of,
                policy,
            } = &statement.decision
                && of == registry
            {
                set.push((EntryPosition::of(block, index), policy.clone()));
            }
        }
    })?;
    let directory = whole.replay.head().directory();
    let state = directory.registries().get(registry).ok_or_else(|| {
        Failure::new(
            USAGE,
            UserMessage::new("registry-not-there").text("registry", registry),
        )
        .help(UserMessage::new("help-check-name"))
    })?;
    // A first policy may stand in the genesis, which is leaf 0 and no act.
    let founding = whole.genesis.registries.iter();
    let first = founding
        .filter(|state| state.name == *registry)
        .find_map(|state| state.policy.clone());
    let place = EntryPosition {
        index: LeafIndex::ZERO,
        height: Height::ZERO,
        time: whole.genesis.time,
    };
    if let Some(first) = first {
        set.insert(0, (place, first));
    }
    let policies = set.iter().map(|(place, set)| SetPolicy {
        place: (*place).into(),
        policy: set.into(),
    });
    output.view(&PolicyHistoryView {
        basis: basis(&whole),
        registry: registry.to_string(),
        owner: state.owner.to_string(),
        policies: policies.collect(),
    });
    Ok(DONE)
}
