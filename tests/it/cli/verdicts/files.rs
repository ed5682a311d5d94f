//! Files of all kinds, whatever they are called; texts that other programs have re-written; several files,
//! and files that can be read only once.

use std::{fs, io::Write, process::Command, thread};

use tests::cluster::{Ran, muhr};

use super::{Desk, headline};

#[test]
fn a_receipt_under_another_name_is_a_receipt_alone() {
    let desk = Desk::new();
    for name in ["page.html", "photo.png", "permit.pdf", "a.receipt"] {
        desk.take("registered.receipt", name);
        let judged = desk.verify(&[name]).expect(0);
        assert!(
            headline(&judged).starts_with("✔ AUTHENTIC (receipt alone)  "),
            "{judged:?}"
        );
        let json = desk.verify(&["--json", name]).expect(0).json();
        assert_eq!(json["files"][0]["judged"], "receipt alone", "{json}");
    }
    desk.take("permit.txt", "permit.txt");
    desk.take("registered.receipt", "permit.txt.receipt");
    let judged = desk.verify(&["permit.txt"]).expect(0);
    assert!(headline(&judged).starts_with("✔ AUTHENTIC  "), "{judged:?}");
    let json = desk.verify(&["--json", "permit.txt"]).expect(0).json();
    assert_eq!(json["files"][0]["judged"], "document", "{json}");
    // Altered is said of the document, revoked of a receipt alone.
    desk.take("other.txt", "other.txt");
    let altered = desk
        .verify(&["other.txt", "--receipt", "a.receipt"])
        .expect(11);
    assert!(headline(&altered).starts_with("✘ ALTERED  "), "{altered:?}");
    desk.take("register-after-revoke.receipt", "ended.html");
    let revoked = desk.verify(&["ended.html"]).expect(13);
    assert!(
        headline(&revoked).starts_with("✘ REVOKED (receipt alone)  "),
        "{revoked:?}"
    );
}

#[test]
fn what_is_of_another_kind_cannot_be_decided_and_is_named() {
    let desk = Desk::new();
    for (name, bytes, words) in [
        (
            "x.receipt",
            &b"%PDF-1.7\nmuhr-receipt/v1\n"[..],
            "it is a PDF document",
        ),
        ("y.receipt", b"PK\x03\x04rest", "it is a ZIP archive"),
        (
            "z.receipt",
            b"<!DOCTYPE html>\n<p>muhr-receipt/v1",
            "it is a web page",
        ),
        ("e.receipt", b"", "it is empty"),
        (
            "t.receipt",
            b"TSH-12 is a good house\n",
            "of a kind that is not known here",
        ),
        (
            "many.archive",
            b"muhr-archive/v1\nreceipt 0a 12\n",
            "an archive of many receipts",
        ),
        (
            "a.policy",
            &Desk::corpus("trust.policy"),
            "is a trust file; there is no receipt at",
        ),
        (
            "k.key",
            b"muhr-key/v1\npurpose clerk\n",
            "is a secret key; there is no receipt at",
        ),
        (
            "a.history",
            &Desk::corpus("lived.history"),
            "the history of a record",
        ),
        ("scan.pdf", b"%PDF-1.7\n", "there is no receipt at"),
    ] {
        desk.put(name, bytes);
        let judged = desk.verify(&[name]).expect(16);
        assert!(
            headline(&judged).starts_with("▲ CANNOT DECIDE  "),
            "{judged:?}"
        );
        assert!(judged.stdout.contains(words), "{judged:?}");
        assert!(!judged.stdout.contains(".receipt.receipt"), "{judged:?}");
    }
    // In the place of a receipt each of them is told for what it is.
    desk.take("permit.txt", "permit.txt");
    for (name, words) in [
        ("a.history", "not a receipt: it is the history of a record"),
        ("many.archive", "not a receipt: it is an archive"),
        ("a.policy", "not a receipt: it is a trust file"),
        ("scan.pdf", "not a receipt: it is a PDF document"),
    ] {
        let judged = desk.verify(&["permit.txt", "--receipt", name]).expect(16);
        assert!(judged.stdout.contains(words), "{judged:?}");
    }
}

#[test]
fn a_dossier_a_checkpoint_and_evidence_are_what_they_are_under_any_name() {
    let desk = Desk::new();
    desk.take("permit.txt", "permit.txt");
    desk.take("registered.dossier", "d.receipt");
    let dossier = desk.verify(&["d.receipt"]).expect(0);
    assert!(
        headline(&dossier).starts_with("✔ AUTHENTIC (dossier alone)  "),
        "{dossier:?}"
    );
    let document = desk
        .verify(&["permit.txt", "--receipt", "d.receipt"])
        .expect(0);
    assert!(
        headline(&document).starts_with("✔ AUTHENTIC (dossier)  "),
        "{document:?}"
    );
    desk.take("checkpoint.note", "note.txt");
    let json = desk.verify(&["--json", "note.txt"]).expect(0).json();
    assert_eq!(json["files"][0]["judged"], "checkpoint", "{json}");
    desk.take("fork.evidence", "evidence.txt");
    let _fork = desk.verify(&["evidence.txt"]).expect(30);
    desk.put("on-its-way", b"muhr-pending/v1\n");
    let _pending = desk.verify(&["on-its-way"]).expect(6);
}

