//! Submitting entries, asking what became of them, and fetching receipts.

use std::{sync::Arc, time::Duration};

use api::{
    BUNDLE_ENTRIES_MAX, EntryAnswer, EntryState, RECEIPTS_MAX, ReceiptAnswer, ReceiptsRequest,
    WAIT_MS_MAX,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::{hash::EntryId, height::LeafIndex, merkle::tiles};
use serde::Deserialize;
use tokio::time::Instant;

use ledger::query::NoAnswer;

use super::problem::{Refused, of_denial, of_no_answer, of_refusal};
use crate::{ingest::Answer, shared::Shared};

#[derive(Debug, Deserialize)]
pub(super) struct Wait {
    #[serde(default)]
    wait: u64,
}

impl Wait {
    fn until(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.wait.min(WAIT_MS_MAX))
    }
}

pub(super) async fn submit(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let answers = shared.door.submit(vec![body.to_vec()]).await;
    let Some(answer) = answers
        .into_iter()
        .next()
        .map(|answer| describe(&shared, answer))
    else {
        return Refused::fault().into_response();
    };
    match answer.problem {
        Some(problem) => Refused(problem).into_response(),
        None if answer.state == EntryState::Final => (StatusCode::OK, Json(answer)).into_response(),
        None => (StatusCode::ACCEPTED, Json(answer)).into_response(),
    }
}

pub(super) async fn submit_bundle(
    State(shared): State<Arc<Shared>>,
    body: Bytes,
) -> Result<Json<Vec<EntryAnswer>>, Refused> {
    let entries = tiles::parse_bundle(&body)
        .ok()
        .filter(|entries| (1..=BUNDLE_ENTRIES_MAX).contains(&entries.len()))
        .ok_or_else(|| {
            Refused::bad_request(format!(
                "a bundle is 1 to {BUNDLE_ENTRIES_MAX} times two length bytes and an entry"
            ))
        })?;
    let answers = shared.door.submit(entries).await;
    Ok(Json(
        answers
            .into_iter()
            .map(|answer| describe(&shared, answer))
            .collect(),
    ))
}

fn describe(shared: &Shared, answer: Answer) -> EntryAnswer {
    match answer {
        Answer::Pending(id) => EntryAnswer {
            id: Some(id.to_hex()),
            state: EntryState::Pending,
            index: None,
            problem: None,
        },
        Answer::Recorded(id, index) => {
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
        Answer::Refused(id, denial) => {
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
fn known(shared: &Shared, id: &EntryId) -> Result<EntryAnswer, Refused> {
    let recorded = shared.ledger.entry(id).map_err(|fault| {
        shared.fail(&fault);
        Refused::fault()
    })?;
    if let Some(index) = recorded {
        return Ok(describe(shared, Answer::Recorded(*id, index)));
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

fn entry_id(text: &str) -> Result<EntryId, Refused> {
    EntryId::from_hex(text)
        .ok_or_else(|| Refused::bad_request("an entry's id is 64 lowercase hexadecimal digits"))
}

pub(super) async fn status(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Json<EntryAnswer>, Refused> {
    let answer = known(&shared, &entry_id(&id)?)?;
    if answer.state == EntryState::Unknown {
        return Err(unknown());
    }
    Ok(Json(answer))
}

fn unknown() -> Refused {
    Refused::not_found(
        "this node does not know the entry; submit it (the same entry twice does no harm)",
    )
}

pub(super) async fn receipt(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
) -> Result<Response, Refused> {
    let answer = await_receipt(&shared, &entry_id(&id)?, wait.until()).await?;
    Ok(respond(id, answer))
}

/// All receipts of a batch, for whoever has its entries.
pub(super) async fn sheaf(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
) -> Result<Response, Refused> {
    // It takes milliseconds: whoever else is served by this thread goes on with another.
    let make = |index| {
        tokio::task::block_in_place(|| shared.ledger.sheaf(index).map(|sheaf| sheaf.write()))
    };
    let answer = await_evidence(&shared, &entry_id(&id)?, wait.until(), make).await?;
    Ok(respond(id, answer))
}

fn respond(id: String, answer: ReceiptAnswer) -> Response {
    match (answer.receipt, answer.problem) {
        (Some(receipt), _) => (
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            receipt,
        )
            .into_response(),
        (None, Some(problem)) => Refused(problem).into_response(),
        (None, None) if answer.state == EntryState::Unknown => unknown().into_response(),
        (None, None) => (
            StatusCode::ACCEPTED,
            Json(EntryAnswer {
                id: Some(id),
                state: answer.state,
                index: None,
                problem: None,
            }),
        )
            .into_response(),
    }
}

pub(super) async fn receipts(
    State(shared): State<Arc<Shared>>,
    Query(wait): Query<Wait>,
    Json(request): Json<ReceiptsRequest>,
) -> Result<Json<Vec<ReceiptAnswer>>, Refused> {
    if request.ids.len() > RECEIPTS_MAX {
        return Err(Refused::bad_request(format!(
            "at most {RECEIPTS_MAX} receipts at once"
        )));
    }
    let until = wait.until();
    let mut answers = Vec::with_capacity(request.ids.len());
    for id in &request.ids {
        answers.push(await_receipt(&shared, &entry_id(id)?, until).await?);
    }
    Ok(Json(answers))
}

async fn await_receipt(
    shared: &Arc<Shared>,
    id: &EntryId,
    until: Instant,
) -> Result<ReceiptAnswer, Refused> {
    await_evidence(shared, id, until, |index| shared.ledger.evidence(index)).await
}

/// Waits until the entry is final, and makes its evidence; or until it is refused, or the time is over.
async fn await_evidence(
    shared: &Arc<Shared>,
    id: &EntryId,
    until: Instant,
    make: impl Fn(LeafIndex) -> Result<String, NoAnswer> + Send,
) -> Result<ReceiptAnswer, Refused> {
    let mut published = shared.published.subscribe();
    loop {
        published.borrow_and_update();
        let answer = known(shared, id)?;
        if let Some(index) = answer.index {
            match make(LeafIndex::new(index)) {
                Ok(evidence) => {
                    return Ok(ReceiptAnswer {
                        state: EntryState::Final,
                        receipt: Some(evidence),
                        problem: None,
                    });
                }
                Err(NoAnswer::NotYet) => {}
                Err(answer) => return Err(of_no_answer(shared, &answer)),
            }
        }
        // An entry that is on its way from another node is unknown here for a moment.
        let unknown = answer.state == EntryState::Unknown && Instant::now() >= until;
        if answer.problem.is_some() || unknown {
            return Ok(ReceiptAnswer {
                state: answer.state,
                receipt: None,
                problem: answer.problem,
            });
        }
        if tokio::time::timeout_at(until, published.changed())
            .await
            .is_err()
        {
            return Ok(ReceiptAnswer {
                state: answer.state,
                receipt: None,
                problem: None,
            });
        }
    }
}
