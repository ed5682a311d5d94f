//! What is measured only when somebody asks: how things stand now, put into the gauges.

use std::sync::atomic::Ordering;

use crate::{
    logging,
    metrics::{Metrics, PeerName},
    shared::{Progress, Shared},
};

/// Brings all gauges up to date.
pub(super) fn gather(shared: &Shared) {
    let metrics = &shared.metrics;
    let head = shared.ledger.head();
    let progress = shared.progress().clone();
    metrics.height.set(number(head.height().get()));
    metrics.size.set(number(head.size().get()));
    metrics
        .head_timestamp
        .set(seconds(number(head.leaf().time.get())));
    metrics
        .published
        .set(number(shared.published.borrow().get()));
    let epoch = shared.epochs.now();
    metrics.epoch.set(number(epoch.number().get()));
    for agency in epoch.agencies().keys() {
        // Those that missed none stand on the page too.
        let _shown = metrics.missed_by(agency);
    }
    if let Some(free) = shared.disks.free_bytes() {
        metrics.machine.disk_free.set(number(free));
    }
    metrics.waiting.set(number(shared.mempool().len() as u64));
    metrics
        .sent_bytes
        .inner()
        .store(shared.network.sent_bytes(), Ordering::Relaxed);
    metrics
        .log_lines_lost
        .inner()
        .store(logging::dropped(), Ordering::Relaxed);
    metrics.reached.set(number(shared.turnout().voting as u64));
    let votes = shared.is_validator() && progress.not_voting.is_none();
    metrics.votes.set(i64::from(votes));
    if let Some(own) = progress.clock_ms {
        metrics.clock_offset.set(seconds(own));
    }
    peers(shared, metrics, &progress);
}

fn peers(shared: &Shared, metrics: &Metrics, progress: &Progress) {
    let of = &metrics.peers;
    let contacts = shared.network.contacts();
    of.keep_only(contacts.iter().map(|(name, _)| &**name));
    for (name, contact) in contacts {
        let name = &*name;
        let label = PeerName {
            peer: name.to_owned(),
        };
        of.reached
            .get_or_create(&label)
            .set(i64::from(contact.is_reached));
        if let Some(ago) = contact.heard_ago {
            of.silent.get_or_create(&label).set(ago.as_secs_f64());
        }
        if let Some((height, _)) = progress.peers.get(name) {
            of.height.get_or_create(&label).set(number(height.get()));
        }
        match progress.clocks.get(name) {
            Some(ahead) => {
                of.clock.get_or_create(&label).set(seconds(*ahead));
            }
            None => {
                of.clock.remove(&label);
            }
        }
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Milliseconds as seconds; what a clock is off by never needs more digits than these have.
#[allow(
    clippy::cast_precision_loss,
    reason = "beyond 285 years the last millisecond is of no interest"
)]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
