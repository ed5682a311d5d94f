//! Never hears the entries of one agency, so its blocks never hold them.

use node::{
    network::Lane,
    wire::{self, EntriesMessage},
};
use protocol::{authentic::Submission, name::AgencyName};

use super::{Actor, Scene};

pub(super) struct Censor {
    victim: AgencyName,
}

impl Censor {
    pub(super) const fn new(victim: AgencyName) -> Self {
        Self { victim }
    }
}

impl Actor for Censor {
    fn hears(
        &mut self,
        _scene: &mut Scene<'_>,
        _from: usize,
        lane: Lane,
        bytes: Vec<u8>,
    ) -> Option<Vec<u8>> {
        if lane != Lane::Entries {
            return Some(bytes);
        }
        let EntriesMessage(mut entries) = wire::decode(&bytes, wire::ENTRIES_BYTES_MAX).ok()?;
        entries.retain(|bytes| {
            Submission::parse(bytes).is_ok_and(|said| said.author().agency() != self.victim)
        });
        Some(wire::encode(&EntriesMessage(entries)))
    }
}
