//! `--json`: keys and types of every document, data apart from messages, and no terminal assumed.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
};

use serde_json::Value;
use tests::{
    args,
    cluster::{Cluster, Ran, binary, muhr, wait_until},
    command_line::split,
};

use crate::house::{
    help::assert_as_reviewed,
    schemas::{Schemas, has_escapes},
};

const PERMITS: &str = "qurilish.permits";

/// Every command in JSON mode, and most of them as people see them, without a terminal.
fn every_command(cluster: &Cluster, schemas: &mut Schemas) {
    let mut run = |arguments: &[String], code: i32| {
        let arguments = [&args!("--json"), arguments].concat();
        schemas.take(&cluster.clerk("qurilish", &arguments).expect(code))
    };
    cluster.document("a.txt", "one");
    cluster.document("b.txt", "two");
    cluster.document("c.txt", "three");
    cluster.document("t.csv", "number,kind\nT-1,house\nT-1,again\n,empty\n");
    cluster.document("n.csv", "number\nT-2\n");
    let first = |file: &str| args!("anchor {file} --record J-1 --registry {PERMITS}");
    let made = run(&first("a.txt"), 0);
    let again = run(&first("a.txt"), 0);
    assert_eq!(
        made, again,
        "the same command again answers with the same receipt"
    );
    for (operation, file, out) in [
        ("amend", Some("b.txt"), "2.receipt"),
        ("correct", Some("a.txt"), "3.receipt"),
        ("suspend", None, "4.receipt"),
        ("reinstate", None, "5.receipt"),
        ("revoke", None, "6.receipt"),
    ] {
        let mut command = args!("{operation} J-1");
        if let Some(file) = file {
            command.extend(args!("{file} --field area=80"));
        }
        command.extend(args!(
            "--reason C01 --out {out} --effective 2026-11-01 --registry {PERMITS}"
        ));
        let changed = run(&command, 0);
        assert_eq!(changed["operation"], operation);
    }
    let _judged = run(&args!("verify a.txt"), 0);
    let _judged = run(&args!("verify a.txt 6.receipt 2.receipt"), 13);
    let _judged = run(&args!("verify b.txt"), 16);
    let _judged = run(&args!("history J-1 --registry {PERMITS}"), 13);
    let _judged = run(&args!("history J-99 --registry {PERMITS}"), 10);
    let _copy = run(&args!("receipt redact 2.receipt --keep area"), 0);
    let _judged = run(&args!("verify 2.redacted.receipt"), 0);
    let _erased = run(&args!("receipt erase 2.redacted.receipt --yes"), 0);
    let _erased = run(&args!("receipt erase 2.redacted.receipt t.csv --yes"), 20);
    let _judged = run(&args!("verify 2.redacted.receipt"), 0);
    table_commands(&mut run);
    let _audited = run(&args!("audit {}", cluster.url("soliq")), 0);
    agency_commands(&mut run);
    // What is told of clocks needs three of their words.
    wait_until("the clocks of all are known", || {
        let status = cluster.status("qurilish").unwrap();
        let peers = status["peers"].as_array().unwrap();
        status["clock_ms"].is_i64() && peers.iter().all(|peer| peer["clock_ms"].is_i64())
    });
    let _status = run(&args!("network status"), 0);
    let _made = run(&args!("key new n.key --holder qurilish/new --plain"), 0);
    let _shown = run(&args!("key show n.key --proof-for x.example/1"), 0);
    let _codes = run(&args!("exit-codes"), 0);
    let _created = run(
        &args!("network create --agencies a,b,c,d --origin x.example/1 --dir other"),
        0,
    );
    // Failures of every kind: the command line, a file, the node's refusal, nobody there.
    let _usage = run(&args!("anchor"), 2);
    let _usage = run(&args!("no-such-command"), 2);
    let _unreadable = run(&args!("verify none.txt"), 16);
    let _trust = run(&args!("verify a.txt --trust none"), 3);
    let _taken = run(&first("b.txt"), 21);
    let _away = run(&args!("network status --node http://127.0.0.1:9"), 5);
}

/// Tables, their archives, and folders.
fn table_commands(run: &mut impl FnMut(&[String], i32) -> Value) {
    let table = |file: &str| args!("anchor bulk {file} --record number --registry {PERMITS}");
    let out = args!("--out bulk");
    let _table = run(&[table("t.csv"), out].concat(), 20);
    let out = args!("--out archived --archive --upsert --reason C01 --earlier bulk");
    let changed = run(&[table("t.csv"), out].concat(), 20);
    assert_eq!(changed["counts"]["unchanged"], 1);
    let out = args!("--out archived --archive");
    let _table = run(&[table("n.csv"), out].concat(), 0);
    let extract = args!("receipt extract archived/receipts.archive T-2 --registry {PERMITS}");
    let _taken = run(&extract, 0);
    let watch = |folder: &str| args!("anchor watch {folder} --rounds 1 --registry {PERMITS}");
    let _usage = run(&watch("no-folder"), 2);
    let _waiting = run(&watch("archived"), 20);
}

