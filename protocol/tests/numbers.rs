//! The published record numbers (`corpus/numbers.json`): parts, keys and look-alike letters of each,
//! which the checkers in Python and JavaScript must find too.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use protocol::{
    name::RegistryName,
    record::{BadRecordId, CaseRule, RecordId},
    text,
};
use serde_json::{Value, json};

fn book() -> Value {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let file = fs::read(root.join("../corpus/numbers.json")).unwrap();
    let book: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(book["format"], "muhr-numbers/v1");
    book
}

fn numbers(book: &Value) -> &[Value] {
    book["numbers"].as_array().unwrap()
}

fn read(given: &Value) -> Result<RecordId, BadRecordId> {
    match &given["number"] {
        Value::String(number) => RecordId::parse(number),
        _ => {
            let columns = given["columns"].as_array().unwrap();
            RecordId::new(columns.iter().map(|column| column.as_str().unwrap()))
        }
    }
}

#[test]
fn every_published_number_is_read_as_published() {
    let book = book();
    let mut refused = 0;
    for given in numbers(&book) {
        let what = &given["what"];
        let record = match read(given) {
            Ok(record) => record,
            Err(error) => {
                let why = match error {
                    BadRecordId::Empty { .. } => "empty",
                    BadRecordId::TooLong { .. } => "long",
                    BadRecordId::Invisible { .. } => "invisible",
                    BadRecordId::Escape { .. } => "escape",
                    BadRecordId::Parts => "parts",
                };
                assert_eq!(given["refused"], why, "{what}");
                refused += 1;
                continue;
            }
        };
        let registry = given.get("registry").unwrap_or(&book["registry"]);
        let registry = RegistryName::parse(registry.as_str().unwrap()).unwrap();
        let alike = record.look_alikes().into_iter();
        let alike: Vec<Vec<String>> = alike
            .map(|found| {
                let letters = [Some(found.letter), found.twin];
                letters.iter().flatten().map(char::to_string).collect()
            })
            .collect();
        let found = json!({
            "parts": record.parts(), "line": record.to_string(), "look_alikes": alike,
            "key": text::base64(record.key(&registry).as_bytes()),
        });
        for (name, value) in found.as_object().unwrap() {
            assert_eq!(given[name], *value, "{name} of {what}");
        }
        assert_eq!(RecordId::parse(&record.to_string()), Ok(record), "{what}");
    }
    let read = numbers(&book).len() - refused;
    assert!(
        read >= 60 && refused >= 20,
        "{read} read, {refused} refused"
    );
}

#[test]
fn a_registry_of_capitals_has_one_number_for_both_letters() {
    let book = book();
    for given in book["capitals"].as_array().unwrap() {
        let number = read(given).unwrap();
        let capitals = number.in_case(CaseRule::Capitals);
        assert_eq!(json!(capitals.parts()), given["parts"], "{}", given["what"]);
        assert_eq!(number.in_case(CaseRule::AsWritten), number);
        // It is a number like any other, and the same when it is typed as it is shown.
        assert_eq!(RecordId::parse(&capitals.to_string()), Ok(capitals.clone()));
        assert_eq!(capitals.in_case(CaseRule::Capitals), capitals);
    }
}

/// Numbers that are written alike have one key, and no others do.
#[test]
fn no_two_numbers_share_a_key_unless_they_are_the_same_parts() {
    let book = book();
    let mut known: BTreeMap<&str, (&Value, &Value)> = BTreeMap::new();
    for given in numbers(&book)
        .iter()
        .filter(|given| given.get("key").is_some())
    {
        let is = (
            given.get("registry").unwrap_or(&book["registry"]),
            &given["parts"],
        );
        let first = known.entry(given["key"].as_str().unwrap()).or_insert(is);
        assert_eq!(*first, is, "{}", given["what"]);
    }
}

#[test]
fn numbers_that_look_alike_have_one_skeleton_and_two_keys() {
    let of = |number: &str| RecordId::parse(number).unwrap().skeleton();
    for other in ["\u{425}-4", "X\u{2011}4", "X\u{2013}4", "\u{425}\u{2212}4"] {
        assert_eq!(of(other), "X-4", "{other}");
    }
    for other in ["x-4", "X_4", "\u{416}-4", "X-4|1"] {
        assert_ne!(of(other), "X-4", "{other}");
    }
}

#[test]
fn a_look_alike_is_named_with_its_code_and_its_twin() {
    let named = |number: &str| -> Vec<String> {
        let record = RecordId::parse(number).unwrap();
        record
            .look_alikes()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        named("TS\u{41d}-12"),
        ["Cyrillic \u{41d} (U+041D), which looks like Latin H (U+0048)"]
    );
    assert_eq!(named("TS\u{416}-12"), ["Cyrillic \u{416} (U+0416)"]);
    assert_eq!(
        named("\u{422}\u{428}A-12"),
        ["Latin A (U+0041), which looks like Cyrillic \u{410} (U+0410)"]
    );
}
