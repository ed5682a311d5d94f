//! Receipts, for whoever asks and for whoever waits: made in turns, from what is final.

use std::{sync::Arc, time::Duration};

use api::{EntryAnswer, EntryState, RECEIPTS_MAX, ReceiptAnswer, ReceiptsRequest, WAIT_MS_MAX};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::query::NoAnswer;
use protocol::{hash::EntryId, height::LeafIndex, text};
use serde::Deserialize;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    Serving,
    entries::{entry_id, known, unknown},
    extract::{JsonBody, Path, Query},
    problem::{ProblemResponse, of_no_answer},
    reads::Class,
};
use crate::{
    limits::{RECEIPTS_A_TURN, RECEIPTS_BODY_BYTES_MAX},
    shared::Shared,
};

#[derive(Debug, Deserialize)]
pub(super) struct WaitQuery {
    wait: Option<String>,
}

impl WaitQuery {
    fn until(&self) -> Result<Instant, ProblemResponse> {
        let wait = self.wait.as_deref().map_or(Some(0), text::number);
        let wait = wait.filter(|wait| *wait <= WAIT_MS_MAX).ok_or_else(|| {
            ProblemResponse::bad_request(format!(
                "wait is a number of milliseconds from 0 to {WAIT_MS_MAX}"
            ))
        })?;
        Ok(Instant::now() + Duration::from_millis(wait))
    }
}

/// What makes the evidence of a leaf.
type Make = fn(&Shared, LeafIndex) -> Result<String, NoAnswer>;

pub(super) async fn receipt(
    State(serving): State<Serving>,
    Path(id): Path<String>,
    Query(wait): Query<WaitQuery>,
) -> Result<Response, ProblemResponse> {
    let make: Make = |shared, index| shared.ledger.evidence(index);
    one(&serving, id, wait.until()?, Class::Proof, make).await
}

/// All receipts of a batch, for whoever has its entries.
pub(super) async fn batch_receipts(
    State(serving): State<Serving>,
    Path(id): Path<String>,
    Query(wait): Query<WaitQuery>,
) -> Result<Response, ProblemResponse> {
    let make: Make = |shared, index| {
        let receipts = shared.ledger.batch_receipts(index);
        receipts.map(|receipts| receipts.write())
    };
    one(&serving, id, wait.until()?, Class::Receipts, make).await
}

async fn one(
    serving: &Serving,
    id: String,
    until: Instant,
    class: Class,
    make: Make,
) -> Result<Response, ProblemResponse> {
    let answers = gather(serving, vec![entry_id(&id)?], until, class, make).await?;
    let answer = answers
        .into_iter()
        .next()
        .ok_or_else(ProblemResponse::fault)?;
    match (answer.receipt, answer.problem) {
        (Some(receipt), _) => {
            let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            serving.reads.sent((headers, receipt).into_response()).await
        }
        (None, Some(problem)) => Err(ProblemResponse(problem)),
        (None, None) if answer.state == EntryState::Unknown => Err(unknown()),
        (None, None) => Ok((
            StatusCode::ACCEPTED,
            Json(EntryAnswer {
                id: Some(id),
                state: answer.state,
                index: None,
                problem: None,
            }),
        )
            .into_response()),
    }
}

pub(super) async fn receipts(
    State(serving): State<Serving>,
    Query(wait): Query<WaitQuery>,
    JsonBody(request): JsonBody<ReceiptsRequest, RECEIPTS_BODY_BYTES_MAX>,
) -> Result<Response, ProblemResponse> {
    if request.ids.len() > RECEIPTS_MAX {
        return Err(ProblemResponse::bad_request(format!(
            "at most {RECEIPTS_MAX} receipts at once"
        )));
    }
    let ids = request.ids.iter().map(|id| entry_id(id));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let make: Make = |shared, index| shared.ledger.evidence(index);
    let answers = gather(&serving, ids, wait.until()?, Class::Receipts, make).await?;
    serving.reads.sent(Json(answers).into_response()).await
}

/// Evidence of all `ids`, in their order. Waits until each is final or refused, or until the time is over.
async fn gather(
    serving: &Serving,
    ids: Vec<EntryId>,
    until: Instant,
    class: Class,
    make: Make,
) -> Result<Vec<ReceiptAnswer>, ProblemResponse> {
    let mut published = serving.shared.published.subscribe();
    let mut answers: Vec<Option<ReceiptAnswer>> = vec![None; ids.len()];
    let mut place: Option<OwnedSemaphorePermit> = None;
    loop {
        published.borrow_and_update();
        let is_over = Instant::now() >= until;
        let open = answers.iter().zip(&ids).enumerate();
        let open = open.filter(|(_, (answer, _))| answer.as_ref().is_none_or(is_open));
        let open: Vec<(usize, EntryId)> = open.map(|(at, (_, id))| (at, *id)).collect();
        // Taken in hand anew each time: whoever waits for a block keeps nobody from reading.
        let hand = serving.reads.begin(class).await?;
        for piece in open.chunks(RECEIPTS_A_TURN) {
            let (shared, asked) = (Arc::clone(&serving.shared), piece.to_vec());
            let turn = move || one_turn(&shared, &asked, make, is_over);
            let made = hand.turn(turn).await??;
            let all_made = made.len() == piece.len();
            for (at, answer) in made {
                if let Some(slot) = answers.get_mut(at) {
                    *slot = Some(answer);
                }
            }
            if !all_made {
                break;
            }
        }
        drop(hand);
        let is_done =
            |answer: &Option<ReceiptAnswer>| answer.as_ref().is_some_and(|one| !is_open(one));
        if is_over || answers.iter().all(is_done) {
            return Ok(answers.into_iter().flatten().collect());
        }
        if place.is_none() {
            place = Some(serving.reads.wait()?);
        }
        let changed = tokio::time::timeout_at(until, published.changed());
        let _over = changed.await;
    }
}

/// What there is for `asked`. Up to the first that is still open, unless the time is over: whoever waits
/// for one need not look at the next.
fn one_turn(
    shared: &Shared,
    asked: &[(usize, EntryId)],
    make: Make,
    is_over: bool,
) -> Result<Vec<(usize, ReceiptAnswer)>, ProblemResponse> {
    let mut made = Vec::with_capacity(asked.len());
    for (at, id) in asked {
        let answer = now(shared, id, make)?;
        if is_open(&answer) && !is_over {
            break;
        }
        made.push((*at, answer));
    }
    Ok(made)
}

/// An entry that may still become final, also one that is on its way from another node and unknown here
/// for a moment.
fn is_open(answer: &ReceiptAnswer) -> bool {
    answer.receipt.is_none() && answer.problem.is_none()
}

/// What there is for an entry at this moment.
fn now(shared: &Shared, id: &EntryId, make: Make) -> Result<ReceiptAnswer, ProblemResponse> {
    let answer = known(shared, id)?;
    if let Some(index) = answer.index {
        match make(shared, LeafIndex::new(index)) {
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
    Ok(ReceiptAnswer {
        state: answer.state,
        receipt: None,
        problem: answer.problem,
    })
}
