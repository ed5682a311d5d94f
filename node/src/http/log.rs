//! The log as C2SP tlog-tiles, and proofs between its sizes.

use std::{io::Write, sync::Arc};

use api::Proof;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use ledger::fault::Fault;
use protocol::{
    height::{LeafIndex, LogSize},
    merkle::tiles::{self, TilePath},
    text,
};
use serde::Deserialize;

use super::{
    Serving,
    extract::Query,
    problem::{ProblemResponse, of_no_answer},
    reads::Class,
};
use crate::shared::Shared;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

pub(super) async fn checkpoint(
    State(shared): State<Arc<Shared>>,
) -> Result<Response, ProblemResponse> {
    let published = shared.ledger.published().ok_or_else(|| {
        ProblemResponse::busy("no checkpoint has a quorum yet; try again in a moment")
    })?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "max-age=1"),
    ];
    Ok((headers, published.note.to_string()).into_response())
}

pub(super) async fn tile(
    State(serving): State<Serving>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let shared = &serving.shared;
    let path = TilePath::parse(uri.path())
        .map_err(|_| ProblemResponse::bad_request("not the path of a tile"))?;
    if !is_published(path, shared.published.borrow().get()) {
        return Err(ProblemResponse::not_found("the log has no such tile yet"));
    }
    let packed = matches!(path, TilePath::Entries { .. }) && accepts_gzip(&headers);
    let asked = Arc::clone(shared);
    let make = move || {
        let bytes = match path {
            TilePath::Hashes {
                level,
                index,
                width,
            } => asked.ledger.tile(level, index, width),
            TilePath::Entries { index, width } => asked.ledger.bundle(index, width),
        };
        bytes.map(|bytes| if packed { gzip(&bytes) } else { bytes })
    };
    let bytes = serving.reads.run(Class::Tile, make).await?;
    let bytes = bytes.map_err(|answer| of_no_answer(shared, &answer))?;
    let mut response = bytes.into_response();
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
    if packed {
        let gzip = header::HeaderValue::from_static("gzip");
        out.insert(header::CONTENT_ENCODING, gzip);
    }
    serving.reads.sent(response).await
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

/// RFC 9110, section 12.5.3: a coding is accepted if it is named, or `*` is, with a weight above 0; the
/// name counts more than the star.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let parts = values.filter_map(|value| value.to_str().ok());
    let (mut named, mut star) = (None, None);
    for part in parts.flat_map(|value| value.split(',')) {
        let mut words = part.split(';').map(str::trim);
        let coding = words.next().unwrap_or_default();
        let weight = words.find_map(|word| {
            let (name, weight) = word.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| weight.trim())
        });
        let accepted = weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|q| q > 0.0));
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            named = Some(accepted);
        } else if coding == "*" {
            star = Some(accepted);
        }
    }
    named.or(star).unwrap_or(false)
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
    State(serving): State<Serving>,
    Query(asked): Query<Inclusion>,
) -> Result<Json<Proof>, ProblemResponse> {
    let published = serving.shared.published.borrow().get();
    if asked.size > published || asked.index >= asked.size {
        return Err(ProblemResponse::bad_request(format!(
            "index < size <= {published} must hold"
        )));
    }
    let (index, size) = (LeafIndex::new(asked.index), LogSize::new(asked.size));
    answer(&serving, move |shared| shared.ledger.inclusion(index, size)).await
}

#[derive(Debug, Deserialize)]
pub(super) struct Consistency {
    from: u64,
    to: u64,
}

pub(super) async fn consistency(
    State(serving): State<Serving>,
    Query(asked): Query<Consistency>,
) -> Result<Json<Proof>, ProblemResponse> {
    let published = serving.shared.published.borrow().get();
    if asked.to > published || asked.from > asked.to || asked.from == 0 {
        return Err(ProblemResponse::bad_request(format!(
            "1 <= from <= to <= {published} must hold"
        )));
    }
    let (from, to) = (LogSize::new(asked.from), LogSize::new(asked.to));
    answer(&serving, move |shared| shared.ledger.consistency(from, to)).await
}

async fn answer(
    serving: &Serving,
    make: impl FnOnce(&Shared) -> Result<Vec<[u8; 32]>, Fault> + Send + 'static,
) -> Result<Json<Proof>, ProblemResponse> {
    let asked = Arc::clone(&serving.shared);
    match serving
        .reads
        .run(Class::Proof, move || make(&asked))
        .await?
    {
        Ok(path) => Ok(Json(Proof {
            path: path.iter().map(|hash| text::base64(hash)).collect(),
        })),
        Err(fault) => {
            serving.shared.fail(&fault);
            Err(ProblemResponse::fault())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_whoever_accepts_it_and_to_nobody_else() {
        let cases: [(&[&str], bool); 19] = [
            (&[], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZip"], true),
            (&["x-gzip"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000"], false),
            (&["gzip ; Q = 0"], false),
            (&["gzip;q=0.001"], true),
            (&["gzip;q=1.0, *;q=0"], true),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["*, gzip;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["deflate, br"], false),
            (&["deflate", "gzip"], true),
            (&["identity"], false),
            (&["not-gzip, gzipped"], false),
            (&["gzip;q=nonsense"], false),
        ];
        for (values, accepted) in cases {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(accepts_gzip(&headers), accepted, "{values:?}");
        }
    }
}
