//! `muhr-node witness`: cosigns the checkpoints of one log for outsiders (C2SP tlog-witness).
//!
//! It keeps no log. It holds the size and root that it signed last, in the register that validators
//! use too, and signs a larger tree only with the proof that it continues that one: whoever wants to
//! show two histories to two people must find a witness that forgets.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    hash::{ChainId, sha256},
    height::LogSize,
    key::SecretKey,
    merkle::{Hash, verify_consistency},
    note::{NOTE_BYTES_MAX, SignedNote, is_key_name},
    policy::{TrustPolicy, Unworthy},
    text,
};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{config, cosigner::Register};

/// The most hashes in a proof, by the specification.
const HASHES_MAX: usize = 63;
/// The most bytes of a request: size, proof and note.
const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 64 * 64;
const SIZE_TYPE: &str = "text/x.tlog.size";

/// A witness of one log.
#[derive(Debug)]
pub struct Witness {
    trust: TrustPolicy,
    chain: ChainId,
    name: String,
    secret: SecretKey,
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    register: Register,
    /// The newest checkpoint with this witness's line, for whoever watches it.
    newest: Option<String>,
    last_time: u64,
    /// After a fault of the disk nothing may be signed any more.
    failed: bool,
}

/// What is answered to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: the cosignature, as a note line.
    Cosigned(String),
    /// 400: not a request.
    Malformed(String),
    /// 403: without the log's own signature.
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
    /// Opens the register in `dir` and starts from what was signed last.
    pub fn open(
        dir: &Path,
        trust: TrustPolicy,
        name: String,
        secret: SecretKey,
    ) -> Result<Self, String> {
        let chain = trust
            .genesis()
            .ok_or("the trust file has no \"#: genesis\" line, so the register cannot say which network it is of")?;
        if !is_key_name(&name) {
            return Err(format!("\"{name}\" is no name for a key in notes"));
        }
        std::fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let register = Register::open(&dir.join("register"), chain)?;
        let memory = Memory {
            register,
            newest: None,
            last_time: 0,
            failed: false,
        };
        Ok(Self {
            trust,
            chain,
            name,
            secret,
            memory: Mutex::new(memory),
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

    /// Judges a request to cosign, and cosigns once the register is on disk.
    pub fn add_checkpoint(&self, request: &[u8]) -> Answer {
        let (old, proof, note) = match parse(request) {
            Ok(parsed) => parsed,
            Err(what) => return Answer::Malformed(what),
        };
        let signed = match SignedNote::parse(&note) {
            Ok(signed) => signed,
            Err(error) => return Answer::Malformed(error.to_string()),
        };
        let judged = match self.trust.evaluate(&signed) {
            Ok(judged) => judged,
            Err(error @ Unworthy::WrongOrigin { .. }) => {
                return Answer::UnknownLog(error.to_string());
            }
            Err(error @ Unworthy::BadLine(_)) => return Answer::Unsigned(error.to_string()),
            Err(error) => return Answer::Malformed(error.to_string()),
        };
        if !judged.log_signed {
            return Answer::Unsigned("the note has no line of the log's own key".to_owned());
        }
        if old > judged.checkpoint.size {
            return Answer::Malformed("the old size is larger than the checkpoint's".to_owned());
        }
        self.continue_from(old, &proof, &judged.checkpoint, &note)
    }

    fn continue_from(&self, old: LogSize, proof: &[Hash], new: &Checkpoint, note: &str) -> Answer {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.failed {
            return Answer::Fault(
                "the register could not be written; restart the witness".to_owned(),
            );
        }
        let last = memory.register.last();
        let stands = last.map_or(LogSize::ZERO, |last| last.size);
        if old != stands {
            return Answer::StandsAt(stands);
        }
        let continues = match last {
            None => proof.is_empty(),
            Some(last) if last.size == new.size => proof.is_empty() && last.root == new.root,
            Some(last) => {
                verify_consistency(last.size, new.size, proof, &last.root, &new.root).is_ok()
            }
        };
        if !continues {
            return Answer::Contradicts(format!(
                "the tree of size {} is not shown to continue the one of size {stands} that was signed",
                new.size
            ));
        }
        if let Err(fault) = memory.register.advance(self.chain, new) {
            memory.failed = true;
            return Answer::Fault(fault.to_string());
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |passed| passed.as_secs());
        let time = now.max(memory.last_time).max(1);
        memory.last_time = time;
        let signature = cosignature::sign(&self.secret, time, &new.write());
        let line = self.key().cosignature_line(time, &signature);
        memory.newest = Some(format!("{note}{line}"));
        Answer::Cosigned(line)
    }

    /// The newest checkpoint that was cosigned since the start, with this witness's line.
    #[must_use]
    pub fn newest(&self) -> Option<String> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.newest.clone()
    }
}

/// `old <size>`, at most 63 hashes, an empty line, and the note.
fn parse(request: &[u8]) -> Result<(LogSize, Vec<Hash>, String), String> {
    let text = std::str::from_utf8(request).map_err(|_| "not UTF-8")?;
    let (head, note) = text
        .split_once("\n\n")
        .ok_or("no empty line before the checkpoint")?;
    let mut lines = head.split('\n');
    let old = lines
        .next()
        .and_then(|line| line.strip_prefix("old "))
        .and_then(text::number)
        .ok_or("the first line is not \"old\" and a size")?;
    let proof = lines
        .map(text::base64_array)
        .collect::<Option<Vec<Hash>>>()
        .ok_or("a line of the proof is not 32 bytes in base64")?;
    if proof.len() > HASHES_MAX {
        return Err(format!("more than {HASHES_MAX} hashes"));
    }
    Ok((LogSize::new(old), proof, note.to_owned()))
}

impl IntoResponse for Answer {
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
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(witness)
}

async fn add(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let judged = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await;
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

/// Runs a witness until it is told to stop.
pub async fn run(
    dir: &Path,
    trust: &Path,
    http: SocketAddr,
    stop: oneshot::Receiver<()>,
) -> Result<(), String> {
    let bytes = std::fs::read(trust).map_err(|error| format!("{}: {error}", trust.display()))?;
    let policy = TrustPolicy::parse(&bytes)
        .map_err(|error| format!("{}: not a trust file: {error}", trust.display()))?;
    let key =
        config::key_file(&dir.join("witness.key"), "witness").map_err(|error| error.to_string())?;
    let witness = Witness::open(dir, policy, key.holder.clone(), key.secret)?;
    let listener = TcpListener::bind(http)
        .await
        .map_err(|error| format!("cannot listen on {http}: {error}"))?;
    tracing::info!(event = "witness", vkey = witness.vkey(), %http);
    let stopped = async {
        let _told = stop.await;
    };
    axum::serve(listener, router(Arc::new(witness)))
        .with_graceful_shutdown(stopped)
        .await
        .map_err(|error| error.to_string())
}
