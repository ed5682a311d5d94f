//! The HTTP interface: submitting, receipts, histories, the log as static tiles, and health.
//!
//! HTTP/1.1 without encryption of its own: what matters is signed, and a reverse proxy adds TLS.
//! Nothing here decides anything; writes go through the door (`ingest`), reads ask the ledger. What a
//! request may cost stands in `limits`.

mod directory;
mod entries;
mod evidence;
pub(crate) mod extract;
mod log;
mod measured;
mod opening;
mod operations;
mod page;
pub(crate) mod problem;
mod reads;
mod records;

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    handler::Handler,
    middleware::map_response,
    routing::{self, MethodRouter},
};

pub(crate) use self::opening::opening;
pub use self::reads::{Reads, threads_max};
use crate::{server::Budget, shared::Shared};

/// What requests are served from.
#[derive(Clone, Debug)]
pub struct Serving {
    /// The node.
    pub shared: Arc<Shared>,
    /// Where costly reads are handed in.
    pub reads: Arc<Reads>,
}

impl extract::Bodies for Serving {
    fn bodies(&self) -> &Arc<Budget> {
        &self.reads.bodies
    }
}

impl FromRef<Serving> for Arc<Shared> {
    fn from_ref(serving: &Serving) -> Self {
        Self::clone(&serving.shared)
    }
}

/// A path and what answers there.
struct Route {
    method: &'static str,
    path: &'static str,
    to: MethodRouter<Serving>,
}

/// A read of public data, which any page in a browser may make.
fn read<T: 'static>(path: &'static str, handler: impl Handler<T, Serving>) -> Route {
    let to = routing::get(handler).options(page::preflight);
    Route {
        method: "GET",
        path,
        to: to.layer(map_response(page::allow)),
    }
}

/// A read for whoever operates the node: no page of another origin learns it from an operator's browser.
fn own<T: 'static>(path: &'static str, handler: impl Handler<T, Serving>) -> Route {
    Route {
        method: "GET",
        path,
        to: routing::get(handler),
    }
}

fn post<T: 'static>(path: &'static str, handler: impl Handler<T, Serving>) -> Route {
    Route {
        method: "POST",
        path,
        to: routing::post(handler),
    }
}

fn routes() -> Vec<Route> {
    vec![
        post("/v1/entries", entries::submit),
        post("/v1/bundles", entries::submit_bundle),
        read("/v1/entries/{id}", entries::status),
        read("/v1/entries/{id}/receipt", evidence::receipt),
        read("/v1/entries/{id}/batch-receipts", evidence::batch_receipts),
        post("/v1/receipts", evidence::receipts),
        read("/v1/records/{registry}/{key}", records::record),
        read("/v1/records/{registry}/{key}/history", records::history),
        read("/v1/clerks/{agency}", directory::clerks),
        read("/v1/clerks/{agency}/{name}", directory::clerk),
        read("/v1/registries", directory::registries),
        read("/v1/inbox/{agency}", directory::inbox),
        read("/v1/network", operations::network),
        read("/v1/status", operations::status),
        read("/v1/genesis", operations::genesis),
        read("/v1/genesis/acceptances", operations::acceptances),
        read("/v1/trust", operations::trust),
        read("/v1/proofs/network", directory::network_proof),
        read("/v1/proofs/clerks/{agency}/{name}", directory::clerk_proof),
        read("/v1/proofs/registries/{name}", directory::registry_proof),
        read("/v1/proofs/inclusion", log::inclusion),
        read("/v1/proofs/consistency", log::consistency),
        read("/checkpoint", log::checkpoint),
        read("/tile/{*path}", log::tile),
        own("/livez", operations::livez),
        own("/readyz", operations::readyz),
        own("/metrics", operations::metrics),
    ]
}

/// Method and path of every route, for tests that walk them all.
#[must_use]
pub fn paths() -> Vec<(&'static str, &'static str)> {
    routes()
        .iter()
        .map(|route| (route.method, route.path))
        .collect()
}

/// All routes.
pub fn router(serving: Serving) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, route.to)
        })
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(serving)
}
