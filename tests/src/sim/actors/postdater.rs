//! Dates its cosignatures a month ahead: receipts would look newer than they are.

use node::{
    network::Lane,
    wire::{self, ConsensusMessage, Cosignature, SyncMessage},
};
use protocol::cosignature;

use super::{Actor, Scene};
use crate::sim::words;

const AHEAD_S: u64 = 30 * 86_400;

pub(super) struct Postdater;

impl Postdater {
    fn bend(scene: &Scene<'_>, cosign: &mut Cosignature) -> bool {
        if cosign.agency != *scene.agency().as_str() {
            return false;
        }
        cosign.time = cosign.time.saturating_add(AHEAD_S);
        let origin = &scene.seats.genesis.origin;
        let body = format!("{origin}\n{}\n{}\n", cosign.size, cosign.root);
        cosign.signature = cosignature::sign(&scene.secret("cosign"), cosign.time, &body);
        true
    }
}

impl Actor for Postdater {
    fn says(&mut self, scene: &mut Scene<'_>, to: usize, lane: Lane, bytes: Vec<u8>) {
        let bent = match lane {
            Lane::Consensus => match words::consensus(&bytes) {
                Some(ConsensusMessage::Cosignature(mut cosign)) => Self::bend(scene, &mut cosign)
                    .then(|| wire::encode(&ConsensusMessage::Cosignature(cosign))),
                _ => None,
            },
            Lane::Sync => match words::sync(&bytes) {
                Some(SyncMessage::Cosigns(mut cosigns, line)) => {
                    let bent = cosigns.iter_mut().map(|it| Self::bend(scene, it));
                    let any = bent.fold(false, |any, one| any | one);
                    any.then(|| wire::encode(&SyncMessage::Cosigns(cosigns, line)))
                }
                _ => None,
            },
            Lane::Entries => None,
        };
        scene.say(to, lane, bent.unwrap_or(bytes));
    }
}
