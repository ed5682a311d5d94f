//! `muhr audit watch`: several agencies' nodes, followed for ever.
//!
//! Every checkpoint must be trusted, and must continue what was seen before, here or at any other
//! node. What was seen is kept in a file, verbatim, so that a watcher that was away goes on where it
//! was. A contradiction is written down as evidence before anything else is done.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use client::{coded::Coded, durable, formats, log::Log};
use messages::UserMessage;
use protocol::{height::LogSize, merkle::Hash, note::NOTE_BYTES_MAX, policy::TrustPolicy};
use verify::{Verdict, checkpoint};
use views::{auditor::watch::WatchView, shown::ShownTime};

use crate::{
    exit::{DONE, ExitCode, Failure, UNREACHABLE},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr audit watch URL...`.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Addresses of nodes, or folders of mirrors
    #[arg(required = true, value_name = "URL")]
    pub urls: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Where the newest checkpoint that was seen is kept
    #[arg(long, default_value = "seen.checkpoint", value_name = "FILE")]
    pub state: PathBuf,
    /// Where evidence of a fork goes
    #[arg(long, default_value = "fork.evidence", value_name = "FILE")]
    pub evidence: PathBuf,
    /// Seconds between two looks
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub every: u64,
    /// End after so many looks at each; for ever if not said
    #[arg(long, value_name = "COUNT")]
    pub rounds: Option<u64>,
}

pub(crate) fn run(arguments: &WatchArguments, output: &Output) -> Result<u8, Failure> {
    let mut trust = formats::trust(&arguments.trust)?;
    let logs: Vec<(String, Log)> = arguments
        .urls
        .iter()
        .map(|url| nodes::log(url).map(|log| (url.clone(), log)))
        .collect::<Result<_, _>>()?;
    let mut seen = remembered(&trust, arguments)?;
    let mut round = 0_u64;
    loop {
        let mut reached = 0_usize;
        for (url, log) in &logs {
            // A change of agencies is no reason to stop: the next file is believed because of this one.
            match trust_file::of_log(&arguments.trust, log, output) {
                Ok(next) => trust = next,
                Err(failure) => {
                    output.view(&look_of(url, "not judged", None, Some(&failure)));
                    continue;
                }
            }
            match look(&trust, log, seen.as_ref(), &arguments.evidence) {
                Ok(Looked {
                    note,
                    size,
                    is_newer,
                }) => {
                    reached += 1;
                    if is_newer {
                        durable::write(&arguments.state, note.as_bytes())?;
                        seen = Some(SeenNote {
                            note,
                            trust: trust.clone(),
                        });
                    }
                    output.view(&look_of(url, "consistent", Some(size), None));
                }
                // A node that is away, slow or behind is named, and the watch goes on.
                Err(failure) if !is_contradiction(failure.code) => {
                    output.view(&look_of(url, "not judged", None, Some(&failure)));
                }
                Err(failure) => {
                    output.view(&look_of(url, "contradiction", None, Some(&failure)));
                    return Err(failure);
                }
            }
        }
        round += 1;
        if arguments.rounds.is_some_and(|rounds| round >= rounds) {
            return if reached > 0 {
                Ok(DONE)
            } else {
                Err(Failure::new(
                    UNREACHABLE,
                    UserMessage::new("no-node-judged"),
                ))
            };
        }
        thread::sleep(Duration::from_secs(arguments.every));
    }
}

/// Returns whether a failure must end the watch: broken proofs, another network, a fork.
fn is_contradiction(code: u8) -> bool {
    [Verdict::ProofBroken, Verdict::WrongNetwork, Verdict::Fork]
        .iter()
        .any(|verdict| verdict.exit_code() == code)
}

/// A checkpoint that was seen, and the trust file by which it was judged.
struct SeenNote {
    note: String,
    trust: TrustPolicy,
}

/// The newest checkpoint that an earlier watch has seen.
fn remembered(
    in_force: &TrustPolicy,
    arguments: &WatchArguments,
) -> Result<Option<SeenNote>, Failure> {
    let state = &arguments.state;
    if !state.exists() {
        return Ok(None);
    }
    let note = String::from_utf8_lossy(&durable::read(state, NOTE_BYTES_MAX)?).into_owned();
    let trust = trust_file::of_note(&arguments.trust, in_force, &note);
    checkpoint::judge(&trust, &note).map_err(|error| {
        Failure::verdict(
            error.verdict(),
            UserMessage::new("checkpoint-untrusted")
                .text("path", state.display())
                .text("reason", error),
        )
        .help(UserMessage::new("help-seen-checkpoint"))
    })?;
    Ok(Some(SeenNote { note, trust }))
}

struct Looked {
    note: String,
    size: LogSize,
    is_newer: bool,
}

fn look(
    trust: &TrustPolicy,
    log: &Log,
    seen: Option<&SeenNote>,
    evidence: &Path,
) -> Result<Looked, Failure> {
    let note = log.checkpoint()?;
    let trusted = checkpoint::judge(trust, &note).map_err(|error| {
        Failure::verdict(
            error.verdict(),
            UserMessage::new("its-checkpoint-untrusted").text("reason", error),
        )
    })?;
    let size = trusted.checkpoint().size;
    let Some(seen) = seen else {
        return Ok(Looked {
            note,
            size,
            is_newer: true,
        });
    };
    let older = (&seen.trust, seen.note.as_str());
    let is_newer = continues(log, older, (trust, &note), evidence)?;
    Ok(Looked {
        note,
        size,
        is_newer,
    })
}

/// Returns whether `newer`, which `log` shows, continues `older`, and is larger. A log that is behind what was
/// seen is no contradiction: it is named, and nothing can be said of it until it has caught up.
///
/// Each is judged by the trust file of its time: agencies may have changed between them.
pub(super) fn continues(
    log: &Log,
    (then, older): (&TrustPolicy, &str),
    (trust, newer): (&TrustPolicy, &str),
    evidence: &Path,
) -> Result<bool, Failure> {
    let read = |trust: &TrustPolicy, note: &str| {
        checkpoint::judge(trust, note).map_err(|error| {
            let what = UserMessage::new("checkpoint-of-nobody-trusted").text("reason", &error);
            Failure::verdict(error.verdict(), what)
        })
    };
    let (old, new) = (read(then, older)?, read(trust, newer)?);
    let (old, new) = (old.checkpoint(), new.checkpoint());
    let mut guilty = checkpoint::fork(trust, older, newer);
    guilty.extend(checkpoint::fork(then, older, newer));
    guilty.sort();
    guilty.dedup();
    if !guilty.is_empty() || (old.size == new.size && old.root != new.root) {
        let what = UserMessage::new("network-forked")
            .text("size", new.size)
            .text("names", guilty.join(", "));
        return Err(forked(evidence, (older, newer), None, what));
    }
    if new.size < old.size {
        let what = UserMessage::new("node-shows-less")
            .text("shown", new.size)
            .text("seen", old.size);
        return Err(Failure::new(UNREACHABLE, what).help(UserMessage::new("help-node-behind")));
    }
    if new.size == old.size {
        return Ok(false);
    }
    let proof = log.consistency(old.size, new.size)?;
    if checkpoint::consistency(old, new, &proof).is_ok() {
        return Ok(true);
    }
    // Either the tiles are wrong, or both checkpoints are signed and one does not continue the other.
    if log.root(new.size, new.size)? != new.root {
        return Err(
            Failure::verdict(Verdict::ProofBroken, UserMessage::new("tiles-do-not-lead"))
                .help(UserMessage::new("help-ask-another-keep-tiles")),
        );
    }
    let what = UserMessage::new("log-does-not-continue")
        .text("size", new.size)
        .text("seen", old.size);
    let prefix = log.prefix(old.size, new.size)?;
    Err(forked(evidence, (older, newer), Some(prefix), what))
}

/// Keeps what convicts whoever signed both notes; the prefix shows with what the larger log begins.
fn forked(
    evidence: &Path,
    (older, newer): (&str, &str),
    prefix: Option<Vec<Hash>>,
    what: UserMessage,
) -> Failure {
    let kept = checkpoint::ForkEvidence {
        one: older.to_owned(),
        other: newer.to_owned(),
        prefix,
    };
    // An earlier fork's evidence stays.
    let evidence = durable::unused(evidence);
    match durable::write(&evidence, kept.write().as_bytes()) {
        Ok(()) => Failure::verdict(Verdict::Fork, what)
            .help(UserMessage::new("help-evidence-is-in").text("path", evidence.display())),
        Err(error) => Failure::verdict(Verdict::Fork, what)
            .help(UserMessage::new("help-evidence-unwritten").part("reason", error.message())),
    }
}

/// One line, or one JSON document, for each look at a node.
fn look_of(
    url: &str,
    result: &'static str,
    size: Option<LogSize>,
    why: Option<&Failure>,
) -> WatchView {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    WatchView {
        time: ShownTime::of_ms(now),
        url: url.to_owned(),
        result,
        size: size.map(LogSize::get),
        reason: why.map(Failure::words),
    }
}
