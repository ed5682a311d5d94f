//! Asking a node over HTTP, with bounds on time and size. Nothing it answers is believed here.

use std::{
    thread,
    time::{Duration, Instant},
};

use api::{
    EntryAnswer, EntryState, Inbox, Network, Problem, ReceiptAnswer, ReceiptsRequest, Status,
};
use protocol::{
    hash::RecordKey,
    history::HISTORY_BYTES_MAX,
    merkle::tiles::{self, TilePath},
    name::{AgencyName, RegistryName},
    note::NOTE_BYTES_MAX,
};
use serde::de::DeserializeOwned;
use ureq::{Agent, Body, http::Response};

use crate::exit::{CONFLICT, Failure, NOT_PERMITTED, UNEXPECTED, UNREACHABLE, USAGE};

/// The most bytes of an answer that has no bound of its own.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Seconds that one request may take from beginning to end, unless the variable says another number.
const TIMEOUT_S: u64 = 60;
const TIMEOUT_VARIABLE: &str = "MUHR_TIMEOUT";
/// How long one wait for a receipt may last before it is asked for again.
const WAIT_MS: u64 = 10_000;

/// All clerks of an agency, or all registries.
const DIRECTORY_BYTES_MAX: usize = 64 << 20;

/// A full tile of hashes, and a full bundle of the longest leaves with their lengths. A problem that is
/// answered instead is shorter.
const HASHES_BYTES_MAX: usize = 256 * 32;
const BUNDLE_BYTES_MAX: usize = 256 * (2 + 65_535);

/// How long a request may take.
fn timeout() -> Result<Duration, Failure> {
    let seconds = match std::env::var(TIMEOUT_VARIABLE) {
        Ok(text) => text
            .parse()
            .ok()
            .filter(|seconds| (1..=3600).contains(seconds)),
        Err(_) => Some(TIMEOUT_S),
    };
    seconds.map(Duration::from_secs).ok_or_else(|| {
        Failure::new(
            USAGE,
            format!("{TIMEOUT_VARIABLE} is not a number of seconds from 1 to 3600"),
        )
    })
}

