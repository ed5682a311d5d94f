//! Peers that come, go and move while nodes run: nobody starts a node anew for them.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use tests::{
    cluster::{AGENCIES, Cluster, wait_until},
    require::require_that,
};

/// How a node's status sees a peer, if it is one.
fn peer(cluster: &Cluster, node: &str, name: &str) -> Option<bool> {
    let status = cluster.status(node)?;
    let peers = status["peers"].as_array()?.clone();
    let found = peers.into_iter().find(|peer| peer["name"] == name)?;
    found["reached"].as_bool()
}

fn change(cluster: &Cluster, node: &str, to: impl FnOnce(String) -> String) {
    let path = cluster.dir(node).join("node.toml");
    let toml = fs::read_to_string(&path).unwrap();
    let changed = to(toml.clone());
    assert_ne!(changed, toml);
    fs::write(&path, changed).unwrap();
}

fn metrics(cluster: &Cluster, node: &str) -> String {
    let page = ureq::get(format!("{}/metrics", cluster.url(node))).call();
    page.unwrap().into_body().read_to_string().unwrap()
}

#[test]
fn an_observer_is_let_in_and_cut_off_while_the_node_runs() {
    let mut cluster = Cluster::create(1);
    let path = cluster.dir("adliya").join("node.toml");
    let with = fs::read_to_string(&path).unwrap();
    let (before, _) = with.split_once("\n[observers]\n").unwrap();
    let without = format!("{before}\n");
    for node in AGENCIES {
        let toml = fs::read_to_string(cluster.dir(node).join("node.toml")).unwrap();
        let (kept, _) = toml.split_once("\n[observers]\n").unwrap();
        fs::write(cluster.dir(node).join("node.toml"), format!("{kept}\n")).unwrap();
        cluster.start_node(node);
    }
    cluster.start_node("observer-1");
    wait_until("nobody knows the observer", || {
        cluster.log("observer-1").contains("\"not-known-there\"")
    });
    assert_eq!(peer(&cluster, "adliya", "observer-1"), None);
    for _ in 0..2 {
        fs::write(&path, &with).unwrap();
        cluster.signal("adliya", "HUP");
        wait_until("the observer is let in, and has the log from there", || {
            let told = cluster.status("observer-1");
            peer(&cluster, "adliya", "observer-1") == Some(true)
                && peer(&cluster, "observer-1", "adliya") == Some(true)
                && told.is_some_and(|status| status["published"] == 2)
        });
        let reached = "muhr_peer_reached{peer=\"observer-1\"} 1";
        assert!(metrics(&cluster, "adliya").contains(reached));
        // Whoever is taken out is cut off, and is no peer of whom something could be said.
        fs::write(&path, &without).unwrap();
        cluster.signal("adliya", "HUP");
        wait_until("the observer is cut off", || {
            peer(&cluster, "adliya", "observer-1").is_none()
                && peer(&cluster, "observer-1", "adliya") == Some(false)
        });
        assert!(!metrics(&cluster, "adliya").contains("muhr_peer_reached{peer=\"observer-1\"}"));
    }
    for node in AGENCIES {
        wait_until("the agencies noticed nothing", || {
            cluster
                .status(node)
                .is_some_and(|status| status["reached"] == 4)
        });
    }
    let log = cluster.log("adliya");
    assert!(!log.contains("settings-need-a-start"), "{log}");
}

/// Lines of the settings that have no effect are named, and refuse nothing: the set in force changes.
#[test]
fn settings_that_have_no_effect_are_named_at_the_start_and_when_they_are_read_again() {
    let mut cluster = Cluster::create(1);
    change(&cluster, "soliq", |toml| {
        toml.replace("[peers]\n", "[peers]\nmehnat = \"127.0.0.1:9\"\n")
    });
    cluster.start_all();
    wait_until("an address of nobody is named", || {
        cluster.log("soliq").contains("[peers] mehnat is no agency")
    });
    change(&cluster, "soliq", |toml| {
        toml.replace("\nobserver-1 = ", "\nkadastr = ")
    });
    cluster.signal("soliq", "HUP");
    wait_until("an observer that would pass for an agency is named", || {
        let log = cluster.log("soliq");
        log.contains("[observers] kadastr has the name of an agency")
    });
    wait_until("it is not let in", || {
        peer(&cluster, "soliq", "observer-1").is_none()
            && peer(&cluster, "observer-1", "soliq") == Some(false)
    });
    assert_eq!(peer(&cluster, "soliq", "kadastr"), Some(true));
    assert_eq!(cluster.log("soliq").matches("mehnat").count(), 1);
}

