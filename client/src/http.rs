//! Asking a node over HTTP, with bounds on time and size. Nothing it answers is believed here.

mod answer;
mod entries;
mod error;
mod governing;
mod peer_port;
mod refusal;
mod tls;
mod tls_error;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use api::{EntryAnswer, Inbox, Network, Problem, Status};
use protocol::{
    entry::EntryRef,
    hash::RecordKey,
    history::{History, PAGE_BYTES_MAX},
    merkle::tiles::TilePath,
    name::{AgencyName, ClerkName, RegistryName},
    note::NOTE_BYTES_MAX,
    state_proof::STATE_PROOF_BYTES_MAX,
};
use ureq::{Agent, Body, http::Response, tls::TlsConfig};

use answer::HttpAnswer;
pub use error::HttpError;
pub use refusal::{RefusalClass, said};
pub use tls_error::{RootsError, TlsTrouble};

/// The most bytes of an answer that has no bound of its own.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Time that one request may take from beginning to end, unless the options say another.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long one wait for a receipt may last before it is asked for again.
const WAIT_MS: u64 = 10_000;

/// All clerks of an agency.
const DIRECTORY_BYTES_MAX: usize = 64 << 20;

/// A full tile of hashes, and a full bundle of the longest leaves with their lengths. A problem that is
/// answered instead is shorter.
const HASHES_BYTES_MAX: usize = 256 * 32;
const BUNDLE_BYTES_MAX: usize = 256 * (2 + 65_535);

/// How long a node that is busy is asked again for what it should have at once.
const MOMENT: Duration = Duration::from_secs(5);
/// Pages of one history. A page has hundreds of versions unless they are very long.
const PAGES_MAX: usize = 1_000;

/// The version with which the next page begins, and where it stands, if this page is not the last.
fn next_page(page: &[u8]) -> Option<(u64, EntryRef)> {
    let history = History::is_page(page).then(|| History::parse(page).ok())??;
    let (_, versions) = history.record?;
    let last = &versions.last()?.statement;
    let version = last.version.get().checked_sub(1)?;
    Some((version, last.previous?))
}

/// How nodes are connected to.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Time that one request may take from beginning to end.
    pub timeout: Duration,
    /// File with certificates of authorities, in PEM, that count besides this machine's roots.
    pub ca: Option<PathBuf>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            timeout: TIMEOUT,
            ca: None,
        }
    }
}

/// Nodes, one of which is asked; where it gives no answer, the next.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    nodes: Arc<[String]>,
    /// How often a node was left for the next: all copies ask the same one.
    left: Arc<AtomicUsize>,
    timeout: Duration,
}

/// Evidence that a node gives for an entry. Nothing of it is believed before it is judged.
#[derive(Debug)]
pub enum EntryEvidence {
    /// Something that may be its receipt, or an act's proof.
    Some(Vec<u8>),
    /// It is not final yet, as the node tells.
    NotYet,
    /// There will be none, as the node tells, and why.
    Never(Problem),
}

impl Client {
    /// A client of nodes at these addresses, as `http://127.0.0.1:7481`; the first is asked as long as it
    /// answers.
    ///
    /// # Errors
    /// [`HttpError::NoNode`], [`HttpError::Address`] for an address without `http://` or `https://`, and
    /// [`HttpError::Roots`] where TLS is asked for and this machine knows no authority.
    pub fn new(nodes: &[String], options: &ConnectOptions) -> Result<Self, HttpError> {
        if nodes.is_empty() {
            return Err(HttpError::NoNode);
        }
        for node in nodes {
            if !node.starts_with("http://") && !node.starts_with("https://") {
                return Err(HttpError::Address { node: node.clone() });
            }
        }
        let timeout = options.timeout;
        // Reading this machine's roots takes a while, and most nodes need none.
        let is_tls = nodes.iter().any(|node| node.starts_with("https://"));
        let tls = is_tls
            .then(|| tls::config(options.ca.as_deref()))
            .transpose()?;
        // Whoever is sent elsewhere by an answer asks somebody whom nobody has named: no redirects.
        let config = Agent::config_builder()
            .tls_config(tls.unwrap_or_else(|| TlsConfig::builder().build()))
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

    /// A client of each of the nodes by itself, in their order.
    pub fn each(&self) -> impl Iterator<Item = Self> + '_ {
        self.nodes.iter().map(|node| Self {
            agent: self.agent.clone(),
            nodes: Arc::from([node.clone()]),
            left: Arc::default(),
            timeout: self.timeout,
        })
    }

