//! From what a clerk wants to a verified receipt: commit, sign, keep, send, wait, verify, write.
//!
//! The signed entry and its secret are on disk before anything is sent. Whatever happens then, the
//! same command sends the same entry again and gets the same receipt.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use api::EntryState;
use protocol::{
    commitment::{DOCUMENT_FIELD, Fields, Secret},
    entry::{Operation, Reference, Statement},
    hash::{DocumentHash, RecordKey},
    height::{Height, Version},
    key::SecretKey,
    keyfile::KeyFile,
    name::{ClerkName, Date, Origin, ReasonCode, RegistryName},
    opening::{Content, Opening},
    pending::Pending,
    policy::TrustPolicy,
    receipt::Receipt,
    record::{Letters, RecordId},
    state::{RecordState, RegistryState},
};
use serde_json::json;
use verify::{Verdict, checkpoint::Trusts, receipt::Facts};

use super::{already, references::Rests, words};
use crate::{
    arguments::Desk,
    client::{Client, of_problem},
    exit::{CONFIGURATION, DONE, Failure, UNEXPECTED, UNREACHABLE, USAGE},
    files, keys,
    output::{Output, iso, local},
    terminal,
};

/// How many heights an entry may take to be decided.
pub(crate) const LIFETIME: u64 = 10_000;

/// A clerk's key, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct ClerkKey {
    name: ClerkName,
    secret: SecretKey,
}

impl ClerkKey {
    /// Reads the key that the desk names, and asks for its passphrase if it has one.
    pub(crate) fn read(desk: &Desk, output: &Output) -> Result<Self, Failure> {
        let place = desk.key_options.place(desk.key.as_deref())?;
        let KeyFile {
            purpose,
            holder,
            secret,
        } = keys::read(&place, output)?.file;
        let name = ClerkName::parse(&holder).filter(|_| purpose == "clerk");
        let name = name.ok_or_else(|| {
            Failure::new(
                CONFIGURATION,
                format!("{}: a {purpose} key, not a clerk's", place.path.display()),
            )
        })?;
        Ok(Self { name, secret })
    }
}

/// A clerk at a desk, ready to sign.
#[derive(Debug)]
pub(crate) struct Clerk {
    pub(crate) client: Client,
    pub(crate) trust: TrustPolicy,
    pub(crate) origin: Origin,
    pub(crate) name: ClerkName,
    pub(crate) secret: SecretKey,
    pub(crate) expires: Height,
    pub(crate) until: Instant,
}

impl Clerk {
    /// Reads key and trust file, and asks the node how far the network is.
    pub(crate) fn open(desk: &Desk, output: &Output) -> Result<Self, Failure> {
        // Before the passphrase is asked for.
        let _trust = files::trust(&desk.trust)?;
        Self::with(desk, &ClerkKey::read(desk, output)?)
    }

    /// The same with a key that was read before.
    pub(crate) fn with(desk: &Desk, key: &ClerkKey) -> Result<Self, Failure> {
        let trust = files::trust(&desk.trust)?;
        let origin = Origin::parse(trust.origin()).ok_or_else(|| {
            Failure::new(
                CONFIGURATION,
                format!("{}: not for a network of Muhr", desk.trust.display()),
            )
        })?;
        let client = Client::of(&desk.node)?;
        let expires = expires(&desk.node, &origin)?;
        let until = Instant::now() + Duration::from_secs(desk.timeout);
        Ok(Self {
            client,
            trust,
            origin,
            name: key.name.clone(),
            secret: key.secret.clone(),
            expires,
            until,
        })
    }

    /// Waits for the next receipt as long as for the first.
    pub(crate) fn wait_anew(&mut self, desk: &Desk) {
        self.until = Instant::now() + Duration::from_secs(desk.timeout);
    }
}

/// What a clerk wants to say of one record.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) statement: Statement,
    pub(crate) opening: Opening,
    /// Why the statement names the records that it does.
    pub(crate) rests: Rests,
    /// The file whose hash is in the opening.
    pub(crate) file: Option<&'a Path>,
    pub(crate) desk: &'a Desk,
    /// Agreed to on the command line.
    pub(crate) yes: bool,
}

