//! `muhr-node`: runs the node of a folder that `muhr network create` made.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use node::{
    run::{Ended, run},
    witness,
};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

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
    },
    /// Cosigns checkpoints of one log for outsiders, and never two that contradict (C2SP tlog-witness).
    Witness {
        /// The folder, with witness.key; the register is kept there.
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

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // Half the cores turn the wire and HTTP; the driver and the checking of entries take the rest.
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(run_until_told(command)),
        Err(error) => {
            eprintln!("muhr-node: cannot start threads: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_until_told(command: Command) -> ExitCode {
    let filter = EnvFilter::try_from_env("MUHR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let (told, stop) = oneshot::channel();
    tokio::spawn(async move {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        let terminated = async {
            match &mut terminate {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated => {}
        }
        let _gone = told.send(());
    });
    let ended = match command {
        Command::Run { dir } => run(&dir, stop).await,
        Command::Witness { dir, trust, http } => witness::run(&dir, &trust, http, stop)
            .await
            .map_err(Ended::Fault),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            eprintln!("muhr-node: {ended}");
            ExitCode::from(if matches!(ended, Ended::Config(_)) {
                3
            } else {
                1
            })
        }
    }
}
