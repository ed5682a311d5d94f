//! Reviewing and accepting: a word that is wrong, lines that were changed, and keys that are not the agency's.

use std::{fs, os::unix::fs::PermissionsExt};

use protocol::ceremony::ContributionStatement;
use testkit::founder::proven;
use tests::{args, cluster::AGENCIES};

use super::{Desk, ORIGIN, assemble, secret};

/// The words of a genesis, and the options by which soliq accepts it.
fn assembled(desk: &Desk) -> (Vec<String>, Vec<String>) {
    let made = [args!("--json"), assemble(&AGENCIES)].concat();
    let made = desk.run(&made).expect(0).json();
    let words = made["words"].as_str().unwrap().split(' ');
    let accept = args!("network accept genesis --mine soliq.contribution --key soliq.key");
    (words.map(ToOwned::to_owned).collect(), accept)
}

#[test]
fn a_word_that_is_wrong_is_named_and_nothing_is_signed() {
    let desk = Desk::new();
    let (words, accept) = assembled(&desk);
    let with = |words: &[String]| [&accept[..], &args!("--words '{}'", words.join(" "))].concat();
    for at in 0..words.len() {
        let mut heard = words.clone();
        "zuzuz".clone_into(&mut heard[at]);
        let says = format!("genesis: word {} is not this genesis's", at + 1);
        let _wrong = desk.refused(&with(&heard), 3, &[&says, "hear the words again"]);
    }
    let _fewer = desk.refused(&with(&words[..7]), 3, &["word 8 is not"]);
    let more = [&words[..], &["babab".to_owned()]].concat();
    let _more = desk.refused(
        &with(&more),
        3,
        &["8 words were expected, and more were given"],
    );
    let accepted = desk
        .run(&[args!("--json"), with(&words)].concat())
        .expect(0);
    assert_eq!(accepted.json()["file"], "soliq.acceptance");
    // Once; and people type words as they hear them.
    let _twice = desk.refused(&with(&words), 1, &["soliq.acceptance"]);
    fs::remove_file(desk.path("soliq.acceptance")).unwrap();
    let typed: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let _accepted = desk.run(&with(&typed)).expect(0);
}

#[test]
fn a_genesis_that_is_not_what_was_agreed_is_not_accepted() {
    let desk = Desk::new();
    let (words, accept) = assembled(&desk);
    let accept = [&accept[..], &args!("--words '{}'", words.join(" "))].concat();
    let review = args!("network review genesis --mine soliq.contribution --plan founding.plan");
    let _fine = desk.run(&review).expect(0);
    // Whoever assembled has put another vote key in the place of soliq's, which is proven too.
    let thief = |one: &mut ContributionStatement| {
        one.agency.vote = proven(ORIGIN, "soliq", "vote", &secret("thief", "vote"));
    };
    let mine = desk.read("soliq.contribution");
    let honest = desk.read("genesis");
    desk.changed("soliq", thief);
    fs::remove_file(desk.path("genesis")).unwrap();
    fs::remove_file(desk.path("trust.policy")).unwrap();
    let (words_of_thief, _) = assembled(&desk);
    desk.write("soliq.contribution", &mine);
    let says = ["genesis: line 7 of soliq.contribution", "do not accept it"];
    let _named = desk.refused(&review, 3, &says);
    let heard = args!("--words '{}'", words_of_thief.join(" "));
    let last = accept.len() - 2;
    let _named = desk.refused(&[&accept[..last], &heard].concat(), 3, &says);
    // Its own contribution, of which the wrong copy was kept.
    desk.write("soliq.contribution", &mine.replace("soliq.example:7480", "soliq.example:7481"));
    let _other = desk.refused(&review, 3, &["soliq.contribution: its admin key did not sign this"]);
    desk.write("soliq.contribution", &mine);
    // A frame that is not the plan's; the words of the honest genesis are not this one's.
    desk.write("genesis", &honest.replacen("limits 4096", "limits 2048", 1));
    let _frame = desk.refused(
        &review,
        3,
        &["genesis: limits is not as founding.plan says"],
    );
    let _words = desk.refused(&accept, 3, &["genesis: word 1"]);
    desk.write("genesis", &honest.replacen("threshold 3", "threshold 2", 1));
    let _format = desk.refused(
        &review,
        3,
        &["genesis: not a genesis", "recovery threshold of 2"],
    );
    desk.write("genesis", &honest);
    // Keys that are not soliq's admin key.
    desk.key("vote.key", "soliq", "vote");
    let with_key = |key: &str| {
        let mut accept = accept.clone();
        let at = accept.iter().position(|word| word == "soliq.key").unwrap();
        key.clone_into(&mut accept[at]);
        accept
    };
    let _purpose = desk.run(&with_key("vote.key")).expect(3);
    let other = desk.refused(
        &with_key("adliya.key"),
        3,
        &["adliya.key: not the admin key of soliq"],
    );
    assert!(
        other.stderr.contains("muhr network contribute made"),
        "{other:?}"
    );
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(desk.path("soliq.key"), open).unwrap();
    let _open = desk.refused(
        &accept,
        3,
        &["others may read this file (mode 644)", "chmod 600"],
    );
}
