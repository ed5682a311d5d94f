//! `muhr network status`: how a node sees its network, and who is missing.

use api::{PeerView, Status};
use clap::Args;
use views::operator::status::{PeerStatus, StatusView};

use crate::{
    exit::{DONE, Failure},
    nodes,
    output::Output,
};

/// `muhr network status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}

pub(crate) fn run(arguments: &StatusArguments, output: &Output) -> Result<u8, Failure> {
    let status = nodes::connect_to(&arguments.node)?.status()?;
    output.view(&view(status));
    Ok(DONE)
}

/// The node's words, of which each is one that programs may rely on.
fn view(status: Status) -> StatusView {
    StatusView {
        agency: status.agency,
        role: status.role,
        version: status.version,
        origin: status.origin,
        height: status.height,
        size: status.size,
        published: status.published,
        log_signed: status.log_signed,
        round: status.round,
        step: status.step,
        waiting: status.waiting,
        quorum: status.quorum,
        reached: status.reached,
        missing: status.missing,
        peers: status.peers.into_iter().map(peer).collect(),
        not_known_to: status.not_known_to,
        not_voting: status.not_voting,
        clock_ms: status.clock_ms,
        warnings: status.warnings,
    }
}

fn peer(peer: PeerView) -> PeerStatus {
    PeerStatus {
        name: peer.name,
        reached: peer.reached,
        heard_ms: peer.heard_ms,
        reason: peer.reason,
        silent: peer.silent,
        clock_ms: peer.clock_ms,
        height: peer.height,
        cosigned: peer.cosigned,
    }
}
