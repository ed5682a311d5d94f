//! `--json`: keys and types of every document, data apart from messages, and no terminal assumed.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
};

use serde_json::Value;
use tests::cluster::{Cluster, Ran, binary, muhr, wait_until};

use crate::{
    help::assert_as_reviewed,
    schemas::{Schemas, has_escapes},
};

/// Every command in JSON mode, and most of them as people see them, without a terminal.
fn every_command(cluster: &Cluster, schemas: &mut Schemas) {
    let registry = ["--registry", "qurilish.permits"];
    let mut run = |arguments: &[&str], code: i32| {
        let arguments = [&["--json"], arguments].concat();
        schemas.take(&cluster.clerk("qurilish", &arguments).expect(code))
    };
    cluster.document("a.txt", "one");
    cluster.document("b.txt", "two");
    cluster.document("c.txt", "three");
    cluster.document("t.csv", "number,kind\nT-1,house\nT-1,again\n,empty\n");
    let first = [&["anchor", "a.txt", "--record", "J-1"], &registry[..]].concat();
    let made = run(&first, 0);
    let again = run(&first, 0);
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
        let mut command = vec![operation, "J-1"];
        command.extend(file);
        command.extend(["--reason", "C01", "--out", out]);
        command.extend(["--effective", "2026-11-01"]);
        command.extend(file.map_or(&[][..], |_| &["--field", "area=80"]));
        command.extend(registry);
        let changed = run(&command, 0);
        assert_eq!(changed["operation"], operation);
    }
    let _judged = run(&["verify", "a.txt"], 0);
    let _judged = run(&["verify", "a.txt", "6.receipt", "2.receipt"], 13);
    let _judged = run(&["verify", "b.txt"], 16);
    let _judged = run(&["history", "J-1", registry[0], registry[1]], 13);
    let _judged = run(&["history", "J-99", registry[0], registry[1]], 10);
    let table = ["anchor", "bulk", "t.csv", "--record", "number"];
    let keep = ["receipt", "redact", "2.receipt", "--keep", "area"];
    let _copy = run(&keep, 0);
    let _judged = run(&["verify", "2.redacted.receipt"], 0);
    let erase = ["receipt", "erase", "2.redacted.receipt", "--yes"];
    let _erased = run(&erase, 0);
    let erase = ["receipt", "erase", "2.redacted.receipt", "t.csv", "--yes"];
    let _erased = run(&erase, 20);
    let _judged = run(&["verify", "2.redacted.receipt"], 0);
    let _table = run(&[&table, &registry[..], &["--out", "bulk"]].concat(), 20);
    let archived = ["--out", "archived", "--archive", "--upsert"];
    let earlier = ["--reason", "C01", "--earlier", "bulk"];
    let table = run(&[&table, &registry[..], &archived, &earlier].concat(), 20);
    assert_eq!(table["counts"]["unchanged"], 1);
    cluster.document("n.csv", "number\nT-2\n");
    let table = ["anchor", "bulk", "n.csv", "--record", "number"];
    let _table = run(&[&table, &registry[..], &archived[..3]].concat(), 0);
    let extract = ["receipt", "extract", "archived/receipts.archive", "T-2"];
    let _taken = run(&[&extract, &registry[..]].concat(), 0);
    let hot = ["anchor", "watch", "no-folder", "--rounds", "1"];
    let _usage = run(&[&hot, &registry[..]].concat(), 2);
    let hot = ["anchor", "watch", "archived", "--rounds", "1"];
    let _waiting = run(&[&hot, &registry[..]].concat(), 20);
    let _audited = run(&["audit", &cluster.url("soliq")], 0);
    agency_commands(&mut run);
    let _status = run(&["network", "status"], 0);
    let _made = run(
        &["key", "new", "n.key", "--holder", "qurilish/new", "--plain"],
        0,
    );
    let _shown = run(&["key", "show", "n.key", "--proof-for", "x.example/1"], 0);
    let _codes = run(&["exit-codes"], 0);
    let other = ["--origin", "x.example/1", "--dir", "other"];
    let create = ["network", "create", "--agencies", "a,b,c,d"];
    let _created = run(&[&create[..], &other].concat(), 0);
    // Failures of every kind: the command line, a file, the node's refusal, nobody there.
    let _usage = run(&["anchor"], 2);
    let _usage = run(&["no-such-command"], 2);
    let _usage = run(&["verify", "none.txt"], 2);
    let _trust = run(&["verify", "a.txt", "--trust", "none"], 3);
    let _taken = run(&[&first[..1], &["b.txt"], &first[2..]].concat(), 21);
    let away = ["network", "status", "--node", "http://127.0.0.1:9"];
    let _away = run(&away, 5);
}

