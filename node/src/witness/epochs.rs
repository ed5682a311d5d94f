//! The trust file that a witness judges by, taken from epoch to epoch by proofs that anybody hands in.
//!
//! A step that a quorum of the agencies made is believed because of the file before it. A recovery after a disaster is
//! not: whoever runs the witness starts it again with a file whose words were read out. Where it has come is kept in
//! the folder, so that a start finds it again.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use protocol::{
    height::Epoch,
    policy::{OpenedBy, POLICY_BYTES_MAX, TrustPolicy},
};
use verify::{Verdict, trust};

use super::WitnessFault;
use crate::files::{create_anew, read_regular};

/// File in the witness's folder.
const FILE: &str = "trust";

/// What is answered to the proof of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EpochAnswer {
    /// 200: its trust file is in force now, of this epoch.
    Begun(Epoch),
    /// 409: the proof leads to another epoch than the next; this one is in force here.
    StandsAt(Epoch),
    /// 403: opened by recovery keys, which only whoever runs this witness may believe.
    Recovery,
    /// 422: it does not lead from the file in force to another.
    Unproven(&'static str),
    /// 500: this machine's trouble.
    Fault(String),
}

/// The trust file in force.
#[derive(Debug)]
pub(super) struct TrustInForce {
    path: PathBuf,
    now: Mutex<Arc<TrustPolicy>>,
}

impl TrustInForce {
    /// Begins with the file that was given, or with a later one of the same network that this witness has come to.
    ///
    /// # Errors
    /// [`WitnessFault::File`] if the one in the folder cannot be read.
    pub(super) fn open(dir: &Path, given: TrustPolicy) -> Result<Self, WitnessFault> {
        let path = dir.join(FILE);
        let kept = match read_regular(&path, POLICY_BYTES_MAX) {
            Ok(bytes) => TrustPolicy::parse(&bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(WitnessFault::File { path, source }),
        };
        let is_later = |kept: &TrustPolicy| {
            kept.network_id() == given.network_id() && kept.epoch() > given.epoch()
        };
        let now = kept.filter(is_later).unwrap_or(given);
        Ok(Self {
            path,
            now: Mutex::new(Arc::new(now)),
        })
    }

    /// The file in force.
    pub(super) fn now(&self) -> Arc<TrustPolicy> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges the proof of the next epoch, and goes by its trust file once that is on disk.
    pub(super) fn add(&self, proof: &[u8]) -> EpochAnswer {
        // Held all the while: of two steps the second is judged by the first.
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let stands = now.epoch().unwrap_or_default();
        let judged = trust::advance(&now, proof);
        let next = judged.next.filter(|_| judged.verdict == Verdict::Authentic);
        let Some(text) = next else {
            let failed = judged.steps.iter().find(|step| !step.is_ok());
            return match failed.map(|step| step.check.code()) {
                Some("change-follows") => EpochAnswer::StandsAt(stands),
                Some(code) => EpochAnswer::Unproven(code),
                None => EpochAnswer::Unproven("no proof"),
            };
        };
        let Ok(next) = TrustPolicy::parse(text.as_bytes()) else {
            return EpochAnswer::Unproven("no trust file");
        };
        if next.opened_by() == Some(OpenedBy::Recovery) {
            return EpochAnswer::Recovery;
        }
        if let Err(error) = self.keep(&text) {
            return EpochAnswer::Fault(format!("the trust file of the next epoch: {error}"));
        }
        let epoch = next.epoch().unwrap_or_default();
        tracing::info!(event = "epoch", %epoch, "the trust file of the next epoch is in force");
        *now = Arc::new(next);
        EpochAnswer::Begun(epoch)
    }

    fn keep(&self, text: &str) -> io::Result<()> {
        let part = self.path.with_extension("part");
        let mut file = create_anew(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &self.path)?;
        match self.path.parent() {
            Some(dir) => fs::File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl IntoResponse for EpochAnswer {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Begun(epoch) => (StatusCode::OK, format!("{epoch}\n")),
            Self::StandsAt(epoch) => (StatusCode::CONFLICT, format!("{epoch}\n")),
            Self::Recovery => (
                StatusCode::FORBIDDEN,
                "opened by recovery keys: start this witness again with a trust file whose words were read out\n"
                    .to_owned(),
            ),
            Self::Unproven(code) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("the proof does not lead to the next trust file: {code}\n"),
            ),
            Self::Fault(what) => (StatusCode::INTERNAL_SERVER_ERROR, what + "\n"),
        };
        (status, body).into_response()
    }
}