    /// Addresses of the nodes.
    #[must_use]
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    fn get(&self, path: &str, bytes_max: usize) -> Result<HttpAnswer, HttpError> {
        self.ask(bytes_max, |node| {
            self.agent.get(format!("{node}{path}")).call()
        })
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<HttpAnswer, HttpError> {
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
    ) -> Result<HttpAnswer, HttpError> {
        let mut first = None;
        for _ in 0..self.nodes.len() {
            let left = self.left.load(Ordering::Relaxed);
            let node = &self.nodes[left % self.nodes.len()];
            let answer = call(node)
                .map_err(|error| self.unreachable(node, error))
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
        first.unwrap_or(Err(HttpError::NoNode))
    }

    fn read(
        &self,
        node: &str,
        mut response: Response<Body>,
        bytes_max: usize,
    ) -> Result<HttpAnswer, HttpError> {
        let seconds = response.headers().get("retry-after");
        let seconds = seconds.and_then(|seconds| seconds.to_str().ok()?.parse::<u64>().ok());
        let location = response.headers().get("location");
        let location = location.and_then(|location| location.to_str().ok());
        // Foreign text, shown to a person: printable ASCII as a header is, and not endless.
        let location = location.map(|it| {
            it.chars()
                .filter(|it| it.is_ascii_graphic())
                .take(300)
                .collect()
        });
        let status = response.status().as_u16();
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let body = response.body_mut().with_config().limit(limit);
        let bytes = body.read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => HttpError::TooLong {
                node: node.to_owned(),
                bytes_max,
            },
            error => self.unreachable(node, error),
        })?;
        Ok(HttpAnswer {
            node: node.to_owned(),
            status,
            retry_ms: seconds.map(|seconds| seconds.saturating_mul(1000)),
            location,
            bytes,
        })
    }

    fn unreachable(&self, node: &str, error: ureq::Error) -> HttpError {
        let (node, had_others) = (node.to_owned(), self.nodes.len() > 1);
        match error {
            ureq::Error::Timeout(_) => HttpError::TimedOut {
                node,
                seconds: self.timeout.as_secs(),
                had_others,
            },
            error => match tls::trouble(&error) {
                Some(trouble) => HttpError::Tls { node, trouble },
                None if peer_port::is_one(&node, &error) => HttpError::PeerPort { node },
                None => HttpError::Unreachable {
                    node,
                    had_others,
                    source: Box::new(error),
                },
            },
        }
    }

