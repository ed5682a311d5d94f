//! Every state that validators with lost safety records can reach: how they may come back, and how not.
//!
//! The model has heights and precommits, no rounds. Up to f liars vote for everything, serve what they
//! like and tell what they like. Honest validators lag as they like, lose their record (and as much of
//! their ledger as they like) at any time, and come back by the rule under test. A block is plain or
//! holds return marks; a mark is in no block before the loss that it tells of. Within one height the
//! model takes from the other models that a block with q - f honest precommits keeps out every other
//! one, as long as those who made them remember it; so it is wider than the protocol.
//!
//! Asked is: no two blocks of one height, no precommit at a height of an earlier life, no
//! cosignature at or below one of an earlier life. Not here: liveness, rounds (see `model`), the node.

use std::collections::HashSet;

use super::{seeds::leave_figures, world::World};

mod member;

use member::{Member, Mode};

/// How a validator that lost its record comes back.
#[derive(Clone, Copy, Debug)]
enum Return {
    /// It cosigns from the block on that holds its return mark, and votes from the height after it.
    Mark {
        /// Whether the mark of an earlier loss counts for nothing.
        fresh: bool,
        /// Whether it cosigns what it commits while it waits.
        cosigns_early: bool,
    },
    /// Once q - 1 others have said that they are not above its own last block, so many heights later.
    Hearsay {
        /// How many heights above that block may hold forgotten votes.
        ahead: u8,
    },
}

/// The rule under which a validator returns.
const RULE: Return = Return::Mark {
    fresh: true,
    cosigns_early: false,
};
/// What the node did before.
const HEARSAY: Return = Return::Hearsay { ahead: 2 };

/// What a search looks for. A search for forks goes on behind the other bad states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    Forks,
    All,
}

/// How a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// All states were visited, and none is bad.
    Exhausted { states: usize },
    /// A bad state was reached.
    Found { what: &'static str, states: usize },
}

/// The size of a model.
#[derive(Clone, Copy, Debug)]
struct Size {
    n: usize,
    /// Heights that can be decided.
    heights: u8,
    /// Losses in all, of the same or of different validators.
    losses: u8,
}

/// All honest validators, sorted; and how many losses there were.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    members: Vec<u64>,
    losses: u8,
}

struct Model {
    rule: Return,
    size: Size,
    faulty: usize,
    /// Honest precommits that decide, and that bind those who made them.
    enough: usize,
}

/// What one step leads to: another state, or what is bad about it.
type Step<'a> = dyn FnMut(Vec<Member>, u8) + 'a;

impl Model {
    fn new(size: Size, rule: Return) -> Self {
        let world = World::new(size.n);
        let faulty = world.set.faulty_max();
        Self {
            rule,
            size,
            faulty,
            enough: world.set.quorum() - faulty,
        }
    }

    /// Kinds of block: two plain ones, then one for each set of marks.
    fn kinds(&self, losses: u8) -> u8 {
        match self.rule {
            Return::Hearsay { .. } => 2,
            Return::Mark { .. } => 2 + ((1 << losses) - 1),
        }
    }

    /// Visits every state that can be reached.
    fn run(&self, search: Search) -> Outcome {
        let honest = self.size.n - self.faulty;
        let start = State {
            members: vec![Member::default().pack(); honest],
            losses: 0,
        };
        let mut seen = HashSet::from([start.clone()]);
        let mut queue = vec![start];
        while let Some(state) = queue.pop() {
            let members: Vec<Member> = state.members.iter().map(|m| Member::unpack(*m)).collect();
            let mut reach = |mut members: Vec<Member>, losses| {
                self.normalize(&mut members);
                let mut members: Vec<u64> = members.iter().map(Member::pack).collect();
                members.sort_unstable();
                let next = State { members, losses };
                if seen.insert(next.clone()) {
                    queue.push(next);
                }
            };
            let bad = self.expand(&members, state.losses, search, &mut reach);
            if let Some(what) = bad {
                let states = seen.len();
                return Outcome::Found { what, states };
            }
        }
        let states = seen.len();
        Outcome::Exhausted { states }
    }

    /// The two plain blocks of a height may change names.
    fn normalize(&self, members: &mut [Member]) {
        for height in 1..=self.size.heights {
            let count = |kind| members.iter().filter(|m| m.said(height, kind)).count();
            if count(0) < count(1) {
                for member in members.iter_mut() {
                    member.swap(height);
                }
            }
        }
    }

