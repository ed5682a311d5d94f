//! Every check of the verifier has its sentence, and every sentence its check.

use std::collections::BTreeSet;

use messages::{CodeWithArgs, Language};
use verify::Check;

/// What stands in a sentence for an argument, whatever it is.
fn sample(args: &[&'static str]) -> Vec<(&'static str, String)> {
    let args = args.iter();
    args.map(|name| (*name, format!("<{name}>"))).collect()
}

#[test]
fn every_check_has_a_sentence_for_when_it_fails() {
    let why = sample(&["line", "what"]);
    let cause = CodeWithArgs {
        code: "malformed",
        args: &why,
    };
    for (code, args) in Check::CODES {
        let args = sample(args);
        let check = CodeWithArgs { code, args: &args };
        for cause in [None, Some(cause)] {
            // Some checks fail for an error and no other reason.
            let Some(sentence) = messages::failed(Language::English, check, cause) else {
                assert!(cause.is_none(), "{code}");
                continue;
            };
            assert!(!sentence.contains(['{', '}']), "{code}: {sentence}");
        }
    }
}

#[test]
fn every_sentence_is_of_a_check() {
    let known: BTreeSet<&str> = Check::CODES.iter().map(|(code, _)| *code).collect();
    let said: BTreeSet<&str> = messages::check_codes().collect();
    assert_eq!(said, known);
}

/// A check that holds is told by its sentence, with all of what it names.
#[test]
fn a_sentence_names_no_argument_that_its_check_has_not() {
    let (language, mut told) = (Language::English, 0);
    for (code, args) in Check::CODES {
        let args = sample(args);
        let check = CodeWithArgs { code, args: &args };
        if let Some(sentence) = messages::held(language, check) {
            assert!(!sentence.contains(['{', '}']), "{code}: {sentence}");
            told += 1;
        } else {
            // Then it has none, and not one that could not be filled.
            let failed = messages::failed(language, check, None);
            let only_fails = failed.is_none_or(|failed| !failed.starts_with("not so: "));
            assert!(only_fails, "{code}");
        }
    }
    assert!(told > 50, "{told} checks");
}
