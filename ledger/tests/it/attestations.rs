//! Another agency's word on a version: what it makes of it, how it ends, and what is refused.

use ledger::Refusal;
use protocol::{
    act::Decision,
    entry::{Committed, Operation, Statement},
    hash::Commitment,
    height::Version,
    name::{AgencyName, ClerkName, ReasonCode},
    standing::{Endorsement, RegistryPolicy},
};

use crate::{
    acts::{act, add_clerk, sign_act},
    world::{ANNA, Chain, LOLA, PERMITS, attest, register, registry, sign},
};

/// A clerk of the court who may attest to permits.
const JUDGE: &str = "court/judge";
const DAY_MS: u64 = 86_400_000;

/// A chain on which the court attests too, and two of three others must confirm a permit in 10 days.
fn chain() -> Chain {
    let mut chain = Chain::new();
    let policy = Decision::SetPolicy {
        registry: registry(PERMITS),
        policy: RegistryPolicy::parse("1 2 court,land,tax 10").unwrap(),
    };
    let attests = [Operation::Confirm, Operation::Dispute, Operation::Withdraw];
    let acts = [
        act("build", policy),
        act("court", add_clerk(JUDGE, &[PERMITS], &attests)),
    ];
    let acts: Vec<_> = acts.into_iter().map(|said| sign_act(said, None)).collect();
    let executed = chain.execute(&acts).unwrap();
    chain.append(&executed);
    chain.block([register(1)]);
    chain
}

fn say(chain: &Chain, operation: Operation, author: &str) -> Statement {
    attest(operation, 1, chain.state(1).as_ref(), author)
}

fn now(chain: &Chain) -> Endorsement {
    chain.state(1).unwrap().endorsement(chain.head.time())
}

#[test]
fn those_who_are_asked_make_a_version_effective() {
    let mut chain = chain();
    assert_eq!(now(&chain), Endorsement::Pending);
    chain.block([say(&chain, Operation::Confirm, LOLA)]);
    assert_eq!(now(&chain), Endorsement::Pending);
    let before = chain.state(1).unwrap();
    chain.block([say(&chain, Operation::Confirm, JUDGE)]);
    let since = chain.head.time();
    assert_eq!(now(&chain), Endorsement::Effective(since));
    let after = chain.state(1).unwrap();
    // The version and its place are what they were: no attestation makes one.
    assert_eq!(
        (before.version, before.place()),
        (after.version, after.place())
    );
    chain.block([say(&chain, Operation::Dispute, LOLA)]);
    assert_eq!(now(&chain), Endorsement::Disputed);
    chain.block([say(&chain, Operation::Confirm, LOLA)]);
    let again = chain.head.time();
    assert_eq!(now(&chain), Endorsement::Effective(again));
    chain.block([say(&chain, Operation::Withdraw, JUDGE)]);
    assert_eq!(now(&chain), Endorsement::Pending);
}

#[test]
fn a_word_counts_for_the_version_that_it_names_and_no_other() {
    let mut chain = chain();
    let (by_land, by_court) = (
        say(&chain, Operation::Confirm, LOLA),
        say(&chain, Operation::Confirm, JUDGE),
    );
    chain.block([by_land.clone(), by_court]);
    chain.block([chain.next(Operation::Amend, 1)]);
    assert_eq!(now(&chain), Endorsement::Pending);
    assert!(chain.state(1).unwrap().standing.unwrap().marks.is_empty());
    // The same words, bent to the new version, still name the old one's place.
    let mut bent = by_land.clone();
    bent.version = Version::new(2);
    let refused = chain.refusal(sign(bent));
    assert!(
        matches!(refused, Some(Refusal::WrongPrevious { .. })),
        "{refused:?}"
    );
    let refused = chain.refusal(sign(by_land));
    assert!(
        matches!(refused, Some(Refusal::NotLatest { .. })),
        "{refused:?}"
    );
    // One block may hold a version and a word on it.
    let revoked = chain.next(Operation::Revoke, 1);
    chain.block([revoked]);
    assert!(chain.state(1).unwrap().standing.is_none());
}

#[test]
fn an_old_word_handed_in_again_changes_nothing() {
    let mut chain = chain();
    let confirmed = say(&chain, Operation::Confirm, LOLA);
    chain.block([confirmed.clone()]);
    chain.block([say(&chain, Operation::Withdraw, LOLA)]);
    let refused = chain.refusal(sign(confirmed));
    assert!(
        matches!(refused, Some(Refusal::WrongPrevious { .. })),
        "{refused:?}"
    );
}

#[test]
fn time_lapses_without_anybody_doing_anything() {
    let mut chain = chain();
    chain.block([say(&chain, Operation::Confirm, LOLA)]);
    let state = chain.state(1).unwrap();
    let end = state.time.get() + 10 * DAY_MS;
    let at = |time| state.endorsement(protocol::height::TimeMs::new(time));
    assert_eq!(at(end), Endorsement::Pending);
    assert_eq!(at(end + 1), Endorsement::Lapsed);
}

#[test]
fn a_version_keeps_the_policy_of_its_day() {
    let mut chain = chain();
    let ended = Decision::SetPolicy {
        registry: registry(PERMITS),
        policy: RegistryPolicy::parse("2 0 none ever").unwrap(),
    };
    let executed = chain
        .execute(&[sign_act(act("build", ended), None)])
        .unwrap();
    chain.append(&executed);
    assert_eq!(now(&chain), Endorsement::Pending);
    chain.block([register(2)]);
    let second = chain.state(2).unwrap();
    assert_eq!(second.endorsement(chain.head.time()), Endorsement::NotAsked);
    // Whoever was not asked may still speak; it is recorded, and decides nothing.
    chain.block([attest(Operation::Dispute, 2, Some(&second), LOLA)]);
    let second = chain.state(2).unwrap();
    assert_eq!(second.endorsement(chain.head.time()), Endorsement::NotAsked);
    let mark = second.mark(&AgencyName::parse("land").unwrap()).unwrap();
    assert_eq!(mark.said, Operation::Dispute);
}

