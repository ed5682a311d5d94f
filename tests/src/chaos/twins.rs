//! More than f: two of four keys run on two machines each, and each honest agency sees one machine of
//! each. Both sides decide. When the honest meet they stop, and what is kept names the two and nobody else.

use std::{fs, net::TcpListener, path::Path, time::Duration};

use tests::cluster::{Cluster, copy_folder, muhr};

use super::{client::Client, net::within, own::word, run::Run};

const TWINS: [&str; 2] = ["adliya", "kadastr"];
const HERE: &str = "qurilish";
const THERE: &str = "soliq";
const BOUND: Duration = Duration::from_secs(60);

fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn edit(folder: &Path, changes: &[(String, String)]) {
    let path = folder.join("node.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    for (old, new) in changes {
        text = text.replace(&format!("\"{old}\""), &format!("\"{new}\""));
    }
    fs::write(path, text).unwrap();
}

pub(crate) fn run(run: &mut Run) {
    let mut cluster = Cluster::create(0);
    // A second machine for each twin, with addresses of its own.
    let moved: Vec<(String, String)> = TWINS
        .iter()
        .flat_map(|name| ["p2p", "http"].map(|key| (cluster.setting(name, key), free())))
        .collect();
    let nowhere = |name: &str| (cluster.setting(name, "p2p"), "127.0.0.1:9".to_owned());
    let (here, there) = (nowhere(HERE), nowhere(THERE));
    for name in TWINS {
        let (first, second) = (cluster.dir(name), cluster.dir(&format!("{name}-2")));
        copy_folder(&first, &second);
        edit(&first, std::slice::from_ref(&there));
        edit(&second, &moved);
        edit(&second, std::slice::from_ref(&here));
        cluster.add_node(&format!("{name}-2"));
    }
    edit(&cluster.dir(HERE), std::slice::from_ref(&there));
    edit(&cluster.dir(THERE), &moved);
    edit(&cluster.dir(THERE), std::slice::from_ref(&here));
    for name in [HERE, THERE, TWINS[0], TWINS[1], "adliya-2", "kadastr-2"] {
        cluster.start_node(name);
    }
    run.fault("twin");
    run.fault("twin");
    for name in [HERE, THERE] {
        within(BOUND, &format!("{name} reaches the twins"), || {
            let status = Client::new(cluster.url(name)).status();
            status.is_some_and(|status| status.reached == 3)
        });
    }
    let _receipt = cluster.anchor(HERE, "HERE-1");
    let _receipt = cluster.anchor(THERE, "THERE-1");
    let (one, two) = (cluster.url(HERE), cluster.url(THERE));
    let checkpoint = |url: &str| Client::new(url.to_owned()).checkpoint();
    let (ours, theirs) = (checkpoint(&one).unwrap(), checkpoint(&two).unwrap());
    assert!(
        ours.0 == theirs.0 && ours.1 != theirs.1,
        "no fork: {ours:?} {theirs:?}"
    );
    who_looks_at_both_sees_it(&cluster);
    // The honest meet.
    cluster.kill(HERE);
    edit(&cluster.dir(HERE), &[(there.1, there.0)]);
    cluster.start_node(HERE);
    cluster.kill(THERE);
    edit(&cluster.dir(THERE), &[(here.1, here.0)]);
    cluster.start_node(THERE);
    both_stop_and_accuse_the_twins(&mut cluster, run);
}

/// Whoever looks at both sees it, and keeps what convicts.
fn who_looks_at_both_sees_it(cluster: &Cluster) {
    let (one, two) = (cluster.url(HERE), cluster.url(THERE));
    let trust = cluster.trust();
    let evidence = cluster.path().join("watch.evidence");
    let state = cluster.path().join("seen");
    let watch = [
        "audit",
        "watch",
        &one,
        &two,
        "--trust",
        word(&trust),
        "--rounds",
        "1",
        "--evidence",
        word(&evidence),
        "--state",
        word(&state),
    ];
    let seen = muhr(&watch).expect(30);
    names_the_twins(&format!("{}{}", seen.stdout, seen.stderr));
    let judged = muhr(&["verify", word(&evidence), "--trust", word(&trust)]).expect(30);
    names_the_twins(&judged.stdout);
}

fn both_stop_and_accuse_the_twins(cluster: &mut Cluster, run: &mut Run) {
    let trust = cluster.trust();
    for name in [HERE, THERE] {
        within(BOUND, &format!("{name} stops"), || !cluster.is_alive(name));
        assert_eq!(cluster.exit_code(name), Some(1), "{}", cluster.log(name));
        let said = cluster.log(name);
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("the network has forked"), "{name}: {last}");
        let folder = cluster.dir(name).join("evidence");
        let kept = folder.join("fork.evidence");
        if kept.exists() {
            let judged = muhr(&["verify", word(&kept), "--trust", word(&trust)]).expect(30);
            names_the_twins(&judged.stdout);
            run.cycles += 1;
        }
        for file in fs::read_dir(&folder).unwrap().flatten() {
            let file = file.file_name().to_string_lossy().into_owned();
            let innocent = file.contains(HERE) || file.contains(THERE);
            assert!(!innocent, "{name} accuses the innocent: {file}");
        }
    }
    assert!(run.cycles > 0, "neither has kept what convicts");
}

fn names_the_twins(said: &str) {
    for name in TWINS {
        assert!(said.contains(name), "{name} is not named: {said}");
    }
    let signers = said
        .lines()
        .find(|line| line.contains("signed by"))
        .unwrap_or_default();
    for name in [HERE, THERE] {
        assert!(!signers.contains(name), "{name} is innocent: {signers}");
    }
}
