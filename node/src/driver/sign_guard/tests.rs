//! What ends each silence, and what makes one.

use std::sync::Arc;

use consensus::verify;
use protocol::{codec, hash::BlockId, height::Round, sign_state::Owner};

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

/// The record of a key in a file of that name, which says this.
fn safety_record(
    dir: &std::path::Path,
    name: &str,
    key: &PublicKey,
    found: (SafetyBody, bool),
) -> SafetyRecord {
    let owner = Owner {
        chain: CHAIN,
        key: *key,
    };
    let file = Durable::make(&AtPath(dir.join(name)), &owner.value(b"")).unwrap();
    SafetyRecord {
        file: SafetyFile::over(file, owner),
        body: found.0,
        is_doubtful: found.1,
    }
}

/// Keys of the first agency, which votes with this one, or not.
fn in_force(vote: Option<&str>) -> KeysInForce {
    let agency = AgencyName::parse(NAMES[0]).unwrap();
    KeysInForce {
        validator: vote.map(|vote| ValidatorKeys {
            agency,
            vote: secret(NAMES[0], vote),
            cosign: secret(NAMES[0], "cosign"),
        }),
        peer: secret(NAMES[0], "peer"),
        is_named: vote.is_some(),
        lacking: Vec::new(),
    }
}

fn trial(found: (SafetyBody, bool), behind: Option<Cosigned>, listens: bool) -> Trial {
    let dir = tempfile::tempdir().unwrap();
    let key = owner().key;
    let record = safety_record(dir.path(), "safety", &key, found);
    let at_start = AtStart { behind, listens };
    Trial {
        guard: SignGuard::new(
            CHAIN,
            [(key, record)].into(),
            in_force(Some("vote")),
            at_start,
        ),
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
    let dir = tempfile::tempdir().unwrap();
    let key = owner().key;
    let record = |body| safety_record(dir.path(), "safety", &key, (body, true));
    let at_start = || AtStart {
        behind: Some(cosigned(5)),
        listens: true,
    };
    let records = [(key, record(SafetyBody::Returning(NONCE)))].into();
    let mut observer = SignGuard::new(CHAIN, records, in_force(None), at_start());
    assert!(!observer.is_validator() && !observer.is_silent());
    assert_eq!(observer.silence(), None);
    assert_eq!(
        observer.speak_when_clear(NEXT).unwrap(),
        GuardOrder::Nothing
    );
    assert_eq!(observer.awaited_mark(), None);
    // What its keys signed is lost: neither of the two signs, whichever is in force.
    assert!(!observer.may_cosign());
    let records = [(key, record(SafetyBody::Record(None)))].into();
    assert!(SignGuard::new(CHAIN, records, in_force(None), at_start()).may_cosign());
}

/// A key that comes into force while the node runs was written blank, or waits for its mark; the one before
/// it is used no more.
#[test]
fn the_key_that_the_state_names_votes_with_a_record_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (owner().key, secret(NAMES[0], "vote/2").public());
    let voted = SafetyBody::Record(Some(Box::new(record(9))));
    let records = |next: SafetyBody| {
        let old = (
            old,
            safety_record(dir.path(), "old", &old, (voted.clone(), false)),
        );
        let new = (new, safety_record(dir.path(), "new", &new, (next, false)));
        [old, new].into()
    };
    let at_start = || AtStart {
        behind: None,
        listens: true,
    };
    let blank = records(SafetyBody::Record(None));
    let mut guard = SignGuard::new(CHAIN, blank, in_force(Some("vote")), at_start());
    assert_eq!(
        (guard.public(), guard.silence()),
        (Some(old), Some(Silence::Listening))
    );
    assert!(!guard.enter(in_force(Some("vote"))));
    assert_eq!(guard.silence(), Some(Silence::Listening));
    assert!(guard.enter(in_force(Some("vote/2"))));
    assert_eq!((guard.public(), guard.silence()), (Some(new), None));
    assert!(guard.is_silent() && !guard.may_cosign());
    assert_eq!(
        guard.speak_when_clear(NEXT).unwrap(),
        GuardOrder::Speak(None)
    );
    assert!(guard.may_cosign());
    // What it says is kept in its own file.
    guard.keep(&record(10)).unwrap();
    let value = |name: &str| {
        let opened = Durable::open(&AtPath(dir.path().join(name))).unwrap();
        let Some((_, StoredValue::Value(value))) = opened else {
            panic!("no value");
        };
        Owner::of_value(&value).unwrap().1.to_vec()
    };
    assert!(value("old").is_empty() && !value("new").is_empty());
    // No key of it is named, and then the first again: that was in force, and is not used twice.
    assert!(guard.enter(in_force(None)));
    assert!(!guard.is_validator() && !guard.is_silent() && guard.file().is_none());
    assert!(!guard.enter(in_force(None)));
    assert!(guard.enter(in_force(Some("vote"))));
    assert_eq!(guard.public(), None);
    // A key whose words are lost waits for its mark before it speaks.
    let lost = records(SafetyBody::Returning(NONCE));
    let mut guard = SignGuard::new(CHAIN, lost, in_force(Some("vote")), at_start());
    assert!(guard.enter(in_force(Some("vote/2"))));
    assert_eq!(guard.silence(), Some(Silence::SignStateLost));
    assert_eq!(guard.speak_when_clear(NEXT).unwrap(), GuardOrder::Nothing);
    let (agency, nonce) = guard.awaited_mark().unwrap();
    assert_eq!((agency.as_str(), nonce), (NAMES[0], NONCE));
}

#[test]
fn a_validator_that_starts_listens_to_a_quorum_less_itself() {
    let mut trial = trial(
        (SafetyBody::Record(Some(Box::new(record(9)))), false),
        None,
        true,
    );
    assert_eq!(trial.guard.silence(), Some(Silence::Listening));
    // By two of its keys an agency has told it once.
    for agency in ["adliya", "adliya", "kadastr"] {
        assert_eq!(trial.clear(), GuardOrder::Nothing);
        let agency = AgencyName::parse(agency).unwrap();
        trial.guard.on_heard(&agency, 2);
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
    let mut mark = |next| {
        let mark = trial.guard.mark(Height::new(next), 30, &network);
        mark.unwrap().to_vec()
    };
    let first = mark(10);
    assert_eq!(mark(40), first);
    assert_ne!(mark(41), first);
    let reason = |trial: &Trial, lost: &[&str]| {
        let lost = lost.iter().map(|name| AgencyName::parse(name).unwrap());
        let validators = trial.epoch.validators();
        trial.guard.reason(lost.collect(), validators).unwrap()
    };
    trial.guard.on_mark_answer(Some("too early".to_owned()));
    assert!(reason(&trial, &[]).ends_with("(not taken now: too early)"));
    let stuck = reason(&trial, &["kadastr"]);
    assert!(stuck.contains("2 of 4 validators wait for a return mark (adliya, kadastr)"));
    assert_eq!(at_ease().guard.mark(NEXT, 30, &network), None);
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
