//! Starts under all sorts of conditions: told to end at any moment, without IPv6, without network, with
//! settings that do not hold, with files that others could change.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tests::{
    args,
    cluster::{AGENCIES, Cluster, Ran, binary, wait_until},
    require::{require, require_that},
};

/// A node that was told to end has ended within this, whatever it was doing.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

fn ends_when_told(cluster: &mut Cluster, name: &str) -> i32 {
    cluster.signal(name, "TERM");
    let since = Instant::now();
    wait_until("the node ends", || cluster.exit_code(name).is_some());
    let took = since.elapsed();
    assert!(took < ENDS_WITHIN, "{name} took {took:?} to end");
    cluster.exit_code(name).unwrap()
}

fn get(cluster: &Cluster, name: &str, path: &str) -> Option<(u16, String)> {
    let request = ureq::get(format!("{}{path}", cluster.url(name)));
    let request = request.config().http_status_as_error(false).build();
    let mut response = request.call().ok()?;
    let body = response.body_mut().read_to_string().ok()?;
    Some((response.status().as_u16(), body))
}

fn change(cluster: &Cluster, name: &str, old: &str, new: &str) {
    let path = cluster.dir(name).join("node.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(path, text.replace(old, new)).unwrap();
}

fn runs(dir: &Path, environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(binary("muhr-node"));
    command.args(["run", "--dir"]).arg(dir);
    command.envs(environment.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn a_start_ends_at_every_moment_when_told_to_and_answers_while_it_opens() {
    let mut cluster = Cluster::start(0);
    let mut table = "number,text\n".to_owned();
    for row in 0..3_000 {
        table += &format!("S-{row},{row}\n");
    }
    let table = cluster.document("rows.csv", &table);
    let command =
        args!("anchor bulk {table} --record number --registry qurilish.permits --out receipts");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    cluster.kill("soliq");
    let mut clean = 0;
    for after_ms in [0, 10, 25, 50, 75, 100, 150, 200, 300, 400, 600, 900] {
        cluster.start_node("soliq");
        // The moment is the case, not a wait for anything.
        thread::sleep(Duration::from_millis(after_ms));
        let code = ends_when_told(&mut cluster, "soliq");
        // Before the program has begun, the signal ends it without its help.
        assert!(
            code == 0 || code == -1 && after_ms <= 300,
            "{after_ms} ms: {code}"
        );
        clean += usize::from(code == 0);
    }
    assert!(clean >= 4, "only {clean} of 12 ended by themselves");
    if require("strace").is_some() {
        while_it_opens(&mut cluster);
    }
    cluster.run_under("soliq", &[]);
    cluster.start_node("soliq");
    wait_until("it is back", || {
        cluster.status("soliq").is_some_and(|it| it["reached"] == 4)
    });
}

/// Every read of the disk takes long, as on a machine with a log of many years.
fn while_it_opens(cluster: &mut Cluster) {
    let slow = "inject=pread64,openat,fdatasync:delay_enter=20000";
    let words = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=pread64,openat,fdatasync",
        "-e",
        slow,
    ];
    cluster.run_under("soliq", &words);
    for waits_for_answer in [true, true, false] {
        cluster.start_node("soliq");
        if waits_for_answer {
            wait_until("it answers that it is opening", || {
                let Some((code, body)) = get(cluster, "soliq", "/livez") else {
                    return false;
                };
                assert_eq!(code, 200, "{body}");
                body.contains("\"opening\"")
            });
            let (code, body) = get(cluster, "soliq", "/readyz").unwrap();
            assert!(code == 503 && body.contains("opening"), "{code} {body}");
            let (code, body) = get(cluster, "soliq", "/v1/status").unwrap();
            assert!(code == 503 && body.contains("\"busy\""), "{code} {body}");
        }
        assert!([0, -1].contains(&ends_when_told(cluster, "soliq")));
    }
}

#[test]
fn settings_are_read_again_when_told_and_other_signals_end_nothing() {
    let mut cluster = Cluster::create(0);
    let p2p = |cluster: &Cluster, name: &str| cluster.setting(name, "p2p");
    let (kadastr, soliq) = (p2p(&cluster, "kadastr"), p2p(&cluster, "soliq"));
    change(&cluster, "kadastr", &soliq, "127.0.0.1:9");
    change(&cluster, "soliq", &kadastr, "no-such-host.invalid:9");
    for name in AGENCIES {
        cluster.start_node(name);
    }
    let reached = |cluster: &Cluster, name: &str, count: u64| {
        cluster
            .status(name)
            .is_some_and(|status| status["reached"] == count)
    };
    wait_until("two do not find each other", || {
        reached(&cluster, "adliya", 4) && reached(&cluster, "kadastr", 3)
    });
    wait_until("why is said", || {
        let status = cluster.status("soliq").unwrap();
        status["peers"]
            .to_string()
            .contains("no-such-host.invalid:9")
    });
    for signal in ["USR1", "USR2"] {
        cluster.signal("kadastr", signal);
    }
    wait_until("signals are named", || {
        let log = cluster.log("kadastr");
        log.matches("\"signal-ignored\"").count() == 2
    });
    // Settings that do not hold change nothing; the old ones hold.
    let toml = cluster.dir("kadastr").join("node.toml");
    let good = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, format!("colour = 1\n{good}")).unwrap();
    cluster.signal("kadastr", "HUP");
    wait_until("bad settings are refused", || {
        cluster.log("kadastr").contains("\"settings-refused\"")
    });
    // A name for the address, a level for the log, and a port that takes a start.
    let port = soliq.rsplit(':').next().unwrap();
    let mended = good.replace("\"127.0.0.1:9\"", &format!("\"localhost:{port}\""));
    let moved = mended.replace(&cluster.setting("kadastr", "http"), "127.0.0.1:1");
    fs::write(&toml, format!("log = \"debug\"\n{moved}")).unwrap();
    cluster.signal("kadastr", "HUP");
    wait_until("settings are read", || {
        let log = cluster.log("kadastr");
        log.contains("\"settings-read\"") && log.contains("\"settings-need-a-start\"")
    });
    fs::write(&toml, format!("log = \"debug\"\n{mended}")).unwrap();
    wait_until("they find each other by a name", || {
        reached(&cluster, "kadastr", 4) && reached(&cluster, "soliq", 4)
    });
    assert!(!cluster.log("adliya").contains("\"DEBUG\""));
    wait_until("more is logged", || {
        cluster.log("kadastr").contains("\"DEBUG\"")
    });
    assert!(cluster.is_alive("kadastr"));
    assert_eq!(ends_when_told(&mut cluster, "kadastr"), 0);
}

#[test]
fn a_start_without_ipv6_or_without_any_network_hangs_nowhere() {
    let is_there = Command::new("unshare")
        .args(["-n", "true"])
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !require_that(is_there, "the right to network namespaces (root)") {
        return;
    }
    let off = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1";
    let v4 = |name: &str| if name == "soliq" { "0.0.0.0" } else { "[::]" };
    // The interfaces are down; then the loopback alone is up.
    for (up, name) in [
        ("true", "soliq"),
        ("true", "kadastr"),
        ("ip link set lo up", "kadastr"),
    ] {
        let mut cluster = Cluster::create(0);
        let old = cluster.setting(name, "p2p");
        let port = old.rsplit(':').next().unwrap().to_owned();
        change(
            &cluster,
            name,
            &format!("p2p = \"{old}\""),
            &format!("p2p = \"{}:{port}\"", v4(name)),
        );
        let script = format!("{off}; {up}; exec \"$@\"");
        cluster.run_under(name, &["unshare", "-n", "sh", "-c", &script, "sh"]);
        cluster.start_node(name);
        wait_until("it has started", || {
            cluster.log(name).contains("\"started\"")
        });
        if up == "true" {
            wait_until("it says that nobody can connect", || {
                cluster.log(name).contains("\"no-address\"")
            });
        }
        assert_eq!(ends_when_told(&mut cluster, name), 0);
    }
    // An address that this machine has not: clear words, no wait.
    let cluster = Cluster::create(0);
    let old = cluster.setting("soliq", "p2p");
    change(
        &cluster,
        "soliq",
        &format!("p2p = \"{old}\""),
        "p2p = \"192.0.2.1:7480\"",
    );
    let refused = runs(&cluster.dir("soliq"), &[]).expect(1).stderr;
    let last = refused.lines().last().unwrap();
    assert!(last.contains("cannot listen on 192.0.2.1:7480"), "{last}");
    assert!(last.contains("Cannot assign requested address"), "{last}");
}

#[test]
fn settings_that_do_not_hold_are_named() {
    let cluster = Cluster::create(0);
    let dir = cluster.dir("soliq");
    let toml = dir.join("node.toml");
    let good = fs::read_to_string(&toml).unwrap();
    let peer = cluster.setting("adliya", "p2p");
    let own = cluster.setting("soliq", "p2p");
    let refused = |text: String, words: &[&str]| {
        fs::write(&toml, text).unwrap();
        let said = runs(&dir, &[]).expect(3).stderr;
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    };
    for bad in [
        "node.example.uz",
        "node.example.uz:0",
        "192.0.2:7480",
        "http://a.uz:1",
    ] {
        refused(good.replace(&peer, bad), &[bad, "host and a port"]);
    }
    refused(
        good.replace(&own, "node.example.uz:7480"),
        &["node.example.uz:7480", "IP address and a port"],
    );
    refused(
        format!("log = \"inof\"\n{good}"),
        &["log:", "\"inof\"", "info"],
    );
    fs::write(&toml, &good).unwrap();
    for bad in ["inof", "info,ndoe=debug", "node=verbose"] {
        let said = runs(&dir, &[("MUHR_LOG", bad)]).expect(3).stderr;
        assert!(said.starts_with("muhr-node: MUHR_LOG: "), "{bad}: {said}");
    }
    // A folder that leads nowhere, and a lock that cannot be made, are named with their place.
    let aside = cluster.path().join("aside");
    fs::rename(dir.join("data"), &aside).unwrap();
    symlink(cluster.path().join("unmounted"), dir.join("data")).unwrap();
    let said = runs(&dir, &[]).expect(3).stderr;
    assert!(
        said.contains("soliq/data") && said.contains("mounted"),
        "{said}"
    );
    fs::remove_file(dir.join("data")).unwrap();
    fs::rename(&aside, dir.join("data")).unwrap();
    fs::create_dir_all(dir.join("data/ledger/lock")).unwrap();
    let said = runs(&dir, &[]).expect(1).stderr;
    assert!(said.contains("soliq/data/ledger/lock"), "{said}");
}

#[test]
fn a_mounted_secret_is_taken_and_no_file_of_a_node_may_be_changed_by_others() {
    let mut cluster = Cluster::create(0);
    let keys = cluster.dir("soliq").join("keys");
    let set = |mode: u32| {
        for key in fs::read_dir(&keys).unwrap() {
            fs::set_permissions(key.unwrap().path(), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    for mode in [0o640, 0o444, 0o460, 0o602, 0o604, 0o660] {
        set(mode);
        let said = runs(&cluster.dir("soliq"), &[]).expect(3).stderr;
        assert!(said.contains("chmod 600"), "{mode:o}: {said}");
    }
    set(0o440);
    cluster.run_under("soliq", &["sh", "-c", "umask 000; exec \"$@\"", "sh"]);
    cluster.start_all();
    let _receipt = cluster.anchor("adliya", "U-1");
    let mut left = vec![cluster.dir("soliq").join("data")];
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let found = fs::symlink_metadata(&path).unwrap();
        let mode = found.permissions().mode() & 0o777;
        assert_eq!(mode & 0o027, 0, "{} has mode {mode:o}", path.display());
        seen += 1;
        if found.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    assert!(seen > 5, "{seen} files");
}
