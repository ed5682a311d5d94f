//! The way of one chunk of rows: sign, keep, send, wait, verify, write. How they are sent, many under one
//! signature, is in `batches`.

use std::time::{Duration, Instant};

use api::{Problem, RECEIPTS_MAX};
use protocol::{
    commitment::Secret,
    entry::{Authorship, Entry, Operation, Statement},
    height::{Height, Version},
    name::RegistryName,
    opening::{Content, Opening},
    pending::Pending,
    receipt::Receipt,
    record::RecordId,
    sheaf::Sheaf,
};

use verify::{Verdict, memory::Memory};

use super::{
    Outcome,
    batches::Sent,
    receipts::Receipts,
    rows::{Row, Values},
    upsert::{Found, Upsert},
};
use crate::{
    clerk::{
        journal::Journal,
        submission::{self, Clerk},
    },
    client::of_problem,
    exit::{CONFLICT, Failure},
    files,
};

/// How the ledger calls an entry whose last height is behind it.
pub(super) const EXPIRED: &str = "expired";
/// How long one request waits for receipts before the entries are handed in again.
const WAIT_MS: u64 = 3_000;

/// What all chunks share.
pub(super) struct Trip {
    pub(super) clerk: Clerk,
    pub(super) registry: RegistryName,
    pub(super) receipts: Receipts,
    pub(super) journal: Journal,
    /// Whether what is registered is amended.
    pub(super) upsert: Option<Upsert>,
    pub(super) timeout: u64,
}

/// What became of a chunk; a failure that is not a row's stops the run.
pub(super) struct Done {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) failure: Option<Failure>,
}

impl Done {
    pub(super) const fn failed(failure: Failure) -> Self {
        Self {
            outcomes: Vec::new(),
            failure: Some(failure),
        }
    }
}

/// A row with its entry.
pub(super) struct Traveller {
    row: u64,
    name: String,
    pub(super) id: String,
    pub(super) pending: Pending,
}

/// The rows of one chunk on their way. Whoever is in none of its lists has an outcome: nobody is lost,
/// whatever fails.
#[derive(Default)]
pub(super) struct Convoy {
    /// In no batch that is known: asked for one by one.
    pub(super) waiting: Vec<Traveller>,
    /// Handed in together.
    pub(super) batches: Vec<Sent>,
    /// Whose entries cannot be recorded any more, and are signed anew.
    pub(super) stale: Vec<Traveller>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Convoy {
    fn len(&self) -> usize {
        let batches: usize = self.batches.iter().map(|sent| sent.travellers.len()).sum();
        self.waiting.len() + self.stale.len() + batches
    }

    fn into_travellers(self) -> impl Iterator<Item = Traveller> {
        let batches = self.batches.into_iter().flat_map(|sent| sent.travellers);
        self.waiting.into_iter().chain(self.stale).chain(batches)
    }
}

impl Trip {
    pub(super) fn travel(&self, rows: Vec<Row>) -> Done {
        let mut convoy = Convoy::default();
        let mut fresh = Vec::new();
        let mut failure = None;
        let expires = self.expires();
        for row in rows {
            let number = row.number;
            let record = row.record.clone();
            let prepared = match &failure {
                None => self.prepare(row, expires),
                Some(_) => Ok(Prepared::Left),
            };
            match prepared {
                Ok(Prepared::Travels(traveller, is_fresh)) => match self.kept(&traveller) {
                    Some(outcome) => convoy.outcomes.push(outcome),
                    None => {
                        fresh.extend(is_fresh.then_some(convoy.waiting.len()));
                        convoy.waiting.push(*traveller);
                    }
                },
                Ok(Prepared::Decided(outcome)) => convoy.outcomes.push(*outcome),
                Ok(Prepared::Left) => convoy.outcomes.push(pending(number, record)),
                Err(stopped) => {
                    failure = Some(stopped);
                    convoy.outcomes.push(pending(number, record));
                }
            }
        }
        let kept = fresh
            .iter()
            .filter_map(|at| convoy.waiting.get(*at))
            .map(|traveller| &traveller.pending);
        let is_new = fresh.len() == convoy.waiting.len();
        let result = self
            .journal
            .keep(kept)
            .and_then(|()| self.send(&mut convoy, is_new));
        let mut outcomes = std::mem::take(&mut convoy.outcomes);
        // Whoever is left has been kept but has no receipt: the next run goes on with the same entry.
        let left = convoy.into_travellers();
        outcomes.extend(left.map(|left| pending(left.row, left.pending.opening.record)));
        Done {
            outcomes,
            failure: failure.or(result.err()),
        }
    }