    fn expand(
        &self,
        members: &[Member],
        losses: u8,
        search: Search,
        reach: &mut Step<'_>,
    ) -> Option<&'static str> {
        for height in 1..=self.size.heights {
            if self.decided(members, height, losses).count() > 1 {
                return Some("two blocks are decided");
            }
        }
        for at in 0..members.len() {
            if at > 0 && members[at] == members[at - 1] {
                continue;
            }
            let again = self.precommit(members, at, losses, reach);
            let smaller = self.commit(members, at, losses, reach);
            if search == Search::All {
                if again {
                    return Some("a second word at a height");
                }
                if smaller {
                    return Some("a cosignature of no greater size");
                }
            }
            self.lose(members, at, losses, reach);
            self.hear(members, at, losses, reach);
        }
        None
    }

    /// The kinds of block that are decided at `height`.
    fn decided<'a>(
        &'a self,
        members: &'a [Member],
        height: u8,
        losses: u8,
    ) -> impl Iterator<Item = u8> + 'a {
        let votes = move |kind| members.iter().filter(|m| m.said(height, kind)).count();
        (0..self.kinds(losses)).filter(move |kind| votes(*kind) >= self.enough)
    }

    /// Whether too many are bound to another block for one of this kind to get a polka.
    fn is_kept_out(&self, members: &[Member], height: u8, kind: u8, losses: u8) -> bool {
        let bound = |other| members.iter().filter(|m| m.is_bound(height, other)).count();
        (0..self.kinds(losses)).any(|other| other != kind && bound(other) >= self.enough)
    }

    /// Precommits at the height above its last block. Whether one of them is at a height at which it
    /// has precommitted in an earlier life.
    fn precommit(&self, members: &[Member], at: usize, losses: u8, reach: &mut Step<'_>) -> bool {
        let member = members[at];
        let height = member.top + 1;
        if height > self.size.heights || !member.speaks() {
            return false;
        }
        let mut is_again = false;
        for kind in 0..self.kinds(losses) {
            if member.vote == Some(kind) || self.is_kept_out(members, height, kind, losses) {
                continue;
            }
            is_again |= member.spoke >= height;
            let mut next = members.to_vec();
            next[at].precommit(height, kind);
            reach(next, losses);
        }
        is_again
    }

    /// Commits what is decided at the height above its last block, and cosigns it if it may. Whether
    /// that is no greater size than one that it has cosigned in an earlier life.
    fn commit(&self, members: &[Member], at: usize, losses: u8, reach: &mut Step<'_>) -> bool {
        let member = members[at];
        let height = member.top + 1;
        if height > self.size.heights {
            return false;
        }
        let early = matches!(
            self.rule,
            Return::Mark {
                cosigns_early: true,
                ..
            }
        );
        let hearsay = matches!(self.rule, Return::Hearsay { .. });
        // Whoever followed in silence by hearsay has cosigned all the while.
        let always = member.mode == Mode::Speaks || early || hearsay;
        let mut is_smaller = false;
        for kind in self.decided(members, height, losses) {
            // The block with its mark is the first that it cosigns again.
            let returns = self.is_marked(kind, &member);
            let cosigns = always || returns;
            is_smaller |= cosigns && member.cosigned >= height;
            let mut next = members.to_vec();
            let changed = &mut next[at];
            changed.top = height;
            changed.vote = None;
            if cosigns {
                changed.cosigned = changed.cosigned.max(height);
            }
            if returns {
                changed.mode = Mode::Speaks;
            }
            reach(next, losses);
        }
        is_smaller
    }

    /// Whether a block of this kind holds the mark that a validator waits for.
    fn is_marked(&self, kind: u8, member: &Member) -> bool {
        let Mode::Waits { loss } = member.mode else {
            return false;
        };
        let own = member.marks;
        let marks = kind.saturating_sub(1);
        match self.rule {
            Return::Mark { fresh: true, .. } => marks >> loss & 1 == 1,
            Return::Mark { fresh: false, .. } => marks & own > 0,
            Return::Hearsay { .. } => false,
        }
    }

    /// Loses its record, and its ledger down to any height.
    fn lose(&self, members: &[Member], at: usize, losses: u8, reach: &mut Step<'_>) {
        if losses == self.size.losses {
            return;
        }
        for top in 0..=members[at].top {
            let mut next = members.to_vec();
            let changed = &mut next[at];
            changed.vote = None;
            changed.spoke = changed.last_said();
            changed.top = top;
            changed.mode = Mode::Waits { loss: losses };
            if matches!(self.rule, Return::Mark { fresh: false, .. }) {
                changed.marks |= 1 << losses;
            }
            reach(next, losses + 1);
        }
    }

    /// By hearsay: f liars tell a low height, and so do honest ones that are not above it.
    fn hear(&self, members: &[Member], at: usize, losses: u8, reach: &mut Step<'_>) {
        let (Return::Hearsay { ahead }, Mode::Waits { .. }) = (self.rule, members[at].mode) else {
            return;
        };
        let top = members[at].top;
        let others = members.iter().enumerate().filter(|(i, _)| *i != at);
        let told = self.faulty + others.filter(|(_, other)| other.top <= top).count();
        if told + 1 < self.enough + self.faulty {
            return;
        }
        let mut next = members.to_vec();
        next[at].mode = if top == 0 {
            Mode::Speaks
        } else {
            Mode::SpeaksFrom(top + ahead + 1)
        };
        reach(next, losses);
    }
}

