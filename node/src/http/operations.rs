//! How the node is doing: for people, for load balancers and for Prometheus.

use std::sync::Arc;

use api::{Check, Health, Network, Peer, Status};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::shared::Shared;

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
/// A driver that has not turned for so long hangs.
const TURN_MS_MAX: u64 = 30_000;

pub(super) async fn network(State(shared): State<Arc<Shared>>) -> Json<Network> {
    let head = shared.ledger.head();
    let state = head.directory().network();
    Json(Network {
        origin: shared.genesis.origin.to_string(),
        chain: state.chain.to_hex(),
        protocol: state.protocol,
        height: head.height().get(),
        size: head.size().get(),
        time: head.leaf().time.get(),
        entry_bytes_max: state.limits.entry_bytes,
        lifetime_heights: state.limits.lifetime_heights,
        quorum: shared.genesis.quorum() as u64,
        validators: state.validators.iter().map(ToString::to_string).collect(),
    })
}

pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Json<Status> {
    let head = shared.ledger.head();
    let progress = shared.progress().clone();
    let connected = shared.network.connected();
    let missing = shared.missing();
    let peers = shared.peers.iter().zip(connected).map(|(name, connected)| {
        let (height, cosigned) = progress.peers.get(name).copied().unwrap_or_default();
        Peer {
            name: name.clone(),
            connected,
            height: height.get(),
            cosigned: cosigned.get(),
        }
    });
    Json(Status {
        agency: shared.agency.as_ref().map(ToString::to_string),
        role: if shared.agency.is_some() {
            "validator"
        } else {
            "observer"
        }
        .to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        origin: shared.genesis.origin.to_string(),
        height: head.height().get(),
        size: head.size().get(),
        published: shared.published.borrow().get(),
        round: progress.round,
        step: progress.step.to_owned(),
        waiting: shared.mempool().len() as u64,
        quorum: shared.genesis.quorum() as u64,
        reached: shared.genesis.agencies.len().saturating_sub(missing.len()) as u64,
        missing,
        peers: peers.collect(),
        not_voting: progress.not_voting,
    })
}

pub(super) async fn genesis(State(shared): State<Arc<Shared>>) -> Response {
    (TEXT, shared.genesis.write()).into_response()
}

pub(super) async fn trust(State(shared): State<Arc<Shared>>) -> Response {
    (TEXT, shared.genesis.trust_file()).into_response()
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let head = shared.ledger.head();
    let metrics = &shared.metrics;
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    metrics.height.set(number(head.height().get()));
    metrics.size.set(number(head.size().get()));
    metrics
        .published
        .set(number(shared.published.borrow().get()));
    metrics.waiting.set(number(shared.mempool().len() as u64));
    metrics.sent_bytes.inner().store(
        shared.network.sent_bytes(),
        std::sync::atomic::Ordering::Relaxed,
    );
    metrics.reached.set(number(
        shared
            .genesis
            .agencies
            .len()
            .saturating_sub(shared.missing().len()) as u64,
    ));
    let headers = [(
        header::CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    (headers, metrics.page()).into_response()
}

pub(super) async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    health(vec![driver(&shared)])
}

pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let quorum = shared.genesis.quorum();
    let missing = shared.missing();
    let reached = shared.genesis.agencies.len().saturating_sub(missing.len());
    let head = shared.ledger.head();
    let published = *shared.published.borrow();
    let farthest = shared
        .progress()
        .peers
        .values()
        .map(|(height, _)| *height)
        .max()
        .unwrap_or_default();
    let behind = farthest.get().saturating_sub(head.height().get());
    let waiting = shared.mempool().len();
    let check = |name: &str, ok: bool, reason: String| Check {
        name: name.to_owned(),
        ok,
        reason,
    };
    health(vec![
        driver(&shared),
        check(
            "quorum",
            reached >= quorum,
            if missing.is_empty() {
                format!("reaches all {reached} validators")
            } else {
                format!(
                    "reaches {reached} validators, {quorum} are needed; missing: {}",
                    missing.join(", ")
                )
            },
        ),
        check(
            "behind",
            behind <= 20,
            format!("{behind} blocks behind the farthest peer"),
        ),
        check(
            "published",
            published.get() > 0,
            format!("newest checkpoint with a quorum has size {published}"),
        ),
        check(
            "room",
            waiting < crate::mempool::WAITING_MAX,
            format!("{waiting} entries wait"),
        ),
    ])
}

fn driver(shared: &Shared) -> Check {
    let turned = shared.progress().turned_ms;
    let ago = shared.host.now().get().saturating_sub(turned);
    Check {
        name: "driver".to_owned(),
        ok: ago < TURN_MS_MAX,
        reason: format!("the driver turned {ago} ms ago"),
    }
}

fn health(checks: Vec<Check>) -> Response {
    let ok = checks.iter().all(|check| check.ok);
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Health { ok, checks })).into_response()
}
