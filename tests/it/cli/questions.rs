//! What is said and asked on a terminal: passphrases, and before anything is signed.

use std::{fs, process::Command};

use tests::{
    args,
    cluster::{Cluster, binary},
    command_line::split,
    terminal::Terminal,
};

const WORDS: &str = "olma anor uzum behi";
const PERMITS: &str = "qurilish.permits";
const SIGN: &str = "sign that? y and Enter signs, anything else ends\n";

/// A command of the clerk of qurilish on a terminal.
fn on_a_terminal(cluster: &Cluster, arguments: &[String]) -> Terminal {
    Terminal::start(cluster.clerk_command("qurilish", "qurilish", arguments))
}

fn says(text: &str, words: &str) {
    assert!(text.contains(words), "{words:?} is not in {text}");
}

#[test]
fn a_passphrase_is_asked_for_twice_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let start = |arguments: &[String]| {
        let mut command = Command::new(binary("muhr"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(folder.path());
        Terminal::start(command)
    };
    let key = folder.path().join("k.key");
    let new = args!("key new k.key --holder qurilish/aziza");
    // Two that differ, one that is too short, Ctrl-C, the end of input: nothing is made, and echo is back.
    for (first, again, said) in [
        (
            format!("{WORDS}\n"),
            Some("olma anor uzum bexi\n"),
            "differ",
        ),
        (
            "olma\n".to_owned(),
            Some("olma\n"),
            "fewer than 10 characters",
        ),
        ("olma\u{3}".to_owned(), None, "no passphrase was given"),
        ("\u{4}".to_owned(), None, "no passphrase was given"),
    ] {
        let mut terminal = start(&new);
        terminal.until("new passphrase of k.key: ");
        assert!(!terminal.echoes());
        terminal.types(&first);
        if let Some(again) = again {
            terminal.until("the same again: ");
            terminal.types(again);
        }
        terminal.until(said);
        assert!(terminal.echoes(), "what is typed next is shown again");
        let (code, shown) = terminal.end();
        assert_eq!(code, 2, "{shown}");
        assert!(!shown.contains("olma") && !key.exists(), "{shown}");
    }
    let mut terminal = start(&new);
    for question in ["new passphrase of k.key: ", "the same again: "] {
        terminal.until(question);
        terminal.types(&format!("{WORDS}\n"));
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    says(&shown, "opens with its passphrase");
    assert!(!shown.contains("olma"), "{shown}");
    // Asked once to open it; with --json nobody is asked even here.
    let mut terminal = start(&args!("key show k.key"));
    terminal.until("passphrase of k.key: ");
    terminal.types("something else\n");
    terminal.until("the passphrase is wrong");
    assert_eq!(terminal.end().0, 3);
    let (code, shown) = start(&args!("--json key show k.key")).end();
    assert_eq!(code, 2, "{shown}");
    says(&shown, "no terminal to ask for it");
    // The present one once, the new one twice.
    let mut terminal = start(&args!("key passphrase k.key"));
    terminal.until("\npassphrase of k.key: ".trim_start());
    terminal.types(&format!("{WORDS}\n"));
    for question in ["new passphrase of k.key: ", "the same again: "] {
        terminal.until(question);
        terminal.types("behi uzum anor olma\n");
    }
    assert_eq!(terminal.end().0, 0);
    let mut terminal = start(&args!("key show k.key"));
    terminal.until("passphrase of k.key: ");
    terminal.types("behi uzum anor olma\n");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_clerk_sees_what_is_signed_and_may_say_no() {
    let cluster = Cluster::start(0);
    let document = cluster.document("a.txt", "a permit");
    let mut anchor =
        args!("anchor {document} --registry {PERMITS} --record T-1 --effective 2026-11-01 --field");
    anchor.push("address=Bog'ishamol 7\u{1b}[2J".to_owned());
    anchor.extend(args!("--field area=80"));
    let beside = |end: &str| cluster.path().join(format!("a.txt{end}"));
    for no in ["n\n", "\n", "yes\n", "\u{4}"] {
        let mut terminal = on_a_terminal(&cluster, &anchor);
        let said = terminal.until(SIGN);
        for words in [
            "qurilish/clerk-1 signs for registry.example.uz/test/1:\n",
            "  registers record T-1 in qurilish.permits: its version 1\n",
            "  document a.txt, 8 bytes, SHA-256 ",
            "  field address = Bog'ishamol 7\\u{1b}[2J\n",
            "  field area = 80\n",
            "  in force from 2026-11-01\n",
            &format!(
                "  handed to {}; it stands in the log for good\n",
                cluster.url("qurilish")
            ),
            "is a commitment: the content stays here\n",
        ] {
            says(&said, words);
        }
        terminal.types(no);
        let (code, shown) = terminal.end();
        assert_eq!(code, 2, "{shown}");
        says(&shown, "not confirmed; nothing was signed");
        assert!(!beside(".receipt").exists() && !beside(".receipt.pending").exists());
    }
    let absent = args!("history T-1 --registry {PERMITS}");
    let _absent = cluster.clerk("qurilish", &absent).expect(10);
    let mut terminal = on_a_terminal(&cluster, &anchor);
    terminal.until(SIGN);
    terminal.types("y\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    says(&shown, "✔ anchored  T-1");
    // It is done: there is nothing to sign, and nothing to ask.
    let (code, shown) = on_a_terminal(&cluster, &anchor).end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("signs for"), "{shown}");
    changes_are_told_apart(&cluster);
    nobody_is_asked_where_it_was_said_before(&cluster);
}

/// Each change says what it does, and to which version.
fn changes_are_told_apart(cluster: &Cluster) {
    let document = cluster.document("b.txt", "changed");
    for (change, said) in [
        (
            format!("amend T-1 {document}"),
            "amends record T-1 in qurilish.permits from now on: its version 2",
        ),
        (
            "suspend T-1".to_owned(),
            "suspends record T-1 in qurilish.permits for a while: its version 3",
        ),
        (
            "reinstate T-1".to_owned(),
            "puts record T-1 in qurilish.permits back in force: its version 4",
        ),
        (
            "revoke T-1".to_owned(),
            "revokes record T-1 in qurilish.permits for good: version 5 will be its last",
        ),
    ] {
        let change = split(&format!("{change} --reason C02 --registry {PERMITS}"));
        let mut terminal = on_a_terminal(cluster, &change);
        let before = terminal.until(SIGN);
        says(&before, said);
        says(&before, "for the reason C02\n");
        terminal.types("Y\n");
        let (code, shown) = terminal.end();
        assert_eq!(code, 0, "{shown}");
    }
}

/// `--yes` shows the words and asks nothing; `--json` asks nothing.
fn nobody_is_asked_where_it_was_said_before(cluster: &Cluster) {
    let document = cluster.document("c.txt", "three");
    let anchor = args!("anchor {document} --record T-2 --yes --registry {PERMITS}");
    let (code, shown) = on_a_terminal(cluster, &anchor).end();
    assert_eq!(code, 0, "{shown}");
    says(&shown, "registers record T-2");
    assert!(!shown.contains(SIGN), "{shown}");
    let document = cluster.document("d.txt", "four");
    let anchor = args!("--json anchor {document} --record T-3 --registry {PERMITS}");
    let (code, shown) = on_a_terminal(cluster, &anchor).end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("signs for"), "{shown}");
    // In a pipe neither.
    let document = cluster.document("e.txt", "five");
    let anchor = args!("anchor {document} --record T-4 --registry {PERMITS}");
    let ran = cluster.clerk("qurilish", &anchor).expect(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn an_agency_and_its_clerk_see_what_they_decide_and_say_of_others() {
    let cluster = Cluster::start(0);
    let admin = "net/qurilish/keys/admin.key";
    let new = args!("--json key new w.key --holder qurilish/word --plain");
    let made = cluster.clerk("qurilish", &new).expect(0).json();
    let public = made["public"].as_str().unwrap();
    let add = args!(
        "clerk add qurilish/word --public {public} --registries kadastr.permits --operations attest --key {admin}"
    );
    let policy = args!("registry policy set {PERMITS} --needed 1 --agencies kadastr --key {admin}");
    let revoke = args!("clerk revoke qurilish/clerk-1 --reason K01 --key {admin}");
    for (decide, said, answer, ends) in [
        (&add, "clerk qurilish/word, key ", "n\n", 2),
        (
            &add,
            "may confirm, dispute, withdraw in kadastr.permits, without end",
            "y\n",
            0,
        ),
        (&policy, "once 1 of kadastr confirm it", "n\n", 2),
        (&policy, "once 1 of kadastr confirm it", "y\n", 0),
        (
            &revoke,
            "clerk qurilish/clerk-1 may sign no more, for good (K01)",
            "n\n",
            2,
        ),
    ] {
        let mut terminal = on_a_terminal(&cluster, decide);
        let before = terminal.until(SIGN);
        says(
            &before,
            "qurilish decides for registry.example.uz/test/1:\n",
        );
        says(&before, said);
        says(&before, &format!("handed to {}; ", cluster.url("qurilish")));
        terminal.types(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, ends, "{shown}");
    }
    let document = cluster.document("p.txt", "a parcel");
    let anchor = args!("anchor {document} --record K-1 --registry kadastr.permits");
    let _done = cluster.clerk("kadastr", &anchor).expect(0);
    let confirm = args!("attest confirm p.txt.receipt --key w.key");
    let dispute = args!("attest dispute p.txt.receipt --reason D01 --evidence p.txt --key w.key");
    for (attest, said, answer, ends) in [
        (&dispute, "  evidence p.txt, 8 bytes, SHA-256 ", "n\n", 2),
        (
            &confirm,
            "confirms, as the word of qurilish, version 1 of record K-1 in kadastr.permits",
            "y\n",
            0,
        ),
    ] {
        let mut terminal = on_a_terminal(&cluster, attest);
        let before = terminal.until(SIGN);
        says(
            &before,
            "qurilish/word signs for registry.example.uz/test/1:\n",
        );
        says(&before, said);
        terminal.types(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, ends, "{shown}");
    }
}

#[test]
fn a_table_s_form_is_asked_about_before_anything_is_sent() {
    let cluster = Cluster::start(0);
    let words = cluster.path().join("words");
    fs::write(&words, WORDS).unwrap();
    fs::set_permissions(&words, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let key = "net/qurilish/keys/clerk.key";
    let give = args!("key passphrase {key} --new-passphrase-file words");
    let _given = cluster.clerk("qurilish", &give).expect(0);
    cluster.document("t.csv", "number;address\nB-1;Buxoro\nB-2;Toshkent\n");
    let bulk = args!("anchor bulk t.csv --record number --out bulk --registry {PERMITS}");
    let question = "is that right? y and Enter goes on, anything else ends\n";
    let mut terminal = on_a_terminal(&cluster, &bulk);
    let before = terminal.until(question);
    says(
        &before,
        "t.csv: UTF-8, semicolon between cells, 2 rows; number from: number; fields: number, address",
    );
    let node = cluster.url("qurilish");
    let goes = format!("each is registered in qurilish.permits, handed to {node}, and stands");
    says(&before, &goes);
    terminal.types("n\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 2, "{shown}");
    says(&shown, "not confirmed; nothing was sent");
    assert!(!cluster.path().join("bulk").exists());
    let mut terminal = on_a_terminal(&cluster, &bulk);
    terminal.until(question);
    terminal.types("y\n");
    terminal.until(&format!(
        "passphrase of {}: ",
        cluster.dir("qurilish").join("keys/clerk.key").display()
    ));
    terminal.types(&format!("{WORDS}\n"));
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    says(&shown, "2 of 2 rows anchored");
    assert!(!shown.contains(WORDS), "{shown}");
    // What may be a slip of the hand is named before the question, not after it.
    let rows: String = (1..=20).map(|row| format!("TSH-{row}\n")).collect();
    cluster.document("u.csv", &format!("number\n{rows}TSH 21\n"));
    let unlike = args!("anchor bulk u.csv --record number --out u --registry {PERMITS}");
    let mut terminal = on_a_terminal(&cluster, &unlike);
    let before = terminal.until(question);
    says(
        &before,
        "1 number is unlike all others (row 22: TSH 21); --strict-numbers refuses such",
    );
    terminal.types("n\n");
    assert_eq!(terminal.end().0, 2);
    // A trial asks nothing, and neither does a run that was agreed to beforehand.
    for more in [args!("--dry-run"), args!("--yes --passphrase-file words")] {
        let (code, shown) = on_a_terminal(&cluster, &[bulk.clone(), more].concat()).end();
        assert_eq!(code, 0, "{shown}");
        assert!(!shown.contains(question), "{shown}");
    }
}
