//! How the node is doing: for people, for load balancers and for Prometheus.

use std::{sync::Arc, time::Duration};

use api::{Health, HealthCheck, Network, PeerView, Status};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    clocks::{WRONG_MS, in_words},
    descriptors,
    driver::clock::finds_timely,
    limits,
    metrics::Exposition,
    network::HEARD_WITHIN,
    shared::{Shared, Turnout},
};

use super::measured;

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
/// A driver that has not turned for so long hangs, and the node is to be started again.
const ALIVE_WITHIN: Duration = Duration::from_secs(30);
/// One that has not turned for so long is not ready: its peers do not count it any more either.
const TURN_WITHIN: Duration = HEARD_WITHIN;

pub(super) async fn network(State(shared): State<Arc<Shared>>) -> Json<Network> {
    let head = shared.ledger.head();
    let state = head.directory().network();
    Json(Network {
        origin: head.directory().origin().to_string(),
        chain: state.chain.to_hex(),
        protocol: state.protocol,
        height: head.height().get(),
        size: head.size().get(),
        time: head.leaf().time.get(),
        entry_bytes_max: state.limits.entry_bytes,
        lifetime_heights: state.limits.lifetime_heights,
        quorum: shared.epochs.now().quorum() as u64,
        validators: state.validators.iter().map(ToString::to_string).collect(),
    })
}

pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Json<Status> {
    let head = shared.ledger.head();
    let progress = shared.progress().clone();
    let contacts = shared.network.contacts();
    let turnout = shared.turnout();
    let ago = shared.host.since(progress.turned);
    let warnings = turns_not(ago).into_iter().chain(progress.warnings);
    let peers = shared.peers.iter().zip(contacts).map(|(name, contact)| {
        let (height, cosigned) = progress.peers.get(name).copied().unwrap_or_default();
        PeerView {
            name: name.clone(),
            reached: contact.is_reached,
            silent: contact
                .is_reached
                .then(|| progress.silent.get(name))
                .flatten()
                .map(|silence| silence.in_words().to_owned()),
            heard_ms: contact.heard_ago.map(milliseconds),
            reason: contact.trouble,
            clock_ms: progress.clocks.get(name).copied(),
            height: height.get(),
            cosigned: cosigned.get(),
        }
    });
    let published = shared.ledger.published();
    // Every line of the note was verified before it was written under it.
    let own = format!("\u{2014} {} ", head.directory().origin());
    let log_signed = published.is_some_and(|it| it.note.lines().any(|line| line.starts_with(&own)));
    Json(Status {
        log_signed,
        agency: shared.agency.as_ref().map(ToString::to_string),
        role: if shared.agency.is_some() {
            "validator"
        } else {
            "observer"
        }
        .to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        origin: head.directory().origin().to_string(),
        height: head.height().get(),
        size: head.size().get(),
        published: shared.published.borrow().get(),
        round: progress.round,
        step: progress.step.to_owned(),
        waiting: shared.mempool().len() as u64,
        quorum: shared.epochs.now().quorum() as u64,
        reached: turnout.voting as u64,
        missing: turnout.missing(),
        peers: peers.collect(),
        not_known_to: progress.not_known_to.into_iter().collect(),
        not_voting: progress.not_voting,
        clock_ms: progress.clock_ms,
        warnings: warnings.collect(),
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) async fn genesis(State(shared): State<Arc<Shared>>) -> Response {
    (TEXT, shared.epochs.first_leaf().to_owned()).into_response()
}

pub(super) async fn trust(State(shared): State<Arc<Shared>>) -> Response {
    (TEXT, shared.epochs.now().trust_file().to_owned()).into_response()
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    measured::gather(&shared);
    let accept = headers
        .get(header::ACCEPT)
        .map(|it| it.to_str().unwrap_or(""));
    let wanted = Exposition::wanted(accept);
    let kind = [(header::CONTENT_TYPE, wanted.content_type())];
    (kind, wanted.write(shared.metrics.page())).into_response()
}

pub(super) async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    health(vec![driver(&shared, ALIVE_WITHIN)])
}

pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let turnout = shared.turnout();
    let head = shared.ledger.head();
    let published = *shared.published.borrow();
    let progress = shared.progress().clone();
    let heights = progress.peers.values().map(|(height, _)| *height);
    let farthest = heights.max().unwrap_or_default();
    let behind = farthest.get().saturating_sub(head.height().get());
    let waiting = shared.mempool().len();
    let waits = progress.waits_since.map(|at| shared.host.since(at));
    health(vec![
        driver(&shared, TURN_WITHIN),
        quorum(&turnout, shared.epochs.now().quorum()),
        votes(&shared, progress.not_voting),
        own_clock(&shared),
        clocks(&shared, &turnout.missing()),
        check(
            "behind",
            behind <= 20,
            format!("blocks behind the farthest peer: {behind}"),
        ),
        check(
            "published",
            published.get() > 0,
            format!("newest checkpoint with a quorum has size {published}"),
        ),
        check(
            "room",
            waiting < limits::QUEUE_ENTRIES_MAX,
            format!("entries that wait: {waiting}"),
        ),
        progresses(waits),
        open_files(),
        disk(shared.disks.free_bytes()),
    ])
}

