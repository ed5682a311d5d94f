//! `muhr-node witness`: cosigns the checkpoints of one log for outsiders (C2SP tlog-witness).
//!
//! It keeps no log. It holds the size and root that it signed last, in a cosign state as validators
//! use too, and signs a larger tree only with the proof that it continues that one: whoever wants to
//! show two histories to two people must find a witness that forgets. It asks for the quorum of its trust
//! file as well as for the log's own line: the publisher's key alone could else show it a tree that never
//! was, and so shut the true log out for good.

mod fault;
mod kept;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use prometheus_client::metrics::gauge::Gauge;
use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    hash::{RootHash, sha256},
    height::LogSize,
    key::SecretKey,
    merkle::{Hash, verify_consistency},
    name::is_policy_key_name,
    note::{NOTE_BYTES_MAX, SignedNote},
    policy::{POLICY_BYTES_MAX, TrustPolicy, Unworthy},
    sign_state::{COSIGN_FILE, Owner},
    text,
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

pub use self::fault::WitnessFault;
use self::kept::CheckpointFile;
use crate::{
    config,
    cosign_state::CosignState,
    descriptors,
    files::read_regular,
    http::extract::{Bodies, BoundedBody},
    limits,
    server::{self, Budget, Connections},
};

/// The most hashes in a proof, by the specification.
const HASHES_MAX: usize = 63;
/// The most bytes of a request: size, proof and note.
const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 64 * 64;
const SIZE_TYPE: &str = "text/x.tlog.size";

/// A witness of one log.
#[derive(Debug)]
pub struct Witness {
    trust: TrustPolicy,
    name: String,
    secret: SecretKey,
    memory: Mutex<Memory>,
    bodies: Arc<Budget>,
}

impl Bodies for Arc<Witness> {
    fn bodies(&self) -> &Arc<Budget> {
        &self.bodies
    }
}

#[derive(Debug)]
struct Memory {
    state: CosignState,
    /// The newest checkpoint with this witness's line, for whoever watches it.
    kept: CheckpointFile,
    last_time: u64,
    /// After a fault of the disk nothing may be signed any more.
    failed: bool,
}

/// What is answered to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// 200: the cosignature, as a note line.
    Cosigned(String),
    /// 400: not a request.
    Malformed(String),
    /// 403: without the log's own signature, or without the quorum of the trust file.
    Unsigned(String),
    /// 404: of a log that is not witnessed here.
    UnknownLog(String),
    /// 409: the proof does not begin where this witness stands.
    StandsAt(LogSize),
    /// 422: the tree does not continue the one that was signed.
    Contradicts(String),
    /// 500: this machine's trouble.
    Fault(String),
}

impl Witness {
    /// Opens the cosign state in `dir` and starts from what was signed last.
    ///
    /// # Errors
    /// [`WitnessFault`], if the trust file, the name, the cosign state or the disk is not what it must be.
    pub fn open(
        dir: &Path,
        trust: TrustPolicy,
        name: String,
        secret: SecretKey,
    ) -> Result<Self, WitnessFault> {
        let chain = trust.genesis().ok_or(WitnessFault::NoGenesis)?;
        if !is_policy_key_name(&name) {
            return Err(WitnessFault::BadName(name));
        }
        std::fs::create_dir_all(dir).map_err(WitnessFault::file(dir))?;
        let owner = Owner {
            chain,
            key: secret.public(),
        };
        let state = CosignState::of_witness(&dir.join(COSIGN_FILE), owner)?;
        let key = Cosigner::validator(name.clone(), secret.public());
        let last = state.last().map_or(LogSize::ZERO, |last| last.size);
        let kept = CheckpointFile::open(dir, &key, &trust, last)
            .map_err(WitnessFault::file(dir.join("checkpoint")))?;
        let memory = Memory {
            state,
            kept,
            last_time: 0,
            failed: false,
        };
        Ok(Self {
            trust,
            name,
            secret,
            memory: Mutex::new(memory),
            bodies: Budget::new(limits::BODIES_BYTES_MAX, Duration::ZERO, Gauge::default()),
        })
    }

    fn key(&self) -> Cosigner {
        Cosigner::validator(self.name.clone(), self.secret.public())
    }