/// One node.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(base: &str) -> Result<Self, Failure> {
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(
                Failure::new(USAGE, format!("\"{base}\" is not the address of a node"))
                    .help("give it as http://127.0.0.1:7481"),
            );
        }
        let timeout = timeout()?;
        let config = Agent::config_builder()
            .timeout_connect(Some(timeout.min(Duration::from_secs(5))))
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Ok(Self {
            agent: config.into(),
            base: base.trim_end_matches('/').to_owned(),
            timeout,
        })
    }

    fn get(&self, path: &str) -> Result<Response<Body>, Failure> {
        self.agent
            .get(format!("{}{path}", self.base))
            .call()
            .map_err(|error| self.unreachable(&error))
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<Response<Body>, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("content-type", kind);
        request.send(body).map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let what = match error {
            ureq::Error::Timeout(_) => format!(
                "{} did not answer in full within {} s",
                self.base,
                self.timeout.as_secs()
            ),
            error => format!("{} cannot be reached: {error}", self.base),
        };
        Failure::new(UNREACHABLE, what).help("check the address, or ask another agency's node")
    }

    fn bytes(&self, mut response: Response<Body>, bytes_max: usize) -> Result<Vec<u8>, Failure> {
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let body = response.body_mut().with_config().limit(limit);
        body.read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => Failure::new(
                UNEXPECTED,
                format!(
                    "{} answers with more than the {bytes_max} bytes that such an answer can have",
                    self.base
                ),
            )
            .help("it is no honest node; ask another agency's"),
            error => self.unreachable(&error),
        })
    }

    fn json<T: DeserializeOwned>(&self, response: Response<Body>) -> Result<T, Failure> {
        let status = response.status();
        let bytes = self.bytes(response, ANSWER_BYTES_MAX)?;
        if !status.is_success() {
            return Err(self.problem(status.as_u16(), &bytes));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(
                UNEXPECTED,
                format!(
                    "{} gave an answer that is none of Muhr's: {error}",
                    self.base
                ),
            )
        })
    }

    fn text(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, Failure> {
        let response = self.get(path)?;
        let status = response.status();
        let bytes = self.bytes(response, bytes_max)?;
        if status.is_success() {
            Ok(bytes)
        } else {
            Err(self.problem(status.as_u16(), &bytes))
        }
    }

    fn problem(&self, status: u16, bytes: &[u8]) -> Failure {
        match serde_json::from_slice::<Problem>(bytes) {
            Ok(problem) => of_problem(&problem),
            Err(_) => Failure::new(
                UNEXPECTED,
                format!("{} answered with HTTP status {status}", self.base),
            ),
        }
    }

    pub(crate) fn network(&self) -> Result<Network, Failure> {
        self.json(self.get("/v1/network")?)
    }

    pub(crate) fn status(&self) -> Result<Status, Failure> {
        self.json(self.get("/v1/status")?)
    }

    pub(crate) fn clerks(&self, agency: &AgencyName) -> Result<String, Failure> {
        let bytes = self.text(&format!("/v1/clerks/{agency}"), DIRECTORY_BYTES_MAX)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn registries(&self) -> Result<String, Failure> {
        let bytes = self.text("/v1/registries", DIRECTORY_BYTES_MAX)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn inbox(&self, agency: &str) -> Result<Inbox, Failure> {
        self.json(self.get(&format!("/v1/inbox/{agency}"))?)
    }

    pub(crate) fn history(
        &self,
        registry: &RegistryName,
        key: &RecordKey,
    ) -> Result<Vec<u8>, Failure> {
        let path = format!("/v1/records/{registry}/{}/history", key.to_hex());
        self.text(&path, HISTORY_BYTES_MAX)
    }

    /// Asks a witness; its answers are statuses and short texts.
    pub(crate) fn add_checkpoint(&self, request: &str) -> Result<(u16, String), Failure> {
        let response = self.post("/add-checkpoint", "text/plain", request.as_bytes())?;
        let status = response.status().as_u16();
        let bytes = self.bytes(response, ANSWER_BYTES_MAX)?;
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(crate) fn checkpoint(&self) -> Result<String, Failure> {
        let bytes = self.text("/checkpoint", NOTE_BYTES_MAX)?;
        String::from_utf8(bytes)
            .map_err(|_| Failure::new(UNEXPECTED, "the checkpoint is not UTF-8"))
    }

    pub(crate) fn tile(&self, path: TilePath) -> Result<Vec<u8>, Failure> {
        let bytes_max = match path {
            TilePath::Hashes { .. } => HASHES_BYTES_MAX,
            TilePath::Entries { .. } => BUNDLE_BYTES_MAX,
        };
        self.text(&path.to_string(), bytes_max)
    }

    /// Hands in one entry; waits out a busy node until `until`.
    pub(crate) fn submit(&self, entry: &str, until: Instant) -> Result<EntryAnswer, Failure> {
        let mut backoff = Backoff::new(until);
        loop {
            let response =
                self.post("/v1/entries", "text/plain; charset=utf-8", entry.as_bytes())?;
            let status = response.status();
            let bytes = self.bytes(response, ANSWER_BYTES_MAX)?;
            if status.is_success() {
                return serde_json::from_slice(&bytes).map_err(|error| {
                    Failure::new(
                        UNEXPECTED,
                        format!(
                            "{} gave an answer that is none of Muhr's: {error}",
                            self.base
                        ),
                    )
                });
            }
            match serde_json::from_slice::<Problem>(&bytes) {
                Ok(problem) if problem.code == "busy" && backoff.wait(problem.retry_ms) => {}
                _ => return Err(self.problem(status.as_u16(), &bytes)),
            }
        }
    }

    /// Waits for the receipt of an entry until `until`; none if it is still pending then.
    pub(crate) fn receipt(&self, id: &str, until: Instant) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let left = u64::try_from(until.saturating_duration_since(Instant::now()).as_millis())
                .unwrap_or(u64::MAX);
            let response = self.get(&format!(
                "/v1/entries/{id}/receipt?wait={}",
                left.min(WAIT_MS)
            ))?;
            let status = response.status().as_u16();
            let bytes = self.bytes(response, ANSWER_BYTES_MAX)?;
            match status {
                200 => return Ok(Some(bytes)),
                202 if Instant::now() < until => {}
                202 => return Ok(None),
                _ => return Err(self.problem(status, &bytes)),
            }
        }
    }

    /// Hands in many entries; waits out a busy node until `until`.
    pub(crate) fn submit_many(
        &self,
        entries: &[String],
        until: Instant,
    ) -> Result<Vec<EntryAnswer>, Failure> {
        let mut answers: Vec<Option<EntryAnswer>> = vec![None; entries.len()];
        let mut backoff = Backoff::new(until);
        loop {
            let open: Vec<usize> = answers
                .iter()
                .enumerate()
                .filter(|(_, answer)| answer.is_none())
                .map(|(at, _)| at)
                .collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let bundle: Vec<&str> = open
                .iter()
                .filter_map(|at| entries.get(*at))
                .map(String::as_str)
                .collect();
            let response = self.post(
                "/v1/bundles",
                "application/octet-stream",
                &tiles::write_bundle(&bundle),
            )?;
            let given: Vec<EntryAnswer> = self.json(response)?;
            if given.len() != bundle.len() {
                return Err(Failure::new(
                    UNEXPECTED,
                    format!(
                        "{} answered for another number of entries than were sent",
                        self.base
                    ),
                ));
            }
            let mut busy = false;
            for (at, answer) in open.into_iter().zip(given) {
                let is_busy = answer.state == EntryState::Refused
                    && answer
                        .problem
                        .as_ref()
                        .is_some_and(|problem| problem.code == "busy");
                if is_busy {
                    busy = true;
                } else if let Some(slot) = answers.get_mut(at) {
                    *slot = Some(answer);
                }
            }
            if busy && !backoff.wait(None) {
                return Err(Failure::new(UNREACHABLE, format!("{} is busy", self.base))
                    .help("run the same command again later"));
            }
        }
    }

    /// Receipts of many entries, as far as they are final within `wait_ms`.
    pub(crate) fn receipts(
        &self,
        ids: &[String],
        wait_ms: u64,
    ) -> Result<Vec<ReceiptAnswer>, Failure> {
        let body = serde_json::to_vec(&ReceiptsRequest { ids: ids.to_vec() })
            .map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        self.json(self.post(
            &format!("/v1/receipts?wait={wait_ms}"),
            "application/json",
            &body,
        )?)
    }
}

/// Growing waits with a bound.
struct Backoff {
    until: Instant,
    next: Duration,
}

impl Backoff {
    const fn new(until: Instant) -> Self {
        Self {
            until,
            next: Duration::from_millis(50),
        }
    }

    /// Waits, unless the time is over.
    fn wait(&mut self, asked_ms: Option<u64>) -> bool {
        let pause = self
            .next
            .max(Duration::from_millis(asked_ms.unwrap_or(0).min(2000)));
        if Instant::now() + pause > self.until {
            return false;
        }
        thread::sleep(pause);
        self.next = (self.next * 2).min(Duration::from_secs(2));
        true
    }
}

/// What a node's refusal means to whoever asked.
pub(crate) fn of_problem(problem: &Problem) -> Failure {
    let code = match (problem.code.as_str(), problem.status) {
        ("not-registered", _) => verify::Verdict::NotFound.exit_code(),
        ("busy", _) => UNREACHABLE,
        ("unknown-registry", _) | (_, 403) => NOT_PERMITTED,
        ("wrong-previous" | "wrong-status" | "nothing-to-withdraw", _) | (_, 409) => CONFLICT,
        (_, 400 | 413 | 422) => USAGE,
        _ => UNEXPECTED,
    };
    Failure::new(code, format!("{} ({})", problem.detail, problem.code))
}