fn search(n: usize, heights: u8, losses: u8, rule: Return, search: Search) -> Outcome {
    let start = std::time::Instant::now();
    let size = Size { n, heights, losses };
    let outcome = Model::new(size, rule).run(search);
    let seconds = start.elapsed().as_secs_f32();
    eprintln!("return: {size:?}, {rule:?}, {search:?}: {outcome:?}, {seconds:.1} s");
    outcome
}

/// `expected` is what earlier runs counted: fewer would mean that the model has become narrower.
fn exhaust(n: usize, heights: u8, losses: u8, expected: usize) {
    let Outcome::Exhausted { states } = search(n, heights, losses, RULE, Search::All) else {
        panic!("n = {n}, {heights} heights, {losses} losses: a bad state");
    };
    assert!(
        states >= expected,
        "n = {n}, {heights} heights, {losses} losses: {states} states"
    );
    leave_figures(
        &format!("return n={n} heights={heights} losses={losses}"),
        &[("cases", states as u64)],
    );
}

#[test]
fn whoever_returns_by_its_mark_says_nothing_twice_at_n_4() {
    exhaust(4, 3, 2, 385_871);
}

#[test]
fn whoever_returns_by_its_mark_says_nothing_twice_at_n_7() {
    exhaust(7, 2, 2, 1_692_020);
}

#[test]
fn a_longer_model_of_a_return_holds_and_a_larger_one_if_asked_for() {
    exhaust(4, 4, 1, 258_960);
    if std::env::var_os("MUHR_LONG").is_some() {
        exhaust(4, 4, 2, 10_862_858);
    }
}

#[test]
fn hearsay_leads_to_two_final_blocks() {
    for (n, heights) in [(4, 1), (4, 4), (7, 1)] {
        let outcome = search(n, heights, 1, HEARSAY, Search::Forks);
        let fork = matches!(
            outcome,
            Outcome::Found {
                what: "two blocks are decided",
                ..
            }
        );
        assert!(fork, "n = {n}, {heights} heights: {outcome:?}");
    }
}

/// No number of heights to be silent for makes up for hearsay: whoever tells it may lag further.
#[test]
fn hearsay_fails_however_long_the_silence() {
    for ahead in 0..3 {
        let outcome = search(4, ahead + 2, 1, Return::Hearsay { ahead }, Search::All);
        assert!(matches!(outcome, Outcome::Found { .. }), "{ahead} ahead");
    }
}

#[test]
fn every_broken_way_back_leads_to_a_bad_state() {
    let stale = Return::Mark {
        fresh: false,
        cosigns_early: false,
    };
    let early = Return::Mark {
        fresh: true,
        cosigns_early: true,
    };
    let (again, smaller) = (
        "a second word at a height",
        "a cosignature of no greater size",
    );
    for (rule, losses, bad) in [
        (HEARSAY, 1, &[again][..]),
        (stale, 2, &[again, smaller]),
        (early, 1, &[smaller]),
    ] {
        let outcome = search(4, 2, losses, rule, Search::All);
        let Outcome::Found { what, .. } = outcome else {
            panic!("{rule:?}: {outcome:?}");
        };
        assert!(bad.contains(&what), "{rule:?}: {what}");
    }
    // An old mark that counts once more leads to two final blocks.
    let outcome = search(4, 2, 2, stale, Search::Forks);
    assert!(matches!(outcome, Outcome::Found { .. }), "{outcome:?}");
}
