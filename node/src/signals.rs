//! What the system tells the process: to end, or to read its settings again. All else is named and
//! ignored: a signal that nobody meant for a node must not end it.

use rustix::process::Signal;
use tokio::{
    signal::unix::{self, SignalKind, signal},
    sync::{oneshot, watch},
};

/// Signals that would end the process and say nothing to a node. XFSZ among them: a file that may not grow
/// then is an error of the write, with a sentence.
const IGNORED: [(&str, Signal); 11] = [
    ("QUIT", Signal::QUIT),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("ALRM", Signal::ALARM),
    ("VTALRM", Signal::VTALARM),
    ("PROF", Signal::PROF),
    ("IO", Signal::IO),
    ("PWR", Signal::POWER),
    ("STKFLT", Signal::STKFLT),
    ("XCPU", Signal::XCPU),
    ("XFSZ", Signal::XFSZ),
];

/// What was told.
#[derive(Debug)]
pub struct Signals {
    /// Ends when the process is told to end (SIGTERM, SIGINT).
    pub stop: oneshot::Receiver<()>,
    /// Changes each time the settings are to be read again (SIGHUP).
    pub reread: watch::Receiver<u64>,
}

/// Listens from now on, on the current runtime.
#[must_use]
pub fn listen() -> Signals {
    let (end, stop) = oneshot::channel();
    let (again, reread) = watch::channel(0_u64);
    // Taken over here, not in the tasks: what comes before they turn is heard all the same.
    let ends = [SignalKind::terminate(), SignalKind::interrupt()].map(take);
    let again_on = take(SignalKind::hangup());
    for (name, number) in IGNORED {
        tokio::spawn(ignore(name, take(SignalKind::from_raw(number.as_raw()))));
    }
    tokio::spawn(async move {
        let [mut terminate, mut interrupt] = ends;
        tokio::select! {
            () = next(&mut terminate) => {}
            () = next(&mut interrupt) => {}
        }
        let _gone = end.send(());
    });
    tokio::spawn(async move {
        let mut hangup = again_on;
        loop {
            next(&mut hangup).await;
            again.send_modify(|times| *times = times.wrapping_add(1));
        }
    });
    Signals { stop, reread }
}

fn take(kind: SignalKind) -> Option<unix::Signal> {
    signal(kind)
        .inspect_err(|error| tracing::warn!(event = "signal-not-taken", ?kind, %error))
        .ok()
}

/// Names a signal in the log; XFSZ once: the log may itself be the file that cannot grow.
async fn ignore(name: &'static str, mut signal: Option<unix::Signal>) {
    let mut is_named = false;
    loop {
        next(&mut signal).await;
        if std::mem::replace(&mut is_named, true) && name == "XFSZ" {
            continue;
        }
        tracing::info!(
            event = "signal-ignored",
            name,
            "SIGTERM ends the node, SIGHUP lets it read its settings again"
        );
    }
}

/// Ends when the signal comes; never if the system does not give it.
async fn next(signal: &mut Option<unix::Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if came.is_none() {
        std::future::pending::<()>().await;
    }
}
