//! Who may do what, as values of the index, and what waits for an agency's word. Lists are hints, not
//! evidence: a receipt proves its clerk, an audit proves them all. One registry, one clerk, and the network
//! come with their proofs.

use std::sync::Arc;

use api::{Inbox, InboxRecord};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use ledger::query::NoAnswer;
use protocol::{
    name::{AgencyName, ClerkName, RegistryName},
    state_proof::StateProof,
};

use super::{
    Serving,
    extract::Path,
    problem::{ProblemResponse, of_no_answer},
    reads::Class,
};
use crate::{limits::INBOX_RECORDS_MAX, shared::Shared};

fn text(lines: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (headers, lines).into_response()
}

/// A list that grows with the network, made in its turn.
async fn list(
    serving: &Serving,
    make: impl FnOnce(&Shared) -> String + Send + 'static,
) -> Result<Response, ProblemResponse> {
    let asked = Arc::clone(&serving.shared);
    let lines = serving.reads.run(Class::List, move || make(&asked)).await?;
    serving.reads.sent(text(lines)).await
}

fn agency(shared: &Shared, name: &str) -> Result<AgencyName, ProblemResponse> {
    let name = AgencyName::parse(name)
        .ok_or_else(|| ProblemResponse::bad_request("not the name of an agency"))?;
    let head = shared.ledger.head();
    if head.directory().agencies().contains_key(&name) {
        Ok(name)
    } else {
        Err(ProblemResponse::not_found("no agency has this name"))
    }
}

pub(super) async fn clerks(
    State(serving): State<Serving>,
    Path(name): Path<String>,
) -> Result<Response, ProblemResponse> {
    let name = agency(&serving.shared, &name)?;
    let make = move |shared: &Shared| {
        let head = shared.ledger.head();
        let clerks = head.directory().clerks().values();
        let own = clerks.filter(|clerk| clerk.name.agency() == name);
        own.map(|clerk| clerk.write()).collect()
    };
    list(&serving, make).await
}

pub(super) async fn clerk(
    State(shared): State<Arc<Shared>>,
    Path((agency, name)): Path<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let name = ClerkName::parse(&format!("{agency}/{name}"))
        .ok_or_else(|| ProblemResponse::bad_request("not the name of a clerk"))?;
    let head = shared.ledger.head();
    let clerk = head.directory().clerk(&name);
    let clerk = clerk.ok_or_else(|| ProblemResponse::not_found("no clerk has this name"))?;
    Ok(text(clerk.write()))
}

pub(super) async fn registries(
    State(serving): State<Serving>,
) -> Result<Response, ProblemResponse> {
    let make = |shared: &Shared| {
        let head = shared.ledger.head();
        let registries = head.directory().registries().values();
        registries.map(|registry| registry.write()).collect()
    };
    list(&serving, make).await
}

/// The proof of one place in the index: short, and made from the index in memory and one block leaf.
async fn proof(
    serving: &Serving,
    make: impl FnOnce(&Shared) -> Result<StateProof, NoAnswer> + Send + 'static,
) -> Result<Response, ProblemResponse> {
    let asked = Arc::clone(&serving.shared);
    let found = serving
        .reads
        .run(Class::Proof, move || make(&asked))
        .await?;
    let found = found.map_err(|answer| of_no_answer(&serving.shared, &answer))?;
    Ok(text(found.write()))
}

pub(super) async fn registry_proof(
    State(serving): State<Serving>,
    Path(name): Path<String>,
) -> Result<Response, ProblemResponse> {
    let name = RegistryName::parse(&name)
        .ok_or_else(|| ProblemResponse::bad_request("not the name of a registry"))?;
    proof(&serving, move |shared| shared.ledger.registry_proof(&name)).await
}

pub(super) async fn clerk_proof(
    State(serving): State<Serving>,
    Path((agency, name)): Path<(String, String)>,
) -> Result<Response, ProblemResponse> {
    let name = ClerkName::parse(&format!("{agency}/{name}"))
        .ok_or_else(|| ProblemResponse::bad_request("not the name of a clerk"))?;
    proof(&serving, move |shared| shared.ledger.clerk_proof(&name)).await
}

pub(super) async fn network_proof(
    State(serving): State<Serving>,
) -> Result<Response, ProblemResponse> {
    proof(&serving, |shared| shared.ledger.network_proof()).await
}

pub(super) async fn inbox(
    State(serving): State<Serving>,
    Path(name): Path<String>,
) -> Result<Json<Inbox>, ProblemResponse> {
    let shared = &serving.shared;
    let name = agency(shared, &name)?;
    let asked = Arc::clone(shared);
    let make = move || asked.ledger.asked(&name, INBOX_RECORDS_MAX);
    let found = serving.reads.run(Class::List, make).await?;
    let (records, all) = found.map_err(|answer| of_no_answer(shared, &answer))?;
    let now = shared.ledger.head().time();
    let records = records.into_iter().map(|record| InboxRecord {
        registry: record.registry.to_string(),
        key: record.key.to_hex(),
        version: record.state.version.get(),
        index: record.state.index.get(),
        time: record.state.time.get(),
        until: record
            .state
            .standing
            .as_ref()
            .and_then(|standing| standing.terms.as_ref()?.until)
            .map(protocol::height::TimeMs::get),
        endorsement: record.state.endorsement(now).word().to_owned(),
    });
    Ok(Json(Inbox {
        records: records.collect(),
        all: all as u64,
    }))
}