/// The last height of what is signed now. Every node that answers must be of the network: what is signed
/// for one network is refused by another as if the clerk's key were wrong.
fn expires(nodes: &[String], origin: &Origin) -> Result<Height, Failure> {
    let mut last = None;
    let mut away = None;
    for node in nodes {
        let network = match Client::new(node)?.network() {
            Ok(network) => network,
            Err(failure) => {
                away = away.or(Some(failure));
                continue;
            }
        };
        if network.origin != origin.as_str() {
            return Err(Failure::verdict(
                Verdict::WrongNetwork,
                format!(
                    "{node} is a node of {}, and the trust file is for {origin}",
                    network.origin
                ),
            )
            .help("use the trust file of that network, or a node of yours"));
        }
        last = last.max(Some(last_height(&network)));
    }
    last.ok_or_else(|| away.unwrap_or_else(|| Failure::new(USAGE, "no node is given")))
}

/// The last height of what is signed as long as the network is as a node tells.
pub(crate) fn last_height(network: &api::Network) -> Height {
    let lifetime = LIFETIME.min(network.lifetime_heights);
    Height::new(network.height.saturating_add(lifetime))
}

/// The state of a record with its history, after the proof of both has held.
pub(crate) fn latest(
    clerk: &Clerk,
    registry: &RegistryName,
    key: &RecordKey,
) -> Result<(RecordState, verify::history::Facts), Failure> {
    let facts = history(clerk, registry, key)?;
    let state = facts.state.clone().ok_or_else(|| {
        Failure::verdict(
            Verdict::NotFound,
            format!("the record was never registered in {registry}"),
        )
        .help("check the number, or register it with muhr anchor")
    })?;
    Ok((state, facts))
}

/// What is to be committed to.
pub(crate) fn content(
    document: Option<DocumentHash>,
    fields: Vec<(String, String)>,
) -> Result<Option<Content>, Failure> {
    let secret = Secret::new(files::random()?);
    if fields.is_empty() {
        return Ok(document.map(|document| Content::Document {
            document,
            salt: secret,
        }));
    }
    let mut fields = fields;
    if let Some(document) = document {
        fields.insert(0, (DOCUMENT_FIELD.to_owned(), document.to_hex()));
    }
    let fields = Fields::new(fields).map_err(|error| Failure::new(USAGE, error.to_string()))?;
    Ok(Some(Content::Fields { fields, secret }))
}

/// Reads `--field name=value` arguments.
pub(crate) fn fields(arguments: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let read = |(number, argument): (usize, &String)| {
        let pair = argument
            .split_once('=')
            .filter(|(name, _)| !name.is_empty() && *name != DOCUMENT_FIELD);
        pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
            .ok_or_else(|| {
                Failure::new(USAGE, format!("--field number {number} is not name=value"))
                    .help("the name \"document\" is kept for the document itself")
            })
    };
    (1..).zip(arguments).map(read).collect()
}

pub(crate) fn registry(text: &str) -> Result<RegistryName, Failure> {
    RegistryName::parse(text).ok_or_else(|| {
        Failure::new(USAGE, "--registry is not the name of a registry")
            .help("names look like qurilish.permits")
    })
}

/// Reads a number, whatever registry it is of.
pub(crate) fn number(text: &str) -> Result<RecordId, Failure> {
    RecordId::parse(text).map_err(|error| Failure::new(USAGE, error.to_string()))
}

/// Reads a record's number, written as the registry's are, and warns of look-alike letters.
pub(crate) fn record(text: &str, letters: Letters, output: &Output) -> Result<RecordId, Failure> {
    let record = number(text)?.in_letters(letters);
    output.look_alikes(&record);
    Ok(record)
}

/// How the numbers of a registry are written, as a node tells. A node that lies about it lets a number
/// name another record, which its receipt shows.
pub(crate) fn letters(client: &Client, registry: &RegistryName) -> Result<Letters, Failure> {
    let registries = client.registries()?;
    let lines = registries.split_inclusive('\n');
    let mut states = lines.filter_map(RegistryState::parse);
    let found = states.find(|state| state.name == *registry);
    // That there is no such registry is for the rules to say.
    Ok(found.map_or(Letters::AsWritten, |state| state.letters))
}

pub(crate) fn date(text: Option<&str>) -> Result<Option<Date>, Failure> {
    let read = |text| {
        Date::parse(text).ok_or_else(|| {
            Failure::new(USAGE, "--effective is not a date").help("write it as 2026-11-23")
        })
    };
    text.map(read).transpose()
}

