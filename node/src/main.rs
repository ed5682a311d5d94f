//! `muhr-node`: runs the node of a folder that `muhr network create` made, or that it has made ready itself after
//! agencies have founded a network.
//!
//! Ends with 0 when told to, 1 for this machine's trouble or a bug, 2 for words it does not know, 3 for
//! settings that do not hold. Where nobody reads the log, this code is all that is said.
#![deny(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "they panic when nobody reads; the log does not"
)]

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use node::{
    descriptors,
    fault::NodeFault,
    install::{Install, InstallFault},
    logging::{Levels, LogWriter},
    run::{Ended, run},
    shared::describe,
    signals,
    threads::half_the_cores,
    witness,
};
use rustix::{fs::Mode, process::umask};

/// A node of a Muhr network.
#[derive(Debug, Parser)]
#[command(name = "muhr-node", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the node of a folder until it is told to stop (SIGTERM or Ctrl-C).
    Run {
        /// The folder, with node.toml, genesis and keys.
        #[arg(long)]
        dir: PathBuf,
        /// Declares lost for good what is missing of the safety record and the cosign state: the node
        /// then signs nothing until a block holds its return mark
        #[arg(long)]
        sign_state_lost: bool,
    },
    /// Makes a node's folder ready after its agencies have founded a network: its keys are in it already.
    Install {
        /// The genesis.
        genesis: PathBuf,
        /// The acceptances of all agencies.
        #[arg(required = true)]
        acceptances: Vec<PathBuf>,
        /// The folder, with the keys that `muhr network contribute` made.
        #[arg(long)]
        dir: PathBuf,
        /// Address to listen on for peers; if not said, everywhere, at the port that the agency has named
        #[arg(long)]
        p2p: Option<SocketAddr>,
        /// Address to listen on for clients; 127.0.0.1:7481 if not said
        #[arg(long)]
        http: Option<SocketAddr>,
    },
    /// Cosigns checkpoints of one log for outsiders, and never two that contradict (C2SP tlog-witness).
    Witness {
        /// The folder, with witness.key; the cosign state is kept there.
        #[arg(long)]
        dir: PathBuf,
        /// The trust file of the network.
        #[arg(long)]
        trust: PathBuf,
        /// Address to listen on.
        #[arg(long)]
        http: SocketAddr,
    },
}

/// What others may not do with any file of a node, and its group not change: register, record, ledger.
const FOR_OTHERS: u32 = 0o027;
/// The exit code for settings, keys and files of an operator that do not hold.
const CONFIGURATION: u8 = 3;
/// What still runs when the node has ended has this long to end as well.
const END_WITHIN: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let command = match Arguments::try_parse() {
        Ok(arguments) => arguments.command,
        Err(said) => return told(&said),
    };
    let Ok(log) = LogWriter::start(std::io::stderr()) else {
        return ExitCode::FAILURE;
    };
    log.take_panics();
    let ours = Mode::from_raw_mode(FOR_OTHERS);
    // Whatever the process was started with: the stricter of both.
    let before = umask(ours);
    umask(before | ours);
    let code = with_log(command, &log);
    log.flush();
    code
}

/// Says what clap has to say: help that was asked for, or what is wrong with the words. Help that nobody
/// could be given is trouble of this machine.
fn told(said: &clap::Error) -> ExitCode {
    let is_written = said.print().is_ok() && std::io::stdout().flush().is_ok();
    match said.exit_code() {
        0 if !is_written => ExitCode::FAILURE,
        code => ExitCode::from(u8::try_from(code).unwrap_or(2)),
    }
}

fn with_log(command: Command, log: &LogWriter) -> ExitCode {
    if let Err(few) = descriptors::enough_to_begin() {
        log.end_with(&format!("muhr-node: {few}"));
        return ExitCode::FAILURE;
    }
    // Half the cores turn the wire; driver, serving and the checking of entries have threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(half_the_cores())
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run_until_told(command, log));
            // The system may still be looking up a name; nobody waits for that.
            runtime.shutdown_timeout(END_WITHIN);
            code
        }
        Err(error) => {
            log.end_with(&format!("muhr-node: cannot start threads: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run_until_told(command: Command, log: &LogWriter) -> ExitCode {
    let said = std::env::var("MUHR_LOG").ok();
    // Set and empty is how many a script says "not set".
    let said = said.filter(|said| !said.is_empty());
    let levels = match Levels::begin(log, said.as_deref()) {
        Ok(levels) => levels,
        Err(bad) => {
            log.end_with(&format!("muhr-node: MUHR_LOG: {bad}"));
            return ExitCode::from(CONFIGURATION);
        }
    };
    let told = signals::listen();
    let ended = match command {
        Command::Run {
            dir,
            sign_state_lost,
        } => run(&dir, sign_state_lost, told, levels).await,
        Command::Install {
            genesis,
            acceptances,
            dir,
            p2p,
            http,
        } => {
            let install = Install {
                genesis,
                acceptances,
                dir,
                p2p,
                http,
            };
            return install_with(&install, log);
        }
        Command::Witness { dir, trust, http } => witness::run(&dir, &trust, http, told.stop)
            .await
            .map_err(|fault| NodeFault::from(fault).into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            log.end_with(&format!("muhr-node: {}", describe(&ended)));
            ExitCode::from(match ended {
                Ended::Config(_)
                | Ended::SignState(_)
                | Ended::Fault(NodeFault::NotAccepted(_)) => CONFIGURATION,
                Ended::Fault(_) => 1,
            })
        }
    }
}

/// Makes a folder ready, and says in the log what was done.
fn install_with(install: &Install, log: &LogWriter) -> ExitCode {
    match install.run() {
        Ok(done) => {
            tracing::info!(event = "installed", agency = %done.agency, words = done.words, "run: muhr-node run --dir {}", install.dir.display());
            ExitCode::SUCCESS
        }
        Err(fault) => {
            log.end_with(&format!("muhr-node: {}", describe(&fault)));
            ExitCode::from(match fault {
                InstallFault::Unwritable { .. } => 1,
                _ => CONFIGURATION,
            })
        }
    }
}
