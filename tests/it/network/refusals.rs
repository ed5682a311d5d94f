//! What an operator, or the system, puts in a node's way: it is refused by name, with the way out, and
//! ends nothing that runs.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use tests::cluster::{Cluster, Ran, binary, wait_until};

fn runs(dir: &Path) -> Ran {
    let mut command = Command::new(binary("muhr-node"));
    command.args(["run", "--dir"]).arg(dir);
    command.output().unwrap().into()
}

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[track_caller]
fn says(ran: Ran, code: i32, parts: &[&str]) {
    let said = ran.expect(code).stderr;
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn what_is_no_regular_file_is_refused_by_name() {
    let cluster = Cluster::create(0);
    let dir = cluster.dir("soliq");
    let aside = cluster.path().join("aside");
    for file in ["node.toml", "genesis", "keys/peer.key", "keys/vote.key"] {
        let path = dir.join(file);
        fs::rename(&path, &aside).unwrap();
        make_pipe(&path);
        says(runs(&dir), 3, &[file, "it is a pipe"]);
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    let toml = fs::read_to_string(dir.join("node.toml")).unwrap();
    let places = format!("{toml}\n[places]\nsafety = \"/dev/zero\"\n");
    fs::write(dir.join("node.toml"), places).unwrap();
    says(runs(&dir), 3, &["/dev/zero", "it is a device"]);
    let long = format!("{toml}\n#{}", "x".repeat(1 << 20));
    fs::write(dir.join("node.toml"), long).unwrap();
    says(
        runs(&dir),
        3,
        &["node.toml", "it is longer than 1048576 bytes"],
    );
    // A witness reads its files in the same way.
    let trust = cluster.path().join("trust");
    make_pipe(&trust);
    let mut witness = Command::new(binary("muhr-node"));
    witness.args(["witness", "--http", "127.0.0.1:0", "--dir"]);
    witness.arg(cluster.path()).arg("--trust").arg(&trust);
    says(witness.output().unwrap().into(), 1, &["it is a pipe"]);
}

#[test]
fn a_running_node_goes_on_when_its_settings_are_no_file() {
    let mut cluster = Cluster::create(0);
    let path = cluster.dir("soliq").join("node.toml");
    let http = cluster.url("soliq");
    cluster.start_node("soliq");
    let answers = || ureq::get(format!("{http}/livez")).call().is_ok();
    wait_until("the node runs", answers);
    wait_until("it has started", || {
        cluster.log("soliq").contains("\"started\"")
    });
    fs::rename(&path, path.with_extension("aside")).unwrap();
    make_pipe(&path);
    cluster.signal("soliq", "HUP");
    wait_until("the settings are refused", || {
        let log = cluster.log("soliq");
        log.contains("\"settings-refused\"") && log.contains("it is a pipe")
    });
    assert!(answers());
    cluster.signal("soliq", "TERM");
    wait_until("it ends", || cluster.exit_code("soliq").is_some());
    assert_eq!(cluster.exit_code("soliq"), Some(0));
    assert!(cluster.log("soliq").contains("told to end"));
}

#[test]
fn settings_that_contradict_the_folder_name_the_way_out() {
    let cluster = Cluster::create(0);
    let dir = cluster.dir("soliq");
    let toml = fs::read_to_string(dir.join("node.toml")).unwrap();
    // A validator's folder that would follow as an observer, without a word.
    let nobody = toml.replace("agency = \"soliq\"\n", "");
    assert_ne!(nobody, toml);
    fs::write(dir.join("node.toml"), nobody).unwrap();
    says(runs(&dir), 3, &["it names no agency", "keys/vote.key"]);
    // Two places that are one, by name and by a link, made and not made yet.
    let shared = cluster.path().join("shared");
    symlink(cluster.path().join("not-made"), dir.join("link")).unwrap();
    for (safety, cosign) in [
        (shared.as_path(), shared.as_path()),
        (Path::new("data/safety"), Path::new("data/../data/safety")),
        (Path::new("link"), &cluster.path().join("not-made")),
    ] {
        let places = format!(
            "{toml}\n[places]\nsafety = \"{}\"\ncosign-state = \"{}\"\n",
            safety.display(),
            cosign.display()
        );
        fs::write(dir.join("node.toml"), places).unwrap();
        let said = ["safety and cosign-state lead to the same place"];
        says(runs(&dir), 3, &said);
        assert!(!shared.exists() && !cluster.path().join("not-made").exists());
        assert!(!dir.join("data/ledger").exists());
    }
    fs::write(dir.join("node.toml"), &toml).unwrap();
    let aside = cluster.path().join("aside");
    for (file, way_out) in [
        ("keys/vote.key", "restore it from its safe copy"),
        ("genesis", "copy it from any other agency"),
        ("node.toml", "is this the folder of a node?"),
    ] {
        fs::rename(dir.join(file), &aside).unwrap();
        let ran = runs(&dir);
        let made = ran.stderr.contains("network create");
        assert_eq!(made, file == "node.toml", "{}", ran.stderr);
        says(ran, 3, &[file, way_out]);
        fs::rename(&aside, dir.join(file)).unwrap();
    }
    // A command that is printed can be pasted.
    let spaced = cluster.path().join("my node");
    fs::remove_file(cluster.sign_state("soliq", "vote")).unwrap();
    fs::rename(&dir, &spaced).unwrap();
    let command = format!("--dir '{}' --sign-state-lost", spaced.display());
    says(runs(&spaced), 3, &[&command]);
}

#[test]
fn a_damaged_ledger_is_moved_away_and_fetched_again() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor("adliya", "D-1");
    cluster.kill("soliq");
    let ledger = cluster.dir("soliq").join("data/ledger");
    fs::write(ledger.join("db/CURRENT"), "none").unwrap();
    let away = format!("move {} away", ledger.display());
    says(runs(&cluster.dir("soliq")), 1, &[&away, "from its peers"]);
    fs::rename(&ledger, cluster.path().join("damaged")).unwrap();
    cluster.start_node("soliq");
    wait_until("it has fetched the ledger again", || {
        let status = cluster.status("soliq");
        status.is_some_and(|it| it["height"] == 1 && it["not_voting"].is_null())
    });
}

#[test]
fn signals_that_say_nothing_to_a_node_are_named_and_end_nothing() {
    let mut cluster = Cluster::create(0);
    let path = cluster.dir("soliq").join("node.toml");
    let toml = fs::read_to_string(&path).unwrap();
    let http = cluster.setting("soliq", "http");
    fs::write(&path, toml.replace(&http, "127.0.0.1:0")).unwrap();
    cluster.start_node("soliq");
    wait_until("the node runs", || {
        cluster.log("soliq").contains("\"started\"")
    });
    // The port that it has, not the one that it was told.
    let log = cluster.log("soliq");
    let started = log
        .lines()
        .find(|line| line.contains("\"started\""))
        .unwrap();
    assert!(
        started.contains("\"127.0.0.1:") && !started.contains("\"127.0.0.1:0\""),
        "{started}"
    );
    for name in [
        "QUIT", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PWR", "STKFLT", "XCPU", "XFSZ",
    ] {
        cluster.signal("soliq", name);
        let named = format!("\"name\":\"{name}\"");
        wait_until("the signal is named", || {
            let log = cluster.log("soliq");
            let mut lines = log.lines();
            lines.any(|line| line.contains("\"signal-ignored\"") && line.contains(&named))
        });
    }
    cluster.signal("soliq", "TERM");
    wait_until("it ends", || cluster.exit_code("soliq").is_some());
    assert_eq!(cluster.exit_code("soliq"), Some(0));
    // A limit on files is a fault of the disk, with a sentence.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 40; exec \"$@\"", "sh"]);
    limited.arg(binary("muhr-node")).args(["run", "--dir"]);
    let ran: Ran = limited.arg(cluster.dir("kadastr")).output().unwrap().into();
    says(ran, 1, &["muhr-node: ", "File too large"]);
}

#[test]
fn too_few_descriptors_and_a_full_terminal_are_told_by_code_and_sentence() {
    let node = binary("muhr-node");
    let limited = |count: u32| -> Ran {
        let mut shell = Command::new("sh");
        let words = format!("ulimit -n {count}; exec \"$@\"");
        shell.args(["-c", &words, "sh"]).arg(&node);
        shell
            .args(["run", "--dir", "/nowhere"])
            .output()
            .unwrap()
            .into()
    };
    for count in [6, 20, 90] {
        says(
            limited(count),
            1,
            &["files may be open at once", "LimitNOFILE"],
        );
    }
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    for words in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let shown = Command::new(&node).args(words).output().unwrap();
        assert!(shown.status.success() && !shown.stdout.is_empty());
        let lost = Command::new(&node).args(words).stdout(full()).status();
        assert_eq!(lost.unwrap().code(), Some(1), "{words:?}");
    }
    let wrong = Command::new(&node).arg("fly").stderr(full()).status();
    assert_eq!(wrong.unwrap().code(), Some(2));
}
