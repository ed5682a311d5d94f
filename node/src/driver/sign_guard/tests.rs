//! What ends each silence, and what makes one.

use std::sync::Arc;

use consensus::verify;
use protocol::{
    codec, hash::BlockId, height::Round, return_mark::ReturnMark, sign_state::Owner,
    state::ReturnState,
};

use super::*;
use crate::{
    durable::{AtPath, StoredValue, VALUE_BYTES_MAX},
    epoch::{
        EpochState,
        examples::{epoch, secret},
    },
};

const NAMES: [&str; 4] = ["adliya", "kadastr", "qurilish", "soliq"];
const CHAIN: ChainId = ChainId::new([1; 32]);
const NEXT: Height = Height::new(10);
const NONCE: ReturnNonce = ReturnNonce::new([7; 32]);

/// The guard of the first agency's validator, over a file in a folder of its own.
struct Trial {
    guard: SignGuard,
    epoch: Arc<EpochState>,
    dir: tempfile::TempDir,
}

fn owner() -> Owner {
    Owner {
        chain: CHAIN,
        key: secret(NAMES[0], "vote").public(),
    }
}

fn trial(found: (SafetyBody, bool), behind: Option<Cosigned>, listens: bool) -> Trial {
    let dir = tempfile::tempdir().unwrap();
    let file = Durable::make(&AtPath(dir.path().join("safety")), &owner().value(b"")).unwrap();
    let agency = AgencyName::parse(NAMES[0]).unwrap();
    let signer = Signer::new(CHAIN, agency, secret(NAMES[0], "vote"));
    let at_start = AtStart {
        found,
        behind,
        listens,
    };
    let peer = secret(NAMES[0], "peer").public();
    let safety = SafetyFile::over(file, owner());
    Trial {
        guard: SignGuard::new(CHAIN, Some(signer), peer, safety, at_start),
        epoch: epoch(0, &NAMES),
        dir,
    }
}

/// A validator that is in the way of nothing.
fn at_ease() -> Trial {
    let mut trial = trial((SafetyBody::Record(None), false), None, false);
    assert_eq!(trial.clear(), GuardOrder::Speak(None));
    trial
}

fn cosigned(size: u64) -> Cosigned {
    Cosigned {
        size: LogSize::new(size),
        root: RootHash::new([3; 32]),
    }
}

fn record(height: u64) -> Safety {
    Safety::blank(CHAIN, Height::new(height))
}

impl Trial {
    fn clear(&mut self) -> GuardOrder {
        self.guard.speak_when_clear(NEXT).unwrap()
    }

    /// A prevote of the first agency for the block of `byte`.
    fn own_vote(&self, height: u64, byte: u8) -> Verified<SignedVote> {
        let vote = Vote {
            kind: VoteKind::Prevote,
            height: Height::new(height),
            round: Round::ZERO,
            block: Some(BlockId::new([byte; 32])),
            valid_round: None,
        };
        let agency = AgencyName::parse(NAMES[0]).unwrap();
        let signed = Signer::new(CHAIN, agency, secret(NAMES[0], "vote")).vote(vote);
        verify::vote(&CHAIN, self.epoch.validators(), &signed.unwrap()).unwrap()
    }

    /// What the file says to whoever starts again.
    fn on_disk(self) -> SafetyBody {
        drop(self.guard);
        let place = AtPath(self.dir.path().join("safety"));
        let Some((_, StoredValue::Value(value))) = Durable::open(&place).unwrap() else {
            panic!("no value");
        };
        let (_, body) = Owner::of_value(&value).unwrap();
        codec::decode(1, body, VALUE_BYTES_MAX).unwrap()
    }
}

#[test]
fn an_observer_signs_nothing_and_is_never_silent() {
    let Trial { guard, dir, .. } = at_ease();
    let at_start = AtStart {
        found: (SafetyBody::Returning(NONCE), true),
        behind: Some(cosigned(5)),
        listens: true,
    };
    let peer = secret("nobody", "peer").public();
    let mut observer = SignGuard::new(CHAIN, None, peer, guard.safety, at_start);
    assert!(!observer.is_validator() && !observer.is_silent());
    assert_eq!(observer.silence(), None);
    assert_eq!(
        observer.speak_when_clear(NEXT).unwrap(),
        GuardOrder::Nothing
    );
    assert_eq!(observer.awaited_mark(), None);
    drop(dir);
}

