//! What is said of trust files: who must sign, what the words cover, and who is short.

use std::fs;

use protocol::{
    cosignature,
    key::{SecretKey, vkey},
    note::{ALGORITHM_COSIGNATURE, NoteKey, NoteSignature},
    policy::TrustPolicy,
    receipt::Receipt,
    words,
};
use tests::{
    args,
    cluster::{Ran, muhr},
};

use super::{Desk, headline};

fn show(desk: &Desk, name: &str) -> Ran {
    muhr(&["trust", "show", &desk.path(name)]).expect(0)
}

#[test]
fn how_many_must_sign_is_said_and_too_few_are_warned_of() {
    let desk = Desk::new();
    let text = String::from_utf8(Desk::corpus("trust.policy")).unwrap();
    let names = "adliya iiv kadastr qurilish";
    let group = format!("group validators 3 {names}\nquorum validators\n");
    assert!(text.ends_with(&group), "{text}");
    let (all, warns) = (
        "adliya, iiv, kadastr, qurilish",
        "agencies are enough for this file",
    );
    for (groups, says, weak) in [
        (group.clone(), format!("3 of these 4 must sign: {all}"), None),
        (group.replace(" 3 ", " 1 "), format!("1 of these 4 must sign: {all}"), Some("1 of 4")),
        (group.replace(" 3 ", " 2 "), format!("2 of these 4 must sign: {all}"), Some("2 of 4")),
        (group.replace(" 3 ", " any "), format!("1 of these 4 must sign: {all}"), Some("1 of 4")),
        (group.replace(" 3 ", " all "), format!("4 of these 4 must sign: {all}"), None),
        (group.replace("quorum validators", "quorum none"), "nobody must sign".to_owned(), Some("0 of 4")),
        (group.replace("quorum validators", "quorum iiv"), "iiv alone must sign".to_owned(), Some("1 of 4")),
        (
            "group a 2 adliya iiv\ngroup b any kadastr qurilish\ngroup both all a b\nquorum both\n".to_owned(),
            "a: 2 of these 2 must sign: adliya, iiv".to_owned(),
            None,
        ),
        (
            "group a 2 adliya iiv\ngroup b any kadastr qurilish\ngroup either any a b\nquorum either\n".to_owned(),
            "1 of these 2 must sign: a, b".to_owned(),
            Some("1 of 4"),
        ),
    ] {
        desk.put("bent.policy", text.replace(&group, &groups).as_bytes());
        let shown = show(&desk, "bent.policy").stdout;
        assert!(shown.contains(&says), "{says} in {shown}");
        assert_eq!(shown.contains(warns), weak.is_some(), "{shown}");
        if let Some(weak) = weak {
            assert!(shown.contains(&format!("! {weak} {warns}")), "{shown}");
        }
        let json = muhr(&["--json", "trust", "show", &desk.path("bent.policy")]).expect(0).json();
        assert_eq!(json["weakness"].is_string(), weak.is_some(), "{json}");
    }
}

#[test]
fn words_that_do_not_cover_past_epochs_are_told_apart() {
    let desk = Desk::new();
    let name = "epoch-1.policy";
    desk.take(name, name);
    let trust = TrustPolicy::parse(&Desk::corpus(name)).unwrap();
    assert!(!trust.past().is_empty());
    let check = |name: &str, hash: &[u8; 32]| {
        let words = words::fingerprint(hash);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let path = desk.path(name);
        muhr(&[&["trust", "check", path.as_str()][..], &words].concat())
    };
    let whole = check(name, trust.file_hash()).expect(0);
    assert!(
        whole.stdout.contains("✔ the words are this file's"),
        "{whole:?}"
    );
    let part = check(name, trust.hash().as_bytes()).expect(16);
    assert!(
        part.stdout
            .contains("▲ the words are this file's but for its"),
        "{part:?}"
    );
    assert!(!part.stdout.contains("✔"), "{part:?}");
    // A forged line of a past epoch has the same words, and passes no more than it did.
    let text = String::from_utf8(Desk::corpus(name)).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("#: past "))
        .unwrap();
    let root = line.rsplit(' ').next().unwrap();
    let forged = text.replacen(root, &protocol::text::base64(&[7; 32]), 1);
    desk.put("forged.policy", forged.as_bytes());
    let passed = check("forged.policy", trust.hash().as_bytes()).expect(16);
    assert!(
        passed.stdout.contains("which they do not cover"),
        "{passed:?}"
    );
    let _other = check("forged.policy", trust.file_hash()).expect(3);
}

#[test]
fn a_verdict_that_rests_on_a_past_line_says_so_first() {
    let desk = Desk::new();
    let book = String::from_utf8(Desk::corpus("cases.json")).unwrap();
    let book: serde_json::Value = serde_json::from_str(&book).unwrap();
    let case = |name: &str| {
        let mut cases = book["cases"].as_array().unwrap().iter();
        cases.find(|case| case["name"] == name).unwrap().clone()
    };
    let bridged = case("receipt/bridged");
    let (trust, file) = (
        bridged["trust"].as_str().unwrap(),
        bridged["file"].as_str().unwrap(),
    );
    desk.take(trust, "new.policy");
    desk.take(file, "bridged.receipt");
    let judged = desk.verify_by("new.policy", &["bridged.receipt"]).expect(0);
    let says = "✔ AUTHENTIC (receipt alone; by a past epoch's line in the trust file)  ";
    assert!(headline(&judged).starts_with(says), "{judged:?}");
    desk.take("registered.receipt", "now.receipt");
    let now = desk.verify(&["now.receipt"]).expect(0);
    assert!(!headline(&now).contains("past epoch"), "{now:?}");
}

