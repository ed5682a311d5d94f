//! `muhr network plan`, `contribute`, `assemble`, `review` and `accept`: what agencies that found a network are
//! shown, step by step, and what to do next.

use protocol::{genesis::Genesis, state::RegistryState};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    CommandView, Line, agency::clerks::ListedClerk, line::texts, operator::key::PublicKeyOf,
    shown::ShownTime,
};

/// A plan that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlanView {
    /// Its file.
    pub file: String,
    /// Name of the network.
    pub origin: String,
    /// When it was made; the genesis will have this time.
    pub time: ShownTime,
    /// Last moment at which something is made of it.
    pub until: ShownTime,
    /// The agencies.
    pub agencies: Vec<String>,
    /// Agencies that hold the publisher's key; the first makes it.
    pub publishers: Vec<String>,
    /// How many agencies must agree.
    pub quorum: usize,
    /// How many recovery keys must sign after a disaster.
    pub recovery_threshold: u64,
    /// Its hash, 64 hexadecimal digits.
    pub sha256: String,
}

impl CommandView for PlanView {
    const SCHEMA: &'static str = "muhr/network-plan/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            file,
            origin,
            agencies,
            publishers,
            quorum,
            recovery_threshold,
            ..
        } = self;
        texts([
            format!(
                "✔ plan of {origin} in {file}: {} agencies, {quorum} of which must agree; {recovery_threshold} recovery keys after a disaster",
                agencies.len()
            ),
            format!("  agencies {}", agencies.join(", ")),
            format!(
                "  the publisher's key: {} makes it{}",
                publishers.first().map_or("", String::as_str),
                others(publishers)
            ),
            format!("  nothing is made of it after {}", self.until.local()),
            format!("  next, each agency: muhr network contribute {file} --agency NAME ..."),
        ])
    }
}

fn others(publishers: &[String]) -> String {
    match publishers.get(1..) {
        Some(rest) if !rest.is_empty() => format!(" and hands it to {}", rest.join(", ")),
        _ => String::new(),
    }
}

/// A contribution that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ContributionView {
    /// Its file, which is given to the others.
    pub file: String,
    /// The agency.
    pub agency: String,
    /// Name of the network.
    pub origin: String,
    /// Folder of the node, whose keys stay in it.
    pub dir: String,
    /// Folder of the keys that people keep.
    pub offline: String,
    /// File of the publisher's key for the others that publish, if this agency made it.
    pub publisher: Option<String>,
}

impl CommandView for ContributionView {
    const SCHEMA: &'static str = "muhr/network-contribution/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            file,
            agency,
            origin,
            dir,
            offline,
            publisher,
        } = self;
        let mut lines = vec![
            format!(
                "✔ contribution of {agency} to {origin} in {file}: give it to the others, and keep a copy"
            ),
            format!("  stays here: {dir}/keys, the node's own keys"),
            format!("  stays offline: {offline}, the admin and the recovery key"),
        ];
        lines.extend(publisher.as_ref().map(|file| {
            format!("  for the others that publish: {file}, and its passphrase by another way")
        }));
        texts(lines)
    }
}

/// A genesis that was made of a plan and contributions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AssemblyView {
    /// Its file.
    pub file: String,
    /// File of the first trust file.
    pub trust: String,
    /// Name of the network.
    pub origin: String,
    /// Identity of the network, 64 hexadecimal digits.
    pub genesis: String,
    /// The words of its trust file.
    pub words: String,
}

impl CommandView for AssemblyView {
    const SCHEMA: &'static str = "muhr/network-assembly/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            file,
            trust,
            origin,
            genesis,
            words,
        } = self;
        texts([
            format!("✔ genesis of {origin} in {file}, its trust file in {trust}"),
            format!("  genesis {genesis}"),
            format!("  its words: {words}"),
            format!("  next, each agency: muhr network review {file} --mine ITS.contribution"),
        ])
    }
}

/// An agency of a genesis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FoundingAgency {
    /// Its name.
    pub name: String,
    /// Address of its node.
    pub url: String,
    /// Name of its cosigning key in notes.
    pub cosigner: String,
    /// Its keys.
    pub keys: Vec<PublicKeyOf>,
    /// Its registries.
    pub registries: Vec<FoundingRegistry>,
    /// Its clerks.
    pub clerks: Vec<ListedClerk>,
}

/// A registry of a genesis.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FoundingRegistry {
    /// Its name.
    pub name: String,
    /// Whether its numbers are in capitals.
    pub capitals: bool,
    /// What it asks of other agencies, as its value says; none for nothing.
    pub policy: Option<String>,
}

impl From<&RegistryState> for FoundingRegistry {
    fn from(registry: &RegistryState) -> Self {
        Self {
            name: registry.name.to_string(),
            capitals: registry.case_rule == protocol::record::CaseRule::Capitals,
            policy: registry.policy.as_ref().map(|policy| policy.write()),
        }
    }
}

