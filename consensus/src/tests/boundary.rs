//! Every state that validators can reach about a block that changes who they are: how it must go, and
//! how not.
//!
//! The model has two heights, precommits, cosignatures and the note that a quorum of them makes, and no
//! rounds. At h the old set decides either the block that changes the set or another one; after a change
//! the new set decides h + 1. Up to f liars in each set vote for everything and serve what they like;
//! they cosign, or withhold that. Honest ones lag as they like, crash at any sync, and leave by the rule
//! under test. What is on disk and has not left yet is a word on its way. Within one height the model takes from the others (`model`) that a block with q - f honest
//! precommits keeps out every other one; so it is wider than the protocol.
//!
//! Asked is: no two blocks of one height; none decided by another set than that of its height; whoever
//! has h + 1 has the note on disk; and, with all liars silent and all that have not left up, everybody
//! still gets to h + 1. Which set is a height's, and what its quorum is, the code says. Not here: rounds,
//! time, the machine and the node.

use std::collections::HashSet;

use protocol::height::Height;

use super::{seeds::leave_figures, world::World};
use crate::ValidatorHistory;

mod calm;
mod member;

use member::{Cosigned, Member, Note, Presence, Role};

/// Kinds of block at h. Those at h + 1 are two of one kind, and may change names.
const CHANGE: u8 = 0;
const PLAIN: u8 = 1;

/// Most honest members that fit into a state.
const MEMBERS_MAX: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Old,
    New,
}

/// By whom a block is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decides {
    /// By the set of its height, as the code says.
    OfHeight,
    /// The block that changes the set is decided by the new one.
    NextSetTooEarly,
    /// Whoever is not in the new set goes on in the old one.
    OldSetVotesOn,
}

/// What must be there before somebody votes at h + 1, or applies its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// The note, on disk.
    UntilSynced,
    /// The note, in memory.
    UntilHeard,
    /// The note on disk, or a decided block of h + 1.
    UntilSyncedOrDecided,
    /// Nothing.
    Skipped,
}

/// When a member that is not in the new set may be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    /// Once it has the block of h + 1.
    AfterNext,
    /// Once it has the note.
    WithNote,
    /// Once it has the block that changes the set.
    AtCommit,
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    decides: Decides,
    hold: Hold,
    leave: Leave,
}

/// The rules of the network.
const RULES: Rules = Rules {
    decides: Decides::OfHeight,
    hold: Hold::UntilSynced,
    leave: Leave::AfterNext,
};

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

const FORK: &str = "two blocks of one height are decided";
const OTHER_SET: &str = "a block is decided by another set than that of its height";
const NO_NOTE: &str = "a block is applied without the note of the one before on disk";
const DEAD_END: &str = "the next height cannot be reached any more";

/// How the set changes.
#[derive(Clone, Copy, Debug)]
struct Change {
    old: usize,
    new: usize,
    /// How many are in both.
    stayers: usize,
}

type State = [u16; MEMBERS_MAX];
/// No member.
const NOBODY: u16 = u16::MAX;

struct Model {
    rules: Rules,
    /// Of the old set and the new one.
    faulty: [usize; 2],
    quorum: [usize; 2],
    /// Sets of h and h + 1, by the code.
    of_height: [Set; 2],
    honest: Vec<Role>,
}

/// What one step leads to: another state.
type Step<'a> = dyn FnMut(Vec<Member>) + 'a;

impl Model {
    /// A model in which so many of the liars are in both sets; `None` if they cannot be.
    fn new(change: Change, liar_stayers: usize, rules: Rules) -> Option<Self> {
        let sets = [change.old, change.new].map(|n| World::new(n).set);
        let faulty = [sets[0].faulty_max(), sets[1].faulty_max()];
        let quorum = [sets[0].quorum(), sets[1].quorum()];
        let all = [
            (Role::Leaver, change.old - change.stayers, faulty[0]),
            (Role::Newcomer, change.new - change.stayers, faulty[1]),
        ];
        let mut honest = vec![Role::Stayer; change.stayers.checked_sub(liar_stayers)?];
        for (role, count, faulty) in all {
            let liars = faulty.checked_sub(liar_stayers)?;
            honest.extend(vec![role; count.checked_sub(liars)?]);
        }
        let height = Height::new(9);
        let mut history = ValidatorHistory::new(sets[0].clone());
        // Any other one: what matters here is which of the two it is.
        history.change(height, World::new(9).set);
        let of_height = [height, height.next()].map(|height| {
            if *history.at(height) == sets[0] {
                Set::Old
            } else {
                Set::New
            }
        });
        Some(Self {
            rules,
            faulty,
            quorum,
            of_height,
            honest,
        })
    }

