//! Records: their newest state as a hint, their complete history as proof.

use std::sync::Arc;

use api::Record;
use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use protocol::{hash::RecordKey, name::RegistryName};

use super::problem::{Refused, of_no_answer};
use crate::shared::Shared;

fn place(registry: &str, key: &str) -> Result<(RegistryName, RecordKey), Refused> {
    let registry = RegistryName::parse(registry)
        .ok_or_else(|| Refused::bad_request("not the name of a registry"))?;
    let key = RecordKey::from_hex(key)
        .ok_or_else(|| Refused::bad_request("a record key is 64 lowercase hexadecimal digits"))?;
    Ok((registry, key))
}

pub(super) async fn record(
    State(shared): State<Arc<Shared>>,
    Path((registry, key)): Path<(String, String)>,
) -> Result<Json<Record>, Refused> {
    let (registry, key) = place(&registry, &key)?;
    let state = shared
        .ledger
        .record(&registry, &key)
        .map_err(|answer| of_no_answer(&shared, &answer))?;
    let state = state
        .ok_or_else(|| Refused::not_found("no record has this key; its history proves that"))?;
    Ok(Json(Record {
        status: state.status.word().to_owned(),
        version: state.version.get(),
        content: state.content.get(),
        index: state.index.get(),
        hash: state.hash.to_string(),
        height: state.height.get(),
        time: state.time.get(),
    }))
}

pub(super) async fn history(
    State(shared): State<Arc<Shared>>,
    Path((registry, key)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let (registry, key) = place(&registry, &key)?;
    let asked = Arc::clone(&shared);
    let history = tokio::task::spawn_blocking(move || asked.ledger.history(&registry, &key))
        .await
        .map_err(|_| Refused::fault())?
        .map_err(|answer| of_no_answer(&shared, &answer))?;
    Ok((
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        history.write(),
    )
        .into_response())
}
