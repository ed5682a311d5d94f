//! Messages of the library and the command are compared with the catalogue, over the source text: every code has
//! its sentence, every place its argument, every sentence somebody who says it; and sentences stand nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use messages::{Language, catalogue};
use quote::ToTokens;
use syn::{
    Item,
    buffer::{Cursor, TokenBuffer},
};

/// Literals of the command with three words or more that are no messages: lines of formats, two bars of progress, help
/// about documents, and two details. The number only falls.
const LEFT_IN_CLI: usize = 12;
/// Literals of the library with three words or more: parts of what a node says, and what stands in place of the name
/// of a column, which rows to mend carry too.
const NO_SENTENCES: [&str; 3] = [
    " of the batch: ",
    " (nothing of the batch was recorded)",
    "beyond the last",
];

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..")
}

/// The source files of a crate, without those of tests.
fn sources(name: &str) -> Vec<(String, syn::File)> {
    let mut files = Vec::new();
    walk(&root().join(name).join("src"), &mut files);
    assert!(!files.is_empty(), "{name}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.display().to_string(), syn::parse_file(&text).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// What a walk over the tokens of a file finds.
#[derive(Default)]
struct Found {
    /// Codes with the names of their arguments.
    messages: Vec<(String, BTreeSet<String>)>,
    /// Messages whose code, or the name of whose argument, is no literal.
    unread: usize,
    /// Literals with three words or more.
    sentences: Vec<String>,
    /// First literals of `#[error(...)]`.
    displays: Vec<String>,
}

fn found_in(file: &syn::File) -> Found {
    let buffer = TokenBuffer::new2(file.to_token_stream());
    let mut found = Found::default();
    scan(buffer.begin(), &mut found);
    found
}

fn text_of(cursor: Cursor<'_>) -> Option<String> {
    let (literal, _) = cursor.literal()?;
    let literal: syn::LitStr = syn::parse_str(&literal.to_string()).ok()?;
    Some(literal.value())
}

/// Goes through all tokens but comments, lints and what is compiled for tests alone.
fn scan(mut cursor: Cursor<'_>, found: &mut Found) {
    while !cursor.eof() {
        if let Some(rest) = attribute(cursor, found) {
            cursor = rest;
            continue;
        }
        found.messages.extend(message(cursor, &mut found.unread));
        // The text of a panic is for whoever mends it.
        if let Some((name, rest)) = cursor.ident()
            && name == "expect"
            && let Some((.., rest)) = rest.any_group()
        {
            cursor = rest;
            continue;
        }
        if let Some((inner, _, _, rest)) = cursor.any_group() {
            scan(inner, found);
            cursor = rest;
            continue;
        }
        let words = text_of(cursor).filter(|text| is_sentence(text));
        found.sentences.extend(words);
        let Some((_, rest)) = cursor.token_tree() else {
            return;
        };
        cursor = rest;
    }
}

/// What stands behind an attribute, if one begins here, and behind the item that it takes out of the program.
fn attribute<'a>(cursor: Cursor<'a>, found: &mut Found) -> Option<Cursor<'a>> {
    let (sign, mut rest) = cursor.punct()?;
    if sign.as_char() != '#' {
        return None;
    }
    if let Some((sign, behind)) = rest.punct()
        && sign.as_char() == '!'
    {
        rest = behind;
    }
    let (inner, _, _, rest) = rest.any_group()?;
    let (name, behind) = inner.ident()?;
    match name.to_string().as_str() {
        "cfg" if behind.any_group().is_some_and(|(inner, ..)| is_test(inner)) => {
            Some(behind_item(rest))
        }
        "error" => {
            let (inner, ..) = behind.any_group()?;
            found.displays.extend(text_of(inner));
            Some(rest)
        }
        _ => Some(rest),
    }
}

fn is_test(inner: Cursor<'_>) -> bool {
    inner.ident().is_some_and(|(name, _)| name == "test")
}

