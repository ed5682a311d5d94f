//! Trust files of all epochs, and the proofs that lead from each to the next.

use std::sync::Arc;

use api::TrustChain;
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use ledger::fault::Fault;
use protocol::{height::Epoch, text};
use serde::Deserialize;

use super::{
    Serving,
    extract::{Path, Query},
    problem::ProblemResponse,
    reads::Class,
};
use crate::{
    limits::{CHAIN_BYTES_MAX, CHAIN_PROOFS_MAX},
    shared::Shared,
};

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

pub(super) async fn in_force(State(shared): State<Arc<Shared>>) -> Response {
    (TEXT, shared.epochs.now().trust_file().to_owned()).into_response()
}

pub(super) async fn of_epoch(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<String>,
) -> Result<Response, ProblemResponse> {
    let number = epoch(&number)?;
    let epoch = shared.epochs.numbered(number);
    let epoch = epoch.ok_or_else(|| not_begun(&shared, number))?;
    Ok((TEXT, epoch.trust_file().to_owned()).into_response())
}

pub(super) async fn proof(
    State(serving): State<Serving>,
    Path(number): Path<String>,
) -> Result<Response, ProblemResponse> {
    let number = epoch(&number)?;
    let shared = &serving.shared;
    if number == Epoch::ZERO {
        return Err(ProblemResponse::not_found(
            "no proof leads to epoch 0: its trust file follows from the genesis, at /v1/genesis",
        ));
    }
    if shared.epochs.numbered(number).is_none() {
        return Err(not_begun(shared, number));
    }
    let asked = Arc::clone(shared);
    let make = move || asked.ledger.epoch_proof(number);
    let found = serving.reads.run(Class::Proof, make).await?;
    let found = found.map_err(|fault| stopped(shared, &fault))?;
    let found = found.ok_or_else(|| {
        ProblemResponse::busy(
            "the agencies before have not cosigned the block that opened this epoch; try again in a moment",
        )
    })?;
    serving
        .reads
        .sent((TEXT, found.write()).into_response())
        .await
}

#[derive(Debug, Deserialize)]
pub(super) struct ChainStart {
    from: Option<String>,
}

/// Proofs from the epoch after `from` on: at least one, if there is one, and not more than an answer takes.
pub(super) async fn chain(
    State(serving): State<Serving>,
    Query(asked): Query<ChainStart>,
) -> Result<Response, ProblemResponse> {
    let from = epoch(asked.from.as_deref().unwrap_or("0"))?;
    let shared = &serving.shared;
    let last = shared.epochs.now().number();
    if from > last {
        return Err(not_begun(shared, from));
    }
    let asked = Arc::clone(shared);
    let make = move || proofs(&asked, from, last);
    let proofs = serving.reads.run(Class::History, make).await?;
    let proofs = proofs.map_err(|fault| stopped(shared, &fault))?;
    let chain = TrustChain {
        epoch: last.get(),
        proofs,
    };
    serving.reads.sent(Json(chain).into_response()).await
}

fn proofs(shared: &Shared, from: Epoch, last: Epoch) -> Result<Vec<String>, Fault> {
    let (mut proofs, mut bytes) = (Vec::new(), 0_usize);
    let mut number = from.next();
    while number <= last && proofs.len() < CHAIN_PROOFS_MAX && bytes < CHAIN_BYTES_MAX {
        let Some(proof) = shared.ledger.epoch_proof(number)? else {
            break;
        };
        let text = proof.write();
        bytes = bytes.saturating_add(text.len());
        proofs.push(text);
        number = number.next();
    }
    Ok(proofs)
}

fn epoch(number: &str) -> Result<Epoch, ProblemResponse> {
    let number = text::number(number);
    number
        .map(Epoch::new)
        .ok_or_else(|| ProblemResponse::bad_request("an epoch is a number, from 0"))
}

fn not_begun(shared: &Shared, number: Epoch) -> ProblemResponse {
    let now = shared.epochs.now().number();
    ProblemResponse::not_found(&format!(
        "epoch {number} has not begun here; epoch {now} is in force"
    ))
}

fn stopped(shared: &Shared, fault: &Fault) -> ProblemResponse {
    shared.fail(fault);
    ProblemResponse::fault()
}