/// What an agency decides, and another's word.
fn agency_commands(run: &mut impl FnMut(&[String], i32) -> Value) {
    let made = run(&args!("key new v.key --holder qurilish/vera --plain"), 0);
    let public = made["public"].as_str().unwrap();
    let bureau = "--key net/qurilish/keys/admin.key --yes";
    let add = format!(
        "clerk add qurilish/vera --public {public} --registries kadastr.permits --operations attest {bureau} --out v.act --expires 1000"
    );
    let _signed = run(&split(&add), 0);
    // What was signed is not written over.
    let _kept = run(&split(&add), 1);
    let _sent = run(&args!("act send v.act"), 0);
    let _set = run(
        &args!(
            "registry policy set kadastr.permits --needed 1 --agencies qurilish --within 9 --key net/kadastr/keys/admin.key --yes"
        ),
        0,
    );
    let _shown = run(&args!("registry policy show kadastr.permits"), 0);
    let _shown = run(&args!("registry policy show soliq.permits"), 0);
    let anchor = args!(
        "anchor c.txt --registry kadastr.permits --record K-1 --rests-on {PERMITS}:J-1 --key net/kadastr/keys/clerk.key"
    );
    let _asked = run(&anchor, 0);
    let _gathered = run(&args!("receipt gather c.txt.receipt --out c.dossier"), 0);
    let _together = run(&args!("verify c.dossier"), 13);
    let _inbox = run(&args!("inbox --agency qurilish"), 0);
    let _said = run(&args!("attest confirm c.txt.receipt --key v.key"), 0);
    let _fresh = run(&args!("receipt refresh c.txt.receipt"), 0);
    let _effective = run(&args!("verify c.txt"), 0);
    let revoke = "clerk revoke qurilish/vera --reason K01 --compromised 2026-01-01";
    let _ended = run(&split(&format!("{revoke} {bureau}")), 0);
    let _listed = run(&args!("clerk list --agency qurilish"), 0);
    let attested = "c.txt.qurilish.confirm.receipt";
    let _fresh = run(&args!("receipt refresh {attested}"), 0);
    let _doubted = run(&args!("verify {attested}"), 0);
}

#[test]
fn every_document_has_the_keys_and_types_that_programs_rely_on() {
    let cluster = Cluster::start(0);
    let mut schemas = Schemas::default();
    every_command(&cluster, &mut schemas);
    assert_as_reviewed("schemas", &schemas.text());
    without_a_terminal(&cluster);
    on_a_terminal(&cluster);
}

/// For people, but into a pipe: no escape codes; data on stdout, messages on stderr; no question.
fn without_a_terminal(cluster: &Cluster) {
    let registry = "qurilish.permits";
    for (arguments, code) in [
        (&["verify", "a.txt"][..], 0),
        (&["verify", "b.txt"], 16),
        (&["history", "J-1", "--registry", registry], 13),
        (&["audit", &cluster.url("soliq")], 0),
        (&["network", "status"], 0),
        (&["exit-codes"], 0),
    ] {
        let ran = cluster.clerk("qurilish", arguments).expect(code);
        assert!(!has_escapes(&ran), "{ran:?}");
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran:?}");
    }
    for (arguments, code) in [
        (&["anchor"][..], 2),
        (&["verify", "a.txt", "--trust", "none"], 3),
        (&["key", "show", "none"], 3),
    ] {
        let ran = cluster.clerk("qurilish", arguments).expect(code);
        assert!(!has_escapes(&ran), "{ran:?}");
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{ran:?}");
    }
    // A standard input that says nothing and never ends: whoever asked a question would wait for ever.
    for arguments in [
        args!("key new n.key --holder qurilish/new"),
        args!("network create --agencies a,b,c,d --origin x.example/1 --dir other"),
        args!("verify a.txt --trust net/trust.policy"),
    ] {
        let mut child = Command::new(binary("muhr"))
            .args(arguments)
            .env_clear()
            .current_dir(cluster.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("it ends without having been answered", || {
            child.try_wait().unwrap().is_some()
        });
    }
}

/// On a terminal there is colour, unless `NO_COLOR` is set.
fn on_a_terminal(cluster: &Cluster) {
    let shown = |no_color: Option<&str>| {
        let mut command = Command::new("script");
        let typed = format!(
            "{} verify a.txt --trust net/trust.policy",
            binary("muhr").display()
        );
        command.args(["-qec", &typed, "/dev/null"]).env_clear();
        command.env("PATH", "/usr/bin:/bin").env("TERM", "xterm");
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        let output = command
            .current_dir(cluster.path())
            .stdin(Stdio::null())
            .output();
        let output = output.expect("`script` of util-linux makes the terminal of this test");
        let ran = Ran::from(output).expect(0);
        assert!(ran.stdout.contains("✔ AUTHENTIC"), "{ran:?}");
        ran.stdout.contains('\u{1b}')
    };
    assert!(shown(None), "a terminal gets colour");
    assert!(!shown(Some("1")), "NO_COLOR means none");
    assert!(shown(Some("")), "an empty NO_COLOR says nothing");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(binary("muhr"))
        .args(["exit-codes"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    let mut messages = child.stderr.take().unwrap();
    messages.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn a_wrong_command_line_answers_programs_too() {
    let mut schemas = Schemas::default();
    let missing = schemas.take(&muhr(&["--json", "verify"]).expect(2));
    assert!(missing["error"].as_str().unwrap().contains("--trust"));
    let behind = schemas.take(&muhr(&["verify", "--json", "x"]).expect(2));
    assert_eq!(missing["schema"], behind["schema"]);
    // After `--` it is the name of a file.
    let file = muhr(&["verify", "--", "--json"]).expect(2);
    assert_eq!(file.stdout, "");
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("bad.policy");
    fs::write(&policy, "log nonsense\n").unwrap();
    let arguments = args!("--json verify x --trust {}", policy.display().to_string());
    let bad = schemas.take(&muhr(&arguments).expect(3));
    assert!(bad["help"].is_string());
}