#[test]
fn what_mail_and_editors_do_to_a_text_is_no_forgery() {
    let desk = Desk::new();
    for (file, name) in [
        ("registered.receipt", "a.receipt"),
        ("registered.dossier", "a.dossier"),
        ("checkpoint.note", "a.note"),
        ("fork.evidence", "a.evidence"),
    ] {
        let text = String::from_utf8(Desk::corpus(file)).unwrap();
        for bytes in rewritings(&text) {
            desk.put(name, &bytes);
            let judged = desk.verify(&[name]).expect(16);
            assert!(judged.stdout.contains("as an attachment"), "{judged:?}");
            assert!(!judged.stdout.contains("PROOF BROKEN"), "{judged:?}");
        }
    }
    // What is wrong besides is no re-written text.
    let text = String::from_utf8(Desk::corpus("registered.receipt")).unwrap();
    let wrong = text
        .replacen("version 1", "version 01", 1)
        .replace('\n', "\r\n");
    desk.put("a.receipt", wrong.as_bytes());
    let _broken = desk.verify(&["a.receipt"]).expect(14);
    trust_files(&desk);
    keys(&desk);
}

fn rewritings(text: &str) -> Vec<Vec<u8>> {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    vec![
        text.replace('\n', "\r\n").into_bytes(),
        text.replace('\n', "\r").into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
        text.trim_end().as_bytes().to_vec(),
        format!("{text}\n").into_bytes(),
        text.replace('\n', " \n").into_bytes(),
        utf16(&format!("\u{feff}{text}")),
        utf16(text),
    ]
}

fn trust_files(desk: &Desk) {
    desk.take("registered.receipt", "a.receipt");
    let text = String::from_utf8(Desk::corpus("trust.policy")).unwrap();
    let mut all = rewritings(&text);
    all.push(text.replacen("witness", "\nwitness", 1).into_bytes());
    for bytes in all {
        desk.put("bent.policy", &bytes);
        let refused = desk.verify_by("bent.policy", &["a.receipt"]).expect(3);
        assert!(
            refused.stderr.contains("has re-written this text"),
            "{refused:?}"
        );
        let shown = muhr(&["trust", "show", &desk.path("bent.policy")]).expect(3);
        assert!(
            shown.stderr.contains("has re-written this text"),
            "{shown:?}"
        );
    }
}

fn keys(desk: &Desk) {
    let path = desk.path("k.key");
    let _made = muhr(&["key", "new", &path, "--holder", "qurilish/aziza", "--plain"]).expect(0);
    let text = fs::read_to_string(&path).unwrap();
    for bytes in rewritings(&text) {
        fs::write(&path, bytes).unwrap();
        let refused = muhr(&["key", "show", &path]).expect(3);
        assert!(
            refused.stderr.contains("has re-written this text"),
            "{refused:?}"
        );
    }
}

#[test]
fn all_files_are_judged_and_the_gravest_stands_first() {
    let desk = Desk::new();
    for (file, name) in [
        ("registered.receipt", "good.receipt"),
        ("register-after-revoke.receipt", "revoked.receipt"),
        ("fork.evidence", "fork.evidence"),
    ] {
        desk.take(file, name);
    }
    let broken = String::from_utf8(Desk::corpus("registered.receipt")).unwrap();
    desk.put(
        "broken.receipt",
        broken.replacen("version 1", "version 2", 1).as_bytes(),
    );
    // One that cannot be read hides nothing, wherever it stands.
    for files in [
        [
            "missing.pdf",
            "good.receipt",
            "broken.receipt",
            "revoked.receipt",
        ],
        [
            "good.receipt",
            "revoked.receipt",
            "missing.pdf",
            "broken.receipt",
        ],
    ] {
        let judged = desk.verify(&files).expect(14);
        let marks = judged.stdout.lines().filter(|line| !line.starts_with(' '));
        let heads: Vec<&str> = marks.map(|line| line.split("  ").next().unwrap()).collect();
        assert_eq!(
            heads,
            [
                "✘ PROOF BROKEN (receipt alone)",
                "▲ CANNOT DECIDE",
                "✘ REVOKED (receipt alone)",
                "✔ AUTHENTIC (receipt alone)",
            ],
            "{judged:?}"
        );
        let json = desk
            .verify(&[&["--json"][..], &files].concat())
            .expect(14)
            .json();
        let codes = json["files"].as_array().unwrap().iter();
        let codes: Vec<i64> = codes
            .map(|file| file["exit_code"].as_i64().unwrap())
            .collect();
        assert_eq!(codes, [14, 16, 13, 0], "{json}");
        assert_eq!(json["exit_code"], 14);
    }
    let _fork = desk.verify(&["broken.receipt", "fork.evidence"]).expect(30);
    let _folder = desk.verify(&["."]).expect(16);
}

