//! What an agency can say: its clerks, the policies of its registries, and its word on others' records.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ClerkOptions, KeyOptions, keys::signer};

/// Who decides, and by which way it goes into the log.
#[derive(Clone, Debug, Args)]
#[command(group(signer()))]
pub struct AdminOptions {
    /// The agency's admin key file
    #[arg(long, env = "MUHR_ADMIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: Option<String>,
    /// Signs into this file instead of handing in; muhr act send does that elsewhere
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The last height at which it may be decided; 10,000 from now if a node is asked
    #[arg(long, value_name = "HEIGHT")]
    pub expires: Option<u64>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Seconds to wait for the proof
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// `muhr clerk`.
#[derive(Debug, Subcommand)]
pub enum ClerkCommand {
    /// Lets a clerk's key sign for the agency from the next block on
    Add(ClerkAddArguments),
    /// Ends a clerk's key for good; what it signed before stays good
    Revoke(ClerkRevokeArguments),
    /// Lists an agency's clerks
    List(ClerkListArguments),
}

/// `muhr clerk add`.
#[derive(Debug, Args)]
pub struct ClerkAddArguments {
    /// The clerk, as qurilish/aziza-2026; a name is one key for good
    pub clerk: String,
    /// The clerk's public key in base64; muhr key show tells it
    #[arg(long, value_name = "KEY")]
    pub public: String,
    /// The registries in which it may act, joined by commas
    #[arg(
        long,
        value_delimiter = ',',
        required = true,
        value_name = "NAME[,NAME]"
    )]
    pub registries: Vec<String>,
    /// What it may do there, joined by commas; "all" is all that makes versions, "attest" the word on others' records
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "all",
        value_name = "OPERATION[,OPERATION]"
    )]
    pub operations: Vec<String>,
    /// The last day (UTC) on which it may sign
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

/// `muhr clerk revoke`.
#[derive(Debug, Args)]
pub struct ClerkRevokeArguments {
    /// The clerk
    pub clerk: String,
    /// Why, as a code like K01
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// Since when somebody else may have had the key: a date (its start, UTC) or a moment
    #[arg(long, value_name = "WHEN")]
    pub compromised: Option<String>,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

/// `muhr clerk list`.
#[derive(Debug, Args)]
pub struct ClerkListArguments {
    /// The agency
    #[arg(long, value_name = "NAME")]
    pub agency: String,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}

/// `muhr registry`.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Whose confirmations make a version effective
    #[command(subcommand)]
    Policy(PolicyCommand),
}

/// `muhr registry policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Shows the policy in force
    Show(PolicyShowArguments),
    /// Sets the next one; versions keep the policy of their day
    Set(Box<PolicySetArguments>),
}

/// `muhr registry policy show`.
#[derive(Debug, Args)]
pub struct PolicyShowArguments {
    /// The registry
    pub registry: String,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// All policies that it has had, from the whole log, which is checked
    #[arg(long)]
    pub history: bool,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr registry policy set`.
#[derive(Debug, Args)]
pub struct PolicySetArguments {
    /// The registry
    pub registry: String,
    /// How many of the agencies must confirm; 0 asks for none any more
    #[arg(long, value_name = "COUNT")]
    pub needed: u64,
    /// Whose confirmations count, joined by commas; @validators are all that run one when a version is
    /// recorded, but for the owner
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub agencies: Vec<String>,
    /// In how many days after the version; without an end if not said
    #[arg(long, value_name = "DAYS")]
    pub within: Option<u64>,
    /// Also ask a second clerk of the agency: not the one who made the version
    #[arg(long)]
    pub four_eyes: bool,
    /// Number of the policy, if no node is asked: one above the present
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<u64>,
    /// Who decides
    #[command(flatten)]
    pub options: AdminOptions,
}

/// `muhr act`.
#[derive(Debug, Subcommand)]
pub enum ActCommand {
    /// Hands in what --out has signed into a file, and verifies that it is in the log
    Send(ActSendArguments),
}

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

/// `muhr attest`.
#[derive(Debug, Subcommand)]
pub enum AttestCommand {
    /// Says that the version is right
    Confirm(AttestArguments),
    /// Says that the version is wrong, and why
    Dispute(AttestArguments),
    /// Takes back what the agency has said of the version
    Withdraw(AttestArguments),
}

/// `muhr attest confirm` and the others.
#[derive(Debug, Args)]
pub struct AttestArguments {
    /// The record's receipt, from the agency that recorded it
    pub receipt: PathBuf,
    /// The document that came with it, to be checked against the receipt
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Why, as a code like D01; due for dispute and withdraw
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// What a dispute rests on; only a commitment to it is recorded
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// Where the attestation's own receipt goes, if not beside the record's
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Who says it, to whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// `muhr inbox`.
#[derive(Debug, Args)]
pub struct InboxArguments {
    /// The agency
    #[arg(long, value_name = "NAME")]
    pub agency: String,
    /// Only the record of this number
    #[arg(long, value_name = "NUMBER")]
    pub record: Option<String>,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}