fn check(name: &str, ok: bool, reason: String) -> HealthCheck {
    HealthCheck {
        name: name.to_owned(),
        ok,
        reason,
    }
}

/// Whether enough validators are there to decide anything. One that is there and does not vote is no help.
fn quorum(turnout: &Turnout, quorum: usize) -> HealthCheck {
    let voting = turnout.voting;
    let reason = if turnout.away.is_empty() && turnout.silent.is_empty() {
        format!("reaches all validators: {voting}")
    } else {
        let missing = turnout.missing_in_words();
        format!(
            "validators that it reaches and that vote: {voting}, {quorum} are needed; missing: {missing}"
        )
    };
    check("quorum", voting >= quorum, reason)
}

/// Whether this node does what its agency runs it for.
fn votes(shared: &Shared, not_voting: Option<String>) -> HealthCheck {
    let reason = match &not_voting {
        Some(reason) => format!("this node does not vote: {reason}"),
        None if shared.agency.is_some() => "this node votes".to_owned(),
        None => "this node is an observer, which has no vote".to_owned(),
    };
    check("votes", not_voting.is_none(), reason)
}

/// Whether what waits gets into blocks: that a quorum is there does not say so.
fn progresses(waits: Option<Duration>) -> HealthCheck {
    let longest = Duration::from_secs(limits::ENTRIES_WAIT_SECONDS_MAX);
    let is_stuck = waits.is_some_and(|waits| waits > longest);
    let reason = match waits {
        Some(waits) if is_stuck => {
            format!(
                "entries have waited for {} s without a block",
                waits.as_secs()
            )
        }
        Some(_) => "entries wait for the next block".to_owned(),
        None => "nothing waits for a block".to_owned(),
    };
    check("progress", !is_stuck, reason)
}

/// Whether the disk and the peers still find descriptors.
fn open_files() -> HealthCheck {
    let (used, allowed) = (descriptors::used(), descriptors::allowed());
    let free = used.map(|used| allowed.saturating_sub(used));
    HealthCheck {
        name: "open files".to_owned(),
        ok: free.is_none_or(|free| free >= limits::OPEN_FILES_FREE_MIN),
        reason: match used {
            Some(used) => format!("{used} files and connections of {allowed} are open"),
            None => "the system does not say how many files are open".to_owned(),
        },
    }
}

/// Whether the disk has room, while there is still time to make some.
fn disk(free: Option<u64>) -> HealthCheck {
    HealthCheck {
        name: "disk".to_owned(),
        ok: free.is_none_or(|free| free >= limits::DISK_FREE_BYTES_MIN),
        reason: match free {
            Some(free) => format!(
                "{} MiB are free on the disk that has least, and fewer than {} are low",
                free >> 20,
                limits::DISK_FREE_BYTES_MIN >> 20
            ),
            None => "the system does not say how much room is on the disk".to_owned(),
        },
    }
}