#[test]
fn facts_come_first_and_checks_are_counted() {
    let desk = Desk::new();
    desk.take("registered.receipt", "good.receipt");
    let short = desk.verify(&["good.receipt"]).expect(0).stdout;
    assert_eq!(short.matches('✔').count(), 1, "{short}");
    let last = short.lines().last().unwrap();
    assert!(
        last.ends_with(" checks hold; --steps lists them"),
        "{short}"
    );
    let long = desk.verify(&["good.receipt", "--steps"]).expect(0).stdout;
    let count: usize = last.split_whitespace().next().unwrap().parse().unwrap();
    assert_eq!(long.matches('✔').count(), count + 1, "{long}");
    // One that fails is shown right below the verdict.
    desk.take("permit.txt", "permit.txt");
    desk.take("other.txt", "other.txt");
    let failed = desk
        .verify(&["other.txt", "--receipt", "good.receipt"])
        .expect(11)
        .stdout;
    let second = failed.lines().nth(1).unwrap();
    assert!(second.starts_with("  ✘ document: "), "{failed}");
}

/// Makes a pipe and writes bytes into it once somebody reads.
fn pipe(desk: &Desk, name: &str, bytes: Vec<u8>) -> thread::JoinHandle<()> {
    let path = desk.path(name);
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    thread::spawn(move || {
        let mut pipe = fs::File::options().write(true).open(path).unwrap();
        // The reader may have what it wants before the end.
        let _closed = pipe.write_all(&bytes);
    })
}

#[test]
fn what_can_be_read_only_once_is_read_once() {
    let desk = Desk::new();
    desk.take("permit.txt", "permit.txt");
    desk.take("registered.receipt", "a.receipt");
    let receipt = Desk::corpus("registered.receipt");
    let writer = pipe(&desk, "alone", receipt.clone());
    let judged = desk.verify(&["alone"]).expect(0);
    assert!(
        headline(&judged).starts_with("✔ AUTHENTIC (receipt alone)"),
        "{judged:?}"
    );
    writer.join().unwrap();
    let writer = pipe(&desk, "proof", receipt);
    let _authentic = desk.verify(&["permit.txt", "--receipt", "proof"]).expect(0);
    writer.join().unwrap();
    let writer = pipe(&desk, "document", Desk::corpus("permit.txt"));
    let _authentic = desk
        .verify(&["document", "--receipt", "a.receipt"])
        .expect(0);
    writer.join().unwrap();
    let writer = pipe(&desk, "other", Desk::corpus("other.txt"));
    let _altered = desk.verify(&["other", "--receipt", "a.receipt"]).expect(11);
    writer.join().unwrap();
    let writer = pipe(&desk, "dossier", Desk::corpus("registered.dossier"));
    let _authentic = desk.verify(&["dossier"]).expect(0);
    writer.join().unwrap();
    let writer = pipe(&desk, "policy", Desk::corpus("trust.policy"));
    let _authentic = desk.verify_by("policy", &["a.receipt"]).expect(0);
    writer.join().unwrap();
}

/// Nobody writes into the pipe: whoever opened it as files are opened would wait for ever.
#[test]
fn a_pipe_is_no_document_and_nobody_waits_for_one() {
    let desk = Desk::new();
    let fifo = desk.path("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let anchor = |path: &str| -> Ran {
        let (trust, key) = (desk.path("trust.policy"), desk.path("none.key"));
        let ran = Command::new("timeout")
            .arg("20")
            .arg(tests::cluster::binary("muhr"))
            .args([
                "anchor",
                path,
                "--record",
                "A-1",
                "--registry",
                "qurilish.permits",
            ])
            .args([
                "--node",
                "http://127.0.0.1:9",
                "--trust",
                &trust,
                "--key",
                &key,
                "--yes",
            ])
            .env_clear()
            .output();
        ran.unwrap().into()
    };
    let refused = anchor(&fifo).expect(2);
    assert!(
        refused.stderr.contains("a pipe or a device, not a file"),
        "{refused:?}"
    );
    let folder = anchor(&desk.path(".")).expect(2);
    assert!(folder.stderr.contains("a folder, not a file"), "{folder:?}");
    let device = anchor("/dev/null").expect(2);
    assert!(
        device.stderr.contains("a pipe or a device, not a file"),
        "{device:?}"
    );
}
