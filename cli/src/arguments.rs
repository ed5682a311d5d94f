//! The command line: what can be said, and the help that says so.

mod agency;
mod bulk;
mod keys;
mod private;
mod report;

use std::path::PathBuf;

pub use agency::*;
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand};
use keys::signer;
pub use keys::*;
pub use private::*;

pub use self::{
    bulk::{AnchorCommand, BulkArguments, HotArguments, ReceiptExtractArguments, TableFormat},
    report::{
        AnomaliesArguments, CompromisedKeyArguments, Reading, ReconcileArguments,
        ReportCheckArguments, ReportCommand,
    },
};

/// Anchors registry records in a Muhr network, and verifies them offline.
#[derive(Debug, Parser)]
#[command(
    name = "muhr",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// One JSON document on stdout, with a stable schema
    #[arg(long, global = true)]
    pub json: bool,
    /// Certificate of an authority that counts for https:// besides this machine's own, in PEM
    #[arg(long, global = true, env = "MUHR_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Registers a record with its document, and writes the receipt beside it
    Anchor(AnchorArguments),
    /// Changes what a record says from now on
    Amend(ContentArguments),
    /// Mends an error in what a record said from the start
    Correct(ContentArguments),
    /// Takes a record out of force for a while
    Suspend(ChangeArguments),
    /// Puts a suspended record back in force
    Reinstate(ChangeArguments),
    /// Ends a record for good
    Revoke(ChangeArguments),
    /// Says for the agency that another agency's record is right, or wrong
    #[command(subcommand)]
    Attest(AttestCommand),
    /// Lists the records that wait for an agency's word
    Inbox(InboxArguments),
    /// Judges documents and receipts, offline
    Verify(VerifyArguments),
    /// Shows all versions of a record, with the proof that none is missing
    History(HistoryArguments),
    /// Replays the whole log of a node and checks every rule, signature and hash
    Audit(AuditArguments),
    /// Compares an agency's own table with what it has anchored; nothing of the table is sent
    Reconcile(Box<ReconcileArguments>),
    /// Lists what stands out in the log and what a clerk's key has signed; checks signed reports
    #[command(subcommand)]
    Report(ReportCommand),
    /// Copies logs
    #[command(subcommand)]
    Log(LogCommand),
    /// Shows and checks trust files, and takes them from epoch to epoch
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Keeps receipts good after the agencies have changed, and makes them show less
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Lets clerks sign for the agency, and ends that
    #[command(subcommand)]
    Clerk(ClerkCommand),
    /// Shows and sets what an agency's registries ask of others
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Hands in what an agency has signed elsewhere
    #[command(subcommand)]
    Act(ActCommand),
    /// Makes and shows key files, and gives them passphrases
    #[command(subcommand)]
    Key(KeyCommand),
    /// Creates a network, and shows how it is doing
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Lists the exit codes and what they mean
    #[command(after_help = crate::exit::table())]
    ExitCodes,
}

/// One of a list: after a comma people write a blank.
fn trimmed(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.trim().to_owned())
}

/// Who asks, whom, and whom to trust.
#[derive(Clone, Debug, Args)]
#[command(group(signer()))]
pub struct ClerkOptions {
    /// Address of a node, as http://127.0.0.1:7481; of several, joined by commas, the next is asked where one fails
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = trimmed,
        required = true
    )]
    pub node: Vec<String>,
    /// Key file of the clerk
    #[arg(long, env = "MUHR_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Seconds to wait for the receipt
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// `muhr anchor`: a document, or the subcommands `bulk` and `watch`, which have arguments of their own.
#[derive(Debug)]
pub enum AnchorArguments {
    /// One record.
    One(AnchorOne),
    /// Many records.
    Bulk(Box<BulkArguments>),
    /// A folder, watched.
    Watch(HotArguments),
}