/// A trust file that asks for a court besides the agencies, and the court's key.
fn own_file(desk: &Desk) -> NoteKey {
    let court = SecretKey::from_seed(&[77; 32]);
    let vkey = vkey("court.example/w1", ALGORITHM_COSIGNATURE, &court.public());
    let command = args!(
        "trust extend {} --witness court={vkey},http://court.example/ --out {}",
        desk.path("trust.policy"),
        desk.path("own.policy")
    );
    let _own = muhr(&command).expect(0);
    NoteKey::parse(&vkey).unwrap()
}

#[test]
fn a_missing_witness_is_named_and_its_line_is_taken_from_a_mirror() {
    let desk = Desk::new();
    let key = own_file(&desk);
    let shown = show(&desk, "own.policy").stdout;
    for says in [
        "2 of these 2 must sign: validators, outside",
        "  validators: 3 of these 4 must sign: adliya, iiv, kadastr, qurilish",
        "  outside: 1 of these 1 must sign: court",
        "  base     somebody's own file, built on the network's of the words ",
        "(outside witness)",
    ] {
        assert!(shown.contains(says), "{says} in {shown}");
    }
    assert!(!shown.contains("are enough for this file"), "{shown}");
    desk.take("registered.receipt", "a.receipt");
    let short = desk.verify_by("own.policy", &["a.receipt"]).expect(16);
    assert!(
        short.stdout.contains(
            "group \"outside\" of the trust file is short: 0 of 1 signed; missing: court"
        ),
        "{short:?}"
    );

    // Too few agencies are a broken proof under this file too.
    let receipt = Receipt::parse(&Desk::corpus("registered.receipt")).unwrap();
    let note = &receipt.proof.checkpoint;
    let (text, lines) = note.split_at(note.rfind("\n\n").unwrap() + 2);
    let mut few = receipt.clone();
    few.proof.checkpoint = format!("{text}{}\n", lines.lines().next().unwrap());
    desk.put("few.receipt", few.write().as_bytes());
    let _broken = desk.verify_by("own.policy", &["few.receipt"]).expect(14);

    // A mirror whose checkpoint the court has cosigned.
    let body = &text[..text.len() - 1];
    let signature = cosignature::sign(&SecretKey::from_seed(&[77; 32]), 1_800_000_000, body);
    let mut blob = 1_800_000_000_u64.to_be_bytes().to_vec();
    blob.extend_from_slice(signature.as_bytes());
    let line = NoteSignature {
        name: key.name.clone(),
        key_id: key.id(),
        blob,
    };
    fs::create_dir(desk.path("mirror")).unwrap();
    desk.put(
        "mirror/checkpoint",
        format!("{note}{}", line.write()).as_bytes(),
    );
    let refresh = |mirror: &str| {
        let (receipt, own) = (desk.path("a.receipt"), desk.path("own.policy"));
        let mirror = desk.path(mirror);
        muhr(&args!(
            "receipt refresh {receipt} --from {mirror} --trust {own}"
        ))
    };
    let _done = refresh("mirror").expect(0);
    let judged = desk.verify_by("own.policy", &["a.receipt"]).expect(0);
    assert!(judged.stdout.contains("court"), "{judged:?}");
    let _twice = refresh("mirror").expect(0);
    let _network = desk.verify(&["a.receipt"]).expect(0);

    // A mirror of another size helps nobody, and the receipt stays as it was.
    fs::create_dir(desk.path("older")).unwrap();
    let other = Desk::corpus("fork-one.note");
    desk.put("older/checkpoint", &other);
    let before = fs::read(desk.path("a.receipt")).unwrap();
    let elsewhere = refresh("older").expect(16);
    assert!(
        elsewhere.stderr.contains("and the mirror's is of size"),
        "{elsewhere:?}"
    );
    assert_eq!(fs::read(desk.path("a.receipt")).unwrap(), before);
}

#[test]
fn evidence_of_a_fork_at_two_sizes_convicts() {
    let desk = Desk::new();
    desk.take("fork-sizes.evidence", "fork.evidence");
    let judged = desk.verify(&["fork.evidence"]).expect(30);
    assert!(judged.stdout.contains("EVIDENCE OF A FORK"), "{judged:?}");
    let long = desk.verify(&["fork.evidence", "--steps"]).expect(30).stdout;
    assert!(
        long.contains("does not begin with the log of size"),
        "{long}"
    );
    // Without its path it convicts nobody.
    let text = String::from_utf8(Desk::corpus("fork-sizes.evidence")).unwrap();
    let (notes, _) = text.split_once("--- prefix\n").unwrap();
    desk.put("fork.evidence", notes.as_bytes());
    let _nobody = desk.verify(&["fork.evidence"]).expect(14);
}
