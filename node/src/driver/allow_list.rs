//! Who may connect, carried out: what the state and the settings say of peers becomes connections.
//!
//! The agencies of an epoch that ends stay peers for a while, by the keys that they had: whoever has not
//! committed the block that ended it knows no others, and its note has to come together. Not here: who may
//! connect as things stand (`crate::peers`), and the connections themselves (`network`).

use std::{collections::BTreeSet, time::Duration};

use protocol::height::LogSize;

use super::Driver;
use crate::{
    epoch::EpochState,
    fault::NodeFault,
    host::Moment,
    peers::{Guest, PassedOver, peers_of},
};

/// For so long after the note of an epoch's last block its agencies' nodes stay peers.
const LEAVERS_STAY: Duration = Duration::from_secs(600);

/// One that is let in beside the set in force.
#[derive(Debug)]
struct Leaver {
    guest: Guest,
    /// Size of the log with the block that ended its epoch.
    last: LogSize,
    /// Until when it is let in; none before the note of that block is there.
    until: Option<Moment>,
}

/// Who is let in beside the set in force, and what was last said of the settings.
#[derive(Debug, Default)]
pub(super) struct AllowedGuests {
    leavers: Vec<Leaver>,
    told: Vec<PassedOver>,
}

impl AllowedGuests {
    /// An epoch has ended with a log of that size. Whoever stays by the same key is no guest (`peers_of`).
    fn epoch_ended(&mut self, before: &EpochState, last: LogSize) {
        let agencies = before.agencies().values();
        self.leavers.extend(agencies.map(|agency| Leaver {
            guest: Guest {
                agency: agency.name.clone(),
                key: agency.peer,
            },
            last,
            until: None,
        }));
    }

    /// So much of the log is published. Whose time is over.
    fn pass(&mut self, published: LogSize, now: Moment) -> Vec<Guest> {
        for leaver in &mut self.leavers {
            if leaver.last <= published && leaver.until.is_none() {
                leaver.until = Some(now + LEAVERS_STAY);
            }
        }
        let is_over = |leaver: &mut Leaver| leaver.until.is_some_and(|until| until <= now);
        let over = self.leavers.extract_if(.., is_over);
        over.map(|leaver| leaver.guest).collect()
    }

    fn guests(&self) -> Vec<Guest> {
        let leavers = self.leavers.iter();
        leavers.map(|leaver| leaver.guest.clone()).collect()
    }
}

impl Driver {
    /// Lets in whoever may connect as the state and the settings stand now, and cuts off everybody else.
    ///
    /// # Errors
    /// [`NodeFault::Network`] for a key that cannot be one on the wire.
    pub(super) fn renew_peers(&mut self) -> Result<(), NodeFault> {
        let head = self.shared.ledger.head();
        let settings = self.shared.settings.borrow().clone();
        let mut list = peers_of(head.directory(), &settings, &self.allowed.guests());
        self.addresses.complete(&mut list.peers);
        self.shared.network.set_peers(&list.peers)?;
        let listed = self.shared.network.listed();
        self.peers.follow(&listed);
        for passed in &list.passed_over {
            if !self.allowed.told.contains(passed) {
                tracing::warn!(event = "setting-passed-over", "{passed}");
            }
        }
        self.allowed.told = list.passed_over;
        let names: BTreeSet<&str> = listed.iter().map(|peer| &*peer.name).collect();
        let is_there = |name: &String| names.contains(name.as_str());
        let mut progress = self.shared.progress();
        progress.peers.retain(|name, _| is_there(name));
        progress.silent.retain(|name, _| is_there(name));
        progress.clocks.retain(|name, _| is_there(name));
        progress.not_known_to.retain(is_there);
        Ok(())
    }

    /// The settings were read, for the first time or again.
    pub(super) fn on_settings(&mut self) {
        self.say_where_it_is();
        if let Err(fault) = self.renew_peers() {
            self.shared.fail(&fault);
        }
    }

    /// Another epoch is in force since a log of that size: its agencies are let in, and those of the one
    /// before for a while.
    ///
    /// # Errors
    /// As [`Self::renew_peers`].
    pub(super) fn peers_of_epoch(
        &mut self,
        before: &EpochState,
        last: LogSize,
    ) -> Result<(), NodeFault> {
        self.allowed.epoch_ended(before, last);
        self.renew_peers()
    }

    /// Cuts off whoever was let in for a while that is over.
    pub(super) fn part_with_leavers(&mut self) {
        let now = self.shared.host.moment();
        let published = *self.shared.published.borrow();
        let gone = self.allowed.pass(published, now);
        if gone.is_empty() {
            return;
        }
        if let Err(fault) = self.renew_peers() {
            return self.shared.fail(&fault);
        }
        // This node's own old key is let in nowhere any more.
        let own = self.identity.public();
        if gone.iter().any(|guest| guest.key == own) {
            self.take_identity_in_force();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::examples::{epoch, secret};

    #[test]
    fn leavers_stay_for_ten_minutes_after_the_note_of_their_last_block() {
        let at = |seconds: u64| Moment::new(Duration::from_secs(seconds));
        let mut allowed = AllowedGuests::default();
        allowed.epoch_ended(&epoch(0, &["adliya", "soliq"]), LogSize::new(7));
        let guests = allowed.guests();
        assert_eq!(guests.len(), 2);
        assert_eq!(guests[1].key, secret("soliq", "peer").public());
        let mut passed = |size: u64, seconds: u64| {
            let gone = allowed.pass(LogSize::new(size), at(seconds));
            let gone = gone.into_iter().map(|guest| guest.agency.to_string());
            (gone.collect::<Vec<_>>(), allowed.guests().len())
        };
        let nobody = Vec::new;
        // Without the note they stay, however long that takes.
        assert_eq!(passed(6, 100_000), (nobody(), 2));
        assert_eq!(passed(7, 100_001), (nobody(), 2));
        assert_eq!(passed(7, 100_600), (nobody(), 2));
        assert_eq!(
            passed(7, 100_601),
            (vec!["adliya".into(), "soliq".into()], 0)
        );
        assert_eq!(passed(9, 200_000), (nobody(), 0));
    }

    #[test]
    fn each_change_has_a_time_of_its_own() {
        let at = |seconds: u64| Moment::new(Duration::from_secs(seconds));
        let mut allowed = AllowedGuests::default();
        allowed.epoch_ended(&epoch(0, &["adliya", "soliq"]), LogSize::new(7));
        assert_eq!(allowed.pass(LogSize::new(7), at(1)), []);
        allowed.epoch_ended(&epoch(1, &["adliya", "kadastr"]), LogSize::new(9));
        assert_eq!(allowed.pass(LogSize::new(9), at(301)), []);
        assert_eq!(allowed.guests().len(), 4);
        assert_eq!(allowed.pass(LogSize::new(9), at(601)).len(), 2);
        assert_eq!(allowed.pass(LogSize::new(12), at(901)).len(), 2);
        assert_eq!(allowed.guests(), []);
    }
}
