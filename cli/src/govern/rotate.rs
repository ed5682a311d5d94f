//! `muhr key rotate`: new keys for an agency, and the request by which they get into a change of the network.
//!
//! Keys may be made on several machines: whoever makes the next goes on from the request before. The keys in force
//! stay where they are, for they count until the change is made.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use client::{
    durable, formats,
    governing::{self, RequestWishes},
    http::Client,
};
use messages::UserMessage;
use protocol::{
    agency::ProvenAgency,
    drafting::{AgencyRequest, RequestStatement},
    height::TimeMs,
    key::SecretKey,
    keyfile::KeyFile,
    name::AgencyName,
    policy::TrustPolicy,
};
use views::govern::request::{NewKey, RequestView};

use super::open;
use crate::{
    agency::admin,
    arguments::trimmed,
    clerk,
    exit::{DONE, Failure, USAGE},
    keys::{self, KeySource},
    nodes,
    output::Output,
    trust_file,
};

/// Purposes of the keys that an agency has.
const PURPOSES: [&str; 5] = ["peer", "vote", "cosign", "admin", "recovery"];

/// `muhr key rotate`.
#[derive(Debug, Args)]
pub struct KeyRotateArguments {
    /// The agency
    #[arg(long, value_name = "NAME")]
    pub agency: String,
    /// Which keys are new, joined by commas: peer, vote, cosign, admin, recovery; all of an agency that comes
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "PURPOSES")]
    pub purpose: Vec<String>,
    /// The folder of the new key files; those in force stay
    #[arg(long, value_name = "DIR")]
    pub keys: PathBuf,
    /// Another address of the agency's node
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Name of the new cosigning key; after the year if not said
    #[arg(long, value_name = "NAME")]
    pub cosigner: Option<String>,
    /// Goes on from a request made before, on another machine
    #[arg(long, value_name = "REQUEST")]
    pub request: Option<PathBuf>,
    /// The agency's admin key file in force, which signs the request; muhr govern sign does that elsewhere
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// File with the passphrase of that key, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// File with the passphrase of new admin and recovery keys; else it is asked for twice on the terminal
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
    /// New admin and recovery keys without a passphrase
    #[arg(long)]
    pub plain: bool,
    /// Address of a node, which tells the lines in force, if there is no request before
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: Option<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// The request to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

pub(crate) fn run(arguments: &KeyRotateArguments, output: &Output) -> Result<u8, Failure> {
    durable::must_be_new(&arguments.out)?;
    let agency = clerk::agency(&arguments.agency)?;
    must_be_purposes(arguments)?;
    let client = arguments.node.as_deref().map(nodes::connect_to);
    let client = client.transpose()?;
    let trust = match &client {
        Some(client) => trust_file::of_nodes(&arguments.trust, client, output)?,
        None => formats::trust(&arguments.trust)?,
    };
    let network = formats::network(&trust, &arguments.trust)?;
    let before = before(arguments, &agency, &trust, client.as_ref())?;
    let made = arguments.purpose.iter().map(|purpose| {
        Ok(KeyFile {
            purpose: purpose.clone(),
            holder: agency.to_string(),
            secret: SecretKey::from_seed(&durable::random()?),
        })
    });
    let made = made.collect::<Result<Vec<_>, Failure>>()?;
    let wishes = RequestWishes {
        agency: agency.clone(),
        before,
        keys: &made,
        url: arguments.url.clone(),
        cosigner: arguments.cosigner.clone(),
    };
    let statement = governing::request(&network, wishes, now())?;
    let request = signed(arguments, statement, &made, output)?;
    // What could not be read again is not written.
    let text = request.write();
    AgencyRequest::parse(text.as_bytes()).map_err(|error| {
        let what = UserMessage::new("request-malformed")
            .text("path", arguments.out.display())
            .text("reason", error);
        Failure::new(USAGE, what).help(UserMessage::new("help-request-again"))
    })?;
    let files = write_keys(arguments, &made, output)?;
    durable::write_unless_there(&arguments.out, text.as_bytes())?;
    let agency = &request.statement.agency;
    output.view(&RequestView {
        agency: agency.name.to_string(),
        file: arguments.out.display().to_string(),
        url: agency.url.clone(),
        cosigner: agency.cosigner.clone(),
        keys: files,
        signed: request.signature.is_some(),
    });
    if request.signature.is_none() {
        let path = arguments.out.display();
        output.note(&UserMessage::new("note-request-unsigned").text("path", path));
    }
    Ok(DONE)
}

