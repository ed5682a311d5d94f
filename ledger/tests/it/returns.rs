//! Return marks: whose word is taken, how often, and that it changes nothing else.

use ledger::{Refusal, execute, rules};
use protocol::{
    authentic::{Authentic, Submission},
    hash::ReturnNonce,
    height::{Height, LeafIndex, TimeMs},
    name::AgencyName,
    return_mark::{ReturnMark, ReturnStatement},
};

use crate::world::{self, Chain, network, register, secret, sign};

const HOUR: u64 = 3_600_000;

/// The later its nonce, the later it expires.
pub fn statement(agency: &str, nonce: u8) -> ReturnStatement {
    ReturnStatement {
        agency: AgencyName::parse(agency).unwrap(),
        nonce: ReturnNonce::new([nonce; 32]),
        peer: secret(&format!("{agency} peer")).public(),
        expires: Height::new(1000 + u64::from(nonce)),
    }
}

pub fn sign_with(statement: ReturnStatement, key: &str) -> Authentic {
    let secret = secret(key);
    let said = Submission::from(statement.sign(&network(), &secret));
    said.authenticate(&network(), &secret.public()).unwrap()
}

/// Signed with the vote key of the agency that it names.
pub fn mark(agency: &str, nonce: u8) -> Authentic {
    sign_with(statement(agency, nonce), &format!("{agency} vote"))
}

fn take(chain: &mut Chain, entries: &[Authentic]) {
    let executed = chain.execute(entries).unwrap();
    chain.append(&executed);
}

/// An entry in a block of that time.
fn pass_until(chain: &mut Chain, number: u64, time: u64) {
    let proposal = world::proposal(TimeMs::new(time));
    let entries = [sign(register(number))];
    let executed = execute::execute(&chain.head, &chain.records, proposal, &entries).unwrap();
    chain.append(&executed);
}

fn last(chain: &Chain, agency: &str) -> Option<(ReturnNonce, Height, TimeMs)> {
    let agency = AgencyName::parse(agency).unwrap();
    let state = chain.head.directory().last_return(&agency)?;
    Some((state.nonce, state.height, state.time))
}

#[test]
fn a_mark_stands_in_the_log_and_the_index_and_is_replayed() {
    let mut chain = Chain::new();
    assert_eq!(last(&chain, "tax"), None);
    let executed = chain
        .execute(&[mark("tax", 1), mark("land", 2), sign(register(1))])
        .unwrap();
    assert_eq!(executed.values().len(), 2);
    chain.append(&executed);
    let place = (chain.head.height(), chain.head.time());
    for (agency, nonce) in [("tax", 1), ("land", 2)] {
        let nonce = ReturnNonce::new([nonce; 32]);
        assert_eq!(last(&chain, agency), Some((nonce, place.0, place.1)));
    }
    let leaf = &chain.log[chain.log.len() - 4];
    assert_eq!(
        ReturnMark::parse(leaf).unwrap().statement.agency.as_str(),
        "tax"
    );
    let replay = crate::replay::replayed(&chain);
    assert_eq!(replay.head().directory(), chain.head.directory());
    assert_eq!(replay.head().index().root(), chain.head.index_root());
}

#[test]
fn a_second_mark_is_taken_an_hour_of_block_time_later_and_not_before() {
    let mut chain = Chain::new();
    take(&mut chain, &[mark("tax", 1)]);
    let first = chain.head.time().get();
    assert_eq!(
        chain.refusal(mark("tax", 1)).unwrap().code(),
        "return-repeated"
    );
    // Not in one block either, and another agency's is another matter.
    let mut other = Chain::new();
    let twice = other.build(&[mark("tax", 1), mark("tax", 2), mark("land", 1)]);
    assert_eq!(twice.taken.len(), 2);
    assert_eq!(twice.refused[0].1.code(), "return-too-soon");
    other.append(&twice.executed.unwrap());
    // The block is of the time before, and its judgement of its own.
    pass_until(&mut chain, 1, first + HOUR - 1001);
    let refusal = chain.refusal(mark("tax", 2)).unwrap();
    assert_eq!(refusal.code(), "return-too-soon");
    pass_until(&mut chain, 2, first + HOUR - 1000);
    take(&mut chain, &[mark("tax", 2)]);
    assert_eq!(last(&chain, "tax").unwrap().0, ReturnNonce::new([2; 32]));
    assert_eq!(
        chain.refusal(mark("tax", 2)).unwrap().code(),
        "return-repeated"
    );
}

