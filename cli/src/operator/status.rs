//! `muhr network status`: how a node sees its network, and who is missing.

use api::{PeerView, Status};
use views::operator::status::{PeerStatus, StatusView};

use crate::{
    arguments::StatusArguments,
    exit::{DONE, Failure},
    nodes,
    output::Output,
};

pub(crate) fn run(arguments: &StatusArguments, output: &Output) -> Result<u8, Failure> {
    let status = nodes::connect_to(&arguments.node)?.status()?;
    output.view(&view(status));
    Ok(DONE)
}

/// The node's words, of which each is one that programs may rely on.
fn view(status: Status) -> StatusView {
    let Status {
        agency,
        role,
        version,
        origin,
        height,
        size,
        published,
        log_signed,
        round,
        step,
        waiting,
        quorum,
        reached,
        missing,
        peers,
        not_known_to,
        not_voting,
        clock_ms,
        warnings,
    } = status;
    StatusView {
        agency,
        role,
        version,
        origin,
        height,
        size,
        published,
        log_signed,
        round,
        step,
        waiting,
        quorum,
        reached,
        missing,
        peers: peers.into_iter().map(peer).collect(),
        not_known_to,
        not_voting,
        clock_ms,
        warnings,
    }
}

fn peer(peer: PeerView) -> PeerStatus {
    let PeerView {
        name,
        reached,
        heard_ms,
        reason,
        silent,
        clock_ms,
        height,
        cosigned,
    } = peer;
    PeerStatus {
        name,
        reached,
        heard_ms,
        reason,
        silent,
        clock_ms,
        height,
        cosigned,
    }
}
