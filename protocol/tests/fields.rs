//! What salts are for: a field of few values is found by force by whoever knows its salt, and by nobody
//! else; and what a redaction gives away of the rest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use proptest::prelude::*;
use protocol::{
    commitment::{BadFields, Fields, Secret, field_commitment, field_salt},
    entry::Committed,
    hash::{DocumentHash, sha256},
    opening::Content,
    redaction::{CommitmentSlot, Redacted},
};

/// All that a field can hold: nothing protects it but its salt.
const USES: [&str; 4] = ["dwelling", "trade", "office", "store"];

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A permit whose holder is shown and whose use is withheld.
fn permit(secret: Secret, used: &str) -> (Fields, Redacted) {
    let list = vec![
        pair("holder", "A. Karimov"),
        pair("use", used),
        pair("floors", "2"),
    ];
    let fields = Fields::new(list).unwrap();
    let redacted = Redacted::of(&fields, &secret, &|name| name == "holder").unwrap();
    (fields, redacted)
}

fn hidden(redacted: &Redacted) -> Vec<[u8; 32]> {
    let places = redacted.walk().filter_map(|(place, _)| match place {
        CommitmentSlot::Hidden(commitment) => Some(*commitment),
        CommitmentSlot::Shown(_) => None,
    });
    places.collect()
}

/// Tries all values, under each of these salts, at each place that is withheld.
fn by_force(redacted: &Redacted, salts: &[[u8; 32]]) -> Option<&'static str> {
    let hidden = hidden(redacted);
    USES.into_iter().find(|value| {
        let guess = pair("use", value);
        salts
            .iter()
            .any(|salt| hidden.contains(&field_commitment(salt, Some(&guess))))
    })
}

#[test]
fn a_field_of_four_values_is_found_by_force_only_with_its_salt() {
    for (seed, used) in (1..).zip(USES) {
        let secret = Secret::new([seed; 32]);
        let (_, redacted) = permit(secret, used);
        assert_eq!(by_force(&redacted, &[field_salt(&secret, 1)]), Some(used));
        // What a reader has: the salt of the shown field, the commitments of the others, and all that
        // follows from them in the way in which salts follow from the secret.
        let mut salts = hidden(&redacted);
        salts.extend(redacted.walk().filter_map(|(place, _)| match place {
            CommitmentSlot::Shown(salt) => Some(*salt.as_bytes()),
            CommitmentSlot::Hidden(_) => None,
        }));
        salts.push(*redacted.commit().as_bytes());
        let known = salts.clone();
        salts.extend(known.iter().flat_map(|salt| {
            let salt = Secret::new(*salt);
            (0..8).map(move |at| field_salt(&salt, at))
        }));
        salts.extend([[0; 32], sha256(&[b""]), sha256(&[b"holder"])]);
        // The salts of the other fields, were they ever shown, tell nothing either.
        salts.extend([0, 2, 3].map(|at| field_salt(&secret, at)));
        assert_eq!(by_force(&redacted, &salts), None, "{used}");
    }
}

#[test]
fn the_same_field_of_two_records_looks_different_and_so_does_noise() {
    let (_, one) = permit(Secret::new([1; 32]), USES[0]);
    let (_, other) = permit(Secret::new([2; 32]), USES[0]);
    let (one, other) = (hidden(&one), hidden(&other));
    // Use, floors, and one place that fills up.
    assert_eq!((one.len(), other.len()), (3, 3));
    assert!(one.iter().all(|place| !other.contains(place)));
}

#[test]
fn a_redaction_opens_the_same_commitment_and_never_holds_what_it_withholds() {
    let secret = Secret::new([9; 32]);
    let (fields, redacted) = permit(secret, "trade");
    assert_eq!(redacted.commit(), fields.commit(&secret));
    assert_eq!(redacted.fields().as_slice(), [pair("holder", "A. Karimov")]);
    let told = format!("{redacted:?}");
    assert!(!told.contains("trade") && !told.contains("use"), "{told}");
    let all = Redacted::of(&fields, &secret, &|_| true).unwrap();
    assert_eq!(all.redact(&|name| name == "holder").unwrap(), redacted);
    assert_eq!(redacted.hidden(), 3);
    assert_eq!(all.hidden(), 1);
}

#[test]
fn what_is_no_redaction_is_refused() {
    let secret = Secret::new([9; 32]);
    let four = Fields::new((0..4).map(|at| pair(&at.to_string(), "")).collect()).unwrap();
    assert_eq!(
        Redacted::of(&four, &secret, &|_| true),
        Err(BadFields::Places)
    );
    assert_eq!(
        Redacted::of(&four, &secret, &|_| false),
        Err(BadFields::Count)
    );
    let document = Content::Document {
        document: DocumentHash::new([1; 32]),
        salt: secret,
    };
    assert_eq!(document.redact(&|_| true), Err(BadFields::NoFields));
    for (hidden, fields) in [(2, 1), (6, 1), (4, 1), (511, 1), (3, 0)] {
        let mut places = vec![CommitmentSlot::Hidden([0; 32]); hidden];
        places.push(CommitmentSlot::Shown(secret));
        let shown = (0..fields).map(|at| pair(&at.to_string(), "")).collect();
        let refused = Redacted::new(places, shown).unwrap_err();
        let expected = if fields == 0 {
            BadFields::Count
        } else {
            BadFields::Places
        };
        assert_eq!(refused, expected, "{hidden}");
    }
}

proptest! {
    /// Whatever is kept, the copy opens what the whole opens, and further copies do too.
    #[test]
    fn every_selection_opens_the_same_commitment(
        values in prop::collection::vec(".{0,20}", 1..40),
        keep in prop::collection::vec(any::<bool>(), 40),
        less in prop::collection::vec(any::<bool>(), 40),
        secret in any::<[u8; 32]>(),
    ) {
        let named = |at: usize, chosen: &[bool]| chosen.get(at).copied().unwrap_or(false);
        let at = |name: &str| name.parse::<usize>().unwrap();
        let list = values.iter().enumerate().map(|(at, value)| pair(&at.to_string(), value));
        let fields = Fields::new(list.collect()).unwrap();
        let whole = Content::Fields { fields: fields.clone(), secret: Secret::new(secret) };
        let once = whole.redact(&|name| named(at(name), &keep));
        let kept = (0..values.len()).filter(|at| named(*at, &keep)).count();
        let places = values.len().next_power_of_two().max(4);
        prop_assert_eq!(once.is_ok(), kept > 0 && kept < places);
        let Ok(once) = once else { return Ok(()) };
        let Committed::Fields(commitment) = once.commit() else { unreachable!() };
        prop_assert_eq!(commitment, fields.commit(&Secret::new(secret)));
        if let Ok(twice) = once.redact(&|name| named(at(name), &less)) {
            prop_assert_eq!(twice.commit(), whole.commit());
            let both = |name: &str| named(at(name), &keep) && named(at(name), &less);
            prop_assert_eq!(Ok(twice), whole.redact(&both));
        }
    }
}
