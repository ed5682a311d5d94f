//! Every state that the voting rules can reach: all honest validators, all orders of messages, all
//! timeouts, all crashes, up to a number of rounds.
//!
//! The model is wider than the protocol. Whatever was said may reach whom it likes, when it likes
//! (a soup of messages that is never emptied); every proposer is Byzantine and offers any block and
//! any polka that exists; Byzantine votes are in every quorum that lacks them; anybody may leave any
//! round at any time and skip others. Prevotes with different valid rounds add up here though not in
//! the code. So what holds here holds there. Nil votes change nothing in such a soup and are left out.
//!
//! A state is what the honest have said: per validator and round a prevote and a precommit, each for
//! A, B or none. Validators are sorted and the blocks may change names, so that states that differ
//! by that only are one. Quorum and lock rule are those of the code. Not here: liveness, more than two
//! blocks, more rounds than asked for, and the code that is not the rules: see `walk`.

use protocol::{hash::BlockId, height::Round};

use super::{
    seeds::leave_figures,
    world::{World, block},
};
use crate::{machine::lock_allows, safety::Lock};

mod table;

/// Whether a lock allows a prevote for a block with this valid round.
type Allows = fn(Option<Lock>, BlockId, Option<Round>) -> bool;

/// The rules that the model runs: the code's, or with a mistake in them.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) quorum: fn(&World) -> usize,
    pub(super) lock_allows: Allows,
    /// Whether a crash makes a validator forget its lock. Any validator may crash at any time.
    pub(super) crash_forgets_lock: bool,
    /// Whether precommits of different rounds add up.
    pub(super) rounds_mix: bool,
}

/// What the code does.
pub(super) const RULES: Rules = Rules {
    quorum: |world| world.set.quorum(),
    lock_allows,
    crash_forgets_lock: false,
    rounds_mix: false,
};

/// What a search looks for. Both are visited by the same states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// Two decided blocks only.
    Forks,
    /// Those, and votes for which evidence of amnesia would accuse an honest validator.
    ForksAndFrames,
}

/// How a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All states were visited, and none is bad.
    Exhausted { states: usize },
    /// A bad state was reached.
    Found { what: &'static str, states: usize },
}

/// Votes of one validator at all rounds: base 9, the digit of round r being prevote + 3 * precommit.
type History = u16;

/// One validator's possible votes, unpacked once.
#[derive(Clone, Default)]
struct Past {
    /// Per round and block: 1 in its own 4 bits.
    prevotes: u64,
    precommits: u64,
    /// The first place, 2 * round + (0 prevote, 1 precommit), at which it may still vote.
    next: usize,
    /// Round and block of the last precommit.
    lock: Option<(usize, usize)>,
    swapped: History,
}

/// Where the count of votes for `value` in `round` lies in a sum of `prevotes` or `precommits`.
fn count(sum: u64, round: usize, value: usize) -> usize {
    (sum >> (4 * (2 * round + value)) & 15) as usize
}

pub(super) struct Model {
    rules: Rules,
    rounds: usize,
    honest: usize,
    faulty: usize,
    quorum: usize,
    pasts: Vec<Past>,
    /// Bits per history in a packed state.
    width: u32,
    powers: Vec<u16>,
}

impl Model {
    pub(super) fn new(n: usize, rounds: usize, rules: Rules) -> Self {
        let world = World::new(n);
        let faulty = world.set.faulty_max();
        let powers: Vec<u16> = (0..rounds as u32).map(|round| 9_u16.pow(round)).collect();
        let all = 9_usize.pow(rounds as u32);
        let mut model = Self {
            rules,
            rounds,
            honest: n - faulty,
            faulty,
            quorum: (rules.quorum)(&world),
            pasts: Vec::new(),
            width: usize::BITS - (all - 1).leading_zeros(),
            powers,
        };
        assert!(model.width as usize * model.honest <= 64);
        model.pasts = (0..all).map(|history| model.unpack(history)).collect();
        model
    }

    fn unpack(&self, history: usize) -> Past {
        let mut past = Past::default();
        for round in 0..self.rounds {
            let digit = history / usize::from(self.powers[round]) % 9;
            let (prevote, precommit) = (digit % 3, digit / 3);
            let swap = |vote: usize| (3 - vote) % 3;
            past.swapped += self.powers[round] * (swap(prevote) + 3 * swap(precommit)) as u16;
            if prevote > 0 {
                past.prevotes |= 1 << (4 * (2 * round + prevote - 1));
                past.next = 2 * round + 1;
            }
            if precommit > 0 {
                past.precommits |= 1 << (4 * (2 * round + precommit - 1));
                past.next = 2 * round + 2;
                past.lock = Some((round, precommit - 1));
            }
        }
        past
    }

