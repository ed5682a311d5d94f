//! The shapes of the JSON documents of `muhr`: keys and types, as they were reviewed.
//!
//! Not here: what stands in them, which is for the tests of each command.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;
use tests::cluster::Ran;

use crate::house::help::assert_as_reviewed;

/// Keys and types, one a line; what an array may hold is shown once for each kind.
fn shape(value: &Value, path: &str, lines: &mut BTreeMap<String, Vec<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = lines.entry(path.to_owned()).or_default();
    if !kinds.contains(&kind) {
        kinds.push(kind);
        kinds.sort_unstable();
    }
    match value {
        Value::Array(items) => {
            for item in items {
                shape(item, &format!("{path}[]"), lines);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                shape(item, &format!("{path}.{key}"), lines);
            }
        }
        _ => {}
    }
}

/// Every document seen, by schema: what programs may rely on.
#[derive(Default)]
pub(crate) struct Schemas(BTreeMap<String, BTreeMap<String, Vec<&'static str>>>);

impl Schemas {
    /// Takes what a command said: one document on stdout, and messages only on stderr.
    pub(crate) fn take(&mut self, ran: &Ran) -> Value {
        let shown = format!("{ran:?}");
        assert_eq!(ran.stdout.lines().count(), 1, "one document: {shown}");
        assert!(!has_escapes(ran), "{shown}");
        let document = ran.json();
        let schema = document["schema"].as_str().expect(&shown).to_owned();
        if schema == "muhr/error/1" {
            assert_eq!(
                document["code"].as_i64(),
                Some(i64::from(ran.code)),
                "{shown}"
            );
            assert!(ran.stderr.starts_with("error: "), "{shown}");
        } else {
            let notes = ran.stderr.lines().all(|line| line.starts_with("· "));
            assert!(notes, "only notes on stderr: {shown}");
        }
        if let Some(code) = document.get("exit_code") {
            assert_eq!(code.as_i64(), Some(i64::from(ran.code)), "{shown}");
        }
        shape(&document, "", self.0.entry(schema).or_default());
        document
    }

    fn add(&mut self, document: &Value) {
        let schema = document["schema"].as_str().unwrap().to_owned();
        shape(document, "", self.0.entry(schema).or_default());
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (schema, lines) in &self.0 {
            text += &format!("{schema}\n");
            for (path, kinds) in lines.iter().filter(|(path, _)| !path.is_empty()) {
                text += &format!("  {path}: {}\n", kinds.join(" or "));
            }
        }
        text
    }
}

/// The shapes of documents that a test has seen are those that were reviewed under `name`.
pub(crate) fn assert_shapes(name: &str, documents: &[Value]) {
    let mut schemas = Schemas::default();
    for document in documents {
        schemas.add(document);
    }
    assert_as_reviewed(&format!("schemas-{name}"), &schemas.text());
}

pub(crate) fn has_escapes(ran: &Ran) -> bool {
    ran.stdout.contains('\u{1b}') || ran.stderr.contains('\u{1b}')
}

#[test]
fn every_document_of_the_command_has_a_reviewed_shape() {
    let tests = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let mut reviewed = String::new();
    for file in fs::read_dir(tests.join("it/house/snapshots")).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("/schemas") {
            reviewed += &fs::read_to_string(path).unwrap();
        }
    }
    let mut schemas = 0;
    let mut folders = vec![tests.join("../cli/src"), tests.join("../views/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap_or_default();
            let named = source.split("\"schema\": \"").skip(1);
            let of_views = source.split("const SCHEMA: &'static str = \"").skip(1);
            for rest in named.chain(of_views) {
                let schema = rest.split('"').next().unwrap();
                let is_reviewed = reviewed.lines().any(|line| line == schema);
                assert!(is_reviewed, "{schema} of {}", path.display());
                schemas += 1;
            }
        }
    }
    assert!(schemas > 20, "{schemas}");
}
