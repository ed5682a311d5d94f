//! Asking a node over HTTP, with bounds on time and size. Nothing it answers is believed here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use api::{EntryAnswer, Inbox, Network, Problem, ReceiptAnswer, ReceiptsRequest, Status};
use protocol::{
    hash::RecordKey,
    history::HISTORY_BYTES_MAX,
    merkle::tiles::{self, TilePath},
    name::{AgencyName, RegistryName},
    note::NOTE_BYTES_MAX,
    sheaf::SHEAF_BYTES_MAX,
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

/// Nodes, one of which is asked; where it gives no answer, the next.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    nodes: Arc<[String]>,
    /// How often a node was left for the next: all copies ask the same one.
    left: Arc<AtomicUsize>,
    timeout: Duration,
}

/// What a node answered.
struct Answer {
    node: String,
    status: u16,
    /// When to come back, if the node says so.
    retry_ms: Option<u64>,
    bytes: Vec<u8>,
}

impl Answer {
    const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// No room now, or this machine's trouble: another node may do better.
    const fn is_of_this_node_alone(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if !self.is_success() {
            return Err(self.problem());
        }
        serde_json::from_slice(&self.bytes).map_err(|error| {
            Failure::new(
                UNEXPECTED,
                format!(
                    "{} gave an answer that is none of Muhr's: {error}",
                    self.node
                ),
            )
        })
    }

    fn text(self) -> Result<Vec<u8>, Failure> {
        if self.is_success() {
            Ok(self.bytes)
        } else {
            Err(self.problem())
        }
    }

    fn problem(&self) -> Failure {
        match serde_json::from_slice::<Problem>(&self.bytes) {
            Ok(problem) => of_problem(&problem),
            Err(_) if matches!(self.status, 429 | 503) => busy(&self.node),
            Err(_) => Failure::new(
                UNEXPECTED,
                format!("{} answered with HTTP status {}", self.node, self.status),
            ),
        }
    }

    /// Whether to come back, and when if the node says so. A server between here and the node asks in
    /// the same way, with a page of its own.
    fn come_back(&self) -> Option<Option<u64>> {
        match serde_json::from_slice::<Problem>(&self.bytes) {
            Ok(problem) => (problem.code == "busy").then_some(problem.retry_ms.or(self.retry_ms)),
            Err(_) => matches!(self.status, 429 | 503).then_some(self.retry_ms),
        }
    }
}

fn busy(node: &str) -> Failure {
    Failure::new(UNREACHABLE, format!("{node} is busy")).help("run the same command again later")
}

