//! Notes, checkpoints, cosignatures, trust files and proofs as other people's tools read them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

#[path = "tlog/trust.rs"]
mod trust;

use proptest::{collection, prelude::*};
use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner, verify_line},
    hash::RootHash,
    height::{LeafIndex, LogSize, UnixSeconds},
    key::{SecretKey, Signature, vkey},
    name::Origin,
    note::{BadNoteKey, NoteKey, NoteSignature, SignedNote},
    text,
    tlog_proof::TlogProof,
};

const ORIGIN: &str = "registry.example.uz/pilot/1";
const TIME: u64 = 1_795_478_400;

fn secret(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn body(origin: &str) -> String {
    let (origin, root) = (Origin::parse(origin).unwrap(), RootHash::new([7; 32]));
    let size = LogSize::new(70_000);
    Checkpoint { origin, size, root }.write()
}

fn cosigned(number: u8, time: u64, body: &str) -> String {
    let secret = secret(number);
    Cosigner::validator(format!("w{number}.example/2026"), secret.public())
        .cosignature_line(time, &cosignature::sign(&secret, time, body))
}

fn log_signed(body: &str) -> String {
    let secret = secret(0);
    Cosigner::log(ORIGIN.to_owned(), secret.public()).log_line(&secret.sign(body.as_bytes()))
}

#[test]
fn the_example_of_gos_documentation_verifies_and_is_signed_alike() {
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let written = format!(
        "{text}\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    );
    let published = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = NoteKey::parse(published).unwrap();
    let note = SignedNote::parse(&written).unwrap();
    assert_eq!((note.text.as_str(), note.write()), (text, written));
    assert!(key.is_of(&note.signatures[0]));
    assert_eq!(verify_line(&key, text, &note.signatures[0]), Ok(None));
    assert!(verify_line(&key, "another\n", &note.signatures[0]).is_err());

    let seed: [u8; 33] =
        text::base64_array("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let secret = SecretKey::from_seed(seed[1..].try_into().unwrap());
    assert_eq!(vkey("PeterNeumann", 1, &secret.public()), published);
    let again = Cosigner::log("PeterNeumann".to_owned(), secret.public())
        .log_line(&secret.sign(text.as_bytes()));
    assert_eq!(again, note.signatures[0].write());
}

#[test]
fn published_verifier_keys_read_and_no_part_of_them_does() {
    for (written, algorithm) in [
        (
            "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
            1,
        ),
        (
            "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            1,
        ),
        (
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
            4,
        ),
    ] {
        let key = NoteKey::parse(written).unwrap();
        assert_eq!(key.algorithm, algorithm);
        assert_eq!(vkey(&key.name, key.algorithm, &key.key), written);
        for from in 0..written.len() {
            for until in from..written.len() {
                assert!(
                    NoteKey::parse(&written[from..until]).is_err(),
                    "{from} to {until}"
                );
            }
        }
        let (name, rest) = written.split_once('+').unwrap();
        assert!(NoteKey::parse(&format!("{name}+{}", rest.to_uppercase())).is_err());
        assert!(NoteKey::parse(&format!("{written}=")).is_err());
    }
    let bad = |name: &str, algorithm| {
        let key = vkey(name, algorithm, &secret(1).public());
        NoteKey::parse(&key).unwrap_err()
    };
    assert_eq!(bad("two words", 1), BadNoteKey::NoKey);
    assert_eq!(bad("\u{441}ud.example", 1), BadNoteKey::Name);
    assert_eq!(bad("court#1", 4), BadNoteKey::Name);
    assert_eq!(bad("mldsa", 6), BadNoteKey::UnknownAlgorithm(6));
    let said = bad("mldsa", 6).to_string();
    assert!(
        said.contains("an algorithm that this version does not know"),
        "{said}"
    );
}

#[test]
fn a_note_is_split_at_its_last_empty_line() {
    let written = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = SignedNote::parse(written).unwrap();
    assert!(note.text.ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures[0].name, "quasimodo.example/salvatore");
    assert_eq!(note.signatures[0].key_id, [0x36, 0x7b, 0xa0, 0x4b]);
    assert_eq!(note.write(), written);
}

#[test]
fn malformed_notes_are_refused() {
    let line = log_signed(&body(ORIGIN));
    let many = |count: usize| format!("text\n\n{}", line.repeat(count));
    SignedNote::parse(&many(100)).unwrap();
    for note in [
        many(101),
        "text\n\n".to_owned(),
        format!("text\n{line}"),
        format!("text\n\n{}", line.trim_end()),
        format!("text\n\n{line}\n"),
        format!("text\r\n\n{line}"),
        format!("text\n\n{}", line.replace('\u{2014}', "-")),
        format!("text\n\n{}", line.replace("/1 ", "/1  ")),
        format!("text\n\n{}", line.replace("/1 ", "+1 ")),
        format!("text\n\n{}", line.replace("/1 ", "\u{a0}1 ")),
        "text\n\n\u{2014} name AAAAAA==\n".to_owned(),
        "text\n\n\u{2014} name AAAAAAE\n".to_owned(),
        "text\n\n\u{2014} name AAAAAAF=\n".to_owned(),
        format!("{}\n\n{line}", "x".repeat(64 * 1024)),
    ] {
        assert!(SignedNote::parse(&note).is_err(), "{note:?}");
    }
}

#[test]
fn a_checkpoint_is_written_in_one_way() {
    let written = body(ORIGIN);
    let checkpoint = Checkpoint::parse(&written).unwrap();
    assert_eq!(checkpoint.write(), written);
    let other = Checkpoint {
        size: LogSize::new(70_001),
        ..checkpoint.clone()
    };
    assert_ne!(other.block_id(), checkpoint.block_id());
    for (from, to) in [
        ("70000", "070000"),
        ("70000", "+70000"),
        ("70000", "18446744073709551616"),
        ("70000", ""),
        ("=\n", "\n"),
        ("=\n", "=\nextension\n"),
        ("=\n", "="),
        ("c=\n", "d=\n"),
        ("\n", "\r\n"),
        (ORIGIN, ""),
    ] {
        let spoilt = written.replacen(from, to, 1);
        assert_ne!(spoilt, written, "{from:?}");
        assert!(Checkpoint::parse(&spoilt).is_err(), "{from:?} to {to:?}");
    }
}

#[test]
fn a_cosignature_is_pinned_and_holds_for_its_time_text_and_kind_alone() {
    let body = body(ORIGIN);
    assert_eq!(
        String::from_utf8(cosignature::message(TIME, &body)).unwrap(),
        format!("cosignature/v1\ntime 1795478400\n{body}")
    );
    let key = NoteKey::parse(&vkey("w1.example/2026", 4, &secret(1).public())).unwrap();
    let line = |written: &str| {
        let note = SignedNote::parse(&format!("{body}\n{written}")).unwrap();
        note.signatures[0].clone()
    };
    let written = cosigned(1, TIME, &body);
    // Made by this code; `openssl pkeyutl -verify -rawin` accepts it over the same message.
    assert_eq!(written, GOLDEN_COSIGNATURE);
    let good = line(&written);
    assert_eq!(
        verify_line(&key, &body, &good),
        Ok(Some(UnixSeconds::new(TIME)))
    );
    assert!(verify_line(&key, &body.replace("70000", "70001"), &good).is_err());
    for time in [0, 1 << 63, u64::MAX] {
        assert!(
            verify_line(&key, &body, &line(&cosigned(1, time, &body))).is_err(),
            "{time}"
        );
    }
    for at in 0..good.blob.len() {
        let mut spoilt = good.clone();
        spoilt.blob[at] ^= 1;
        assert!(verify_line(&key, &body, &spoilt).is_err(), "byte {at}");
        spoilt.blob.truncate(at);
        assert!(verify_line(&key, &body, &spoilt).is_err(), "{at} bytes");
    }
    // The same key as a log's: neither kind of signature stands for the other.
    let log = NoteKey {
        algorithm: 1,
        ..key.clone()
    };
    let plain = secret(1).sign(body.as_bytes());
    let as_log = NoteSignature {
        blob: plain.as_bytes().to_vec(),
        ..good.clone()
    };
    assert_eq!(verify_line(&log, &body, &as_log), Ok(None));
    let cosigner = Cosigner::validator(key.name.clone(), key.key);
    assert!(cosigner.verify_cosignature(&body, TIME, &plain).is_err());
    let timed = Signature::new(good.blob[8..].try_into().unwrap());
    assert!(cosigner.verify_log(&body, &timed).is_err());
}

const GOLDEN_COSIGNATURE: &str = "\u{2014} w1.example/2026 lGWVpQAAAABrBNOAeympXhCssh86ErwyS0N4EANUXTV7ll+yuSRH/tPunzouA6QwWj5ODZFzcNqVo15BG17bt02vInXIMfzJDwajAw==\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_proof_reads_back_and_holds_at_most_64_hashes(index: u64, path in collection::vec(any::<[u8; 32]>(), 0..=64), at: prop::sample::Index) {
        let checkpoint = format!("{}\n{}", body(ORIGIN), log_signed(&body(ORIGIN)));
        let proof = TlogProof { index: LeafIndex::new(index), path, checkpoint };
        let written = proof.write();
        prop_assert_eq!(&TlogProof::parse(written.as_bytes()).unwrap(), &proof);
        // A byte more anywhere is refused, or belongs to a line that was not ours to check.
        let mut longer = written.clone().into_bytes();
        longer.insert(at.index(longer.len()), b' ');
        if let Ok(read) = TlogProof::parse(&longer) {
            prop_assert_eq!(read.write().into_bytes(), longer);
        }
        let extra = written.replacen("\nindex", "\nextra AA==\nindex", 1);
        prop_assert!(TlogProof::parse(extra.as_bytes()).is_err());
        let too_many = TlogProof { path: vec![[0; 32]; 65], ..proof };
        prop_assert!(TlogProof::parse(too_many.write().as_bytes()).is_err());
    }
}