pub(crate) fn reason(text: &str) -> Result<ReasonCode, Failure> {
    ReasonCode::parse(text).ok_or_else(|| {
        Failure::new(USAGE, "--reason is not a reason code")
            .help("codes look like C02: capital letters, digits and -")
    })
}

/// Whether an opening shows the same number and content as another, whatever their secrets.
pub(crate) fn same_content(one: &Opening, other: &Opening) -> bool {
    let same = match (&one.content, &other.content) {
        (None, None) => true,
        (
            Some(Content::Document { document: a, .. }),
            Some(Content::Document { document: b, .. }),
        ) => a == b,
        (Some(Content::Fields { fields: a, .. }), Some(Content::Fields { fields: b, .. })) => {
            a == b
        }
        _ => false,
    };
    one.record == other.record && same
}

/// The statement that makes a record.
pub(crate) fn first(
    clerk: &Clerk,
    registry: RegistryName,
    key: RecordKey,
    effective: Option<Date>,
    references: Vec<Reference>,
    opening: &Opening,
) -> Statement {
    Statement {
        operation: Operation::Register,
        registry,
        key,
        version: Version::new(1),
        previous: None,
        effective,
        reason: None,
        references,
        commitment: opening.content.as_ref().map(Content::commit),
        author: clerk.name.clone(),
        expires: clerk.expires,
    }
}

/// A record's history, after its proof held.
pub(crate) fn history(
    clerk: &Clerk,
    registry: &RegistryName,
    key: &RecordKey,
) -> Result<verify::history::Facts, Failure> {
    let history = clerk.client.history(registry, key)?;
    let judged = verify::history::judge(&clerk.trust, &history, registry, key);
    let failed = judged.steps.iter().find(|step| !step.ok);
    let failed = failed.map_or("", |step| step.detail.as_str());
    let what = format!("the node's history of the record does not hold: {failed}");
    let verdict = judged.verdict;
    judged.facts.ok_or_else(|| Failure::verdict(verdict, what))
}

/// Carries what a clerk wants to its receipt, and shows it. Signed is what was agreed to, or what a try
/// before this one left on disk.
pub(crate) fn carry(
    clerk: &Clerk,
    receipt_path: &Path,
    wish: Wish<'_>,
    output: &Output,
) -> Result<u8, Failure> {
    let there = already::receipt(clerk, receipt_path, &wish.statement, &wish.opening)?;
    let facts = if let Some(facts) = there {
        output.note("the receipt is already there");
        facts
    } else {
        let said = if terminal::answers(output) {
            words::of(&wish, &clerk.origin)
        } else {
            // What nobody has typed is said to whoever reads along later.
            words::rests(&wish)
        };
        let agree = || {
            for line in &said {
                output.note(line);
            }
            let asks = !wish.yes && terminal::answers(output);
            if asks && !terminal::agrees(terminal::SIGN, output) {
                return Err(Failure::new(USAGE, "not confirmed; nothing was signed"));
            }
            Ok(())
        };
        bring(clerk, receipt_path, wish.statement, wish.opening, agree)?
    };
    show(output, &facts, receipt_path, clerk.trust.witnesses().len());
    Ok(DONE)
}

/// Signs a statement once that is agreed to, and carries it to its receipt where there is none yet.
pub(crate) fn bring(
    clerk: &Clerk,
    receipt_path: &Path,
    statement: Statement,
    opening: Opening,
    agree: impl FnOnce() -> Result<(), Failure>,
) -> Result<Facts, Failure> {
    let pending_path = files::beside(receipt_path, ".pending");
    let (pending, is_earlier) = match already::left_over(&pending_path, &statement, &opening)? {
        Some(found) => (found.pending, found.is_earlier),
        None => {
            agree()?;
            let entry = statement.sign(&clerk.origin, &clerk.secret);
            let pending = Pending { entry, opening };
            files::write(&pending_path, pending.write().as_bytes())?;
            (pending, false)
        }
    };
    let id = pending.entry.statement.id();
    match send(clerk, &pending, &id.to_hex()) {
        Ok(Some(bytes)) => {
            let (text, facts) = accept(&clerk.trust, &pending, &bytes)?;
            files::write(receipt_path, text.as_bytes())?;
            let _left = std::fs::remove_file(&pending_path);
            if is_earlier {
                return Err(already::finished_earlier(receipt_path, &facts));
            }
            Ok(facts)
        }
        Ok(None) => Err(Failure::verdict(Verdict::Pending, "the entry was accepted and is not final yet").help(
            "run the same command again to get the receipt: it sends the same entry; `muhr network status` says who is missing",
        )),
        Err(failure) => {
            // A refusal is final; only what may still come true stays on disk.
            if !matches!(failure.code, UNREACHABLE | UNEXPECTED) {
                let _left = std::fs::remove_file(&pending_path);
            }
            Err(failure)
        }
    }
}

