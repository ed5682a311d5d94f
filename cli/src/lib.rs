//! Serves clerks, auditors and operators at a desk: the `muhr` command.
//!
//! An HTTP client and `verify`. Whatever a node says is verified before it is shown as true. Data goes
//! to stdout, messages to stderr; the exit code is the verdict.
#![deny(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "what is said goes through `output`, which lets nothing foreign command a terminal"
)]
#![allow(
    rustdoc::bare_urls,
    reason = "comments on arguments are help texts, word for word"
)]

mod agency;
pub mod arguments;
mod auditor;
mod clerk;
mod exit;
mod failures;
mod keys;
mod nodes;
mod operator;
mod output;
mod printable;
mod terminal;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::{Parser, error::ErrorKind};

use arguments::{
    ActCommand, Arguments, AttestCommand, ClerkCommand, Command, KeyCommand, LogCommand,
    NetworkCommand, PolicyCommand, ReceiptCommand, RegistryCommand, ReportCommand, TrustCommand,
};
use auditor::audit::{AuditArguments, AuditCommand};
use exit::{Failure, USAGE};
use messages::UserMessage;
use operator::ceremony;
use output::Output;
use protocol::entry::Operation;

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
    if let Some(path) = arguments.ca {
        nodes::with_ca(path);
    }
    let code = command(arguments.command, &output).unwrap_or_else(|failure| {
        output.failure(&failure);
        failure.code
    });
    ExitCode::from(output.end(code))
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
        Command::Attest(command) => attest(&command, output),
        Command::Inbox(arguments) => clerk::attest::inbox(&arguments, output),
        Command::Clerk(command) => match command {
            ClerkCommand::Add(arguments) => agency::clerks::add(&arguments, output),
            ClerkCommand::Revoke(arguments) => agency::clerks::revoke(&arguments, output),
            ClerkCommand::List(arguments) => agency::clerks::list(&arguments, output),
        },
        Command::Registry(RegistryCommand::Policy(command)) => match command {
            PolicyCommand::Show(arguments) => agency::policy::show(&arguments, output),
            PolicyCommand::Set(arguments) => agency::policy::set(&arguments, output),
        },
        Command::Act(ActCommand::Send(arguments)) => agency::send(&arguments, output),
        Command::Verify(arguments) => auditor::verify::run(&arguments, output),
        Command::History(arguments) => auditor::history::run(&arguments, output),
        Command::Audit(AuditArguments::One(arguments)) => auditor::audit::run(&arguments, output),
        Command::Audit(AuditArguments::Many(AuditCommand::Watch(arguments))) => {
            auditor::watch::run(&arguments, output)
        }
        Command::Reconcile(arguments) => auditor::reconcile::run(&arguments, output),
        Command::Report(command) => match command {
            ReportCommand::Anomalies(given) => auditor::report::anomalies::run(&given, output),
            ReportCommand::CompromisedKey(given) => {
                auditor::report::compromised::run(&given, output)
            }
            ReportCommand::Check(given) => auditor::report::check::run(&given, output),
        },
        Command::Trust(command) => trust(&command, output),
        Command::Receipt(command) => receipt(&command, output),
        Command::Log(LogCommand::Mirror(arguments)) => auditor::mirror::run(&arguments, output),
        Command::Key(command) => match command {
            KeyCommand::New(arguments) => operator::key::new(&arguments, output),
            KeyCommand::Show(arguments) => operator::key::show(&arguments, output),
            KeyCommand::Passphrase(arguments) => operator::key::passphrase(&arguments, output),
            KeyCommand::Plain(arguments) => operator::key::plain(&arguments, output),
        },
        Command::Network(command) => network(&command, output),
        Command::ExitCodes => {
            output.view(&exit::codes());
            Ok(exit::DONE)
        }
    }
}

fn network(command: &NetworkCommand, output: &Output) -> Result<u8, Failure> {
    match command {
        NetworkCommand::Create(arguments) => operator::create::run(arguments, output),
        NetworkCommand::Plan(arguments) => ceremony::plan::run(arguments, output),
        NetworkCommand::Contribute(arguments) => ceremony::contribute::run(arguments, output),
        NetworkCommand::Assemble(arguments) => ceremony::assemble::run(arguments, output),
        NetworkCommand::Review(arguments) => ceremony::review::run(arguments, output),
        NetworkCommand::Accept(arguments) => ceremony::accept::run(arguments, output),
        NetworkCommand::Status(arguments) => operator::status::run(arguments, output),
    }
}

fn attest(command: &AttestCommand, output: &Output) -> Result<u8, Failure> {
    let (operation, arguments) = match command {
        AttestCommand::Confirm(arguments) => (Operation::Confirm, arguments),
        AttestCommand::Dispute(arguments) => (Operation::Dispute, arguments),
        AttestCommand::Withdraw(arguments) => (Operation::Withdraw, arguments),
    };
    clerk::attest::run(operation, arguments, output)
}

fn trust(command: &TrustCommand, output: &Output) -> Result<u8, Failure> {
    match command {
        TrustCommand::Show(arguments) => auditor::trust::show(arguments, output),
        TrustCommand::Check(arguments) => auditor::trust::check(arguments, output),
        TrustCommand::Advance(arguments) => auditor::chain::advance(arguments, output),
        TrustCommand::Extend(arguments) => auditor::chain::extend(arguments, output),
    }
}

fn receipt(command: &ReceiptCommand, output: &Output) -> Result<u8, Failure> {
    match command {
        ReceiptCommand::Refresh(arguments) => auditor::renew::refresh(arguments, output),
        ReceiptCommand::Bridge(arguments) => auditor::renew::bridge(arguments, output),
        ReceiptCommand::Gather(arguments) => auditor::dossier::gather(arguments, output),
        ReceiptCommand::Extract(arguments) => clerk::extract::run(arguments, output),
        ReceiptCommand::Redact(arguments) => clerk::private::redact(arguments, output),
        ReceiptCommand::Erase(arguments) => clerk::private::erase(arguments, output),
    }
}

/// A program that asked for JSON gets it also for a command line that cannot be read.
fn misused(error: &clap::Error, json: bool) -> ExitCode {
    let shown = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let output = Output::new(json);
    if shown {
        output::written(error.print());
        return ExitCode::from(output.end(exit::DONE));
    }
    // It repeats what was typed, which a pattern may have taken from the names of files.
    let text = error.render().to_string();
    for line in text.lines() {
        let _closed = writeln!(std::io::stderr(), "{}", printable::printable(line));
    }
    let what: Vec<&str> = text
        .trim_start_matches("error: ")
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let failure = Failure::new(
        USAGE,
        UserMessage::new("command-line-invalid").text("what", what.join(" ")),
    )
    .help(UserMessage::new("help-add-help"));
    output.failure_data(&failure);
    ExitCode::from(output.end(USAGE))
}
