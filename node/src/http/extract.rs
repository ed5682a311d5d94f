//! What requests bring: bodies within their bounds, JSON, parameters. Every refusal is a problem.

use std::{sync::Arc, time::Duration};

use api::Code;
use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::problem::ProblemResponse;
use crate::{
    limits,
    server::{BodySource, Budget, BudgetShare},
};

/// A state that has a budget for bodies.
pub(crate) trait Bodies {
    /// The budget of all bodies in flight.
    fn bodies(&self) -> &Arc<Budget>;
}

/// A body of at most `MOST` bytes, and its part of the budget: drop that when the request is answered.
#[derive(Debug)]
pub(crate) struct BoundedBody<const MOST: usize> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) held: BudgetShare,
}

impl<S: Bodies + Send + Sync, const MOST: usize> FromRequest<S> for BoundedBody<MOST> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ProblemResponse> {
        let held = state.bodies().begin();
        let source = request.extensions().get::<BodySource>().cloned();
        gather(request.into_body(), MOST, held, source.as_ref())
            .await
            .map(|(bytes, held)| Self { bytes, held })
    }
}

/// Reads a body to its end, within `most` bytes, the budget and the time, unless a newcomer on `source`'s
/// port needs its place.
async fn gather(
    mut body: Body,
    most: usize,
    mut held: BudgetShare,
    source: Option<&BodySource>,
) -> Result<(Vec<u8>, BudgetShare), ProblemResponse> {
    let too_large = || {
        let what = format!("a request's body has at most {most} bytes here");
        ProblemResponse::new(Code::TooLarge, what)
    };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let busy =
        || ProblemResponse::busy("too much is being sent to this node; try again in a moment");
    let deadline = Instant::now() + Duration::from_secs(limits::HTTP_BODY_SECONDS);
    let mut bytes = Vec::new();
    let waits = source.map(|source| source.wait(&held));
    loop {
        let next =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context));
        let next = tokio::select! {
            next = timeout_at(deadline, next) => next,
            () = held.gives_way() => return Err(busy()),
        };
        let frame = match next {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                return Err(ProblemResponse::bad_request(
                    "the request's body ended before its end",
                ));
            }
            Ok(None) => break,
            Err(_) => {
                let what = format!(
                    "the request's body was not there within {} s",
                    limits::HTTP_BODY_SECONDS
                );
                return Err(ProblemResponse::new(Code::TooSlow, what));
            }
        };
        if let Some(waits) = &waits {
            waits.goes_on();
        }
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > most {
            return Err(too_large());
        }
        let needed = bytes.len() + data.len();
        if needed > bytes.capacity() {
            // What is held is what is allocated, and grows with what comes, not with what was announced.
            let capacity = (bytes.capacity() * 2).max(needed).min(most);
            let more = capacity - bytes.capacity();
            let taken = timeout_at(deadline, held.take(more)).await;
            taken.map_err(|_| busy())?.map_err(|_| busy())?;
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&data);
    }
    held.done();
    Ok((bytes, held))
}

/// JSON of at most `MOST` bytes.
#[derive(Debug)]
pub(crate) struct JsonBody<T, const MOST: usize>(pub(crate) T);

impl<S, T, const MOST: usize> FromRequest<S> for JsonBody<T, MOST>
where
    S: Bodies + Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ProblemResponse> {
        if !is_json(request.headers()) {
            let what = "this path takes JSON: send content-type: application/json";
            return Err(ProblemResponse::new(Code::UnsupportedType, what));
        }
        let gathered = BoundedBody::<MOST>::from_request(request, state).await?;
        serde_json::from_slice(&gathered.bytes)
            .map(Self)
            .map_err(|error| {
                ProblemResponse::bad_request(format!("the JSON is not what it should be: {error}"))
            })
    }
}

fn is_json(headers: &axum::http::HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Parameters behind the question mark.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| ProblemResponse::bad_request(error.body_text()))
    }
}

/// Parts of the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProblemResponse> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|error| ProblemResponse::bad_request(error.body_text()))
    }
}
