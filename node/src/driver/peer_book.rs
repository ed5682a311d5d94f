//! The peer book: what is known of each peer, and what each was asked, told or left out of.
//!
//! It takes facts with their moments and answers questions; it sends nothing and logs nothing. Names of
//! peers come from the epoch and the settings, and a name alone makes nobody a validator.

use std::{sync::Arc, time::Duration};

use protocol::{
    height::{Height, LogSize, TimeMs},
    key::PublicKey,
};

use crate::{
    host::Moment,
    network::{ListedPeer, PeerIndex},
};

/// The log tells of a peer's coming and going at most once in so long.
const CONNECTION_LINE_EVERY: Duration = Duration::from_secs(1);
/// Whoever gave no good answer is only asked for so long if nobody else is ahead.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(30);
/// Answers with blocks that are due from one peer at most: a question may be lost.
const OWES_MAX: u8 = 4;
/// For so long after it was last noticed it is said that a key is used by two nodes.
const SAID_FOR: Duration = Duration::from_secs(60);
/// A process that speaks again after another has spoken is one that goes on beside it. Once may be a
/// message that was long on its way. Each process tells its status every two seconds (`schedule`), so two are
/// noticed within four seconds of the second's first word; a word that is lost with its stream costs two more.
const RETURNS: u32 = 2;

/// What the log is to say of a peer's coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionLine {
    pub(super) peer: PeerIndex,
    /// Whether it is connected now.
    pub(super) is_up: bool,
    /// How often that has changed since the last line.
    pub(super) changes: u32,
}

/// What is known of one peer.
#[derive(Debug)]
struct PeerState {
    name: Arc<str>,
    key: Option<PublicKey>,
    is_agency: bool,
    /// Whether it is a peer now. One that was is remembered by name alone.
    is_listed: bool,
    height: Height,
    cosigned: LogSize,
    /// The height whose certificate it was last told, so that it is told once.
    told_commit: Height,
    /// The height of which it has another block, once it was asked how it decided that.
    contested: Option<Height>,
    /// How many answers with blocks it may still send: questions, less answers.
    owes_blocks: u8,
    /// Until when others are asked for blocks first.
    left_alone_until: Option<Moment>,
    /// Whether it is connected, how often that has changed since the log told of it, and when it did.
    is_up: bool,
    changes: u32,
    told_at: Option<Moment>,
    /// Who speaks with its key.
    processes: Processes,
}

impl PeerState {
    /// A peer of which nothing is known yet.
    fn blank() -> Self {
        Self {
            name: "?".into(),
            key: None,
            is_agency: false,
            is_listed: false,
            height: Height::ZERO,
            cosigned: LogSize::ZERO,
            told_commit: Height::ZERO,
            contested: None,
            owes_blocks: 0,
            left_alone_until: None,
            is_up: false,
            changes: 0,
            told_at: None,
            processes: Processes::default(),
        }
    }
}

/// All peers that there ever were, by their numbers.
#[derive(Debug, Default)]
pub(super) struct PeerBook(Vec<PeerState>);

impl PeerBook {
    /// These are the peers now. What is known of those that stay is kept; one that comes back is a stranger.
    pub(super) fn follow(&mut self, listed: &[ListedPeer]) {
        let is_listed = |number| listed.iter().any(|peer| peer.number.get() == number);
        for (number, state) in self.0.iter_mut().enumerate() {
            if state.is_listed && !is_listed(number) {
                // That it has gone is still told by its name.
                state.is_listed = false;
                state.height = Height::ZERO;
            }
        }
        for peer in listed {
            while self.0.len() <= peer.number.get() {
                self.0.push(PeerState::blank());
            }
            let Some(state) = self.0.get_mut(peer.number.get()) else {
                continue;
            };
            if !state.is_listed {
                let (is_up, changes, told_at) = (state.is_up, state.changes, state.told_at);
                *state = PeerState {
                    is_listed: true,
                    is_up,
                    changes,
                    told_at,
                    ..PeerState::blank()
                };
            }
            state.name = Arc::clone(&peer.name);
            state.key = Some(peer.key);
            state.is_agency = peer.is_agency;
        }
    }