/// A validator lost what it signed, twice, and whoever proposes has kept the marks that it made meanwhile.
#[test]
fn old_marks_in_turn_keep_no_validator_from_returning() {
    let mut chain = Chain::new();
    let with = |nonce, expires| {
        let mut said = statement("tax", nonce);
        said.expires = Height::new(expires);
        sign_with(said, "tax vote")
    };
    let old = [with(1, 1000), with(2, 1010)];
    let mut time = chain.head.time().get();
    for (number, mark) in (1..).zip(&old) {
        take(&mut chain, std::slice::from_ref(mark));
        time += HOUR + 1001;
        pass_until(&mut chain, number, time);
    }
    // The first is not the last one any more, and is as old as it was.
    let refusal = chain.refusal(with(1, 1000)).unwrap();
    assert_eq!(refusal.code(), "return-outdated");
    assert!(refusal.to_string().contains("expires at height 1000"));
    assert!(refusal.to_string().contains("at 1010"));
    // Nor is any other that was made no later; one that was made later is.
    let same_moment = chain.refusal(with(3, 1010)).unwrap();
    assert_eq!(same_moment.code(), "return-outdated");
    let later = with(3, 1011);
    assert_eq!(chain.refusal(later.clone()), None);
    take(&mut chain, &[later]);
    assert_eq!(last(&chain, "tax").unwrap().0, ReturnNonce::new([3; 32]));
}

#[test]
fn a_mark_dies_as_every_entry_does() {
    let mut chain = Chain::new();
    let with = |expires| {
        let mut said = statement("tax", 1);
        said.expires = Height::new(expires);
        sign_with(said, "tax vote")
    };
    assert_eq!(chain.refusal(with(0)).unwrap().code(), "expired");
    assert_eq!(
        chain.refusal(with(1_000_002)).unwrap().code(),
        "expires-too-late"
    );
    take(&mut chain, &[with(1)]);
}

/// One example of each refusal that is of return marks alone.
pub fn refusals() -> Vec<Refusal> {
    let mut chain = Chain::new();
    take(&mut chain, &[mark("tax", 1)]);
    let mut strange = statement("land", 1);
    strange.peer = secret("another machine").public();
    let refused = [
        mark("tax", 1),
        mark("tax", 0),
        mark("tax", 2),
        sign_with(statement("land", 1), "land admin"),
        sign_with(strange, "land vote"),
    ];
    let mut refusals: Vec<Refusal> = refused
        .into_iter()
        .map(|mark| chain.refusal(mark).unwrap())
        .collect();
    refusals.push(of_no_validator(&chain));
    refusals
}

/// By an agency that is on the ledger and runs no validator.
fn of_no_validator(chain: &Chain) -> Refusal {
    let mut directory = (**chain.head.directory()).clone();
    let mut network = directory.network().clone();
    network
        .validators
        .remove(&AgencyName::parse("land").unwrap());
    directory.set(&network.write()).unwrap();
    let mark = mark("land", 1);
    let Submission::Return(said) = mark.submission() else {
        unreachable!("a mark is a mark");
    };
    let place = rules::Position {
        height: chain.head.height().next(),
        time: chain.head.time().next(),
        index: LeafIndex::new(chain.head.size().get()),
    };
    rules::returns::judge(&directory, mark.first(), said, place).unwrap_err()
}