impl Client {
    /// One address, or several joined by commas.
    pub(crate) fn new(nodes: &str) -> Result<Self, Failure> {
        Self::of(&nodes.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    /// Asks the first of these as long as it answers.
    pub(crate) fn of(nodes: &[String]) -> Result<Self, Failure> {
        for node in nodes {
            if !node.starts_with("http://") && !node.starts_with("https://") {
                return Err(Failure::new(
                    USAGE,
                    format!("\"{node}\" is not the address of a node"),
                )
                .help("give it as http://127.0.0.1:7481"));
            }
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
            nodes: nodes
                .iter()
                .map(|node| node.trim_end_matches('/').to_owned())
                .collect(),
            left: Arc::new(AtomicUsize::new(0)),
            timeout,
        })
    }

    fn get(&self, path: &str, bytes_max: usize) -> Result<Answer, Failure> {
        self.ask(bytes_max, |node| {
            self.agent.get(format!("{node}{path}")).call()
        })
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<Answer, Failure> {
        self.ask(ANSWER_BYTES_MAX, |node| {
            let request = self.agent.post(format!("{node}{path}"));
            request.header("content-type", kind).send(body)
        })
    }

    /// Asks each node once at most. Whatever is asked may be asked twice: the same entry twice is one entry.
    fn ask(
        &self,
        bytes_max: usize,
        call: impl Fn(&str) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer, Failure> {
        let mut first = None;
        for _ in 0..self.nodes.len() {
            let left = self.left.load(Ordering::Relaxed);
            let node = &self.nodes[left % self.nodes.len()];
            let answer = call(node)
                .map_err(|error| self.unreachable(node, &error))
                .and_then(|response| self.read(node, response, bytes_max));
            match answer {
                Ok(answer) if !answer.is_of_this_node_alone() => return Ok(answer),
                other => first = first.or(Some(other)),
            }
            // Whoever shares this client may have gone on already: one step, not two.
            let next = left.wrapping_add(1);
            let _gone =
                self.left
                    .compare_exchange(left, next, Ordering::Relaxed, Ordering::Relaxed);
        }
        first.unwrap_or_else(|| Err(Failure::new(USAGE, "no node is given")))
    }

    fn read(
        &self,
        node: &str,
        mut response: Response<Body>,
        bytes_max: usize,
    ) -> Result<Answer, Failure> {
        let seconds = response.headers().get("retry-after");
        let seconds = seconds.and_then(|seconds| seconds.to_str().ok()?.parse::<u64>().ok());
        let status = response.status().as_u16();
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let body = response.body_mut().with_config().limit(limit);
        let bytes = body.read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => Failure::new(
                UNEXPECTED,
                format!(
                    "{node} answers with more than the {bytes_max} bytes that such an answer can have"
                ),
            )
            .help("it is no honest node; ask another agency's"),
            error => self.unreachable(node, &error),
        })?;
        Ok(Answer {
            node: node.to_owned(),
            status,
            retry_ms: seconds.map(|seconds| seconds.saturating_mul(1000)),
            bytes,
        })
    }

    fn unreachable(&self, node: &str, error: &ureq::Error) -> Failure {
        let what = match error {
            ureq::Error::Timeout(_) => format!(
                "{node} did not answer in full within {} s",
                self.timeout.as_secs()
            ),
            error => format!("{node} cannot be reached: {error}"),
        };
        let help = match self.nodes.len() {
            1 => "check the address, or ask another agency's node",
            _ => "none of the nodes given answers; run the same command again later",
        };
        Failure::new(UNREACHABLE, what).help(help)
    }

    pub(crate) fn network(&self) -> Result<Network, Failure> {
        self.get("/v1/network", ANSWER_BYTES_MAX)?.json()
    }

    pub(crate) fn status(&self) -> Result<Status, Failure> {
        self.get("/v1/status", ANSWER_BYTES_MAX)?.json()
    }

    pub(crate) fn clerks(&self, agency: &AgencyName) -> Result<String, Failure> {
        let bytes = self
            .get(&format!("/v1/clerks/{agency}"), DIRECTORY_BYTES_MAX)?
            .text()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn registries(&self) -> Result<String, Failure> {
        let bytes = self.get("/v1/registries", DIRECTORY_BYTES_MAX)?.text()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn inbox(&self, agency: &str) -> Result<Inbox, Failure> {
        self.get(&format!("/v1/inbox/{agency}"), ANSWER_BYTES_MAX)?
            .json()
    }

    pub(crate) fn history(
        &self,
        registry: &RegistryName,
        key: &RecordKey,
    ) -> Result<Vec<u8>, Failure> {
        let path = format!("/v1/records/{registry}/{}/history", key.to_hex());
        self.get(&path, HISTORY_BYTES_MAX)?.text()
    }

    /// Asks a witness; its answers are statuses and short texts.
    pub(crate) fn add_checkpoint(&self, request: &str) -> Result<(u16, String), Failure> {
        let answer = self.post("/add-checkpoint", "text/plain", request.as_bytes())?;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        Ok((answer.status, text))
    }

    pub(crate) fn checkpoint(&self) -> Result<String, Failure> {
        let bytes = self.get("/checkpoint", NOTE_BYTES_MAX)?.text()?;
        String::from_utf8(bytes)
            .map_err(|_| Failure::new(UNEXPECTED, "the checkpoint is not UTF-8"))
    }

    pub(crate) fn tile(&self, path: TilePath) -> Result<Vec<u8>, Failure> {
        let bytes_max = match path {
            TilePath::Hashes { .. } => HASHES_BYTES_MAX,
            TilePath::Entries { .. } => BUNDLE_BYTES_MAX,
        };
        self.get(&path.to_string(), bytes_max)?.text()
    }

    /// Hands in one entry; waits out a busy node until `until`.
    pub(crate) fn submit(&self, entry: &str, until: Instant) -> Result<EntryAnswer, Failure> {
        let mut backoff = Backoff::new(until);
        loop {
            let answer = self.post("/v1/entries", "text/plain; charset=utf-8", entry.as_bytes())?;
            match answer.come_back() {
                Some(asked_ms) if !answer.is_success() && backoff.wait(asked_ms) => {}
                _ => return answer.json(),
            }
        }
    }

    /// Waits for the receipt of an entry until `until`; none if it is still pending then.
    pub(crate) fn receipt(&self, id: &str, until: Instant) -> Result<Option<Vec<u8>>, Failure> {
        let mut backoff = Backoff::new(until);
        loop {
            let left = u64::try_from(until.saturating_duration_since(Instant::now()).as_millis())
                .unwrap_or(u64::MAX);
            let path = format!("/v1/entries/{id}/receipt?wait={}", left.min(WAIT_MS));
            let answer = self.get(&path, ANSWER_BYTES_MAX)?;
            match answer.status {
                200 => return Ok(Some(answer.bytes)),
                202 if Instant::now() < until => {}
                202 => return Ok(None),
                _ => match answer.come_back() {
                    Some(asked_ms) if backoff.wait(asked_ms) => {}
                    _ => return Err(answer.problem()),
                },
            }
        }
    }

    /// Hands in many entries. A busy node is waited out as long as it takes some within `patience`.
    pub(crate) fn submit_many(
        &self,
        entries: &[String],
        patience: Duration,
    ) -> Result<Vec<EntryAnswer>, Failure> {
        let mut answers: Vec<Option<EntryAnswer>> = vec![None; entries.len()];
        let mut backoff = Backoff::new(Instant::now() + patience);
        loop {
            let is_open = |at: &usize| answers.get(*at).is_some_and(Option::is_none);
            let open: Vec<usize> = (0..entries.len()).filter(is_open).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let bundle: Vec<&str> = open
                .iter()
                .filter_map(|at| entries.get(*at))
                .map(String::as_str)
                .collect();
            let bundle = tiles::write_bundle(&bundle);
            let answer = self.post("/v1/bundles", "application/octet-stream", &bundle)?;
            if let Some(asked_ms) = answer.come_back().filter(|_| !answer.is_success()) {
                if backoff.wait(asked_ms) {
                    continue;
                }
                return Err(answer.problem());
            }
            let given: Vec<EntryAnswer> = answer.json()?;
            if given.len() != open.len() {
                return Err(other_number(&answer.node));
            }
            let mut asked_ms = None;
            let mut is_busy = false;
            let before = open.len();
            let mut taken = 0;
            for (at, given) in open.into_iter().zip(given) {
                let problem = given.problem.as_ref();
                match problem.filter(|problem| problem.code == "busy") {
                    Some(problem) => {
                        is_busy = true;
                        asked_ms = asked_ms.max(problem.retry_ms);
                    }
                    None => {
                        taken += 1;
                        answers[at] = Some(given);
                    }
                }
            }
            if taken > 0 && taken < before {
                backoff = Backoff::new(Instant::now() + patience);
            }
            if is_busy && !backoff.wait(asked_ms) {
                return Err(busy(&answer.node));
            }
        }
    }

    /// Hands in a batch; waits out a busy node. A batch that was taken has no problem.
    pub(crate) fn submit_batch(
        &self,
        batch: &str,
        patience: Duration,
    ) -> Result<Option<Problem>, Failure> {
        let mut backoff = Backoff::new(Instant::now() + patience);
        loop {
            let answer = self.post("/v1/entries", "text/plain; charset=utf-8", batch.as_bytes())?;
            if answer.is_success() {
                return Ok(None);
            }
            if let Some(asked_ms) = answer.come_back() {
                if backoff.wait(asked_ms) {
                    continue;
                }
                return Err(answer.problem());
            }
            let problem = serde_json::from_slice(&answer.bytes);
            let problem = problem.ok().filter(|_| (400..500).contains(&answer.status));
            return problem.map(Some).ok_or_else(|| answer.problem());
        }
    }

    /// Receipts of at most `RECEIPTS_MAX` entries, as far as they are final within `wait_ms`.
    pub(crate) fn receipts(
        &self,
        ids: &[String],
        wait_ms: u64,
    ) -> Result<Vec<ReceiptAnswer>, Failure> {
        let body = serde_json::to_vec(&ReceiptsRequest { ids: ids.to_vec() })
            .map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        let path = format!("/v1/receipts?wait={wait_ms}");
        let answer = self.post(&path, "application/json", &body)?;
        let given: Vec<ReceiptAnswer> = answer.json()?;
        if given.len() != ids.len() {
            return Err(other_number(&answer.node));
        }
        Ok(given)
    }

    /// The sheaf of a batch, if it is final within `wait_ms`; none also where this node knows nothing of
    /// the batch, or will not say more: its entries can still be asked for one by one.
    pub(crate) fn sheaf(&self, id: &str, wait_ms: u64) -> Result<Option<Vec<u8>>, Failure> {
        let path = format!("/v1/entries/{id}/sheaf?wait={wait_ms}");
        let answer = self.get(&path, SHEAF_BYTES_MAX)?;
        Ok((answer.status == 200).then_some(answer.bytes))
    }
}

fn other_number(node: &str) -> Failure {
    let what = format!("{node} answered for another number of entries than were sent");
    Failure::new(UNEXPECTED, what)
}

/// The longest pause that a node can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(30);

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
            .max(Duration::from_millis(asked_ms.unwrap_or(0)).min(PAUSE_MAX));
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