/// A genesis as an agency reads it before it accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReviewView {
    /// Its file.
    pub file: String,
    /// Name of the network.
    pub origin: String,
    /// Identity of the network, 64 hexadecimal digits.
    pub genesis: String,
    /// Its time.
    pub time: ShownTime,
    /// How many agencies must agree.
    pub quorum: usize,
    /// How many recovery keys must sign after a disaster.
    pub recovery_threshold: u64,
    /// Most bytes of an entry, entries and bytes of a block, and heights that an entry lives.
    pub limits: [u64; 4],
    /// The publisher's key in base64.
    pub publisher: String,
    /// All agencies.
    pub agencies: Vec<FoundingAgency>,
    /// The agency whose lines were compared, and stand as it contributed them.
    pub own: String,
    /// Whether name, time, limits, threshold and agencies were compared with a plan, and are its.
    pub as_planned: bool,
    /// The words of its trust file.
    pub words: String,
}

/// What a review compared.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The agency whose lines stand as it contributed them.
    pub own: &'a str,
    /// Whether all else is as the plan says.
    pub as_planned: bool,
}

impl ReviewView {
    /// What is shown of a genesis.
    #[must_use]
    pub fn of(file: String, genesis: &Genesis, compared: Compared<'_>, words: String) -> Self {
        let limits = &genesis.limits;
        Self {
            file,
            origin: genesis.origin.to_string(),
            genesis: genesis.chain().to_hex(),
            time: genesis.time.into(),
            quorum: genesis.quorum(),
            recovery_threshold: genesis.recovery_threshold,
            limits: [
                limits.entry_bytes,
                limits.block_entries,
                limits.block_bytes,
                limits.lifetime_heights,
            ],
            publisher: genesis.publisher.key.to_string(),
            agencies: agencies(genesis),
            own: compared.own.to_owned(),
            as_planned: compared.as_planned,
            words,
        }
    }
}

fn agencies(genesis: &Genesis) -> Vec<FoundingAgency> {
    let agency = |agency: &protocol::agency::ProvenAgency| {
        let registries = genesis.registries.iter();
        let clerks = genesis.clerks.iter().map(|(clerk, _)| clerk);
        FoundingAgency {
            name: agency.name.to_string(),
            url: agency.url.clone(),
            cosigner: agency.cosigner.clone(),
            keys: agency
                .keys()
                .iter()
                .map(|(purpose, proven)| PublicKeyOf {
                    purpose,
                    public: proven.key.to_string(),
                })
                .collect(),
            registries: registries
                .filter(|registry| registry.owner == agency.name)
                .map(FoundingRegistry::from)
                .collect(),
            clerks: clerks
                .filter(|clerk| clerk.name.agency() == agency.name)
                .map(ListedClerk::from)
                .collect(),
        }
    };
    genesis.agencies.iter().map(agency).collect()
}

impl CommandView for ReviewView {
    const SCHEMA: &'static str = "muhr/network-review/1";

    fn lines(&self) -> Vec<Line> {
        let count = self.agencies.len();
        let [entry_bytes, block_entries, block_bytes, lifetime] = self.limits;
        let mut lines = vec![
            format!("network {}, begun {}", self.origin, self.time.local()),
            format!("  genesis {}", self.genesis),
            format!(
                "  {count} agencies: {} must agree, {} may be away; {} recovery keys after a disaster",
                self.quorum,
                count - self.quorum,
                self.recovery_threshold
            ),
            format!(
                "  an entry has at most {entry_bytes} bytes and {lifetime} heights, a block {block_entries} entries and {block_bytes} bytes"
            ),
            format!("  publisher {}", self.publisher),
        ];
        for agency in &self.agencies {
            lines.push(format!("{}  {}", agency.name, agency.url));
            lines.push(format!("  cosigns as {}", agency.cosigner));
            let keys = agency.keys.iter();
            lines.extend(keys.map(|key| format!("  {:<8} {}", key.purpose, key.public)));
            lines.extend(agency.registries.iter().map(FoundingRegistry::words));
            lines.extend(agency.clerks.iter().map(|clerk| {
                format!(
                    "  clerk {}  {}  {}  {}",
                    clerk.clerk,
                    clerk.public,
                    clerk.registries.join(","),
                    clerk.operations.join(",")
                )
            }));
        }
        lines.push(format!(
            "✔ the lines of {} stand as they were contributed",
            self.own
        ));
        if self.as_planned {
            lines.push(
                "✔ name, time, limits, threshold and agencies are those of the plan".to_owned(),
            );
        }
        lines.push(format!("  its words: {}", self.words));
        lines.push("  read them to two other agencies by telephone, and hear theirs".to_owned());
        texts(lines)
    }
}

impl FoundingRegistry {
    fn words(&self) -> String {
        let capitals = if self.capitals { ", in capitals" } else { "" };
        let policy = self.policy.as_ref();
        let policy = policy.map_or_else(String::new, |policy| format!(", policy {policy}"));
        format!("  registry {}{capitals}{policy}", self.name)
    }
}

/// An acceptance that was signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AcceptanceView {
    /// Its file, which is given to the others.
    pub file: String,
    /// The agency.
    pub agency: String,
    /// Name of the network.
    pub origin: String,
    /// Identity of the network, 64 hexadecimal digits.
    pub genesis: String,
}

impl CommandView for AcceptanceView {
    const SCHEMA: &'static str = "muhr/network-acceptance/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            file,
            agency,
            origin,
            ..
        } = self;
        texts([
            format!("✔ {agency} accepts the genesis of {origin}: {file}, for all the others"),
            "  next, once all acceptances are here: muhr-node install GENESIS *.acceptance --dir DIR"
                .to_owned(),
        ])
    }
}