    /// Visits every state. The visited ones are one table of words, and so is the queue.
    pub(super) fn run(&self, search: Search) -> Outcome {
        let mut seen = table::Table::new();
        let mut queue = vec![0_u64];
        seen.insert(0);
        let mut histories = vec![0; self.honest];
        while let Some(state) = queue.pop() {
            for (at, history) in histories.iter_mut().enumerate() {
                *history = (state >> (self.width * at as u32) & ((1 << self.width) - 1)) as History;
            }
            if let Some(what) = self.expand(search, &histories, &mut seen, &mut queue) {
                let states = seen.len();
                return Outcome::Found { what, states };
            }
        }
        let states = seen.len();
        Outcome::Exhausted { states }
    }

    fn expand(
        &self,
        search: Search,
        histories: &[History],
        seen: &mut table::Table,
        queue: &mut Vec<u64>,
    ) -> Option<&'static str> {
        let past = |history: &History| &self.pasts[usize::from(*history)];
        let prevotes: u64 = histories.iter().map(|h| past(h).prevotes).sum();
        let precommits: u64 = histories.iter().map(|h| past(h).precommits).sum();
        if self.decided(precommits, 0) && self.decided(precommits, 1) {
            return Some("two blocks are decided");
        }
        for (at, history) in histories.iter().enumerate() {
            if at > 0 && histories[at - 1] == *history {
                continue;
            }
            let past = past(history);
            for place in past.next..2 * self.rounds {
                let (round, precommit) = (place / 2, place % 2 == 1);
                for value in 0..2 {
                    let may = if precommit {
                        self.polka(prevotes, round, value)
                    } else {
                        match self.prevote(past, prevotes, round, value) {
                            Answer::No => false,
                            Answer::Yes => true,
                            Answer::Framed if search == Search::Forks => true,
                            Answer::Framed => return Some("an honest validator looks guilty"),
                        }
                    };
                    if may {
                        let vote = (value + 1) * if precommit { 3 } else { 1 };
                        let added = *history + self.powers[round] * vote as u16;
                        let next = self.canonical(histories, at, added);
                        if seen.insert(next) {
                            queue.push(next);
                        }
                    }
                }
            }
        }
        None
    }

    fn polka(&self, prevotes: u64, round: usize, value: usize) -> bool {
        count(prevotes, round, value) + self.faulty >= self.quorum
    }

    fn decided(&self, precommits: u64, value: usize) -> bool {
        let in_round = |round| count(precommits, round, value);
        let reached = |votes: usize| votes > 0 && votes + self.faulty >= self.quorum;
        if self.rules.rounds_mix {
            return reached((0..self.rounds).map(in_round).sum());
        }
        (0..self.rounds).any(|round| reached(in_round(round)))
    }

    /// Whether a validator may prevote `value` in `round`, and whether it could be accused for it.
    fn prevote(&self, past: &Past, prevotes: u64, round: usize, value: usize) -> Answer {
        let lock = past.lock.map(|(round, value)| Lock {
            round: Round::new(round as u64),
            block: block(value as u64),
        });
        let forgotten = self.rules.crash_forgets_lock.then_some(None);
        let older = (0..round).filter(|older| self.polka(prevotes, *older, value));
        let offers = std::iter::once(None).chain(older.map(Some));
        let mut answer = Answer::No;
        for offer in offers {
            let valid_round = offer.map(|round| Round::new(round as u64));
            let mut locks = std::iter::once(lock).chain(forgotten);
            let name = block(value as u64);
            if locks.any(|lock| (self.rules.lock_allows)(lock, name, valid_round)) {
                answer = Answer::Yes;
                if past.precommitted_other(value, offer) {
                    return Answer::Framed;
                }
            }
        }
        answer
    }

    /// The state with one history replaced: sorted, under the names that make it smaller.
    fn canonical(&self, histories: &[History], at: usize, added: History) -> u64 {
        let (mut plain, mut swapped) = ([0; 8], [0; 8]);
        for (i, history) in histories.iter().enumerate() {
            let history = if i == at { added } else { *history };
            plain[i] = history;
            swapped[i] = self.pasts[usize::from(history)].swapped;
        }
        plain[..self.honest].sort_unstable();
        swapped[..self.honest].sort_unstable();
        let least = plain.min(swapped);
        let pack = |state, history: &History| state << self.width | u64::from(*history);
        least[..self.honest].iter().rev().fold(0, pack)
    }
}