/// A clock that is off makes this validator's votes late or its proposals untimely.
fn own_clock(shared: &Shared) -> HealthCheck {
    let own = shared.progress().clock_ms;
    HealthCheck {
        name: "clock".to_owned(),
        ok: own.is_none_or(|own| own.unsigned_abs() < WRONG_MS.unsigned_abs()),
        reason: match own {
            Some(own) => format!("the clock is {} the others'", in_words(own)),
            None => "the clocks of too few others are known".to_owned(),
        },
    }
}

/// Whether a quorum can agree: a validator whose clock is far off is there and finds no proposal timely.
fn clocks(shared: &Shared, missing: &[String]) -> HealthCheck {
    let progress = shared.progress();
    let own = progress.clock_ms.unwrap_or(0);
    let off = |name: &str| {
        let ahead = progress.clocks.get(name)?.saturating_add(own);
        (!finds_timely(ahead)).then_some(ahead)
    };
    let epoch = shared.epochs.now();
    let agencies = epoch.agencies().keys().map(ToString::to_string);
    let reached = agencies.filter(|agency| !missing.contains(agency));
    let (mut in_time, mut out) = (0, Vec::new());
    for name in reached {
        match off(&name) {
            Some(ahead) => out.push(format!(
                "; the clock of {name} is {} the others'",
                in_words(ahead)
            )),
            None => in_time += 1,
        }
    }
    let quorum = epoch.quorum();
    HealthCheck {
        name: "clocks".to_owned(),
        ok: in_time >= quorum,
        reason: format!(
            "validators that are reached and in time: {in_time}, {quorum} are needed{}",
            out.concat()
        ),
    }
}

fn driver(shared: &Shared, within: Duration) -> HealthCheck {
    let ago = shared.host.since(shared.progress().turned);
    turned(ago, within)
}

/// What a driver that turned so long ago is worth.
fn turned(ago: Duration, within: Duration) -> HealthCheck {
    let reason = format!("the driver turned {} ms ago", ago.as_millis());
    check("driver", ago < within, reason)
}

/// What to say of a node whose driver stands still: what it shows is as old.
fn turns_not(ago: Duration) -> Option<String> {
    (ago >= TURN_WITHIN).then(|| {
        format!(
            "this node has not turned for {} s, and what it shows is as old; its disk does not answer, or the machine is stopped or short of time",
            ago.as_secs()
        )
    })
}

fn health(checks: Vec<HealthCheck>) -> Response {
    let ok = checks.iter().all(|check| check.ok);
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Health { ok, checks })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_stands_still_is_not_ready_long_before_it_is_given_up() {
        let seconds = Duration::from_secs;
        assert!(turned(seconds(7), TURN_WITHIN).ok && turns_not(seconds(7)).is_none());
        let still = turned(seconds(8), TURN_WITHIN);
        assert!(!still.ok, "{}", still.reason);
        let said = turns_not(seconds(29)).unwrap();
        assert!(
            said.starts_with("this node has not turned for 29 s"),
            "{said}"
        );
        assert!(turned(seconds(29), ALIVE_WITHIN).ok && !turned(seconds(30), ALIVE_WITHIN).ok);
    }

    #[test]
    fn entries_that_wait_without_a_block_are_told() {
        let seconds = Duration::from_secs;
        assert!(progresses(None).ok && progresses(Some(seconds(30))).ok);
        let stuck = progresses(Some(seconds(31)));
        assert!(!stuck.ok);
        assert_eq!(stuck.reason, "entries have waited for 31 s without a block");
    }

    #[test]
    fn whoever_is_there_and_silent_is_missing_and_named() {
        let turnout = Turnout {
            voting: 2,
            away: vec!["kadastr".to_owned()],
            silent: vec![("soliq".to_owned(), "its sign state is lost".to_owned())],
        };
        let said = quorum(&turnout, 3);
        assert!(!said.ok);
        assert_eq!(
            said.reason,
            "validators that it reaches and that vote: 2, 3 are needed; missing: kadastr, soliq is reached and does not vote: its sign state is lost"
        );
    }
}