/// What an agency decides, and another's word.
fn agency_commands(run: &mut impl FnMut(&[&str], i32) -> Value) {
    let made = run(
        &[
            "key",
            "new",
            "v.key",
            "--holder",
            "qurilish/vera",
            "--plain",
        ],
        0,
    );
    let public = made["public"].as_str().unwrap();
    let bureau = ["--key", "net/qurilish/keys/admin.key", "--yes"];
    let may = ["--registries", "kadastr.permits", "--operations", "attest"];
    let add = ["clerk", "add", "qurilish/vera", "--public", public];
    let add = [&add[..], &may, &bureau].concat();
    let file = ["--out", "v.act", "--expires", "1000"];
    let _signed = run(&[&add[..], &file].concat(), 0);
    let _sent = run(&["act", "send", "v.act"], 0);
    let policy = ["registry", "policy", "set", "kadastr.permits"];
    let asks = ["--needed", "1", "--agencies", "qurilish", "--within", "9"];
    let own = ["--key", "net/kadastr/keys/admin.key", "--yes"];
    let _set = run(&[&policy[..], &asks, &own].concat(), 0);
    let _shown = run(&["registry", "policy", "show", "kadastr.permits"], 0);
    let _shown = run(&["registry", "policy", "show", "soliq.permits"], 0);
    let clerk = ["--key", "net/kadastr/keys/clerk.key"];
    let anchor = ["anchor", "c.txt", "--registry", "kadastr.permits"];
    let rests_on = ["--rests-on", "qurilish.permits:J-1"];
    let anchor = [&anchor[..], &["--record", "K-1"], &rests_on, &clerk].concat();
    let _asked = run(&anchor, 0);
    let gather = ["receipt", "gather", "c.txt.receipt", "--out", "c.dossier"];
    let _gathered = run(&gather, 0);
    let _together = run(&["verify", "c.dossier"], 13);
    let _inbox = run(&["inbox", "--agency", "qurilish"], 0);
    let vera = ["--key", "v.key"];
    let confirm = ["attest", "confirm", "c.txt.receipt"];
    let _said = run(&[&confirm[..], &vera].concat(), 0);
    let _fresh = run(&["receipt", "refresh", "c.txt.receipt"], 0);
    let _effective = run(&["verify", "c.txt"], 0);
    let revoke = ["clerk", "revoke", "qurilish/vera", "--reason", "K01"];
    let since = ["--compromised", "2026-01-01"];
    let _ended = run(&[&revoke[..], &since, &bureau].concat(), 0);
    let _listed = run(&["clerk", "list", "--agency", "qurilish"], 0);
    let attested = "c.txt.qurilish.confirm.receipt";
    let _fresh = run(&["receipt", "refresh", attested], 0);
    let _doubted = run(&["verify", attested], 0);
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
    let create = ["network", "create", "--agencies", "a,b,c,d"];
    let other = ["--origin", "x.example/1", "--dir", "other"];
    for arguments in [
        &["key", "new", "n.key", "--holder", "qurilish/new"][..],
        &[&create[..], &other].concat(),
        &["verify", "a.txt", "--trust", "net/trust.policy"],
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
    let arguments = [
        "--json",
        "verify",
        "x",
        "--trust",
        &policy.display().to_string(),
    ];
    let bad = schemas.take(&muhr(&arguments).expect(3));
    assert!(bad["help"].is_string());
}