    /// The line for a trust file by which others know this witness.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.key().key().write()
    }

    /// Judges a request to cosign, and cosigns once the cosign state is on disk.
    pub fn add_checkpoint(&self, request: &[u8]) -> WitnessAnswer {
        let (old, proof, note) = match parse(request) {
            Ok(parsed) => parsed,
            Err(bad) => return WitnessAnswer::Malformed(bad.to_string()),
        };
        // Before anything else of the note is read: another log's may have a form that this one's never has.
        let origin = note.split('\n').next().unwrap_or_default();
        if origin != self.trust.origin() {
            return WitnessAnswer::UnknownLog("this witness does not know that log".to_owned());
        }
        let signed = match SignedNote::parse(&note) {
            Ok(signed) => signed,
            Err(error) => return WitnessAnswer::Malformed(error.to_string()),
        };
        let judged = match self.trust.evaluate(&signed) {
            Ok(judged) => judged,
            Err(error @ Unworthy::WrongOrigin { .. }) => {
                return WitnessAnswer::UnknownLog(error.to_string());
            }
            Err(error @ Unworthy::BadLine(_)) => return WitnessAnswer::Unsigned(error.to_string()),
            Err(error) => return WitnessAnswer::Malformed(error.to_string()),
        };
        if !judged.log_signed {
            return WitnessAnswer::Unsigned("the note has no line of the log's own key".to_owned());
        }
        if !judged.quorum {
            let missing = judged.missing.join(", ");
            return WitnessAnswer::Unsigned(format!(
                "the note has not the quorum that the trust file of this witness asks for; missing: {missing}"
            ));
        }
        if old > judged.checkpoint.size {
            return WitnessAnswer::Malformed(
                "the old size is larger than the checkpoint's".to_owned(),
            );
        }
        self.continue_from(old, &proof, &judged.checkpoint, &signed)
    }

    fn continue_from(
        &self,
        old: LogSize,
        proof: &[Hash],
        new: &Checkpoint,
        note: &SignedNote,
    ) -> WitnessAnswer {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.failed {
            return WitnessAnswer::Fault(
                "the cosign state could not be written; restart the witness".to_owned(),
            );
        }
        // Of a log without leaves there is one root, and any tree continues it: as if nothing was signed.
        if new.size == LogSize::ZERO && new.root != RootHash::new(sha256(&[])) {
            let what = "a log without leaves has another root (SHA-256 of nothing)";
            return WitnessAnswer::Contradicts(what.to_owned());
        }
        let last = memory.state.last();
        let last = last.filter(|last| last.size > LogSize::ZERO);
        let stands = last.map_or(LogSize::ZERO, |last| last.size);
        if old != stands {
            return WitnessAnswer::StandsAt(stands);
        }
        let continues = match last {
            None => proof.is_empty(),
            Some(last) if last.size == new.size => proof.is_empty() && last.root == new.root,
            Some(last) => {
                verify_consistency(last.size, new.size, proof, &last.root, &new.root).is_ok()
            }
        };
        if !continues {
            return WitnessAnswer::Contradicts(format!(
                "the tree of size {} is not shown to continue the one of size {stands} that was signed",
                new.size
            ));
        }
        if let Err(fault) = memory.state.advance(new) {
            memory.failed = true;
            return WitnessAnswer::Fault(fault.to_string());
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |passed| passed.as_secs());
        let time = now.max(memory.last_time).max(1);
        memory.last_time = time;
        let signature = cosignature::sign(&self.secret, time, &new.write());
        let line = self.key().cosignature_line(time, &signature);
        let newest = kept::lines_that_hold(&self.trust, note, &line);
        match memory.kept.replace(newest) {
            Ok(()) => WitnessAnswer::Cosigned(line),
            // The cosign state says that it is signed: the same request gets its line once there is room.
            Err(error) => WitnessAnswer::Fault(format!("the note of the checkpoint: {error}")),
        }
    }

    /// The newest checkpoint that was cosigned, with this witness's line.
    #[must_use]
    pub fn newest(&self) -> Option<String> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.kept.note().map(str::to_owned)
    }
}

/// What is wrong with a request to cosign.
#[derive(Debug, thiserror::Error)]
enum BadRequest {
    #[error("not UTF-8")]
    Text,
    #[error("no empty line before the checkpoint")]
    NoCheckpoint,
    #[error("the first line is not \"old\" and a size")]
    Old,
    #[error("a line of the proof is not 32 bytes in base64")]
    Proof,
    #[error("more than {HASHES_MAX} hashes")]
    TooLong,
}

