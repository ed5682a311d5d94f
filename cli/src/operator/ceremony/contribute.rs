//! `muhr network contribute`: an agency makes its keys, and what of them the others need. Nothing secret is in that.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::Args;
use client::{
    durable,
    founding::{self, FolderKeys, FoundingError, OF_NODE, OF_PEOPLE},
    keys::write_plain,
};
use messages::UserMessage;
use protocol::{
    agency::{ProvenKey, is_node_url},
    ceremony::{ContributionStatement, FoundingPlan},
    key::Signature,
    keyfile::KeyFile,
    name::{AgencyName, RegistryName, is_peer_address},
    state::{ClerkState, RegistryState},
};
use views::operator::founding::ContributionView;

use super::{agency, misused, now};
use crate::{
    arguments::trimmed,
    exit::{DONE, Failure},
    keys,
    operator::bug,
    output::Output,
};

/// `muhr network contribute`.
#[derive(Debug, Args)]
pub struct ContributeArguments {
    /// The plan
    pub plan: PathBuf,
    /// The agency that contributes
    #[arg(long, value_name = "NAME")]
    pub agency: String,
    /// Address at which clients will find its node, as https://muhr.qurilish.example/
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// Address at which the other nodes will find it, as muhr.qurilish.example:7480
    #[arg(long, value_name = "HOST:PORT")]
    pub p2p: String,
    /// Its registries, joined by commas; each name begins with the agency's and a dot
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAMES")]
    pub registries: Vec<String>,
    /// Those of them that have their numbers in capitals: small letters mean the same; joined by commas
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAMES")]
    pub capitals: Vec<String>,
    /// Request of a clerk, from muhr key new --request; may be given several times
    #[arg(long, value_name = "FILE")]
    pub clerk: Vec<PathBuf>,
    /// Folder of the node, in which its keys are made and stay
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Folder for the admin and the recovery key, away from the node
    #[arg(long, value_name = "DIR")]
    pub offline: PathBuf,
    /// File with the passphrase of these two, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The contribution; AGENCY.contribution if not said
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The publisher's key for the others that publish, if the plan has this agency make it
    #[arg(long, default_value = "publisher.key", value_name = "FILE")]
    pub publisher_out: PathBuf,
    /// File with its passphrase, which the others will be told; else it is asked for on the terminal
    #[arg(long, value_name = "FILE")]
    pub publisher_passphrase_file: Option<PathBuf>,
}

/// Where a contribution's files go.
struct Places {
    contribution: PathBuf,
    keys: PathBuf,
}

impl Places {
    fn of_node(&self, purpose: &str) -> PathBuf {
        self.keys.join(format!("{purpose}.key"))
    }
}

fn of_people(arguments: &ContributeArguments, purpose: &str) -> PathBuf {
    arguments.offline.join(format!("{purpose}.key"))
}

pub(crate) fn run(arguments: &ContributeArguments, output: &Output) -> Result<u8, Failure> {
    let plan = founding::plan(&arguments.plan, now())?;
    let name = agency(&arguments.agency)?;
    if !plan.agencies.contains(&name) {
        let path = arguments.plan.clone();
        return Err(FoundingError::NotInPlan { path, agency: name }.into());
    }
    must_be_addresses(arguments)?;
    let registries = registries(arguments, &name)?;
    let clerks = clerks(arguments, &plan, &name, &registries)?;
    let places = Places {
        contribution: { arguments.out.clone() }
            .unwrap_or_else(|| PathBuf::from(format!("{name}.contribution"))),
        keys: arguments.dir.join("keys"),
    };
    let makes_publisher = plan.first_publisher() == Some(&name);
    must_be_free(arguments, &places, makes_publisher)?;
    let made = FolderKeys::generate(&name)?;
    let publisher = makes_publisher
        .then(|| founding::new_key("publisher", plan.origin.as_str()))
        .transpose()?;
    let agency = made.agency(&plan.origin, plan.time, &name, arguments.url.clone());
    let statement = ContributionStatement {
        plan: plan.hash(),
        publisher: publisher.as_ref().map(|key| {
            let origin = &plan.origin;
            ProvenKey::of(origin, origin.as_str(), "publisher", &key.secret)
        }),
        agency: agency.ok_or_else(bug)?,
        registries,
        clerks,
        p2p: arguments.p2p.clone(),
    };
    let admin = made.secret("admin").ok_or_else(bug)?;
    let contribution = founding::contribute(&plan, statement, admin, &places.contribution)?;
    keep(arguments, &places, &made, publisher.as_ref(), output)?;
    durable::write_unless_there(&places.contribution, contribution.write().as_bytes())?;
    output.view(&ContributionView {
        file: places.contribution.display().to_string(),
        agency: name.to_string(),
        origin: plan.origin.to_string(),
        dir: arguments.dir.display().to_string(),
        offline: arguments.offline.display().to_string(),
        publisher: publisher.map(|_| arguments.publisher_out.display().to_string()),
    });
    Ok(DONE)
}

