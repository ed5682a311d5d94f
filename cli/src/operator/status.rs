//! `muhr network status`: how a node sees its network, and who is missing.

use serde_json::Value;

use crate::{
    arguments::StatusArguments,
    client::Client,
    exit::{DONE, Failure, UNEXPECTED},
    output::Output,
};

pub(crate) fn run(arguments: &StatusArguments, output: &Output) -> Result<u8, Failure> {
    let status = Client::new(&arguments.node)?.status()?;
    let mut data = serde_json::to_value(&status)
        .map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
    if let Some(object) = data.as_object_mut() {
        object.insert("schema".to_owned(), Value::from("muhr/status/1"));
    }
    output.data(&data);
    let who = status.agency.as_deref().unwrap_or("an observer");
    output.text(&format!(
        "{} as {who} sees it  (muhr-node {})",
        status.origin, status.version
    ));
    output.text(&format!(
        "  block {}  log size {}  published {}  waiting {}  round {} {}",
        status.height, status.size, status.published, status.waiting, status.round, status.step
    ));
    for peer in &status.peers {
        let mark = if peer.connected { "✔" } else { "✘" };
        output.text(&format!(
            "  {mark} {:<16} block {:<8} cosigned {:<10} {}",
            peer.name,
            peer.height,
            peer.cosigned,
            if peer.connected { "" } else { "not reached" }
        ));
    }
    let (reached, quorum) = (status.reached, status.quorum);
    if reached < quorum {
        output.text(&format!(
            "  ▲ stopped safely: {reached} validators reached, {quorum} are needed; missing: {}",
            status.missing.join(", ")
        ));
    } else {
        output.text(&format!(
            "  {reached} validators reached; {} more may be lost before the network stops",
            reached - quorum
        ));
    }
    if let Some(reason) = &status.not_voting {
        output.text(&format!("  ▲ this node does not vote: {reason}"));
    }
    Ok(DONE)
}
