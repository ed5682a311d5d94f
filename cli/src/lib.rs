//! Serves clerks, auditors and operators at a desk: the `muhr` command.
//!
//! An HTTP client and `verify`. Whatever a node says is verified before it is shown as true. Data goes
//! to stdout, messages to stderr; the exit code is the verdict.

mod agency;
pub mod arguments;
mod auditor;
mod cells;
mod clerk;
mod client;
mod date;
mod exit;
mod files;
mod keys;
mod log;
mod moment;
mod operator;
mod output;
mod terminal;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, error::ErrorKind};

use arguments::{
    ActCommand, Arguments, AttestCommand, AuditArguments, ClerkCommand, Command, KeyCommand,
    LogCommand, NetworkCommand, PolicyCommand, ReceiptCommand, RegistryCommand, ReportCommand,
    TrustCommand,
};
use exit::{Failure, USAGE};
use output::Output;
use protocol::entry::Operation;
use serde_json::json;

/// Runs one command and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let given: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => {
            let mut options = given.iter().take_while(|word| *word != "--");
            return misused(&error, options.any(|word| word == "--json"));
        }
    };
    let output = Output::new(arguments.json);
    match command(arguments.command, &output) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn command(command: Command, output: &Output) -> Result<u8, Failure> {
    match command {
        Command::Anchor(arguments) => clerk::anchor::run(arguments, output),
        Command::Amend(arguments) => clerk::change::content(Operation::Amend, &arguments, output),
        Command::Correct(arguments) => {
            clerk::change::content(Operation::Correct, &arguments, output)
        }
        Command::Suspend(arguments) => clerk::change::run(Operation::Suspend, &arguments, output),
        Command::Reinstate(arguments) => {
            clerk::change::run(Operation::Reinstate, &arguments, output)
        }
        Command::Revoke(arguments) => clerk::change::run(Operation::Revoke, &arguments, output),
        Command::Attest(AttestCommand::Confirm(arguments)) => {
            clerk::attest::run(Operation::Confirm, &arguments, output)
        }
        Command::Attest(AttestCommand::Dispute(arguments)) => {
            clerk::attest::run(Operation::Dispute, &arguments, output)
        }
        Command::Attest(AttestCommand::Withdraw(arguments)) => {
            clerk::attest::run(Operation::Withdraw, &arguments, output)
        }
        Command::Inbox(arguments) => clerk::attest::inbox(&arguments, output),
        Command::Clerk(ClerkCommand::Add(arguments)) => agency::clerks::add(&arguments, output),
        Command::Clerk(ClerkCommand::Revoke(arguments)) => {
            agency::clerks::revoke(&arguments, output)
        }
        Command::Clerk(ClerkCommand::List(arguments)) => agency::clerks::list(&arguments, output),
        Command::Registry(RegistryCommand::Policy(PolicyCommand::Show(arguments))) => {
            agency::policy::show(&arguments, output)
        }
        Command::Registry(RegistryCommand::Policy(PolicyCommand::Set(arguments))) => {
            agency::policy::set(&arguments, output)
        }
        Command::Act(ActCommand::Send(arguments)) => agency::send(&arguments, output),
        Command::Verify(arguments) => auditor::verify::run(&arguments, output),
        Command::History(arguments) => auditor::history::run(&arguments, output),
        Command::Audit(AuditArguments::One(arguments)) => auditor::audit::run(&arguments, output),
        Command::Audit(AuditArguments::Watch(arguments)) => auditor::watch::run(&arguments, output),
        Command::Reconcile(arguments) => auditor::reconcile::run(&arguments, output),
        Command::Report(ReportCommand::Anomalies(arguments)) => {
            auditor::report::anomalies::run(&arguments, output)
        }
        Command::Report(ReportCommand::CompromisedKey(arguments)) => {
            auditor::report::compromised::run(&arguments, output)
        }
        Command::Report(ReportCommand::Check(arguments)) => {
            auditor::report::check::run(&arguments, output)
        }
        Command::Trust(TrustCommand::Show(arguments)) => auditor::trust::show(&arguments, output),
        Command::Trust(TrustCommand::Check(arguments)) => auditor::trust::check(&arguments, output),
        Command::Trust(TrustCommand::Advance(arguments)) => {
            auditor::chain::advance(&arguments, output)
        }
        Command::Trust(TrustCommand::Extend(arguments)) => {
            auditor::chain::extend(&arguments, output)
        }
        Command::Receipt(ReceiptCommand::Refresh(arguments)) => {
            auditor::renew::refresh(&arguments, output)
        }
        Command::Receipt(ReceiptCommand::Bridge(arguments)) => {
            auditor::renew::bridge(&arguments, output)
        }
        Command::Receipt(ReceiptCommand::Gather(arguments)) => {
            auditor::dossier::gather(&arguments, output)
        }
        Command::Receipt(ReceiptCommand::Extract(arguments)) => {
            clerk::extract::run(&arguments, output)
        }
        Command::Receipt(ReceiptCommand::Redact(arguments)) => {
            clerk::private::redact(&arguments, output)
        }
        Command::Receipt(ReceiptCommand::Erase(arguments)) => {
            clerk::private::erase(&arguments, output)
        }
        Command::Log(LogCommand::Mirror(arguments)) => auditor::mirror::run(&arguments, output),
        Command::Key(KeyCommand::New(arguments)) => operator::key::new(&arguments, output),
        Command::Key(KeyCommand::Show(arguments)) => operator::key::show(&arguments, output),
        Command::Key(KeyCommand::Passphrase(arguments)) => {
            operator::key::passphrase(&arguments, output)
        }
        Command::Network(NetworkCommand::Create(arguments)) => {
            operator::create::run(&arguments, output)
        }
        Command::Network(NetworkCommand::Status(arguments)) => {
            operator::status::run(&arguments, output)
        }
        Command::ExitCodes => Ok(exit_codes(output)),
    }
}

fn exit_codes(output: &Output) -> u8 {
    let codes: Vec<_> = exit::MEANINGS
        .iter()
        .map(|(code, meaning)| json!({"code": code, "meaning": meaning}))
        .collect();
    output.data(&json!({"schema": "muhr/exit-codes/1", "codes": codes}));
    output.text(exit::table().trim_end());
    exit::DONE
}

/// A program that asked for JSON gets it also for a command line that cannot be read.
fn misused(error: &clap::Error, json: bool) -> ExitCode {
    let shown = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let _closed = error.print();
    if shown {
        return ExitCode::from(exit::DONE);
    }
    let text = error.render().to_string();
    let what: Vec<&str> = text
        .trim_start_matches("error: ")
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let failure = Failure::new(USAGE, what.join(" ")).help("add --help to see what can be said");
    Output::new(json).failure_data(&failure);
    ExitCode::from(USAGE)
}
