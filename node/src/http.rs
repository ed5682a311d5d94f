//! The HTTP interface: submitting, receipts, histories, the log as static tiles, and health.
//!
//! HTTP/1.1 without encryption of its own: what matters is signed, and a reverse proxy adds TLS.
//! Nothing here decides anything; writes go through the door (`ingest`), reads ask the ledger.

mod directory;
mod entries;
mod log;
mod operations;
mod problem;
mod records;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::shared::Shared;

/// The most bytes of a request's body: a bundle of the largest entries.
const BODY_BYTES_MAX: usize = 2 << 20;

/// All routes.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/entries", post(entries::submit))
        .route("/v1/bundles", post(entries::submit_bundle))
        .route("/v1/entries/{id}", get(entries::status))
        .route("/v1/entries/{id}/receipt", get(entries::receipt))
        .route("/v1/entries/{id}/sheaf", get(entries::sheaf))
        .route("/v1/receipts", post(entries::receipts))
        .route("/v1/records/{registry}/{key}", get(records::record))
        .route(
            "/v1/records/{registry}/{key}/history",
            get(records::history),
        )
        .route("/v1/clerks/{agency}", get(directory::clerks))
        .route("/v1/clerks/{agency}/{name}", get(directory::clerk))
        .route("/v1/registries", get(directory::registries))
        .route("/v1/inbox/{agency}", get(directory::inbox))
        .route("/v1/network", get(operations::network))
        .route("/v1/status", get(operations::status))
        .route("/v1/genesis", get(operations::genesis))
        .route("/v1/trust", get(operations::trust))
        .route("/v1/proofs/inclusion", get(log::inclusion))
        .route("/v1/proofs/consistency", get(log::consistency))
        .route("/checkpoint", get(log::checkpoint))
        .route("/tile/{*path}", get(log::tile))
        .route("/livez", get(operations::livez))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .fallback(problem::no_such_path)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}
