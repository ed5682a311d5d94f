//! What a node answers while it opens its ledger: that it lives, and that it is not ready.

use std::time::Instant;

use api::{Health, HealthCheck};
use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};

use super::problem::ProblemResponse;

/// All answers of a node that has been opening since then.
pub(crate) fn opening(since: Instant) -> Router {
    Router::new()
        .route(
            "/livez",
            routing::get(move || health(since, StatusCode::OK)),
        )
        .route(
            "/readyz",
            routing::get(move || health(since, StatusCode::SERVICE_UNAVAILABLE)),
        )
        .fallback(|| async {
            ProblemResponse::busy("the node is opening its ledger; try again in a moment")
        })
}

async fn health(since: Instant, status: StatusCode) -> Response {
    let ok = status.is_success();
    let check = HealthCheck {
        name: "opening".to_owned(),
        ok,
        reason: format!(
            "opening the ledger for {:.1} s",
            since.elapsed().as_secs_f64()
        ),
    };
    let health = Health {
        ok,
        checks: vec![check],
    };
    (status, Json(health)).into_response()
}