#[test]
fn a_replay_of_the_log_comes_to_the_same_standing() {
    let mut chain = chain();
    chain.block([say(&chain, Operation::Confirm, LOLA)]);
    chain.block([say(&chain, Operation::Dispute, JUDGE)]);
    let replay = crate::replay::replayed(&chain);
    assert_eq!(replay.head().block(), chain.head.block());
    assert_eq!(replay.head().directory(), chain.head.directory());
}

/// What a version of the author's needs where a second clerk is asked, and who that can be.
#[test]
fn four_eyes_are_never_those_of_the_author() {
    let (mut chain, second) = four_eyed("1 1 court ever four-eyes");
    let by = |chain: &Chain, operation: Operation, author: &str| say(chain, operation, author);
    assert_eq!(now(&chain), Endorsement::Pending);
    let state = chain.state(1).unwrap();
    assert_eq!(state.four_eyes().map(ClerkName::as_str), Some(ANNA));
    for operation in [Operation::Confirm, Operation::Withdraw, Operation::Dispute] {
        let own = chain.refusal(sign(by(&chain, operation, ANNA)));
        assert_eq!(own.unwrap().code(), "same-clerk", "{}", operation.word());
    }
    // A second clerk approves, and takes that back; whoever doubts revokes or corrects.
    let disputed = chain.refusal(sign(by(&chain, Operation::Dispute, second)));
    assert_eq!(disputed.unwrap().code(), "own-record");
    chain.block([by(&chain, Operation::Confirm, second)]);
    assert_eq!(
        now(&chain),
        Endorsement::Pending,
        "the court has not spoken"
    );
    chain.block([by(&chain, Operation::Confirm, JUDGE)]);
    let since = chain.head.time();
    assert_eq!(now(&chain), Endorsement::Effective(since));
    chain.block([by(&chain, Operation::Withdraw, second)]);
    assert_eq!(now(&chain), Endorsement::Pending);
    // The second clerk's own version needs the first's eyes.
    let mut amended = chain.next(Operation::Amend, 1);
    amended.author = ClerkName::parse(second).unwrap();
    chain.block([amended]);
    let again = chain.refusal(sign(by(&chain, Operation::Confirm, second)));
    assert_eq!(again.unwrap().code(), "same-clerk");
    chain.block([by(&chain, Operation::Confirm, ANNA)]);
    chain.block([by(&chain, Operation::Confirm, JUDGE)]);
    assert!(matches!(now(&chain), Endorsement::Effective(_)));
    // What takes a record out of force waits for nobody.
    chain.block([chain.next(Operation::Revoke, 1)]);
    assert!(chain.state(1).unwrap().standing.is_none());
    let replay = crate::replay::replayed(&chain);
    assert_eq!(replay.head().directory(), chain.head.directory());
    assert_eq!(replay.head().block(), chain.head.block());
}

/// A chain whose permits have that policy, with a first one of Anna's, and a second clerk of her agency.
fn four_eyed(policy: &str) -> (Chain, &'static str) {
    const SECOND: &str = "build/second";
    let mut chain = Chain::new();
    let policy = Decision::SetPolicy {
        registry: registry(PERMITS),
        policy: RegistryPolicy::parse(policy).unwrap(),
    };
    let attests = [Operation::Confirm, Operation::Dispute, Operation::Withdraw];
    let second = [&attests[..], &[Operation::Amend]].concat();
    let acts = [
        act("build", policy),
        act("build", add_clerk(SECOND, &[PERMITS], &second)),
        act("court", add_clerk(JUDGE, &[PERMITS], &attests)),
    ];
    let acts: Vec<_> = acts.into_iter().map(|said| sign_act(said, None)).collect();
    let executed = chain.execute(&acts).unwrap();
    chain.append(&executed);
    chain.block([register(1)]);
    (chain, SECOND)
}

/// One example of every refusal that only attestations meet.
pub fn refusals() -> Vec<Refusal> {
    let mut chain = chain();
    let mut own = say(&chain, Operation::Confirm, LOLA);
    own.author = protocol::name::ClerkName::parse(ANNA).unwrap();
    let mut later = say(&chain, Operation::Confirm, LOLA);
    later.version = Version::new(2);
    let mut proven = say(&chain, Operation::Confirm, LOLA);
    proven.commitment = Some(Committed::Document(Commitment::new([9; 32])));
    let mut reasoned = say(&chain, Operation::Confirm, LOLA);
    reasoned.reason = ReasonCode::parse("D01");
    let mut unreasoned = say(&chain, Operation::Dispute, LOLA);
    unreasoned.reason = None;
    let nothing = say(&chain, Operation::Withdraw, LOLA);
    let statements = [own, later, proven, reasoned, unreasoned, nothing];
    let mut refusals: Vec<Refusal> = statements
        .into_iter()
        .map(|statement| chain.refusal(sign(statement)).unwrap())
        .collect();
    chain.block([say(&chain, Operation::Confirm, LOLA)]);
    let again = say(&chain, Operation::Confirm, LOLA);
    refusals.push(chain.refusal(sign(again)).unwrap());
    let (chain, _) = four_eyed("1 0 none 30 four-eyes");
    let same = say(&chain, Operation::Confirm, ANNA);
    refusals.push(chain.refusal(sign(same)).unwrap());
    refusals
}
