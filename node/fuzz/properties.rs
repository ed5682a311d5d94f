//! What every decoder of bytes from peers must keep: it never panics, what it accepts is written back
//! to the same bytes, and what verifies may be told to a machine. Shared by the fuzz targets and by
//! the plain tests over their corpus (`tests/it/network/wire.rs`).

use consensus::{HeightParameters, Input, Machine, Safety, ValidatorSet, Verified, verify};
use protocol::{
    hash::ChainId,
    height::Height,
    key::{PublicKey, SecretKey},
};
use serde::{Serialize, de::DeserializeOwned};

use super::wire::{
    CONSENSUS_BYTES_MAX, ConsensusMessage, ENTRIES_BYTES_MAX, EntriesMessage, SYNC_BYTES_MAX,
    SyncMessage, decode, encode,
};

/// One target for each kind of message, and one for the record on disk.
pub(crate) const TARGETS: [&str; 4] = ["consensus", "entries", "sync", "record"];
const RECORD_BYTES_MAX: usize = 16 << 10;

/// The network of all seeds.
pub(crate) const CHAIN: ChainId = ChainId::new([7; 32]);

/// The keys of its four validators, in their order.
pub(crate) fn secrets() -> Vec<SecretKey> {
    let mut secrets: Vec<_> = (1..=4)
        .map(|seed| SecretKey::from_seed(&[seed; 32]))
        .collect();
    secrets.sort_by_key(SecretKey::public);
    secrets
}

fn same<T: Serialize + DeserializeOwned>(name: &str, bytes: &[u8], bytes_max: usize) -> Option<T> {
    let message: T = decode(bytes, bytes_max).ok()?;
    let written = encode(&message);
    assert!(written == bytes, "{name} accepted what it writes otherwise");
    Some(message)
}

/// Runs the property of the target `name`; says whether the bytes were a message.
pub(crate) fn check(name: &str, bytes: &[u8]) -> bool {
    match name {
        "consensus" => same(name, bytes, CONSENSUS_BYTES_MAX).map(tell).is_some(),
        "entries" => same::<EntriesMessage>(name, bytes, ENTRIES_BYTES_MAX).is_some(),
        "sync" => same::<SyncMessage>(name, bytes, SYNC_BYTES_MAX).is_some(),
        "record" => same::<Safety>(name, bytes, RECORD_BYTES_MAX).is_some(),
        _ => panic!("no target {name}"),
    }
}

/// What a node does with a message: check it, and tell the machine if it holds.
fn tell(message: ConsensusMessage) {
    let keys: Vec<PublicKey> = secrets().iter().map(SecretKey::public).collect();
    let me = keys.first().copied();
    let Ok(set) = ValidatorSet::new(keys) else {
        return;
    };
    let input =
        match &message {
            ConsensusMessage::Proposal(proposal, _) => verify::proposal(&CHAIN, &set, proposal)
                .map(|proposal| Input::Proposal {
                    proposal,
                    valid: true,
                    timely: true,
                }),
            ConsensusMessage::Vote(vote) => verify::vote(&CHAIN, &set, vote).map(Input::Vote),
            ConsensusMessage::Polka(polka) => verify::polka(&CHAIN, &set, polka).map(Input::Polka),
            ConsensusMessage::Commit(commit) => verify::commit(&CHAIN, &set, commit)
                .map(|commit: Verified<_>| Input::Commit(commit)),
            ConsensusMessage::Cosignature(_) | ConsensusMessage::LogLine(_) => return,
        };
    if let Ok(input) = input {
        let mut machine = Machine::new(
            CHAIN,
            HeightParameters {
                height: Height::new(4),
                validators: set,
                me,
                record: None,
                is_held: false,
            },
        );
        let _orders = machine.step(Input::Start);
        let _orders = machine.step(Input::Pending(true));
        let _orders = machine.step(input);
    }
}
