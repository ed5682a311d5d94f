//! Meaning of a node's answer: success, a refusal with its problem, or a status of a server before the node.
//! Nothing is asked here, and nothing of an answer is believed.

use api::{Code, Problem};
use serde::de::DeserializeOwned;

use super::HttpError;

/// Answer of a node.
pub(super) struct HttpAnswer {
    pub(super) node: String,
    pub(super) status: u16,
    /// When to come back, if the node says so.
    pub(super) retry_ms: Option<u64>,
    /// Where it sends to instead.
    pub(super) location: Option<String>,
    pub(super) bytes: Vec<u8>,
}

impl HttpAnswer {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// No room now, or this machine's trouble: another node may do better.
    pub(super) const fn is_of_this_node_alone(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        if !self.is_success() {
            return Err(self.problem());
        }
        serde_json::from_slice(&self.bytes).map_err(|source| HttpError::NotOurs {
            node: self.node.clone(),
            source,
        })
    }

    /// An answer for each of `count` that were asked for.
    pub(super) fn answers<T: DeserializeOwned>(&self, count: usize) -> Result<Vec<T>, HttpError> {
        let given: Vec<T> = self.json()?;
        if given.len() == count {
            return Ok(given);
        }
        let node = self.node.clone();
        Err(HttpError::OtherNumber { node })
    }

    pub(super) fn text(self) -> Result<Vec<u8>, HttpError> {
        if self.is_success() {
            Ok(self.bytes)
        } else {
            Err(self.problem())
        }
    }

    /// Returns whether the node itself says that there is no such thing, and not a server before it.
    pub(super) fn is_not_found(&self) -> bool {
        let problem = serde_json::from_slice::<Problem>(&self.bytes);
        self.status == 404 && problem.is_ok_and(|problem| problem.is(Code::NotFound))
    }

    /// Problem that the node has with an entry, if this is a refusal of one.
    pub(super) fn refusal(&self) -> Option<Problem> {
        let problem: Problem = serde_json::from_slice(&self.bytes).ok()?;
        let refuses = (400..500).contains(&self.status);
        Some(problem).filter(|problem| refuses && !problem.is(Code::NotFound))
    }

    pub(super) fn problem(&self) -> HttpError {
        match serde_json::from_slice::<Problem>(&self.bytes) {
            Ok(problem) => HttpError::Problem { problem },
            Err(_) => self.of_status(),
        }
    }

    /// Error of a status without a problem: it comes from a server between here and the node.
    fn of_status(&self) -> HttpError {
        let node = self.node.clone();
        match self.status {
            429 | 503 => HttpError::Busy { node },
            status => HttpError::Status {
                node,
                status,
                location: self.location.clone(),
            },
        }
    }

    /// Returns whether to come back, and when if the node says so. A server between here and the node asks in
    /// the same way, with a page of its own.
    pub(super) fn come_back(&self) -> Option<Option<u64>> {
        match serde_json::from_slice::<Problem>(&self.bytes) {
            Ok(problem) => problem
                .is(Code::Busy)
                .then_some(problem.retry_ms.or(self.retry_ms)),
            Err(_) => matches!(self.status, 429 | 503).then_some(self.retry_ms),
        }
    }
}