    fn get(&self, peer: PeerIndex) -> Option<&PeerState> {
        self.0.get(peer.get())
    }

    fn get_mut(&mut self, peer: PeerIndex) -> Option<&mut PeerState> {
        self.0.get_mut(peer.get())
    }

    /// Numbers of all peers.
    pub(super) fn all(&self) -> impl Iterator<Item = PeerIndex> + use<> {
        let numbered = self.0.iter().enumerate();
        let listed = numbered.filter(|(_, state)| state.is_listed);
        let listed: Vec<_> = listed.map(|(number, _)| PeerIndex::new(number)).collect();
        listed.into_iter()
    }

    /// Keys of all peers.
    pub(super) fn keys(&self) -> impl Iterator<Item = PublicKey> + use<'_> {
        let listed = self.0.iter().filter(|state| state.is_listed);
        listed.filter_map(|state| state.key)
    }

    /// Whether it is a peer still: what one said that is none any more may come late.
    pub(super) fn is_listed(&self, peer: PeerIndex) -> bool {
        self.get(peer).is_some_and(|state| state.is_listed)
    }

    /// Whether it is an agency's node, in the set in force or about to be or until lately.
    pub(super) fn is_agency(&self, peer: PeerIndex) -> bool {
        self.get(peer)
            .is_some_and(|state| state.is_listed && state.is_agency)
    }

    /// Name of a peer; `?` of one that is none.
    pub(super) fn name(&self, peer: PeerIndex) -> &str {
        self.get(peer).map_or("?", |state| &state.name)
    }

    /// The peer of that name; of two, which are the keys of one agency, the one that is connected.
    pub(super) fn named(&self, name: &str) -> Option<PeerIndex> {
        let is_it = |peer: &PeerIndex| self.name(*peer) == name;
        let is_up = |peer: &PeerIndex| self.get(*peer).is_some_and(|state| state.is_up);
        let mut up = self.all().filter(|peer| is_it(peer) && is_up(peer));
        up.next().or_else(|| self.all().find(is_it))
    }

    /// A peer has come or gone. A question that was on its way to one that went is asked again. One that
    /// comes and goes without end gets a line a second.
    pub(super) fn note_connection(
        &mut self,
        peer: PeerIndex,
        is_up: bool,
        now: Moment,
    ) -> Option<ConnectionLine> {
        let state = self.get_mut(peer)?;
        state.is_up = is_up;
        state.changes = state.changes.saturating_add(1);
        if !is_up {
            state.contested = None;
        }
        self.connection_line(peer, now)
    }

    /// What the last lines have left out.
    pub(super) fn connection_lines(&mut self, now: Moment) -> Vec<ConnectionLine> {
        let known = (0..self.0.len()).map(PeerIndex::new);
        known
            .filter_map(|peer| self.connection_line(peer, now))
            .collect()
    }

    fn connection_line(&mut self, peer: PeerIndex, now: Moment) -> Option<ConnectionLine> {
        let state = self.get_mut(peer)?;
        let early = |at: Moment| now.since(at) < CONNECTION_LINE_EVERY;
        if state.changes == 0 || state.told_at.is_some_and(early) {
            return None;
        }
        state.told_at = Some(now);
        Some(ConnectionLine {
            peer,
            is_up: state.is_up,
            changes: std::mem::take(&mut state.changes),
        })
    }

    /// A peer says, or shows by its votes, that `height` is decided.
    pub(super) fn note_height(&mut self, peer: PeerIndex, height: Height) {
        if let Some(state) = self.get_mut(peer) {
            state.height = height;
        }
    }

    /// The height that a peer was last heard to have decided.
    pub(super) fn height(&self, peer: PeerIndex) -> Option<Height> {
        self.get(peer).map(|state| state.height)
    }

    /// A peer says what size of the log it has cosigned.
    pub(super) fn note_cosigned(&mut self, peer: PeerIndex, size: LogSize) {
        if let Some(state) = self.get_mut(peer) {
            state.cosigned = size;
        }
    }

    /// A peer brings a cosignature of that size.
    pub(super) fn note_cosignature(&mut self, peer: PeerIndex, size: LogSize) {
        if let Some(state) = self.get_mut(peer) {
            state.cosigned = state.cosigned.max(size);
        }
    }

    /// The size that a peer was last heard to have cosigned.
    pub(super) fn cosigned(&self, peer: PeerIndex) -> LogSize {
        self.get(peer).map_or(LogSize::ZERO, |state| state.cosigned)
    }

    /// Whether to tell a peer now how `height` was decided: once for each height.
    pub(super) fn begin_to_help(&mut self, peer: PeerIndex, height: Height) -> bool {
        let state = self.get_mut(peer);
        state.is_some_and(|state| {
            let is_new = state.told_commit < height;
            state.told_commit = state.told_commit.max(height);
            is_new
        })
    }

    /// Whether to ask a peer now how it decided `height`: once for each height, and not back. Who signs two
    /// logs could go to and fro without end.
    pub(super) fn begin_to_contest(&mut self, peer: PeerIndex, height: Height) -> bool {
        let state = self.get_mut(peer);
        state.is_some_and(|state| {
            let is_new = state.contested.is_none_or(|asked| asked < height);
            state.contested = state.contested.max(Some(height));
            is_new
        })
    }

    /// One more answer with blocks is due from the peer, however late it comes.
    pub(super) fn expect_blocks(&mut self, peer: PeerIndex) {
        if let Some(state) = self.get_mut(peer) {
            state.owes_blocks = state.owes_blocks.saturating_add(1).min(OWES_MAX);
        }
    }

    /// Whether blocks that came from the peer are an answer; each question has one.
    pub(super) fn take_answer(&mut self, peer: PeerIndex) -> bool {
        self.get_mut(peer).is_some_and(|state| {
            let owes = state.owes_blocks;
            state.owes_blocks = owes.saturating_sub(1);
            owes > 0
        })
    }

    /// A peer gave no good answer: others are asked for blocks first, for a while.
    pub(super) fn leave_alone(&mut self, peer: PeerIndex, now: Moment) {
        if let Some(state) = self.get_mut(peer) {
            state.left_alone_until = Some(now + LEFT_ALONE_FOR);
        }
    }

    /// Whether others are asked for blocks first.
    pub(super) fn is_left_alone(&self, peer: PeerIndex, now: Moment) -> bool {
        let until = self.get(peer).and_then(|state| state.left_alone_until);
        until.is_some_and(|until| until > now)
    }

    /// Peers that claim to have decided `height`, beginning after `last`, the one that was asked last.
    pub(super) fn ahead(&self, height: Height, last: Option<PeerIndex>) -> Vec<PeerIndex> {
        let count = self.0.len();
        let first = last.map_or(0, |last| last.get() + 1);
        let turn = (first..first + count).map(|number| PeerIndex::new(number % count));
        let is_ahead = |peer: &PeerIndex| {
            self.get(*peer)
                .is_some_and(|state| state.is_listed && state.height >= height)
        };
        turn.filter(is_ahead).collect()
    }

    /// A peer tells which of its processes speaks. True if two are noticed and were not lately.
    pub(super) fn note_process(&mut self, peer: PeerIndex, began: TimeMs, now: Moment) -> bool {
        let state = self.get_mut(peer);
        state.is_some_and(|state| state.processes.note(began, now))
    }

    /// Peers with whose keys two nodes speak.
    pub(super) fn used_twice(&self, now: Moment) -> Vec<PeerIndex> {
        let are_two = |peer: &PeerIndex| {
            self.get(*peer)
                .is_some_and(|state| state.processes.are_two(now))
        };
        self.all().filter(are_two).collect()
    }
}