enum Answer {
    No,
    Yes,
    Framed,
}

impl Past {
    /// Whether a prevote for `value` with this valid round, after what was precommitted, is what
    /// evidence of amnesia calls guilty.
    fn precommitted_other(&self, value: usize, valid_round: Option<usize>) -> bool {
        let first = valid_round.map_or(0, |round| round + 1);
        let rounds = first..self.next / 2 + 1;
        rounds
            .rev()
            .any(|round| count(self.precommits, round, 1 - value) > 0)
    }
}

/// `expected` is what earlier runs counted: fewer would mean that the model has become narrower.
fn exhaust(n: usize, rounds: usize, expected: usize) {
    let start = std::time::Instant::now();
    let outcome = Model::new(n, rounds, RULES).run(Search::ForksAndFrames);
    let Outcome::Exhausted { states } = outcome else {
        panic!("n = {n}, {rounds} rounds: {outcome:?}");
    };
    assert_eq!(states, expected, "n = {n}, {rounds} rounds");
    let seconds = start.elapsed().as_secs_f32();
    eprintln!("model: n = {n}, {rounds} rounds, all {states} states, {seconds:.1} s");
    leave_figures(
        &format!("model n={n} rounds={rounds}"),
        &[("cases", states as u64)],
    );
}

#[test]
fn every_state_of_n_4_in_4_rounds_agrees() {
    exhaust(4, 4, 2_286_346);
}

#[test]
fn every_state_of_n_7_in_2_rounds_agrees() {
    exhaust(7, 2, 30_277);
}

/// Minutes and gigabytes: `MUHR_LONG=1 cargo test -p consensus --release every_state`.
#[test]
fn every_state_of_n_4_in_5_and_n_7_in_3_rounds_agrees_if_asked_for() {
    if std::env::var_os("MUHR_LONG").is_some() {
        exhaust(7, 3, 20_608_152);
        exhaust(4, 5, 109_399_162);
    }
}

/// Rules with one mistake each, and what to look for in how many rounds. That the model finds them is
/// why it is believed when it finds none.
pub(super) fn broken() -> [(&'static str, Search, usize, Rules); 8] {
    let quorum: fn(&World) -> usize = |world| 2 * world.set.faulty_max();
    let no_check: Allows = |_, _, _| true;
    let any_older: Allows = |lock, _, valid_round| lock.is_none() || valid_round.is_some();
    let paper: Allows = |lock, block, valid_round| {
        lock.is_some_and(|lock| lock.block == block) || lock_allows(lock, block, valid_round)
    };
    let (forks, frames) = (Search::Forks, Search::ForksAndFrames);
    let crash_forgets_lock = true;
    let lost = Rules {
        crash_forgets_lock,
        ..RULES
    };
    let rounds_mix = true;
    let with = |lock_allows| Rules {
        lock_allows,
        ..RULES
    };
    [
        ("quorum 2f", forks, 1, Rules { quorum, ..RULES }),
        ("no lock check", forks, 2, with(no_check)),
        ("unlock on any older polka", forks, 3, with(any_older)),
        ("lock lost in a crash", forks, 2, lost),
        (
            "precommits of all rounds add up",
            forks,
            3,
            Rules {
                rounds_mix,
                ..RULES
            },
        ),
        ("no lock check", frames, 2, with(no_check)),
        ("unlock on any older polka", frames, 3, with(any_older)),
        ("the paper's unlock", frames, 3, with(paper)),
    ]
}

#[test]
fn every_broken_rule_leads_to_a_bad_state() {
    for (bug, search, rounds, rules) in broken() {
        let outcome = Model::new(4, rounds, rules).run(search);
        let Outcome::Found { what, states } = outcome else {
            panic!("{bug}: {outcome:?}");
        };
        eprintln!("model: {bug}: {what}, after {states} states of {rounds} rounds");
        assert!(states < 20_000, "found, but by luck");
    }
    // The paper's rule accuses the innocent, but it does not fork.
    let (.., paper) = broken()[7];
    let outcome = Model::new(4, 3, paper).run(Search::Forks);
    assert!(matches!(outcome, Outcome::Exhausted { .. }), "{outcome:?}");
}
