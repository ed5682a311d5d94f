//! Who may do what, as values of the index, and what waits for an agency's word. Hints, not evidence: a
//! receipt proves its clerk, an audit proves them all.

use std::sync::Arc;

use api::{Inbox, InboxRecord};
use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use protocol::name::{AgencyName, ClerkName};

use super::problem::Refused;
use crate::shared::Shared;

/// The most records of one answer.
const INBOX_MAX: usize = 1000;

fn text(lines: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (headers, lines).into_response()
}

fn agency(shared: &Shared, name: &str) -> Result<AgencyName, Refused> {
    let name =
        AgencyName::parse(name).ok_or_else(|| Refused::bad_request("not the name of an agency"))?;
    let head = shared.ledger.head();
    if head.directory().agencies().contains_key(&name) {
        Ok(name)
    } else {
        Err(Refused::not_found("no agency has this name"))
    }
}

pub(super) async fn clerks(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Refused> {
    let name = agency(&shared, &name)?;
    let head = shared.ledger.head();
    let clerks = head.directory().clerks().values();
    let own = clerks.filter(|clerk| clerk.name.agency() == name);
    Ok(text(own.map(|clerk| clerk.write()).collect()))
}

pub(super) async fn clerk(
    State(shared): State<Arc<Shared>>,
    Path((agency, name)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let name = ClerkName::parse(&format!("{agency}/{name}"))
        .ok_or_else(|| Refused::bad_request("not the name of a clerk"))?;
    let head = shared.ledger.head();
    let clerk = head.directory().clerk(&name);
    let clerk = clerk.ok_or_else(|| Refused::not_found("no clerk has this name"))?;
    Ok(text(clerk.write()))
}

pub(super) async fn registries(State(shared): State<Arc<Shared>>) -> Response {
    let head = shared.ledger.head();
    let registries = head.directory().registries().values();
    text(registries.map(|registry| registry.write()).collect())
}

pub(super) async fn inbox(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Json<Inbox>, Refused> {
    let name = agency(&shared, &name)?;
    let asked = Arc::clone(&shared);
    let found = tokio::task::spawn_blocking(move || asked.ledger.asked(&name, INBOX_MAX))
        .await
        .map_err(|_| Refused::fault())?;
    let (records, all) = found.map_err(|fault| {
        shared.fail(&fault);
        Refused::fault()
    })?;
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