    /// The last height of what is signed now: a run may take longer than an entry lives.
    fn expires(&self) -> Height {
        let network = self.clerk.client.network();
        network.map_or(self.clerk.expires, |network| {
            submission::last_height(&network).max(self.clerk.expires)
        })
    }

    /// The entry of an earlier run if the row has not changed since, else a new one.
    fn prepare(&self, row: Row, expires: Height) -> Result<Prepared, Failure> {
        let secret = Secret::new(files::random()?);
        let content = match row.content {
            Values::Fields(fields) => Content::Fields { fields, secret },
            Values::Document(document) => Content::Document {
                document,
                salt: secret,
            },
        };
        let opening = Opening {
            record: row.record,
            content: Some(content),
        };
        let key = opening.record.key(&self.registry);
        let travels = |pending: Pending, is_fresh| {
            let traveller = Traveller {
                row: row.number,
                name: row.name.clone(),
                id: pending.entry.statement.id().to_hex(),
                pending,
            };
            Ok(Prepared::Travels(Box::new(traveller), is_fresh))
        };
        let earlier = self.journal.earlier(&key);
        let is_same = |earlier: &Pending| {
            submission::same_content(&earlier.opening, &opening)
                && earlier.entry.statement.effective == row.effective
        };
        if let Some(earlier) = earlier.filter(is_same) {
            return travels(earlier, false);
        }
        let (version, amends) = match &self.upsert {
            None => (Version::new(1), None),
            Some(upsert) => match upsert.judge(&self.clerk, &self.registry, &key, &opening)? {
                Found::New => (Version::new(1), None),
                Found::Changed(version, previous, references) => {
                    let reason = upsert.reason.clone();
                    (version, Some((previous, reason, references)))
                }
                Found::Unchanged(version) => {
                    let outcome = Outcome {
                        version: Some(version.get()),
                        ..Outcome::not_done(
                            row.number,
                            Some(opening.record),
                            "unchanged",
                            String::new(),
                        )
                    };
                    return Ok(Prepared::Decided(Box::new(outcome)));
                }
                Found::Not(status, reason) => {
                    let outcome = not_done(row.number, &row.name, &opening, status, reason);
                    return Ok(Prepared::Decided(Box::new(outcome)));
                }
            },
        };
        let statement = Statement {
            operation: amends
                .as_ref()
                .map_or(Operation::Register, |_| Operation::Amend),
            registry: self.registry.clone(),
            key,
            version,
            previous: amends.as_ref().map(|(previous, ..)| *previous),
            effective: row.effective.clone(),
            reason: amends.as_ref().map(|(_, reason, _)| reason.clone()),
            references: amends.map_or_else(Vec::new, |(.., references)| references),
            commitment: opening.content.as_ref().map(Content::commit),
            author: self.clerk.name.clone(),
            expires,
        };
        let authorship = Authorship::Batched;
        let entry = Entry {
            statement,
            authorship,
        };
        travels(Pending { entry, opening }, true)
    }

    /// What a receipt that is there already says: one of this very entry that still verifies is the
    /// answer, and that of another entry is never written over.
    fn kept(&self, traveller: &Traveller) -> Option<Outcome> {
        let statement = &traveller.pending.entry.statement;
        let bytes = self.receipts.find(&traveller.name, &statement.key)?;
        let receipt = Receipt::parse(&bytes).ok()?;
        if receipt.entry.statement == *statement {
            submission::accept(&self.clerk.trust, &traveller.pending, &bytes).ok()?;
            return Some(self.anchored(traveller));
        }
        let reason = format!(
            "{} is or holds the receipt of another entry; anchor this table with another --out",
            self.receipts.path(&traveller.name).display()
        );
        Some(of_traveller(traveller, "conflict", reason))
    }

