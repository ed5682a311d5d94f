//! A node that runs another network with the keys of this one: it is named to both sides, and cut off.

use std::fs;

use protocol::{
    ceremony::{AcceptanceStatement, write_acceptances},
    genesis::Genesis,
    hash::sha256,
    key::SecretKey,
    keyfile::KeyFile,
    sign_state::{COSIGN_FILE, Owner, SAFETY_FILE},
    words,
};
use tests::cluster::{AGENCIES, Cluster, wait_until};

fn secret(cluster: &Cluster, agency: &str, purpose: &str) -> SecretKey {
    let path = cluster.dir(agency).join(format!("keys/{purpose}.key"));
    KeyFile::parse(&fs::read(path).unwrap()).unwrap().secret
}

fn spoken(genesis: &Genesis) -> String {
    words::fingerprint(&sha256(&[genesis.trust_file().as_bytes()])).join(" ")
}

#[test]
fn a_peer_of_another_network_is_named_with_the_words_of_both() {
    let mut cluster = Cluster::create(0);
    let dir = cluster.dir("soliq");
    let first = Genesis::parse(&fs::read(dir.join("genesis")).unwrap()).unwrap();
    // The same agencies with the same keys have founded another one a moment later, and soliq runs that.
    let other = Genesis {
        time: first.time.next(),
        ..first.clone()
    };
    let accepted = AGENCIES.map(|name| {
        let founders = &mut other.agencies.iter();
        let agency = founders.find(|founder| founder.name.as_str() == name);
        let p2p = cluster.p2p(name).to_string();
        AcceptanceStatement::of(&other, agency.unwrap().name.clone(), p2p)
            .sign(&secret(&cluster, name, "admin"))
    });
    fs::write(dir.join("genesis"), other.write()).unwrap();
    fs::write(dir.join("acceptances"), write_acceptances(&accepted)).unwrap();
    for (name, purpose) in [(SAFETY_FILE, "vote"), (COSIGN_FILE, "cosign")] {
        let owner = Owner {
            chain: other.chain(),
            key: secret(&cluster, "soliq", purpose).public(),
        };
        fs::write(dir.join("data").join(name), owner.blank_file()).unwrap();
    }
    for name in AGENCIES {
        cluster.start_node(name);
    }
    let told = |name: &str, peer: &str| {
        let log = cluster.log(name);
        let mut lines = log.lines().filter(|line| line.contains("\"other-network\""));
        lines.any(|line| {
            let of_peer = line.contains(&format!("\"peer\":\"{peer}\""));
            of_peer && line.contains(&spoken(&first)) && line.contains(&spoken(&other))
        })
    };
    for name in &AGENCIES[..3] {
        wait_until("both sides say so", || {
            told(name, "soliq") && told("soliq", name)
        });
    }
    // The others are a network, without it.
    let _receipt = cluster.anchor("kadastr", "O-1");
    let log = cluster.log("adliya");
    for name in &AGENCIES[1..3] {
        let about = format!("\"peer\":\"{name}\"");
        let mut lines = log.lines().filter(|line| line.contains("\"other-network\""));
        assert!(!lines.any(|line| line.contains(&about)), "{log}");
    }
}