    /// The set by which a member of that role takes a block to be decided.
    fn set_of(&self, role: Role, height: usize, kind: u8) -> Set {
        let is_change = height == 0 && kind == CHANGE;
        match self.rules.decides {
            Decides::OfHeight => self.of_height[height],
            Decides::NextSetTooEarly if is_change => Set::New,
            Decides::OldSetVotesOn if role == Role::Leaver => Set::Old,
            _ => [Set::Old, Set::New][height],
        }
    }

    /// Visits every state that can be reached.
    fn run(&self, search: Search) -> Outcome {
        let start: Vec<Member> = self.honest.iter().map(|role| Member::new(*role)).collect();
        let start = Self::canonical(start);
        let mut seen = HashSet::from([start]);
        let mut queue = vec![start];
        while let Some(state) = queue.pop() {
            let words = state.iter().filter(|word| **word != NOBODY);
            let members: Vec<Member> = words.map(|word| Member::unpack(*word)).collect();
            let mut reach = |members: Vec<Member>| {
                let next = Self::canonical(members);
                if seen.insert(next) {
                    queue.push(next);
                }
            };
            let bad = self.expand(&members, &mut reach);
            if let Some(what) = bad.filter(|what| *what == FORK || search == Search::All) {
                let states = seen.len();
                return Outcome::Found { what, states };
            }
        }
        let states = seen.len();
        Outcome::Exhausted { states }
    }

    /// The state of these members: sorted, and under the names of the blocks of h + 1 that make it
    /// smaller.
    fn canonical(mut members: Vec<Member>) -> State {
        let sorted = |members: &[Member]| {
            let mut state = [NOBODY; MEMBERS_MAX];
            for (word, member) in state.iter_mut().zip(members) {
                *word = member.pack();
            }
            state.sort_unstable();
            state
        };
        let plain = sorted(&members);
        for member in &mut members {
            for kind in [&mut member.applied[1], &mut member.said[1]] {
                *kind = kind.map(|kind| 1 - kind);
            }
        }
        plain.min(sorted(&members))
    }

