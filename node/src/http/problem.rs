//! Problems: every answer that is not what was asked for, in one shape with a stable code.

use api::{Code, Problem};
use axum::{
    Json,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use ledger::{query::NoAnswer, rules::Refusal};

use crate::{ingest::Denial, shared::Shared};

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct ProblemResponse(pub(crate) Problem);

impl ProblemResponse {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Problem {
            code: code.as_str().to_owned(),
            status: code.status(),
            detail: detail.into(),
            retry_ms: None,
            row: None,
        })
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, what)
    }

    pub(crate) fn bad_request(what: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, what)
    }

    pub(crate) fn busy(what: &str) -> Self {
        let mut refused = Self::new(Code::Busy, what);
        refused.0.retry_ms = Some(200);
        refused
    }

    pub(crate) fn fault() -> Self {
        Self::new(
            Code::Fault,
            "this node is in trouble and stops; ask another node",
        )
    }
}

impl IntoResponse for ProblemResponse {
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
pub(crate) fn of_no_answer(shared: &Shared, answer: &NoAnswer) -> ProblemResponse {
    match answer {
        NoAnswer::NotFound => ProblemResponse::not_found("the log has no such thing"),
        NoAnswer::NotYet => {
            ProblemResponse::busy("its checkpoint has no quorum yet; try again in a moment")
        }
        NoAnswer::Fault(fault) => {
            shared.fail(fault);
            ProblemResponse::fault()
        }
    }
}

pub(crate) async fn no_such_path() -> ProblemResponse {
    ProblemResponse::not_found("no such path; the interface is described in docs/api.md")
}

pub(crate) async fn no_such_method(method: Method, uri: Uri) -> ProblemResponse {
    ProblemResponse::new(
        Code::MethodNotAllowed,
        format!(
            "{} is not for {method}; the interface is described in docs/api.md",
            uri.path()
        ),
    )
}

/// What a client is told of a denial.
pub(crate) fn of_denial(denial: &Denial) -> Problem {
    match denial {
        Denial::Malformed(what) => ProblemResponse::new(Code::Malformed, format!("not an entry: {what}")).0,
        Denial::BadSignature => ProblemResponse::new(
            Code::BadSignature,
            "the signature does not hold under the author's key for this network; check the key file and the network",
        )
        .0,
        Denial::Batched => {
            ProblemResponse::new(Code::BatchMissing, "an entry that ends in \"batched\" is handed in behind its batch leaf, with all others of the batch").0
        }
        Denial::Rules(refusal) => of_refusal(refusal),
        Denial::Contested(by) => ProblemResponse::new(
            Code::Contested,
            format!("entry {} waits for the same thing, like the same version of the record; ask for its receipt, then look again", by.to_hex()),
        )
        .0,
        Denial::Busy => ProblemResponse::busy("the node is busy; try again in a moment").0,
        Denial::Fault => ProblemResponse::fault().0,
    }
}

/// What a client is told of a refusal by the rules.
pub(crate) fn of_refusal(refusal: &Refusal) -> Problem {
    // That each word of a refusal is a code is a test below.
    let code = Code::parse(refusal.code()).unwrap_or(Code::Fault);
    Problem {
        row: refusal.row(),
        ..ProblemResponse::new(code, refusal.to_string()).0
    }
}
