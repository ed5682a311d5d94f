//! The tree of commands, and the help that says what each does. Not here: a command's own arguments, which stand
//! beside its code, and what several commands ask (`options`).

mod one_or_many;
mod options;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use one_or_many::OneOrMany;
pub use options::*;

use crate::{
    agency::clerks::{ClerkAddArguments, ClerkListArguments, ClerkRevokeArguments},
    agency::policy::{PolicySetArguments, PolicyShowArguments},
    agency::sign_act::ActSendArguments,
    auditor::audit::AuditArguments,
    auditor::chain::{TrustAdvanceArguments, TrustExtendArguments},
    auditor::dossier::ReceiptGatherArguments,
    auditor::history::HistoryArguments,
    auditor::mirror::MirrorArguments,
    auditor::reconcile::ReconcileArguments,
    auditor::renew::{ReceiptBridgeArguments, ReceiptRefreshArguments},
    auditor::report::anomalies::AnomaliesArguments,
    auditor::report::check::ReportCheckArguments,
    auditor::report::compromised::CompromisedKeyArguments,
    auditor::trust::{TrustCheckArguments, TrustShowArguments},
    auditor::verify::VerifyArguments,
    clerk::anchor::AnchorArguments,
    clerk::attest::{AttestArguments, InboxArguments},
    clerk::change::{ChangeArguments, ContentArguments},
    clerk::extract::ReceiptExtractArguments,
    clerk::private::RedactArguments,
    clerk::private::erasure::EraseArguments,
    operator::ceremony::accept::AcceptArguments,
    operator::ceremony::assemble::AssembleArguments,
    operator::ceremony::contribute::ContributeArguments,
    operator::ceremony::plan::PlanArguments,
    operator::ceremony::review::ReviewArguments,
    operator::create::CreateArguments,
    operator::key::{KeyNewArguments, KeyPassphraseArguments, KeyPlainArguments, KeyShowArguments},
    operator::status::StatusArguments,
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

/// `muhr log`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Copies the log of a node into a folder that any web server can serve; again to bring it up to date
    Mirror(MirrorArguments),
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

/// `muhr act`.
#[derive(Debug, Subcommand)]
pub enum ActCommand {
    /// Hands in what --out has signed into a file, and verifies that it is in the log
    Send(ActSendArguments),
}

/// `muhr key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a new key file that only its owner can read, and that opens with a passphrase
    New(KeyNewArguments),
    /// Shows the public half of a key file
    Show(KeyShowArguments),
    /// Gives a key file a passphrase, or another one
    Passphrase(KeyPassphraseArguments),
    /// Makes a copy of a key file that opens without a passphrase, for a node or a service
    Plain(KeyPlainArguments),
}

/// `muhr network`.
#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Makes a pilot on one machine: the genesis, the trust file and one folder for each agency
    Create(CreateArguments),
    /// Names the agencies that are to found a network together, and its frame
    Plan(PlanArguments),
    /// Makes an agency's keys, and what of them the others need to found a network with it
    Contribute(Box<ContributeArguments>),
    /// Makes the genesis of a plan and the contributions of all agencies
    Assemble(AssembleArguments),
    /// Shows a genesis in words, compares it with what the agency contributed, and gives the eight words
    Review(ReviewArguments),
    /// Signs that the agency will run a genesis, after its eight words were compared
    Accept(AcceptArguments),
    /// Shows how a node and its network are doing
    Status(StatusArguments),
}

/// `muhr report`.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Lists what stands out in the log: late, ahead, in bursts, at odd hours, corrected, revoked
    Anomalies(AnomaliesArguments),
    /// Lists all that a clerk's key has signed, since it may have been in other hands
    CompromisedKey(CompromisedKeyArguments),
    /// Checks the signature on a report, and that its files are as they were signed
    Check(ReportCheckArguments),
}
