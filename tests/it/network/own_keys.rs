//! Keys of a node's folder against those that the network names: it acts with the latter, or observes.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use protocol::{genesis::Genesis, keyfile::KeyFile, sign_state::blank_files};
use tests::{
    cluster::{Cluster, wait_until},
    world::secret,
};

fn write(path: &Path, file: &KeyFile) {
    fs::write(path, file.write().as_bytes()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn read(path: &Path) -> KeyFile {
    KeyFile::parse(&fs::read(path).unwrap()).unwrap()
}

/// A new pair of keys in a node's folder, with the blank files that belong to it.
fn add_pair(cluster: &Cluster, node: &str, end: &str) {
    let dir = cluster.dir(node);
    let genesis = Genesis::parse(&fs::read(dir.join("genesis")).unwrap()).unwrap();
    let new = ["vote", "cosign"].map(|purpose| {
        let file = KeyFile {
            purpose: purpose.to_owned(),
            holder: node.to_owned(),
            secret: secret(&format!("{node} {purpose} {end}")),
        };
        write(&dir.join(format!("keys/{purpose}{end}.key")), &file);
        file.secret.public()
    });
    fs::create_dir_all(dir.join("data")).unwrap();
    for (name, bytes) in blank_files(genesis.chain(), &new[0], &new[1]) {
        fs::write(dir.join("data").join(name), bytes).unwrap();
    }
}

fn not_voting(cluster: &Cluster, node: &str) -> Option<String> {
    let status = cluster.status(node)?;
    status["not_voting"].as_str().map(ToOwned::to_owned)
}

#[test]
fn a_node_without_the_keys_that_the_network_names_observes_and_says_so() {
    let mut cluster = Cluster::create(0);
    // The next pair lies beside the one in force: nothing follows from it.
    add_pair(&cluster, "soliq", "-2");
    cluster.start_all();
    let log = cluster.log("soliq");
    assert!(!log.contains("keys-not-in-force"), "{log}");
    cluster.kill("soliq");
    // Only the next pair is there.
    let keys = cluster.dir("soliq").join("keys");
    let aside = cluster.path().join("aside");
    fs::rename(keys.join("vote.key"), &aside).unwrap();
    cluster.start_node("soliq");
    wait_until("it observes, and says why", || {
        let log = cluster.log("soliq");
        let reason = not_voting(&cluster, "soliq").unwrap_or_default();
        log.contains("\"keys-not-in-force\"")
            && log.contains("\"purpose\":\"vote\"")
            && reason.contains("names other vote or cosign keys")
    });
    let votes = |cluster: &Cluster| {
        let status = cluster.status("adliya")?;
        let missing = status["missing"].to_string().contains("soliq");
        Some((status["reached"].as_u64()?, missing))
    };
    wait_until("the others do not count it", || {
        votes(&cluster) == Some((3, true))
    });
    let _receipt = cluster.anchor("adliya", "K-1");
    wait_until("it follows", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["height"] == 1)
    });
    // The right key comes back, and with it the vote.
    cluster.kill("soliq");
    fs::rename(&aside, keys.join("vote.key")).unwrap();
    cluster.start_node("soliq");
    wait_until("it votes again", || votes(&cluster) == Some((4, false)));
    assert_eq!(not_voting(&cluster, "soliq"), None);
}

#[test]
fn an_agency_that_is_not_in_the_set_observes_with_its_keys_in_its_folder() {
    let mut cluster = Cluster::create(1);
    add_pair(&cluster, "observer-1", "");
    let path = cluster.dir("observer-1").join("node.toml");
    let toml = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("agency = \"mehnat\"\n{toml}")).unwrap();
    cluster.start_all();
    wait_until("it follows", || {
        cluster
            .status("observer-1")
            .is_some_and(|status| status["published"] == 2)
    });
    let status = cluster.status("observer-1").unwrap();
    assert_eq!(
        (&status["role"], &status["agency"]),
        (&"observer".into(), &"mehnat".into())
    );
    assert!(!cluster.log("observer-1").contains("keys-not-in-force"));
}

#[test]
fn a_key_of_another_agency_is_refused_and_a_file_for_each_key_is_asked_for() {
    let mut cluster = Cluster::create(0);
    let refuses = |cluster: &mut Cluster| {
        cluster.start_node("soliq");
        wait_until("it ends", || cluster.exit_code("soliq").is_some());
        assert_eq!(cluster.exit_code("soliq"), Some(3));
        let log = cluster.log("soliq");
        log.lines().last().unwrap().to_owned()
    };
    add_pair(&cluster, "soliq", "-2");
    let keys = cluster.dir("soliq").join("keys");
    let blank = cluster.dir("soliq").join("data");
    // A key that is not in force yet has its file too: absent, it was lost.
    let next = read(&keys.join("vote-2.key")).secret.public();
    let file = blank.join(protocol::sign_state::file_of("safety", &next));
    let kept = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let said = refuses(&mut cluster);
    assert!(said.contains(&*file.to_string_lossy()), "{said}");
    fs::write(&file, kept).unwrap();
    let peer = read(&cluster.dir("kadastr").join("keys/peer.key"));
    write(&keys.join("peer-2.key"), &peer);
    let said = refuses(&mut cluster);
    assert!(
        said.contains("a peer key in it is that of kadastr")
            && said.contains("is this another agency's folder?"),
        "{said}"
    );
    fs::remove_file(keys.join("peer-2.key")).unwrap();
    cluster.start_node("soliq");
    wait_until("it starts", || cluster.status("soliq").is_some());
}
