//! Poison: entries at the edges of the rules. Whatever the door lets in, a block takes, and the
//! reverse; and an entry that was let in and is refused later stops no proposer.

use std::collections::BTreeSet;

use ledger::{Built, InvalidBlock, Ledger, NotAdmitted, NotExecuted, Records, Refusal};
use protocol::{
    authentic::Authentic,
    entry::{Committed, EntryRef, Operation, Reference, Statement},
    hash::{Commitment, EntryId, LeafHash},
    height::{Height, LeafIndex, TimeMs, Version},
    name::{ClerkName, Date, ReasonCode},
    state::{Limits, RecordState},
};
use testkit::Random;

use crate::{
    returns,
    world::{
        self, ANNA, BOB, LICENCES, LOLA, OLD, PARCELS, PERMITS, genesis_with, key, next, proposal,
        registry, secret, sign, sign_batch, sign_with,
    },
};

const SEEDS: u64 = 12;
const BLOCKS: u64 = 12;
const RECORDS: u64 = 6;

fn small() -> Limits {
    Limits {
        block_entries: 7,
        ..Limits::default()
    }
}

struct Poisoner {
    random: Random,
    ledger: Ledger,
    logged: Vec<Authentic>,
}

impl Poisoner {
    fn state(&self, number: u64) -> Option<RecordState> {
        let head = self.ledger.head();
        let at = RecordState::index_key(&registry(PERMITS), &key(number));
        self.ledger.records_at(&head).record(&at).unwrap()
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        *self.random.pick(choices)
    }

    /// A sound statement, or one that is bent at one to three of its edges.
    fn statement(&mut self) -> Statement {
        let number = self.random.below(RECORDS);
        let operation = self.pick(&Operation::ALL);
        let state = self.state(number);
        let mut statement = next(operation, number, state.as_ref());
        statement.expires = self.ledger.head().height().next();
        for _ in 0..self.random.below(4) {
            self.bend(&mut statement, state.as_ref());
        }
        statement
    }

    fn bend(&mut self, statement: &mut Statement, state: Option<&RecordState>) {
        let height = self.ledger.head().height().get();
        let lifetime = self.ledger.head().directory().limits().lifetime_heights;
        match self.random.below(9) {
            0 => {
                let last = height + 1 + lifetime;
                let edges = [
                    0,
                    1,
                    height,
                    height + 1,
                    height + 2,
                    last,
                    last + 1,
                    u64::MAX,
                ];
                statement.expires = Height::new(self.pick(&edges));
            }
            1 => {
                let version = statement.version.get();
                let edges = [
                    0,
                    1,
                    version.wrapping_sub(1),
                    version.wrapping_add(1),
                    u64::MAX,
                ];
                statement.version = Version::new(self.pick(&edges));
            }
            2 => statement.previous = self.previous(state),
            3 => {
                let count = self.pick(&[1, 1, 2, 5]);
                statement.references = (0..count).map(|_| self.reference(statement)).collect();
            }
            4 => {
                let author = self.pick(&[ANNA, BOB, OLD, LOLA, "build/nobody", "nowhere/anna"]);
                statement.author = ClerkName::parse(author).unwrap();
            }
            5 => {
                let due = statement.reason.is_none();
                statement.reason = due.then(|| ReasonCode::parse("C01").unwrap());
            }
            6 => {
                let missing = statement.commitment.is_none();
                statement.commitment =
                    missing.then(|| Committed::Document(Commitment::new([9; 32])));
            }
            7 => {
                let name = self.pick(&[PERMITS, LICENCES, PARCELS, "no.such"]);
                statement.registry = registry(name);
            }
            _ => {
                let date = self.pick(&["1970-01-01", "2026-11-23", "9999-12-31"]);
                statement.effective = Date::parse(date);
            }
        }
    }