/// What stands behind the next item: behind its braces, or its semicolon.
fn behind_item(mut cursor: Cursor<'_>) -> Cursor<'_> {
    while !cursor.eof() {
        let ends = cursor
            .punct()
            .is_some_and(|(sign, _)| sign.as_char() == ';');
        let group = cursor.any_group();
        let is_body = group.is_some() && cursor.token_stream().to_string().starts_with('{');
        let Some((_, rest)) = cursor.token_tree() else {
            break;
        };
        cursor = rest;
        if ends || is_body {
            break;
        }
    }
    cursor
}

/// The code and the names of the arguments of `UserMessage::new("code").text("name", ...)`, if that begins here.
fn message(cursor: Cursor<'_>, unread: &mut usize) -> Option<(String, BTreeSet<String>)> {
    let (name, rest) = cursor.ident()?;
    let (_, rest) = rest.punct()?;
    let (_, rest) = rest.punct()?;
    let (method, rest) = rest.ident()?;
    if name != "UserMessage" || method != "new" {
        return None;
    }
    let (inner, _, _, mut rest) = rest.any_group()?;
    let Some(code) = text_of(inner) else {
        *unread += 1;
        return None;
    };
    let mut args = BTreeSet::new();
    while let Some((sign, behind)) = rest.punct()
        && sign.as_char() == '.'
        && let Some((method, behind)) = behind.ident()
        && (method == "text" || method == "part")
        && let Some((inner, _, _, behind)) = behind.any_group()
    {
        match text_of(inner) {
            Some(name) => assert!(args.insert(name), "{code}"),
            None => *unread += 1,
        }
        rest = behind;
    }
    Some((code, args))
}

/// Three words or more.
fn is_sentence(text: &str) -> bool {
    let words = text.split([' ', '\n']).filter(|word| {
        let letters = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        letters.len() > 1 && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    words.count() >= 3
}

fn places(template: &str) -> BTreeSet<String> {
    let parts = template.split('{').skip(1);
    let places = parts.map(|part| part.split_once('}').unwrap().0);
    // Behind a count may stand what is counted, one and many.
    let named = places.map(|place| match place.split('|').collect::<Vec<_>>()[..] {
        [name] => name.to_owned(),
        [name, one, many] => {
            assert!(
                !one.is_empty() && !many.is_empty() && one != many,
                "{place}"
            );
            name.to_owned()
        }
        _ => panic!("{place}"),
    });
    named.collect()
}

/// Words for many things, behind a count that may be one.
const MANY: [&str; 28] = [
    "rows",
    "documents",
    "records",
    "days",
    "minutes",
    "seconds",
    "leaves",
    "agencies",
    "words",
    "cells",
    "files",
    "entries",
    "blocks",
    "fields",
    "bytes",
    "columns",
    "wait",
    "validators",
    "versions",
    "clerks",
    "hashes",
    "heights",
    "peers",
    "receipts",
    "signatures",
    "connections",
    "messages",
    "hours",
];
/// Counts that are never one: a network has four agencies at least, a span is said in days from two on, a node has
/// many files open, and what is too long has many bytes.
const NEVER_ONE: [&str; 6] = ["all", "allowed", "bytes", "days", "most", "used"];

#[test]
fn what_is_counted_may_be_one() {
    for (code, template) in catalogue::entries(Language::English) {
        assert!(!is_said_of_many(template), "{code}: {template}");
    }
    // Sentences that stand elsewhere: those of checks, and of whoever takes no word from the catalogue.
    for name in [
        "messages",
        "node",
        "ledger",
        "consensus",
        "protocol",
        "verify",
        "api",
        "client",
    ] {
        let mut seen = 0;
        for (path, file) in sources(name) {
            let Found {
                sentences,
                displays,
                ..
            } = found_in(&file);
            for text in sentences.iter().chain(&displays) {
                assert!(!is_said_of_many(text), "{path}: {text}");
                seen += 1;
            }
        }
        println!("{name}: {seen} sentences");
    }
}

/// Whether a word for many things stands behind a count that may be one.
fn is_said_of_many(template: &str) -> bool {
    template.split('{').skip(1).any(|part| {
        let Some((name, behind)) = part.split_once('}') else {
            return false;
        };
        // A bound is no count, and never 1.
        let ends = ["-max", "-min", "_max", "_min", "_MAX", "_MIN"];
        let is_bound = ends.iter().any(|end| name.ends_with(end)) || NEVER_ONE.contains(&name);
        let word = behind.strip_prefix(' ').unwrap_or_default();
        let word = word.split(|letter: char| !letter.is_alphabetic()).next();
        !is_bound && word.is_some_and(|word| MANY.contains(&word))
    })
}

#[test]
fn every_message_has_a_sentence_with_places_for_its_arguments_and_no_others() {
    let mut texts = BTreeMap::new();
    for (code, template) in catalogue::entries(Language::English) {
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(code.bytes().all(is_code), "{code}");
        assert!(
            texts.insert(code, template).is_none(),
            "{code} stands twice"
        );
    }
    let mut used = BTreeSet::new();
    for (path, file) in ["client", "cli"].into_iter().flat_map(sources) {
        let found = found_in(&file);
        // The command's own tests of the catalogue make none up.
        assert_eq!(found.unread, 0, "{path}: a code that is no literal");
        for (code, args) in found.messages {
            let template = texts.get(code.as_str());
            let template = template.unwrap_or_else(|| panic!("{path}: {code} has no sentence"));
            assert_eq!(args, places(template), "{path}: {code}");
            used.insert(code);
        }
    }
    let texts: BTreeSet<String> = texts.into_keys().map(ToOwned::to_owned).collect();
    let unused: Vec<&String> = texts.difference(&used).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
    assert!(used.len() > 500, "{} codes", used.len());
}

#[test]
fn the_library_has_no_sentence_for_people() {
    for (path, file) in sources("client") {
        let found = found_in(&file);
        let mut sentences = found.sentences;
        sentences.retain(|text| !NO_SENTENCES.contains(&text.as_str()));
        assert!(sentences.is_empty(), "{path}: {sentences:?}");
        // The code and the arguments, or what the error below says.
        let displays = found.displays;
        assert!(
            displays.iter().all(|text| text == "{}"),
            "{path}: {displays:?}"
        );
    }
}

#[test]
fn every_error_of_the_library_has_a_code() {
    let (mut errors, mut coded) = (BTreeSet::new(), BTreeSet::new());
    for (_, file) in sources("client") {
        for item in &file.items {
            let (name, attributes) = match item {
                Item::Enum(item) => (&item.ident, &item.attrs),
                Item::Struct(item) => (&item.ident, &item.attrs),
                Item::Impl(item) => {
                    let of = item.trait_.as_ref().map(|(_, of, _)| of);
                    if of.is_some_and(|of| of.is_ident("Coded")) {
                        coded.insert(item.self_ty.to_token_stream().to_string());
                    }
                    continue;
                }
                _ => continue,
            };
            let derives = |attribute: &syn::Attribute| {
                attribute.path().is_ident("derive") && { attribute.to_token_stream().to_string() }
                    .split(|letter: char| !letter.is_alphanumeric())
                    .any(|word| word == "Error")
            };
            if attributes.iter().any(derives) {
                errors.insert(name.to_string());
            }
        }
    }
    let without: Vec<&String> = errors.difference(&coded).collect();
    assert!(without.is_empty(), "{without:?}");
    assert!(errors.len() >= 19, "{errors:?}");
}

/// The library makes messages, and the catalogue sentences of them: it never asks for one.
#[test]
fn the_library_looks_no_sentence_up() {
    for (path, file) in sources("client") {
        let text = file.to_token_stream().to_string();
        for word in ["in_words", "Language"] {
            let (code, _tests) = text.split_once("# [cfg (test)]").unwrap_or((&text, ""));
            assert!(!code.contains(word), "{path}: {word}");
        }
    }
}

/// Failures and ways out are messages by their type; what else the command says moves into the catalogue too.
#[test]
fn sentences_of_the_command_only_become_fewer() {
    let mut all = Vec::new();
    for (path, file) in sources("cli") {
        let sentences = found_in(&file).sentences.into_iter();
        all.extend(sentences.map(|text| format!("{path}: {text}")));
    }
    let count = all.len();
    assert_eq!(
        count,
        LEFT_IN_CLI,
        "put it into the catalogue, or write the lower number here:\n{}",
        all.join("\n")
    );
}