fn must_be_addresses(arguments: &ContributeArguments) -> Result<(), Failure> {
    let (url, p2p) = (&arguments.url, &arguments.p2p);
    if !is_node_url(url) {
        let what = UserMessage::new("node-url-invalid").text("url", url);
        return Err(misused(what, UserMessage::new("help-node-url")));
    }
    if !is_peer_address(p2p) {
        let what = UserMessage::new("peer-address-invalid").text("address", p2p);
        return Err(misused(what, UserMessage::new("help-peer-address")));
    }
    Ok(())
}

/// The agency's registries, in the order of their names.
fn registries(
    arguments: &ContributeArguments,
    agency: &AgencyName,
) -> Result<Vec<RegistryState>, Failure> {
    let within = format!("{agency}.");
    let mut names = BTreeSet::new();
    for text in &arguments.registries {
        let name = RegistryName::parse(text).filter(|name| name.as_str().starts_with(&within));
        let invalid = || UserMessage::new("own-registry-invalid").text("registry", text);
        let help = || UserMessage::new("help-own-registry").text("agency", agency);
        let name = name.ok_or_else(|| misused(invalid(), help()))?;
        if !names.insert(name) {
            let what = UserMessage::new("registry-twice").text("registry", text);
            return Err(misused(what, help()));
        }
    }
    if let Some(unknown) =
        { arguments.capitals.iter() }.find(|text| !names.iter().any(|name| name.as_str() == *text))
    {
        let what = UserMessage::new("capitals-no-registry").text("registry", unknown);
        return Err(misused(what, UserMessage::new("help-capitals-registry")));
    }
    let state = |name: RegistryName| {
        let has_capitals = arguments.capitals.iter().any(|one| one == name.as_str());
        founding::registry(name, agency.clone(), has_capitals)
    };
    Ok(names.into_iter().map(state).collect())
}

/// The clerks who have asked, in the order of their names: each may do everything in the agency's registries.
fn clerks(
    arguments: &ContributeArguments,
    plan: &FoundingPlan,
    agency: &AgencyName,
    registries: &[RegistryState],
) -> Result<Vec<(ClerkState, Signature)>, Failure> {
    let names: BTreeSet<RegistryName> = registries.iter().map(|one| one.name.clone()).collect();
    let mut clerks: Vec<(ClerkState, Signature)> = Vec::new();
    for path in &arguments.clerk {
        let request = founding::request(path, plan)?;
        let is_other = request.clerk.agency() != *agency;
        let is_twice = clerks.iter().any(|(clerk, _)| clerk.name == request.clerk);
        if is_other || is_twice || names.is_empty() {
            let what = UserMessage::new("clerk-request-unfit")
                .text("path", path.display())
                .text("clerk", &request.clerk);
            let help = UserMessage::new("help-clerk-request").text("agency", agency);
            return Err(misused(what, help));
        }
        clerks.push(founding::clerk(request.clerk, request.key, names.clone()));
    }
    clerks.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    Ok(clerks)
}

/// Nothing is asked, and no key made, where a file could not be put.
fn must_be_free(
    arguments: &ContributeArguments,
    places: &Places,
    makes_publisher: bool,
) -> Result<(), Failure> {
    durable::must_be_new(&places.contribution)?;
    durable::private_folder(&places.keys)?;
    durable::make_folder(&arguments.offline)?;
    for purpose in OF_NODE {
        durable::must_be_new(&places.of_node(purpose))?;
    }
    for purpose in OF_PEOPLE {
        durable::must_be_new(&of_people(arguments, purpose))?;
    }
    if makes_publisher {
        durable::must_be_new(&places.of_node("publisher"))?;
        durable::must_be_new(&arguments.publisher_out)?;
    }
    Ok(())
}

/// Writes the keys: the node's plain into its folder, those of people under a passphrase.
fn keep(
    arguments: &ContributeArguments,
    places: &Places,
    made: &FolderKeys,
    publisher: Option<&KeyFile>,
    output: &Output,
) -> Result<(), Failure> {
    // Those that may be asked for first: whoever gives up leaves no half of a node.
    let passphrase = arguments.passphrase_file.as_deref();
    for key in made.files().iter().filter(|key| is_person_s(key)) {
        let path = of_people(arguments, &key.purpose);
        keys::write(&path, key, passphrase, output)?;
    }
    if let Some(key) = publisher {
        let passphrase = arguments.publisher_passphrase_file.as_deref();
        keys::write(&arguments.publisher_out, key, passphrase, output)?;
    }
    let of_node = made.files().iter().filter(|key| !is_person_s(key));
    for key in of_node.chain(publisher) {
        let path: &Path = &places.of_node(&key.purpose);
        write_plain(path, key)?;
    }
    Ok(())
}

fn is_person_s(key: &KeyFile) -> bool {
    OF_PEOPLE.contains(&key.purpose.as_str())
}
