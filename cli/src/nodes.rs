//! Which nodes are asked, and how: what the command line and the environment say of connections.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use client::{
    http::{Client, ConnectOptions},
    log::Log,
};

use messages::UserMessage;

use crate::exit::{Failure, USAGE, in_file};

/// Seconds that one request may take, unless the variable says another number.
const TIMEOUT_VARIABLE: &str = "MUHR_TIMEOUT";

/// The file of certificates that the command line or the environment names, for the whole of this process.
static CA: OnceLock<PathBuf> = OnceLock::new();

/// Says which file of certificates counts besides this machine's roots. The first word counts.
pub(crate) fn with_ca(path: PathBuf) {
    let _first = CA.set(path);
}

/// How nodes are connected to by this command.
pub(crate) fn options() -> Result<ConnectOptions, Failure> {
    let mut options = ConnectOptions {
        ca: CA.get().cloned(),
        ..ConnectOptions::default()
    };
    if let Ok(text) = std::env::var(TIMEOUT_VARIABLE) {
        let seconds = text.parse().ok();
        let seconds = seconds.filter(|seconds| (1..=3600).contains(seconds));
        options.timeout = seconds.map(Duration::from_secs).ok_or_else(|| {
            Failure::new(
                USAGE,
                UserMessage::new("timeout-invalid").text("timeout-variable", TIMEOUT_VARIABLE),
            )
        })?;
    }
    Ok(options)
}

/// A client of these nodes, the first of which is asked as long as it answers.
pub(crate) fn connect(nodes: &[String]) -> Result<Client, Failure> {
    Ok(Client::new(nodes, &options()?)?)
}

/// A client of one address, or of several joined by commas.
pub(crate) fn connect_to(nodes: &str) -> Result<Client, Failure> {
    let nodes = nodes.split(',').map(|node| node.trim().to_owned());
    connect(&nodes.collect::<Vec<_>>())
}

/// The log at an address, or in a folder.
pub(crate) fn log(place: &str) -> Result<Log, Failure> {
    let path = PathBuf::from(place);
    if path.is_dir() {
        if !path.join("checkpoint").exists() {
            let what = in_file(&path, UserMessage::new("folder-no-mirror"));
            return Err(Failure::new(USAGE, what).help(UserMessage::new("help-log-place")));
        }
        return Ok(Log::Folder(path));
    }
    if path.exists() {
        let what = in_file(&path, UserMessage::new("log-place-is-file"));
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-log-place-verify")));
    }
    if !place.contains("://") {
        let what = UserMessage::new("log-place-nothing").text("place", place);
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-log-place")));
    }
    connect_to(place).map(Log::Node)
}

/// The log in one place, or of several nodes of which one is asked.
pub(crate) fn log_of(places: &[String]) -> Result<Log, Failure> {
    match places {
        [place] => log(place),
        nodes => connect(nodes).map(Log::Node),
    }
}
