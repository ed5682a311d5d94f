//! Submitting entries, and asking what became of them. Their receipts: `evidence`.

use std::sync::Arc;

use api::{BUNDLE_ENTRIES_MAX, EntryAnswer, EntryState};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use protocol::{hash::EntryId, merkle::tiles};

use super::{
    extract::{BoundedBody, Path},
    problem::{ProblemResponse, of_denial, of_refusal},
};
use crate::{ingest::IngestAnswer, limits::ENTRIES_BODY_BYTES_MAX, shared::Shared};

/// Entries on their way in. Their part of the budget is held until they are answered.
type Brought = BoundedBody<ENTRIES_BODY_BYTES_MAX>;

pub(super) async fn submit(State(shared): State<Arc<Shared>>, brought: Brought) -> Response {
    let BoundedBody { bytes, held } = brought;
    let answers = shared.ingest.submit(vec![bytes]).await;
    drop(held);
    let Some(answer) = answers
        .into_iter()
        .next()
        .map(|answer| describe(&shared, answer))
    else {
        return ProblemResponse::fault().into_response();
    };
    match answer.problem {
        Some(problem) => ProblemResponse(problem).into_response(),
        None if answer.state == EntryState::Final => (StatusCode::OK, Json(answer)).into_response(),
        None => (StatusCode::ACCEPTED, Json(answer)).into_response(),
    }
}

pub(super) async fn submit_bundle(
    State(shared): State<Arc<Shared>>,
    brought: Brought,
) -> Result<Json<Vec<EntryAnswer>>, ProblemResponse> {
    let BoundedBody { bytes, held } = brought;
    let entries = tiles::parse_bundle(&bytes)
        .ok()
        .filter(|entries| (1..=BUNDLE_ENTRIES_MAX).contains(&entries.len()))
        .ok_or_else(|| {
            ProblemResponse::bad_request(format!(
                "a bundle is 1 to {BUNDLE_ENTRIES_MAX} times two length bytes and an entry"
            ))
        })?;
    drop(bytes);
    let answers = shared.ingest.submit(entries).await;
    drop(held);
    Ok(Json(
        answers
            .into_iter()
            .map(|answer| describe(&shared, answer))
            .collect(),
    ))
}

fn describe(shared: &Shared, answer: IngestAnswer) -> EntryAnswer {
    match answer {
        IngestAnswer::Pending(id) => EntryAnswer {
            id: Some(id.to_hex()),
            state: EntryState::Pending,
            index: None,
            problem: None,
        },
        IngestAnswer::Recorded(id, index) => {
            let published = index.get() < shared.published.borrow().get();
            let state = if published {
                EntryState::Final
            } else {
                EntryState::Pending
            };
            EntryAnswer {
                id: Some(id.to_hex()),
                state,
                index: Some(index.get()),
                problem: None,
            }
        }
        IngestAnswer::Refused(id, denial) => {
            let problem = of_denial(&denial);
            shared.metrics.count_refusal(&problem.code);
            EntryAnswer {
                id: id.map(|id| id.to_hex()),
                state: EntryState::Refused,
                index: None,
                problem: Some(problem),
            }
        }
    }
}

/// What this node knows of an entry now.
pub(super) fn known(shared: &Shared, id: &EntryId) -> Result<EntryAnswer, ProblemResponse> {
    let recorded = shared.ledger.entry(id).map_err(|fault| {
        shared.fail(&fault);
        ProblemResponse::fault()
    })?;
    if let Some(index) = recorded {
        return Ok(describe(shared, IngestAnswer::Recorded(*id, index)));
    }
    let mempool = shared.mempool();
    let answer = |state, problem| EntryAnswer {
        id: Some(id.to_hex()),
        state,
        index: None,
        problem,
    };
    Ok(if mempool.waits(id) {
        answer(EntryState::Pending, None)
    } else if let Some(refusal) = mempool.refusal(id) {
        answer(EntryState::Refused, Some(of_refusal(refusal)))
    } else {
        answer(EntryState::Unknown, None)
    })
}

pub(super) fn entry_id(text: &str) -> Result<EntryId, ProblemResponse> {
    EntryId::from_hex(text).ok_or_else(|| {
        ProblemResponse::bad_request("an entry's id is 64 lowercase hexadecimal digits")
    })
}

pub(super) async fn status(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Json<EntryAnswer>, ProblemResponse> {
    let answer = known(&shared, &entry_id(&id)?)?;
    if answer.state == EntryState::Unknown {
        return Err(unknown());
    }
    Ok(Json(answer))
}

pub(super) fn unknown() -> ProblemResponse {
    ProblemResponse::not_found(
        "this node does not know the entry; submit it (the same entry twice does no harm)",
    )
}