#[test]
fn a_validator_that_starts_listens_to_a_quorum_less_itself() {
    let mut trial = trial(
        (SafetyBody::Record(Some(Box::new(record(9)))), false),
        None,
        true,
    );
    assert_eq!(trial.guard.silence(), Some(Silence::Listening));
    for peer in [0, 0, 1] {
        assert_eq!(trial.clear(), GuardOrder::Nothing);
        trial.guard.on_heard(PeerIndex::new(peer), 2);
    }
    assert_eq!(trial.clear(), GuardOrder::Speak(Some(record(9))));
    assert!(!trial.guard.is_silent());
    assert_eq!(trial.clear(), GuardOrder::Nothing);
}

#[test]
fn a_log_that_is_shorter_than_what_was_cosigned_is_waited_for() {
    let mut trial = trial((SafetyBody::Record(None), false), Some(cosigned(5)), false);
    let guard = &mut trial.guard;
    assert_eq!(guard.silence(), Some(Silence::LogBehind));
    assert_eq!(guard.behind(), Some(cosigned(5)));
    guard
        .on_grown(LogSize::new(4), RootHash::new([9; 32]))
        .unwrap();
    let other = guard.on_grown(LogSize::new(5), RootHash::new([9; 32]));
    assert!(matches!(other, Err(NodeFault::TwoHistories { .. })));
    assert_eq!(trial.clear(), GuardOrder::Nothing);
    let same = cosigned(5).root;
    trial.guard.on_grown(LogSize::new(5), same).unwrap();
    assert_eq!(trial.clear(), GuardOrder::Speak(None));
}

#[test]
fn a_vote_of_this_height_is_the_machines_to_compare() {
    let mut trial = at_ease();
    let vote = trial.own_vote(10, 1);
    let order = trial.guard.on_own_vote(vote.clone(), NEXT, || record(10));
    assert_eq!(order.unwrap(), GuardOrder::Compare(vote.clone()));
    let key = vote.get().signer;
    assert_eq!(trial.guard.newest_vote(&key), Some(vote.get()));
}

#[test]
fn words_that_the_record_does_not_know_are_silence_until_they_lie_behind() {
    let mut trial = at_ease();
    let vote = trial.own_vote(12, 1);
    let order = trial.guard.on_own_vote(vote.clone(), NEXT, || record(10));
    assert_eq!(order.unwrap(), GuardOrder::FallSilent);
    assert_eq!(trial.guard.silence(), Some(Silence::UnknownWords));
    let until = Safety::observe_until(CHAIN, Height::new(13));
    assert_eq!(trial.clear(), GuardOrder::Speak(Some(until.clone())));
    // Told again, it is no news.
    let order = trial.guard.on_own_vote(vote, NEXT, || until.clone());
    assert_eq!(order.unwrap(), GuardOrder::Nothing);
    // And who starts again keeps it.
    assert_eq!(trial.on_disk(), SafetyBody::Record(Some(Box::new(until))));
}

#[test]
fn a_vote_that_the_record_knows_is_no_news() {
    let mut trial = trial((SafetyBody::Record(None), false), Some(cosigned(5)), false);
    let vote = trial.own_vote(12, 1);
    trial.guard.record = Some(Safety {
        prevote: Some(vote.get().statement),
        ..record(12)
    });
    let order = trial.guard.on_own_vote(vote, NEXT, || unreachable!());
    assert_eq!(order.unwrap(), GuardOrder::Nothing);
    let order = trial
        .guard
        .on_own_vote(trial.own_vote(11, 2), NEXT, || unreachable!());
    assert_eq!(order.unwrap(), GuardOrder::Nothing);
}

#[test]
fn a_forgotten_cosignature_is_silence_and_keeps_the_record() {
    let mut trial = at_ease();
    trial.guard.on_own_cosign(cosigned(50), || record(10));
    assert!(trial.guard.is_silent());
    assert_eq!(trial.clear(), GuardOrder::Nothing);
    let root = cosigned(50).root;
    trial.guard.on_grown(LogSize::new(50), root).unwrap();
    assert_eq!(trial.clear(), GuardOrder::Speak(Some(record(10))));
}

#[test]
fn a_record_that_cannot_be_read_is_silence_past_all_that_it_may_have_said() {
    for (read, until) in [(3, 11), (14, 16)] {
        let found = SafetyBody::Record(Some(Box::new(record(read))));
        let mut trial = trial((found, true), None, false);
        let until = Safety::observe_until(CHAIN, Height::new(until));
        assert_eq!(trial.clear(), GuardOrder::Speak(Some(until.clone())));
        assert_eq!(trial.on_disk(), SafetyBody::Record(Some(Box::new(until))));
    }
}

