//! Submission of one record at a desk: read from the command line, asked about, signed, shown.
//!
//! The road to the receipt is the library's (`client::submit`).

use std::{path::Path, time::Duration};

use client::{
    formats,
    submit::{self, Clerk, ClerkKey},
};
use messages::UserMessage;
use protocol::{
    entry::Statement, name::RegistryName, opening::Opening, record::RecordId, state::RecordState,
};
use verify::{Verdict, history::HistoryFacts, receipt::ReceiptFacts};
use views::clerk::anchor::AnchorView;

use super::{confirm_text, references::Rests};
use crate::{
    arguments::ClerkOptions,
    exit::{DONE, Failure},
    keys, nodes,
    output::Output,
    terminal, trust_file,
};

/// Reads the key that the options name, and asks for its passphrase if it has one.
pub(crate) fn read_key(options: &ClerkOptions, output: &Output) -> Result<ClerkKey, Failure> {
    let source = options.key_options.place(options.key.as_deref())?;
    let file = keys::read(&source, output)?.file;
    let key = ClerkKey::of(file).map_err(|trouble| client::keys::KeyFileError {
        path: source.path.to_owned(),
        trouble,
    });
    Ok(key?)
}

/// Reads key and trust file, and asks the nodes how far the network is.
pub(crate) fn open(options: &ClerkOptions, output: &Output) -> Result<Clerk, Failure> {
    // Before the passphrase is asked for.
    let _trust = formats::trust(&options.trust)?;
    open_with(options, &read_key(options, output)?, output)
}

/// Opens the clerk with a key that was read before.
pub(crate) fn open_with(
    options: &ClerkOptions,
    key: &ClerkKey,
    output: &Output,
) -> Result<Clerk, Failure> {
    let client = nodes::connect(&options.node)?;
    let trust = trust_file::of_nodes(&options.trust, &client, output)?;
    let network = formats::network(&trust, &options.trust)?;
    Ok(Clerk::open(client, trust, network, key, patience(options))?)
}

/// How long a receipt is waited for.
pub(crate) const fn patience(options: &ClerkOptions) -> Duration {
    Duration::from_secs(options.timeout)
}

/// Request of a clerk to say something of one record.
#[derive(Debug)]
pub(crate) struct SignRequest<'a> {
    pub(crate) statement: Statement,
    pub(crate) opening: Opening,
    /// Why the statement names the records that it does.
    pub(crate) rests: Rests,
    /// The file whose hash is in the opening.
    pub(crate) file: Option<&'a Path>,
    pub(crate) options: &'a ClerkOptions,
    /// Agreed to on the command line.
    pub(crate) yes: bool,
}

/// The state of a record whose number was typed, with its history: where it names no record, it is said how
/// the number was read.
pub(crate) fn latest_of(
    clerk: &Clerk,
    registry: &RegistryName,
    record: &RecordId,
) -> Result<(RecordState, HistoryFacts), Failure> {
    let found = submit::latest(clerk, registry, &record.key(registry));
    found.map_err(|error| {
        let is_missing = error.verdict() == Some(Verdict::NotFound);
        let mut failure = Failure::from(error);
        if let Some(parted) = record.parted().filter(|_| is_missing) {
            failure.what = UserMessage::new("number-parted")
                .part("what", failure.what)
                .text("parted", parted);
        }
        failure
    })
}

/// Carries what a clerk wants to its receipt, and shows it. Signed is what was agreed to, or what a try
/// before this one left on disk.
pub(crate) fn submit(
    clerk: &Clerk,
    receipt_path: &Path,
    request: SignRequest<'_>,
    output: &Output,
) -> Result<u8, Failure> {
    let SignRequest {
        statement, opening, ..
    } = &request;
    let there = submit::existing_receipt(clerk, receipt_path, statement, opening)?;
    let facts = if let Some(facts) = there {
        output.note(&UserMessage::new("note-receipt-there"));
        facts
    } else {
        let said = if terminal::answers(output) {
            confirm_text::of(&request, &clerk.network.origin)
        } else {
            // What nobody has typed is said to whoever reads along later.
            confirm_text::rests(&request)
        };
        let agree = || {
            for line in &said {
                output.note(line);
            }
            let asks = !request.yes && terminal::answers(output);
            !asks || terminal::agrees(&terminal::SIGN, output)
        };
        let (statement, opening) = (request.statement, request.opening);
        submit::sign_and_submit(clerk, receipt_path, statement, opening, agree)?
    };
    let agencies = clerk.trust.witnesses().len();
    output.view(&view(facts, receipt_path, agencies));
    Ok(DONE)
}

fn view(facts: ReceiptFacts, path: &Path, agencies: usize) -> AnchorView {
    AnchorView {
        record: facts.record,
        registry: facts.registry,
        operation: facts.operation,
        version: facts.version.get(),
        index: facts.index.get(),
        height: facts.height.get(),
        time: facts.time.into(),
        cosigners: facts.cosigners.into_iter().map(|(name, _)| name).collect(),
        receipt: path.display().to_string(),
        agencies,
    }
}
