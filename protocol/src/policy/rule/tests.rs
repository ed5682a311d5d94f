//! Tests of quorum rules.

use super::*;

fn group(name: &str, needed: usize, members: Vec<Rule>) -> Rule {
    Rule::Group {
        name: name.to_owned(),
        needed,
        members,
    }
}

fn both() -> Rule {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| Rule::Witness((*name).to_owned()))
            .collect()
    };
    let agencies = group("validators", 3, names(&["a", "b", "c", "d"]));
    group(
        "both",
        2,
        vec![agencies, group("outside", 1, names(&["w", "x"]))],
    )
}

#[test]
fn the_innermost_group_that_is_short_is_named() {
    for (signed, name, met, missing) in [
        ("abc", "outside", 0, "wx"),
        ("abw", "validators", 2, "cd"),
        ("", "validators", 0, "abcd"),
    ] {
        let short = both().short(&|who| signed.contains(who)).unwrap();
        assert_eq!((short.name.as_str(), short.met), (name, met));
        assert_eq!(short.missing.concat(), missing);
    }
    assert_eq!(both().short(&|who| "abcx".contains(who)), None);
}

#[test]
fn the_fewest_that_can_meet_it_are_counted_among_those_that_count() {
    assert_eq!(both().least(&|_| true), 4);
    assert_eq!(both().least(&|who| "abcd".contains(who)), 3);
    assert_eq!(both().least(&|who| "wx".contains(who)), 1);
    assert_eq!(Rule::LogAlone.least(&|_| true), 0);
    let either = group("either", 1, vec![both(), Rule::Witness("z".to_owned())]);
    assert_eq!(either.least(&|_| true), 1);
}