    fn anchored(&self, traveller: &Traveller) -> Outcome {
        let statement = &traveller.pending.entry.statement;
        let record = Some(traveller.pending.opening.record.clone());
        let status = match statement.operation {
            Operation::Amend => "amended",
            _ => "anchored",
        };
        Outcome {
            version: Some(statement.version.get()),
            receipt: Some(self.receipts.path(&traveller.name)),
            ..Outcome::not_done(traveller.row, record, status, String::new())
        }
    }

    /// Hands in and fetches in turn until nobody waits any more. A node that has lost its memory, or is
    /// asked in place of another, learns of the entries again; time runs out only where nothing moves.
    fn send(&self, convoy: &mut Convoy, is_new: bool) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.timeout);
        if !is_new {
            self.fetch(convoy, 0)?;
            self.part_with_foreign(convoy);
        }
        let mut until = Instant::now() + patience;
        while convoy.len() > 0 {
            let before = convoy.len();
            self.renew(convoy)?;
            self.hand_in(convoy, patience)?;
            self.fetch_batches(convoy)?;
            self.fetch(convoy, WAIT_MS)?;
            if convoy.len() < before {
                until = Instant::now() + patience;
            } else if Instant::now() >= until {
                let what = format!("no entry became final within {} s", self.timeout);
                return Err(Failure::verdict(Verdict::Pending, what).help(
                    "run the same command again: it sends the same entries; `muhr network status` says who is missing",
                ));
            }
        }
        Ok(())
    }

    /// What another clerk signed in an earlier run and is not in the log, this one cannot hand in.
    fn part_with_foreign(&self, convoy: &mut Convoy) {
        let own =
            |traveller: &Traveller| traveller.pending.entry.statement.author == self.clerk.name;
        let (waiting, foreign) = std::mem::take(&mut convoy.waiting)
            .into_iter()
            .partition(own);
        convoy.waiting = waiting;
        let foreign: Vec<Traveller> = foreign;
        convoy.stale.extend(foreign);
    }

    /// Signs anew what cannot be recorded any more: the same content, with another last height. Should the
    /// older entry be in the log after all, the newer is refused, so there is never more than one.
    fn renew(&self, convoy: &mut Convoy) -> Result<(), Failure> {
        if convoy.stale.is_empty() {
            return Ok(());
        }
        let expires = self.expires();
        for traveller in &mut convoy.stale {
            let statement = &mut traveller.pending.entry.statement;
            statement.author = self.clerk.name.clone();
            statement.expires = expires;
            traveller.id = statement.id().to_hex();
            traveller.pending.entry.authorship = Authorship::Batched;
        }
        let renewed = convoy.stale.iter().map(|traveller| &traveller.pending);
        self.journal.keep(renewed)?;
        convoy.waiting.append(&mut convoy.stale);
        Ok(())
    }

    /// Fetches the receipts of whole batches. Those of which there is no sheaf are asked for one by one.
    fn fetch_batches(&self, convoy: &mut Convoy) -> Result<(), Failure> {
        while let Some(sent) = convoy.batches.pop() {
            let answer = self.clerk.client.sheaf(&sent.id, WAIT_MS);
            let sheaf = match answer {
                Ok(bytes) => bytes.and_then(|bytes| Sheaf::parse(&bytes).ok()),
                Err(failure) => {
                    convoy.batches.push(sent);
                    return Err(failure);
                }
            };
            let mut travellers = sent.travellers.into_iter();
            let result = match sheaf
                .as_ref()
                .and_then(|sheaf| sheaf.receipts(&sent.entries))
            {
                Some(receipts) => self.take_all(receipts, &mut travellers, convoy),
                None => Ok(()),
            };
            convoy.waiting.extend(travellers);
            result?;
        }
        Ok(())
    }

    fn take_all(
        &self,
        receipts: impl Iterator<Item = Receipt>,
        travellers: &mut impl Iterator<Item = Traveller>,
        convoy: &mut Convoy,
    ) -> Result<(), Failure> {
        let memory = Memory::new(&self.clerk.trust);
        for receipt in receipts {
            let Some(traveller) = travellers.next() else {
                return Ok(());
            };
            self.take(&memory, receipt, traveller, convoy)?;
        }
        Ok(())
    }

    /// Verifies a receipt and writes it.
    fn take(
        &self,
        memory: &Memory<'_>,
        receipt: Receipt,
        traveller: Traveller,
        convoy: &mut Convoy,
    ) -> Result<(), Failure> {
        let kept =
            submission::believe(memory, &traveller.pending, receipt).and_then(|(text, _)| {
                let key = traveller.pending.entry.statement.key;
                self.receipts.keep(&traveller.name, key, text.as_bytes())
            });
        match kept {
            Ok(()) => convoy.outcomes.push(self.anchored(&traveller)),
            Err(failure) => {
                convoy.waiting.push(traveller);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Fetches what is final, one by one; verifies and writes it.
    fn fetch(&self, convoy: &mut Convoy, wait_ms: u64) -> Result<(), Failure> {
        let mut asked = std::mem::take(&mut convoy.waiting).into_iter();
        let mut result = Ok(());
        while result.is_ok() && asked.len() > 0 {
            let some = asked.by_ref().take(RECEIPTS_MAX).collect();
            result = self.fetch_some(some, convoy, wait_ms);
        }
        convoy.waiting.extend(asked);
        result
    }

    fn fetch_some(
        &self,
        some: Vec<Traveller>,
        convoy: &mut Convoy,
        wait_ms: u64,
    ) -> Result<(), Failure> {
        let ids: Vec<String> = some.iter().map(|traveller| traveller.id.clone()).collect();
        let answers = match self.clerk.client.receipts(&ids, wait_ms) {
            Ok(answers) => answers,
            Err(failure) => {
                convoy.waiting.extend(some);
                return Err(failure);
            }
        };
        // Most of them come under one checkpoint, and in one batch.
        let memory = Memory::new(&self.clerk.trust);
        let mut result = Ok(());
        for (traveller, answer) in some.into_iter().zip(answers) {
            match (answer.receipt, answer.problem) {
                (Some(text), _) if result.is_ok() => {
                    result = match submission::read(text.as_bytes()) {
                        Ok(receipt) => self.take(&memory, receipt, traveller, convoy),
                        Err(failure) => {
                            convoy.waiting.push(traveller);
                            Err(failure)
                        }
                    };
                }
                (None, Some(problem)) if problem.code == EXPIRED => convoy.stale.push(traveller),
                (None, Some(problem)) => {
                    convoy.outcomes.push(refused(&traveller, problem));
                }
                _ => convoy.waiting.push(traveller),
            }
        }
        result
    }
}

/// What is to be done with a row.
enum Prepared {
    /// Its entry is sent; whether it is new.
    Travels(Box<Traveller>, bool),
    Decided(Box<Outcome>),
    /// The run has stopped before it.
    Left,
}

fn pending(row: u64, record: RecordId) -> Outcome {
    let reason = "no receipt yet; run the same command again".to_owned();
    Outcome::not_done(row, Some(record), "pending", reason)
}

pub(super) fn refused(traveller: &Traveller, problem: Problem) -> Outcome {
    let failure = of_problem(&problem);
    let status = if failure.code == CONFLICT {
        "conflict"
    } else {
        "refused"
    };
    of_traveller(traveller, status, failure.what).coded(problem.code)
}

fn of_traveller(traveller: &Traveller, status: &'static str, reason: String) -> Outcome {
    let opening = &traveller.pending.opening;
    not_done(traveller.row, &traveller.name, opening, status, reason)
}

/// What somebody must mend, with the row itself.
fn not_done(
    row: u64,
    name: &str,
    opening: &Opening,
    status: &'static str,
    reason: String,
) -> Outcome {
    let cells = match &opening.content {
        Some(Content::Fields { fields, .. }) => super::cells(fields),
        _ => vec![name.to_owned()],
    };
    Outcome {
        cells,
        ..Outcome::not_done(row, Some(opening.record.clone()), status, reason)
    }
}
