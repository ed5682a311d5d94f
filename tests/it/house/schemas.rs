//! The shapes of the JSON documents of `muhr`: keys and types, as they were reviewed, and as the schemas in
//! `docs/schemas/` say.
//!
//! Not here: what stands in them, which is for the tests of each command.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

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

/// Allows in objects only the keys that the schema names: programs would never learn of others.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.get("properties").is_some_and(Value::is_object) && map.contains_key("type") {
                let _none = map.insert("additionalProperties".to_owned(), false.into());
            }
        }
        _ => {}
    }
}

/// A document is as its committed schema says.
fn assert_is_of_its_schema(document: &Value) {
    let name = document["schema"].as_str().unwrap();
    let file = name.trim_start_matches("muhr/").trim_end_matches("/1");
    let tests = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let path = tests.join(format!("../docs/schemas/{file}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}", path.display()));
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["title"], name);
    close(&mut schema);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?} in {document:#}");
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
        assert_is_of_its_schema(&document);
        shape(&document, "", self.0.entry(schema).or_default());
        document
    }

    fn add(&mut self, document: &Value) {
        let schema = document["schema"].as_str().unwrap().to_owned();
        assert_is_of_its_schema(document);
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
    for (path, source) in sources(&tests.join("../views/src")) {
        for rest in source.split("const SCHEMA: &'static str = \"").skip(1) {
            let schema = rest.split('"').next().unwrap();
            let is_reviewed = reviewed.lines().any(|line| line == schema);
            assert!(is_reviewed, "{schema} of {}", path.display());
            schemas += 1;
        }
    }
    let committed = fs::read_dir(tests.join("../docs/schemas")).unwrap().count();
    assert_eq!(
        schemas, committed,
        "each has a file, and each file is one's"
    );
    // Whoever would write a document beside the views would need this.
    let manifest = fs::read_to_string(tests.join("../cli/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    assert!(!dependencies.contains_key("serde_json"));
}

/// All files of code in a folder and below it.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = fs::read_to_string(&path).unwrap_or_default();
                found.push((path, source));
            }
        }
    }
    found
}
