//! Problems: every answer that is not what was asked for, in one shape with a stable code.

use api::Problem;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::{query::NoAnswer, rules::Refusal};

use crate::{ingest::Denial, shared::Shared};

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Problem);

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Problem {
            code: code.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            retry_ms: None,
            row: None,
        })
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", what)
    }

    pub(crate) fn bad_request(what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", what)
    }

    pub(crate) fn busy(what: &str) -> Self {
        let mut refused = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", what);
        refused.0.retry_ms = Some(200);
        refused
    }

    pub(crate) fn fault() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            "this node is in trouble and stops; ask another node",
        )
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/problem+json"),
        );
        if self.0.retry_ms.is_some() {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

/// What a client is told when the ledger has no answer; a fault stops the node.
pub(crate) fn of_no_answer(shared: &Shared, answer: &NoAnswer) -> Refused {
    match answer {
        NoAnswer::NotFound => Refused::not_found("the log has no such thing"),
        NoAnswer::NotYet => {
            Refused::busy("its checkpoint has no quorum yet; try again in a moment")
        }
        NoAnswer::Fault(fault) => {
            shared.fail(fault);
            Refused::fault()
        }
    }
}

pub(crate) async fn no_such_path() -> Refused {
    Refused::not_found("no such path; the interface is described in docs/api.md")
}

/// What a client is told of a denial.
pub(crate) fn of_denial(denial: &Denial) -> Problem {
    match denial {
        Denial::Malformed(what) => Refused::new(StatusCode::BAD_REQUEST, "malformed", format!("not an entry: {what}")).0,
        Denial::BadSignature => Refused::new(
            StatusCode::FORBIDDEN,
            "bad-signature",
            "the signature does not hold under the author's key for this network; check the key file and the network",
        )
        .0,
        Denial::Batched => {
            Refused::new(StatusCode::BAD_REQUEST, "batch-missing", "an entry that ends in \"batched\" is handed in behind its batch leaf, with all others of the batch").0
        }
        Denial::Rules(refusal) => of_refusal(refusal),
        Denial::Contested(by) => Refused::new(
            StatusCode::CONFLICT,
            "contested",
            format!("entry {} waits for the same thing, like the same version of the record; ask for its receipt, then look again", by.to_hex()),
        )
        .0,
        Denial::Busy => Refused::busy("the node is busy; try again in a moment").0,
        Denial::Fault => Refused::fault().0,
    }
}

/// What a client is told of a refusal by the rules.
pub(crate) fn of_refusal(refusal: &Refusal) -> Problem {
    let status = match refusal.itself() {
        Refusal::UnknownClerk(_)
        | Refusal::WrongKey(_)
        | Refusal::ClerkEnded { .. }
        | Refusal::ForeignRegistry { .. }
        | Refusal::RegistryOutOfScope { .. }
        | Refusal::OperationOutOfScope { .. }
        | Refusal::ClerkRevoked(_)
        | Refusal::OwnRecord(_)
        | Refusal::SameClerk(_)
        | Refusal::UnknownAgency(_)
        | Refusal::WrongAdminKey(_)
        | Refusal::ForeignClerk(_)
        | Refusal::ForeignPolicy { .. } => StatusCode::FORBIDDEN,
        Refusal::VersionTaken { .. }
        | Refusal::AlreadyRegistered
        | Refusal::NotLatest { .. }
        | Refusal::AlreadySaid(_)
        | Refusal::ClerkExists(_)
        | Refusal::KeyTaken(_)
        | Refusal::WrongPolicyVersion { .. } => StatusCode::CONFLICT,
        Refusal::TooLarge { .. } | Refusal::BatchTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem {
        row: refusal.row(),
        ..Refused::new(status, refusal.code(), refusal.to_string()).0
    }
}