    /// Takes every step from a state, and says what is bad about it.
    fn expand(&self, members: &[Member], reach: &mut Step<'_>) -> Option<&'static str> {
        for height in 0..2 {
            if (0..2).all(|kind| self.is_decided_by_any(members, height, kind)) {
                return Some(FORK);
            }
        }
        let mut bad = None;
        for (at, member) in members.iter().enumerate() {
            let told = at > 0 && members[at - 1] == *member;
            if told || !member.is_up() {
                continue;
            }
            self.vote(members, at, reach);
            bad = bad.or(self.apply(members, at, reach));
            self.cosign_and_note(members, at, reach);
            self.leave(members, at, reach);
        }
        bad.or_else(|| (!self.recovers(members.to_vec())).then_some(DEAD_END))
    }

    /// Honest members that vote under `set` for a block of this kind, or are bound to it.
    fn votes(&self, members: &[Member], set: Set, height: usize, kind: u8) -> usize {
        let counts = |member: &&Member| {
            let of_set = self.set_of(member.role, height, kind) == set;
            of_set && is_in(member.role, set) && member.said[height] == Some(kind)
        };
        members.iter().filter(counts).count()
    }

    /// Whether somebody who takes the block to be decided by `set` can have seen that it is.
    fn is_decided(&self, members: &[Member], set: Set, height: usize, kind: u8) -> bool {
        let applied = |member: &Member| {
            member.applied[height] == Some(kind) && self.set_of(member.role, height, kind) == set
        };
        let votes = self.votes(members, set, height, kind);
        let (faulty, quorum) = (self.faulty[set as usize], self.quorum[set as usize]);
        votes + faulty >= quorum || members.iter().any(applied)
    }

    fn is_decided_by_any(&self, members: &[Member], height: usize, kind: u8) -> bool {
        [Set::Old, Set::New]
            .into_iter()
            .any(|set| self.is_decided(members, set, height, kind))
    }

    /// Whether too many of the set are bound to the other block for one of this kind to get a polka.
    fn is_kept_out(&self, members: &[Member], set: Set, height: usize, kind: u8) -> bool {
        let other = 1 - kind;
        let bound = members
            .iter()
            .filter(|member| is_in(member.role, set) && member.said[height] == Some(other));
        let applied = |member: &Member| {
            member.applied[height] == Some(other) && self.set_of(member.role, height, other) == set
        };
        let (faulty, quorum) = (self.faulty[set as usize], self.quorum[set as usize]);
        bound.count() + faulty >= quorum || members.iter().any(applied)
    }

    /// Whether a member may vote at the height that it is at, or apply its block.
    fn may_go_on(&self, members: &[Member], member: &Member) -> bool {
        if member.at() == 0 {
            return true;
        }
        let decided = || (0..2).any(|kind| self.is_decided_by_any(members, 1, kind));
        match self.rules.hold {
            Hold::UntilSynced => member.note == Note::Synced,
            Hold::UntilHeard => member.note != Note::None,
            Hold::UntilSyncedOrDecided => member.note == Note::Synced || decided(),
            Hold::Skipped => true,
        }
    }

    /// The height at which a member may say something, or apply a block.
    fn open_height(&self, members: &[Member], member: &Member) -> Option<usize> {
        let height = member.at();
        let open = height < 2 && member.applied[0] != Some(PLAIN);
        (open && self.may_go_on(members, member)).then_some(height)
    }

    /// Precommits, for the first time or in a later round.
    fn vote(&self, members: &[Member], at: usize, reach: &mut Step<'_>) {
        let Some(height) = self.open_height(members, &members[at]) else {
            return;
        };
        for kind in 0..2 {
            let set = self.set_of(members[at].role, height, kind);
            let may = is_in(members[at].role, set)
                && members[at].said[height] != Some(kind)
                && !self.is_kept_out(members, set, height, kind);
            if may {
                reach(with(members, at, |member| member.said[height] = Some(kind)));
            }
        }
    }

    /// Applies a decided block, in one sync.
    fn apply(&self, members: &[Member], at: usize, reach: &mut Step<'_>) -> Option<&'static str> {
        let height = self.open_height(members, &members[at])?;
        let mut bad = None;
        for kind in 0..2 {
            let set = self.set_of(members[at].role, height, kind);
            if !self.is_decided(members, set, height, kind) {
                continue;
            }
            if set != [Set::Old, Set::New][height] {
                bad = Some(OTHER_SET);
            }
            if height == 1 && members[at].note != Note::Synced {
                bad = Some(NO_NOTE);
            }
            reach(with(members, at, |member| {
                member.applied[height] = Some(kind)
            }));
        }
        bad
    }

    /// Cosigns the block that changes the set, while it is the newest: what it cosigns is synced first.
    /// Hears of the note; syncs it; and crashes with what is not synced.
    fn cosign_and_note(&self, members: &[Member], at: usize, reach: &mut Step<'_>) {
        let member = &members[at];
        if let Some(cosigned) = next_cosigned(member) {
            reach(with(members, at, |member| member.cosigned = cosigned));
        }
        let is_at_change = member.applied[0] == Some(CHANGE);
        let cosigned = members
            .iter()
            .filter(|m| m.cosigned == Cosigned::Out)
            .count();
        let served = members.iter().any(|m| m.is_up() && m.note != Note::None);
        let there = served || cosigned + self.faulty[0] >= self.quorum[0];
        if is_at_change && member.note == Note::None && there {
            reach(with(members, at, |member| member.note = Note::Heard));
        }
        if member.note == Note::Heard {
            for note in [Note::None, Note::Synced] {
                reach(with(members, at, |member| member.note = note));
            }
        }
    }

    /// A leaver is switched off, with all that nobody else has.
    fn leave(&self, members: &[Member], at: usize, reach: &mut Step<'_>) {
        let member = &members[at];
        let may = match self.rules.leave {
            Leave::AfterNext => member.at() == 2,
            Leave::WithNote => member.note == Note::Synced,
            Leave::AtCommit => member.applied[0] == Some(CHANGE),
        };
        if member.role != Role::Leaver || !may {
            return;
        }
        let is_out = member.cosigned == Cosigned::Out;
        let heard = is_out.then_some(Presence::GoneAndHeard);
        for presence in [Some(Presence::Gone), heard].into_iter().flatten() {
            reach(with(members, at, |member| member.presence = presence));
        }
    }
}

const fn is_in(role: Role, set: Set) -> bool {
    matches!(
        (role, set),
        (Role::Stayer, _) | (Role::Leaver, Set::Old) | (Role::Newcomer, Set::New)
    )
}

/// Cosignatures are of the newest block, by the keys of the set that has decided it.
fn next_cosigned(member: &Member) -> Option<Cosigned> {
    let is_newest = member.at() == 1 && member.applied[0] == Some(CHANGE);
    match member.cosigned {
        _ if !is_newest || !is_in(member.role, Set::Old) => None,
        Cosigned::No => Some(Cosigned::Synced),
        Cosigned::Synced => Some(Cosigned::Out),
        Cosigned::Out => None,
    }
}

fn with(members: &[Member], at: usize, change: impl FnOnce(&mut Member)) -> Vec<Member> {
    let mut next = members.to_vec();
    change(&mut next[at]);
    next
}

/// All ways in which the liars of both sets can be the same, searched one after another.
fn search(change: Change, rules: Rules, search: Search) -> Outcome {
    let start = std::time::Instant::now();
    let mut states = 0;
    for liar_stayers in 0..=change.old {
        let Some(model) = Model::new(change, liar_stayers, rules) else {
            continue;
        };
        match model.run(search) {
            Outcome::Exhausted { states: more } => states += more,
            found @ Outcome::Found { .. } => return found,
        }
    }
    let seconds = start.elapsed().as_secs_f32();
    eprintln!("boundary: {change:?}, {rules:?}, {search:?}: {states} states, {seconds:.1} s");
    Outcome::Exhausted { states }
}

const fn change(old: usize, new: usize, stayers: usize) -> Change {
    Change { old, new, stayers }
}

/// `expected` is what earlier runs counted: fewer would mean that the model has become narrower.
fn exhaust(change: Change, expected: usize) {
    let outcome = search(change, RULES, Search::All);
    let Outcome::Exhausted { states } = outcome else {
        panic!("{change:?}: {outcome:?}");
    };
    assert_eq!(states, expected, "{change:?}");
    let Change { old, new, stayers } = change;
    leave_figures(
        &format!("boundary {old}-{new} stayers={stayers}"),
        &[("cases", states as u64)],
    );
}

#[test]
fn every_state_of_four_of_whom_some_are_replaced() {
    exhaust(change(4, 4, 3), 21_449);
    exhaust(change(4, 4, 2), 81_764);
    exhaust(change(4, 4, 1), 117_158);
    exhaust(change(4, 4, 0), 55_353);
}

#[test]
fn every_state_of_four_that_become_more_and_of_more_that_become_four() {
    exhaust(change(4, 5, 4), 6_421);
    exhaust(change(4, 5, 3), 53_845);
    exhaust(change(4, 7, 4), 34_269);
    exhaust(change(5, 4, 4), 11_801);
    exhaust(change(5, 5, 4), 49_036);
    exhaust(change(7, 4, 4), 874_038);
}

/// With `MUHR_LONG=1` two, in two minutes.
#[test]
fn every_state_of_seven_of_whom_one_is_replaced() {
    exhaust(change(7, 7, 6), 3_924_811);
    if std::env::var_os("MUHR_LONG").is_some() {
        exhaust(change(7, 7, 5), 26_830_992);
    }
}

/// Rules with one mistake each, and a change in which it shows. That the model finds them is why it is
/// believed when it finds none.
fn broken() -> [(Change, Rules, Search, &'static str); 10] {
    let decides = |decides| Rules { decides, ..RULES };
    let hold = |hold| Rules { hold, ..RULES };
    let leave = |leave| Rules { leave, ..RULES };
    let (forks, all) = (Search::Forks, Search::All);
    let (one, two) = (change(4, 4, 3), change(4, 4, 2));
    let early = decides(Decides::NextSetTooEarly);
    let old = decides(Decides::OldSetVotesOn);
    [
        (one, early, forks, FORK),
        (change(4, 5, 4), early, all, FORK),
        (two, old, forks, FORK),
        (change(4, 4, 0), old, forks, FORK),
        (one, hold(Hold::Skipped), all, NO_NOTE),
        (one, hold(Hold::UntilHeard), all, NO_NOTE),
        (one, hold(Hold::UntilSyncedOrDecided), all, NO_NOTE),
        (one, leave(Leave::AtCommit), all, DEAD_END),
        (change(5, 4, 4), leave(Leave::AtCommit), all, DEAD_END),
        (one, leave(Leave::WithNote), all, DEAD_END),
    ]
}

#[test]
fn every_broken_rule_of_the_boundary_leads_to_a_bad_state() {
    for (change, rules, kind, expected) in broken() {
        let outcome = search(change, rules, kind);
        let Outcome::Found { what, states } = outcome else {
            panic!("{change:?}, {rules:?}: {outcome:?}");
        };
        eprintln!("boundary: {change:?}, {rules:?}: {what}, after {states} states");
        assert_eq!(what, expected, "{change:?}, {rules:?}");
    }
}
