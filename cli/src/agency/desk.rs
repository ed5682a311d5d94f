//! From what an agency decides to the proof that it stands in the log: show, ask, sign, send, verify.
//!
//! The admin key may stay on a machine without a network: there the act is signed into a file, and
//! `muhr act send` hands it in from another.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use api::EntryState;
use protocol::{
    act::{ACT_BYTES_MAX, Act, ActStatement, Decision},
    authentic::Said,
    height::Height,
    key::SecretKey,
    keyfile::KeyFile,
    name::{AgencyName, Origin},
    policy::TrustPolicy,
};
use serde_json::json;
use verify::Verdict;

use crate::{
    arguments::{ActSendArguments, Bureau},
    clerk::LIFETIME,
    client::{Client, of_problem},
    exit::{CONFIGURATION, DONE, Failure, USAGE},
    files,
    keys::{self, Place},
    output::Output,
    terminal,
};

/// Signs a decision with the agency's admin key, and hands it in or writes it to a file.
pub(super) fn decide(
    bureau: &Bureau,
    decision: Decision,
    sentences: &[String],
    output: &Output,
) -> Result<u8, Failure> {
    let trust = files::trust(&bureau.trust)?;
    let origin = origin(&trust, &bureau.trust)?;
    let (agency, secret) = admin(&bureau.key_options.place(bureau.key.as_deref())?, output)?;
    let client = bureau.node.as_deref().map(Client::new).transpose()?;
    let expires = match (bureau.expires, &client) {
        (Some(height), _) => Height::new(height),
        (None, Some(client)) => {
            let network = client.network()?;
            let lifetime = LIFETIME.min(network.lifetime_heights);
            Height::new(network.height.saturating_add(lifetime))
        }
        (None, None) => {
            return Err(Failure::new(
                USAGE,
                "without a node, say until which height the act may be decided",
            )
            .help("add --expires HEIGHT; muhr network status tells the present one"));
        }
    };
    output.note(&format!("{agency} decides for {origin}:"));
    for sentence in sentences {
        output.note(&format!("  {sentence}"));
    }
    output.note(&format!("  if it is in the log by height {expires}"));
    match (&bureau.out, &bureau.node) {
        (Some(path), _) => output.note(&format!("  signed into {}", path.display())),
        (None, node) => {
            let node = node.as_deref().unwrap_or_default();
            output.note(&format!(
                "  handed to {node}; it stands in the log for good"
            ));
        }
    }
    confirm(bureau.yes, output)?;
    let statement = ActStatement {
        decision,
        author: agency,
        expires,
    };
    let act = statement.sign(&origin, &secret);
    match (&bureau.out, client) {
        (Some(path), _) => {
            files::write(path, act.write().as_bytes())?;
            let id = id(&act, &origin, &secret)?;
            output.data(&json!({
                "schema": "muhr/act/1", "state": "signed", "id": id, "file": path.display().to_string(),
                "index": null, "size": null, "cosigners": [],
            }));
            output.text(&format!("✔ signed  {}", path.display()));
            output.text("  hand it in with: muhr act send FILE --node URL");
            Ok(DONE)
        }
        (None, Some(client)) => {
            let until = Instant::now() + Duration::from_secs(bureau.timeout);
            hand_in(&client, &trust, &act, until, output)
        }
        (None, None) => Err(Failure::new(
            USAGE,
            "say with --node to whom the act goes, or with --out into which file",
        )),
    }
}

/// `muhr act send`.
pub(crate) fn send(arguments: &ActSendArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let bytes = files::read(&arguments.file, ACT_BYTES_MAX)?;
    let act = Act::parse(&bytes).map_err(|error| {
        let what = format!("{}: not an act: {error}", arguments.file.display());
        Failure::new(USAGE, what).help("give the file that --out wrote")
    })?;
    let client = Client::new(&arguments.node)?;
    let until = Instant::now() + Duration::from_secs(arguments.timeout);
    hand_in(&client, &trust, &act, until, output)
}

fn hand_in(
    client: &Client,
    trust: &TrustPolicy,
    act: &Act,
    until: Instant,
    output: &Output,
) -> Result<u8, Failure> {
    let text = act.write();
    let answer = client.submit(&text, until)?;
    if let (EntryState::Refused, Some(problem)) = (answer.state, &answer.problem) {
        return Err(of_problem(problem));
    }
    let id = answer.id.unwrap_or_default();
    let proof = client.receipt(&id, until)?.ok_or_else(|| {
        Failure::verdict(
            Verdict::Pending,
            "the act was accepted and is not final yet",
        )
        .help("run the same command again; the same act twice does no harm")
    })?;
    let (trusted, proof) =
        verify::leaf::judge(trust, text.as_bytes(), &proof).map_err(|error| {
            Failure::verdict(error.verdict(), format!("the node's proof: {error}"))
                .help("ask another agency's node, and tell the auditors")
        })?;
    let cosigners: Vec<&str> = trusted
        .cosigners()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let size = trusted.checkpoint().size;
    output.data(&json!({
        "schema": "muhr/act/1", "state": "final", "id": id, "file": null,
        "index": proof.index.get(), "size": size.get(), "cosigners": cosigners,
    }));
    output.text(&format!("✔ in the log, leaf {} of {size}", proof.index));
    output.text(&format!("  cosigned by {}", cosigners.join(", ")));
    output.text("  it holds from the next block on");
    Ok(DONE)
}

/// Whoever signs sees in words what it is, and agrees.
fn confirm(yes: bool, output: &Output) -> Result<(), Failure> {
    let asks = !yes && terminal::answers(output);
    if asks && !terminal::agrees(terminal::SIGN, output) {
        return Err(Failure::new(USAGE, "not confirmed; nothing was signed"));
    }
    Ok(())
}

fn admin(place: &Place<'_>, output: &Output) -> Result<(AgencyName, SecretKey), Failure> {
    let KeyFile {
        purpose,
        holder,
        secret,
    } = keys::read(place, output)?.file;
    let agency = AgencyName::parse(&holder).filter(|_| purpose == "admin");
    let agency = agency.ok_or_else(|| {
        let what = format!(
            "{}: a {purpose} key, not an agency's admin key",
            place.path.display()
        );
        Failure::new(CONFIGURATION, what)
    })?;
    Ok((agency, secret))
}

fn origin(trust: &TrustPolicy, path: &Path) -> Result<Origin, Failure> {
    Origin::parse(trust.origin()).ok_or_else(|| {
        let what = format!("{}: not for a network of Muhr", path.display());
        Failure::new(CONFIGURATION, what)
    })
}

fn id(act: &Act, origin: &Origin, secret: &SecretKey) -> Result<String, Failure> {
    Said::from(act.clone())
        .authenticate(origin, &secret.public())
        .map(|act| act.id().to_hex())
        .map_err(|error| Failure::new(CONFIGURATION, error.to_string()))
}