    fn previous(&mut self, state: Option<&RecordState>) -> Option<EntryRef> {
        let sound = state.map(RecordState::place);
        let mut bent = sound.unwrap_or(EntryRef {
            index: LeafIndex::new(0),
            hash: LeafHash::new([0; 32]),
            height: Height::ZERO,
            time: TimeMs::ZERO,
        });
        match self.random.below(6) {
            0 => return None,
            1 => bent.index = LeafIndex::new(self.pick(&[0, 1, u64::MAX])),
            2 => bent.hash = LeafHash::new([1; 32]),
            3 => bent.height = Height::new(self.pick(&[0, bent.height.get() + 1, u64::MAX])),
            4 => bent.time = bent.time.next(),
            _ => {}
        }
        Some(bent)
    }

    fn reference(&mut self, statement: &Statement) -> Reference {
        let number = self.random.below(RECORDS + 1);
        let latest = self.state(number).map_or(0, |state| state.version.get());
        let version = self.pick(&[0, 1, latest, latest + 1, u64::MAX]);
        let itself = self.random.below(4) == 0;
        Reference {
            registry: registry(PERMITS),
            key: if itself { statement.key } else { key(number) },
            version: Version::new(version),
        }
    }

    /// A new entry, by its author's key or another's; or one that is in the log already.
    fn entry(&mut self) -> Authentic {
        if !self.logged.is_empty() && self.random.below(10) == 0 {
            let which = self.random.index(self.logged.len());
            return self.logged[which].clone();
        }
        if self.random.below(12) == 0 {
            return self.mark();
        }
        let statement = self.statement();
        if self.random.below(15) == 0 {
            return sign_with(statement, &secret("a stranger"));
        }
        if self.random.below(4) == 0 {
            return self.batch(statement);
        }
        sign(statement)
    }

    /// A return mark, of few agencies and nonces, by the right key or not.
    fn mark(&mut self) -> Authentic {
        let height = self.ledger.head().height().get();
        let agency = self.pick(&["build", "court", "land", "tax", "nobody"]);
        let mut said = returns::statement(agency, self.pick(&[1, 2, 3]));
        said.expires = Height::new(self.pick(&[height, height + 1, height + 2, u64::MAX]));
        if self.random.below(5) == 0 {
            said.peer = secret("another machine").public();
        }
        let purpose = self.pick(&["vote", "vote", "vote", "vote", "admin"]);
        returns::sign_with(said, &format!("{agency} {purpose}"))
    }

    /// A batch of up to eight; seven leaves are the most that a block takes.
    fn batch(&mut self, first: Statement) -> Authentic {
        let mut statements = vec![first.clone()];
        for _ in 0..self.random.below(8) {
            statements.push(Statement {
                author: first.author.clone(),
                expires: first.expires,
                ..self.statement()
            });
        }
        sign_batch(statements)
    }

    /// What the door says, and whether a block of this alone would be none.
    fn ask(&self, entry: &Authentic) -> (Option<Refusal>, bool) {
        let door = match self.ledger.admit(entry.clone()) {
            Ok(_) => None,
            Err(NotAdmitted::Refused(refusal)) => Some(refusal),
            Err(no @ (NotAdmitted::Moved | NotAdmitted::Fault(_))) => panic!("{no}"),
        };
        let time = self.ledger.head().time().next();
        let block = match self.ledger.execute(proposal(time), [entry]) {
            Ok(_) => false,
            Err(NotExecuted::Invalid(
                InvalidBlock::Entry { .. } | InvalidBlock::TooManyEntries { .. },
            )) => true,
            Err(other) => panic!("{other}"),
        };
        (door, block)
    }

