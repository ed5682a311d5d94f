//! From what an agency decides to the proof that it stands in the log: show, ask, sign, send, verify.
//!
//! The admin key may stay on a machine without a network: there the act is signed into a file, and
//! `muhr act send` hands it in from another.

use std::path::PathBuf;

use std::time::{Duration, Instant};

use api::Problem;
use clap::Args;
use client::{
    durable, formats,
    http::{Client, EntryEvidence},
    proven, submit,
};
use protocol::{
    act::{ACT_BYTES_MAX, Act, ActStatement, Decision},
    authentic::Submission,
    chain_id::NetworkId,
    height::Height,
    key::SecretKey,
    keyfile::KeyFile,
    name::AgencyName,
    policy::TrustPolicy,
};
use verify::Verdict;
use views::agency::act::{ActState, ActView};

use crate::{
    arguments::AdminOptions,
    exit::{CONFIGURATION, CONFLICT, DONE, ExitCode, Failure, UNEXPECTED, USAGE},
    keys::{self, KeySource},
    nodes,
    output::Output,
    terminal,
};

/// `muhr act send`.
#[derive(Debug, Args)]
pub struct ActSendArguments {
    /// The signed act
    pub file: PathBuf,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Seconds to wait for the proof
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Says what is about to be signed, until when it holds, and where it goes.
fn announce(options: &AdminOptions, sentences: &[String], expires: Height, output: &Output) {
    for sentence in sentences {
        output.note(&format!("  {sentence}"));
    }
    output.note(&format!("  if it is in the log by height {expires}"));
    match (&options.out, &options.node) {
        (Some(path), _) => output.note(&format!("  signed into {}", path.display())),
        (None, node) => {
            let node = node.as_deref().unwrap_or_default();
            output.note(&format!(
                "  handed to {node}; it stands in the log for good"
            ));
        }
    }
}

/// Signs a decision with the agency's admin key, and hands it in or writes it to a file.
pub(super) fn decide(
    options: &AdminOptions,
    decision: Decision,
    sentences: &[String],
    output: &Output,
) -> Result<u8, Failure> {
    // What is missing is said before anybody is asked for a passphrase, or to agree.
    if options.out.is_none() && options.node.is_none() {
        let what = "say with --node to whom the act goes, or with --out into which file";
        let help = "a file without a node needs --expires HEIGHT too; muhr network status tells the present one";
        return Err(Failure::new(USAGE, what).help(help));
    }
    if let Some(out) = &options.out {
        durable::must_have_room(out)?;
    }
    let trust = formats::trust(&options.trust)?;
    let network = formats::network(&trust, &options.trust)?;
    let (agency, secret) = admin(&options.key_options.place(options.key.as_deref())?, output)?;
    let client = options.node.as_deref().map(nodes::connect_to).transpose()?;
    let expires = match (options.expires, &client) {
        (Some(height), _) => Height::new(height),
        (None, Some(client)) => {
            let told = client.network()?;
            submit::must_be_of(options.node.as_deref().unwrap_or_default(), &told, &network)?;
            proven::last_height(&proven::network(client, &trust)?)
        }
        (None, None) => {
            return Err(Failure::new(
                USAGE,
                "without a node, say until which height the act may be decided",
            )
            .help("add --expires HEIGHT; muhr network status tells the present one"));
        }
    };
    output.note(&format!("{agency} decides for {}:", network.origin));
    announce(options, sentences, expires, output);
    confirm(options.yes, output)?;
    let statement = ActStatement {
        decision,
        author: agency,
        expires,
    };
    let act = statement.sign(&network, &secret);
    match (&options.out, client) {
        (Some(path), _) => {
            durable::write(path, act.write().as_bytes())?;
            let id = id(&act, &network, &secret)?;
            output.view(&ActView::signed(id, path.display().to_string()));
            Ok(DONE)
        }
        (None, Some(client)) => {
            let until = Instant::now() + Duration::from_secs(options.timeout);
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
    let trust = formats::trust(&arguments.trust)?;
    let bytes = durable::read(&arguments.file, ACT_BYTES_MAX)?;
    let act = Act::parse(&bytes).map_err(|error| {
        let what = format!("{}: not an act: {error}", arguments.file.display());
        Failure::new(USAGE, what).help("give the file that --out wrote")
    })?;
    let client = nodes::connect_to(&arguments.node)?;
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
    // What it is called follows from its bytes: no node is asked for that.
    let id = Submission::id_of_parsed(text.as_bytes()).to_hex();
    let found = match client.submit(&text, until)? {
        Some(problem) => EntryEvidence::Never(problem),
        None => client.evidence(&id, until)?,
    };
    let proof = match found {
        EntryEvidence::Some(proof) => proof,
        EntryEvidence::Never(problem) => return Err(refused(client, trust, act, &problem)),
        EntryEvidence::NotYet => {
            let what = "the act is not final yet, as the node tells";
            return Err(Failure::verdict(Verdict::Pending, what)
                .help("run the same command again; the same act twice does no harm"));
        }
    };
    let (trusted, proof) =
        verify::leaf::judge(trust, text.as_bytes(), &proof).map_err(|error| {
            Failure::verdict(error.verdict(), format!("the node's proof: {error}"))
                .help("ask another agency's node, and tell the auditors")
        })?;
    let cosigners = trusted.cosigners().iter();
    output.view(&ActView {
        state: ActState::Final,
        id,
        file: None,
        index: Some(proof.index.get()),
        size: Some(trusted.checkpoint().size.get()),
        cosigners: cosigners.map(|(name, _)| name.clone()).collect(),
    });
    Ok(DONE)
}

/// A refusal is the node's word; that a name or number is taken, it must prove.
fn refused(client: &Client, trust: &TrustPolicy, act: &Act, problem: &Problem) -> Failure {
    let refused = Failure::of_problem(problem);
    let (code, proof) = match shows(client, trust, &act.statement.decision) {
        Ok(IndexState::Done) => (
            UNEXPECTED,
            ", and proves that what it decides holds already",
        ),
        Ok(IndexState::Other) => (refused.code, ""),
        _ if refused.code == CONFLICT => {
            (Verdict::CannotDecide.exit_code(), ", and does not prove it")
        }
        _ => (refused.code, ""),
    };
    let what = format!("the node refuses it{proof}: {}", refused.what);
    Failure::new(code, what).help(
        "as the node tells; the act that was signed can still be handed in until its last height, also by that node",
    )
}

/// What the index shows of what an act decides.
enum IndexState {
    /// What it decides.
    Done,
    /// Something else, which is in its way.
    Other,
    /// Nothing that speaks against it.
    Open,
}

fn shows(client: &Client, trust: &TrustPolicy, decision: &Decision) -> Result<IndexState, Failure> {
    Ok(match decision {
        Decision::AddClerk(clerk) => match proven::clerk(client, trust, &clerk.name)?.state {
            Some(state) if state == **clerk => IndexState::Done,
            Some(_) => IndexState::Other,
            None => IndexState::Open,
        },
        Decision::RevokeClerk { clerk, .. } => {
            let state = proven::clerk(client, trust, clerk)?.state;
            let is_revoked = state.is_some_and(|state| state.revoked.is_some());
            if is_revoked {
                IndexState::Done
            } else {
                IndexState::Open
            }
        }
        Decision::SetPolicy { registry, policy } => {
            let state = proven::registry(client, trust, registry)?.state;
            let held = state.and_then(|state| state.policy);
            let next = held
                .as_ref()
                .map_or(0, |held| held.version)
                .saturating_add(1);
            if held.as_ref() == Some(policy) {
                IndexState::Done
            } else if policy.version == next {
                IndexState::Open
            } else {
                IndexState::Other
            }
        }
    })
}

/// Whoever signs sees in words what it is, and agrees.
fn confirm(yes: bool, output: &Output) -> Result<(), Failure> {
    let asks = !yes && terminal::answers(output);
    if asks && !terminal::agrees(terminal::SIGN, output) {
        return Err(Failure::new(USAGE, "not confirmed; nothing was signed"));
    }
    Ok(())
}

fn admin(place: &KeySource<'_>, output: &Output) -> Result<(AgencyName, SecretKey), Failure> {
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

fn id(act: &Act, network: &NetworkId, secret: &SecretKey) -> Result<String, Failure> {
    Submission::from(act.clone())
        .authenticate(network, &secret.public())
        .map(|act| act.id().to_hex())
        .map_err(|error| Failure::new(CONFIGURATION, error.to_string()))
}