    /// Words of a node about its network; nothing of it is proven.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn network(&self) -> Result<Network, HttpError> {
        self.fetch("/v1/network", ANSWER_BYTES_MAX)?.json()
    }

    /// State of the network by a node's word, with its proof.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn network_proof(&self) -> Result<Vec<u8>, HttpError> {
        self.fetch("/v1/proofs/network", STATE_PROOF_BYTES_MAX)?
            .text()
    }

    /// State of a registry by a node's word, with its proof.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn registry_proof(&self, name: &RegistryName) -> Result<Vec<u8>, HttpError> {
        let path = format!("/v1/proofs/registries/{name}");
        self.fetch(&path, STATE_PROOF_BYTES_MAX)?.text()
    }

    /// State of a clerk by a node's word, with its proof.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn clerk_proof(&self, name: &ClerkName) -> Result<Vec<u8>, HttpError> {
        let path = format!("/v1/proofs/clerks/{name}");
        self.fetch(&path, STATE_PROOF_BYTES_MAX)?.text()
    }

    /// How a node is doing, as it says.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn status(&self) -> Result<Status, HttpError> {
        self.fetch("/v1/status", ANSWER_BYTES_MAX)?.json()
    }

    /// The clerks of an agency, as a node says: a line each, as `docs/api.md` has them.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn clerks(&self, agency: &AgencyName) -> Result<String, HttpError> {
        let path = format!("/v1/clerks/{agency}");
        let bytes = self.of_agency(&path, DIRECTORY_BYTES_MAX, agency)?.text()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The records that wait for a word of an agency, as a node says.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn inbox(&self, agency: &AgencyName) -> Result<Inbox, HttpError> {
        let path = format!("/v1/inbox/{agency}");
        self.of_agency(&path, ANSWER_BYTES_MAX, agency)?.json()
    }

    /// Words of a node about an agency, unless it knows none of that name.
    fn of_agency(
        &self,
        path: &str,
        bytes_max: usize,
        agency: &AgencyName,
    ) -> Result<HttpAnswer, HttpError> {
        let answer = self.fetch(path, bytes_max)?;
        if answer.is_not_found() {
            return Err(HttpError::NoAgency {
                node: answer.node,
                agency: agency.to_string(),
            });
        }
        Ok(answer)
    }

    /// The history of a record, in pages where it is long: newest versions first.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn history(
        &self,
        registry: &RegistryName,
        key: &RecordKey,
    ) -> Result<Vec<Vec<u8>>, HttpError> {
        let path = format!("/v1/records/{registry}/{}/history", key.to_hex());
        let mut pages = vec![self.fetch(&path, PAGE_BYTES_MAX)?.text()?];
        while let Some((version, place)) = pages.last().and_then(|page| next_page(page)) {
            // A node that answers with pages of one version, or the same one again, is no way to go on.
            if pages.len() > PAGES_MAX {
                return Err(HttpError::EndlessHistory);
            }
            let path = format!("{path}?from={version}&index={}", place.index);
            pages.push(self.fetch(&path, PAGE_BYTES_MAX)?.text()?);
        }
        Ok(pages)
    }

    /// Answer that a node should have at once; one that is busy is asked again for a moment.
    fn fetch(&self, path: &str, bytes_max: usize) -> Result<HttpAnswer, HttpError> {
        let mut backoff = Backoff::new(Instant::now() + MOMENT.min(self.timeout));
        loop {
            let answer = self.get(path, bytes_max)?;
            match answer.come_back() {
                Some(asked_ms) if !answer.is_success() && backoff.wait(asked_ms) => {}
                _ => return Ok(answer),
            }
        }
    }

    /// Where an entry is, as a node says.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn entry(&self, id: &str) -> Result<EntryAnswer, HttpError> {
        self.fetch(&format!("/v1/entries/{id}"), ANSWER_BYTES_MAX)?
            .json()
    }

    /// Status and body of a page that is for operators: metrics, liveness, readiness.
    ///
    /// # Errors
    /// [`HttpError`] where there was no answer; a status is none.
    pub fn page(&self, path: &str) -> Result<(u16, String), HttpError> {
        let answer = self.get(path, ANSWER_BYTES_MAX)?;
        let body = String::from_utf8_lossy(&answer.bytes).into_owned();
        Ok((answer.status, body))
    }

    /// Asks a witness; its answers are statuses and short texts.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn add_checkpoint(&self, request: &str) -> Result<(u16, String), HttpError> {
        let answer = self.post("/add-checkpoint", "text/plain", request.as_bytes())?;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        Ok((answer.status, text))
    }

    /// The newest published checkpoint, as a note.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn checkpoint(&self) -> Result<String, HttpError> {
        let bytes = self.fetch("/checkpoint", NOTE_BYTES_MAX)?.text()?;
        String::from_utf8(bytes).map_err(|_| HttpError::NotUtf8)
    }

    /// A tile of hashes, or a bundle of entries.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn tile(&self, path: TilePath) -> Result<Vec<u8>, HttpError> {
        let bytes_max = match path {
            TilePath::Hashes { .. } => HASHES_BYTES_MAX,
            TilePath::Entries { .. } => BUNDLE_BYTES_MAX,
        };
        self.fetch(&path.to_string(), bytes_max)?.text()
    }
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