/// `old <size>`, at most 63 hashes, an empty line, and the note.
fn parse(request: &[u8]) -> Result<(LogSize, Vec<Hash>, String), BadRequest> {
    let text = std::str::from_utf8(request).map_err(|_| BadRequest::Text)?;
    let (head, note) = text.split_once("\n\n").ok_or(BadRequest::NoCheckpoint)?;
    let mut lines = head.split('\n');
    let old = lines
        .next()
        .and_then(|line| line.strip_prefix("old "))
        .and_then(text::number)
        .ok_or(BadRequest::Old)?;
    let proof = lines
        .map(text::base64_array)
        .collect::<Option<Vec<Hash>>>()
        .ok_or(BadRequest::Proof)?;
    if proof.len() > HASHES_MAX {
        return Err(BadRequest::TooLong);
    }
    Ok((LogSize::new(old), proof, note.to_owned()))
}

impl IntoResponse for WitnessAnswer {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Cosigned(line) => (StatusCode::OK, line),
            Self::StandsAt(size) => {
                let kind = [(header::CONTENT_TYPE, SIZE_TYPE)];
                return (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response();
            }
            Self::Malformed(what) => (StatusCode::BAD_REQUEST, what + "\n"),
            Self::Unsigned(what) => (StatusCode::FORBIDDEN, what + "\n"),
            Self::UnknownLog(what) => (StatusCode::NOT_FOUND, what + "\n"),
            Self::Contradicts(what) => (StatusCode::UNPROCESSABLE_ENTITY, what + "\n"),
            Self::Fault(what) => (StatusCode::INTERNAL_SERVER_ERROR, what + "\n"),
        };
        (status, body).into_response()
    }
}

/// The two paths of a witness.
pub fn router(witness: Arc<Witness>) -> Router {
    let origin = text::hex(&sha256(&[witness.trust.origin().as_bytes()]));
    Router::new()
        .route("/add-checkpoint", post(add))
        .route(&format!("/{origin}/checkpoint"), get(newest))
        .with_state(witness)
}

async fn add(
    State(witness): State<Arc<Witness>>,
    request: BoundedBody<REQUEST_BYTES_MAX>,
) -> Response {
    let judge = move || witness.add_checkpoint(&request.bytes);
    let judged = tokio::task::spawn_blocking(judge).await;
    judged.map_or_else(
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        IntoResponse::into_response,
    )
}

async fn newest(State(witness): State<Arc<Witness>>) -> Response {
    let newest = witness.newest();
    newest.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        IntoResponse::into_response,
    )
}

/// A witness from its folder and its trust file.
fn from_files(dir: &Path, trust: &Path) -> Result<Witness, WitnessFault> {
    let bytes = read_regular(trust, POLICY_BYTES_MAX).map_err(WitnessFault::file(trust))?;
    let policy = TrustPolicy::parse(&bytes).map_err(|source| WitnessFault::NotTrust {
        path: trust.to_owned(),
        source,
    })?;
    let key = config::key_file(&dir.join("witness.key"), "witness")?;
    Witness::open(dir, policy, key.holder.clone(), key.secret)
}

/// Runs a witness until it is told to stop.
///
/// # Errors
/// [`WitnessFault`], if it does not start, or its server ends by itself.
pub async fn run(
    dir: &Path,
    trust: &Path,
    http: SocketAddr,
    mut stop: oneshot::Receiver<()>,
) -> Result<(), WitnessFault> {
    // A file may be on a disk that does not answer; whoever says stop is heard all the same.
    let (dir, trust) = (dir.to_owned(), trust.to_owned());
    let opened = tokio::task::spawn_blocking(move || from_files(&dir, &trust));
    let witness = tokio::select! {
        opened = opened => opened.map_err(WitnessFault::Panicked)??,
        _ = &mut stop => {
            tracing::info!(event = "stopped", "told to end while the files were being read");
            return Ok(());
        }
    };
    let connections = descriptors::http_connections(descriptors::raise(), limits::DISK_OTHERS)?;
    let listener = TcpListener::bind(http)
        .await
        .and_then(TcpListener::into_std)
        .map_err(|source| WitnessFault::Listen {
            address: http,
            source,
        })?;
    tracing::info!(event = "witness", vkey = witness.vkey(), %http);
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        let _told = stop.await;
        tracing::info!(event = "stopped", "told to end");
        tell.send_replace(true);
    });
    let connections = Connections::new(connections, Arc::default());
    server::serve(listener, router(Arc::new(witness)), connections, told)
        .await
        .map_err(WitnessFault::Server)
}