/// A node under its own table of names, in a file that the test changes.
fn with_names(cluster: &mut Cluster, node: &str, names: &Path) {
    let words = format!(
        "mount --bind '{}' /etc/hosts && exec \"$0\" \"$@\"",
        names.display()
    );
    cluster.run_under(node, &["unshare", "-m", "/bin/sh", "-c", &words]);
}

/// The operator of soliq moves its machine and changes one record in the DNS; nobody's settings change.
#[test]
fn a_peer_that_moves_is_found_by_its_name_as_soon_as_the_name_says_so() {
    let may_mount = Command::new("unshare")
        .args(["-m", "true"])
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !require_that(may_mount, "the right to mount namespaces (root)") {
        return;
    }
    let mut cluster = Cluster::create(0);
    let soliq = cluster.p2p("soliq");
    let elsewhere: SocketAddr = ([127, 0, 0, 77], soliq.port()).into();
    let names = cluster.path().join("hosts");
    let says = |ip: &str| fs::write(&names, format!("{ip} soliq.example.uz\n")).unwrap();
    says("127.0.0.1");
    let port = soliq.port();
    change(&cluster, "kadastr", |toml| {
        toml.replace(&soliq.to_string(), &format!("soliq.example.uz:{port}"))
    });
    // Soliq knows nobody's address: it is found, or it is alone.
    for other in ["adliya", "kadastr", "qurilish"] {
        cluster.move_peer("soliq", other, ([127, 0, 0, 1], 9).into());
    }
    with_names(&mut cluster, "kadastr", &names);
    for node in ["kadastr", "soliq"] {
        cluster.start_node(node);
    }
    wait_until("it is found by its name", || {
        peer(&cluster, "kadastr", "soliq") == Some(true)
    });
    cluster.kill("soliq");
    change(&cluster, "soliq", |toml| {
        toml.replace(&soliq.to_string(), &elsewhere.to_string())
    });
    cluster.start_node("soliq");
    wait_until("it is missed where it was", || {
        peer(&cluster, "kadastr", "soliq") == Some(false)
    });
    says("127.0.0.77");
    wait_until("it is found where its name says that it is", || {
        peer(&cluster, "kadastr", "soliq") == Some(true)
    });
}

/// Both ends of a way have moved: each is found by what it tells a third, and after a start without one.
#[test]
fn a_node_tells_where_it_is_now_and_that_is_passed_on_and_remembered() {
    let mut cluster = Cluster::create(0);
    let port = cluster.p2p("soliq").port();
    let elsewhere: SocketAddr = ([127, 0, 0, 77], port).into();
    // It knows kadastr alone, and the others know it by its old address.
    for other in ["adliya", "qurilish"] {
        cluster.move_peer("soliq", other, ([127, 0, 0, 1], 9).into());
    }
    let old = cluster.p2p("soliq").to_string();
    change(&cluster, "soliq", |toml| {
        toml.replace(
            &format!("p2p = \"{old}\"\n"),
            &format!("p2p = \"{elsewhere}\"\np2p-address = [\"{elsewhere}\"]\n"),
        )
    });
    for node in AGENCIES {
        cluster.start_node(node);
    }
    for node in ["adliya", "qurilish"] {
        wait_until("it is found by what kadastr passes on", || {
            peer(&cluster, node, "soliq") == Some(true)
        });
    }
    let kept = cluster.dir("adliya").join("data/addresses");
    wait_until("that is kept", || {
        let text = fs::read_to_string(&kept).unwrap_or_default();
        text.contains(&format!("\naddress {elsewhere}\n"))
    });
    for node in ["kadastr", "qurilish", "adliya"] {
        cluster.kill(node);
    }
    cluster.start_node("adliya");
    wait_until("it is found by what was kept", || {
        peer(&cluster, "adliya", "soliq") == Some(true)
    });
    // It moves on while it runs: the settings say where it is, its port is another's affair.
    change(&cluster, "soliq", |toml| {
        toml.replace(
            &format!("[\"{elsewhere}\"]"),
            &format!("[\"{elsewhere}\", \"localhost:{port}\"]"),
        )
    });
    cluster.signal("soliq", "HUP");
    wait_until("the next note is kept", || {
        let text = fs::read_to_string(&kept).unwrap_or_default();
        text.contains(&format!("\naddress localhost:{port}\n")) && text.contains("\nnumber 2\n")
    });
    for node in ["adliya", "soliq"] {
        let log = cluster.log(node);
        assert!(!log.contains("\"bad-messages\""), "{log}");
    }
}