/// The processes that speak with one peer's key.
#[derive(Clone, Copy, Debug, Default)]
struct Processes {
    last: Option<TimeMs>,
    before: Option<TimeMs>,
    returns: u32,
    /// When two were last noticed beside one another.
    two_at: Option<Moment>,
}

impl Processes {
    /// The process that began at `began` says something. True if two are noticed and were not lately.
    fn note(&mut self, began: TimeMs, now: Moment) -> bool {
        if self.last == Some(began) {
            return false;
        }
        let is_return = self.before == Some(began);
        self.returns = if is_return {
            self.returns.saturating_add(1)
        } else {
            0
        };
        (self.before, self.last) = (self.last, Some(began));
        if self.returns < RETURNS {
            return false;
        }
        let is_news = !self.are_two(now);
        self.two_at = Some(now);
        is_news
    }

    fn are_two(&self, now: Moment) -> bool {
        self.two_at.is_some_and(|at| now.since(at) < SAID_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: PeerIndex = PeerIndex::new(1);

    fn listed(number: usize, name: &str) -> ListedPeer {
        ListedPeer {
            number: PeerIndex::new(number),
            name: name.into(),
            key: crate::epoch::examples::secret(name, &number.to_string()).public(),
            is_agency: true,
        }
    }

    fn book() -> PeerBook {
        let mut book = PeerBook::default();
        book.follow(&[
            listed(0, "adliya"),
            listed(1, "kadastr"),
            listed(2, "soliq"),
        ]);
        book
    }

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    #[test]
    fn a_peer_has_the_name_of_its_number() {
        let book = book();
        assert_eq!(book.named("kadastr"), Some(ONE));
        assert_eq!(book.named("nobody"), None);
        assert_eq!(book.name(ONE), "kadastr");
        assert_eq!(book.name(PeerIndex::new(3)), "?");
    }

    #[test]
    fn a_peer_that_comes_and_goes_without_end_gets_a_line_a_second() {
        let mut book = book();
        let line = |is_up, changes| ConnectionLine {
            peer: ONE,
            is_up,
            changes,
        };
        let first = book.note_connection(ONE, true, at(0));
        assert_eq!(first, Some(line(true, 1)));
        assert_eq!(book.note_connection(ONE, false, at(10)), None);
        assert_eq!(book.note_connection(ONE, true, at(20)), None);
        assert_eq!(book.note_connection(ONE, false, at(30)), None);
        assert_eq!(book.connection_lines(at(999)), []);
        assert_eq!(book.connection_lines(at(1000)), [line(false, 3)]);
        assert_eq!(book.connection_lines(at(5000)), []);
    }

    #[test]
    fn each_question_has_one_answer_and_few_are_due() {
        let mut book = book();
        assert!(!book.take_answer(ONE));
        for _ in 0..9 {
            book.expect_blocks(ONE);
        }
        for _ in 0..OWES_MAX {
            assert!(book.take_answer(ONE));
        }
        assert!(!book.take_answer(ONE));
    }

    #[test]
    fn a_height_is_told_and_contested_once_and_again_after_a_new_connection() {
        let (mut book, height) = (book(), Height::new(5));
        assert!(book.begin_to_help(ONE, height) && !book.begin_to_help(ONE, height));
        assert!(!book.begin_to_help(ONE, Height::new(4)));
        assert!(book.begin_to_contest(ONE, height) && !book.begin_to_contest(ONE, height));
        assert!(!book.begin_to_contest(ONE, Height::new(4)));
        assert!(book.begin_to_contest(ONE, Height::new(6)));
        let _line = book.note_connection(ONE, false, at(0));
        assert!(book.begin_to_contest(ONE, height));
        let nobody = PeerIndex::new(9);
        assert!(!book.begin_to_help(nobody, height) && !book.begin_to_contest(nobody, height));
    }

    #[test]
    fn whoever_is_ahead_is_asked_in_turn() {
        let mut book = book();
        assert_eq!(book.ahead(Height::new(1), None), []);
        for peer in book.all() {
            book.note_height(peer, Height::new(3 + peer.get() as u64));
        }
        let numbers = |peers: Vec<PeerIndex>| peers.into_iter().map(PeerIndex::get);
        let ahead = |last| numbers(book.ahead(Height::new(4), last)).collect::<Vec<_>>();
        assert_eq!(ahead(None), [1, 2]);
        assert_eq!(ahead(Some(ONE)), [2, 1]);
        assert_eq!(ahead(Some(PeerIndex::new(2))), [1, 2]);
        book.leave_alone(ONE, at(0));
        assert!(book.is_left_alone(ONE, at(29_999)) && !book.is_left_alone(ONE, at(30_000)));
        assert_eq!(PeerBook::default().ahead(Height::ZERO, Some(ONE)), []);
    }

    #[test]
    fn whoever_leaves_is_nobody_and_has_its_name_and_number_still() {
        let mut book = book();
        let numbers = |book: &PeerBook| book.all().map(PeerIndex::get).collect::<Vec<_>>();
        book.note_height(ONE, Height::new(9));
        assert!(book.is_listed(ONE) && book.is_agency(ONE));
        book.follow(&[listed(0, "adliya"), listed(2, "soliq"), listed(3, "suv")]);
        assert_eq!(numbers(&book), [0, 2, 3]);
        assert!(!book.is_listed(ONE) && !book.is_agency(ONE));
        assert_eq!((book.name(ONE), book.named("kadastr")), ("kadastr", None));
        assert_eq!(book.named("suv"), Some(PeerIndex::new(3)));
        // It is asked for nothing, and when it is back, nothing that it said before counts.
        assert_eq!(book.ahead(Height::new(9), None), []);
        let gone = book.note_connection(ONE, false, at(0)).unwrap();
        assert_eq!((gone.peer, gone.is_up), (ONE, false));
        book.follow(&[listed(0, "adliya"), listed(1, "kadastr")]);
        assert_eq!(numbers(&book), [0, 1]);
        assert_eq!(book.height(ONE), Some(Height::ZERO));
    }

    #[test]
    fn of_two_keys_of_an_agency_the_one_in_use_is_its_peer() {
        let mut book = book();
        book.follow(&[
            listed(0, "adliya"),
            listed(1, "kadastr"),
            listed(3, "kadastr"),
        ]);
        let two = PeerIndex::new(3);
        assert_eq!(book.named("kadastr"), Some(ONE));
        book.note_connection(two, true, at(0));
        assert_eq!(book.named("kadastr"), Some(two));
        book.note_connection(two, false, at(10));
        book.note_connection(ONE, true, at(20));
        assert_eq!(book.named("kadastr"), Some(ONE));
    }

    #[test]
    fn a_cosignature_never_lowers_what_a_peer_has_cosigned() {
        let mut book = book();
        book.note_cosigned(ONE, LogSize::new(7));
        book.note_cosignature(ONE, LogSize::new(5));
        assert_eq!(book.cosigned(ONE), LogSize::new(7));
        book.note_cosignature(ONE, LogSize::new(9));
        assert_eq!(book.cosigned(ONE), LogSize::new(9));
    }

    #[test]
    fn two_processes_beside_one_another_are_noticed_and_a_restart_is_not() {
        let at = |seconds: u64| at(seconds * 1000);
        let (one, other) = (TimeMs::new(1_000), TimeMs::new(2_000));
        let mut book = book();
        // It starts again, and a last word of before comes late.
        for (second, began) in [one, one, other, one, other, other].into_iter().enumerate() {
            let news = book.note_process(ONE, began, at(second as u64));
            assert_eq!(news, second == 4, "{second}");
        }
        assert_eq!(book.used_twice(at(60)), [ONE]);
        assert_eq!(book.used_twice(at(64)), []);
        let mut peer = Processes::default();
        for began in 1..10_u64 {
            for second in [0, 2] {
                assert!(!peer.note(TimeMs::new(began), at(began * 10 + second)));
            }
        }
    }
}
