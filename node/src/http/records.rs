//! Records: their newest state as a hint, their complete history as proof.

use std::sync::Arc;

use api::Record;
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::{
    hash::RecordKey,
    height::{LeafIndex, Version},
    name::RegistryName,
};
use serde::Deserialize;

use super::{
    Serving,
    extract::{Path, Query},
    problem::{ProblemResponse, of_no_answer},
    reads::Class,
};
use crate::shared::Shared;

fn place(registry: &str, key: &str) -> Result<(RegistryName, RecordKey), ProblemResponse> {
    let registry = RegistryName::parse(registry)
        .ok_or_else(|| ProblemResponse::bad_request("not the name of a registry"))?;
    let key = RecordKey::from_hex(key).ok_or_else(|| {
        ProblemResponse::bad_request("a record key is 64 lowercase hexadecimal digits")
    })?;
    Ok((registry, key))
}

pub(super) async fn record(
    State(shared): State<Arc<Shared>>,
    Path((registry, key)): Path<(String, String)>,
) -> Result<Json<Record>, ProblemResponse> {
    let (registry, key) = place(&registry, &key)?;
    let state = shared
        .ledger
        .record(&registry, &key)
        .map_err(|answer| of_no_answer(&shared, &answer))?;
    let state = state.ok_or_else(|| {
        ProblemResponse::not_found("no record has this key; its history proves that")
    })?;
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

/// Where a page of a long history begins: what the last version of the page before names.
#[derive(Debug, Deserialize)]
pub(super) struct PageStart {
    from: Option<u64>,
    index: Option<u64>,
}

pub(super) async fn history(
    State(serving): State<Serving>,
    Path((registry, key)): Path<(String, String)>,
    Query(page): Query<PageStart>,
) -> Result<Response, ProblemResponse> {
    let (registry, key) = place(&registry, &key)?;
    let begin = match (page.from, page.index) {
        (None, None) => None,
        (Some(from), Some(index)) => Some((Version::new(from), LeafIndex::new(index))),
        _ => {
            return Err(ProblemResponse::bad_request(
                "a page is asked for by \"from\" and \"index\": the version and the leaf index of the previous one, as the last version shown names it",
            ));
        }
    };
    let asked = Arc::clone(&serving.shared);
    let make = move || {
        let history = match begin {
            None => asked.ledger.history(&registry, &key),
            Some(begin) => asked.ledger.history_from(&registry, &key, begin),
        };
        history.map(|history| history.write())
    };
    let history = serving.reads.run(Class::History, make).await?;
    let history = history.map_err(|answer| of_no_answer(&serving.shared, &answer))?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    serving.reads.sent((headers, history).into_response()).await
}