impl FromArgMatches for AnchorArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        if matches.subcommand().is_some() {
            AnchorCommand::from_arg_matches(matches).map(|command| match command {
                AnchorCommand::Bulk(bulk) => Self::Bulk(Box::new(bulk)),
                AnchorCommand::Watch(watch) => Self::Watch(watch),
            })
        } else {
            AnchorOne::from_arg_matches(matches).map(Self::One)
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for AnchorArguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        let command = AnchorCommand::augment_subcommands(AnchorOne::augment_args(command));
        command
            .subcommand_required(false)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// `muhr anchor FILE`.
#[derive(Debug, Args)]
pub struct AnchorOne {
    /// The document
    pub file: PathBuf,
    /// The registry, as qurilish.permits
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// The record's number; the parts of a composite number are joined by |
    #[arg(long, value_name = "NUMBER")]
    pub record: String,
    /// A field to record with the document; may be repeated
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    /// The legal date, as 2026-11-23
    #[arg(long, value_name = "DATE")]
    pub effective: Option<String>,
    /// Another record that this one rests on; the latest version if none is named; may be repeated
    #[arg(long = "rests-on", value_name = "REGISTRY:NUMBER[@VERSION]")]
    pub rests_on: Vec<String>,
    /// Where the receipt goes, if not beside the document
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// `muhr amend` and `correct`, which say anew what is in a record.
#[derive(Debug, Args)]
pub struct ContentArguments {
    /// As of every change
    #[command(flatten)]
    pub change: ChangeArguments,
    /// Another record that the new version rests on; "none" for none; those of the version before, if not said; may be repeated
    #[arg(long = "rests-on", value_name = "REGISTRY:NUMBER[@VERSION]")]
    pub rests_on: Vec<String>,
}

/// What all commands that change a record ask.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    /// The record's number
    pub record: String,
    /// The document; due for amend and correct unless fields are given
    pub file: Option<PathBuf>,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// Why, as a code like C02
    #[arg(long, value_name = "CODE")]
    pub reason: String,
    /// A field to record; may be repeated
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub fields: Vec<String>,
    /// The legal date
    #[arg(long, value_name = "DATE")]
    pub effective: Option<String>,
    /// Where the receipt goes, if not beside the document
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// `muhr verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Documents (their receipts are beside them) or receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The receipt of the one document given
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// Trust file of an epoch that has ended, for receipts of its time; may be repeated
    #[arg(long, value_name = "FILE")]
    pub then: Vec<PathBuf>,
    /// How many references away from the record the others must be proven too, which takes a dossier; of a
    /// dossier all that it holds, if not said
    #[arg(long, value_name = "DEPTH", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub follow: Option<u8>,
    /// Ends with 6, as pending, unless those who were asked have confirmed the version
    #[arg(long)]
    pub effective: bool,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The record's number
    pub record: String,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// What held then, of which the verdict and the exit code are: a date as 2026-11-23 (its end, UTC), a moment as
    /// 2026-11-23T10:00:00Z, or a height; 10 if it was not registered yet, 16 if the log does not reach that far
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr audit`: one log, or the subcommand `watch`, which has arguments of its own.
#[derive(Debug)]
pub enum AuditArguments {
    /// One log, replayed.
    One(AuditOne),
    /// Several nodes, followed.
    Watch(WatchArguments),
}

impl FromArgMatches for AuditArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        if matches.subcommand().is_some() {
            AuditCommand::from_arg_matches(matches)
                .map(|AuditCommand::Watch(watch)| Self::Watch(watch))
        } else {
            AuditOne::from_arg_matches(matches).map(Self::One)
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for AuditArguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        let command = AuditCommand::augment_subcommands(AuditOne::augment_args(command));
        command
            .subcommand_required(false)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// `muhr audit URL`.
#[derive(Debug, Args)]
pub struct AuditOne {
    /// Address of a node, or the folder of a mirror
    pub url: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// A checkpoint seen before: the log must extend it
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Where evidence of a fork goes
    #[arg(long, default_value = "fork.evidence", value_name = "FILE")]
    pub evidence: PathBuf,
}

/// `muhr audit watch`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Follows several nodes and ends when one contradicts itself, another, or what was seen before
    Watch(WatchArguments),
}

/// `muhr audit watch URL...`.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Addresses of nodes, or folders of mirrors
    #[arg(required = true, value_name = "URL")]
    pub urls: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Where the newest checkpoint that was seen is kept
    #[arg(long, default_value = "seen.checkpoint", value_name = "FILE")]
    pub state: PathBuf,
    /// Where evidence of a fork goes
    #[arg(long, default_value = "fork.evidence", value_name = "FILE")]
    pub evidence: PathBuf,
    /// Seconds between two looks
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub every: u64,
    /// End after so many looks at each; for ever if not said
    #[arg(long, value_name = "COUNT")]
    pub rounds: Option<u64>,
}

/// `muhr trust`.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Shows whom a trust file trusts, and the eight words that it is known by
    Show(TrustShowArguments),
    /// Compares a trust file with the eight words that an agency has read out
    Check(TrustCheckArguments),
    /// Goes from a trust file to the next by proofs of changes, each believed because of the one before
    Advance(TrustAdvanceArguments),
    /// Makes a trust file of your own that asks for witnesses besides the agencies
    Extend(TrustExtendArguments),
}

/// `muhr trust advance`.
#[derive(Debug, Args)]
pub struct TrustAdvanceArguments {
    /// The trust file
    pub file: PathBuf,
    /// Proofs of changes, in their order
    #[arg(required = true, value_name = "PROOF")]
    pub proofs: Vec<PathBuf>,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Where the next trust file goes; keep the one before for receipts of its time
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `muhr trust extend`.
#[derive(Debug, Args)]
pub struct TrustExtendArguments {
    /// The network's trust file
    pub file: PathBuf,
    /// A witness, its key and its address, as court=court.example/w1+1a2b3c4d+BA...,https://court.example/; may be repeated
    #[arg(long = "witness", required = true, value_name = "NAME=VKEY,URL")]
    pub witnesses: Vec<String>,
    /// How many of the witnesses must sign
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    pub need: usize,
    /// Where it goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `muhr receipt`.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Fetches a new proof of the same entry, under today's checkpoint
    Refresh(ReceiptRefreshArguments),
    /// Adds the proof that a receipt of an epoch that has ended was part of the log then
    Bridge(ReceiptBridgeArguments),
    /// Makes a copy that shows some fields, withholds the others, and proves the same entry
    Redact(RedactArguments),
    /// Destroys what receipts show, for good; they still prove that their entries were made
    Erase(EraseArguments),
    /// Takes one receipt out of the archive of a bulk run
    Extract(ReceiptExtractArguments),
    /// Puts a receipt and those of the records that it rests on into one file
    Gather(ReceiptGatherArguments),
}

/// `muhr receipt gather`.
#[derive(Debug, Args)]
pub struct ReceiptGatherArguments {
    /// The receipt
    pub file: PathBuf,
    /// The dossier to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How many references away from the record the others may be
    #[arg(long, default_value_t = 16, value_name = "DEPTH", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub depth: u8,
    /// Address of a node, as http://127.0.0.1:7481
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr receipt refresh`.
#[derive(Debug, Args)]
pub struct ReceiptRefreshArguments {
    /// The receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Address of a node, as http://127.0.0.1:7481
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        required_unless_present = "from"
    )]
    pub node: Option<String>,
    /// A mirror, as its address or folder, whose checkpoint has the lines of outside witnesses: they are
    /// taken over into receipts that are proven under the same checkpoint
    #[arg(long, value_name = "MIRROR")]
    pub from: Option<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr receipt bridge`.
#[derive(Debug, Args)]
pub struct ReceiptBridgeArguments {
    /// The receipts
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Address of a node, or the folder of a mirror
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network, advanced from the epoch of the receipts
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

/// `muhr trust show`.
#[derive(Debug, Args)]
pub struct TrustShowArguments {
    /// The trust file
    pub file: PathBuf,
}

/// `muhr trust check`.
#[derive(Debug, Args)]
pub struct TrustCheckArguments {
    /// The trust file
    pub file: PathBuf,
    /// The eight words
    #[arg(required = true)]
    pub words: Vec<String>,
}

/// `muhr log`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Copies the log of a node into a folder that any web server can serve; again to bring it up to date
    Mirror(MirrorArguments),
}

/// `muhr log mirror URL DIR`.
#[derive(Debug, Args)]
pub struct MirrorArguments {
    /// Address of a node, or the folder of another mirror
    pub url: String,
    /// The folder
    pub dir: PathBuf,
    /// Address of a witness that is asked to cosign; may be repeated
    #[arg(long = "witness", value_name = "URL")]
    pub witnesses: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Where evidence of a fork goes
    #[arg(long, default_value = "fork.evidence", value_name = "FILE")]
    pub evidence: PathBuf,
}

/// `muhr network`.
#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Makes the genesis, the trust file and one folder for each agency
    Create(CreateArguments),
    /// Shows how a node and its network are doing
    Status(StatusArguments),
}

/// `muhr network create`.
#[derive(Debug, Args)]
pub struct CreateArguments {
    /// Names of the agencies, joined by commas: 4 to 22
    #[arg(long, value_delimiter = ',', value_parser = trimmed, required = true, value_name = "NAMES")]
    pub agencies: Vec<String>,
    /// Name of the network: a URL without scheme that ends in a number
    #[arg(long, value_name = "ORIGIN")]
    pub origin: String,
    /// Those whose registry has its numbers in capitals: small letters mean the same; joined by commas
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAMES")]
    pub capitals: Vec<String>,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Address on which the nodes listen
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub host: std::net::IpAddr,
    /// First of the ports, two for each node; free ones are looked for if not said
    #[arg(long, value_name = "PORT")]
    pub base_port: Option<u16>,
    /// Folders of so many observers beside the agencies
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub observers: u8,
}

/// `muhr network status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}
