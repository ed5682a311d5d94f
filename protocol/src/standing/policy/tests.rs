//! Tests of registry policies.

use super::{super::Standing, *};

fn agencies(names: &[&str]) -> BTreeSet<AgencyName> {
    names
        .iter()
        .map(|name| AgencyName::parse(name).unwrap())
        .collect()
}

#[test]
fn a_policy_that_nobody_could_satisfy_is_none() {
    let owner = AgencyName::parse("own").unwrap();
    for (text, fits) in [
        ("1 2 a,b 30", true),
        ("1 1 a,b ever", true),
        ("2 0 none ever", true),
        ("1 3 a,b ever", false),
        ("1 0 a,b ever", false),
        ("1 0 none 30", false),
        ("1 1 none ever", false),
        ("1 1 a,own ever", false),
        ("1 1 a 0", false),
        ("1 1 a 3651", false),
        ("1 0 none ever four-eyes", true),
        ("1 0 none 30 four-eyes", true),
        ("1 2 a,b 30 four-eyes", true),
        ("1 0 a ever four-eyes", false),
        ("1 3 a,b ever four-eyes", false),
        ("1 1 own ever four-eyes", false),
        ("1 0 none 0 four-eyes", false),
        ("1 1 @validators ever", true),
        ("1 2 @validators 30 four-eyes", true),
        ("1 3 @validators ever", false),
        // Whoever is named and has the role counts once.
        ("1 3 @validators,c ever", false),
        ("1 3 @validators,d ever", true),
        ("1 0 @validators ever", false),
        ("1 0 @validators ever four-eyes", false),
        ("1 1 @validators,own ever", false),
    ] {
        let policy = RegistryPolicy::parse(text).unwrap();
        assert_eq!(policy.write(), text);
        let validators = agencies(&["b", "c", "own"]);
        assert_eq!(policy.is_satisfiable(&owner, &validators), fits, "{text}");
    }
    for text in [
        "",
        "1 1 b,a ever",
        "1 1 a,a ever",
        "1 1 a",
        "1 1 a ever 2",
        "01 1 a ever",
        "1 1 a four-eyes",
        "1 1 a ever four-eyes four-eyes",
        "1 1 a ever  four-eyes",
        "1 1 @validators, ever",
        "1 1 @validators,none ever",
        "1 1 a,none ever",
        "1 1 all ever",
        "1 1 validators ever",
        "1 1 a,@validators ever",
        "1 1 @validators,@validators ever",
        "1 1 @validator ever",
    ] {
        assert!(RegistryPolicy::parse(text).is_none(), "{text}");
    }
}

#[test]
fn a_role_stands_for_whoever_has_it_when_a_version_is_recorded_but_for_the_owner() {
    let policy = RegistryPolicy::parse("4 2 @validators,d ever").unwrap();
    let author = ClerkName::parse("own/anna").unwrap();
    let asked = |validators: &[&str]| {
        let terms = policy.terms(TimeMs::new(100), &author, &agencies(validators));
        let standing = Standing {
            terms,
            marks: Vec::new(),
        };
        standing.write()
    };
    assert_eq!(asked(&["a", "b", "own"]), " terms 4 2 a,b,d ever");
    assert_eq!(asked(&["a", "d", "e", "own"]), " terms 4 2 a,d,e ever");
    // Too few by now: the terms ask as many as ever.
    assert_eq!(asked(&["own"]), " terms 4 2 d ever");
}
