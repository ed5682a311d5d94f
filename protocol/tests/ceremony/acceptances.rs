//! Acceptances: all of them, under the admin keys of one genesis, or none counts.

use protocol::{
    ceremony::{
        Acceptance, AcceptanceStatement, NotAccepted, check_acceptances, read_acceptances,
        write_acceptances,
    },
    hash::TrustHash,
    name::AgencyName,
};

use super::{FOUNDER, NAMES, founded, secret};

fn all() -> Vec<Acceptance> {
    FOUNDER.acceptances(&founded())
}

fn said(given: &[Acceptance]) -> String {
    let refused = check_acceptances(&founded(), given);
    refused.expect_err("they were taken").to_string()
}

#[test]
fn all_acceptances_in_any_order_are_one_file() {
    let (all, genesis) = (all(), founded());
    check_acceptances(&genesis, &all).unwrap();
    let text = write_acceptances(&all);
    let mut turned = all.clone();
    turned.reverse();
    check_acceptances(&genesis, &turned).unwrap();
    assert_eq!(write_acceptances(&turned), text);
    assert_eq!(read_acceptances(text.as_bytes()).unwrap(), all);
    assert_eq!(read_acceptances(&[]).ok(), None, "nothing has no last line");
    for one in &all {
        assert_eq!(Acceptance::parse(one.write().as_bytes()).unwrap(), *one);
    }
    // Out of order, or one twice, is not the one way to write them.
    let out_of_order: String = turned.iter().map(Acceptance::write).collect();
    assert!(read_acceptances(out_of_order.as_bytes()).is_err());
    let twice = all[0].write().repeat(2);
    assert!(read_acceptances(twice.as_bytes()).is_err());
}

#[test]
fn who_is_missing_twice_or_a_stranger_is_named() {
    let all = all();
    for missing in 0..4 {
        let mut fewer = all.clone();
        drop(fewer.remove(missing));
        let name = NAMES[missing];
        assert_eq!(said(&fewer), format!("the acceptance of {name} is missing"));
    }
    assert!(said(&[]).contains("adliya,iiv,kadastr,qurilish"));
    let twice = [&all[..], &all[2..3]].concat();
    let refused = check_acceptances(&founded(), &twice).unwrap_err();
    assert!(
        matches!(
            refused,
            NotAccepted::Doubled {
                first: 2,
                second: 4,
                ..
            }
        ),
        "{refused}"
    );
    let soliq = AgencyName::parse("soliq").unwrap();
    let stranger = AcceptanceStatement::of(&founded(), soliq, "soliq.example:7480".to_owned());
    let stranger = stranger.sign(&secret("soliq", "admin"));
    assert!(said(&[&all[..], &[stranger]].concat()).contains("soliq is no agency"));
}

#[test]
fn another_genesis_another_key_and_another_kind_do_not_count() {
    let genesis = founded();
    let change = |change: fn(&mut AcceptanceStatement), signer: &str, purpose: &str| {
        let mut given = all();
        let mut statement = given[1].statement.clone();
        change(&mut statement);
        given[1] = statement.sign(&secret(signer, purpose));
        check_acceptances(&genesis, &given).unwrap_err()
    };
    let other_trust = change(|one| one.trust = TrustHash::new([1; 32]), "iiv", "admin");
    assert!(
        matches!(other_trust, NotAccepted::OtherGenesis { at: 1, .. }),
        "{other_trust}"
    );
    let mut later = founded();
    later.time = later.time.next();
    let old = check_acceptances(&later, &all()).unwrap_err();
    assert!(
        matches!(old, NotAccepted::OtherGenesis { at: 0, .. }),
        "{old}"
    );
    for (signer, purpose) in [("iiv", "vote"), ("iiv", "recovery"), ("adliya", "admin")] {
        let refused = change(|_| (), signer, purpose);
        assert!(
            matches!(refused, NotAccepted::NotSigned { at: 1, .. }),
            "{refused}"
        );
    }
    // A genesis in which another admin key stands is another genesis, and takes none of the old words.
    let mut taken = founded();
    taken.agencies[1].admin = FOUNDER.proven("thief", "admin");
    assert!(check_acceptances(&taken, &all()).is_err());
}

/// Whatever byte is changed on the way, that acceptance is named.
#[test]
fn no_byte_of_an_acceptance_can_be_changed_unnoticed() {
    let (all, genesis) = (all(), founded());
    let text = all[1].write().into_bytes();
    let mut named = 0;
    for at in 0..text.len() {
        for change in [0x01, 0x20] {
            let mut changed = text.clone();
            changed[at] ^= change;
            let Ok(read) = Acceptance::parse(&changed) else {
                continue;
            };
            let mut given = all.clone();
            given[1] = read;
            let refused = check_acceptances(&genesis, &given).unwrap_err();
            let blamed = match refused {
                NotAccepted::OtherGenesis { at, .. }
                | NotAccepted::Stranger { at, .. }
                | NotAccepted::NotSigned { at, .. } => at,
                other => panic!("byte {at}: {other}"),
            };
            assert_eq!(blamed, 1, "byte {at}");
            named += 1;
        }
    }
    assert!(named > 200, "{named}");
}