    /// Proposes until nothing waits. Every block that is built is executed as others would.
    fn drain(&mut self, mut waiting: Vec<Authentic>) -> (u64, u64) {
        let (mut taken, mut dropped) = (0, 0);
        while !waiting.is_empty() {
            let time = self.ledger.head().time().next();
            let built = self.ledger.build(proposal(time), &waiting).unwrap();
            let Built {
                executed,
                taken: in_block,
                refused,
            } = built;
            dropped += refused.len() as u64;
            taken += executed.as_ref().map_or(0, |executed| executed.ids().len()) as u64;
            let refused: BTreeSet<EntryId> = refused.iter().map(|(id, _)| *id).collect();
            let in_block: BTreeSet<LeafHash> = in_block.into_iter().collect();
            let before = waiting.len();
            let (entries, left): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|entry| in_block.contains(&entry.hash()));
            waiting = left;
            waiting.retain(|entry| !refused.contains(&entry.id()));
            assert!(waiting.len() < before, "{before} entries stop the proposer");
            let Some(executed) = executed else { continue };
            let time = executed.block_leaf().time;
            let others = self.ledger.execute(proposal(time), &entries);
            assert_eq!(others.unwrap().block(), executed.block());
            self.logged.extend(entries);
            self.ledger.commit(&executed, b"").unwrap();
        }
        (taken, dropped)
    }
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("MUHR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MUHR_SEEDS").unwrap_or(SEEDS),
    }
}

/// One ledger fed with poison: entries tried, taken, and let in but refused in the end.
fn poison(seed: u64) -> (u64, u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis_with(small()), None).unwrap();
    let mut poisoner = Poisoner {
        random: Random::new(seed),
        ledger,
        logged: Vec::new(),
    };
    let (mut tried, mut taken, mut dropped) = (0, 0, 0);
    for _ in 0..BLOCKS {
        // Several for one record: all are let in, and the first of them makes poison of the rest.
        let mut waiting: Vec<Authentic> = Vec::new();
        let mut ids = BTreeSet::new();
        for _ in 0..40 {
            let entry = poisoner.entry();
            tried += 1;
            let (door, block) = poisoner.ask(&entry);
            assert_eq!(
                door.is_some(),
                block,
                "{entry:?}: {door:?}, in a block {block}"
            );
            if door.is_none() && ids.insert(entry.id()) {
                waiting.push(entry);
            }
        }
        let (in_blocks, refused) = poisoner.drain(waiting);
        taken += in_blocks;
        dropped += refused;
    }
    (tried, taken, dropped)
}

#[test]
fn the_door_and_the_law_agree_and_nothing_stops_a_proposer() {
    let mut total = (0, 0, 0);
    for seed in seeds() {
        let found = std::panic::catch_unwind(|| poison(seed)).unwrap_or_else(|cause| {
            eprintln!("replay: MUHR_SEED={seed} cargo test -p ledger --release --test it -- rule_edges::the_door");
            std::panic::resume_unwind(cause)
        });
        total = (total.0 + found.0, total.1 + found.1, total.2 + found.2);
    }
    let (tried, taken, dropped) = total;
    eprintln!("poison: {tried} entries, {taken} in blocks, {dropped} let in and refused later");
    assert!(taken > 0 && dropped > 0 && taken + dropped < tried);
    if let Some(folder) = std::env::var_os("MUHR_RELIABILITY") {
        let seeds = seeds().count();
        let line = format!(
            "{{\"lane\":\"poison\",\"failures\":0,\"seeds\":{seeds},\"cases\":{tried},\"in_blocks\":{taken},\"refused_later\":{dropped}}}\n"
        );
        std::fs::write(std::path::Path::new(&folder).join("poison.json"), line).unwrap();
    }
}

#[test]
fn the_last_height_and_the_last_day_count() {
    let mut chain = world::Chain::new();
    let last = chain.head.height().next();
    let expiring = |number, expires| {
        let mut statement = world::register(number);
        statement.expires = expires;
        sign(statement)
    };
    assert!(chain.execute(&[expiring(1, last)]).is_ok());
    chain.block([world::register(2)]);
    let late = chain.refusal(expiring(3, last));
    assert!(matches!(late, Some(Refusal::Expired { .. })), "{late:?}");

    // Bob's last day is 2027-01-31: its last millisecond counts, the next does not.
    let mut statement = world::register(4);
    statement.author = ClerkName::parse(BOB).unwrap();
    let entry = sign(statement);
    let until = Date::parse("2027-01-31").unwrap().last_ms();
    let at = |time| ledger::execute(&chain.head, &chain.records, proposal(time), [&entry]);
    assert!(at(until).is_ok());
    assert!(at(until.next()).is_err());
}
