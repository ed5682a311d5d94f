//! The log as C2SP tlog-tiles, and proofs between its sizes.

use std::{io::Write, sync::Arc};

use api::Proof;
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use protocol::{
    height::{LeafIndex, LogSize},
    merkle::tiles::{self, TilePath},
    text,
};
use serde::Deserialize;

use super::problem::{Refused, of_no_answer};
use crate::shared::Shared;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

pub(super) async fn checkpoint(State(shared): State<Arc<Shared>>) -> Result<Response, Refused> {
    let published = shared
        .ledger
        .published()
        .ok_or_else(|| Refused::busy("no checkpoint has a quorum yet; try again in a moment"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "max-age=1"),
    ];
    Ok((headers, published.note.to_string()).into_response())
}

pub(super) async fn tile(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let path =
        TilePath::parse(uri.path()).map_err(|_| Refused::bad_request("not the path of a tile"))?;
    if !is_published(path, shared.published.borrow().get()) {
        return Err(Refused::not_found("the log has no such tile yet"));
    }
    let asked = Arc::clone(&shared);
    let bytes = tokio::task::spawn_blocking(move || match path {
        TilePath::Hashes {
            level,
            index,
            width,
        } => asked.ledger.tile(level, index, width),
        TilePath::Entries { index, width } => asked.ledger.bundle(index, width),
    })
    .await
    .map_err(|_| Refused::fault())?
    .map_err(|answer| of_no_answer(&shared, &answer))?;
    let mut response = if matches!(path, TilePath::Entries { .. }) && accepts_gzip(&headers) {
        ([(header::CONTENT_ENCODING, "gzip")], gzip(&bytes)).into_response()
    } else {
        bytes.into_response()
    };
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/octet-stream"),
    );
    out.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static(IMMUTABLE),
    );
    out.insert(
        header::VARY,
        header::HeaderValue::from_static("accept-encoding"),
    );
    Ok(response)
}

/// Nothing beyond the published size is served, nor a partial tile wider than it.
fn is_published(path: TilePath, size: u64) -> bool {
    let (level, index, width) = match path {
        TilePath::Hashes {
            level,
            index,
            width,
        } => (level, index, width),
        TilePath::Entries { index, width } => (0, index, width),
    };
    tiles::width_at(level, index, LogSize::new(size)).is_some_and(|there| width <= there)
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
    // Writing to memory does not fail; what a failure left out would only make a client's check fail.
    let _memory = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

#[derive(Debug, Deserialize)]
pub(super) struct Inclusion {
    index: u64,
    size: u64,
}

pub(super) async fn inclusion(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Inclusion>,
) -> Result<Json<Proof>, Refused> {
    let published = shared.published.borrow().get();
    if asked.size > published || asked.index >= asked.size {
        return Err(Refused::bad_request(format!(
            "index < size <= {published} must hold"
        )));
    }
    let path = shared
        .ledger
        .inclusion(LeafIndex::new(asked.index), LogSize::new(asked.size));
    answer(&shared, path)
}

#[derive(Debug, Deserialize)]
pub(super) struct Consistency {
    from: u64,
    to: u64,
}

pub(super) async fn consistency(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Consistency>,
) -> Result<Json<Proof>, Refused> {
    let published = shared.published.borrow().get();
    if asked.to > published || asked.from > asked.to || asked.from == 0 {
        return Err(Refused::bad_request(format!(
            "1 <= from <= to <= {published} must hold"
        )));
    }
    let path = shared
        .ledger
        .consistency(LogSize::new(asked.from), LogSize::new(asked.to));
    answer(&shared, path)
}

fn answer(
    shared: &Shared,
    path: Result<Vec<[u8; 32]>, ledger::fault::Fault>,
) -> Result<Json<Proof>, Refused> {
    match path {
        Ok(path) => Ok(Json(Proof {
            path: path.iter().map(|hash| text::base64(hash)).collect(),
        })),
        Err(fault) => {
            shared.fail(&fault);
            Err(Refused::fault())
        }
    }
}