fn must_be_purposes(arguments: &KeyRotateArguments) -> Result<(), Failure> {
    let usage =
        |what: UserMessage| Err(Failure::new(USAGE, what).help(UserMessage::new("help-purposes")));
    if arguments.purpose.is_empty() && arguments.url.is_none() {
        return usage(UserMessage::new("purposes-none"));
    }
    let mut seen = Vec::new();
    for purpose in &arguments.purpose {
        if !PURPOSES.contains(&purpose.as_str()) || seen.contains(&purpose) {
            return usage(UserMessage::new("purpose-invalid").text("purpose", purpose));
        }
        seen.push(purpose);
    }
    Ok(())
}

/// The agency's lines so far: of a request made before, or those in force; none of an agency that is new.
fn before(
    arguments: &KeyRotateArguments,
    agency: &AgencyName,
    trust: &TrustPolicy,
    client: Option<&Client>,
) -> Result<Option<ProvenAgency>, Failure> {
    if let Some(path) = &arguments.request {
        let before = open::request(path)?.statement;
        if before.agency.name != *agency {
            let what = UserMessage::new("request-of-other-agency")
                .text("path", path.display())
                .text("found", &before.agency.name)
                .text("agency", agency);
            return Err(Failure::new(USAGE, what).help(UserMessage::new("help-request-file")));
        }
        if trust.network_id().as_ref() != Some(&before.network) {
            return Err(governing::DraftTrouble::OtherNetwork {
                agency: before.agency.name,
                origin: before.network.origin.to_string(),
            }
            .into());
        }
        return Ok(Some(before.agency));
    }
    let Some(client) = client else {
        return Err(
            Failure::new(USAGE, UserMessage::new("lines-in-force-unknown"))
                .help(UserMessage::new("help-node-or-request")),
        );
    };
    let in_force = governing::judge(&governing::fetch(client, trust)?, trust)?;
    Ok(in_force.agency(agency).cloned())
}

/// The request under an admin key: the one in force if it was given, or of an agency that is new the one just made.
fn signed(
    arguments: &KeyRotateArguments,
    statement: RequestStatement,
    made: &[KeyFile],
    output: &Output,
) -> Result<AgencyRequest, Failure> {
    if let Some(key) = &arguments.key {
        let source = KeySource {
            path: key,
            is_service: false,
            passphrase: arguments.passphrase_file.as_deref(),
        };
        let admin = admin::admin(&source, output)?;
        let request = AgencyRequest {
            statement,
            signature: None,
        };
        return Ok(governing::sign_request(request, &admin)?);
    }
    let is_whole = PURPOSES
        .iter()
        .all(|purpose| made.iter().any(|key| key.purpose == *purpose));
    let own = made.iter().find(|key| key.purpose == "admin");
    Ok(match own.filter(|_| is_whole) {
        Some(own) => statement.sign(&own.secret),
        None => AgencyRequest {
            statement,
            signature: None,
        },
    })
}

/// Writes the new keys beside those in force.
fn write_keys(
    arguments: &KeyRotateArguments,
    made: &[KeyFile],
    output: &Output,
) -> Result<Vec<NewKey>, Failure> {
    let mut files = Vec::new();
    for key in made {
        let path = free(&arguments.keys, &key.purpose);
        if keys::is_person_s(&key.purpose) && !arguments.plain {
            let passphrase = arguments.new_passphrase_file.as_deref();
            keys::write(&path, key, passphrase, output)?;
        } else {
            client::keys::write_plain(&path, key)?;
        }
        files.push(NewKey {
            purpose: key.purpose.clone(),
            file: path.display().to_string(),
            public: key.secret.public().to_string(),
        });
    }
    Ok(files)
}

/// The first place of a key of this purpose where nothing is: `vote.key`, `vote-2.key`, and so on.
fn free(folder: &Path, purpose: &str) -> PathBuf {
    let numbered = (2_u32..).map(|number| folder.join(format!("{purpose}-{number}.key")));
    let mut places = std::iter::once(folder.join(format!("{purpose}.key"))).chain(numbered);
    let found = places.find(|place| !place.exists());
    found.unwrap_or_else(|| folder.join(format!("{purpose}.key")))
}

fn now() -> TimeMs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    TimeMs::new(now)
}