fn send(clerk: &Clerk, pending: &Pending, id: &str) -> Result<Option<Vec<u8>>, Failure> {
    let entry = pending.entry.write();
    let mut told_again = false;
    loop {
        let answer = clerk.client.submit(&entry, clerk.until)?;
        if let (EntryState::Refused, Some(problem)) = (answer.state, &answer.problem) {
            return Err(of_problem(problem));
        }
        match clerk.client.receipt(id, clerk.until) {
            // A node that has started anew, or is asked in place of another, may not know the entry.
            Err(failure) if failure.code == UNEXPECTED && !told_again => told_again = true,
            other => return other,
        }
    }
}

/// Believes a receipt from a node only after the same judgement that everybody can make.
pub(crate) fn accept<'a>(
    trusts: impl Into<Trusts<'a>>,
    pending: &Pending,
    bytes: &[u8],
) -> Result<(String, Facts), Failure> {
    believe(trusts, pending, read(bytes)?)
}

/// Reads a receipt from a node.
pub(crate) fn read(bytes: &[u8]) -> Result<Receipt, Failure> {
    Receipt::parse(bytes).map_err(|error| broken(format!("the node's receipt: {error}")))
}

/// The same of a receipt that was read before.
pub(crate) fn believe<'a>(
    trusts: impl Into<Trusts<'a>>,
    pending: &Pending,
    mut receipt: Receipt,
) -> Result<(String, Facts), Failure> {
    // Another valid signature over the same statement is the same entry.
    if receipt.entry.statement != pending.entry.statement {
        return Err(broken("the node's receipt is of another entry".to_owned()));
    }
    receipt.opening = Some(pending.opening.clone());
    let judged = verify::receipt::judge_read(trusts, Ok(&receipt), None);
    let failed = judged
        .steps
        .iter()
        .find(|step| !step.ok)
        .map_or_else(String::new, |step| {
            format!(": {}: {}", step.name, step.detail)
        });
    match judged.facts {
        Some(facts) if !matches!(judged.verdict, Verdict::Altered | Verdict::CannotDecide) => {
            Ok((receipt.write(), facts))
        }
        _ => Err(Failure {
            code: judged.verdict.exit_code(),
            ..broken(format!("the node's receipt does not verify{failed}"))
        }),
    }
}

fn broken(what: String) -> Failure {
    Failure::verdict(Verdict::ProofBroken, what)
        .help("ask another agency's node for the receipt, and tell the auditors")
}

fn show(output: &Output, facts: &Facts, path: &Path, validators: usize) {
    output.data(&json!({
        "schema": "muhr/anchor/1", "record": facts.record, "registry": facts.registry, "operation": facts.operation.word(),
        "version": facts.version.get(), "index": facts.index.get(), "height": facts.height.get(), "time": iso(facts.time.get()),
        "cosigners": facts.cosigners.iter().map(|(name, _)| name).collect::<Vec<_>>(), "receipt": path.display().to_string(),
    }));
    let done = match facts.operation {
        Operation::Register => "anchored",
        Operation::Amend => "amended",
        Operation::Correct => "corrected",
        Operation::Suspend => "suspended",
        Operation::Reinstate => "reinstated",
        Operation::Revoke => "revoked",
        Operation::Confirm => "confirmed",
        Operation::Dispute => "disputed",
        Operation::Withdraw => "withdrawn",
    };
    output.text(&format!(
        "✔ {done}  {}  in {}, version {}",
        facts.record.as_deref().unwrap_or(""),
        facts.registry,
        facts.version
    ));
    output.text(&format!(
        "  block {}  {}  cosigned by {} of {validators} agencies",
        facts.height,
        local(facts.time.get()),
        facts.cosigners.len()
    ));
    output.text(&format!("  receipt {}", path.display()));
}