#[test]
fn whoever_lost_what_it_signed_waits_for_its_mark_and_then_speaks_from_the_next_height() {
    let mut trial = trial((SafetyBody::Returning(NONCE), false), None, false);
    assert_eq!(trial.guard.silence(), Some(Silence::SignStateLost));
    let agency = AgencyName::parse(NAMES[0]).unwrap();
    assert_eq!(trial.guard.awaited_mark(), Some((&agency, NONCE)));
    // No vote that it is told of ends or prolongs that.
    let vote = trial.own_vote(12, 1);
    let order = trial.guard.on_own_vote(vote, NEXT, || unreachable!());
    assert_eq!(order.unwrap(), GuardOrder::Nothing);
    assert_eq!(trial.clear(), GuardOrder::Nothing);
    trial.guard.on_returned(Height::new(21)).unwrap();
    assert_eq!(trial.clear(), GuardOrder::Speak(Some(record(21))));
    assert_eq!(
        trial.on_disk(),
        SafetyBody::Record(Some(Box::new(record(21))))
    );
}

#[test]
fn the_mark_is_signed_again_once_it_has_expired_with_the_same_nonce() {
    let mut trial = trial((SafetyBody::Returning(NONCE), false), None, false);
    let network = protocol::chain_id::NetworkId {
        origin: trial.epoch.origin().clone(),
        chain: CHAIN,
    };
    let mut mark = |next, last: Option<ReturnState>| {
        let guard = &mut trial.guard;
        let mark = guard.mark(Height::new(next), 30, last.as_ref(), &network);
        ReturnMark::parse(mark.unwrap()).unwrap()
    };
    let first = mark(10, None);
    assert_eq!(first.statement.expires, Height::new(40));
    assert_eq!(mark(40, None), first);
    let second = mark(41, None);
    assert_eq!(second.statement.nonce, first.statement.nonce);
    // Another of this validator's marks was taken meanwhile: this one has to expire later.
    let last = |expires| ReturnState {
        agency: AgencyName::parse(NAMES[0]).unwrap(),
        nonce: ReturnNonce::new([77; 32]),
        expires: Height::new(expires),
        height: Height::new(41),
        time: protocol::height::TimeMs::new(1),
    };
    assert_eq!(mark(42, Some(last(70))), second);
    let third = mark(42, Some(last(71)));
    assert_eq!(third.statement.expires, Height::new(72));
    let furthest = mark(43, Some(last(72)));
    assert_eq!(furthest.statement.expires, Height::new(73));
    let reason = |trial: &Trial, lost: &[&str]| {
        let lost = lost.iter().map(|name| AgencyName::parse(name).unwrap());
        let validators = trial.epoch.validators();
        trial.guard.reason(lost.collect(), validators).unwrap()
    };
    trial.guard.on_mark_answer(Some("too early".to_owned()));
    assert!(reason(&trial, &[]).ends_with("(not taken now: too early)"));
    let stuck = reason(&trial, &["kadastr"]);
    assert!(stuck.contains("2 of 4 validators wait for a return mark (adliya, kadastr)"));
    assert_eq!(at_ease().guard.mark(NEXT, 30, None, &network), None);
}

#[test]
fn another_node_with_this_key_is_found_by_its_votes_since_the_mark() {
    let mut trial = trial((SafetyBody::Returning(NONCE), false), None, false);
    let signature = secret("adliya", "vote").sign(b"");
    let commit = |votes| Commit {
        height: NEXT,
        round: Round::ZERO,
        block: BlockId::new([1; 32]),
        votes,
    };
    let of_others = commit(vec![(1, signature)]);
    let twin = |trial: &Trial, commit: &Commit| trial.guard.twin(NEXT, commit, Some(0));
    assert_eq!(twin(&trial, &of_others), None);
    assert_eq!(twin(&trial, &commit(vec![(0, signature)])), Some(NEXT));
    // For another block of this height it may have voted before the mark was known.
    let vote = trial.own_vote(10, 2);
    trial.guard.remember_vote(vote.get());
    assert_eq!(twin(&trial, &of_others), None);
    let vote = trial.own_vote(11, 2);
    trial.guard.remember_vote(vote.get());
    assert_eq!(twin(&trial, &of_others), Some(Height::new(11)));
    let fault = trial.guard.on_twin(Height::new(11));
    assert!(matches!(fault, NodeFault::Twin(_)), "{fault}");
    assert_eq!(trial.on_disk(), SafetyBody::Twin(Height::new(11)));
}
